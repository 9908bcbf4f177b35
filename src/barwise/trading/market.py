"""The market that probabilities are traded in: bars, rules, costs and account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from barwise.bars.bars import Bars
from barwise.bars.sessions import SessionTable
from barwise.trading.costs import BUY, SELL, Costs
from barwise.trading.execution import ExecutionContract
from barwise.trading.result import BacktestResult
from barwise.trading.signals import (
    TimeoutReturns,
    better_side,
    class_values,
    expected_values,
    sided_values,
)
from barwise.trading.simulation import backtest
from barwise.trading.sizing import Account


@final
@dataclass(frozen=True, eq=False)
class Market:
    """Everything but the probabilities that a backtest needs.

    Parameters
    ----------
    bars : Bars
        The rows that became features.
    width : ndarray of float64, shape (bar,)
        What the barrier multiples multiply (ATR), known at each close.
    execution : ExecutionContract
    costs : Costs
    account : Account
    sessions : SessionTable, optional
        Without one days are UTC days and nothing ends a trade early.
    sides : tuple of int
        What may be traded: +1 long, -1 short.
    """

    bars: Bars
    width: np.ndarray
    execution: ExecutionContract
    costs: Costs
    account: Account
    sessions: SessionTable | None = None
    sides: tuple[int, ...] = (BUY, SELL)

    def trade(
        self,
        rows: np.ndarray,
        probabilities: np.ndarray,
        *,
        timeout_returns: TimeoutReturns = (0.0, 0.0),
        class_returns: np.ndarray | Sequence[float] | None = None,
        sides: np.ndarray | None = None,
    ) -> tuple[np.ndarray, BacktestResult]:
        """Trade the probabilities of some rows where a trade is expected to pay.

        Parameters
        ----------
        rows : ndarray of int64, shape (n,)
            Bars of the decisions, increasing. The account runs from the first of them
            to the last one's horizon.
        probabilities : ndarray of float, shape (n, class)
            Short, neutral, long, or those of two classes; a row with NaN decides
            nothing.
        timeout_returns : (float, float) or (ndarray, ndarray)
            As in :func:`barwise.trading.expected_values`.
        class_returns : array_like, optional
            For labels without barriers, as in :func:`barwise.trading.class_values`.
        sides : ndarray of int8, shape (n,), optional
            For meta-labels: the side that another model proposes at each row. The
            classes then are those of its trades, as in
            :func:`barwise.trading.sided_values`.

        Returns
        -------
        signals : ndarray of int8, shape (n,)
            +1, -1 or 0 at each row.
        result : BacktestResult
        """
        close = self.bars.close[rows]
        if class_returns is None:
            values = expected_values(
                probabilities,
                close,
                self.width[rows],
                self.execution,
                self.costs,
                timeout_returns=timeout_returns,
            )
        elif sides is None:
            values = class_values(probabilities, close, class_returns, self.costs)
        else:
            values = sided_values(
                probabilities, close, class_returns, sides, self.costs
            )
        signals = better_side(values, self.sides)
        span = slice(int(rows[0]), int(rows[-1]) + 1 + self.execution.horizon)
        bars = self.bars[span]
        decided = np.zeros(len(bars), np.int8)
        decided[rows - rows[0]] = signals
        result = backtest(
            bars,
            decided,
            self.execution,
            width=self.width[span],
            costs=self.costs,
            account=self.account,
            sessions=self.sessions,
        )
        return signals, result
