"""How a config's samples are cut into folds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, final

from barwise.core.errors import ConfigError
from barwise.datasets import (
    AbstractSplitter,
    CombinatorialPurgedKFold,
    PurgedKFold,
    TimeSeriesSplit,
    WalkForward,
)

Kind = Literal["purged", "combinatorial", "time-series", "walk-forward"]


@final
@dataclass(frozen=True)
class Folding:
    """One way of cutting samples into folds.

    Parameters
    ----------
    kind : {"purged", "combinatorial", "time-series", "walk-forward"}
        Purged K-fold, combinatorial groups, scikit-learn's ordered folds, or windows
        that are each tested on what came before.
    n_splits : int
        Folds, groups or windows.
    n_test_groups : int
        Groups tested at a time, of combinatorial folds.
    embargo : int, optional
        Bars after a test block; None takes 1440 at five minutes, else five session
        days. Only for folds that train on what comes after their test block.
    sliding : bool
        Whether a walk-forward window of training keeps its length.
    """

    kind: Kind = "purged"
    n_splits: int = 5
    n_test_groups: int = 2
    embargo: int | None = None
    sliding: bool = False

    def splitter(self, purge: int) -> AbstractSplitter:
        """Return the splitter, for a purge in bars.

        Raises
        ------
        ConfigError
            If a number is out of range.
        """
        if self.kind == "purged":
            return PurgedKFold(self.n_splits, purge=purge, embargo=self.embargo)
        if self.kind == "combinatorial":
            return CombinatorialPurgedKFold(
                self.n_splits, self.n_test_groups, purge=purge, embargo=self.embargo
            )
        if self.embargo is not None:
            raise ConfigError(
                f"{self.kind} folds train on nothing after their test rows, so an embargo "
                "means nothing to them; leave --embargo out"
            )
        if self.kind == "time-series":
            return TimeSeriesSplit(self.n_splits, gap=purge)
        return WalkForward(self.n_splits, expanding=not self.sliding, purge=purge)

    def __str__(self) -> str:
        """Say it in words."""
        if self.kind == "walk-forward":
            how = "sliding" if self.sliding else "expanding"
            return f"{self.n_splits} {how} walk-forward windows"
        if self.kind == "combinatorial":
            return (
                f"combinatorial folds, {self.n_test_groups} of {self.n_splits} groups "
                "tested at a time"
            )
        return f"{self.n_splits} {self.kind} folds"
