"""Keep the bars of regular or extended hours, or only say which rows are samples."""

from __future__ import annotations

from typing import Literal, final

import numpy as np

from barwise.bars.bars import Bars
from barwise.bars.held import bars_from_arrays, bars_to_arrays, empty_bars
from barwise.bars.sessions import SessionHours, SessionTable
from barwise.core.stage import Stage, State

Session = Literal["all", "RTH", "ETH"]
"""``RTH`` regular hours, ``ETH`` the whole session (regular hours included), ``all``
every row, also those outside of any session."""

HOURS: dict[Session, SessionHours] = {
    "all": "extended",
    "ETH": "extended",
    "RTH": "regular",
}


def session_mask(
    times: np.ndarray, sessions: SessionTable, session: Session
) -> np.ndarray:
    """Return which bars lie in a session, by their close.

    The mask serves ``session_applies="samples"``: every bar feeds the features, and
    decisions are taken where the mask is true.

    Parameters
    ----------
    times : ndarray of int64, shape (n,)
        Close times in nanoseconds UTC.
    sessions : SessionTable
        Must cover the times.
    session : {"all", "RTH", "ETH"}
        Hours to keep.

    Returns
    -------
    ndarray of bool, shape (n,)

    Raises
    ------
    DataError
        If a time lies beyond the table's bounds.

    Examples
    --------
    The last bar of regular hours closes with them, at 15:00 Chicago.

    >>> from barwise.bars.sessions import session_table
    >>> t = np.array(
    ...     ["2025-03-07T20:55", "2025-03-07T21:00", "2025-03-07T21:05"],
    ...     dtype="datetime64[ns]",
    ... ).astype(np.int64)
    >>> session_mask(t, session_table("cme_equity", t[0], t[-1]), "RTH")
    array([ True,  True, False])
    """
    if session == "all":
        return np.ones(len(times), dtype=np.bool_)
    return sessions.index_of(times, hours=HOURS[session]) >= 0


@final
class SessionFilter(Stage[Bars, Bars]):
    """Drop the bars that close outside of the session's hours.

    A bar that began before the session opened (an hourly bar 08:00-09:00 where regular
    hours open at 08:30) is kept: it is known inside. Nothing waits, so ``advance``
    returns no rows.

    Parameters
    ----------
    sessions : SessionTable
        Must cover every time that is pushed.
    session : {"all", "RTH", "ETH"}
        Hours to keep.
    """

    def __init__(self, sessions: SessionTable, session: Session) -> None:
        self._sessions = sessions
        self._session: Session = session
        self._none = empty_bars()

    def push(self, chunk: Bars) -> Bars:
        """Return the rows of ``chunk`` that lie in the session."""
        if chunk.symbol != self._none.symbol or chunk.interval != self._none.interval:
            self._none = chunk[:0]
        keep = session_mask(chunk.session_time, self._sessions, self._session)
        return chunk if keep.all() else chunk[keep]

    def advance(self, to_time: int) -> Bars:  # noqa: ARG002 - nothing waits
        """Return no rows."""
        return self._none

    def snapshot(self) -> State:
        """Return what kind of bars pass through."""
        return bars_to_arrays(self._none)

    def restore(self, state: State) -> None:
        """Go on from a snapshot."""
        self._none = bars_from_arrays(state)
