"""Probabilities at the classes' true shares, whatever class weights the fit had.

Class weights make a fit see other shares than the market has, which helps it to tell
rare classes apart and falsifies its probabilities. The shift is known, so it is taken
out exactly: p(c) is proportional to q(c) x true share / share in the fit.

References
----------
Saerens, Latinne and Decaestecker (2002), Adjusting the outputs of a classifier to new a
priori probabilities.
"""

from __future__ import annotations

import numpy as np

from barwise.models.examples import Examples


def prior_ratio(train: Examples) -> np.ndarray:
    """Return each class's share over the equal share that balanced weights gave it.

    Parameters
    ----------
    train : Examples
        Weighted training samples, before class weights.

    Returns
    -------
    ndarray of float64, shape (n_classes,)
        0 for a class without weight.

    Examples
    --------
    A class with three of four rows, fitted as if it had half:

    >>> from types import SimpleNamespace
    >>> rows = SimpleNamespace(
    ...     columns=np.array([0, 0, 0, 1]), weights=np.ones(4), n_classes=2
    ... )
    >>> prior_ratio(rows)
    array([1.5, 0.5])
    """
    weight = np.bincount(
        train.columns, weights=train.weights, minlength=train.n_classes
    )
    return weight / weight.sum() * np.count_nonzero(weight)


def at_true_prior(scores: np.ndarray, ratio: np.ndarray) -> np.ndarray:
    """Return probabilities (n, n_classes) with the shift taken out.

    Examples
    --------
    >>> at_true_prior(np.array([[0.5, 0.5]]), np.array([1.5, 0.5]))
    array([[0.75, 0.25]])
    """
    if (ratio == 1.0).all():
        return scores
    shifted = scores * ratio
    total = shifted.sum(axis=1, keepdims=True)
    # A row that gave everything to a class without a share keeps what it said.
    return np.where(total > 0, shifted / np.where(total > 0, total, 1.0), scores)
