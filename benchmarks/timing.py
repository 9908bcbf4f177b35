"""Paired timing: the sides take turns, so that a busy machine hits both."""

import time
from collections.abc import Callable


def paired(*sides: Callable[[], object], rounds: int = 5) -> list[float]:
    """Best seconds of each side over some rounds, after one unmeasured round."""
    best = [float("inf")] * len(sides)
    for turn in range(rounds + 1):
        for k, side in enumerate(sides):
            start = time.perf_counter()
            side()
            took = time.perf_counter() - start
            if turn:
                best[k] = min(best[k], took)
    return best


def line(what: str, seconds: float, against: float, unit: str = "s") -> None:
    """Print one side's time and how many times faster than the peer it is."""
    print(f"{what:<58} {seconds:10.4f} {unit}   {against / seconds:6.2f} x")
