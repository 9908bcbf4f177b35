"""Session tables: when a market trades, as sorted arrays that can be stored.

A session is the interval ``(open, close]`` of one exchange day: a bar lies in it when
the bar closes inside it. Tables have explicit bounds; a time beyond them is an error
and never silently "outside the session".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal, final
from zoneinfo import ZoneInfo

import numpy as np

from barwise.bars.calendars import (
    UNSCHEDULED,
    Hours,
    ProductCalendar,
    get_calendar,
)
from barwise.bars.exchange_days import exchange_days
from barwise.core.arrays import SECOND
from barwise.core.errors import DataError

SessionHours = Literal["extended", "regular"]

_TIMES = ("open", "close", "rth_open", "rth_close", "halt_start", "halt_end", "day")
_FLAGS = ("half_day", "holiday_adjacent")
_EPOCH = date(1970, 1, 1)
_DAY_MINUTES = 24 * 60


@final
@dataclass(frozen=True, eq=False, repr=False)
class SessionTable:
    """The sessions of one product calendar between two moments.

    Parameters
    ----------
    calendar : str
        Name of the product calendar.
    start, end : int
        Bounds in nanoseconds UTC, both included: the table answers for these times.
    open, close : ndarray of int64, shape (session,)
        Extended hours (ETH): the whole session, nanoseconds UTC, increasing.
    rth_open, rth_close : ndarray of int64, shape (session,)
        Regular hours (RTH); both equal ``close`` where a session has none (CME on a
        U.S. holiday).
    halt_start, halt_end : ndarray of int64, shape (session,)
        A pause of trading inside the session; both equal ``close`` where there is none.
    day : ndarray of int64, shape (session,)
        The session's exchange date in days since 1970-01-01.
    half_day : ndarray of bool, shape (session,)
        The session closes earlier than usual.
    holiday_adjacent : ndarray of bool, shape (session,)
        The exchange day before or after is a scheduled holiday. Closures that were
        not known a month ahead do not count.

    Examples
    --------
    >>> import numpy as np
    >>> when = [
    ...     int(np.datetime64(t, "ns").astype(np.int64))
    ...     for t in ("2025-01-06", "2025-01-11")
    ... ]
    >>> table = session_table("cme_equity", *when)
    >>> table
    SessionTable(cme_equity, 5 sessions, 2025-01-06 to 2025-01-10)
    >>> mourning = table.close[3].astype("datetime64[ns]").astype("datetime64[m]")
    >>> str(mourning), bool(table.half_day[3])
    ('2025-01-09T14:30', True)
    """

    calendar: str
    start: int
    end: int
    open: np.ndarray
    close: np.ndarray
    rth_open: np.ndarray
    rth_close: np.ndarray
    halt_start: np.ndarray
    halt_end: np.ndarray
    day: np.ndarray
    half_day: np.ndarray
    holiday_adjacent: np.ndarray

    def __post_init__(self) -> None:
        for name in (*_TIMES, *_FLAGS):
            wanted = np.int64 if name in _TIMES else np.bool_
            fixed: np.ndarray = np.array(getattr(self, name), dtype=wanted)
            fixed.flags.writeable = False
            object.__setattr__(self, name, fixed)

    def __len__(self) -> int:
        return len(self.open)

    def __repr__(self) -> str:
        if not len(self):
            return f"SessionTable({self.calendar}, no sessions)"
        first, last = (self.day[[0, -1]]).astype("datetime64[D]")
        return (
            f"SessionTable({self.calendar}, {len(self):,} sessions, {first} to {last})"
        )

    def window(self, hours: SessionHours = "extended") -> tuple[np.ndarray, np.ndarray]:
        """Return open and close of every session's extended or regular hours."""
        if hours == "regular":
            return self.rth_open, self.rth_close
        return self.open, self.close

    def index_of(
        self, times: np.ndarray, *, hours: SessionHours = "extended"
    ) -> np.ndarray:
        """Return the session of each bar that closes at ``times``, -1 outside.

        Parameters
        ----------
        times : ndarray of int64, shape (n,)
            Close times in nanoseconds UTC: a session holds ``open < time <= close``.
        hours : {"extended", "regular"}
            Which hours count. A bar that closes in a halt is outside.

        Returns
        -------
        ndarray of int64, shape (n,)

        Raises
        ------
        DataError
            If a time lies beyond the table's bounds.
        """
        times = np.asarray(times, dtype=np.int64)
        found = self.window_of(times, hours=hours)
        rows = np.flatnonzero(found >= 0)
        at, session = times[rows], found[rows]
        halted = (self.halt_start[session] < at) & (at <= self.halt_end[session])
        found[rows[halted]] = -1
        return found

    def window_of(
        self, times: np.ndarray, *, hours: SessionHours = "extended"
    ) -> np.ndarray:
        """Return the same as :meth:`index_of`, with halts counted as inside."""
        times = np.asarray(times, dtype=np.int64)
        found = self.opened_before(times, hours=hours) - 1
        if not len(self):
            return found
        closes = self.window(hours)[1]
        return np.where((found >= 0) & (times <= closes[found]), found, -1)

    def opened_before(
        self, times: np.ndarray, *, hours: SessionHours = "extended"
    ) -> np.ndarray:
        """Return how many sessions of the table opened before each of some times."""
        self.check(times)
        opens = self.window(hours)[0]
        if len(times) < len(opens) or not (times[1:] >= times[:-1]).all():
            return np.searchsorted(opens, times, side="left")
        # In order and many: it is faster to look each session up among the times.
        first = np.searchsorted(times, opens, side="right")
        return np.cumsum(np.bincount(first, minlength=len(times))[: len(times)])

    def check(self, times: np.ndarray) -> None:
        """Raise a DataError if a time lies beyond the table's bounds."""
        if not len(times) or (times.min() >= self.start and times.max() <= self.end):
            return
        row = int(np.argmax((times < self.start) | (times > self.end)))
        raise DataError(
            f"row {row} at {_stamp(times[row])} lies beyond the session table of "
            f"{self.calendar}, which covers {_stamp(self.start)} to "
            f"{_stamp(self.end)}; build the table with wider bounds"
        )

    def regular(self) -> SessionTable:
        """Return the table of regular hours alone; sessions without any are left out.

        Examples
        --------
        >>> import numpy as np
        >>> july = np.array(["2023-06-30T12", "2023-07-06"], "datetime64[ns]")
        >>> table = session_table("us_equity", *july.astype(np.int64).tolist())
        >>> hours = (table.regular().close - table.regular().open) / 3.6e12
        >>> hours.tolist()
        [6.5, 3.5, 6.5]
        """
        rows = self.rth_open < self.rth_close
        arrays = {name: getattr(self, name)[rows] for name in (*_TIMES, *_FLAGS)}
        arrays |= {"open": arrays["rth_open"], "close": arrays["rth_close"]}
        # A halt that the regular hours do not reach is none.
        for name in ("halt_start", "halt_end"):
            arrays[name] = np.minimum(arrays[name], arrays["close"])
        return SessionTable(self.calendar, self.start, self.end, **arrays)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Return the table as named arrays, for storage and hashing."""
        arrays = {name: getattr(self, name) for name in (*_TIMES, *_FLAGS)}
        arrays["bounds"] = np.array([self.start, self.end], dtype=np.int64)
        arrays["calendar"] = np.array(self.calendar)
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> SessionTable:
        """Rebuild a table from :meth:`to_arrays`."""
        start, end = arrays["bounds"].tolist()
        columns = {name: arrays[name] for name in (*_TIMES, *_FLAGS)}
        return cls(str(arrays["calendar"]), start, end, **columns)


def session_table(calendar: str, start_ns: int, end_ns: int) -> SessionTable:
    """Return the sessions that touch ``start_ns .. end_ns``.

    Parameters
    ----------
    calendar : str
        Name of a product calendar.
    start_ns, end_ns : int
        Bounds in nanoseconds UTC, both included.

    Raises
    ------
    ConfigError
        If the calendar is unknown.
    DataError
        If the bounds reach beyond what the calendar knows.
    """
    known = _whole_table(calendar)
    if not known.start <= start_ns <= end_ns <= known.end:
        raise DataError(
            f"sessions of {calendar} asked for {_stamp(start_ns)} to {_stamp(end_ns)}, "
            f"but its hours and holidays are known from {_stamp(known.start)} to "
            f"{_stamp(known.end)} only; cut the data to that span"
        )
    rows = slice(
        int(np.searchsorted(known.close, start_ns, side="left")),
        int(np.searchsorted(known.open, end_ns, side="left")),
    )
    arrays = {name: getattr(known, name)[rows] for name in (*_TIMES, *_FLAGS)}
    return SessionTable(calendar, int(start_ns), int(end_ns), **arrays)


def coverage(calendar: str) -> tuple[int, int]:
    """Return the first and last nanosecond (UTC) for which a calendar is known."""
    known = _whole_table(calendar)
    return known.start, known.end


@dataclass(frozen=True)
class _Session:
    """One row of a table while it is built: nanoseconds UTC."""

    day: int
    edges: tuple[int, int, int, int, int, int]
    half_day: bool

    @property
    def regular(self) -> bool:
        return self.edges[2] < self.edges[3]


@lru_cache(maxsize=16)
def _whole_table(name: str) -> SessionTable:
    calendar = get_calendar(name)
    sessions = [row for day in _days(calendar) if (row := _session(calendar, day))]
    edges = np.array([row.edges for row in sessions], dtype=np.int64)
    columns = dict(zip(_TIMES, edges.T, strict=False))
    columns["day"] = np.array([row.day for row in sessions])
    columns["half_day"] = np.array([row.half_day for row in sessions])
    columns["holiday_adjacent"] = np.array(_holiday_adjacent(calendar, sessions))
    return SessionTable(name, int(edges[0, 0]), int(edges[-1, 1]), **columns)


def _days(calendar: ProductCalendar) -> list[date]:
    every = range((calendar.until - calendar.since).days + 1)
    days = [calendar.since + timedelta(days=step) for step in every]
    if calendar.schedule == "every_day":
        return days
    return [day for day in days if day.weekday() < 5]


def _session(calendar: ProductCalendar, day: date) -> _Session | None:
    number = (day - _EPOCH).days
    hours = next(one for one in reversed(calendar.hours) if one.since <= day)
    usual = _utc(calendar, day, _minutes(hours.close, ends=True))
    close = _close(calendar, day, number, usual)
    if close is None:
        return None
    opens = _minutes(hours.open)
    if opens >= _minutes(hours.close, ends=True):
        opens -= _DAY_MINUTES
    halt = _halt(calendar, day, hours, close)
    regular = _regular(calendar, day, number, close)
    edges = (_utc(calendar, day, opens), close, *regular, *halt)
    return _Session(number, edges, half_day=close < usual)


def _close(calendar: ProductCalendar, day: date, number: int, usual: int) -> int | None:
    """Close of the day's session: own corrections, then the exchange, then as usual."""
    if day in calendar.corrections:
        at = calendar.corrections[day]
        return None if at is None else _utc(calendar, day, _minutes(at))
    if (day.month, day.day) in calendar.closed:
        return None
    if calendar.exchange is None:
        return usual
    known = _exchange_days(calendar, calendar.exchange)
    if number not in known:
        return None
    early = known[number]
    if early is None:
        return usual
    return early + calendar.half_day_post * 60 * SECOND


def _regular(
    calendar: ProductCalendar, day: date, number: int, close: int
) -> tuple[int, int]:
    """Regular hours of a session, or an empty interval at its close."""
    opens = _utc(calendar, day, _minutes(calendar.regular[0]))
    closes = min(close, _utc(calendar, day, _minutes(calendar.regular[1], ends=True)))
    if calendar.regular_days is not None:
        cash = _exchange_days(calendar, calendar.regular_days)
        # A day of mourning stops shares, and what follows them, only.
        if number not in cash and (calendar.cash_close or day not in UNSCHEDULED):
            return close, close
        early = cash.get(number)
        if calendar.cash_close and early is not None:
            closes = min(closes, early)
    return (opens, closes) if opens < closes else (close, close)


def _halt(
    calendar: ProductCalendar, day: date, hours: Hours, close: int
) -> tuple[int, int]:
    if hours.halt is None:
        return close, close
    start, end = (_utc(calendar, day, _minutes(edge)) for edge in hours.halt)
    return (start, end) if end < close else (close, close)


def _holiday_adjacent(
    calendar: ProductCalendar, sessions: list[_Session]
) -> list[bool]:
    if calendar.schedule == "every_day":
        return [False] * len(sessions)
    days = [(day - _EPOCH).days for day in _days(calendar)]
    ordinary = {row.day for row in sessions if row.regular}
    ordinary |= {(day - _EPOCH).days for day in UNSCHEDULED}
    beside = {
        day: (before, after)
        for before, day, after in zip(
            [days[0], *days[:-1]], days, [*days[1:], days[-1]], strict=True
        )
    }
    return [not ordinary.issuperset(beside[row.day]) for row in sessions]


def _exchange_days(calendar: ProductCalendar, name: str) -> dict[int, int | None]:
    return exchange_days(name, calendar.since.year, calendar.until.year)


def _minutes(at: time, *, ends: bool = False) -> int:
    minutes = at.hour * 60 + at.minute
    return _DAY_MINUTES if ends and minutes == 0 else minutes


def _utc(calendar: ProductCalendar, day: date, minutes: int) -> int:
    """Nanoseconds UTC of a wall-clock minute of a local day."""
    midnight = datetime(
        day.year, day.month, day.day, tzinfo=ZoneInfo(calendar.timezone)
    )
    # Adding to an aware datetime moves the wall clock, which is what hours are written in.
    return int((midnight + timedelta(minutes=minutes)).timestamp()) * SECOND


def _stamp(nanoseconds: int) -> str:
    text = str(np.datetime64(int(nanoseconds), "ns").astype("datetime64[s]"))
    return text.replace("T", " ") + " UTC"
