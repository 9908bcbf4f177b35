"""What all splitters share: from blocks of test samples to folds without a leak.

A training sample of a fold is none of its test samples and

- shares no moment with the label of a test sample (both ends inclusive),
- lies more than ``purge`` before and behind every block of test samples,
- lies behind the ``embargo`` that begins when the last label of a block is known.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import numpy as np

from barwise.core.arrays import DAY, MINUTE, Index
from barwise.core.errors import ConfigError, DataError
from barwise.core.samples import Samples
from barwise.datasets.gap import Gap
from barwise.datasets.timeline import Timeline

TRAIN, TEST, OVERLAP, NEAR, EMBARGOED, UNUSED = range(6)
"""Roles of a sample in a fold; the last are outside its window of training."""

Block = tuple[int, int]

_ROWS_A_RUN = 64

_FIVE_MINUTES = 5 * MINUTE
_BARS_AT_FIVE_MINUTES = 1440
_SESSION_DAYS = 5


@final
@dataclass(frozen=True, eq=False)
class Fold:
    """What one fold does with each sample.

    Parameters
    ----------
    roles : ndarray of uint8, shape (n,)
        In the order in which the samples were given: 0 train, 1 test, 2 purged for a
        label that overlaps the test, 3 purged for nearness, 4 embargoed, 5 not used.
    positions : ndarray of int64, shape (n,)
        0 to n - 1, one array for all folds.
    """

    roles: np.ndarray
    positions: np.ndarray

    @property
    def train(self) -> Index:
        """Positions of the training samples, ascending."""
        return self._where(TRAIN)

    @property
    def test(self) -> Index:
        """Positions of the test samples, ascending."""
        return self._where(TEST)

    @property
    def purged(self) -> Index:
        """Positions of samples too near to the test, or with labels that overlap it."""
        return self._where(OVERLAP, NEAR)

    @property
    def embargoed(self) -> Index:
        """Positions of samples that only the embargo takes."""
        return self._where(EMBARGOED)

    @cached_property
    def _edges(self) -> Index | None:
        """Positions at which another role begins; None where roles are shuffled."""
        changes = self.roles[1:] != self.roles[:-1]
        if np.count_nonzero(changes) > len(changes) // _ROWS_A_RUN:
            return None
        return np.flatnonzero(changes) + 1

    def _where(self, *roles: int) -> Index:
        if self._edges is None:
            return np.flatnonzero(
                np.logical_or.reduce([self.roles == r for r in roles])
            )
        # In order of time a role comes in long runs, which are copied.
        starts = np.append(0, self._edges)
        stops = np.append(self._edges, len(self.roles))
        mine = np.isin(self.roles[starts], roles)
        runs = zip(starts[mine].tolist(), stops[mine].tolist(), strict=True)
        pieces = [self.positions[start:stop] for start, stop in runs]
        return np.concatenate([self.positions[:0], *pieces])


@final
@dataclass(frozen=True)
class Cut:
    """Where a fold tests and trains, in positions of a timeline.

    Parameters
    ----------
    tests : tuple of (int, int)
        Blocks ``start:stop`` of test samples, ascending.
    window : (int, int)
        Only positions inside may be trained on.
    skipped : int
        Samples left out at the start of the block (of a walk-forward test).
    """

    tests: tuple[Block, ...]
    window: Block
    skipped: int = 0


class AbstractSplitter(ABC):
    """A splitter in scikit-learn's convention that keeps labels apart.

    Parameters
    ----------
    times, label_end_times : array of int64 or datetime64, shape (n,), optional
        When each sample is known (its bar's close) and when its label is, nanoseconds
        UTC, in any order, with repetitions. Without them :meth:`split` takes
        ``Samples`` and reads both from these.
    bars : array of int, shape (n,), optional
        Number of each sample's bar on one clock for all symbols; by default every
        distinct time is one bar. Read from ``Samples`` of one symbol.
    purge : int or timedelta
        Bars, or time, within which no training sample lies from a test sample, even if
        its label is shorter. Labels that overlap are purged in any case.
    embargo : int, timedelta or None
        Bars, or time, after the last label of a test block within which no training
        sample lies. None takes the default, see :func:`default_embargo`.
    ordered : bool
        Take rows without times as they stand, one moment each.

    Raises
    ------
    ConfigError
        If a setting breaks its rule.
    DataError
        If a label ends before its sample's time, or bars run against time.
    """

    def __init__(
        self,
        *,
        times: Any = None,
        label_end_times: Any = None,
        bars: Any = None,
        purge: Any = 0,
        embargo: Any = None,
        ordered: bool = False,
    ) -> None:
        self._ordered = ordered
        self.purge = Gap.of(purge, "purge")
        self.embargo = None if embargo is None else Gap.of(embargo, "embargo")
        self._line: Timeline | None = None
        if times is not None and label_end_times is not None:
            self._line = Timeline.of(times, label_end_times, bars)
        elif not (times is None and label_end_times is None and bars is None):
            raise ConfigError(
                f"{type(self).__name__} needs both times and label_end_times, or "
                "neither: split(samples) then reads them from Samples"
            )

    @abstractmethod
    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of folds; the arguments are ignored."""

    @abstractmethod
    def _cuts(self, line: Timeline) -> Iterator[Cut]:
        """Yield where each fold tests and trains."""

    def split(
        self, X: Any = None, y: Any = None, groups: Any = None
    ) -> Iterator[tuple[Index, Index]]:
        """Yield the positions of training and of test samples of each fold.

        Parameters
        ----------
        X : array, data frame or Samples, optional
            As many rows as times were given; ``Samples`` where none were given.
        y, groups : object
            Ignored; they are there for scikit-learn.

        Yields
        ------
        train, test : ndarray of int64
            Ascending.

        Raises
        ------
        ConfigError
            If ``X`` does not fit, or a fold is left without training samples: the
            message says by what.
        """
        del y, groups
        for fold in self.folds(X):
            yield fold.train, fold.test

    def folds(self, X: Any = None) -> Iterator[Fold]:
        """Yield what each fold does with each sample, the reasons included."""
        line = self.timeline(X)
        embargo = self.embargo or default_embargo(line)
        positions = np.arange(len(line))
        for number, cut in enumerate(self._cuts(line)):
            roles = _roles(line, cut, self.purge, embargo)
            if not (roles == TRAIN).any() or not (roles == TEST).any():
                raise ConfigError(self._emptied(number, roles, embargo))
            yield Fold(line.given(roles), positions)

    def timeline(self, X: Any = None) -> Timeline:
        """Return the samples in order of time: those of ``X``, or those given."""
        if self._line is None:
            if isinstance(X, Samples):
                return Timeline.of_samples(X)
            if not self._ordered or X is None:
                raise ConfigError(
                    f"{type(self).__name__} does not know when labels end: give it "
                    "times= and label_end_times=, or split Samples"
                )
            moments = np.arange(length(X))
            return Timeline.of(moments, moments)
        rows = len(self._line) if X is None else length(X)
        if rows != len(self._line):
            raise ConfigError(
                f"{type(self).__name__} was given {len(self._line)} times, but X has "
                f"{rows} rows; make a splitter for these rows"
            )
        if isinstance(X, Samples):
            self._check_samples(X, self._line)
        return self._line

    def _check_samples(self, samples: Samples, line: Timeline) -> None:
        """Refuse other samples than times were given for, or in another order."""
        later = samples.label_end_times > line.given(line.ends)
        if not np.array_equal(samples.times, line.given(line.times)):
            what = "times, or have them in another order,"
        elif later.any():
            what = f"label ends ({np.count_nonzero(later)} are later)"
        else:
            return
        raise DataError(
            f"the Samples have other {what} than {type(self).__name__} was given; leave "
            "times out, and all is read from the Samples"
        )

    def __repr__(self) -> str:
        hidden = ("purge", "embargo")
        own = {k: v for k, v in vars(self).items() if k[0] != "_" and k not in hidden}
        text = ", ".join(f"{name}={value}" for name, value in own.items())
        embargo = self.embargo or "default"
        return f"{type(self).__name__}({text}, purge={self.purge}, embargo={embargo})"

    def _emptied(self, number: int, roles: np.ndarray, embargo: Gap) -> str:
        count = np.bincount(roles, minlength=UNUSED + 1)
        part = "training" if count[TEST] else "test"
        return (
            f"fold {number + 1} of {self.get_n_splits()} is left without {part} samples: "
            f"beside its {count[TEST]} test samples {count[OVERLAP]} have a label that "
            f"overlaps the test, {count[NEAR]} more lie within purge={self.purge} of it, "
            f"and embargo={embargo} takes {count[EMBARGOED]}. Use a smaller embargo or "
            "purge, a shorter horizon, larger parts to train on, or more data"
        )


def default_embargo(line: Timeline) -> Gap:
    """1440 bars where bars last five minutes, else five session days in bars.

    The length of a bar is the median step between neighbours; a session day has as many
    bars as the median UTC date with bars, which holds overnight sessions too.

    Examples
    --------
    A week of hourly bars, 23 a day:

    >>> import numpy as np
    >>> hours = np.arange(5 * 24)
    >>> times = hours[hours % 24 != 21] * 3_600_000_000_000
    >>> str(default_embargo(Timeline.of(times, times)))
    '115 bars'
    """
    step = np.diff(line.bars)
    moved = step > 0
    if not moved.any():
        return Gap(0, "bars")
    interval = float(np.median(np.diff(line.times)[moved] / step[moved]))
    if interval == _FIVE_MINUTES:
        return Gap(_BARS_AT_FIVE_MINUTES, "bars")
    date = line.times // DAY
    last = np.flatnonzero(np.append(date[1:] != date[:-1], True))
    first = np.append(0, last[:-1] + 1)
    a_day = float(np.median(line.bars[last] - line.bars[first] + 1))
    return Gap(round(_SESSION_DAYS * a_day), "bars")


def _roles(line: Timeline, cut: Cut, purge: Gap, embargo: Gap) -> np.ndarray:
    """Role of each position of the timeline, uint8; the later rule wins."""
    roles = np.full(len(line), UNUSED, dtype=np.uint8)
    roles[slice(*cut.window)] = TRAIN
    for start, stop in cut.tests:
        end = line.embargoed(line.known(start, stop), embargo)
        _mark(roles[stop:end], EMBARGOED)
    for start, stop in cut.tests:
        _mark(roles[line.near_before(start, purge) : start], NEAR)
        _mark(roles[stop : line.near_after(stop, purge)], NEAR)
    for start, stop in cut.tests:
        first = line.first_reaching(start)
        _mark(roles[first:start], OVERLAP, line.reaching(first, start))
        _mark(roles[stop : line.after(line.known(start, stop))], OVERLAP)
    for start, stop in cut.tests:
        roles[start:stop] = TEST
        roles[start : start + cut.skipped] = EMBARGOED
    return roles


def _mark(roles: np.ndarray, role: int, where: np.ndarray | bool = True) -> None:
    """Give samples of the window a role; what was never in it stays out."""
    np.copyto(roles, role, where=(roles != UNUSED) & where)


def whole(value: Any, least: int, name: str) -> int:
    """Return a setting as an int, or say what it must be."""
    number = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not number or value < least:
        raise ConfigError(f"{name} must be a whole number >= {least}, got {value!r}")
    return int(value)


def length(X: Any) -> int:
    """Return the number of rows of whatever scikit-learn takes."""
    shape = getattr(X, "shape", None)
    return int(shape[0]) if shape else len(X)
