"""What there is to audit in a user's file, and what it reads from elsewhere."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from barwise.bars.bars import Bars
from barwise.core.errors import ConfigError
from barwise.features import OwnFeatures, find, load_features
from barwise.features.frame_function import FrameFunction, FrameKind
from barwise.features.own import run_file
from barwise.pipeline.audits.subjects import FrameSubject, GraphSubject, Subject
from barwise.pipeline.audits.within import Within, needs_config

_READS = ("open", "load", "loadtxt", "genfromtxt", "fromfile", "memmap", "urlopen")


def own_subjects(
    path: Path,
    bars: Bars,
    *,
    names: Sequence[str] = (),
    within: Within | None = None,
) -> list[Subject]:
    """Return the features of a file, ready for an audit.

    Parameters
    ----------
    path : Path
        Python file with functions under ``@bw.feature`` or ``@bw.frame_feature``.
    bars : Bars
        What is audited.
    names : sequence of str
        Columns in use: those of the file are audited beside the ones that its features
        have by themselves.
    within : Within, optional
        Config whose settings, finer bars and tables count.

    Raises
    ------
    ConfigError
        If the file cannot be run, has no feature, or one that needs more than there is.
    """
    plain = run_file(path)
    if not plain.features:
        raise ConfigError(
            f"{path}: has no feature under @bw.feature or @bw.frame_feature; name the "
            "functions of a data frame with --function (it defines "
            f"{', '.join(_defined(plain.module)) or 'none'})"
        )
    own = load_features(path)
    subjects: list[Subject] = []
    used = [name for name in names if find(name, own)[0] in own.features]
    columns = dict.fromkeys([*own.names, *used])
    expressions = [name for name in columns if find(name, own)[0].frame is None]
    if expressions:
        subjects.append(_of_graph(path, expressions, own, bars, within))
    for one in own:
        if one.frame is not None:
            subjects.append(FrameSubject(one.frame, bars, price_units=one.price_units))
    return subjects


def _of_graph(
    path: Path,
    names: Sequence[str],
    own: OwnFeatures,
    bars: Bars,
    within: Within | None,
) -> GraphSubject:
    for name in names:
        if within is not None:
            why = within.problem(name, own)
        elif why := needs_config(name, own, bars):
            why += ": name that config, here or with --bars"
        if why is not None:
            raise ConfigError(f"{path}: {name!r} {why}")
    if within is None:
        return GraphSubject(names, bars, own=own)
    return GraphSubject(
        names,
        bars,
        own=own,
        make=lambda chosen: within.graph(chosen, own),
        beside=within.beside(names, own),
    )


def plain_functions(
    path: Path, names: Sequence[str], bars: Bars, kind: FrameKind
) -> list[Subject]:
    """Return functions of a data frame that have no decorator, ready for an audit.

    Raises
    ------
    ConfigError
        If the file cannot be run, or does not define one of them.
    """
    found = _defined(run_file(path).module)
    return [
        FrameSubject(FrameFunction(name, _take(name, found, path), kind), bars)
        for name in names
    ]


def _defined(module: ModuleType) -> dict[str, Any]:
    """Return the functions that a file itself defines."""
    return {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, FunctionType)
        and value.__module__ == module.__name__
        and not name.startswith("_")
    }


def _take(name: str, found: dict[str, Any], path: Path) -> Any:
    if name not in found:
        near = get_close_matches(name, found, n=1) or list(found)
        hint = f"it defines {', '.join(near)}" if near else "it defines none"
        raise ConfigError(f"{path}: defines no function {name!r}; {hint}")
    return found[name]


def reads(path: Path) -> Iterator[tuple[int, str]]:
    r"""Yield line and name of each call by which a file takes in other data.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "mine.py"
    >>> _ = path.write_text("import pandas\nMEAN = pandas.read_csv('mes.csv').mean()")
    >>> list(reads(path))
    [(2, 'read_csv')]
    """
    for node in ast.walk(ast.parse(path.read_bytes())):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        name = called.attr if isinstance(called, ast.Attribute) else ""
        name = called.id if isinstance(called, ast.Name) else name
        if name in _READS or name.startswith(("read_", "scan_")):
            yield node.lineno, name
