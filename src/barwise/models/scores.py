"""The three figures that every fit reports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from barwise.models.outputs import PredictionOutput


@final
@dataclass(frozen=True)
class Figures:
    """Log loss (nats), accuracy and macro-F1 of one part."""

    loss: float
    accuracy: float
    macro_f1: float

    @classmethod
    def nothing(cls) -> Figures:
        """Figures of a part without rows."""
        return cls(float("nan"), float("nan"), float("nan"))


def figures(
    labels: np.ndarray, out: PredictionOutput, classes: tuple[int, ...]
) -> Figures:
    """Score the valid rows of ``out``.

    A probability of 0 counts as the smallest float64 step from 1, as in scikit-learn;
    a class that neither occurs nor is predicted has an F1 of 0.
    """
    truth, chosen = labels[out.valid], out.class_predictions[out.valid]
    if not len(truth):
        return Figures.nothing()
    columns = np.searchsorted(np.array(classes), truth)
    given = out.class_probabilities[out.valid][np.arange(len(truth)), columns]
    loss = -np.log(np.clip(given, np.finfo(np.float64).eps, None)).mean()
    right = truth == chosen
    scores = []
    for name in classes:
        hit = np.sum(right & (truth == name))
        named = np.sum(truth == name) + np.sum(chosen == name)
        scores.append(2.0 * hit / named if named else 0.0)
    return Figures(float(loss), float(right.mean()), float(np.mean(scores)))
