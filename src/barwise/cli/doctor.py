"""``barwise doctor``: what this machine has and what is missing."""

from __future__ import annotations

import os
import re
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from barwise.cli.output import Json, ending, write_json, write_table, write_text

_WRITES = 25
_SLOW_FSYNC_MS = 50.0
_THREADS = ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS")
_REQUIREMENT = re.compile(
    r"(?P<package>[\w.-]+).*extra\s*==\s*['\"](?P<extra>[\w-]+)['\"]"
)


def add_to(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("doctor", epilog=ending("barwise doctor", "barwise doctor --json"))(
        doctor
    )


def doctor(
    folder: Annotated[
        Path, typer.Option("--folder", help="Where runs and the store will lie.")
    ] = Path(),
    json: Json = False,
) -> None:
    """Check this machine: versions, memory, threads, disk, optional packages.

    The exit code is 1 when results could not be written; a missing optional package is
    no fault.
    """
    from barwise.training.run_folder import machine_facts

    report: dict[str, Any] = {
        **machine_facts(),
        "executable": sys.executable,
        "memory": _memory(),
        "threads": {
            "usable": usable_threads(),
            **{name: os.environ[name] for name in _THREADS if name in os.environ},
        },
        "disk": [_disk(folder / name) for name in ("experiments", ".barwise/store")],
        "extras": _extras(),
    }
    if json:
        write_json(report)
    else:
        _print(report)
    if not all(place["writable"] for place in report["disk"]):
        raise typer.Exit(1)


def usable_threads() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _memory() -> dict[str, float]:
    page = os.sysconf("SC_PAGE_SIZE")
    found = {"total_gib": os.sysconf("SC_PHYS_PAGES") * page / 2**30}
    facts = Path("/proc/meminfo")
    if facts.is_file():
        match = re.search(r"MemAvailable:\s+(\d+) kB", facts.read_text())
        if match:
            found["available_gib"] = int(match[1]) / 2**20
    return found


def _disk(wanted: Path) -> dict[str, Any]:
    place = wanted.absolute()
    while not place.exists():
        place = place.parent
    found: dict[str, Any] = {"path": str(wanted), "writable": False}
    if not place.is_dir():
        found["problem"] = f"{place} is a file"
        return found
    try:
        found["fsync_ms"] = _fsync_ms(place)
        found["free_gib"] = _free_gib(place)
        found["writable"] = True
    except OSError as problem:
        found["problem"] = f"{place}: {problem.strerror}"
    return found


def _free_gib(place: Path) -> float:
    disk = os.statvfs(place)
    return disk.f_bavail * disk.f_frsize / 2**30


def _fsync_ms(place: Path) -> float:
    """Median time of a durable 4 KiB write, in milliseconds."""
    from barwise.core import clock

    times = []
    with tempfile.TemporaryFile(dir=place) as handle:
        for _ in range(_WRITES):
            start = clock.seconds()
            handle.write(bytes(4096))
            handle.flush()
            os.fsync(handle.fileno())
            times.append(1000 * (clock.seconds() - start))
    return statistics.median(times)


def _extras() -> list[dict[str, Any]]:
    from importlib.metadata import requires

    from barwise.training.run_folder import installed

    packages: dict[str, list[str]] = {}
    for line in requires("barwise") or []:
        match = _REQUIREMENT.match(line)
        # These two are unions of the others.
        if match and match["extra"] not in ("all", "dev"):
            packages.setdefault(match["extra"], []).append(match["package"])
    found = []
    for extra, names in sorted(packages.items()):
        missing = [name for name in names if installed(name) is None]
        install = f"pip install 'barwise[{extra}]'" if missing else None
        found.append({"extra": extra, "missing": missing, "install": install})
    return found


def _print(report: dict[str, Any]) -> None:
    memory = ", ".join(
        f"{value:.1f} GiB {name.removesuffix('_gib')}"
        for name, value in report["memory"].items()
    )
    threads = ", ".join(f"{name} {value}" for name, value in report["threads"].items())
    libraries = ", ".join(f"{k} {v}" for k, v in report["libraries"].items())
    write_table(
        ("what", "found"),
        [
            ("barwise", report["barwise"]),
            ("python", f"{report['python']} ({report['executable']})"),
            ("system", report["system"]),
            ("processors", f"{report['processors']} ({report['machine']})"),
            ("threads", threads),
            ("memory", memory),
            ("libraries", libraries),
            *(
                (f"disk {place['path']}", _disk_words(place))
                for place in report["disk"]
            ),
        ],
    )
    write_text("")
    write_table(
        ("extra", "missing", "way out"),
        [
            (
                extra["extra"],
                ", ".join(extra["missing"]) or "-",
                extra["install"] or "-",
            )
            for extra in report["extras"]
        ],
    )


def _disk_words(place: dict[str, Any]) -> str:
    if not place["writable"]:
        return f"CANNOT BE WRITTEN ({place['problem']}); choose another folder"
    words = f"{place['free_gib']:.1f} GiB free, a durable write takes {place['fsync_ms']:.2f} ms"
    slow = place["fsync_ms"] > _SLOW_FSYNC_MS
    return f"{words}: slow, prefer a local disk" if slow else words
