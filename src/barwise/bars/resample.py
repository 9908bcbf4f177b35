"""Longer bars from shorter ones, each emitted when its interval has passed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, final

import numpy as np

from barwise.bars.bars import Bars, format_interval
from barwise.bars.held import (
    NEVER,
    bars_from_arrays,
    bars_to_arrays,
    check_order,
    empty_bars,
)
from barwise.bars.sessions import SessionHours, SessionTable
from barwise.core.errors import DataError
from barwise.core.stage import Stage, State


def bucket_bounds(
    times: np.ndarray,
    interval: int,
    sessions: SessionTable,
    hours: SessionHours = "extended",
) -> tuple[np.ndarray, np.ndarray]:
    """Return start and end of the longer bar to which each bar belongs.

    Buckets are counted from the open of the session, and the last one closes with the
    session. For Globex, which opens at 17:00 Chicago, every interval that divides the
    hour lands on the clock as well, and 4-hour bars run 17-21-01-05-09-13-16 in summer
    and winter alike. With ``hours="regular"`` they are counted from the regular open:
    1-hour bars of ES start at 08:30. An interval of one day is the session day, since no
    session is longer. Outside of all sessions the grid is that of the UTC clock, cut
    at the next open.

    Parameters
    ----------
    times : ndarray of int64, shape (n,)
        Close times in nanoseconds UTC.
    interval : int
        Length of a bucket in nanoseconds, at most one day.
    sessions : SessionTable
        Must cover the times.
    hours : {"extended", "regular"}
        Which hours are cut into buckets.

    Returns
    -------
    start, end : ndarray of int64, shape (n,)
        ``start < time <= end``, nanoseconds UTC.
    """
    opens, closes = sessions.window(hours)
    found = sessions.window_of(times, hours=hours)
    # A bar belongs to the bucket in which it closes, hence the interval is (start, end].
    grid = (times - 1) // interval * interval
    ends = grid + interval
    later = np.searchsorted(opens, times, side="left")
    before = later < len(opens)
    ends[before] = np.minimum(ends[before], opens[later[before]])
    inside = found >= 0
    at, origin, limit = times[inside], opens[found[inside]], closes[found[inside]]
    grid[inside] = origin + (at - origin - 1) // interval * interval
    ends[inside] = np.minimum(grid[inside] + interval, limit)
    return grid, ends


@final
class Resampler(Stage[Bars, Bars]):
    """Aggregate bars to a multiple of their interval.

    A bar's ``time`` is the end of its interval and ``open_time`` its start, also where
    minutes at either side had no trade. It is emitted when a row arrives that closes at
    that end, else with the first row after it, else on ``advance``. A bar that is
    unfinished when the data end is not emitted.

    Trades are taken too: a bar holds those from its start up to its end, that moment
    left out.

    A bar never mixes contracts. Where the contract changes inside an interval, the old
    contract's bar ends at the time of the new contract's first row, when the change
    is known, and the new one's takes the rest.

    Volume is added in order of rows; one unknown (NaN) addend makes the sum unknown. A
    bar is ``filled`` only if every row in it is.

    Parameters
    ----------
    interval : int
        Length in nanoseconds; a multiple of the source's, at most one day, which means
        the session day.
    sessions : SessionTable
        Must cover every time that is pushed.
    hours : {"extended", "regular"}
        Which hours are cut into bars, see :func:`bucket_bounds`.

    Examples
    --------
    >>> from barwise.bars.sessions import session_table
    >>> from barwise.core.arrays import MINUTE
    >>> crypto = session_table("crypto", 1_300_000_000 * 10**9, 1_300_100_000 * 10**9)
    >>> t = crypto.open[1] + np.arange(1, 8) * MINUTE
    >>> price = np.arange(7.0)
    >>> ones = Bars.of(t, price, price, price, price, np.ones(7), interval=MINUTE)
    >>> five = Resampler(5 * MINUTE, crypto).push(ones)
    >>> five.close.tolist(), five.volume.tolist()
    ([4.0], [5.0])
    """

    def __init__(
        self, interval: int, sessions: SessionTable, hours: SessionHours = "extended"
    ) -> None:
        self._interval = interval
        self._sessions = sessions
        self._hours: SessionHours = hours
        self._none = empty_bars(interval)
        self._held: list[Bars] = []  # the rows of the unfinished bar, as they came
        self._end = NEVER  # of the unfinished bar
        self._rolled = False  # whether the held rows began at a change of contract
        self._clock = NEVER

    def push(self, chunk: Bars) -> Bars:
        """Take rows in order of time and return the bars that they complete.

        Raises
        ------
        DataError
            If times go back, or repeat although the rows are bars, or the source's interval does not divide the
            target.
        """
        self._check_interval(chunk)
        check_order(chunk, self._clock, strictly=not chunk.are_trades)
        if chunk.symbol != self._none.symbol:
            self._none = replace(chunk[:0], interval=self._interval, rule=None)
        if not len(chunk):
            return self._none
        self._clock = int(chunk.time[-1])
        self._held.append(chunk)
        if self._clock < self._end and chunk.contract is None:
            return self._none
        return self._emit()

    def advance(self, to_time: int) -> Bars:
        """Return the bars whose interval ends at or before ``to_time``."""
        self._clock = max(self._clock, to_time)
        return self._emit() if self._end <= self._clock else self._none

    def snapshot(self) -> State:
        """Return the rows of the unfinished bar and the time that is over."""
        held = Bars.concat(self._held) if self._held else self._none
        return {
            **bars_to_arrays(held),
            "end": np.array(self._end, dtype=np.int64),
            "rolled": np.array(self._rolled),
            "clock": np.array(self._clock, dtype=np.int64),
        }

    def restore(self, state: State) -> None:
        """Go on from a snapshot of a resampler with the same settings."""
        state = dict(state)
        self._clock = int(state.pop("clock"))
        self._rolled = bool(state.pop("rolled"))
        self._end = int(state.pop("end"))
        held = bars_from_arrays(state)
        self._none = replace(held[:0], interval=self._interval, rule=None)
        self._held = [held] if len(held) else []

    def _emit(self) -> Bars:
        """Aggregate the complete buckets of the held rows and hold the rest."""
        if not self._held:
            return self._none
        rows = Bars.concat(self._held)
        starts, ends = bucket_bounds(
            rows.session_time, self._interval, self._sessions, self._hours
        )
        rolled = _rolls(rows, ends, self._rolled)
        complete = int(np.searchsorted(ends, self._clock, side="right"))
        changes = np.flatnonzero(rolled[complete:])
        if len(changes):  # a change of contract ends a bar before its interval does
            complete += int(changes[-1])
        done = _aggregate(
            rows[:complete],
            starts[:complete],
            _cut_short(rows, ends, rolled)[:complete],
            rolled[:complete],
            self._interval,
        )
        left = complete < len(rows)
        self._held = [rows[complete:]] if left else []
        self._end = int(ends[-1]) if left else NEVER
        self._rolled = bool(rolled[complete]) if left else False
        return done

    def _check_interval(self, chunk: Bars) -> None:
        source = chunk.interval
        if chunk.are_trades:
            return
        if source is None or self._interval % source:
            raise DataError(
                f"{chunk.symbol}: bars of {chunk.length} cannot become "
                f"{format_interval(self._interval)} bars; the target must be a multiple "
                "of the source's interval"
            )


def _rolls(rows: Bars, ends: np.ndarray, first: bool) -> np.ndarray:
    """Rows at which the contract changes inside a bucket."""
    rolled = np.zeros(len(rows), dtype=np.bool_)
    if rows.contract is not None:
        changed = rows.contract[1:] != rows.contract[:-1]
        rolled[1:] = changed & (ends[1:] == ends[:-1])
    rolled[:1] = first
    return rolled


def _cut_short(rows: Bars, ends: np.ndarray, rolled: np.ndarray) -> np.ndarray:
    """End of each row's bar: that of its bucket, or the next change of contract."""
    changes = np.flatnonzero(rolled)
    if not len(changes):
        return ends
    following = np.searchsorted(changes, np.arange(len(rows)), side="right")
    known = np.r_[rows.time[changes], np.iinfo(np.int64).max]
    return np.minimum(ends, known[following])


def _aggregate(
    rows: Bars,
    starts: np.ndarray,
    ends: np.ndarray,
    rolled: np.ndarray,
    interval: int,
) -> Bars:
    """One bar for each run of rows that ends at the same time in one contract."""
    if not len(rows):
        return replace(rows, interval=interval, rule=None)
    first = np.flatnonzero(np.r_[True, ends[1:] != ends[:-1]] | rolled)
    last = np.r_[first[1:], len(rows)] - 1
    closed = ends[first]
    roll: dict[str, Any] = {
        n: column[first] for n, column in rows.roll_columns().items()
    }
    return Bars(
        time=closed,
        open=rows.open[first],
        high=np.maximum.reduceat(rows.high, first),
        low=np.minimum.reduceat(rows.low, first),
        close=rows.close[last],
        # bincount adds in order of rows; np.add.reduceat may add pairwise.
        volume=np.bincount(
            np.repeat(np.arange(len(first)), last - first + 1), weights=rows.volume
        ),
        open_time=np.where(rolled[first], rows.open_time[first], starts[first]),
        seq=np.r_[False, closed[1:] == closed[:-1]].astype(np.int64),
        filled=np.logical_and.reduceat(rows.filled, first),
        symbol=rows.symbol,
        interval=interval,
        prices=rows.prices,
        simulated=rows.simulated,
        **roll,
    )
