"""The stationary bootstrap: blocks of random length, so that resamples are stationary.

Notation
--------
n : rows, in time order; q : chance that a row begins a new block, 1 / mean length
A resample follows the rows, around the end, until a new block begins anywhere.

References
----------
Politis and Romano (1994), The Stationary Bootstrap.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from barwise.core.errors import DataError


def stationary_sums(
    terms: Float[ndarray, "row term"],
    *,
    mean_block_length: float,
    n_resamples: int = 1000,
    seed: int = 0,
) -> Float[ndarray, "resample term"]:
    """Sums over the rows of each resample.

    Parameters
    ----------
    terms : ndarray of float64, shape (row, term)
        What each row adds; the rows of one resample are drawn together.
    mean_block_length : float
        Rows in a block on average, 1 (independent rows) to the number of rows.
    n_resamples, seed : int

    Raises
    ------
    DataError
        If a block is longer than the rows.

    Examples
    --------
    >>> stationary_sums(np.ones((10, 1)), mean_block_length=4, n_resamples=2)
    array([[10.], [10.]])
    """
    rows = len(terms)
    _check(rows, mean_block_length)
    around = np.concatenate([np.zeros((1, terms.shape[1])), terms, terms])
    reached = np.cumsum(around, axis=0)
    sums = np.empty((n_resamples, terms.shape[1]))
    generator = np.random.default_rng(seed)
    for i in range(n_resamples):
        begins = generator.random(rows) < 1 / mean_block_length
        begins[0] = True
        places = np.flatnonzero(begins)
        lengths = np.diff(places, append=rows)
        first = generator.integers(0, rows, len(places))
        sums[i] = (reached[first + lengths] - reached[first]).sum(axis=0)
    return sums


def stationary_variance(
    terms: Float[ndarray, "row term"], *, mean_block_length: float
) -> Float[ndarray, " term"]:
    """Variance of the mean in the stationary bootstrap, times the rows: exact, undrawn.

    Examples
    --------
    Independent rows: the variance itself.

    >>> x = np.array([[1.0], [2.0], [4.0], [5.0]])
    >>> stationary_variance(x, mean_block_length=1), float(x.var())
    (array([2.5]), 2.5)
    """
    rows = len(terms)
    _check(rows, mean_block_length)
    apart = terms - terms.mean(axis=0)
    spectrum = np.fft.rfft(apart, axis=0)
    # Covariances around the end, as resamples run around it.
    around = np.fft.irfft(np.abs(spectrum) ** 2, n=rows, axis=0) / rows
    lag = np.arange(rows)
    weight = (1 - lag / rows) * (1 - 1 / mean_block_length) ** lag
    weight[0] = 0.5
    return np.maximum(2 * np.einsum("l,lt->t", weight, around), 0.0)


def _check(rows: int, length: float) -> None:
    if not 1 <= length <= rows:
        raise DataError(
            f"blocks of {length:g} rows do not fit {rows} rows; take more rows or a "
            "block length from 1 to their number"
        )
