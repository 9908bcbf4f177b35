"""From bars to the rows that the barrier resolver reads."""

from __future__ import annotations

from typing import Literal

import numpy as np

from barwise.bars.bars import Bars
from barwise.bars.sessions import SessionTable
from barwise.core.arrays import Flags, Index, Times, Vector
from barwise.core.errors import ConfigError
from barwise.stream.barrier_data import BarrierInput
from barwise.stream.barriers import rolling_volatility, wilder_atr

Unit = Literal["atr", "volatility", "fixed"]

_NEVER = np.iinfo(np.int64).max


def barrier_rows(
    bars: Bars,
    width: Vector,
    *,
    sample: np.ndarray | None,
    sessions: SessionTable | None,
    fine: Bars | None,
) -> BarrierInput:
    """Join bars, barrier widths, sessions and finer bars."""
    session, close = (None, None) if sessions is None else session_runs(bars, sessions)
    return BarrierInput.of(
        bars.time,
        bars.open,
        bars.high,
        bars.low,
        bars.close,
        width,
        sample=_mask(sample, len(bars)),
        filled=bars.filled,
        session=session,
        session_close=close,
        contract=contract_runs(bars),
        fine=None if fine is None else _inside(bars, fine),
    )


def barrier_width(bars: Bars, *, unit: Unit, period: int) -> Vector:
    """Return what barrier multiples multiply, in price; NaN while it warms up.

    Parameters
    ----------
    bars : Bars
        Rows in order; a change of contract is not a price change.
    unit : {"atr", "volatility", "fixed"}
        Wilder's average true range; the standard deviation of log returns times the
        close; or 1, so that multiples are price points.
    period : int
        Bars that the average covers.

    Raises
    ------
    ConfigError
        If the unit is unknown or the period too short for it.
    """
    shortest = {"atr": 1, "volatility": 2, "fixed": 0}
    if unit not in shortest:
        raise ConfigError(
            f"labels.unit: {unit!r} is not known; choose one of {', '.join(shortest)}"
        )
    if unit == "fixed":
        return np.ones(len(bars))
    if int(period) != period or period < shortest[unit]:
        raise ConfigError(
            f"labels.atr_period: {period!r} is not a whole number >= {shortest[unit]}, "
            f"which unit={unit!r} needs"
        )
    contract = contract_runs(bars)
    # Read-only like the columns of bars: the kernels compile for one layout.
    contract.flags.writeable = False
    if unit == "atr":
        return wilder_atr(
            bars.high, bars.low, bars.close, contract, period, np.zeros(4)
        )
    return rolling_volatility(bars.close, contract, period, np.zeros(4 + period))


def contract_runs(bars: Bars) -> Index:
    """Number the stretches of one contract, 0 from the first row on."""
    if bars.contract is None or not len(bars):
        return np.zeros(len(bars), np.int64)
    return np.r_[0, np.cumsum(bars.contract[1:] != bars.contract[:-1])]


def session_runs(bars: Bars, sessions: SessionTable) -> tuple[Index, Times]:
    """Number the stretches of trading without a break; -1 outside.

    Sessions that follow each other without a break (forex within a week, crypto
    always) are one stretch: nothing ends between them. The last stretch of a table
    that does not show a break after it has no known end.

    Returns
    -------
    tuple of ndarray of int64, shape (row,)
        The stretch of each row, and when it is scheduled to end (nanoseconds UTC).
    """
    found = sessions.window_of(bars.time)
    if not len(sessions):
        return found, np.full(len(bars), _NEVER)
    breaks = sessions.open[1:] > sessions.close[:-1]
    run = np.r_[0, np.cumsum(breaks)]
    close = sessions.close[np.r_[np.flatnonzero(breaks), len(run) - 1]].copy()
    if sessions.end <= close[-1]:
        close[-1] = _NEVER
    inside = found >= 0
    stretch = np.where(inside, run[found], -1)
    return stretch, np.where(inside, close[stretch], _NEVER)


def _inside(bars: Bars, fine: Bars) -> tuple[np.ndarray, np.ndarray]:
    """Cut finer bars by the bars that they lie in; the others are left out."""
    if fine.symbol and bars.symbol and fine.symbol != bars.symbol:
        raise ConfigError(
            f"labels.fine: bars of {fine.symbol!r} cannot decide the barriers of "
            f"{bars.symbol!r}; pass finer bars of the same symbol"
        )
    if not len(bars):
        return np.zeros(1, np.int64), np.zeros((0, 3))
    row = np.searchsorted(bars.time, fine.time, side="left")
    held = row < len(bars)
    held[held] = bars.open_time[row[held]] < fine.time[held]
    if bars.interval is None:
        _check_whole(bars, fine, row, held)
    prices = np.column_stack([fine.open[held], fine.high[held], fine.low[held]])
    first = np.searchsorted(row[held], np.arange(len(bars) + 1), side="left")
    return first, prices


def _check_whole(bars: Bars, fine: Bars, row: np.ndarray, held: np.ndarray) -> None:
    """Refuse finer bars of which a part lies in the event bar before.

    What such a bar reached, it may have reached in either.
    """
    across = fine.open_time[held] < bars.open_time[row[held]]
    if not across.any():
        return
    at = fine.time[held][int(np.argmax(across))]
    raise ConfigError(
        f"labels.fine: the finer bar that closes at {np.datetime64(int(at), 'ns')} UTC "
        "began in an earlier event bar than it ended in, so that it cannot say which of "
        "them reached a barrier; pass the bars that the event bars were built from, or "
        "none"
    )


def _mask(sample: np.ndarray | None, rows: int) -> Flags | None:
    if sample is not None and sample.shape != (rows,):
        raise ConfigError(
            f"labels.sample: a mask of shape {sample.shape} does not fit {rows} bars; "
            "give one True or False a bar"
        )
    return sample
