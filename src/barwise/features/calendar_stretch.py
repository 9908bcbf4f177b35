"""The stretch of time around an instant in which every calendar column is a line.

Bars that come one at a time ask for one instant after another. Between two events of
the schedule (an open, a close, a halt, a change of the clock) a column is fixed or
grows with the minutes, so the events are looked up once a stretch. A stretch follows
from any instant in it: keeping one saves time and is no memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import final

import numpy as np

from barwise.bars.sessions import SessionTable
from barwise.core.arrays import DAY, HOUR, MINUTE, SECOND
from barwise.features.local_time import utc_offsets

_NAMES = (
    "local_hour",
    "minutes_since_open",
    "minutes_to_close",
    "session_day",
    "session_weekday",
    "session_length",
    "is_rth",
    "holiday_adjacent",
)
_NAN = float("nan")


@final
@dataclass(frozen=True, slots=True)
class CalendarStretch:
    """Calendar columns of the instants ``after < time <= until``.

    ``offset`` is the local clock's from UTC, ``open`` and ``close`` the session's (all
    in nanoseconds), ``fixed`` the columns that do not change; outside of every session
    ``open`` is None.
    """

    after: int
    until: int
    offset: int
    open: int | None
    close: int
    fixed: tuple[float, ...]

    def holds(self, time: int) -> bool:
        """Whether an instant lies in the stretch."""
        return self.after < time <= self.until

    def columns(self, time: int) -> dict[str, np.ndarray]:
        """Return the columns of one bar that closes at ``time``, as arrays of one."""
        hour = ((time + self.offset) % DAY) / HOUR
        gone = left = _NAN
        if self.open is not None:
            gone, left = (time - self.open) / MINUTE, (self.close - time) / MINUTE
        rows = np.array([hour, gone, left, *self.fixed]).reshape(-1, 1)
        return dict(zip(_NAMES, rows, strict=True))


def stretch_at(time: int, zone: str, table: SessionTable) -> CalendarStretch:
    """Return the stretch around an instant.

    Parameters
    ----------
    time : int
        Close of a bar in nanoseconds UTC.
    zone : str
        IANA name of the time zone.
    table : SessionTable

    Raises
    ------
    DataError
        If the time lies beyond the table's bounds.
    """
    inside = bool(table.index_of(np.array([time]))[0] >= 0)
    year = datetime.fromtimestamp(time // SECOND, UTC).year
    starts, offsets = utc_offsets(zone, year, year)
    offset = int(offsets[np.searchsorted(starts, time, side="right") - 1])
    next_year = int(datetime(year + 1, 1, 1, tzinfo=UTC).timestamp()) * SECOND
    edges = [table.start - 1, table.end, next_year - 1, *(starts - 1).tolist()]
    row = int(np.searchsorted(table.open, time, side="left")) - 1
    edges += table.open[row + 1 : row + 2].tolist()
    opened, closed, fixed = None, 0, (_NAN,) * 5
    if row >= 0:
        events = (table.open, table.rth_open, table.rth_close, table.close)
        halt = (table.halt_start, table.halt_end)
        edges += [int(moments[row]) for moments in (*events, *halt)]
    if inside:
        opened, closed = int(table.open[row]), int(table.close[row])
        day = int(table.day[row])
        fixed = (
            float(day),
            # 1970-01-01 was a Thursday.
            float((day + 3) % 7),
            (closed - opened) / MINUTE,
            float(table.rth_open[row] < time <= table.rth_close[row]),
            float(table.holiday_adjacent[row]),
        )
    return CalendarStretch(
        max(edge for edge in edges if edge < time),
        min(edge for edge in edges if edge >= time),
        offset,
        opened,
        closed,
        fixed,
    )
