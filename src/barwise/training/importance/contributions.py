"""Mean absolute Shapley values of held-out rows, exact for trees."""

from __future__ import annotations

import numpy as np

from barwise.models.contributions import Contributing

MOST_ROWS = 2000
"""Held-out rows of a fold that are explained, evenly spread: a mean of many more would
differ in a digit that its standard error over folds drowns."""


def mean_contributions(model: Contributing, X: np.ndarray) -> np.ndarray:
    """Return how far each column moves the scores of held-out rows, on average.

    Parameters
    ----------
    model : Contributing
        Fitted on other rows.
    X : ndarray, shape (n, n_columns)
        Rows as the model wants them; of more than 2,000 every so-many-th is taken.

    Returns
    -------
    ndarray of float64, shape (n_columns,)
        Mean absolute SHAP value of the raw score (log odds), summed over classes. It
        says what the model leans on, not whether that is right: look at MDA too.

    References
    ----------
    Lundberg et al. (2020), From local explanations to global understanding with
    explainable AI for trees.
    """
    rows = X[:: -(-len(X) // MOST_ROWS)]
    return np.abs(model.get_contributions(rows)).mean(axis=0).sum(axis=0)
