"""The primary model of meta-labels: what it would trade, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import final

import numpy as np

from barwise.core.errors import ConfigError
from barwise.core.hashing import hash_json
from barwise.datasets import (
    AbstractSplitter,
    Proposals,
    Targets,
    TimeSeriesDataContainer,
    fold_data,
)
from barwise.labels import Labels, meta_labels
from barwise.training.config import TrainerConfig
from barwise.training.fitting import fit_model
from barwise.training.fold_plan import plan_folds
from barwise.training.out_of_fold import check_stopping, learned_of, predict_fold


@final
@dataclass(frozen=True, eq=False)
class FoldedPrimary:
    """A registered model of three classes, the most likely of which is the side of a trade.

    Satisfies :class:`barwise.datasets.Primary`. For training rows it is asked out of
    fold: by models of folds *within* those rows, columns, scaler and all. For other rows
    by one model that was fitted on all of the training rows.

    Parameters
    ----------
    trainer : TrainerConfig
        Of the model.
    data : TimeSeriesDataContainer
        Its own data set: three classes, raw features.
    labels : Labels
        What ``data`` was labelled with, outcomes of both trades beside it; ends are
        those at which the later of them is known.
    costs : tuple of ndarray of float64, shape (n_rows,)
        Of a long and of a short round trip at each row, as a log return.
    splitter : AbstractSplitter
        Cuts training rows into folds.

    Raises
    ------
    ConfigError
        If the model would stop on the rows that it is asked about.
    """

    trainer: TrainerConfig
    data: TimeSeriesDataContainer
    labels: Labels
    costs: tuple[np.ndarray, np.ndarray]
    splitter: AbstractSplitter

    def __post_init__(self) -> None:
        check_stopping(self.trainer, self.data.classes)

    def propose(
        self, train: np.ndarray, asked: np.ndarray, sealed: np.ndarray | None = None
    ) -> Proposals:
        """Say what to trade in the rows of a fold; see :class:`barwise.datasets.Primary`.

        Raises
        ------
        ConfigError
            If the training rows are too few to be folded.
        """
        rows = len(self.data.frame.times)
        p = np.full((rows, 3), np.nan)
        try:
            samples = self.data.frame.samples(train)
            plan = plan_folds(self.data, self.splitter, samples=samples)
        except ConfigError as problem:
            raise ConfigError(
                f"the primary model cannot be asked out of fold on {len(train):,} "
                f"training rows: {problem} (labels.primary.folds, labels.primary.embargo)"
            ) from problem
        learned = []
        for number in range(len(plan)):
            seen, unseen = plan.rows(number)
            said = predict_fold(self.trainer, fold_data(self.data, seen, unseen))
            p[unseen] = said.probabilities
            learned.append(said.learned)
        fold = fold_data(self.data, train, asked)
        made = fit_model(self.trainer, fold.container)
        p[asked] = made.output.class_probabilities
        if sealed is not None:
            rest = fold.container.frame.samples(sealed)
            output = made.model.predict(fold.container.preparation.apply(rest))
            p[sealed] = output.class_probabilities
        return Proposals(
            likeliest_side(p), p, hash_json([*learned, learned_of(fold, made.model)])
        )

    def judge(self, side: np.ndarray) -> Targets:
        """Return the targets that the meta-labels of sides are."""
        meta, own = self.labelled(side), self.data.frame.targets
        return replace(
            own,
            label=meta.label,
            ret=meta.ret,
            valid=own.valid & meta.valid,
            weight=meta.weight,
        )

    def labelled(self, side: np.ndarray) -> Labels:
        """Return the meta-labels of sides: whether a trade earns more than it costs."""
        return meta_labels(self.labels, side, cost=self.cost(side))

    def cost(self, side: np.ndarray) -> np.ndarray:
        """Return what a round trip on each side costs, as a log return."""
        return np.where(side < 0, self.costs[1], self.costs[0])


def likeliest_side(probabilities: np.ndarray) -> np.ndarray:
    """Return the most likely class of each row, 0 where a probability is missing.

    Not the class that a model chooses: one with balanced class weights chooses a rare
    class long before it is likely, and a trade is not proposed for being rare.

    Parameters
    ----------
    probabilities : ndarray of float64, shape (row, 3)
        Short, neutral, long.

    Examples
    --------
    >>> likeliest_side(np.array([[0.5, 0.1, 0.4], [0.2, 0.5, 0.3], [np.nan] * 3]))
    array([-1,  0,  0], dtype=int8)
    """
    known = np.isfinite(probabilities).all(axis=1)
    chosen = np.nan_to_num(probabilities).argmax(axis=1) - 1
    return np.where(known, chosen, 0).astype(np.int8)
