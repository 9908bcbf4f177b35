"""Calendar columns of some bars: local time and place in the session.

Each value is a function of the bar's close time and the exchange's schedule alone, so
a column has no memory and needs none.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import final

import numpy as np

from barwise.bars.calendars import get_calendar
from barwise.bars.sessions import coverage, session_table
from barwise.core.arrays import MINUTE
from barwise.features.calendar_stretch import CalendarStretch, stretch_at
from barwise.features.local_time import local_hours


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
        self._stretch: CalendarStretch | None = None

    def columns(self, times: np.ndarray, names: Iterable[str]) -> dict[str, np.ndarray]:
        """Return the named columns for bars that close at ``times`` (int64 ns UTC).

        Other columns of the session may come with them.
        """
        wanted = set(names)
        made: dict[str, np.ndarray] = {}
        if "local_hour" in wanted:
            made["local_hour"] = local_hours(times, self._zone)
            wanted.remove("local_hour")
        if wanted:
            made |= self._session_columns(times)
        return made

    def of_one(self, time: int) -> dict[str, np.ndarray]:
        """Return all columns for one bar, with the same bits."""
        if self._stretch is None or not self._stretch.holds(time):
            self._stretch = stretch_at(time, self._zone, self._table)
        return self._stretch.columns(time)

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
