"""Columns that say the same: pairwise correlation of a tall matrix, by blocks."""

from __future__ import annotations

import numpy as np

from barwise.core.samples import Samples

_BLOCK = 16_384
_DIGITS = 6  # beyond them the order of a parallel sum shows


def correlated_pairs(
    samples: Samples, threshold: float
) -> tuple[tuple[str, str, float], ...]:
    """Pairs of columns whose absolute Pearson correlation is above a threshold.

    Parameters
    ----------
    samples : Samples
        Training samples; raw values are compared, unclipped.
    threshold : float
        Between 0 and 1.

    Returns
    -------
    tuple of (str, str, float)
        In order of columns; constant columns are in no pair.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.arange(8, dtype=np.float32)
    >>> matrix = np.column_stack([x, -2 * x, x % 3]).astype(np.float32)
    >>> rows = np.arange(8)
    >>> samples = Samples(matrix, rows, rows, rows, np.zeros(8, int), ("a", "b", "c"))
    >>> correlated_pairs(samples, 0.95)
    (('a', 'b', -1.0),)
    """
    matrix, names, count = samples.matrix, samples.names, len(samples)
    blocks = [samples.index[n : n + _BLOCK] for n in range(0, count, _BLOCK)]
    total, live = np.zeros(len(names)), np.zeros(len(names), dtype=bool)
    for rows in blocks:
        total += matrix[rows].sum(axis=0, dtype=np.float64)
        live |= (matrix[rows] != matrix[blocks[0][0]]).any(axis=0)
    product = np.zeros((len(names), len(names)))
    for rows in blocks:
        centred = matrix[rows] - total / count
        product += centred.T @ centred
    spread = np.where(live, np.sqrt(np.diag(product)), np.inf)
    correlation = product / spread / spread[:, None]
    first, second = np.nonzero(np.triu(np.abs(correlation) > threshold, 1))
    return tuple(
        (names[a], names[b], round(float(correlation[a, b]), _DIGITS))
        for a, b in zip(first, second, strict=True)
    )
