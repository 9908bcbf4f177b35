"""Columns that say much the same, found from the columns alone."""

from __future__ import annotations

import numpy as np

TOGETHER = 0.5
"""Mean absolute rank correlation from which on columns form one cluster."""

_MOST_ROWS = 20_000


def correlated_clusters(values: np.ndarray, threshold: float = TOGETHER) -> np.ndarray:
    """Number the clusters of columns by average linkage on 1 - |rank correlation|.

    The sign does not matter: a column and its negative tell a model the same. Labels
    are not looked at, so that a cluster is a question that can be asked of held-out
    rows, not something learned from them: no model's prediction hangs on it.

    Parameters
    ----------
    values : ndarray, shape (n, n_columns)
        Finite. Of more than 20,000 rows every so-many-th is taken.
    threshold : float
        Mean absolute Spearman correlation of the columns of two clusters from which
        on they are one.

    Returns
    -------
    ndarray of int64, shape (n_columns,)
        Numbers from 0 in the order in which clusters first occur.

    References
    ----------
    Lopez de Prado (2020), Machine Learning for Asset Managers, sections 4 and 6.5.2,
    who clusters by k-means.

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(size=(200, 3))
    >>> correlated_clusters(np.column_stack([x, -x[:, 0]]))
    array([0, 1, 2, 0])
    """
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.stats import rankdata
    from threadpoolctl import threadpool_limits

    count = values.shape[1]
    if count < 2:
        return np.zeros(count, dtype=np.int64)
    ranks = rankdata(values[:: -(-len(values) // _MOST_ROWS)], axis=0)
    ranks -= ranks.mean(axis=0)
    spread = np.sqrt((ranks**2).sum(axis=0))
    # A column with one value goes with no other.
    ranks /= np.where(spread > 0, spread, np.inf)
    # One thread adds in one order.
    with threadpool_limits(1, "blas"):
        apart = 1.0 - np.abs(ranks.T @ ranks).clip(0, 1)
    tree = linkage(apart[np.triu_indices(count, 1)], method="average")
    found = fcluster(tree, 1.0 - threshold, criterion="distance")
    _, first, number = np.unique(found, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[number].astype(np.int64)
