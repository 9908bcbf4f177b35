"""Probability of backtest overfitting by combinatorially symmetric cross-validation.

Notation
--------
T, N : periods and strategies; S : blocks of consecutive periods, an even number
A split takes S/2 blocks as in-sample (IS) and the others as out-of-sample (OOS); there
are C(S, S/2) of them, each with its mirror image.
n* : strategy with the best Sharpe ratio IS; r : its rank OOS, 1 (worst) to N
w = r / (N + 1) : relative rank; logit = ln(w / (1 - w)), positive above the median
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, islice
from math import comb
from typing import Any, final

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy import stats

from barwise.core.errors import ConfigError
from barwise.datasets.splitter import whole
from barwise.validation.returns import returns_table

Sums = Float[ndarray, "block strategy"]
Choice = Float[ndarray, "split block"]
Sharpes = Float[ndarray, "split strategy"]

_MOST_BLOCKS = 24
"""2.7 million splits."""

_VALUES_A_CHUNK = 2**21
_GRID = 512
_ROUNDING = 1e-12


@final
@dataclass(frozen=True, eq=False, repr=False)
class Dominance:
    """Whether choosing the best in-sample beats choosing any strategy at random.

    Parameters
    ----------
    sharpe : ndarray of float64, shape (n,)
        Values at which the distributions are given, per period, rising evenly.
    chosen, any_strategy : ndarray of float64, shape (n,)
        Share of out-of-sample Sharpe ratios at most as large, of the chosen strategies
        and of all.
    """

    sharpe: np.ndarray
    chosen: np.ndarray
    any_strategy: np.ndarray

    @property
    def first_order(self) -> bool:
        """The chosen are at least as likely to be above any value."""
        return bool((self.chosen <= self.any_strategy + _ROUNDING).all())

    @property
    def second_order(self) -> bool:
        """The chosen are preferred by everyone who shuns risk."""
        ahead = np.cumsum(self.any_strategy - self.chosen)
        return bool((ahead >= -_ROUNDING * len(ahead)).all())


@final
@dataclass(frozen=True, eq=False, repr=False)
class BacktestOverfitting:
    """How a choice by in-sample Sharpe ratio fares out of sample.

    Parameters
    ----------
    pbo : float
        Share of splits in which the best strategy in-sample is at or below the median
        out of sample: 0 where the choice carries over, about 1/2 where it says nothing,
        more where what is best in one half is bad in the other.
    logits : ndarray of float64, shape (n_splits,)
        Of the relative out-of-sample rank of the chosen strategy.
    in_sample, out_of_sample : ndarray of float64, shape (n_splits,)
        Sharpe ratios of the chosen strategy, per period.
    slope, intercept, r_squared : float
        Performance degradation: the line through (in_sample, out_of_sample). NaN where
        the chosen always has the same in-sample Sharpe ratio.
    probability_of_loss : float
        Share of splits in which the chosen strategy loses out of sample.
    dominance : Dominance
    """

    pbo: float
    logits: np.ndarray
    in_sample: np.ndarray
    out_of_sample: np.ndarray
    slope: float
    intercept: float
    r_squared: float
    probability_of_loss: float
    dominance: Dominance

    def __repr__(self) -> str:
        return (
            f"BacktestOverfitting(pbo={self.pbo:.3f}, {len(self.logits):,} splits, "
            f"slope={self.slope:.3f}, probability_of_loss={self.probability_of_loss:.3f})"
        )


def probability_of_backtest_overfitting(
    returns: Any, n_blocks: int = 16
) -> BacktestOverfitting:
    """Probability that the best of some backtests is below the median out of sample.

    Parameters
    ----------
    returns : array of float, shape (n_periods, n_strategies)
        Returns of every strategy that was tried, oldest first, after costs; 0 in
        periods without a trade. All of them: leaving out the bad ones flatters.
    n_blocks : int
        Blocks of consecutive periods (S), even, 2 to 24; 16 gives 12,870 splits. Block
        sizes differ by one period at most, so that none is left out.

    Returns
    -------
    BacktestOverfitting

    Raises
    ------
    ConfigError
        If ``n_blocks`` is odd or out of range.
    DataError
        If there are fewer than two strategies or two periods a block, or a return is
        not finite.

    Notes
    -----
    A strategy whose returns do not vary in a half has a Sharpe ratio of 0 there.
    Strategies of equal rank share its mean.

    References
    ----------
    Bailey, Borwein, Lopez de Prado and Zhu (2017), The Probability of Backtest
    Overfitting, Journal of Computational Finance 20(4).

    Examples
    --------
    Forty strategies without an edge, then one of them with a daily Sharpe ratio of 0.2:

    >>> rng = np.random.default_rng(0)
    >>> returns = rng.normal(0, 0.01, (1000, 40))
    >>> bool(probability_of_backtest_overfitting(returns, 10).pbo > 0.4)
    True
    >>> returns[:, 7] += 0.002
    >>> probability_of_backtest_overfitting(returns, 10).pbo
    0.0
    """
    n_blocks = whole(n_blocks, 2, "n_blocks")
    if n_blocks % 2 or n_blocks > _MOST_BLOCKS:
        raise ConfigError(
            f"n_blocks must be even, from 2 to {_MOST_BLOCKS}, got {n_blocks}: half of "
            "the blocks are in-sample"
        )
    table = returns_table(returns, at_least=2 * n_blocks, strategies=2)
    sums = _BlockSums.of(table, n_blocks)
    n_splits = comb(n_blocks, n_blocks // 2)
    ranks, inside, outside = np.empty((3, n_splits))
    lowest, highest = np.inf, -np.inf
    done = 0
    for one, other in sums.halves():
        for first, second in ((one, other), (other, one)):
            part = slice(done, done + len(first))
            best = first.argmax(axis=1)[:, None]
            inside[part] = np.take_along_axis(first, best, axis=1)[:, 0]
            chosen = np.take_along_axis(second, best, axis=1)
            outside[part] = chosen[:, 0]
            below = (second < chosen).sum(axis=1)
            ranks[part] = below + ((second == chosen).sum(axis=1) + 1) / 2
            done += len(first)
            lowest = min(lowest, float(second.min()))
            highest = max(highest, float(second.max()))
    relative = ranks / (table.shape[1] + 1)
    logits = np.log(relative / (1 - relative))
    slope, intercept, r_squared = _line(inside, outside)
    return BacktestOverfitting(
        pbo=float(np.mean(logits <= 0)),
        logits=logits,
        in_sample=inside,
        out_of_sample=outside,
        slope=slope,
        intercept=intercept,
        r_squared=r_squared,
        probability_of_loss=float(np.mean(outside < 0)),
        dominance=_dominance(sums, outside, (lowest, highest)),
    )


@final
@dataclass(frozen=True, eq=False)
class _BlockSums:
    """What a Sharpe ratio over any choice of blocks needs."""

    rows: Float[ndarray, " block"]
    sums: Sums
    squares: Sums

    @classmethod
    def of(cls, table: Float[ndarray, "period strategy"], n_blocks: int) -> _BlockSums:
        blocks = np.array_split(table, n_blocks)
        return cls(
            np.array([len(block) for block in blocks], dtype=np.float64),
            np.array([block.sum(axis=0) for block in blocks]),
            np.array([(block**2).sum(axis=0) for block in blocks]),
        )

    def halves(self) -> Iterator[tuple[Sharpes, Sharpes]]:
        """Sharpe ratios (split, strategy) on chosen halves and on their complements.

        A half holds the first block, so that every pair of halves comes once.
        """
        n_blocks, n_strategies = self.sums.shape
        rest = combinations(range(1, n_blocks), n_blocks // 2 - 1)
        size = max(_VALUES_A_CHUNK // n_strategies, 1)
        while chunk := list(islice(rest, size)):
            taken = np.zeros((len(chunk), n_blocks))
            taken[:, 0] = 1
            for row, blocks in enumerate(chunk):
                taken[row, list(blocks)] = 1
            yield self._sharpe(taken), self._sharpe(1 - taken)

    def _sharpe(self, taken: Choice) -> Sharpes:
        # einsum, unlike BLAS, gives the same bits on any number of threads.
        rows = np.einsum("sb,b->s", taken, self.rows)[:, None]
        sums = np.einsum("sb,bn->sn", taken, self.sums)
        squares = np.einsum("sb,bn->sn", taken, self.squares)
        spread = squares - sums**2 / rows
        varies = spread > _ROUNDING * squares
        deviation = np.sqrt(np.where(varies, spread, 1.0) / (rows - 1))
        return np.where(varies, sums / rows / deviation, 0.0)


def _line(x: np.ndarray, y: np.ndarray) -> tuple[float, float, float]:
    if np.ptp(x) == 0:
        return float("nan"), float("nan"), float("nan")
    found = stats.linregress(x, y)
    return float(found.slope), float(found.intercept), float(found.rvalue**2)


def _dominance(
    sums: _BlockSums, chosen: np.ndarray, bounds: tuple[float, float]
) -> Dominance:
    """Both distributions on an even grid between the lowest and the highest value."""
    margin = max(bounds[1] - bounds[0], _ROUNDING)
    edges = np.linspace(bounds[0], bounds[0] + margin, _GRID + 1)
    every = np.zeros(_GRID)
    for halves in sums.halves():
        for half in halves:
            every += np.histogram(half, edges)[0]
    picked = np.histogram(chosen, edges)[0]
    return Dominance(
        edges[1:], np.cumsum(picked) / picked.sum(), np.cumsum(every) / every.sum()
    )
