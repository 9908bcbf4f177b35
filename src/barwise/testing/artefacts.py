"""What equal runs must leave behind, byte for byte, and what a killed one may not."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from barwise.core.durable import TEMPORARY
from barwise.core.hashing import hash_file, hash_json
from barwise.datasets.ledger import Ledger
from barwise.pipeline.store import ObjectStore
from barwise.pipeline.trials import LEDGER
from barwise.training import list_runs
from barwise.training.run_folder import PROVENANCE

_NUMBERS = re.compile(
    r'<script type="application/json" id="barwise-report">(.*?)</script>', re.DOTALL
)


def artefacts(output: Path) -> dict[str, str]:
    """Return the SHA-256 of all that equal runs share, by a name without a time.

    Parameters
    ----------
    output : Path
        The folder ``output`` of a run's config.

    Returns
    -------
    dict
        ``steps/{key}``: the record of a finished step, its object's address in it.
        ``objects/{address}``: every object that a record names, checked on reading.
        ``runs/{model}_{horizon}/...``: files of the run folders without
        ``provenance.json``; a second run of a model and horizon is ``{...}#2``.
        ``ledger/{number}``: the hash of a row of the trial ledger.
        ``report``: the numbers of the newest report's page without its provenance.

    Raises
    ------
    IntegrityError
        If an object is not what its address says, or a run folder or the ledger is
        damaged.

    Examples
    --------
    >>> import tempfile
    >>> artefacts(Path(tempfile.mkdtemp()))
    {}
    """
    ledger = Ledger(output / LEDGER).hashes
    return (
        _steps(output)
        | _runs(output / "runs")
        | {f"ledger/{number}": row for number, row in enumerate(ledger, start=1)}
        | _report(output / "reports")
    )


def leftovers(output: Path) -> list[Path]:
    """Return what a finished run may not leave: drafts, empty folders, lost objects.

    An object is lost when no record of a finished step names it.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> (folder / "runs" / ".tmp-0a1b-lstm").mkdir(parents=True)
    >>> [path.name for path in leftovers(folder)]
    ['.tmp-0a1b-lstm']
    """
    drafts = output.rglob(f"{TEMPORARY}*")
    empty = [
        path
        for path in (output / "reports").glob("*")
        if path.is_dir() and not any(path.iterdir())
    ]
    store = ObjectStore(output / ".barwise" / "store")
    named = {store.path(address) for address in _records(store).values()}
    lost = {*store.folder.glob("objects/*/*")} - named
    return sorted({*drafts, *empty, *lost})


def report_numbers(page: Path) -> dict[str, Any]:
    """Return every number of a report's page, its provenance too.

    Raises
    ------
    ValueError
        If the page holds none.
    """
    found = _NUMBERS.search(page.read_text(encoding="utf-8"))
    if found is None:
        raise ValueError(f"{page} is not a report of barwise")
    numbers: dict[str, Any] = json.loads(found[1])
    return numbers


def _records(store: ObjectStore) -> dict[Path, str]:
    """Address of each finished step's object, by the file of its record."""
    paths = sorted((store.folder / "steps").glob("*/[!.]*.json"))
    return {path: str(json.loads(path.read_bytes())["object"]) for path in paths}


def _steps(output: Path) -> dict[str, str]:
    store, found = ObjectStore(output / ".barwise" / "store"), {}
    for path, address in _records(store).items():
        store.get(address)
        found[f"steps/{path.stem}"] = hash_file(path)
        found[f"objects/{address}"] = address
    return found


def _runs(folder: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    seen: dict[str, int] = {}
    for run in list_runs(folder):
        name = f"{run.model}_{run.horizon}"
        seen[name] = seen.get(name, 0) + 1
        name += f"#{seen[name]}" if seen[name] > 1 else ""
        for path in sorted(run.path.rglob("*")):
            inside = path.relative_to(run.path).as_posix()
            if path.is_file() and inside != PROVENANCE:
                found[f"runs/{name}/{inside}"] = hash_file(path)
    return found


def _report(folder: Path) -> dict[str, str]:
    pages = sorted(folder.glob("*/report.html"))
    if not pages:
        return {}
    numbers = report_numbers(pages[-1])
    del numbers["provenance"]
    return {"report": hash_json(numbers)}
