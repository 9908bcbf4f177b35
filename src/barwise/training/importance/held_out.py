"""The test rows of one fold, as every method scores them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from barwise.datasets import TimeSeriesDataContainer
from barwise.datasets.fold_data import FoldData
from barwise.datasets.weights import training_weights
from barwise.models.base import BaseModel
from barwise.training.importance.loss import weighted_log_loss


@final
@dataclass(frozen=True, eq=False)
class HeldOut:
    """Rows that the fold's models have not seen.

    Parameters
    ----------
    X : ndarray of float32, shape (n, n_columns)
        Prepared by what the fold's training rows have taught.
    columns : ndarray of int64, shape (n,)
        Position of each true class.
    weights : ndarray of float64, shape (n,)
        Label weight x uniqueness, as of training rows: labels that overlap count less.
    """

    X: np.ndarray
    columns: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, fold: FoldData) -> HeldOut:
        """Take the test rows of a fold."""
        data = fold.container
        rows = data.rows("val")
        weight, unique = data.frame.targets.weight[rows], data.frame.uniqueness[rows]
        return cls(
            data.X_val,
            np.searchsorted(np.array(data.classes), data.y_val),
            training_weights(weight, unique, 1.0),
        )

    def loss(self, probabilities: np.ndarray) -> float:
        """Return the weighted log loss of predictions of all rows."""
        return weighted_log_loss(self.columns, probabilities, self.weights)

    def model_loss(self, model: BaseModel, X: np.ndarray) -> float:
        """Return that of a model on rows that stand for these."""
        return self.loss(model.predict(X).class_probabilities)

    def prior_loss(self, data: TimeSeriesDataContainer) -> float:
        """Return that of the weighted class frequencies of the training rows."""
        column = np.searchsorted(np.array(data.classes), data.y_train)
        weights = data.sample_weights
        share = np.bincount(column, weights, len(data.classes)) / weights.sum()
        return self.loss(np.tile(share, (len(self.columns), 1)))
