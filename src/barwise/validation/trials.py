"""How lucky the best of some correlated trials is, and which are variations of others.

The best of correlated trials is less lucky than that of independent ones. As many
independent trials as would have an equally lucky best are the effective number.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.optimize import brentq
from scipy.spatial.distance import squareform
from scipy.stats import norm

from barwise.core.arrays import Index
from barwise.core.errors import ConfigError
from barwise.validation.returns import returns_table

_DRAWS, _AT_ONCE = 4096, 256
_GRID = np.linspace(-9.0, 9.0, 3600)  # not 0, where the density below jumps
_BELOW = norm.cdf(_GRID)


def cluster_trials(returns: Any, correlation: float = 0.5) -> Index:
    """Group strategies that are variations of one another.

    Parameters
    ----------
    returns : array of float, shape (n_periods, n_strategies)
        Returns of every trial, oldest first; 0 in periods without a trade.
    correlation : float
        Above it, on average, trials are variations of one another; below 1, at least 0.

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


def effective_number_of_trials(returns: Any) -> float:
    """Return how many independent trials have as lucky a best one as some strategies.

    Parameters
    ----------
    returns : array of float, shape (n_periods, n_strategies)
        Returns of every trial, oldest first; 0 in periods without a trade.

    Returns
    -------
    float
        At least 1. Strategies against each other can be more than there are: one of a
        strategy and its reverse always gains.

    Raises
    ------
    DataError
        If there are fewer than three periods, or a return is not finite.

    Notes
    -----
    Clusters are no such number: eight strategies with correlations of 0.5 are one
    cluster, and the best of them is as lucky as that of nearly four independent ones.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> own, shared = rng.normal(size=(500, 20)), rng.normal(size=(500, 1))
    >>> [round(effective_number_of_trials(own + c * shared)) for c in (0, 1, 9)]
    [20, 6, 1]
    """
    return independent_trials(expected_best([returns_table(returns, at_least=3)]))


def expected_best(tables: Sequence[np.ndarray], alone: int = 0) -> float:
    """Return the expected maximum of standard normals that correlate as trials do.

    Parameters
    ----------
    tables : sequence of ndarray of float, shape (n_periods, n_strategies)
        Returns of trials on the same days, a table each; trials of different tables
        are independent.
    alone : int
        Further independent trials.

    Returns
    -------
    float
        The same for the same tables: the draws are seeded. One trial has 0.
    """
    roots, rng = [_root(table) for table in tables], np.random.default_rng(0)
    width = 0.0
    for _ in range(0, _DRAWS, _AT_ONCE):
        parts = [rng.standard_normal((_AT_ONCE, len(root))) @ root for root in roots]
        drawn = np.hstack([*parts, rng.standard_normal((_AT_ONCE, alone))])
        width += np.ptp(drawn, axis=1).sum() if drawn.shape[1] else 0.0
    # Half the range: the same by symmetry, and without the noise of what all share.
    return float(0.5 * width / _DRAWS)


def independent_trials(best: float) -> float:
    """Return how many standard normals have a given expected maximum, at least one."""

    def beyond(log_count: float) -> float:
        reached = _BELOW ** math.exp(log_count)
        density = np.where(_GRID > 0, 1 - reached, -reached)
        return float(np.trapezoid(density, _GRID)) - best

    return math.exp(brentq(beyond, 0.0, 20.0)) if best > 0 else 1.0


def mean_correlation(tables: Sequence[np.ndarray], count: int) -> float:
    """Return the mean correlation over all pairs of trials; 0 between tables.

    Parameters
    ----------
    tables : sequence of ndarray
        As for :func:`expected_best`.
    count : int
        Trials, those in no table among them.
    """
    if count < 2:
        return 0.0
    pairs = 0.0
    for table in tables:
        unit = _units(table)
        pairs += float(((unit.sum(axis=1)) ** 2).sum() - (unit**2).sum())
    return pairs / (count * (count - 1))


def _units(table: np.ndarray) -> np.ndarray:
    """Centre columns and give them length one, or none where they never vary."""
    apart = table - table.mean(axis=0)
    length = np.sqrt((apart**2).sum(axis=0))
    still = np.ptp(table, axis=0) == 0
    return np.where(still, 0.0, apart / np.where(still, 1.0, length))


def _root(table: np.ndarray) -> np.ndarray:
    """Return a matrix whose square is the correlation of the columns."""
    unit = _units(table)
    if len(unit) <= unit.shape[1]:
        return unit
    values, vectors = np.linalg.eigh(unit.T @ unit)
    return (vectors * np.sqrt(values.clip(min=0.0))).T


def _distances(table: np.ndarray) -> np.ndarray:
    unit, still = _units(table), np.ptp(table, axis=0) == 0
    correlation = np.clip(unit.T @ unit, -1.0, 1.0)
    correlation[np.ix_(still, still)] = 1.0
    distances = np.sqrt((1 - correlation) / 2)
    np.fill_diagonal(distances, 0.0)
    return distances
