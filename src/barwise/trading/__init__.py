"""Bars and signals to trades, an account and its performance."""

from barwise.trading.costs import Costs
from barwise.trading.execution import ExecutionContract
from barwise.trading.performance import (
    Performance,
    PeriodMoments,
    performance,
    period_moments,
    sharpe_interval,
    sharpe_ratio,
)
from barwise.trading.result import BacktestResult, DecisionCounts, Trades
from barwise.trading.signals import (
    class_values,
    expected_values,
    sided_values,
    signals_from_probabilities,
)
from barwise.trading.simulation import backtest
from barwise.trading.sizing import Account

__all__ = [
    "Account",
    "BacktestResult",
    "Costs",
    "DecisionCounts",
    "ExecutionContract",
    "Performance",
    "PeriodMoments",
    "Trades",
    "backtest",
    "class_values",
    "expected_values",
    "performance",
    "period_moments",
    "sharpe_interval",
    "sharpe_ratio",
    "sided_values",
    "signals_from_probabilities",
]
