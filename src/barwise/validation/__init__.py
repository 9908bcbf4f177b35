"""Validation: what results say side by side, and how much of it is luck."""

from barwise.datasets import (
    CombinatorialPurgedKFold,
    PurgedKFold,
    TimeSeriesSplit,
    WalkForward,
)
from barwise.validation.deflation import Deflation, deflate
from barwise.validation.leaderboard import Row, leaderboard
from barwise.validation.overfitting import (
    BacktestOverfitting,
    Dominance,
    probability_of_backtest_overfitting,
)
from barwise.validation.sharpe import (
    deflated_sharpe_ratio,
    expected_maximum_sharpe,
    minimum_backtest_length,
    minimum_track_record_length,
    probabilistic_sharpe_ratio,
)
from barwise.validation.snooping import (
    SnoopingTest,
    reality_check,
    superior_predictive_ability,
)
from barwise.validation.trials import cluster_trials, effective_number_of_trials

__all__ = [
    "BacktestOverfitting",
    "CombinatorialPurgedKFold",
    "Deflation",
    "Dominance",
    "PurgedKFold",
    "Row",
    "SnoopingTest",
    "TimeSeriesSplit",
    "WalkForward",
    "cluster_trials",
    "deflate",
    "deflated_sharpe_ratio",
    "effective_number_of_trials",
    "expected_maximum_sharpe",
    "leaderboard",
    "minimum_backtest_length",
    "minimum_track_record_length",
    "probabilistic_sharpe_ratio",
    "probability_of_backtest_overfitting",
    "reality_check",
    "superior_predictive_ability",
]
