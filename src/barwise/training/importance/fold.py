"""One method on one fold: everything that learns is fitted on its training rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import final

import numpy as np

from barwise.datasets import TimeSeriesDataContainer, fold_data
from barwise.datasets.fold_data import FoldData
from barwise.models.contributions import Contributing
from barwise.training.config import TrainerConfig
from barwise.training.fitting import fit_model
from barwise.training.importance.contributions import mean_contributions
from barwise.training.importance.held_out import HeldOut
from barwise.training.importance.impurity import impurity_importance
from barwise.training.importance.permutation import permutation_importance
from barwise.training.importance.single import single_importance

Arrays = Mapping[str, np.ndarray]


@final
@dataclass(frozen=True, eq=False)
class FoldQuestion:
    """What is asked of one fold.

    Parameters
    ----------
    method : str
        One of ``METHODS``.
    trainer : TrainerConfig
        The model that columns are judged with; MDI has its own forest.
    clusters : ndarray of int64, shape (n_columns,)
        Columns of one number are permuted together.
    permutations, seed, fold : int
    """

    method: str
    trainer: TrainerConfig
    clusters: np.ndarray
    permutations: int
    seed: int
    fold: int


def fold_importance(
    question: FoldQuestion,
    data: TimeSeriesDataContainer,
    train: np.ndarray,
    test: np.ndarray,
) -> Arrays:
    """Answer a question on a fold.

    Parameters
    ----------
    question : FoldQuestion
    data : TimeSeriesDataContainer
        What it has learned itself is not used.
    train, test : ndarray of int64
        Matrix rows of the fold's purged training and of its test samples.

    Returns
    -------
    dict of str to ndarray of float64, shape (n_columns,)
        By name of the measure; ``mdi_spread`` is the deviation over trees. Of ``mda``
        also ``losses``, shape (2,): the model's held-out log loss, and that of the
        class frequencies.
    """
    return METHODS[question.method](question, fold_data(data, train, test))


def _mdi(question: FoldQuestion, fold: FoldData) -> Arrays:
    data = fold.container
    drawn = float(data.frame.uniqueness[data.rows("train")].mean())
    mean, spread = impurity_importance(
        data.X_train,
        data.y_train,
        data.sample_weights,
        seed=question.seed,
        drawn=drawn,
    )
    return {"mdi": mean, "mdi_spread": spread}


def _mda(question: FoldQuestion, fold: FoldData) -> Arrays:
    model = fit_model(question.trainer, fold.container).model
    held_out = HeldOut.of(fold)
    loss = partial(held_out.model_loss, model)
    numbers = range(int(question.clusters.max()) + 1)
    together = [np.flatnonzero(question.clusters == number) for number in numbers]
    alone = [np.array([column]) for column in range(held_out.X.shape[1])]
    grown = permutation_importance(
        loss,
        held_out.X,
        [*alone, *(group for group in together if len(group) > 1)],
        permutations=question.permutations,
        seed=(question.seed, question.fold),
    ).mean(axis=1)
    single, rest = grown[: len(alone)], iter(grown[len(alone) :])
    clustered = single.copy()
    for group in together:
        if len(group) > 1:
            clustered[group] = next(rest)
    losses = [loss(held_out.X), held_out.prior_loss(fold.container)]
    return {"mda": single, "clustered_mda": clustered, "losses": np.array(losses)}


def _sfi(question: FoldQuestion, fold: FoldData) -> Arrays:
    return {"sfi": single_importance(question.trainer, fold, HeldOut.of(fold))}


def _shap(question: FoldQuestion, fold: FoldData) -> Arrays:
    model = fit_model(question.trainer, fold.container).model
    assert isinstance(model, Contributing)
    return {"shap": mean_contributions(model, fold.container.X_val)}


METHODS: dict[str, Callable[[FoldQuestion, FoldData], Arrays]] = {
    "mdi": _mdi,
    "mda": _mda,
    "sfi": _sfi,
    "shap": _shap,
}
"""By the name that a user gives; MDA answers for clusters as well."""

MEASURES = {
    "mdi": ("mdi",),
    "mda": ("mda", "clustered_mda"),
    "sfi": ("sfi",),
    "shap": ("shap",),
}
"""What each method says of a column."""
