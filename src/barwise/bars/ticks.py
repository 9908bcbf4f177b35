"""Prices and the grid of ticks that they stand on."""

from __future__ import annotations

import numpy as np

_NEAR = 1e-6
"""How far from a whole number of ticks rounding may put a price, in ticks."""


def prices_of_ticks(ticks: np.ndarray, tick: float) -> np.ndarray:
    """Return the prices of whole numbers of ticks.

    Examples
    --------
    >>> prices_of_ticks(np.array([3.0]), 0.1).item(), 3 * 0.1
    (0.3, 0.30000000000000004)
    """
    # Divide by ticks a unit where that is a whole number: 0.1 * 3 is not 0.3.
    unit = round(1.0 / tick)
    exact = unit > 0 and np.isclose(unit * tick, 1.0)
    return ticks / unit if exact else ticks * tick


def on_grid(prices: np.ndarray, tick: float) -> bool:
    """Whether every price is a whole number of ticks.

    Examples
    --------
    >>> on_grid(np.array([4000.25, 4001.0]), 0.25), on_grid(np.array([1.3]), 0.25)
    (True, False)
    """
    ticks = prices / tick
    return bool(np.all(np.abs(ticks - np.rint(ticks)) < _NEAR * np.maximum(ticks, 1.0)))
