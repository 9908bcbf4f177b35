"""Did a column move between two stretches? Thresholds that know about autocorrelation.

Notation
--------
n, m : rows before and after, in time order; a gap may lie between
tau : integrated autocorrelation time, 1 + 2 x the sum of autocorrelations: neighbouring
    rows of a column of tau 200 say about as much as 1/200 as many independent ones
b : rows of a block, several tau long: what happens in one block says next to nothing of
    the next, so that, if nothing moved, any of them could as well have come last
PSI : population stability index over bins, sum of (q - p) log(q / p)

The distance between before and after is compared with the distances that come about when
the blocks of both are dealt out anew. A textbook test takes every row for a new one and
alarms nearly always where a column moves slowly.

References
----------
Pesarin and Salmaso (2010), Permutation Tests for Complex Data, for exchangeable units.
Sokal (1997), Monte Carlo Methods in Statistical Mechanics, section 3, for tau.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import final

import numpy as np

BINS = 10
_SPANS = 5.0
_MOST_BLOCKS = 100
_FEWEST_DEALS = 1000
"""With fewer ways of dealing blocks out no p-value is small enough to mean anything."""
_WINDOW = 5.0
_EMPTY = 0.5
_MOST_ROWS = 20_000


@final
@dataclass(frozen=True)
class Drift:
    """How far a column moved.

    Parameters
    ----------
    psi : float
        Population stability index between before and after.
    threshold : float
        Quantile of the same where nothing moved, at one less the wanted rate of alarms;
        NaN if it cannot be told.
    p_value : float
        Share of deals with as large an index; NaN if it cannot be told: too few
        independent stretches.
    distance : float
        Wasserstein distance in standard deviations of before.
    block : int
        Rows of a block.
    blocks : tuple of int
        Blocks before and after.
    """

    psi: float
    threshold: float
    p_value: float
    distance: float
    block: int
    blocks: tuple[int, int]

    @property
    def told(self) -> bool:
        """Whether there are stretches enough to say anything."""
        return not math.isnan(self.p_value)


def drift_of(
    before: np.ndarray,
    after: np.ndarray,
    *,
    rate: float = 0.05,
    deals: int = 2000,
    seed: int = 0,
) -> Drift:
    """Compare a column before and after.

    Parameters
    ----------
    before, after : ndarray, shape (n,), (m,)
        In time order, finite.
    rate : float
        Of alarms where nothing moved, for the threshold.
    deals : int
        How often blocks are dealt out.
    seed : int

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=5000)
    >>> drift_of(x[:4000], x[4000:]).p_value > 0.05
    True
    >>> drift_of(x[:4000], x[4000:] + 0.5).p_value < 0.001
    True
    """
    columns = [np.asarray(part, dtype=np.float64) for part in (before, after)]
    rows = len(columns[0]) + len(columns[1])
    slow = integrated_time(columns[0])
    shortest = max(math.ceil(_SPANS * slow), math.ceil(rows / _MOST_BLOCKS))
    codes, count = _binned(columns)
    # Blocks after are as long as the rows allow, those before about as long.
    late = len(after) // shortest
    block = len(after) // late if late else shortest
    blocks = (len(before) // block, late)
    counts = [np.bincount(part, minlength=count)[None] for part in codes]
    psi, distance = float(_index(*counts)[0]), _distance(*columns)
    if math.comb(sum(blocks), late) < _FEWEST_DEALS:
        return Drift(psi, math.nan, math.nan, distance, block, blocks)
    cut = [_counts(*one, count) for one in zip(codes, blocks, strict=True)]
    units = np.concatenate(cut)
    chosen = _deals(len(units), late, deals, seed) @ units
    dealt = _index(units.sum(axis=0) - chosen, chosen)
    reached = int(np.count_nonzero(dealt >= psi * (1 - 1e-12)))
    return Drift(
        psi,
        float(np.quantile(dealt, 1 - rate, method="higher")),
        (1 + reached) / (1 + deals),
        distance,
        block,
        blocks,
    )


def integrated_time(values: np.ndarray) -> float:
    """Return the integrated autocorrelation time of a column, in rows, at least 1.

    Of more than 20,000 rows every so-many-th is taken, and the time is at least so many.
    It is the larger one of the column's ranks and of their distance from the middle, which
    knows that quiet and wild stretches take turns.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)

    Examples
    --------
    White noise, and its running sum over ten rows, up to chance:

    >>> x = np.random.default_rng(0).normal(size=20_000)
    >>> integrated_time(x) < 1.2
    True
    >>> 8 < integrated_time(np.convolve(x, np.ones(10), "valid")) < 12
    True
    """
    from scipy.stats import rankdata

    apart = -(-len(values) // _MOST_ROWS)
    some = values[::apart]
    ranks = rankdata(some) / len(some) - 0.5
    return apart * max(_time_of(ranks), _time_of(np.abs(ranks)))


def _time_of(values: np.ndarray) -> float:
    from scipy.fft import irfft, next_fast_len, rfft

    centred = values - values.mean()
    size = next_fast_len(2 * len(values), real=True)
    power = np.abs(rfft(centred, size)) ** 2
    covariance = irfft(power, size)[: len(values) // 2]
    if len(covariance) < 2 or covariance[0] <= 0:
        return 1.0
    times = 2.0 * np.cumsum(covariance / covariance[0]) - 1.0
    # Summed up to a few times itself: what lies behind is noise.
    enough = np.flatnonzero(np.arange(len(times)) >= _WINDOW * times)
    return float(max(1.0, times[enough[0]] if len(enough) else times[-1]))


def _binned(columns: list[np.ndarray]) -> tuple[list[np.ndarray], int]:
    """Number the bins, which hold equal shares of both parts together."""
    both = np.concatenate(columns)
    edges = np.unique(np.quantile(both, np.arange(1, BINS) / BINS, method="higher"))
    codes = [np.searchsorted(edges, part, side="left") for part in columns]
    return codes, len(edges) + 1


def _counts(codes: np.ndarray, blocks: int, count: int) -> np.ndarray:
    """Count the rows of each bin in blocks of as many rows, one more or less."""
    numbers = np.arange(len(codes)) * blocks // len(codes)
    flat = np.bincount(numbers * count + codes, minlength=blocks * count)
    return flat.reshape(blocks, count).astype(np.float64)


@lru_cache(maxsize=8)
def _deals(blocks: int, chosen: int, deals: int, seed: int) -> np.ndarray:
    """Return 0 and 1, (deals, blocks): which blocks come last."""
    order = np.random.default_rng(seed).random((deals, blocks)).argsort(axis=1)
    return (order < chosen).astype(np.float64)


def _index(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Population stability index of rows of counts."""
    used = (before + after) > 0
    p, q = (np.where(used, part + _EMPTY, 1.0) for part in (before, after))
    p, q = (
        np.where(used, part / np.where(used, part, 0).sum(axis=1, keepdims=True), 1.0)
        for part in (p, q)
    )
    found: np.ndarray = ((q - p) * np.log(q / p)).sum(axis=1)
    return found


def _distance(before: np.ndarray, after: np.ndarray) -> float:
    from scipy.stats import wasserstein_distance

    some = [part[:: -(-len(part) // _MOST_ROWS)] for part in (before, after)]
    spread = float(before.std())
    return float(wasserstein_distance(*some)) / spread if spread > 0 else math.nan
