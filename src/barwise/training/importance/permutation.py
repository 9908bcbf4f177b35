"""Mean decrease of accuracy: what held-out rows lose when a column is dealt out anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np


def permutation_importance(
    loss: Callable[[np.ndarray], float],
    X: np.ndarray,
    groups: Sequence[np.ndarray],
    *,
    permutations: int,
    seed: Sequence[int],
) -> np.ndarray:
    """Return by how much the loss grows when columns are permuted among held-out rows.

    A model that was fitted on other rows is asked again about rows in which a column's
    values have changed places. Of two columns that say the same each can stand in for
    the other, so that either looks useless alone (the substitution effect): columns of
    one group are permuted together, by one permutation, and lose the stand-in too.

    Values are dealt out one by one, not in blocks. A model that reads rows sees of a
    permutation only the pairs (row, value that it is given), and over permutations each
    pair is as likely either way: the mean is the same. Blocks would only make fewer
    different pairs, which is more chance in the mean of few permutations, and short
    moves would leave a slow column nearly where it was.

    Parameters
    ----------
    loss : callable
        Of rows like ``X``; smaller is better.
    X : ndarray, shape (n, n_columns)
        Held-out rows, prepared as the model wants them; not changed.
    groups : sequence of ndarray of int64
        Columns that are permuted together.
    permutations : int
        Permutations; all groups are given the same ones.
    seed : sequence of int

    Returns
    -------
    ndarray of float64, shape (n_groups, permutations)
        Loss with the group permuted, less that of the rows as they are.

    References
    ----------
    Breiman (2001), Random Forests, section 10. Lopez de Prado (2018), Advances in
    Financial Machine Learning, snippet 8.3. Lopez de Prado (2020), Machine Learning for
    Asset Managers, snippet 6.5, for groups.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(500, 2))
    >>> made = permutation_importance(
    ...     lambda rows: float(np.mean((rows[:, 0] - X[:, 0]) ** 2)),
    ...     X,
    ...     [np.array([0]), np.array([1])],
    ...     permutations=3,
    ...     seed=[1],
    ... )
    >>> made.mean(axis=1).round(1)
    array([1.9, 0. ])
    """
    base, moved = loss(X), X.copy()
    grown = np.empty((len(groups), permutations))
    for number in range(permutations):
        order = np.random.default_rng([*seed, number]).permutation(len(X))
        for place, columns in enumerate(groups):
            moved[:, columns] = X[np.ix_(order, columns)]
            grown[place, number] = loss(moved) - base
            moved[:, columns] = X[:, columns]
    return grown
