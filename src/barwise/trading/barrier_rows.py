"""From bars to the rows that the barrier resolver reads."""

from __future__ import annotations

from typing import Literal, final

import numpy as np

from barwise.bars.bars import Bars
from barwise.bars.sessions import SessionTable
from barwise.core.arrays import Flags, Index, Times, Vector
from barwise.core.errors import ConfigError
from barwise.core.stage import State
from barwise.stream.barrier_data import BarrierInput
from barwise.stream.barriers import rolling_volatility, wilder_atr

Unit = Literal["atr", "volatility", "fixed"]

_NEVER = np.iinfo(np.int64).max


@final
class BarrierRows:
    """Bars joined with barrier widths, sessions and finer bars, as they come.

    However the bars are cut into chunks, the rows are the same.

    Parameters
    ----------
    unit : {"atr", "volatility", "fixed"}
        Width: Wilder's average true range; the standard deviation of log returns times
        the close; or 1, so that multiples are price points. A change of contract is
        not a price change.
    period : int
        Bars that the average covers.
    sessions : SessionTable, optional
        Hours that end trades; it covers all bars that will come.

    Raises
    ------
    ConfigError
        If the unit is unknown or the period too short for it.
    """

    def __init__(
        self, *, unit: Unit, period: int, sessions: SessionTable | None = None
    ) -> None:
        _check_width(unit, period)
        self._unit, self._period = unit, int(period)
        self._hours = None if sessions is None else (sessions, *_stretches(sessions))
        self._width = np.zeros(4 + (self._period if unit == "volatility" else 0))
        self._contract, self._run = "", 0
        self._begun = False

    def push(
        self, bars: Bars, *, sample: np.ndarray | None = None, fine: Bars | None = None
    ) -> BarrierInput:
        """Return the next rows.

        Parameters
        ----------
        bars : Bars
            Filled rows are no samples.
        sample : ndarray of bool, shape (row,), optional
            Rows that may get a label.
        fine : Bars, optional
            Finer bars of the same symbol: those inside a bar decide its ties.
        """
        session, close = None, None
        if self._hours is not None:
            session, close = _placed(bars, *self._hours)
        contract = self._contracts(bars)
        return BarrierInput.of(
            bars.time,
            bars.open,
            bars.high,
            bars.low,
            bars.close,
            self._widths(bars, contract),
            sample=_mask(sample, len(bars)),
            filled=bars.filled,
            session=session,
            session_close=close,
            contract=contract,
            fine=None if fine is None else _inside(bars, fine),
        )

    def widths(self, bars: Bars) -> Vector:
        """Return the widths of the next rows alone; NaN while they warm up."""
        return self._widths(bars, self._contracts(bars))

    def snapshot(self) -> State:
        """Return what later rows depend on."""
        return {
            "width": self._width.copy(),
            "contract": np.array(self._contract),
            "run": np.array([self._run, self._begun], np.int64),
        }

    def restore(self, state: State) -> None:
        """Go on from a snapshot of rows with the same settings."""
        self._width = state["width"].copy()
        self._contract = str(state["contract"])
        self._run, self._begun = int(state["run"][0]), bool(state["run"][1])

    def _contracts(self, bars: Bars) -> Index:
        runs = contract_runs(bars)
        if bars.contract is None or not len(bars):
            return runs
        if self._begun and bars.contract[0] != self._contract:
            self._run += 1
        runs = runs + self._run
        self._contract, self._run = str(bars.contract[-1]), int(runs[-1])
        self._begun = True
        return runs

    def _widths(self, bars: Bars, contract: Index) -> Vector:
        if self._unit == "fixed":
            return np.ones(len(bars))
        # Read-only like the columns of bars: the kernels compile for one layout.
        contract = contract.view()
        contract.flags.writeable = False
        if self._unit == "atr":
            return wilder_atr(
                bars.high, bars.low, bars.close, contract, self._period, self._width
            )
        return rolling_volatility(bars.close, contract, self._period, self._width)


def barrier_width(bars: Bars, *, unit: Unit, period: int) -> Vector:
    """Return what barrier multiples multiply, in price; see :class:`BarrierRows`."""
    return BarrierRows(unit=unit, period=period).widths(bars)


def _check_width(unit: str, period: int) -> None:
    shortest = {"atr": 1, "volatility": 2, "fixed": 0}
    if unit not in shortest:
        raise ConfigError(
            f"labels.unit: {unit!r} is not known; choose one of {', '.join(shortest)}"
        )
    if unit != "fixed" and (int(period) != period or period < shortest[unit]):
        raise ConfigError(
            f"labels.atr_period: {period!r} is not a whole number >= {shortest[unit]}, "
            f"which unit={unit!r} needs"
        )


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
    return _placed(bars, sessions, *_stretches(sessions))


def _stretches(sessions: SessionTable) -> tuple[Index, Times]:
    """Return the stretch of each session, and when each stretch ends."""
    breaks = sessions.open[1:] > sessions.close[:-1]
    if not len(sessions):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    run = np.r_[0, np.cumsum(breaks)]
    close = sessions.close[np.r_[np.flatnonzero(breaks), len(run) - 1]].copy()
    if sessions.end <= close[-1]:
        close[-1] = _NEVER
    return run, close


def _placed(
    bars: Bars, sessions: SessionTable, run: Index, close: Times
) -> tuple[Index, Times]:
    found = sessions.window_of(bars.time)
    if not len(sessions):
        return found, np.full(len(bars), _NEVER)
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
