"""Session days: the periods in which profit and loss are counted."""

from __future__ import annotations

import numpy as np

from barwise.bars.sessions import SessionTable, coverage, session_table
from barwise.core.arrays import DAY
from barwise.core.errors import DataError

_DAYS_A_YEAR = 365.2425


def daily_change(
    time: np.ndarray, equity: np.ndarray, sessions: SessionTable | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Change of an account by session day, from 0 before the first bar.

    Every session from the first bar's to the last bar's is a row, also one in which
    nothing was traded or no bar came. A bar outside sessions counts to the next one.

    Parameters
    ----------
    time : ndarray of int64, shape (bar,)
        Close of each bar, nanoseconds UTC, never decreasing.
    equity : ndarray of float64, shape (bar,)
        Account at each close, from 0.
    sessions : SessionTable, optional
        Without it days are UTC days, as for markets that never close; a bar that
        closes at midnight belongs to the day before.

    Returns
    -------
    day : ndarray of int64, shape (day,)
        Exchange date in days since 1970-01-01.
    change : ndarray of float64, shape (day,)
        Currency.

    Raises
    ------
    DataError
        If a bar lies beyond the session table's bounds, or the table has no session.

    Examples
    --------
    >>> hours = np.array([1, 24, 25, 73]) * 3_600_000_000_000
    >>> daily_change(hours, np.array([5.0, 7.0, 6.0, 9.0]))
    (array([0, 1, 2, 3]), array([ 7., -1.,  0.,  3.]))
    """
    if not len(time):
        return np.zeros(0, np.int64), np.zeros(0)
    if sessions is None:
        number = (time - 1) // DAY
    else:
        _check(time, sessions)
        number = np.searchsorted(sessions.close, time, side="left")
        number = np.minimum(number, len(sessions) - 1)
    every = np.arange(number[0], number[-1] + 1)
    rows = np.searchsorted(number, every, side="right")
    change = np.diff(equity[rows - 1], prepend=0.0)
    return (every if sessions is None else sessions.day[every]), change


def session_days_per_year(sessions: SessionTable | None = None) -> float:
    """Mean number of session days in the calendar years that a table touches.

    Examples
    --------
    >>> bounds = np.array(["2023-03-01", "2023-06-01"], "datetime64[ns]").astype(int)
    >>> round(session_days_per_year(session_table("cme_equity", *bounds.tolist())))
    258
    >>> session_days_per_year()
    365.2425
    """
    if sessions is None:
        return _DAYS_A_YEAR
    known = coverage(sessions.calendar)
    first, last = (
        np.datetime64(bound, "ns").astype("datetime64[Y]")
        for bound in (sessions.start, sessions.end)
    )
    edges = [
        int(year.astype("datetime64[ns]").astype(np.int64))
        for year in (first, last + 1)
    ]
    start, end = max(edges[0], known[0]), min(edges[1], known[1])
    closes = session_table(sessions.calendar, start, end).close
    closed = np.count_nonzero((start < closes) & (closes <= end))
    return closed / ((end - start) / (_DAYS_A_YEAR * DAY))


def _check(time: np.ndarray, sessions: SessionTable) -> None:
    sessions.check(time)
    if not len(sessions):
        raise DataError(
            f"{len(time):,} bars but no session of {sessions.calendar} between them; "
            "check the bars' time zone and the instrument's calendar"
        )
