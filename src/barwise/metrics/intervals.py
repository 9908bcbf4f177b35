"""Intervals that respect overlapping labels: the circular block bootstrap.

Notation
--------
n : rows, in time order; l : block length in rows
q : the metric on all rows; s : its standard deviation over resamples
Interval: q +- t(1.5 n / l) * s / sqrt(1 - l / n). Blocks keep the dependence between
neighbours; few blocks leave s uncertain and too small, which Student's t with the
degrees of freedom of a Bartlett estimate and the factor make good.

References
----------
Politis and Romano (1992), A circular block-resampling procedure; Priestley (1981) for
the degrees of freedom; Kiefer and Vogelsang (2005), whose exact values they approach.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from barwise.core.arrays import Index, Vector
from barwise.core.errors import DataError

_BARTLETT_FREEDOM = 1.5
_MAX_UNDEFINED = 0.1
_AT_ONCE = 4096  # block starts


@final
@dataclass(frozen=True)
class Interval:
    """A value with its confidence interval.

    Parameters
    ----------
    value, lower, upper : float
        NaN where undefined.
    level : float
        Confidence, 0..1.
    block_length : int
        Rows in a block.
    n_resamples : int
        Resamples in which the value was defined.
    """

    value: float
    lower: float
    upper: float
    level: float
    block_length: int
    n_resamples: int

    def contains(self, value: float | int) -> bool:
        """Whether a value lies inside, bounds included."""
        return self.lower <= value <= self.upper

    def to_dict(self) -> dict[str, Any]:
        """The interval for JSON, None instead of NaN."""
        return {
            name: None if isinstance(item, float) and not math.isfinite(item) else item
            for name, item in vars(self).items()
        }


def block_starts(
    n_rows: int, block_length: int, n_resamples: int, seed: int
) -> Iterator[Index]:
    """Yield the first rows of each resample's blocks; a block runs on past the end.

    Raises
    ------
    DataError
        If a block is longer than the rows.

    Examples
    --------
    >>> [len(first) for first in block_starts(10, 4, n_resamples=2, seed=0)]
    [3, 3]
    """
    for firsts in _bunches(n_rows, block_length, n_resamples, seed):
        yield from firsts


def _bunches(
    n_rows: int, block_length: int, n_resamples: int, seed: int
) -> Iterator[Int[ndarray, "resample block"]]:
    """Yield block starts of as many resamples at once as fit a processor's cache."""
    if not 1 <= block_length <= n_rows:
        raise DataError(
            f"blocks of {block_length} rows do not fit {n_rows} rows: an interval needs "
            "more rows than one block; take more rows or shorter labels"
        )
    generator = np.random.default_rng(seed)
    blocks = -(-n_rows // block_length)
    at_once = max(1, _AT_ONCE // blocks)
    for done in range(0, n_resamples, at_once):
        yield generator.integers(0, n_rows, (min(at_once, n_resamples - done), blocks))


def bootstrap_interval(
    metric: Callable[..., float],
    *columns: ndarray,
    block_length: int,
    level: float = 0.95,
    n_resamples: int = 1000,
    seed: int = 0,
) -> Interval:
    """Interval of any metric of rows that depend on their neighbours.

    Parameters
    ----------
    metric : callable
        Takes the columns, returns a float; NaN where it is undefined.
    *columns : ndarray, shape (row, ...)
        Rows in time order. The rows of one resample are drawn together, so a metric of
        two models on the same rows is compared in pairs.
    block_length : int
        Rows in a block, see :func:`barwise.metrics.block_length`; 1 is the plain
        bootstrap, which is far too sure of itself where labels overlap.
    level : float
        Confidence.
    n_resamples : int
        Resamples. Bounds are NaN where the metric is undefined in over a tenth.
    seed : int
        Seed of the draws.

    Raises
    ------
    DataError
        If a block is longer than the rows.

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(size=400)
    >>> found = bootstrap_interval(np.mean, x, block_length=1)
    >>> bool(abs(found.upper - found.value - 1.97 * x.std() / 20) < 0.01)
    True
    """
    rows = len(columns[0])
    ahead = np.arange(block_length)
    values = np.empty(n_resamples)
    for i, first in enumerate(block_starts(rows, block_length, n_resamples, seed)):
        drawn = ((first[:, None] + ahead) % rows).reshape(-1)[:rows]
        values[i] = metric(*(column[drawn] for column in columns))
    return interval_of(metric(*columns), values, rows, block_length, level)


def difference_interval(
    metric: Callable[[ndarray, ndarray], float],
    truth: ndarray,
    model: ndarray,
    baseline: ndarray,
    *,
    block_length: int,
    level: float = 0.95,
    n_resamples: int = 1000,
    seed: int = 0,
) -> Interval:
    """Interval of ``metric(truth, model) - metric(truth, baseline)`` on the same rows.

    Examples
    --------
    >>> truth, model, baseline = np.random.default_rng(0).normal(size=(3, 300))
    >>> def error(y, p):
    ...     return float(np.mean((y - p) ** 2))
    >>> difference_interval(error, truth, truth, baseline, block_length=5).upper < 0
    True
    """

    def difference(y: ndarray, one: ndarray, other: ndarray) -> float:
        return metric(y, one) - metric(y, other)

    return bootstrap_interval(
        difference,
        truth,
        model,
        baseline,
        block_length=block_length,
        level=level,
        n_resamples=n_resamples,
        seed=seed,
    )


def resampled_sums(
    terms: Float[ndarray, "row term"],
    *,
    block_length: int,
    n_resamples: int = 1000,
    seed: int = 0,
) -> Float[ndarray, "resample term"]:
    """Sums over the rows of each resample of :func:`bootstrap_interval`.

    A metric that is a function of sums (accuracy, F1, log loss) needs no rows to be
    drawn: a block's sum is a difference of two running sums.

    Parameters
    ----------
    terms : ndarray of float64, shape (row, term)
        What each row adds.

    Examples
    --------
    >>> resampled_sums(np.ones((10, 1)), block_length=4, n_resamples=2)
    array([[10.], [10.]])
    """
    rows = len(terms)
    around = np.concatenate([terms, terms[:block_length]])
    reached = np.concatenate([np.zeros((1, terms.shape[1])), np.cumsum(around, axis=0)])
    lengths = np.full(-(-rows // block_length), block_length)
    # The last block is cut, so that a resample has as many rows as there are.
    lengths[-1] = rows - (len(lengths) - 1) * block_length
    sums = [
        (reached[firsts + lengths] - reached[firsts]).sum(axis=1)
        for firsts in _bunches(rows, block_length, n_resamples, seed)
    ]
    return np.concatenate(sums)


def interval_of(
    value: float, resampled: Vector, n_rows: int, block_length: int, level: float
) -> Interval:
    """The interval that resampled values of a metric give, as in the notation above."""
    from scipy import stats

    defined = resampled[np.isfinite(resampled)]
    margin = math.nan
    enough = len(defined) >= max(2, (1 - _MAX_UNDEFINED) * len(resampled))
    if enough and block_length < n_rows:
        freedom = _BARTLETT_FREEDOM * n_rows / block_length
        small = math.sqrt(1 - block_length / n_rows)
        quantile = float(stats.t.ppf((1 + level) / 2, freedom))
        margin = quantile * float(defined.std(ddof=1)) / small
    value = float(value)
    return Interval(
        value, value - margin, value + margin, level, block_length, len(defined)
    )
