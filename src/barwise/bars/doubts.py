"""Signs that a source was described wrong: its clock, its label, its columns."""

from __future__ import annotations

import numpy as np

from barwise.bars.bars import Bars, format_interval
from barwise.bars.instruments import Instrument
from barwise.bars.policies import FAULTS
from barwise.bars.prepare import sessions_of
from barwise.bars.quality import QualityReport
from barwise.bars.sessions import SessionTable
from barwise.core.arrays import DAY

_STRAY = 0.03
"""Share of rows outside the sessions that a vendor's own slips may reach; an hour's
shift puts 4 % of a 23-hour session outside."""
_MOST = 0.75
"""Share of openings or closings that must be off by one bar to doubt the label."""


_FAULTY = 0.01
"""Share of rows with one kind of fault above which it is no vendor's slip."""


def fault_doubts(report: QualityReport) -> list[str]:
    """Say which faults are so frequent that the columns may be named wrong.

    Rows out of order are left aside: some vendors write the newest row first. So are
    faults that were kept, such as trades like the one before.

    Examples
    --------
    >>> from barwise.bars.quality import Finding
    >>> swapped = Finding("high_below_low", 90, (0, 1), "high is below low", "repaired")
    >>> print(*fault_doubts(QualityReport(100, 100, (swapped,))))
    90 of 100 rows (90%) were repaired: high is below low; are data.columns right?
    """
    return [
        f"{found.count:,} of {report.rows_in:,} rows ({found.count / report.rows_in:.0%}) "
        f"were {found.action}: {found.detail}; are data.columns right?"
        for found in report.findings
        if found.kind in FAULTS
        and found.kind != "out_of_order"
        and found.action != "kept"
        and found.count > _FAULTY * report.rows_in
    ]


def source_doubts(bars: Bars, instrument: Instrument) -> list[str]:
    """Say what speaks against how a source was described: clock, label, rolls.

    Examples
    --------
    >>> from barwise.bars.instruments import get_instrument
    >>> from barwise.bars.simulate import simulate_bars
    >>> source_doubts(simulate_bars("MES", days=10), get_instrument("MES"))
    []
    """
    sessions = sessions_of(bars, instrument.calendar)
    found = clock_doubts(bars, sessions)
    return found + (roll_doubts(bars, sessions) if instrument.kind == "future" else [])


_EXPIRY_MONTHS = (3, 6, 9, 12)
_EXPIRY_DAYS = 10
"""Calendar days up to the third Friday in which most quarterly contracts are left."""
_JUMP = 3.0
"""Times the gap that one session in twenty has."""
_ENOUGH = 10
"""Gaps of one kind that tell what is usual."""


def roll_doubts(bars: Bars, sessions: SessionTable) -> list[str]:
    """Say whether an unadjusted future seems to roll without naming its contracts.

    In the weeks of quarterly expiry (March, June, September, December) the gap between
    two sessions is compared with those of other weeks, pauses of a day or more apart.

    Parameters
    ----------
    bars : Bars
        Of a future, as read, in any order.
    sessions : SessionTable
        Must cover them.

    Returns
    -------
    list of str
        Empty where contracts are named, or fewer than half of the weeks show a jump.

    Examples
    --------
    >>> from barwise.bars.prepare import sessions_of
    >>> from barwise.bars.simulate import simulate_bars
    >>> bars = simulate_bars("MES", days=130)
    >>> sessions = sessions_of(bars, "cme_equity")
    >>> roll_doubts(bars, sessions)
    []
    >>> later = bars.time > np.datetime64("2022-03-15T22", "ns").astype(np.int64)
    >>> rolled = {n: getattr(bars, n) + 90 * later for n in ("open", "close")}
    >>> print(*roll_doubts(bars.with_columns(**rolled), sessions))  # doctest: +ELLIPSIS
    1 of 2 weeks of quarterly expiry have a jump between two sessions far beyond ...
    """
    if bars.contract is not None or not len(bars):
        return []
    day, gap, long = _session_gaps(bars, sessions)
    week = _expiry_week(day)
    weeks = np.unique(week[week >= 0])
    jumps = np.zeros(len(gap), np.bool_)
    for kind in (long, ~long):
        usual = np.abs(gap[kind & (week < 0)])
        if len(usual) >= _ENOUGH:
            far = _JUMP * np.quantile(usual, 0.95)
            jumps |= kind & (week >= 0) & (np.abs(gap) > far) & (far > 0)
    jumped = np.unique(week[jumps])
    if not len(jumped) or 2 * len(jumped) < len(weeks):
        return []
    first = int(np.argmax(jumps))
    return [
        f"{len(jumped)} of {len(weeks)} weeks of quarterly expiry have a jump between two "
        f"sessions far beyond the usual (the first {np.expm1(gap[first]):+.2%} into "
        f"{day[first].astype('datetime64[D]')}): probably contracts that follow each "
        "other unadjusted; name the rolls (data.rolls), or give each contract's own "
        "file (data.contracts)"
    ]


def _session_gaps(
    bars: Bars, sessions: SessionTable
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Day, log move from the close before, and whether a day or more lay between."""
    bars = bars[np.argsort(bars.time, kind="stable")]
    held = sessions.window_of(bars.time)
    real = (held >= 0) & (bars.open > 0) & (bars.close > 0)
    bars, held = bars[real], held[real]
    rows = np.flatnonzero(held[1:] != held[:-1]) + 1
    gap = np.log(bars.open[rows] / bars.close[rows - 1])
    long = bars.open_time[rows] - bars.time[rows - 1] >= DAY
    return sessions.day[held[rows]], gap, long


def _expiry_week(day: np.ndarray) -> np.ndarray:
    """Number the quarter whose expiry a day is at most ten days before; else -1."""
    months = day.astype("datetime64[D]").astype("datetime64[M]")
    first = months.astype("datetime64[D]").astype(np.int64)
    # 1970-01-01 was a Thursday; 4 is Friday.
    friday = first + (4 - (first + 3)) % 7 + 14
    number = months.astype(np.int64)
    due = np.isin(number % 12 + 1, _EXPIRY_MONTHS)
    near = (day <= friday) & (day > friday - _EXPIRY_DAYS)
    return np.where(due & near, number, -1)


def clock_doubts(bars: Bars, sessions: SessionTable) -> list[str]:
    """Say what speaks against the time zone or the label that bars were read with.

    A bar lies in a session when it closes inside it. With the wrong zone many rows
    close outside. With the wrong label it is one row a session, and the bar at the
    session's other edge is missing.

    Parameters
    ----------
    bars : Bars
        As read, in any order.
    sessions : SessionTable
        Must cover them.

    Returns
    -------
    list of str
        Sentences for a person; empty where nothing speaks against it.

    Examples
    --------
    Bars stamped with their open, read as if that were the close.

    >>> from barwise.bars.prepare import sessions_of
    >>> from barwise.bars.simulate import simulate_bars
    >>> bars = simulate_bars("MES", days=10)
    >>> sessions = sessions_of(bars, "cme_equity")
    >>> clock_doubts(bars, sessions)
    []
    >>> moved = bars.with_columns(time=bars.open_time)
    >>> print(*clock_doubts(moved, sessions))  # doctest: +ELLIPSIS
    10 of 10 openings of the market have a bar that closes at that very moment, ...
    """
    if not len(bars):
        return []
    inside = sessions.index_of(bars.session_time)
    outside = int(np.count_nonzero(inside < 0))
    if outside > _STRAY * len(bars):
        return [
            f"{outside:,} of {len(bars):,} rows ({outside / len(bars):.0%}) close outside "
            f"the sessions of {sessions.calendar}: the time zone (data.timezone) or the "
            "symbol is probably another one"
        ]
    if not bars.interval:
        return []
    # Where one session follows on another, as in forex, an edge tells nothing.
    seen = np.zeros(len(sessions), np.bool_)
    seen[inside[inside >= 0]] = True
    pause = sessions.open[1:] > sessions.close[:-1]
    opens = sessions.open[1:][pause & seen[1:]]
    after = sessions.close[:-1][pause & seen[:-1]] + bars.interval
    opens, after = opens[opens >= bars.time.min()], after[after <= bars.time.max()]
    early, late = (int(np.isin(edge, bars.time).sum()) for edge in (opens, after))
    if early > _MOST * len(opens):
        return [
            f"{early:,} of {len(opens):,} openings of the market have a bar that closes at "
            "that very moment, before anyone could trade: the source probably stamps bars "
            "with their open (data.label: open), or data.timezone is another one"
        ]
    if late > _MOST * len(after):
        return [
            f"{late:,} of {len(after):,} closings of the market have a bar that closes "
            f"{format_interval(bars.interval)} later: the source probably stamps bars with "
            "their close (data.label: close), or data.timezone is another one"
        ]
    return []
