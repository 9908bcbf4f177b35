"""Running counts of findings: what a cleaner knows at any moment, as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

import numpy as np

from barwise.bars.bars import format_interval
from barwise.bars.policies import REPAIRS, Action, verb
from barwise.bars.quality import KINDS, SHOWN, Finding
from barwise.core.arrays import HOUR, MINUTE

_KINDS = tuple(REPAIRS)
_SHORT, _LONG = HOUR, 30 * HOUR
_NONE = -1


@final
class Tally:
    """Counts and first rows of every kind, and what is said about gaps and runs.

    Examples
    --------
    >>> tally = Tally()
    >>> tally.add("flat", np.array([2, 5]))
    >>> tally.findings({"flat": "keep"})[0].rows
    (2, 5)
    """

    def __init__(self) -> None:
        self._counts = np.zeros(len(_KINDS), dtype=np.int64)
        self._rows = np.full((len(_KINDS), SHOWN), _NONE, dtype=np.int64)
        # Steps under an hour, up to 30 hours, longer; bars missing; longest step.
        self._gaps = np.zeros(5, dtype=np.int64)
        # Rows in order that were looked at; longest run of flat bars at one price.
        self._runs = np.zeros(2, dtype=np.int64)

    def add(self, kind: str, rows: np.ndarray) -> None:
        """Count rows of one kind; the first ones are kept by number."""
        place = _KINDS.index(kind)
        have = int(min(self._counts[place], SHOWN))
        first = rows[: SHOWN - have]
        self._rows[place, have : have + len(first)] = first
        self._counts[place] += len(rows)

    def add_gaps(self, steps: np.ndarray, missing: np.ndarray) -> None:
        """Remember the lengths of gaps in ns and the bars that each lacks."""
        if not len(steps):
            return
        short = steps < _SHORT
        long = steps > _LONG
        split = [short.sum(), (~short & ~long).sum(), long.sum(), missing.sum()]
        self._gaps[:4] += np.array(split, dtype=np.int64)
        self._gaps[4] = max(self._gaps[4], steps.max())

    def add_runs(self, lengths: np.ndarray) -> None:
        """Take the length of the flat run that ends with each accepted row."""
        if len(lengths):
            self._runs[0] += len(lengths)
            self._runs[1] = max(self._runs[1], lengths.max())

    def findings(self, policy: Mapping[str, Action]) -> list[Finding]:
        """Return the kinds that occurred, in the order of a report."""
        found = []
        for kind in KINDS:
            if kind not in _KINDS:
                continue
            place = _KINDS.index(kind)
            count = int(self._counts[place])
            if count:
                rows = tuple(int(row) for row in self._rows[place] if row != _NONE)
                detail = self._detail(kind, count)
                done = verb(kind, policy.get(kind, "repair"))
                found.append(Finding(kind, count, rows, detail, done))
        return found

    def _detail(self, kind: str, count: int) -> str:
        if kind == "gap":
            short, middle, long, missing, longest = self._gaps.tolist()
            return (
                f"{short:,} under 1 h, {middle:,} of 1 to 30 h, {long:,} over 30 h; "
                f"{missing:,} bars missing; the longest {_length(longest)}"
            )
        if kind == "zero_volume" and count == self._runs[0]:
            return "on every row: the source has no volume"
        if kind == "stale":
            return f"{KINDS[kind]}; the longest run has {self._runs[1]:,} bars"
        return KINDS[kind]

    def snapshot(self) -> dict[str, np.ndarray]:
        """Return copies of the counts."""
        return {
            "counts": self._counts.copy(),
            "first_rows": self._rows.copy(),
            "gaps": self._gaps.copy(),
            "runs": self._runs.copy(),
        }

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on from a snapshot."""
        self._counts = state["counts"].copy()
        self._rows = state["first_rows"].copy()
        self._gaps = state["gaps"].copy()
        self._runs = state["runs"].copy()


def _length(step: int) -> str:
    """Write a step as hours and minutes: 49 h 4 min."""
    if step < HOUR or step % MINUTE:
        return format_interval(step)
    hours, rest = divmod(step, HOUR)
    return f"{hours} h {rest // MINUTE} min" if rest else f"{hours} h"
