"""What a model gives back: predictions, and the figures of its training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any, final

import numpy as np


@final
@dataclass(frozen=True, eq=False, repr=False)
class PredictionOutput:
    """Class probabilities of rows, and the classes chosen from them.

    Parameters
    ----------
    class_predictions : ndarray of int8, shape (n,)
        The chosen class; 0 where ``valid`` is False. A model with class weights
        chooses under those weights, so it need not be the most probable one.
    class_probabilities : ndarray of float64, shape (n, n_classes)
        Columns in the order of the configured classes (short, neutral, long), the
        classes that a training fold lacks included, at the classes' true shares: class
        weights do not shift them. Rows sum to 1; NaN where not valid.
    confidence : ndarray of float64, shape (n,)
        Probability of the chosen class; NaN where not valid.
    metadata : mapping
        ``model``, ``classes`` and what else the model has to say.
    valid : ndarray of bool, shape (n,)
        Rows that could be scored; a row with missing input is an abstention.
    """

    class_predictions: np.ndarray
    class_probabilities: np.ndarray
    confidence: np.ndarray
    metadata: Mapping[str, Any]
    valid: np.ndarray

    def __len__(self) -> int:
        return len(self.class_predictions)

    def take(self, positions: np.ndarray) -> PredictionOutput:
        """Return the predictions of some rows (index array or bool mask)."""
        return PredictionOutput(
            self.class_predictions[positions],
            self.class_probabilities[positions],
            self.confidence[positions],
            self.metadata,
            self.valid[positions],
        )

    def __repr__(self) -> str:
        counts = ", ".join(f"{name}: {n:,}" for name, n in self._counts().items())
        return f"PredictionOutput({self._head()}; predicted {counts})"

    def _repr_html_(self) -> str:
        cells = "".join(
            f"<tr><td>{name}</td><td>{n:,}</td>"
            f"<td>{_mean(self.class_probabilities[self.valid, column])}</td></tr>"
            for column, (name, n) in enumerate(self._counts().items())
        )
        return (
            f"<p>{escape(self._head())}</p><table><tr><th>class</th>"
            f"<th>predicted</th><th>mean probability</th></tr>{cells}</table>"
        )

    def _head(self) -> str:
        missing = int((~self.valid).sum())
        return f"{self.metadata['model']}: {len(self):,} rows, {missing:,} not scored"

    def _counts(self) -> dict[str, int]:
        chosen = self.class_predictions[self.valid]
        return {
            f"{name:+d}" if name else "0": int((chosen == name).sum())
            for name in self.metadata["classes"]
        }


@final
@dataclass(frozen=True, repr=False)
class TrainingMetrics:
    """Figures of one fit, unweighted; NaN for the validation part when none was given.

    Parameters
    ----------
    train_loss, val_loss : float
        Log loss (nats) of the fitted model on the rows that it could score.
    train_accuracy, val_accuracy : float
        Share of rows whose predicted class is right.
    train_f1, val_f1 : float
        F1 averaged over the configured classes (macro).
    epochs_trained, best_epoch : int
        Passes or boosting rounds that were run, and the one that was kept; counted
        from 1, and 0 for a model without any.
    training_time_seconds : float
        Wall time of the fit, the only figure here that a rerun changes.
    early_stopped : bool
        Whether training ended before its last round.
    history : mapping of str to list of float
        Per epoch or round, what the model watched.
    """

    train_loss: float
    val_loss: float
    train_accuracy: float
    val_accuracy: float
    train_f1: float
    val_f1: float
    epochs_trained: int
    training_time_seconds: float
    early_stopped: bool
    best_epoch: int
    history: Mapping[str, list[float]] = field(default_factory=dict)

    def __repr__(self) -> str:
        pairs = ", ".join(
            f"{name} {train:.4f} / {val:.4f}" for name, train, val in self._pairs()
        )
        return f"TrainingMetrics(train / validation: {pairs}; {self._effort()})"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{name}</td><td>{train:.4f}</td><td>{val:.4f}</td></tr>"
            for name, train, val in self._pairs()
        )
        return (
            f"<table><tr><th></th><th>train</th><th>validation</th></tr>{rows}</table>"
            f"<p>{self._effort()}</p>"
        )

    def _pairs(self) -> list[tuple[str, float, float]]:
        return [
            ("loss", self.train_loss, self.val_loss),
            ("accuracy", self.train_accuracy, self.val_accuracy),
            ("f1", self.train_f1, self.val_f1),
        ]

    def _effort(self) -> str:
        return (
            f"{self.epochs_trained} epochs, best {self.best_epoch}, "
            f"{self.training_time_seconds:.1f} s"
        )


def _mean(values: np.ndarray) -> str:
    return f"{values.mean():.3f}" if len(values) else "none"
