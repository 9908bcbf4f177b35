"""The execution contract: when a trade begins, where it ends, at which price.

Decide at close t; enter E = open[t+1] (option: close[t]); barriers E +/- m x ATR_t,
rounded away from E to the tick; scan whole bars t+1..t+h; an open beyond a barrier
fills at that open; targets may require trade-through; both touched in one bar: the
stop wins, and it is counted; otherwise exit at close[t+h]. Labels follow the same
text, with finer bars to decide a bar that touches both.

Sides: with ``sides="long"`` (labels of a long trade) a short swaps the long's barriers,
its target is ``lower`` and its stop ``upper``; with ``sides="both"`` it mirrors them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, final

import numpy as np

from barwise.bars.bars import Bars
from barwise.bars.instruments import Instrument
from barwise.bars.sessions import SessionTable
from barwise.core.errors import ConfigError

_GRAIN = 1e-6  # a price this share of a tick from a tick is on it
_CHOICES = {
    "entry": ("next_open", "close"),
    "session_end": ("flat", "carry"),
    "sides": ("long", "both"),
    "touch": ("high_low", "close"),
}


@final
@dataclass(frozen=True)
class ExecutionContract:
    """The rules of a trade, the same for labels, backtest and live.

    Parameters
    ----------
    horizon : int
        Bars that a trade may last.
    upper, lower : float
        Barriers in multiples of the width (ATR) at the decision.
    tick : float
        Price step of the barriers, 0 rounds nothing.
    entry : {"next_open", "close"}
        Price at which a trade begins.
    session_end : {"flat", "carry"}
        "flat" exits at the session's last close. Sessions without a break between them
        (forex within the week) do not end.
    sides : {"long", "both"}
        Barriers of a short: the long's swapped, or mirrored.
    touch : {"high_low", "close"}
        What is compared with the barriers.
    trade_through : bool
        Whether a target fills only when the price goes a tick beyond it.

    Raises
    ------
    ConfigError
        If a value breaks its rule.

    Examples
    --------
    >>> ExecutionContract(horizon=20, upper=1.5, lower=1.0, tick=0.25).multiples(-1)
    (1.0, 1.5)
    """

    horizon: int
    upper: float
    lower: float
    tick: float = 0.0
    entry: Literal["next_open", "close"] = "next_open"
    session_end: Literal["flat", "carry"] = "flat"
    sides: Literal["long", "both"] = "long"
    touch: Literal["high_low", "close"] = "high_low"
    trade_through: bool = False

    def __post_init__(self) -> None:
        for name, allowed in _CHOICES.items():
            if getattr(self, name) not in allowed:
                raise ConfigError(
                    f"execution.{name}: {getattr(self, name)!r} is not known; choose "
                    f"one of {', '.join(allowed)}"
                )
        if int(self.horizon) != self.horizon or self.horizon < 1:
            raise ConfigError(
                f"execution.horizon: {self.horizon!r} is not a whole number of bars >= 1"
            )
        for name in ("upper", "lower"):
            if not 0 < getattr(self, name) < np.inf:
                raise ConfigError(
                    f"execution.{name}: {getattr(self, name)!r} must be above 0 and "
                    "finite: it is the barrier's distance in multiples of the width"
                )
        if not 0 <= self.tick < np.inf or (self.trade_through and self.tick == 0):
            raise ConfigError(
                f"execution.tick: {self.tick!r} must be at least 0 (0 rounds nothing), "
                "and above 0 with trade_through, which needs a tick to go beyond"
            )

    @classmethod
    def for_instrument(
        cls, instrument: Instrument, *, horizon: int
    ) -> ExecutionContract:
        """The defaults of an instrument: its barriers and its tick."""
        upper, lower = instrument.barriers
        return cls(horizon, upper, lower, tick=instrument.tick_size)

    def multiples(self, side: int) -> tuple[float, float]:
        """Multiples of the target and the stop of a long (+1) or a short (-1)."""
        if side < 0 and self.sides == "long":
            return self.lower, self.upper
        return self.upper, self.lower

    def levels(
        self, entry: np.ndarray, width: np.ndarray, side: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Target and stop prices.

        Parameters
        ----------
        entry, width : ndarray of float64, shape (row,)
            Price of the entry and width (ATR) at the decision.
        side : int
            +1 for longs, -1 for shorts.

        Examples
        --------
        E 5000, ATR 3: 1.5 x 3 = 4.5 above is 5004.5, on a tick; 1.0 x 3.1 below is
        4996.9, away from E the next tick is 4996.75.

        >>> rule = ExecutionContract(horizon=20, upper=1.5, lower=1.0, tick=0.25)
        >>> rule.levels(np.array([5000.0, 5000.0]), np.array([3.0, 3.1]), 1)
        (array([5004.5 , 5004.75]), array([4997.  , 4996.75]))
        """
        target, stop = self.multiples(side)
        return (
            self._away(entry, side * target * width),
            self._away(entry, -side * stop * width),
        )

    def distances(self, width: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray]:
        """What the target wins and the stop loses, in price, from an entry on a tick."""
        here = np.zeros(len(width))
        target, stop = self.levels(here, width, side)
        return np.abs(target), np.abs(stop)

    def _away(self, entry: np.ndarray, distance: np.ndarray) -> np.ndarray:
        """Prices ``distance`` from the entry, on the next tick away from it."""
        if self.tick == 0:
            return entry + distance
        up = distance > 0
        a_tick, whole = self._ticks_per_point()
        steps = (entry + distance) * a_tick
        steps = np.where(up, np.ceil(steps - _GRAIN), np.floor(steps + _GRAIN))
        # A barrier is at least one tick away, however small the width.
        here = entry * a_tick
        steps += np.where(up & (steps <= here + _GRAIN), 1, 0)
        steps -= np.where(~up & (steps >= here - _GRAIN), 1, 0)
        return steps / a_tick if whole else steps * self.tick

    def _ticks_per_point(self) -> tuple[float, bool]:
        """Ticks in a point, and whether that is a whole number.

        k / 100000 is the float that "1.12345" reads as, k * 0.00001 often is not.
        """
        per_point = 1.0 / self.tick
        whole = abs(per_point - round(per_point)) < _GRAIN
        return (float(round(per_point)), True) if whole else (per_point, False)

    def reach(self) -> tuple[float, float]:
        """How far beyond a target a price must go, and how near to a stop it may."""
        slack = _GRAIN * self.tick
        return (self.tick if self.trade_through else 0.0) - slack, slack


@final
@dataclass(frozen=True, eq=False)
class Paths:
    """Where a trade that is decided at each row may run.

    Parameters
    ----------
    last : ndarray of int64, shape (row,)
        Last row before the session (if it ends trades), the contract or the data end.
    ends_data : ndarray of bool, shape (row,)
        That row is the last of the data.
    tradable : ndarray of bool, shape (row,)
        Rows at which a trade may be decided: not filled, inside a session, with a row
        to trade on.
    """

    last: np.ndarray
    ends_data: np.ndarray
    tradable: np.ndarray


def paths(
    bars: Bars,
    execution: ExecutionContract,
    sessions: SessionTable | None,
) -> Paths:
    """Cut the bars into stretches that a trade does not leave.

    Raises
    ------
    DataError
        If a bar lies beyond the session table's bounds.
    """
    rows = len(bars)
    session = np.zeros(rows, np.int64)
    if sessions is not None and execution.session_end == "flat":
        session = _stretches(bars.time, sessions)
    breaks = session[1:] != session[:-1]
    if bars.contract is not None:
        breaks |= bars.contract[1:] != bars.contract[:-1]
    ends = np.append(np.flatnonzero(breaks), rows - 1).astype(np.int64)
    last = ends[np.searchsorted(ends, np.arange(rows))]
    tradable = ~bars.filled & (last > np.arange(rows)) & (session >= 0)
    return Paths(last, last == rows - 1, tradable)


def _stretches(time: np.ndarray, sessions: SessionTable) -> np.ndarray:
    """Number the sessions of bars, -1 outside; without a break between, one number."""
    found = sessions.window_of(time)
    if not len(sessions):
        return found
    breaks = sessions.open[1:] > sessions.close[:-1]
    run = np.append(0, np.cumsum(breaks))
    return np.where(found >= 0, run[found], -1)
