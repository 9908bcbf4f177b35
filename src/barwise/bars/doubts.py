"""Signs that a source was described wrong: its clock, its label, its columns."""

from __future__ import annotations

import numpy as np

from barwise.bars.bars import Bars, format_interval
from barwise.bars.policies import FAULTS
from barwise.bars.quality import QualityReport
from barwise.bars.sessions import SessionTable

_STRAY = 0.03
"""Share of rows outside the sessions that a vendor's own slips may reach; an hour's
shift puts 4 % of a 23-hour session outside."""
_MOST = 0.75
"""Share of openings or closings that must be off by one bar to doubt the label."""


_FAULTY = 0.01
"""Share of rows with one kind of fault above which it is no vendor's slip."""


def fault_doubts(report: QualityReport) -> list[str]:
    """Say which faults are so frequent that the columns may be named wrong.

    Rows out of order are left aside: some vendors write the newest row first.

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
        and found.count > _FAULTY * report.rows_in
    ]


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
