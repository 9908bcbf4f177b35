"""Product calendars: which hours an instrument trades, and on which days.

Exchange holidays and early closes come from pandas-market-calendars; hours, regular
hours, trading halts and what that package misses stand here. Each table says where it
was checked; ``docs/decisions/0003-calendars.md`` has the figures.

All clock times are local to the calendar's time zone. A session is named by its
exchange date (the trade date): the one of Monday opens on Sunday evening.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from typing import Literal

from barwise.core.errors import ConfigError


@dataclass(frozen=True)
class Hours:
    """Trading hours that hold from a trade date on.

    Parameters
    ----------
    since : date
        First trade date with these hours.
    open, close : time
        Local times; a close of 00:00 is the end of the day. The session opens on the
        day before when it would not open before its close.
    halt : tuple of time, or None
        A pause inside the session, (start, end).
    """

    since: date
    open: time
    close: time
    halt: tuple[time, time] | None = None


Schedule = Literal["weekdays", "every_day"]


@dataclass(frozen=True)
class ProductCalendar:
    """Everything from which the sessions of a group of products follow.

    Parameters
    ----------
    name : str
        What an instrument refers to.
    timezone : str
        IANA name; daylight saving follows it.
    hours : tuple of Hours
        In order of ``since``.
    regular : tuple of time
        Open and close of regular hours (RTH).
    until : date
        Last trade date for which holidays are known or follow from a rule.
    schedule : {"weekdays", "every_day"}
        Days that can have a session.
    exchange : str or None
        Name in pandas-market-calendars whose holidays and early closes are used.
    closed : frozenset of (month, day)
        Yearly closures, for calendars without an exchange.
    corrections : mapping of date to time or None
        Early close of a trade date, or None for no session; they win over the exchange.
    regular_days : str or None
        Exchange whose open days have regular hours; None: every session has them.
    cash_close : bool
        Regular hours end no later than that exchange closes.
    half_day_post : int
        Minutes of extended trading that follow an early close of regular hours.
    """

    name: str
    timezone: str
    hours: tuple[Hours, ...]
    regular: tuple[time, time]
    until: date
    schedule: Schedule = "weekdays"
    exchange: str | None = None
    closed: frozenset[tuple[int, int]] = frozenset()
    corrections: Mapping[date, time | None] = field(default_factory=dict)
    regular_days: str | None = None
    cash_close: bool = False
    half_day_post: int = 0

    @property
    def since(self) -> date:
        """First trade date of the calendar."""
        return self.hours[0].since


# Rules of the exchanges are published a year or two ahead; beyond 2030 nothing is said.
_UNTIL = date(2030, 12, 31)
# CME: before this date the equity index session opened at 15:30 of the day before.
_CME_SINCE = date(2012, 11, 19)
# CME closed its day at 16:00 instead of 16:15 from here on.
_CME_EARLIER = date(2015, 9, 21)
# CME dropped the halt of 15:15-15:30 from here on.
_CME_NO_HALT = date(2021, 6, 28)

MOURNING = (date(2018, 12, 5), date(2025, 1, 9))
"""Days of mourning: NYSE closed, CME equity index stopped at 08:30, the rest traded."""

UNSCHEDULED = (date(2012, 10, 29), date(2012, 10, 30), *MOURNING)
"""Closures that no calendar knew a month ahead: no neighbour is holiday-adjacent."""

# Good Friday has a short session only in years whose payroll report falls on it; the
# package gives one to each year from 2023 on.
_QUIET_GOOD_FRIDAYS = (
    date(2024, 3, 29),
    date(2025, 4, 18),
    date(2027, 3, 26),
    date(2028, 4, 14),
    date(2029, 3, 30),
    date(2030, 4, 19),
)
# Metals and energy close at 12:45 on a Christmas Eve that is a trading day; the package
# knows that of 2026 only.
_CHRISTMAS_EVES = tuple(
    date(year, 12, 24)
    for year in (2012, 2013, 2014, 2015, 2018, 2019, 2020, 2024, 2025, 2029, 2030)
)
# Since 2022 metals and energy stop at 13:30 on U.S. holidays; the package has 12:00 for
# Labor Day.
_LABOR_DAYS = (
    date(2022, 9, 5),
    date(2023, 9, 4),
    date(2024, 9, 2),
    date(2025, 9, 1),
    date(2027, 9, 6),
    date(2028, 9, 4),
    date(2029, 9, 3),
    date(2030, 9, 2),
)
_EVENING = time(17)  # Chicago: Globex opens

_HALT = (time(15, 15), time(15, 30))

_METALS_CORRECTIONS: dict[date, time | None] = {
    **dict.fromkeys(_CHRISTMAS_EVES, time(12, 45)),
    **dict.fromkeys(_LABOR_DAYS, time(13, 30)),
}

_CALENDARS = (
    ProductCalendar(
        # ES, NQ and their micros; index CFDs keep the same hours.
        name="cme_equity",
        timezone="America/Chicago",
        hours=(
            Hours(_CME_SINCE, _EVENING, time(16, 15), _HALT),
            Hours(_CME_EARLIER, _EVENING, time(16), _HALT),
            Hours(_CME_NO_HALT, _EVENING, time(16)),
        ),
        regular=(time(8, 30), time(15)),
        until=_UNTIL,
        exchange="CME Globex Equity",
        corrections={
            **dict.fromkeys(_QUIET_GOOD_FRIDAYS),
            **dict.fromkeys(MOURNING, time(8, 30)),
        },
        regular_days="NYSE",
        cash_close=True,
    ),
    ProductCalendar(
        # COMEX gold and its micro, spot gold CFDs. Regular: the former pit (08:20-13:30
        # New York).
        name="cme_metals",
        timezone="America/Chicago",
        hours=(
            Hours(_CME_SINCE, _EVENING, time(16, 15)),
            Hours(_CME_EARLIER, _EVENING, time(16)),
        ),
        regular=(time(7, 20), time(12, 30)),
        until=_UNTIL,
        exchange="CMEGlobex_GC",
        corrections=_METALS_CORRECTIONS,
        regular_days="NYSE",
    ),
    ProductCalendar(
        # Currency futures. Regular: the former pit.
        name="cme_fx",
        timezone="America/Chicago",
        hours=(Hours(_CME_SINCE, _EVENING, time(16)),),
        regular=(time(7, 20), time(14)),
        until=_UNTIL,
        exchange="CMEGlobex_FX",
        corrections={
            **dict.fromkeys(_QUIET_GOOD_FRIDAYS),
            date(2015, 4, 3): time(10, 15),  # payrolls; the package has it closed
        },
        regular_days="NYSE",
    ),
    ProductCalendar(
        # Brent CFD. It follows New York, not London: in the week between the two
        # changes of the clock its hours stay 20:00-17:00 New York.
        name="cfd_energy",
        timezone="America/New_York",
        hours=(Hours(_CME_SINCE, time(20), time(17)),),
        regular=(time(9), time(14, 30)),
        until=_UNTIL,
        exchange="CMEGlobex_CL",
        corrections={
            **dict.fromkeys(_CHRISTMAS_EVES, time(13, 45)),
            **dict.fromkeys(_LABOR_DAYS, time(14, 30)),
        },
        regular_days="NYSE",
    ),
    ProductCalendar(
        # Spot currencies: one session a 17:00-17:00 day, Sunday evening to Friday.
        # Banks close on two days; some feeds quote into Christmas morning.
        # Regular: the New York day.
        name="forex",
        timezone="America/New_York",
        hours=(Hours(date(2000, 1, 3), time(17), time(17)),),
        regular=(time(8), time(17)),
        until=_UNTIL,
        closed=frozenset({(1, 1), (12, 25)}),
    ),
    ProductCalendar(
        # Crypto never closes: UTC days, so that a day has a fixed start and end.
        name="crypto",
        timezone="UTC",
        hours=(Hours(date(2009, 1, 3), time(0), time(0)),),
        regular=(time(0), time(0)),
        until=_UNTIL,
        schedule="every_day",
    ),
    ProductCalendar(
        # U.S. shares with pre- and post-market; half-days end four hours after 13:00.
        name="us_equity",
        timezone="America/New_York",
        hours=(Hours(date(2008, 1, 2), time(4), time(20)),),
        regular=(time(9, 30), time(16)),
        until=_UNTIL,
        exchange="NYSE",
        regular_days="NYSE",
        cash_close=True,
        half_day_post=240,
    ),
)

CALENDARS: dict[str, ProductCalendar] = {one.name: one for one in _CALENDARS}


def get_calendar(name: str) -> ProductCalendar:
    """Return a product calendar by name.

    Raises
    ------
    ConfigError
        If there is none of that name.

    Examples
    --------
    >>> get_calendar("forex").timezone
    'America/New_York'
    """
    if name not in CALENDARS:
        raise ConfigError(
            f"unknown calendar {name!r}; known calendars are {', '.join(CALENDARS)}"
        )
    return CALENDARS[name]
