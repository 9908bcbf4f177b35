"""The compiled loops of the backtest. Arrays in, arrays out.

Every compiled function of trading is in this file, because cached machine code does
not notice a change in another one. What a price means (rounding, entry, where a trade
must end) is decided in ``execution.py`` before.

Notation
--------
t : row of the decision, at its close; path: rows t+1..end[t]
side : +1 long, -1 short; a short is a long on prices of the other sign
reach : how far beyond a target a price must go, and how near to a stop it may
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

TARGET, STOP, TIME = 0, 1, 2


class Prices(NamedTuple):
    """Prices that trades run over, one value a row."""

    open: np.ndarray
    high: np.ndarray
    low: np.ndarray
    close: np.ndarray


class Orders(NamedTuple):
    """What a decision at each row would do; read only where ``side`` is not 0."""

    side: np.ndarray
    entry: np.ndarray
    target: np.ndarray
    stop: np.ndarray
    end: np.ndarray


class Fills(NamedTuple):
    """Trades in order; ``decided`` is t, ``exit_row`` the row of the exit."""

    decided: np.ndarray
    exit_row: np.ndarray
    exit_price: np.ndarray
    how: np.ndarray
    tied: np.ndarray


@njit(cache=True, nogil=True)
def _leave(
    prices: Prices,
    side: int,
    target: float,
    stop: float,
    begin: int,
    end: int,
    reach: tuple[float, float],
) -> tuple[int, float, int, bool]:
    """Row, price and kind of a trade's exit, and whether a bar touched both."""
    wins, loses = side * target + reach[0], side * stop + reach[1]
    for i in range(begin, end + 1):
        start = side * prices.open[i]
        if start <= loses:
            return i, prices.open[i], STOP, False
        if start >= wins:
            return i, prices.open[i], TARGET, False
        best = prices.high[i] if side > 0 else -prices.low[i]
        worst = prices.low[i] if side > 0 else -prices.high[i]
        if worst <= loses:
            return i, stop, STOP, best >= wins
        if best >= wins:
            return i, target, TARGET, False
    return end, prices.close[end], TIME, False


@njit(cache=True, nogil=True)
def simulate(prices: Prices, orders: Orders, reach: tuple[float, float]) -> Fills:
    """One position at a time; decisions while in a position are ignored."""
    rows = len(orders.side)
    decided, exit_row = np.empty(rows, np.int64), np.empty(rows, np.int64)
    exit_price, how = np.empty(rows), np.empty(rows, np.int8)
    tied = np.empty(rows, np.bool_)
    t = trades = 0
    while t < rows:
        if orders.side[t] == 0:
            t += 1
            continue
        row, price, kind, both = _leave(
            prices, orders.side[t], orders.target[t], orders.stop[t],
            t + 1, orders.end[t], reach,
        )  # fmt: skip
        decided[trades], exit_row[trades], exit_price[trades] = t, row, price
        how[trades], tied[trades] = kind, both
        trades += 1
        t = row
    return Fills(
        decided[:trades], exit_row[:trades], exit_price[:trades], how[:trades],
        tied[:trades],
    )  # fmt: skip


@njit(cache=True, nogil=True)
def mark_to_market(
    close: np.ndarray,
    entry_row: np.ndarray,
    exit_row: np.ndarray,
    entry_price: np.ndarray,
    value: np.ndarray,
    result: np.ndarray,
    cost: np.ndarray,
) -> np.ndarray:
    """Account at each close, from 0: cash and what the open position is worth.

    ``value`` is side x quantity x multiplier, ``result`` each trade's gross P&L,
    ``cost`` (trade, 2) that of its entry and of its exit.
    """
    rows = len(close)
    equity = np.empty(rows)
    cash, i = 0.0, 0
    for k in range(len(entry_row)):
        while i < entry_row[k]:
            equity[i] = cash
            i += 1
        cash -= cost[k, 0]
        while i < exit_row[k]:
            equity[i] = cash + value[k] * (close[i] - entry_price[k])
            i += 1
        cash += result[k] - cost[k, 1]
    while i < rows:
        equity[i] = cash
        i += 1
    return equity
