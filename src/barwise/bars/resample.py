"""Longer bars from shorter ones, each emitted when its interval has passed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, final

import numpy as np

from barwise.bars.bars import Bars, format_interval
from barwise.bars.growing import GrowingBar
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
    later = sessions.opened_before(times, hours=hours)
    inside = later > 0
    inside[inside] = times[inside] <= closes[later[inside] - 1]
    grid, ends = np.empty_like(times), np.empty_like(times)
    # A bar belongs to the bucket in which it closes, hence the interval is (start, end].
    session, at = later[inside] - 1, times[inside]
    origin = opens[session]
    grid[inside] = origin + (at - origin - 1) // interval * interval
    ends[inside] = np.minimum(grid[inside] + interval, closes[session])
    outside = ~inside
    grid[outside] = (times[outside] - 1) // interval * interval
    ends[outside] = grid[outside] + interval
    before = outside & (later < len(opens))
    ends[before] = np.minimum(ends[before], opens[later[before]])
    return grid, ends


_NO_ROWS = np.zeros(0, np.int64)


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
    repeats : bool
        Take event bars, and rows that repeat a time. Where bars have no interval, one
        more row may close at the end of a bar: it is emitted with the first row of a
        later time, else on ``advance``. Where they have one, a row that repeats the
        time at which a bar was closed makes a bar of its own.

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
        self,
        interval: int,
        sessions: SessionTable,
        hours: SessionHours = "extended",
        *,
        repeats: bool = False,
    ) -> None:
        self._interval = interval
        self._sessions = sessions
        self._hours: SessionHours = hours
        self._repeats = repeats
        self._none = empty_bars(interval)
        self._held: GrowingBar | None = None
        self._bucket = NEVER  # end of the bucket of the last row
        self._clock = NEVER
        self._emitted = (NEVER, 0)  # time and seq of the last bar
        self._session = (0, 0)  # open and close of the last row's: spares a search

    def push(self, chunk: Bars) -> Bars:
        """Take rows in order of time and return the bars that they complete.

        Raises
        ------
        DataError
            If times go back (or repeat, unless ``repeats`` or the rows are trades), or
            the source's interval does not divide the target.
        """
        return self.push_rows(chunk)[0]

    def push_rows(self, chunk: Bars) -> tuple[Bars, np.ndarray]:
        """Do what :meth:`push` does, and say which rows completed the bars.

        Returns
        -------
        Bars
            The bars that are complete.
        ndarray of int64, shape (len(bars),)
            For each, the row of the chunk with which it became known.
        """
        self._check_interval(chunk)
        check_order(
            chunk, self._clock, strictly=not (self._repeats or chunk.are_trades)
        )
        if chunk.symbol != self._none.symbol:
            self._none = replace(chunk[:0], interval=self._interval, rule=None)
        if not len(chunk):
            return self._none, _NO_ROWS
        self._clock = int(chunk.time[-1])
        return self._take_one(chunk) if len(chunk) == 1 else self._take_many(chunk)

    def advance(self, to_time: int) -> Bars:
        """Return the bars whose interval ends at or before ``to_time``."""
        self._clock = max(self._clock, to_time)
        if self._held is None or self._held.end > to_time:
            return self._none
        done, self._held = self._held, None
        return self._emit([done])

    def snapshot(self) -> State:
        """Return the unfinished bar and the times that are over."""
        held = self._held
        return {
            **bars_to_arrays(
                self._none if held is None else self._row_of(held, held.time)
            ),
            "end": np.array(NEVER if held is None else held.end),
            "bucket": np.array(self._bucket),
            "clock": np.array(self._clock),
            "emitted": np.array(self._emitted),
        }

    def restore(self, state: State) -> None:
        """Go on from a snapshot of a resampler with the same settings."""
        state = dict(state)
        end = int(state.pop("end"))
        self._bucket = int(state.pop("bucket"))
        self._clock = int(state.pop("clock"))
        time, seq = state.pop("emitted").tolist()
        self._emitted = (time, seq)
        held = bars_from_arrays(state)
        self._none = replace(held[:0], interval=self._interval, rule=None)
        self._held = (
            GrowingBar.begin(held, end, int(held.open_time[0])) if len(held) else None
        )

    def _take_one(self, bars: Bars) -> tuple[Bars, np.ndarray]:
        held, row = self._held, bars.row
        done = []
        if held is not None and held.takes(row):
            held.add(row)
        else:
            if held is not None:
                # A contract that changes inside a bucket ends the bar, now it is known.
                held.end = min(held.end, row.time)
                done.append(held)
            self._held = held = self._begin(bars)
        if bars.interval is not None and row.time == held.end:
            done.append(held)
            self._held = None
        if not done:
            return self._none, _NO_ROWS
        return self._emit(done), np.zeros(len(done), np.int64)

    def _begin(self, bars: Bars) -> GrowingBar:
        start, end = self._bucket_of(bars.row.session_time)
        if end == self._bucket:  # a bar of this bucket was closed already
            start = bars.row.open_time
        self._bucket = end
        new = GrowingBar.begin(bars, end, start)
        new.volume += 0.0  # as a sum over a column does
        return new

    def _take_many(self, chunk: Bars) -> tuple[Bars, np.ndarray]:
        starts, ends = bucket_bounds(
            chunk.session_time, self._interval, self._sessions, self._hours
        )
        before = self._bucket
        self._bucket = int(ends[-1])
        rows, extra = chunk, 0
        held = self._held
        if held is not None:
            joined = Bars.concat([self._row_of(held, held.time), chunk])
            rows, extra, before = replace(joined, interval=chunk.interval), 1, NEVER
            starts = np.r_[held.open_time, starts]
            ends = np.r_[held.end, ends]
        again = _begun_again(rows, ends, before)
        first = np.flatnonzero(np.r_[True, ends[1:] != ends[:-1]] | again)
        last = np.r_[first[1:], len(rows)] - 1
        begins = np.where(again[first], rows.open_time[first], starts[first])
        bars = _aggregate(rows, first, last, begins, self._interval)
        closes, complete = ends[first], len(first)
        known = np.r_[first[1:], len(rows)]
        if chunk.interval is not None:
            known = np.where(rows.time[last] == closes, last, known)
        self._held = None
        if known[-1] == len(rows):  # no row of the chunk completes the last bar
            complete -= 1
            self._held = GrowingBar.begin(bars[-1:], int(closes[-1]), int(begins[-1]))
            self._held.time = self._clock
        cut = again[first[1:]]  # these ended with the row that was the next one's first
        closes[:-1][cut] = np.minimum(closes[:-1], rows.time[first[1:]])[cut]
        bars = bars.with_columns(time=closes)[:complete]
        return self._numbered(bars), known[:complete] - extra

    def _bucket_of(self, time: int) -> tuple[int, int]:
        opens, closes = self._session
        if not opens < time <= closes:
            at = np.array([time])
            found = int(self._sessions.window_of(at, hours=self._hours)[0])
            if found < 0:
                bounds = bucket_bounds(at, self._interval, self._sessions, self._hours)
                return int(bounds[0][0]), int(bounds[1][0])
            opens, closes = (int(w[found]) for w in self._sessions.window(self._hours))
            self._session = (opens, closes)
        start = opens + (time - opens - 1) // self._interval * self._interval
        return start, min(start + self._interval, closes)

    def _emit(self, done: list[GrowingBar]) -> Bars:
        rows = [self._row_of(bar, bar.end) for bar in done]
        return self._numbered(rows[0] if len(rows) == 1 else Bars.concat(rows))

    def _numbered(self, bars: Bars) -> Bars:
        """Number the bars that close at one time: ``seq``."""
        if not len(bars):
            return self._none
        time, seq = self._emitted
        same = np.flatnonzero(bars.time[1:] == bars.time[:-1]) + 1
        if not len(same) and bars.time[0] != time:
            self._emitted = (int(bars.time[-1]), 0)
            return bars
        counts = np.zeros(len(bars), np.int64)
        counts[0] = seq + 1 if bars.time[0] == time else 0
        for i in same:
            counts[i] = counts[i - 1] + 1
        self._emitted = (int(bars.time[-1]), int(counts[-1]))
        return bars.with_columns(seq=counts)

    def _row_of(self, bar: GrowingBar, time: int) -> Bars:
        return replace(
            self._none,
            time=np.array([time]),
            open_time=np.array([bar.open_time]),
            seq=np.zeros(1, np.int64),
            open=np.array([bar.open]),
            high=np.array([bar.high]),
            low=np.array([bar.low]),
            close=np.array([bar.close]),
            volume=np.array([bar.volume]),
            filled=np.array([bar.filled]),
            **bar.roll,
        )

    def _check_interval(self, chunk: Bars) -> None:
        source = chunk.interval
        if chunk.are_trades or (source is None and self._repeats):
            return
        if source is None or self._interval % source:
            raise DataError(
                f"{chunk.symbol}: bars of {chunk.length} cannot become "
                f"{format_interval(self._interval)} bars; the target must be a multiple "
                "of the source's interval"
            )


def _begun_again(rows: Bars, ends: np.ndarray, before: int) -> np.ndarray:
    """Rows that begin another bar inside a bucket whose last bar is closed.

    That one was closed by a change of contract, or by a row of the same time;
    ``before`` is the bucket of a bar that was closed before these rows.
    """
    again = np.zeros(len(rows), dtype=np.bool_)
    again[0] = ends[0] == before
    if rows.contract is not None:
        again[1:] = rows.contract[1:] != rows.contract[:-1]
    if rows.interval is not None:
        again[1:] |= rows.time[:-1] == ends[:-1]
    again[1:] &= ends[1:] == ends[:-1]
    return again


def _aggregate(
    rows: Bars, first: np.ndarray, last: np.ndarray, begins: np.ndarray, interval: int
) -> Bars:
    """One bar for each run of rows, stamped with the time of its last row."""
    roll: dict[str, Any] = {
        n: column[first] for n, column in rows.roll_columns().items()
    }
    return Bars(
        time=rows.time[last],
        open=rows.open[first],
        high=np.maximum.reduceat(rows.high, first),
        low=np.minimum.reduceat(rows.low, first),
        close=rows.close[last],
        # bincount adds in order of rows; np.add.reduceat may add pairwise.
        volume=np.bincount(
            np.repeat(np.arange(len(first)), last - first + 1), weights=rows.volume
        ),
        open_time=begins,
        seq=np.zeros(len(first), np.int64),
        filled=np.logical_and.reduceat(rows.filled, first),
        symbol=rows.symbol,
        interval=interval,
        prices=rows.prices,
        simulated=rows.simulated,
        **roll,
    )
