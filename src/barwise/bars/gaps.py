"""What happens to intervals without a bar: filled forward, interpolated, or left out."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, final

import numpy as np

from barwise.bars.bars import Bars
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

GapPolicy = Literal["ffill", "drop", "interpolate"]

_FOREVER = np.iinfo(np.int64).max


@final
class GapFiller(Stage[Bars, Bars]):
    """Fill intervals without a bar from the previous close, inside a session.

    A made row has open, high, low and close equal to the previous close, volume 0 (NaN
    where the previous row has none), the previous contract and ``filled`` true. It is
    known when its interval has passed: with the next row, or on ``advance``.

    Nothing is made across a session break: neither before the first bar of a session
    nor for a session without a bar, nor inside a halt, nor after a row that lies
    outside of all sessions.

    Parameters
    ----------
    interval : int
        Length of a bar in nanoseconds; intervals are counted from the session's open.
    sessions : SessionTable
        Must cover every time that is pushed.
    hours : {"extended", "regular"}
        Which hours are complete.

    Examples
    --------
    >>> from barwise.bars.sessions import session_table
    >>> from barwise.core.arrays import MINUTE
    >>> crypto = session_table("crypto", 1_300_000_000 * 10**9, 1_300_100_000 * 10**9)
    >>> t = crypto.start // MINUTE * MINUTE + np.array([1, 2, 5]) * MINUTE
    >>> price = np.array([7.0, 8.0, 9.0])
    >>> bars = Bars.of(t, price, price, price, price, interval=MINUTE)
    >>> full = GapFiller(MINUTE, crypto).push(bars)
    >>> full.close.tolist(), full.filled.tolist()
    ([7.0, 8.0, 8.0, 8.0, 9.0], [False, False, True, True, False])
    """

    def __init__(
        self, interval: int, sessions: SessionTable, hours: SessionHours = "extended"
    ) -> None:
        self._interval = interval
        self._sessions = sessions
        self._hours: SessionHours = hours
        self._last = empty_bars()  # the last row emitted, or none
        self._clock = NEVER

    def push(self, chunk: Bars) -> Bars:
        """Return the rows of ``chunk`` with the missing ones before each of them.

        Raises
        ------
        DataError
            If times go back or the bars have another interval.
        """
        if chunk.interval != self._interval:
            raise DataError(
                f"{chunk.symbol}: gaps are filled in bars of {self._interval} ns, got "
                f"bars of {chunk.interval} ns; resample first"
            )
        check_order(chunk, self._clock, strictly=False)
        if not len(chunk):
            return self._empty_like(chunk)
        parts = [part for part in (self._last, chunk) if len(part)]
        times = np.concatenate([part.time for part in parts])
        before, time, start = self._missing(times[:-1], times[1:])
        self._clock = int(chunk.time[-1])
        self._last = chunk[-1:]
        if not len(time):
            return chunk
        made = _fills(Bars.concat(parts)[before], time, start)
        joined = Bars.concat([chunk, made])
        return joined[np.argsort(joined.time, kind="stable")]

    def advance(self, to_time: int) -> Bars:
        """Return the missing rows whose interval ends at or before ``to_time``."""
        self._clock = max(self._clock, to_time)
        last = self._last
        before, time, start = self._missing(last.time, np.full(len(last), _FOREVER))
        due = time <= to_time
        if not due.any():
            return last[:0]
        made = _fills(last[before[due]], time[due], start[due])
        self._last = made[-1:]
        return made

    def snapshot(self) -> State:
        """Return the last row and the time that is over."""
        return {
            **bars_to_arrays(self._last),
            "clock": np.array(self._clock, dtype=np.int64),
        }

    def restore(self, state: State) -> None:
        """Go on from a snapshot of a filler with the same settings."""
        state = dict(state)
        self._clock = int(state.pop("clock"))
        self._last = bars_from_arrays(state)

    def _empty_like(self, chunk: Bars) -> Bars:
        if not len(self._last):
            self._last = chunk
        return chunk

    def _missing(
        self, times: np.ndarray, following: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Row before, end and start of each slot without a row.

        Slots are those of the session of ``times`` that begin no earlier than that row
        closes, up to the slot of the following row or the close.
        """
        table, interval = self._sessions, self._interval
        found = table.window_of(times, hours=self._hours)
        inside = np.flatnonzero(found >= 0)
        opens, closes = (edge[found[inside]] for edge in table.window(self._hours))
        # Slot j is (open + j * interval, open + (j + 1) * interval], cut at the close.
        first = -((opens - times[inside]) // interval)  # ceil: the slot after the row's
        follows = following[inside] <= closes
        stop = np.minimum(following[inside], closes) - opens - 1
        counts = np.maximum(stop // interval + ~follows - first, 0)
        before = np.repeat(inside, counts)
        slot = np.arange(len(before)) - np.repeat(np.cumsum(counts) - counts, counts)
        start = np.repeat(opens, counts) + (slot + np.repeat(first, counts)) * interval
        time = np.minimum(start + interval, np.repeat(closes, counts))
        halt = found[before]
        traded = (start < table.halt_start[halt]) | (time > table.halt_end[halt])
        return before[traded], time[traded], start[traded]


def _fills(before: Bars, time: np.ndarray, start: np.ndarray) -> Bars:
    """Flat rows at the close of the row before each of them."""
    price = before.close
    return replace(
        before,
        time=time,
        open_time=start,
        open=price,
        high=price,
        low=price,
        volume=np.where(np.isnan(before.volume), np.nan, 0.0),
        seq=np.zeros(len(time), dtype=np.int64),
        filled=np.ones(len(time), dtype=np.bool_),
    )


def interpolate_gaps(
    bars: Bars, sessions: SessionTable, hours: SessionHours = "extended"
) -> Bars:
    """Fill intervals without a bar on a straight line between their neighbours.

    Each of open, high, low and close is interpolated linearly in time between the bar
    before and the bar after, inside one session; volume is 0 (NaN without volume).

    This looks into the future: a made row depends on the bar that follows it. It works
    on whole series only and is no stage; what is trained on it cannot serve live.

    Parameters
    ----------
    bars : Bars
        A whole series of fixed interval.
    sessions : SessionTable
        Must cover the bars.
    hours : {"extended", "regular"}
        Which hours are complete.

    Examples
    --------
    >>> from barwise.bars.sessions import session_table
    >>> from barwise.core.arrays import MINUTE
    >>> crypto = session_table("crypto", 1_300_000_000 * 10**9, 1_300_100_000 * 10**9)
    >>> t = crypto.start // MINUTE * MINUTE + np.array([1, 4]) * MINUTE
    >>> price = np.array([7.0, 10.0])
    >>> bars = Bars.of(t, price, price, price, price, interval=MINUTE)
    >>> interpolate_gaps(bars, crypto).close.tolist()
    [7.0, 8.0, 9.0, 10.0]
    """
    if bars.interval is None:
        raise DataError(f"{bars.symbol}: event bars have no gaps to interpolate")
    full = GapFiller(bars.interval, sessions, hours).push(bars)
    made = full.filled.copy()
    made[np.searchsorted(full.time, bars.time[bars.filled])] = False
    # A made row without a later bar in its session has nothing to lead to.
    session = sessions.window_of(full.time, hours=hours)
    real = np.flatnonzero(~made)
    after = np.searchsorted(real, np.arange(len(full)), side="right")
    follows = real[np.minimum(after, len(real) - 1)]
    keep = ~made | ((after < len(real)) & (session[follows] == session))
    full, made = full[keep], made[keep]
    known = ~made
    lines = {
        name: np.where(
            made,
            np.interp(full.time, full.time[known], getattr(full, name)[known]),
            getattr(full, name),
        )
        for name in ("open", "high", "low", "close")
    }
    return full.with_columns(**lines)
