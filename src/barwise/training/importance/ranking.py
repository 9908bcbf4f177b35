"""Several methods on several folds, put together as one ranking of columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np


@final
@dataclass(frozen=True, eq=False)
class Ranking:
    """What one method says of each column.

    Parameters
    ----------
    mean : ndarray of float64, shape (n_columns,)
        Over folds.
    standard_error : ndarray of float64, shape (n_columns,)
        Of that mean. Folds share most of their training rows, so that it is somewhat
        too small (Bengio and Grandvalet, 2004).
    rank : ndarray of float64, shape (n_columns,)
        1 for the largest mean; equal means share the mean of their ranks.
    noise : float
        Largest mean of a random column.
    clear : ndarray of bool, shape (n_columns,)
        Whether the mean is above that by more than its standard error.
    """

    mean: np.ndarray
    standard_error: np.ndarray
    rank: np.ndarray
    noise: float
    clear: np.ndarray


def rank_columns(folds: np.ndarray, noise: int) -> tuple[Ranking, np.ndarray]:
    """Rank columns by their mean over folds.

    Parameters
    ----------
    folds : ndarray of float64, shape (n_folds, n_columns + noise)
        Importance in each fold, the random columns last; two folds at least.
    noise : int
        How many those are.

    Returns
    -------
    ranking : Ranking
        Of the real columns.
    random : ndarray of float64, shape (2, noise)
        Mean and standard error of the random ones.

    Examples
    --------
    >>> folds = np.array([[3.0, 1.0, 0.9], [3.2, 1.4, 1.1]])
    >>> ranking, random = rank_columns(folds, noise=1)
    >>> ranking.rank, ranking.clear, ranking.noise
    (array([1., 2.]), array([ True, False]), 1.0)
    """
    from scipy.stats import rankdata

    mean = folds.mean(axis=0)
    error = folds.std(axis=0, ddof=1) / np.sqrt(len(folds))
    real = slice(0, len(mean) - noise)
    level = float(mean[real.stop :].max())
    return (
        Ranking(
            mean[real],
            error[real],
            rankdata(-mean[real]),
            level,
            mean[real] - error[real] > level,
        ),
        np.array([mean[real.stop :], error[real.stop :]]),
    )


def combine(rankings: Mapping[str, Ranking], names: Sequence[str]) -> np.ndarray:
    """Return one figure a column, 1 for the best in every method and 0 for the worst.

    It is the mean rank over the methods, turned round and scaled; ranks, because the
    methods have units of their own.

    Examples
    --------
    >>> one, _ = rank_columns(np.array([[3.0, 2.0, 1.0, 0.0]] * 2), noise=1)
    >>> other, _ = rank_columns(np.array([[2.0, 3.0, 1.0, 0.0]] * 2), noise=1)
    >>> combine({"mda": one, "sfi": other}, ["a", "b", "c"])
    array([0.75, 0.75, 0.  ])
    """
    ranks = np.mean([ranking.rank for ranking in rankings.values()], axis=0)
    return 1.0 - (ranks - 1.0) / max(1, len(names) - 1)
