"""Mean decrease of impurity: what the splits of a forest's trees are made on."""

from __future__ import annotations

import numpy as np

_TREES = 200
_SMALLEST_LEAF = 0.005
"""Share of the training weight: labels overlap, and a tree that grows until each leaf is
pure tells twins of one bar apart by whatever column it draws."""


def impurity_importance(
    X: np.ndarray,
    y: np.ndarray,
    weights: np.ndarray,
    *,
    seed: int,
    drawn: float = 1.0,
    trees: int = _TREES,
) -> tuple[np.ndarray, np.ndarray]:
    """Return each column's share of the impurity that a forest's trees take away.

    Every split looks at one column that is drawn by lot (``max_features=1``), so that a
    column is not masked by a better one that says the same. For that reason a tree that
    never drew a column says nothing about it: that is missing, not zero.

    It is an account of the training rows: noise has a share too, and columns with many
    values or slow moves have more of it. Compare with the random columns.

    Parameters
    ----------
    X : ndarray of float32, shape (n, n_columns)
        Training rows, finite.
    y : ndarray of int, shape (n,)
    weights : ndarray of float64, shape (n,)
    seed : int
    drawn : float
        Share of the rows that each tree is given, 0 to 1: the mean uniqueness of the
        labels, so that rows of one tree say as little as possible twice.
    trees : int

    Returns
    -------
    mean : ndarray of float64, shape (n_columns,)
        Mean over trees; the sum is 1.
    spread : ndarray of float64, shape (n_columns,)
        Standard deviation over trees, in the same unit.

    References
    ----------
    Lopez de Prado (2018), Advances in Financial Machine Learning, snippet 8.2, and
    section 6.2 on what each tree is given.

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(size=(400, 2)).astype(np.float32)
    >>> mean, spread = impurity_importance(
    ...     x, x[:, 1] > 0, np.ones(400), seed=1, trees=9
    ... )
    >>> bool(mean[1] > 2 * mean[0]), float(mean.sum())
    (True, 1.0)
    """
    from sklearn.ensemble import RandomForestClassifier

    forest = RandomForestClassifier(
        trees,
        criterion="entropy",
        max_features=1,
        max_samples=max(1, round(drawn * len(X))),
        min_weight_fraction_leaf=_SMALLEST_LEAF,
        class_weight="balanced_subsample",
        random_state=seed,
        n_jobs=1,
    )
    forest.fit(X, y, sample_weight=weights)
    shares = np.array([tree.feature_importances_ for tree in forest.estimators_])
    shares[shares == 0] = np.nan
    seen = np.isfinite(shares).any(axis=0)
    mean, spread = np.zeros(X.shape[1]), np.zeros(X.shape[1])
    mean[seen] = np.nanmean(shares[:, seen], axis=0)
    spread[seen] = np.nanstd(shares[:, seen], axis=0)
    total = mean.sum() or 1.0
    return mean / total, spread / total
