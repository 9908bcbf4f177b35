"""A user's own features: one Python file, loaded by its path and checked at once.

The file is run in a module of its own. Nothing is added to ``sys.path`` and no compiled
copy is written, so the features are those of the bytes that were read and hashed.
"""

from __future__ import annotations

import hashlib
import inspect
import math
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from importlib.abc import SourceLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import Any, final

import numpy as np

from barwise.bars.bars import Bars
from barwise.core.arrays import MINUTE
from barwise.core.errors import ConfigError
from barwise.features.columns import BarColumns
from barwise.features.definition import Feature, shared_name
from barwise.features.registry import (
    OWN_MODULE,
    has_built_in_form,
    own_names,
    refuse_clash,
    registered_by,
)
from barwise.features.user_code import place_of, raised_at
from barwise.stream import Expr

_START = 1_704_207_600_000_000_000  # 2024-01-02 15:00 UTC


@final
@dataclass(frozen=True)
class OwnFeatures:
    """The features of one file; iterate over them, or give them to a graph.

    Parameters
    ----------
    path : Path
        The file.
    hash : str
        SHA-256 of its bytes.
    features : tuple of Feature
        In the order of the file.
    module : ModuleType
        What the file defines.
    """

    path: Path
    hash: str
    features: tuple[Feature, ...]
    module: ModuleType

    def __iter__(self) -> Iterator[Feature]:
        return iter(self.features)

    def __len__(self) -> int:
        return len(self.features)

    @property
    def names(self) -> list[str]:
        """Columns that the features have by themselves; other periods go by name."""
        return own_names(self.features)

    def __repr__(self) -> str:
        return f"OwnFeatures({self.path}, {', '.join(self.names)})"


def load_features(path: str | Path) -> OwnFeatures:
    r"""Run a user's file and return the features that it defines.

    Parameters
    ----------
    path : path
        A Python file with functions under ``@bw.feature``.

    Raises
    ------
    ConfigError
        Naming file and line: if the file is absent, cannot be run, defines no feature,
        or a feature raises, returns no expression or has a name that is taken.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "mine.py"
    >>> _ = path.write_text(
    ...     "import barwise as bw\n"
    ...     "@bw.feature\n"
    ...     "def body(bars):\n"
    ...     "    return (bars.close - bars.open) / (bars.high - bars.low)\n"
    ... )
    >>> own = load_features(path)
    >>> own.names
    ['body']
    """
    own = run_file(path)
    if not own.features:
        raise ConfigError(
            f"{own.path}: defines no feature; write @bw.feature above a function of the "
            "bars that returns an expression"
        )
    for number, one in enumerate(own.features):
        _check(one, own.path)
        for earlier in own.features[:number]:
            taken = shared_name(one, earlier)
            if taken:
                raise ConfigError(
                    f"{place_of(one.build)}: the column {taken!r} is made by {earlier.name!r} too "
                    f"({place_of(earlier.build)}); rename one of them"
                )
    for name in own.names:
        _check_reachable(name, own.path)
    return own


def run_file(path: str | Path) -> OwnFeatures:
    """Run a user's file and return what it registered, which may be nothing.

    Raises
    ------
    ConfigError
        If the file is absent or cannot be run.
    """
    path = Path(path)
    if not path.is_file() or path.suffix != ".py":
        what = "is no Python file" if path.exists() else "does not exist"
        raise ConfigError(f"{path}: {what}; name the .py file that has your features")
    source = path.read_bytes()
    digest = hashlib.sha256(source).hexdigest()
    name = f"{OWN_MODULE}{digest[:16]}"
    spec = spec_from_loader(name, _Source(path, source))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    # While it runs the module can be found by its name, as dataclasses want to.
    sys.modules[name] = module
    try:
        with redirect_stdout(sys.stderr):
            spec.loader.exec_module(module)
    except (Exception, SystemExit) as problem:
        registered_by(name)
        raise ConfigError(_why(problem, path)) from problem
    finally:
        del sys.modules[name]
    made = tuple(_versioned(one, digest) for one in registered_by(name))
    return OwnFeatures(path, digest, made, module)


def _versioned(one: Feature, digest: str) -> Feature:
    """Bind a function of frames to the bytes of its file: it is no program."""
    if one.frame is None:
        return one
    return replace(one, frame=replace(one.frame, version=digest[:16]))


@final
class _Source(SourceLoader):
    """Runs bytes that were read already; has no cache of compiled files."""

    def __init__(self, path: Path, source: bytes) -> None:
        self._path, self._bytes = path, source

    def get_filename(self, fullname: str) -> str:  # noqa: ARG002 - of the interface
        return str(self._path)

    def get_data(self, path: str | bytes) -> bytes:  # noqa: ARG002 - of the interface
        return self._bytes


def _why(problem: BaseException, path: Path) -> str:
    if isinstance(problem, SyntaxError) and problem.filename == str(path):
        text = (problem.text or "").strip()
        return f"{path}:{problem.lineno}: {problem.msg}: {text}".rstrip(": ")
    at = raised_at(problem, path)
    if isinstance(problem, ConfigError):
        return f"{at}: {problem}"
    if isinstance(problem, ImportError):
        return (
            f"{at}: {problem}; install the package, or put what you need from another "
            "file of yours into this one: own features are one file"
        )
    return f"{at}: {type(problem).__name__}: {problem}"


def _check(one: Feature, path: Path) -> None:
    """Build the columns of a feature, to see that it can be done."""
    _check_parameters(one)
    if one.frame is not None:
        one.frame.last(_walk(one.frame.lookback or 1))
    for params in ({}, *one.full):
        unknown = sorted({*params} - {*one.defaults})
        if unknown:
            raise ConfigError(
                f"{place_of(one.build)}: full names {', '.join(unknown)}, which {one.name!r} has "
                f"not; its parameters are {', '.join(one.defaults) or 'none'}"
            )
        if one.frame is None:
            _check_result(one, dict(params), path)
        _check_names(one, dict(params))
    try:
        refuse_clash(one)
    except ConfigError as problem:
        raise ConfigError(f"{place_of(one.build)}: {problem}") from problem


def _check_reachable(name: str, path: Path) -> None:
    """Refuse a name that is read as something else: a lag, another timeframe."""
    if has_built_in_form(name):
        raise ConfigError(
            f"{path}: the column {name!r} has the form of a built-in one (a lag, "
            "another timeframe, an external column); choose another name"
        )


def _check_parameters(one: Feature) -> None:
    try:
        parameters = list(inspect.signature(one.build).parameters.values())
    except TypeError as problem:
        raise ConfigError(f"{place_of(one.build)}: {problem}") from problem
    if not parameters:
        raise ConfigError(
            f"{place_of(one.build)}: {one.name!r} takes no argument; its first one is the bars: "
            f"def {one.name}(bars): ..."
        )
    for each in parameters[1:]:
        value = each.default
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not math.isfinite(value) or value < 0:
            shown = "no default" if value is each.empty else f"the default {value!r}"
            raise ConfigError(
                f"{place_of(one.build)}: the parameter {each.name!r} of {one.name!r} has {shown}; "
                "a column's name spells its parameters, so each has a number, 0 or "
                f"above, as its default: {each.name}=20"
            )


def _check_result(one: Feature, params: dict[str, Any], path: Path) -> None:
    try:
        with redirect_stdout(sys.stderr):
            made: Any = one.build(BarColumns(), **(one.defaults | params))
    except Exception as problem:
        hint = ""
        if isinstance(problem, AttributeError) and isinstance(problem.obj, BarColumns):
            known = [name for name in dir(BarColumns) if not name.startswith("_")]
            hint = f"; bars have {', '.join(known)}"
        at = raised_at(problem, path)
        raise ConfigError(
            f"{at}: {one.name!r} raised {type(problem).__name__}: {problem}{hint}"
        ) from problem
    parts = made if isinstance(made, tuple) else (made,)
    wrong = [part for part in parts if not isinstance(part, Expr)]
    if wrong or not parts:
        what = _kind(wrong[0]) if wrong else "an empty tuple"
        raise ConfigError(
            f"{place_of(one.build)}: {one.name!r} returns {what}; a feature returns an expression "
            "of the bars, such as bars.close / bars.open, or a tuple of them"
        )
    if len(parts) != len(one.templates):
        raise ConfigError(
            f"{place_of(one.build)}: {one.name!r} returns {len(parts)} columns and has "
            f"{len(one.templates)} names ({', '.join(one.templates)}); name each one with "
            "@bw.feature(columns=[...])"
        )


def _check_names(one: Feature, params: dict[str, Any]) -> None:
    try:
        names = list(one.columns(**params))
    except (KeyError, IndexError, ValueError) as problem:
        raise ConfigError(
            f"{place_of(one.build)}: columns={list(one.templates)} are no templates of its "
            f"parameters ({', '.join(one.defaults) or 'it has none'}): {problem}"
        ) from problem
    for name in names:
        if not name.isidentifier() or not name.isascii():
            raise ConfigError(
                f"{place_of(one.build)}: {name!r} is no column name; use letters, digits and "
                "underscores, no digit first"
            )
    if len({*names}) < len(names):
        raise ConfigError(f"{place_of(one.build)}: columns={names} has a name twice")


def _walk(rows: int) -> Bars:
    """Return bars to try a function on: a random walk in 5-minute steps."""
    steps = np.random.default_rng(0).normal(0.0, 1e-3, (rows, 2))
    close = 5000.0 * np.exp(np.cumsum(steps[:, 0]))
    opened = close * np.exp(steps[:, 1])
    high, low = np.maximum(opened, close) + 0.25, np.minimum(opened, close) - 0.25
    time = _START + 5 * MINUTE * np.arange(1, rows + 1)
    volume = np.arange(rows) % 97 + 3.0
    return Bars.of(time, opened, high, low, close, volume, interval=5 * MINUTE)


def _kind(value: Any) -> str:
    if value is None:
        return "nothing (is a return missing?)"
    return f"{type(value).__module__}.{type(value).__qualname__}".removeprefix(
        "builtins."
    )
