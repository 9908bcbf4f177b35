"""Which contract each bar of a continuous series belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np

from barwise.bars.bars import Bars
from barwise.bars.quality import Finding
from barwise.bars.roll_table import Roll, check_chain
from barwise.bars.sessions import SessionTable
from barwise.core.errors import ConfigError, DataError

_FAR = 0.1
"""How far a table's close may lie from the series, as a share of the price."""


def label_contracts(bars: Bars, rolls: Sequence[Roll], sessions: SessionTable) -> Bars:
    """Name the contract of each bar of an unadjusted continuous series.

    A session of the old contract is followed by one of the new contract: the change is
    at the open of the roll's session. Where the table has the new contract's own close
    (or the difference of both closes), it goes into ``old_close`` and ``new_close`` of
    every later bar of that contract.

    Parameters
    ----------
    bars : Bars
        Prices as they were traded, in any order, without contracts.
    rolls : sequence of Roll
        Each inside the data.
    sessions : SessionTable
        Must cover the bars.

    Raises
    ------
    ConfigError
        If the rolls contradict each other, or the bars name their contracts already.
    DataError
        If a roll is not at a session, lies outside the data, or gives a close that is
        not near the series.

    Examples
    --------
    >>> from barwise.bars.prepare import sessions_of
    >>> from barwise.bars.simulate import simulate_bars
    >>> bars = simulate_bars("MES", days=4)
    >>> sessions = sessions_of(bars, "cme_equity")
    >>> third = sessions.day[sessions.index_of(bars.time[-1:])[0] - 1]
    >>> named = label_contracts(bars, [Roll.on(third, "H4", "M4")], sessions)
    >>> [int((named.contract == name).sum()) for name in ("H4", "M4")]
    [2760, 2760]
    """
    if bars.contract is not None:
        told = ", ".join(np.unique(bars.contract)[:5])
        raise ConfigError(
            f"the source names its contracts itself ({told}, ...); leave data.rolls out, "
            "or take the column of contracts out of the source"
        )
    check_chain(rolls)
    _check_inside(rolls, bars, sessions)
    bounds = roll_times(rolls, sessions)
    place = np.searchsorted(bounds, bars.session_time, side="left")
    names = np.array([rolls[0].old, *(roll.new for roll in rolls)])
    closes = np.full((len(rolls) + 1, 2), np.nan)
    for number, roll in enumerate(rolls, start=1):
        closes[number] = _closes(bars, place, roll, number)
    return with_contracts(bars, names[place], closes[place])


def _check_inside(rolls: Sequence[Roll], bars: Bars, sessions: SessionTable) -> None:
    edges = [int(bars.time.min()), int(bars.time.max())] if len(bars) else [0, 0]
    at = np.searchsorted(sessions.close, edges).clip(max=len(sessions) - 1)
    first, last = sessions.day[at]
    for number, roll in enumerate(rolls, start=1):
        if first < day_number(roll.session) <= last:
            continue
        days = [str(day.astype("datetime64[D]")) for day in (first, last)]
        raise DataError(
            f"roll {number} ({roll.session}, {roll.old} to {roll.new}) lies outside the "
            f"data, whose sessions are {days[0]} to {days[1]}; leave it out, or use the "
            "file that it belongs to"
        )


def with_contracts(bars: Bars, names: np.ndarray, closes: np.ndarray) -> Bars:
    """Return the bars with their contracts and the closes at the rolls.

    Parameters
    ----------
    names : ndarray of str, shape (n,)
    closes : ndarray of float64, shape (n, 2)
        Of the old and the new contract at the roll into a row's contract.
    """
    if np.isnan(closes).all():
        return bars.with_columns(contract=names)
    old, new = closes.T
    return bars.with_columns(contract=names, old_close=old, new_close=new)


def roll_times(rolls: Sequence[Roll], sessions: SessionTable) -> np.ndarray:
    """Return when each roll's session opens, int64 nanoseconds UTC.

    Raises
    ------
    DataError
        If there is no session on the day of a roll.
    """
    found = []
    for number, roll in enumerate(rolls, start=1):
        day = day_number(roll.session)
        place = int(np.searchsorted(sessions.day, day))
        if place == len(sessions) or sessions.day[place] != day:
            near = sessions.day[max(place - 1, 0) : place + 1].astype("datetime64[D]")
            raise DataError(
                f"roll {number}: {roll.session} is no session of {sessions.calendar} near "
                f"the data; take one ({', '.join(map(str, near))}), the new contract's "
                "first"
            )
        found.append(sessions.open[place])
    return np.array(found, np.int64)


def day_number(day: date) -> int:
    """Return the days since 1970-01-01."""
    return int(np.datetime64(day, "D").astype(np.int64))


def _closes(bars: Bars, place: np.ndarray, roll: Roll, number: int) -> list[float]:
    """Closes of both contracts at one moment; NaN where they are not known."""
    if roll.new_close is None and roll.jump is None and roll.old_close is None:
        return [np.nan, np.nan]
    before, after = np.flatnonzero(place < number), np.flatnonzero(place == number)
    last = float(bars.close[before[np.argmax(bars.time[before])]])
    old = last if roll.old_close is None else roll.old_close
    new = roll.new_close
    if roll.jump is not None:
        new = old + roll.jump
    pairs = [("old_close", old, last)]
    if new is not None and len(after):
        opened = float(bars.open[after[np.argmin(bars.time[after])]])
        pairs.append(("new_close", new, opened))
    for key, told, seen in pairs:
        if not abs(told - seen) <= _FAR * abs(seen):
            raise DataError(
                f"roll {number} ({roll.session}): {key} {told:g} is far from the series, "
                f"which stands at {seen:g} there; it must be in the units of the source, "
                "before any adjustment"
            )
    return [old, np.nan if new is None else new]


def rolls_in(bars: Bars) -> np.ndarray:
    """Return the rows at which the contract changes."""
    if bars.contract is None:
        return np.zeros(0, np.int64)
    return np.flatnonzero(bars.contract[1:] != bars.contract[:-1]) + 1


def check_rolls(bars: Bars, sessions: SessionTable) -> None:
    """Refuse contracts that change inside a session or come back.

    Parameters
    ----------
    bars : Bars
        In order of time.

    Raises
    ------
    DataError
        Naming the row, both contracts and the way out.
    """
    rows, left = rolls_in(bars), set()
    names = np.array([], np.str_) if bars.contract is None else bars.contract
    for row in rows.tolist():
        old, new = str(names[row - 1]), str(names[row])
        at = bars.time[row].astype("datetime64[ns]").astype("datetime64[s]")
        left.add(old)
        if new in left:
            raise DataError(
                f"{bars.symbol}, row {row} (close {at} UTC): {new} comes back after "
                f"{old}; a contract that was left does not: name the "
                "contracts by a roll table (data.rolls), or let a rule choose them from "
                "per-contract files (data.contracts)"
            )
        held = sessions.window_of(bars.time[row - 1 : row + 1])
        if held[0] == held[1] >= 0:
            day = sessions.day[held[0]].astype("datetime64[D]")
            raise DataError(
                f"{bars.symbol}, row {row} (close {at} UTC): the contract changes from "
                f"{old} to {new} inside the session of {day}; a roll is at a session's "
                "open: let the new contract begin with the next session, in the source or "
                "by a roll table (data.rolls)"
            )


def roll_findings(bars: Bars) -> list[Finding]:
    """Say where the contract changes, and where a gap is taken out for want of closes.

    Examples
    --------
    >>> price = np.array([1.0, 1.0, 2.0])
    >>> bars = Bars.of(np.arange(3), price, price, price, price, interval=1)
    >>> bars = bars.with_columns(contract=np.array(["H4", "H4", "M4"]))
    >>> [(found.kind, found.rows) for found in roll_findings(bars)]
    [('roll', (2,)), ('roll_gap', (2,))]
    """
    rows = rolls_in(bars)
    if not len(rows):
        return []
    known = np.zeros(len(rows), bool)
    if bars.new_close is not None:
        known = np.isfinite(bars.new_close[rows])
    found = [Finding.of("roll", rows, "the contract changes: no label path crosses it")]
    if not known.all():
        why = (
            "a roll without the new contract's own close before it: features leave out "
            "the move from the old close to the new open"
        )
        found.append(Finding.of("roll_gap", rows[~known], why))
    return found
