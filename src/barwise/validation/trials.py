"""How many independent trials some correlated ones amount to.

Strategies are clustered by the distance sqrt((1 - rho) / 2) of their returns; clusters
whose average distance is below that of the limiting correlation are merged. A cluster
counts as one trial.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from barwise.core.arrays import Index
from barwise.core.errors import ConfigError
from barwise.validation.returns import returns_table


def cluster_trials(returns: Any, correlation: float = 0.5) -> Index:
    """Group strategies that are variations of one another.

    Parameters
    ----------
    returns : array of float, shape (n_periods, n_strategies)
        Returns of every trial, oldest first; 0 in periods without a trade.
    correlation : float
        Above it, on average, trials are variations of one another; below 1, at least 0.
        A lower value counts fewer trials and deflates less.

    Returns
    -------
    ndarray of int64, shape (n_strategies,)
        Cluster of each strategy, from 0, numbered in the order in which they appear.
        Strategies that never trade are one cluster.

    Raises
    ------
    ConfigError
        If the correlation is out of range.
    DataError
        If there are fewer than three periods, or a return is not finite.

    References
    ----------
    Lopez de Prado and Lewis (2019), Detection of False Investment Strategies Using
    Unsupervised Learning Methods, Quantitative Finance 19(9), for the idea and the
    distance. They choose the number of clusters by silhouettes of repeated k-means,
    which is random, and can neither say one nor as many as there are trials.

    Examples
    --------
    Two ideas, each tried three times:

    >>> rng = np.random.default_rng(0)
    >>> ideas = np.repeat(rng.normal(size=(500, 2)), 3, axis=1)
    >>> cluster_trials(ideas + 0.5 * rng.normal(size=(500, 6)))
    array([0, 0, 0, 1, 1, 1])
    """
    if not 0 <= correlation < 1:
        raise ConfigError(
            f"correlation must be at least 0 and below 1, got {correlation}"
        )
    table = returns_table(returns, at_least=3)
    if table.shape[1] == 1:
        return np.zeros(1, dtype=np.int64)
    limit = math.sqrt((1 - correlation) / 2)
    tree = linkage(squareform(_distances(table), checks=False), method="average")
    label = fcluster(tree, limit, criterion="distance")
    _, first, inverse = np.unique(label, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse]


def effective_number_of_trials(returns: Any, correlation: float = 0.5) -> int:
    """Return the number of clusters of :func:`cluster_trials`.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> effective_number_of_trials(rng.normal(size=(500, 20)))
    20
    >>> effective_number_of_trials(np.repeat(rng.normal(size=(500, 1)), 20, axis=1))
    1
    """
    return int(cluster_trials(returns, correlation).max()) + 1


def _distances(table: np.ndarray) -> np.ndarray:
    apart = table - table.mean(axis=0)
    length = np.sqrt((apart**2).sum(axis=0))
    still = np.ptp(table, axis=0) == 0
    unit = np.where(still, 0.0, apart / np.where(still, 1.0, length))
    correlation = np.clip(unit.T @ unit, -1.0, 1.0)
    correlation[np.ix_(still, still)] = 1.0
    distances = np.sqrt((1 - correlation) / 2)
    np.fill_diagonal(distances, 0.0)
    return distances
