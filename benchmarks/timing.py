"""Paired timing: the sides take turns, so that a busy machine hits both."""

import os
import time
from collections.abc import Callable
from importlib.metadata import version


def paired(
    *sides: Callable[[], object],
    rounds: int = 5,
    clock: Callable[[], float] = time.perf_counter,
) -> list[float]:
    """Best seconds of each side over some rounds, after one unmeasured round.

    With ``clock=time.process_time`` other people's work on the machine counts less.
    """
    best = [float("inf")] * len(sides)
    for turn in range(rounds + 1):
        for k, side in enumerate(sides):
            start = clock()
            side()
            took = clock() - start
            if turn:
                best[k] = min(best[k], took)
    return best


def line(what: str, seconds: float, against: float, unit: str = "s") -> None:
    """Print one side's time and how many times faster than the peer it is."""
    print(f"{what:<58} {seconds:10.4f} {unit}   {against / seconds:6.2f} x")


def at_least(what: str, value: float, limit: float, unit: str = "x") -> None:
    """Print a figure that must not be below its limit."""
    _verdict(what, value, limit, unit, ">=", value >= limit)


def at_most(what: str, value: float, limit: float, unit: str) -> None:
    """Print a figure that must not be above its limit."""
    _verdict(what, value, limit, unit, "<=", value <= limit)


def _verdict(
    what: str, value: float, limit: float, unit: str, sign: str, holds: bool
) -> None:
    print(
        f"{what:<58} {value:10.4g} {unit:<3} {sign} {limit:g}: "
        + ("holds" if holds else "MISSED")
    )


def header(*packages: str) -> None:
    """Print what a figure depends on besides the code."""
    peers = ", ".join(f"{name} {version(name)}" for name in packages)
    print(
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before the run; {peers}"
    )
