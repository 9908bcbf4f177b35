"""What each column contributes to a score, for models that can say it exactly."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np

from barwise.models.inputs import Rows


@runtime_checkable
class Contributing(Protocol):
    """A model that divides its raw scores among the columns (Shapley values)."""

    def get_contributions(self, X: Rows) -> np.ndarray:
        """Return float64 (n, n_classes, n_features), in raw scores.

        The sum over features is a row's raw score less the mean one of the training
        rows; classes that the training rows lack have zeros.
        """
