"""Calendar columns of some bars: local time and place in the session.

Each value is a function of the bar's close time and the exchange's schedule alone, so
a column has no memory and needs none.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import final
from zoneinfo import ZoneInfo

import numpy as np

from barwise.bars.calendars import get_calendar
from barwise.bars.sessions import coverage, session_table
from barwise.core.arrays import DAY, HOUR, MINUTE, SECOND


@final
class CalendarInputs:
    """Calendar columns for one product calendar.

    Examples
    --------
    A bar that closes on Wednesday 2024-01-03 at 15:00 UTC, 10:00 in New York:

    >>> import numpy as np
    >>> close = np.array([np.datetime64("2024-01-03T15:00", "ns").astype(np.int64)])
    >>> columns = CalendarInputs("us_equity").columns(close, ["local_hour", "is_rth"])
    >>> columns["local_hour"].item(), columns["is_rth"].item()
    (10.0, 1.0)
    """

    def __init__(self, calendar: str) -> None:
        self._zone = get_calendar(calendar).timezone
        self._table = session_table(calendar, *coverage(calendar))

    def columns(self, times: np.ndarray, names: Iterable[str]) -> dict[str, np.ndarray]:
        """Return the named columns for bars that close at ``times`` (int64 ns UTC)."""
        wanted = set(names)
        made: dict[str, np.ndarray] = {}
        if "local_hour" in wanted:
            made["local_hour"] = local_hours(times, self._zone)
            wanted.remove("local_hour")
        if wanted:
            made |= self._session_columns(times)
        return made

    def _session_columns(self, times: np.ndarray) -> dict[str, np.ndarray]:
        table = self._table
        at = table.index_of(times)
        inside = at >= 0
        everywhere = bool(inside.all())
        at = at if everywhere else np.where(inside, at, 0)
        start, stop = table.open[at], table.close[at]
        regular = (times > table.rth_open[at]) & (times <= table.rth_close[at])
        found = {
            "session_day": table.day[at].astype(np.float64),
            # 1970-01-01 was a Thursday.
            "session_weekday": ((table.day[at] + 3) % 7).astype(np.float64),
            "minutes_since_open": (times - start) / MINUTE,
            "minutes_to_close": (stop - times) / MINUTE,
            "session_length": (stop - start) / MINUTE,
            "is_rth": regular.astype(np.float64),
            "holiday_adjacent": table.holiday_adjacent[at].astype(np.float64),
        }
        if everywhere:
            return found
        return {name: np.where(inside, value, np.nan) for name, value in found.items()}


def local_hours(times: np.ndarray, zone: str) -> np.ndarray:
    """Return the local time of day in hours, 0..24, at some instants.

    Parameters
    ----------
    times : ndarray of int64, shape (n,)
        Nanoseconds UTC.
    zone : str
        IANA name of the time zone.

    Examples
    --------
    Both instants are 14:30 in New York; the clock changed in between.

    >>> import numpy as np
    >>> days = np.array(["2024-03-08T19:30", "2024-03-11T18:30"], "datetime64[ns]")
    >>> local_hours(days.astype(np.int64), "America/New_York")
    array([14.5, 14.5])
    """
    if not len(times):
        return np.zeros(0)
    first = datetime.fromtimestamp(int(times.min()) // SECOND, UTC).year
    last = datetime.fromtimestamp(int(times.max()) // SECOND, UTC).year
    starts, offsets = _offsets(zone, first, last)
    at = np.searchsorted(starts, times, side="right") - 1
    return ((times + offsets[at]) % DAY) / HOUR


@lru_cache(maxsize=64)
def _offsets(zone: str, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
    """UTC offsets (ns) of a zone and the instants (ns) from which they hold."""
    info = ZoneInfo(zone)

    def offset(instant: datetime) -> timedelta:
        return instant.astimezone(info).utcoffset() or timedelta(0)

    minute = timedelta(minutes=1)
    day = datetime(first, 1, 1, tzinfo=UTC) - timedelta(days=1)
    changes = [(day, offset(day))]
    while day.year <= last:
        following = day + timedelta(days=1)
        if offset(following) != changes[-1][1]:
            # The first minute of the day that has the new offset.
            steps = range(1, 24 * 60 + 1)
            place = bisect_right(
                steps, False, key=lambda k: offset(day + k * minute) != changes[-1][1]
            )
            change = day + steps[place] * minute
            changes.append((change, offset(change)))
        day = following
    starts = [int(when.timestamp()) * SECOND for when, _ in changes]
    lengths = [int(value.total_seconds()) * SECOND for _, value in changes]
    return np.array(starts, np.int64), np.array(lengths, np.int64)
