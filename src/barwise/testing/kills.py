"""Kill a real run with SIGKILL, run it again, and compare with one left in peace."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np

from barwise.core.errors import BarwiseError
from barwise.testing.artefacts import artefacts, leftovers


@final
@dataclass(frozen=True)
class Kill:
    """What one kill did, and what the next run made of it.

    Parameters
    ----------
    delay : float
        Seconds from the start of the command to SIGKILL, or to its end.
    ended : bool
        Whether the run was over before: nothing was killed.
    steps, runs, reports : int
        Finished steps, visible run folders and reports behind the kill.
    drafts : int
        Drafts and folders behind the kill that the next run has to clear away.
    foreign : tuple of str
        Visible artefacts behind the kill that are not those of the run left in peace.
    repeated : tuple of str
        Finished steps that the next run computed again.
    different : tuple of str
        Artefacts of the next run that are not those of the run left in peace.
    left : tuple of str
        What the next run did not clear away.
    """

    delay: float
    ended: bool
    steps: int
    runs: int
    reports: int
    drafts: int
    foreign: tuple[str, ...]
    repeated: tuple[str, ...]
    different: tuple[str, ...]
    left: tuple[str, ...]

    @property
    def recovered(self) -> bool:
        """Whether the kill left no trace."""
        return not (self.foreign or self.repeated or self.different or self.left)


def kill_times(seconds: float, times: int, *, seed: int) -> list[float]:
    """Delays of kills: one at random in each of equal parts of a run's duration.

    Examples
    --------
    >>> [1 + int(delay // 2.5) for delay in kill_times(10.0, 4, seed=0)]
    [1, 2, 3, 4]
    """
    places = np.random.default_rng(seed).random(times)
    return [float(seconds * (k + place) / times) for k, place in enumerate(places)]


def run_command(folder: Path, config: str) -> float:
    """Run ``barwise run`` in a folder to its end and return the seconds it took.

    Raises
    ------
    BarwiseError
        If the command fails; with what it said.
    """
    began = time.perf_counter()
    done = subprocess.run(_command(config), cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise BarwiseError(f"barwise run in {folder} failed:\n{done.stderr}")
    return time.perf_counter() - began


def kill_and_rerun(
    folder: Path, config: str, output: Path, delay: float, whole: Mapping[str, str]
) -> Kill:
    """Kill a run after a delay, run again, and compare.

    Parameters
    ----------
    folder : Path
        Working folder of the command.
    config : str
        Config file, from there; its output must not exist yet.
    output : Path
        The config's output folder.
    delay : float
        Seconds from the start of the command to SIGKILL.
    whole : mapping of str to str
        :func:`barwise.testing.artefacts.artefacts` of a run left in peace.

    Raises
    ------
    BarwiseError
        If either run fails by itself.
    """
    began = time.perf_counter()
    with subprocess.Popen(
        _command(config),
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            process.wait(delay)
        except subprocess.TimeoutExpired:
            process.kill()
    lived = time.perf_counter() - began
    if process.returncode not in (0, -signal.SIGKILL):
        raise BarwiseError(
            f"barwise run in {folder} ended with {process.returncode} before the kill"
        )
    seen, before, drafts = artefacts(output), _records(output), leftovers(output)
    run_command(folder, config)
    now, after = artefacts(output), _records(output)
    return Kill(
        delay=lived,
        ended=process.returncode == 0,
        steps=len(before),
        runs=len({name.split("/")[1] for name in seen if name.startswith("runs/")}),
        reports=int("report" in seen),
        drafts=len(drafts),
        foreign=_unlike(seen, whole),
        repeated=_unlike(before, after),
        different=tuple(sorted({*_unlike(now, whole), *_unlike(whole, now)})),
        left=tuple(map(str, leftovers(output))),
    )


def _unlike(
    some: Mapping[str, object], others: Mapping[str, object]
) -> tuple[str, ...]:
    """Return the names of ``some`` that the others lack or have with another value."""
    return tuple(sorted(k for k, value in some.items() if others.get(k) != value))


def _records(output: Path) -> dict[str, int]:
    """When each finished step was recorded, by its name and key."""
    found = (output / ".barwise" / "store" / "steps").glob("*/[!.]*.json")
    return {
        f"{json.loads(path.read_bytes())['name']} {path.stem}": path.stat().st_mtime_ns
        for path in found
    }


def _command(config: str) -> list[str]:
    return [sys.executable, "-m", "barwise", "run", config]
