"""The folder of one trained model: ``experiments/runs/{model}_{horizon}_{timestamp}/``.

It is filled under a temporary name and renamed when it is complete, so a folder with a
run's name is a whole run.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import platform
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, final

from barwise.core import clock, durable
from barwise.core.errors import BarwiseError, ConfigError, IntegrityError

PARTS = ("config", "checkpoints", "predictions", "metrics", "plots", "logs")
PROVENANCE = "provenance.json"
_METRICS = Path("metrics", "evaluation_metrics.json")
_NAME = re.compile(
    r"(?P<model>\w+?)_(?P<horizon>\d+)_(?P<timestamp>\d{8}_\d{6})(?:-\d+)?"
)
_LIBRARIES = ("numpy", "scipy", "scikit-learn", "numba", "lightgbm", "torch", "polars")


@final
@dataclass(frozen=True)
class Run:
    """A finished run.

    Parameters
    ----------
    path : Path
        Its folder.
    model : str
        Registered name of the model.
    horizon : int
        Horizon of its labels, bars.
    timestamp : str
        When it began, UTC, ``YYYYmmdd_HHMMSS``.
    metrics : mapping
        ``metrics/evaluation_metrics.json``; empty where the run was not evaluated.
    provenance : mapping
        ``provenance.json``: everything that differs between equal runs.
    """

    path: Path
    model: str
    horizon: int
    timestamp: str
    metrics: Mapping[str, Any]
    provenance: Mapping[str, Any]


@final
class RunDraft:
    """A run folder that is being filled.

    Parameters
    ----------
    folder : Path
        Temporary place of the run; it has the folders of a run.

    Attributes
    ----------
    path : Path
        Where the files of the run are written to; after publication, where they are.
    provenance : dict
        Volatile facts to be stored beside the machine's own, e.g. a training time.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder
        self.provenance: dict[str, Any] = {}


@contextmanager
def new_run(runs: Path, *, model: str, horizon: int) -> Iterator[RunDraft]:
    """Fill a run folder; it appears under its name when the block ends well.

    Parameters
    ----------
    runs : Path
        Folder of all runs, usually ``experiments/runs``; created where needed.
    model : str
        Registered name of the model.
    horizon : int
        Horizon of its labels, bars.

    Raises
    ------
    BarwiseError
        If it cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with new_run(Path(tempfile.mkdtemp()), model="lightgbm", horizon=20) as draft:
    ...     _ = (draft.path / "logs" / "training.log").write_text("done")
    >>> run = read_run(draft.path)
    >>> run.model, run.horizon
    ('lightgbm', 20)
    """
    name = f"{model}_{horizon}_{clock.stamp()}"
    if not _NAME.fullmatch(name):
        raise ValueError(f"a model's name is letters, digits and _, got {model!r}")
    began, start = clock.now().isoformat(), clock.seconds()
    aside = runs / f"{durable.TEMPORARY}{secrets.token_hex(6)}-{name}"
    draft = RunDraft(aside)
    try:
        with _writing(runs), _shared(runs):
            for part in PARTS:
                (aside / part).mkdir(parents=True)
            yield draft
            facts = {
                **machine_facts(),
                "timestamp": began,
                "seconds": clock.seconds() - start,
                **draft.provenance,
            }
            text = json.dumps(facts, indent=2, sort_keys=True, allow_nan=False)
            durable.write_text(aside / PROVENANCE, text + "\n")
            draft.path = _publish(aside, runs / name)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Say which folder could not be written."""
    try:
        yield
    except OSError as problem:
        raise BarwiseError(
            f"cannot write to {folder}: {problem.strerror or problem}; "
            "choose another folder (output in the config) or make room"
        ) from problem


@contextmanager
def _shared(runs: Path) -> Iterator[None]:
    """Tell :func:`sweep_runs` that a draft is being filled; ends with the process."""
    runs.mkdir(parents=True, exist_ok=True)
    handle = os.open(runs, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH)
        yield
    finally:
        os.close(handle)


def sweep_runs(runs: Path) -> int:
    """Remove drafts that killed processes left; return how many entries.

    Nothing is removed while any process fills a draft there.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> (folder / ".tmp-0a1b-lstm_20").mkdir()
    >>> with new_run(folder, model="lstm", horizon=20):
    ...     sweep_runs(folder)
    0
    >>> sweep_runs(folder)
    1
    """
    if not runs.is_dir():
        return 0
    handle = os.open(runs, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return durable.sweep(runs)
    except BlockingIOError:
        return 0
    finally:
        os.close(handle)


def _publish(aside: Path, wanted: Path) -> Path:
    """Rename to the first free name: two runs may begin in one second."""
    with _writing(wanted.parent):
        for path in sorted(aside.rglob("*")):
            durable.sync_folder(path) if path.is_dir() else durable.sync_file(path)
        durable.sync_folder(aside)
        number, target = 1, wanted
        while True:
            try:
                os.rename(aside, target)
            except OSError as problem:
                if problem.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                    raise
                number += 1
                target = wanted.with_name(f"{wanted.name}-{number}")
            else:
                durable.sync_folder(target.parent)
                return target


def list_runs(runs: Path) -> list[Run]:
    """Return the finished runs of a folder, the oldest first.

    Folders that are not runs are passed over.

    Raises
    ------
    IntegrityError
        If the metrics or the provenance of a run are not JSON.
    """
    if not runs.is_dir():
        return []
    found = [
        read_run(path)
        for path in runs.iterdir()
        if _NAME.fullmatch(path.name) and (path / PROVENANCE).is_file()
    ]
    return sorted(
        found, key=lambda run: (run.timestamp, run.model, run.horizon, run.path.name)
    )


def read_run(path: Path) -> Run:
    """Read what a run recorded about itself.

    Raises
    ------
    ConfigError
        If the folder is not a run.
    IntegrityError
        If its metrics or its provenance are not JSON.
    """
    match = _NAME.fullmatch(path.name)
    if match is None or not (path / PROVENANCE).is_file():
        raise ConfigError(
            f"{path} is not the folder of a finished run; barwise runs list shows them"
        )
    metrics = path / _METRICS
    return Run(
        path=path,
        model=match["model"],
        horizon=int(match["horizon"]),
        timestamp=match["timestamp"],
        metrics=_read_json(metrics) if metrics.is_file() else {},
        provenance=_read_json(path / PROVENANCE),
    )


def _read_json(path: Path) -> Mapping[str, Any]:
    try:
        value = json.loads(path.read_bytes())
        if not isinstance(value, dict):
            raise ValueError
    except ValueError as problem:
        raise IntegrityError(
            f"{path} is not what a run wrote; remove the run's folder and run again"
        ) from problem
    return value


def machine_facts() -> dict[str, Any]:
    """Return what differs between machines: host, processor, versions."""
    return {
        "barwise": version("barwise"),
        "host": platform.node(),
        "libraries": {name: found for name in _LIBRARIES if (found := installed(name))},
        "machine": platform.machine(),
        "processors": os.cpu_count(),
        "python": platform.python_version(),
        "system": platform.platform(),
    }


def installed(package: str) -> str | None:
    """Return the version of an installed package, None where there is none."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None
