"""The score of held-out rows: log loss, each row with its weight."""

from __future__ import annotations

import numpy as np

_LEAST = np.finfo(np.float64).eps
"""A certainty that was wrong costs 36 nats, as in scikit-learn, not infinitely many."""


def weighted_log_loss(
    columns: np.ndarray, probabilities: np.ndarray, weights: np.ndarray
) -> float:
    """Return the mean of -log of the probability of what came, in nats.

    Parameters
    ----------
    columns : ndarray of int64, shape (n,)
        Position of each true class.
    probabilities : ndarray of float64, shape (n, n_classes)
    weights : ndarray of float64, shape (n,)
        Not all zero.

    Examples
    --------
    >>> p = np.array([[0.5, 0.5], [0.25, 0.75]])
    >>> round(weighted_log_loss(np.array([0, 1]), p, np.array([1.0, 0.0])), 4)
    0.6931
    """
    chosen = probabilities[np.arange(len(columns)), columns]
    return float(np.average(-np.log(np.clip(chosen, _LEAST, 1.0)), weights=weights))
