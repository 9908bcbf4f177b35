"""From class probabilities to signals: a trade only where it pays on average."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from barwise.core.errors import DataError
from barwise.trading.costs import BUY, SELL, Costs
from barwise.trading.execution import ExecutionContract

TimeoutReturns = tuple[float | np.ndarray, float | np.ndarray]


def expected_values(
    probabilities: np.ndarray,
    close: np.ndarray,
    width: np.ndarray,
    execution: ExecutionContract,
    costs: Costs,
    *,
    timeout_returns: TimeoutReturns = (0.0, 0.0),
) -> np.ndarray:
    """p_win x W - p_lose x L + p_0 x E[ret | 0] - cost of each side, in points of price.

    A long wins with p(+1) and loses with p(-1); a short the other way round.

    Parameters
    ----------
    probabilities : ndarray of float, shape (row, 3)
        Columns short, neutral, long.
    close, width : ndarray of float64, shape (row,)
        Price, and what the barrier multiples multiply (ATR), at the decision.
    execution, costs
        Barriers, rounded to the tick, are W and L.
    timeout_returns : (float, float) or (ndarray, ndarray) of shape (row,)
        Mean log return of the price over training labels of 0, to the exit of a long
        and of a short (one number twice with ``sides="long"``).

    Returns
    -------
    ndarray of float64, shape (row, 2)
        Long, short. NaN where a probability or the width is missing.

    Raises
    ------
    DataError
        If the probabilities have not three columns.

    Examples
    --------
    ATR 4: a long makes 0.5 x 6 - 0.3 x 4 - 0.748, a short the opposite, less costs.

    >>> rule = ExecutionContract(horizon=20, upper=1.5, lower=1.0, tick=0.25)
    >>> mes = Costs(tick_size=0.25, multiplier=5.0, commission=0.62, slippage_ticks=1)
    >>> p = np.array([[0.3, 0.2, 0.5]])
    >>> expected_values(p, np.array([5000.0]), np.array([4.0]), rule, mes)
    array([[ 1.052, -2.548]])
    """
    if probabilities.ndim != 2 or probabilities.shape[1] != 3:
        raise DataError(
            f"expected values need probabilities of short, neutral and long, got shape "
            f"{probabilities.shape}; a binary model has no side to compare"
        )
    down, neither, up = probabilities.astype(np.float64).T
    width = np.where(width > 0, width, np.nan)
    values = []
    for side, win, lose, ret in zip(
        (BUY, SELL), (up, down), (down, up), timeout_returns, strict=True
    ):
        target, stop = execution.distances(width, side)
        timeout = neither * side * close * np.expm1(ret)
        values.append(win * target - lose * stop + timeout - costs.in_price(side))
    return np.stack(values, axis=1)


def signals_from_probabilities(
    probabilities: np.ndarray,
    close: np.ndarray,
    width: np.ndarray,
    execution: ExecutionContract,
    costs: Costs,
    *,
    timeout_returns: TimeoutReturns = (0.0, 0.0),
) -> np.ndarray:
    """+1, -1 or 0 at each row: the side that is expected to pay more, if any pays.

    Parameters are those of :func:`expected_values`.

    Returns
    -------
    ndarray of int8, shape (row,)
        0 too where nothing can be expected, because something is missing.

    Examples
    --------
    >>> rule = ExecutionContract(horizon=20, upper=1.5, lower=1.0, tick=0.25)
    >>> mes = Costs(tick_size=0.25, multiplier=5.0, commission=0.62, slippage_ticks=1)
    >>> p = np.array([[0.3, 0.2, 0.5], [0.3, 0.4, 0.3], [0.8, 0.1, 0.1]])
    >>> one = np.ones(3)
    >>> signals_from_probabilities(p, 5000 * one, 4 * one, rule, mes)
    array([ 1,  0, -1], dtype=int8)
    """
    values = expected_values(
        probabilities, close, width, execution, costs, timeout_returns=timeout_returns
    )
    return better_side(values)


def class_values(
    probabilities: np.ndarray,
    close: np.ndarray,
    class_returns: np.ndarray | Sequence[float],
    costs: Costs,
) -> np.ndarray:
    """Sum of p(class) x what the price moves in it, less costs, in points of price.

    For labels without barriers (a direction, a signal), whose trade ends with time: what
    a class is worth is not a distance but the mean over training labels.

    Parameters
    ----------
    probabilities : ndarray of float, shape (row, class)
    close : ndarray of float64, shape (row,)
        Price at the decision.
    class_returns : array_like of float, shape (class,) or (row, class)
        Mean log return of the price over training labels of each class.
    costs : Costs

    Returns
    -------
    ndarray of float64, shape (row, 2)
        Long, short. NaN where a probability is missing.

    Raises
    ------
    DataError
        If there is not one return a class.

    Examples
    --------
    A rise makes 0.1 %, a fall loses as much; 60 % are worth 1 point at 5000.

    >>> mes = Costs(tick_size=0.25, multiplier=5.0, commission=0.62, slippage_ticks=1)
    >>> p, price = np.array([[0.4, 0.6]]), np.array([5000.0])
    >>> class_values(p, price, [-0.001, 0.001], mes).round(2)
    array([[ 0.25, -1.75]])
    """
    moves = np.expm1(_means(probabilities, class_returns))
    gain = close * _weighed(probabilities, moves)
    return np.stack([gain - costs.in_price(BUY), -gain - costs.in_price(SELL)], axis=1)


def sided_values(
    probabilities: np.ndarray,
    close: np.ndarray,
    class_returns: np.ndarray | Sequence[float],
    sides: np.ndarray,
    costs: Costs,
) -> np.ndarray:
    """Sum of p(class) x what the proposed trade makes in it, less costs, in points.

    For meta-labels: another model has chosen the side, and the classes say whether its
    trade pays. The side that was not proposed is worth minus infinity.

    Parameters
    ----------
    probabilities : ndarray of float, shape (row, class)
    close : ndarray of float64, shape (row,)
        Price at the decision.
    class_returns : array_like of float, shape (class,) or (row, class)
        Mean log return that trades of each class made, a gain is positive.
    sides : ndarray of int8, shape (row,)
        +1 long, -1 short, 0 no trade is proposed.
    costs : Costs

    Returns
    -------
    ndarray of float64, shape (row, 2)
        Long, short.

    Raises
    ------
    DataError
        If there is not one return a class.

    Examples
    --------
    A trade that pays makes 0.1 %, another loses as much; 60 % are worth 1 point at 5000.

    >>> mes = Costs(tick_size=0.25, multiplier=5.0, commission=0.62, slippage_ticks=1)
    >>> p, price = np.array([[0.4, 0.6]] * 2), np.array([5000.0, 5000.0])
    >>> sided_values(p, price, [-0.001, 0.001], np.array([1, -1]), mes).round(2)
    array([[0.25, -inf], [-inf, 0.25]])
    """
    side = np.asarray(sides, np.float64)
    means = _means(probabilities, class_returns)
    moves = side[:, None] * np.expm1(side[:, None] * means)
    gain = close * _weighed(probabilities, moves)
    return np.stack(
        [
            np.where(side == one, gain - costs.in_price(one), -np.inf)
            for one in (BUY, SELL)
        ],
        axis=1,
    )


def _means(
    probabilities: np.ndarray, class_returns: np.ndarray | Sequence[float]
) -> np.ndarray:
    means = np.asarray(class_returns, np.float64)
    shape = probabilities.shape
    if len(shape) != 2 or means.shape not in (shape, shape[1:]):
        raise DataError(
            f"expected values need one mean return a class, got shape {means.shape} for "
            f"probabilities of shape {shape}"
        )
    return means


def _weighed(probabilities: np.ndarray, moves: np.ndarray) -> np.ndarray:
    # Column by column: a matrix product may add up in another order for another shape.
    total: np.ndarray = sum((probabilities.astype(np.float64) * moves).T)
    return total


def better_side(values: np.ndarray, sides: Sequence[int] = (BUY, SELL)) -> np.ndarray:
    """+1, -1 or 0: the side that is expected to pay more, of those allowed, if any pays.

    Examples
    --------
    >>> values = np.array([[1.0, -2.0], [-1.0, -1.0], [0.5, 0.8], [np.nan, np.nan]])
    >>> better_side(values), better_side(values, [1])
    (array([ 1,  0, -1,  0], dtype=int8), array([1, 0, 1, 0], dtype=int8))
    """
    long, short = np.nan_to_num(values, nan=-np.inf).T
    long = long if BUY in sides else np.full_like(long, -np.inf)
    short = short if SELL in sides else np.full_like(short, -np.inf)
    side = np.where(long >= short, BUY, SELL)
    return np.where(np.maximum(long, short) > 0, side, 0).astype(np.int8)
