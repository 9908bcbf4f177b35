"""Validation: what results say side by side, and on folds that cannot leak."""

from barwise.datasets import (
    CombinatorialPurgedKFold,
    PurgedKFold,
    TimeSeriesSplit,
    WalkForward,
)
from barwise.validation.leaderboard import Row, leaderboard

__all__ = [
    "CombinatorialPurgedKFold",
    "PurgedKFold",
    "Row",
    "TimeSeriesSplit",
    "WalkForward",
    "leaderboard",
]
