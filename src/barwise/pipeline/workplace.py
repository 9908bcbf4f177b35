"""Where the commands of one config work: its store, locked and cleared of leftovers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain, count
from pathlib import Path

from barwise.core import clock, durable
from barwise.pipeline.choices import store_folder
from barwise.pipeline.config import RunConfig
from barwise.pipeline.lock import locked
from barwise.pipeline.steps import Steps
from barwise.pipeline.store import ObjectStore
from barwise.report import write_report
from barwise.report.data import Report
from barwise.training.run_folder import sweep_runs


@contextmanager
def workplace(config: RunConfig) -> Iterator[Steps]:
    """Hold a config's store for this process, and remove what killed ones left.

    Raises
    ------
    LockedError
        If another process works there.
    """
    folder = store_folder(config)
    with locked(folder):
        store = ObjectStore(folder)
        store.sweep()
        sweep_runs(config.output_path / "runs")
        durable.sweep(reports_folder(config))
        yield Steps(store)


def reports_folder(config: RunConfig) -> Path:
    """Return the folder of all reports."""
    return config.output_path / "reports"


def place_report(
    config: RunConfig,
    page: Report,
    name: str,
    beside: Callable[[Path], object] | None = None,
) -> Path:
    """Write a page into a report folder of its own and return its file.

    Parameters
    ----------
    config : RunConfig
    page : Report
    name : str
        Of the HTML file.
    beside : callable, optional
        Writes more files into the folder before it is put in its place.
    """
    made = _unused(reports_folder(config) / clock.stamp())

    def fill(aside: Path) -> None:
        write_report(page, aside / name)
        if beside is not None:
            beside(aside)

    durable.place_folder(made, fill)
    return made / name


def _unused(folder: Path) -> Path:
    """Number a folder of the same second; the store's lock keeps others out."""
    later = (folder.with_name(f"{folder.name}_{number}") for number in count(2))
    return next(one for one in chain([folder], later) if not one.exists())
