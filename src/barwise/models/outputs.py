"""What a model gives back: predictions, and the figures of its training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any, final

import numpy as np


@final
@dataclass(frozen=True, eq=False)
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

    def _repr_html_(self) -> str:
        classes = self.metadata["classes"]
        chosen = self.class_predictions[self.valid]
        cells = "".join(
            f"<tr><td>{name:+d}</td><td>{int((chosen == name).sum()):,}</td>"
            f"<td>{_mean(self.class_probabilities[self.valid, column])}</td></tr>"
            for column, name in enumerate(classes)
        )
        return (
            f"<p>{escape(str(self.metadata['model']))}: {len(self):,} rows, "
            f"{int((~self.valid).sum()):,} not scored</p><table><tr><th>class</th>"
            f"<th>predicted</th><th>mean probability</th></tr>{cells}</table>"
        )


@final
@dataclass(frozen=True)
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

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{name}</td><td>{getattr(self, f'train_{name}'):.4f}</td>"
            f"<td>{getattr(self, f'val_{name}'):.4f}</td></tr>"
            for name in ("loss", "accuracy", "f1")
        )
        return (
            f"<table><tr><th></th><th>train</th><th>validation</th></tr>{rows}</table>"
            f"<p>{self.epochs_trained} epochs, best {self.best_epoch}, "
            f"{self.training_time_seconds:.1f} s</p>"
        )


def _mean(values: np.ndarray) -> str:
    return f"{values.mean():.3f}" if len(values) else "none"
