"""Rows that a stage holds back, as arrays that can be stored."""

from __future__ import annotations

import numpy as np

from barwise.bars.bars import Bars
from barwise.bars.event_rule import EventRule
from barwise.core.errors import DataError
from barwise.core.stage import State

NEVER = np.iinfo(np.int64).min
"""A clock before every time: nothing was pushed yet."""


def empty_bars(interval: int | None = None) -> Bars:
    """Return bars without rows, for a stage that was never pushed."""
    none = np.zeros(0)
    return Bars.of(np.zeros(0, np.int64), none, none, none, none, interval=interval)


def bars_to_arrays(bars: Bars) -> State:
    """Return a copy of the columns and of what else makes up the bars."""
    state = {name: column.copy() for name, column in bars.columns().items()}
    state["symbol"] = np.array(bars.symbol)
    state["prices"] = np.array(bars.prices)
    state["interval"] = np.array(bars.interval or 0, dtype=np.int64)
    state["simulated"] = np.array(bars.simulated)
    state["rule"] = np.array(str(bars.rule or ""))
    return state


def bars_from_arrays(state: State) -> Bars:
    """Rebuild bars from :func:`bars_to_arrays`.

    Examples
    --------
    >>> bars_from_arrays(bars_to_arrays(empty_bars(60))).interval
    60
    """
    more = dict(state)
    rule = str(more.pop("rule"))
    return Bars(
        symbol=str(more.pop("symbol")),
        prices=str(more.pop("prices")),  # type: ignore[arg-type]
        interval=int(more.pop("interval")) or None,
        simulated=bool(more.pop("simulated")),
        rule=EventRule.parse(rule) if rule else None,
        **{name: column.copy() for name, column in more.items()},
    )


def check_order(chunk: Bars, clock: int, *, strictly: bool) -> None:
    """Raise a DataError unless the chunk goes on after ``clock`` in order of time.

    Parameters
    ----------
    chunk : Bars
        The next rows.
    clock : int
        Time that is over: of the last row or of the last ``advance``.
    strictly : bool
        Whether a time may not repeat.
    """
    if not len(chunk):
        return
    if len(chunk) == 1 and clock < chunk.row.time:
        return
    before = np.concatenate([[clock], chunk.time[:-1]])
    wrong = chunk.time <= before if strictly else chunk.time < before
    if wrong.any():
        row = int(np.argmax(wrong))
        at, last = (
            str(np.datetime64(int(t), "ns")) for t in (chunk.time[row], before[row])
        )
        raise DataError(
            f"{chunk.symbol}: row {row} at {at} UTC comes after {last} UTC was over; "
            "bars must be in order of time, one a time: arrange and clean them first"
        )
