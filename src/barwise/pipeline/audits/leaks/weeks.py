"""Weeks in which the clock of a source is another one than in the rest."""

from __future__ import annotations

import numpy as np

from barwise.bars.bars import Bars
from barwise.bars.instruments import Instrument
from barwise.bars.prepare import sessions_of
from barwise.core.arrays import DAY

_STRAY = 0.03
"""Share of a day's rows outside the sessions; an hour's shift puts 4 % there."""
_DAYS = 3
"""Days of one week that have to agree."""
_MONDAY = 4
"""1970-01-05 was one."""


def week_doubts(bars: Bars, instrument: Instrument) -> list[str]:
    """Say in which weeks rows close outside the sessions, day after day.

    A source whose clock changes a week early or late (daylight saving by another
    country's dates, or not at all) is right in most weeks, so that the whole file looks
    right.

    Parameters
    ----------
    bars : Bars
        As read.
    instrument : Instrument

    Examples
    --------
    >>> from barwise.bars.instruments import get_instrument
    >>> from barwise.bars.simulate import simulate_bars
    >>> bars, mes = simulate_bars("MES", days=40), get_instrument("MES")
    >>> week_doubts(bars, mes)
    []
    >>> late = (bars.time > bars.time[20_000]) & (bars.time < bars.time[27_000])
    >>> hour = 3_600_000_000_000
    >>> moved = bars.with_columns(
    ...     time=bars.time + hour * late, open_time=bars.open_time + hour * late
    ... )
    >>> week_doubts(moved, mes)[0][:45]
    'in the week of 2022-01-24 rows close outside '
    """
    if not len(bars):
        return []
    time = bars.session_time
    outside = sessions_of(bars, instrument.calendar).index_of(time) < 0
    if not outside.any() or outside.mean() > _STRAY:
        return []  # the whole file is told of already
    days, number = np.unique(time // DAY, return_inverse=True)
    share = np.bincount(number, outside) / np.bincount(number)
    stray = days[share > _STRAY]
    weeks, count = np.unique((stray - _MONDAY) // 7, return_counts=True)
    found = weeks[count >= _DAYS]
    if not len(found):
        return []
    first = np.datetime64(int(found[0]) * 7 + _MONDAY, "D")
    more = f" and {len(found) - 1} more weeks" if len(found) > 1 else ""
    return [
        f"in the week of {first}{more} rows close outside the sessions on {_DAYS} days or "
        "more: the clock of the source changed on other dates (data.timezone)"
    ]
