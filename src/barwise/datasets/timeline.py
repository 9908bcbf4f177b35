"""Samples in order of time: what every split cuts, and what a cut must keep apart.

Notation
--------
t_i, e_i : time of sample i (its bar's close) and time at which its label is known;
    its label lives on [t_i, e_i], both ends inclusive
b_i : number of the bar of sample i
Samples are sorted by (t, b); a *position* counts them in that order. A block of samples
begins at position ``start``, ends before position ``stop``, and never parts equal times.

A sample before a block shares time with it exactly when ``e_i >= t_start``, one behind
it exactly when ``t_i <= max e`` of the block: no pair of samples need be looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, final

import numpy as np

from barwise.core.arrays import Flags, Index, Times
from barwise.core.errors import ConfigError, DataError
from barwise.core.moments import nanoseconds
from barwise.core.samples import Samples
from barwise.datasets.gap import Gap

_LAST = int(np.iinfo(np.int64).max)
_FIRST = int(np.iinfo(np.int64).min)


@final
@dataclass(frozen=True, eq=False)
class Timeline:
    """Times, label ends and bar numbers of samples, by (time, bar).

    Parameters
    ----------
    times, ends : ndarray of int64, shape (n,)
        Nanoseconds UTC.
    bars : ndarray of int64, shape (n,)
        Never decreasing.
    rank : ndarray of int64, shape (n,), or None
        Position of each sample as it was given; None where they came in order.

    Examples
    --------
    >>> import numpy as np
    >>> line = Timeline.of(np.array([30, 10, 20]), np.array([40, 25, 20]))
    >>> line.times, line.ends, line.bars
    (array([10, 20, 30]), array([25, 20, 40]), array([0, 1, 2]))
    >>> line.reaching(0, 1)
    array([ True])
    """

    times: Times
    ends: Times
    bars: Index
    rank: Index | None

    @classmethod
    def of(cls, times: Any, label_end_times: Any, bars: Any = None) -> Timeline:
        """Sort samples by time.

        Parameters
        ----------
        times, label_end_times : array of int64 or datetime64, shape (n,)
            Nanoseconds UTC, in any order, with repetitions.
        bars : array of int, shape (n,), optional
            Number of each sample's bar, on one clock for all samples. By default
            every distinct time is one bar, which counts too few bars where samples
            are sparse.

        Raises
        ------
        ConfigError
            If shapes or types do not agree.
        DataError
            If a label ends before its sample's time, or bars run against time.
        """
        t = nanoseconds(times, "times")
        e = nanoseconds(label_end_times, "label_end_times")
        b = None if bars is None else nanoseconds(bars, "bars")
        if t.shape != e.shape or (b is not None and b.shape != t.shape):
            shapes = [array.shape for array in (t, e, b) if array is not None]
            raise ConfigError(
                "splits need one time, one label end and one bar for each sample, got "
                f"shapes {', '.join(map(str, shapes))}"
            )
        _check_ends(t, e)
        rank = None
        if not _rises(t) or (b is not None and not _rises(b)):
            order = np.argsort(t, kind="stable") if b is None else np.lexsort((b, t))
            rank = np.empty(len(t), dtype=np.int64)
            rank[order] = np.arange(len(t))
            t, e, b = t[order], e[order], None if b is None else b[order]
        if b is None:
            b = np.zeros(len(t), dtype=np.int64)
            np.cumsum(t[1:] != t[:-1], out=b[1:])
        _check_bars(t, b)
        return cls(t, e, b, rank)

    @classmethod
    def of_samples(cls, samples: Samples) -> Timeline:
        """Read times, label ends and, of one symbol, bar numbers (matrix rows).

        Rows of several symbols in one matrix are no common clock; there every
        distinct time is a bar.
        """
        times, rows = samples.times, samples.index
        ordered = rows if _rises(times) else rows[np.lexsort((rows, times))]
        bars = rows if _rises(ordered) else None
        return cls.of(times, samples.label_end_times, bars)

    def __len__(self) -> int:
        return len(self.times)

    @cached_property
    def _reach(self) -> Times:
        """Latest label end of all samples up to each position."""
        return np.maximum.accumulate(self.ends)

    @cached_property
    def distinct(self) -> int:
        """Number of distinct times."""
        return int(np.count_nonzero(np.diff(self.times))) + 1 if len(self) else 0

    def snap(self, position: int) -> int:
        """Move a cut to the first sample of its time."""
        if position >= len(self):
            return len(self)
        return int(np.searchsorted(self.times, self.times[position], side="left"))

    def edges(self, count: int, first: int = 0) -> list[int]:
        """Cut positions from ``first`` on into blocks of equal size, up to one.

        Returns
        -------
        list of int
            ``count + 1`` positions; block k is ``edges[k]:edges[k + 1]``.

        Raises
        ------
        ConfigError
            If a block would be empty.
        """
        size, larger = divmod(len(self) - first, count)
        wanted = [first + k * size + min(k, larger) for k in range(count + 1)]
        edges = [self.snap(position) for position in wanted]
        if min(b - a for a, b in pairwise(edges)) < 1:
            raise ConfigError(
                f"{len(self) - first} samples at {self.distinct} distinct times cannot "
                f"be cut into {count} parts without parting equal times or leaving one "
                "empty; ask for fewer parts, or give more data"
            )
        return edges

    def reaching(self, first: int, start: int) -> Flags:
        """Of positions first..start: whose label ends at or after the time of start."""
        return self.ends[first:start] >= self.times[start]

    def first_reaching(self, start: int) -> int:
        """Return a position before which no label reaches the time of start."""
        return min(int(np.searchsorted(self._reach, self.times[start])), start)

    def known(self, start: int, stop: int) -> int:
        """Return when the last label of a block is known."""
        return int(self.ends[start:stop].max())

    def after(self, time: int) -> int:
        """Return the first position later than a time."""
        return int(np.searchsorted(self.times, time, side="right"))

    def near_before(self, start: int, gap: Gap) -> int:
        """Return the first position that is at most a gap before a block."""
        clock = self._clock(gap)
        edge = max(int(clock[start]) - gap.amount, _FIRST)
        return min(int(np.searchsorted(clock, edge, side="left")), start)

    def near_after(self, stop: int, gap: Gap) -> int:
        """Return the first position that is more than a gap behind a block."""
        clock = self._clock(gap)
        edge = min(int(clock[stop - 1]) + gap.amount, _LAST)
        return max(int(np.searchsorted(clock, edge, side="right")), stop)

    def embargoed(self, known: int, gap: Gap) -> int:
        """Return the first position behind an embargo that begins at a time.

        Bars count from the first one later than it, so that the embargo is never
        shorter than asked for, however sparse the samples are.
        """
        first = self.after(known)
        if gap.clock == "times" or first == len(self):
            return self.after(min(known + gap.amount, _LAST))
        return self.skip(first, gap)

    def skip(self, start: int, gap: Gap) -> int:
        """Return the first position that is a gap or more behind position start."""
        clock = self._clock(gap)
        edge = min(int(clock[start]) + gap.amount, _LAST)
        return int(np.searchsorted(clock, edge, side="left"))

    def given(self, sorted_values: np.ndarray) -> np.ndarray:
        """Return values of the samples in the order in which these were given."""
        return sorted_values if self.rank is None else sorted_values[self.rank]

    def in_order(self, given_values: np.ndarray) -> np.ndarray:
        """Return values of the samples, as these were given, in order of time."""
        if self.rank is None:
            return given_values
        ordered = np.empty_like(given_values)
        ordered[self.rank] = given_values
        return ordered

    def _clock(self, gap: Gap) -> np.ndarray:
        return self.bars if gap.clock == "bars" else self.times


def _rises(array: np.ndarray) -> bool:
    return bool((array[1:] >= array[:-1]).all())


def _check_ends(times: np.ndarray, ends: np.ndarray) -> None:
    early = ends < times
    if early.any():
        row = int(np.argmax(early))
        raise DataError(
            f"the label of row {row} ends at {ends[row]}, before its own time "
            f"{times[row]} (ns UTC); a label is known at its end, never earlier"
        )


def _check_bars(times: np.ndarray, bars: np.ndarray) -> None:
    if not _rises(bars):
        at = int(np.argmax(bars[1:] < bars[:-1]))
        raise DataError(
            f"bars must not decrease as time goes on, but the bar is {bars[at]} at "
            f"{times[at]} ns UTC and {bars[at + 1]} at {times[at + 1]}; with several "
            "symbols leave bars out (every distinct time is one bar then)"
        )
