"""Columns that say the same: pairwise correlation of a tall matrix, by blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
from threadpoolctl import threadpool_limits

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
    raw, names, count = samples.scaled_by(None), samples.columns, len(samples)
    spans = [np.arange(n, min(n + _BLOCK, count)) for n in range(0, count, _BLOCK)]
    first = raw.take(np.arange(1)).rows
    total, live = np.zeros(len(names)), np.zeros(len(names), dtype=bool)
    for span in spans:
        block = raw.take(span).rows
        total += block.sum(axis=0, dtype=np.float64)
        live |= (block != first).any(axis=0)
    product = np.zeros((len(names), len(names)))
    # One thread adds in one order: what is dropped must not hang on their number.
    with threadpool_limits(1, "blas"):
        for span in spans:
            centred = raw.take(span).rows - total / count
            product += centred.T @ centred
    spread = np.where(live, np.sqrt(np.diag(product)), np.inf)
    correlation = product / spread / spread[:, None]
    one, other = np.nonzero(np.triu(np.abs(correlation) > threshold, 1))
    return tuple(
        (names[a], names[b], round(float(correlation[a, b]), _DIGITS))
        for a, b in zip(one, other, strict=True)
    )


@final
@dataclass(frozen=True)
class Pruned:
    """A column that was left out, because an earlier one says the same.

    Parameters
    ----------
    column, kept : str
        What was left out, and for which column.
    correlation : float
        Of the two on the training rows.
    """

    column: str
    kept: str
    correlation: float


def prune(samples: Samples, threshold: float) -> tuple[Pruned, ...]:
    """Say which columns repeat an earlier one.

    Columns are looked at in their order: one is left out when it correlates by more
    than the threshold with a column that is kept, so a chain of similar columns loses
    only those that are close to what stays.

    Parameters
    ----------
    samples : Samples
        Training samples of the fold; put the columns that matter most first.
    threshold : float
        Absolute Pearson correlation, between 0 and 1.

    Examples
    --------
    >>> x = np.arange(8, dtype=np.float32)
    >>> matrix = np.column_stack([x, x % 3, -2 * x]).astype(np.float32)
    >>> rows = np.arange(8)
    >>> samples = Samples(matrix, rows, rows, rows, np.zeros(8, int), ("a", "b", "c"))
    >>> prune(samples, 0.95)
    (Pruned(column='c', kept='a', correlation=-1.0),)
    """
    similar: dict[str, list[tuple[str, float]]] = {}
    for early, late, value in correlated_pairs(samples, threshold):
        similar.setdefault(late, []).append((early, value))
    found: dict[str, Pruned] = {}
    for column in samples.columns:
        for early, value in similar.get(column, ()):
            if early not in found:
                found[column] = Pruned(column, early, value)
                break
    return tuple(found.values())
