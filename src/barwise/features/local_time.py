"""Exchange-local time of day of instants in UTC."""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

from barwise.core.arrays import DAY, HOUR, SECOND


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
    starts, offsets = utc_offsets(zone, first, last)
    at = np.searchsorted(starts, times, side="right") - 1
    return ((times + offsets[at]) % DAY) / HOUR


@lru_cache(maxsize=64)
def utc_offsets(zone: str, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the UTC offsets (ns) of a zone and the instants (ns) they hold from.

    Parameters
    ----------
    zone : str
        IANA name of the time zone.
    first, last : int
        Years, both included.
    """
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
