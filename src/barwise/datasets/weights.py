"""What training samples weigh."""

from __future__ import annotations

import numpy as np

from barwise.core.errors import DataError


def training_weights(
    weight: np.ndarray, uniqueness: np.ndarray, oldest: float
) -> np.ndarray:
    """Return label weight x uniqueness x decay, with mean 1.

    Parameters
    ----------
    weight, uniqueness : ndarray of float64, shape (n,)
        Of each training label, oldest first.
    oldest : float
        As in :func:`time_decay`.

    Raises
    ------
    DataError
        If all samples weigh 0.

    Examples
    --------
    >>> training_weights(np.array([1.5, 0.5]), np.array([0.5, 0.5]), 1.0)
    array([1.5, 0.5])
    """
    raw = weight * uniqueness * time_decay(uniqueness, oldest)
    if not raw.any():
        raise DataError(
            "all training samples weigh 0; check the labels' weight and uniqueness"
        )
    mean: float = raw.mean()
    return raw / mean


def time_decay(uniqueness: np.ndarray, oldest: float) -> np.ndarray:
    """Return weights that rise in a straight line to 1, in units of unique samples.

    Time is counted in uniqueness that has passed, not in rows: many labels of the same
    bars age no faster than one. With x the cumulative uniqueness and X its sum, the
    weight is ``oldest + (1 - oldest) * x / X``.

    Parameters
    ----------
    uniqueness : ndarray of float64, shape (n,)
        Average uniqueness of each label, oldest first.
    oldest : float
        Weight at the beginning, above 0 to 1; with 1 all weigh the same.

    References
    ----------
    Lopez de Prado (2018), Advances in Financial Machine Learning, section 4.7.

    Examples
    --------
    >>> time_decay(np.array([1.0, 0.5, 0.5]), 0.5)
    array([0.75 , 0.875, 1.   ])
    """
    passed = np.cumsum(uniqueness)
    total = passed[-1] if len(passed) and passed[-1] > 0 else 1.0
    return oldest + (1.0 - oldest) * passed / total
