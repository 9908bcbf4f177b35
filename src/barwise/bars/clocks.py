"""Guess a source's clock and label from the weeks that its timestamps show."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import final
from zoneinfo import ZoneInfo

import numpy as np

from barwise.bars.bars import format_interval
from barwise.core.arrays import DAY, HOUR, MINUTE, SECOND

_NEW_YORK = ZoneInfo("America/New_York")
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

# First fit wins: clocks that vendors use, the plainest first.
_CLOCKS = (
    "UTC",
    "America/New_York",
    "America/Chicago",
    "Europe/London",
    "Europe/Berlin",
    "Europe/Athens",
    "Asia/Tokyo",
    "Etc/GMT+5",
    "Etc/GMT+6",
    "Etc/GMT-2",
    "Etc/GMT-3",
)
# Name, first moment and last moment of the week: (weekday, minute), New York time.
_WEEKS = (
    ("forex week", (6, 17 * 60), (4, 17 * 60)),
    ("CME Globex week", (6, 18 * 60), (4, 17 * 60)),
    ("US shares, regular hours", (0, 9 * 60 + 30), (4, 16 * 60)),
    ("US shares, extended hours", (0, 4 * 60), (4, 20 * 60)),
)
_SLACK = 10
"""Minutes by which a quiet market's first or last bar may miss the week's edge."""
_ENOUGH = 0.6
"""Share of week edges that must fit; holidays make the rest."""


@final
@dataclass(frozen=True)
class ClockGuess:
    """What timestamps tell about their clock; None where they do not tell.

    Parameters
    ----------
    timezone : str or None
    label : str or None
        ``open`` or ``close``.
    evidence : tuple of str
        The reasons, as sentences for a person.
    """

    timezone: str | None
    label: str | None
    evidence: tuple[str, ...]


def guess_clock(stamps: np.ndarray, interval: int, *, naive: bool) -> ClockGuess:
    """Compare weekends in the timestamps with the weeks of known markets.

    Parameters
    ----------
    stamps : ndarray of int64, shape (n,)
        As written, read as if they were UTC.
    interval : int
        Length of a bar in nanoseconds.
    naive : bool
        Whether the clock is open; else the stamps are UTC.

    Examples
    --------
    Two weeks of minutes, Sunday 17:00 to Friday 16:59 on a New York clock.

    >>> start = np.datetime64("2018-06-03T17:00", "ns").astype(np.int64)
    >>> week = start + np.arange(5 * 24 * 60) * 60_000_000_000
    >>> stamps = np.concatenate([week, week + 7 * 86_400_000_000_000])
    >>> guess = guess_clock(stamps, 60_000_000_000, naive=True)
    >>> guess.timezone, guess.label
    ('America/New_York', 'open')
    """
    ordered = np.unique(stamps)
    ends = np.flatnonzero(np.diff(ordered) > DAY)
    if interval > HOUR or not len(ends):
        return ClockGuess(None, None, (_no_week(ordered, interval),))
    opens, closes = _moments(ordered[ends + 1]), _moments(ordered[ends])
    names = _CLOCKS if naive else ("UTC",)
    scores = {
        (clock, week[0]): _fit(opens, closes, clock, week)
        for clock in names
        for week in _WEEKS
    }
    best = max(scores, key=lambda key: scores[key])
    share = scores[best]
    shown = f"weeks run from {_usual(opens)} to {_usual(closes)} on the source's clock"
    if share < _ENOUGH:
        return ClockGuess(None, None, (f"{shown}: no market week that is known",))
    clock, name = best
    also = [
        c for (c, w), s in scores.items() if s == share and c != clock and w == name
    ]
    looks = f"looks like {clock} wall clock " if naive else ""
    said = f"{shown}: {name}, {looks}({share:.0%} of the week edges fit)"
    if also:
        said += f"; {', '.join(also)} would fit as well"
    week = next(week for week in _WEEKS if week[0] == name)
    label, why = _label(opens, closes, clock, week, interval)
    return ClockGuess(clock if naive else None, label, (said, why))


def _moments(times: np.ndarray) -> list[datetime]:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return [epoch + timedelta(seconds=int(t) // SECOND) for t in times]


def _no_week(ordered: np.ndarray, interval: int) -> str:
    if interval > HOUR:
        return (
            f"bars of {format_interval(interval)} are too long to tell clock and label"
        )
    if len(ordered) and ordered[-1] - ordered[0] > 8 * DAY:
        return (
            "no pause of more than a day: trades round the clock, so the stamps cannot "
            "tell their clock or which end of a bar they name"
        )
    return "too short a time to tell clock and label"


def _fit(
    opens: list[datetime],
    closes: list[datetime],
    clock: str,
    week: tuple[str, tuple[int, int], tuple[int, int]],
) -> float:
    """Return the share of week edges that lie where the market's week has them."""
    _, first, last = week
    fits = [0 <= _offset(t, clock, first) <= _SLACK for t in opens]
    fits += [-_SLACK <= _offset(t, clock, last) <= 0 for t in closes]
    return sum(fits) / len(fits)


def _offset(stamp: datetime, clock: str, edge: tuple[int, int]) -> float:
    """Return minutes between a stamp on a clock and an edge of the week."""
    local = stamp.replace(tzinfo=ZoneInfo(clock)).astimezone(_NEW_YORK)
    minute = local.hour * 60 + local.minute
    return (local.weekday() - edge[0]) * 24 * 60 + minute - edge[1]


def _label(
    opens: list[datetime],
    closes: list[datetime],
    clock: str,
    week: tuple[str, tuple[int, int], tuple[int, int]],
    interval: int,
) -> tuple[str | None, str]:
    """Open-labelled weeks begin on the edge, close-labelled ones end on it."""
    length = interval / MINUTE
    votes = [_offset(t, clock, week[1]) for t in opens]
    begins_on, begins_after = votes.count(0), votes.count(length)
    votes = [_offset(t, clock, week[2]) for t in closes]
    ends_before, ends_on = votes.count(-length), votes.count(0)
    opened, closed = begins_on + ends_before, begins_after + ends_on
    edges = len(opens) + len(closes)
    if max(opened, closed) * 2 <= edges or opened == closed:
        return None, "first and last bars of the weeks do not tell which end they name"
    label = "open" if opened > closed else "close"
    return label, (
        f"{max(opened, closed)} of {edges} weeks' ends show stamps that name the "
        f"{label} of a bar"
    )


def _usual(moments: list[datetime]) -> str:
    (day, clock), _ = Counter(
        (moment.weekday(), f"{moment:%H:%M}") for moment in moments
    ).most_common(1)[0]
    return f"{_DAYS[day]} {clock}"
