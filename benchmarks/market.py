"""The bars of the feature benchmarks."""

from functools import cache

import numpy as np

from barwise.bars.bars import Bars
from barwise.bars.simulate import simulate_bars
from barwise.core.arrays import DAY
from barwise.features import FeatureGraph, full_names

PRICES = ("open", "high", "low", "close", "volume")
_DAYS = 695


@cache
def million() -> Bars:
    """A million simulated minutes of a market that never closes."""
    return simulate_bars("BTCUSDT", days=_DAYS, seed=1)[:1_000_000]


def later(bars: Bars, times: int) -> Bars:
    """The same bars, so many times their length later."""
    shift = times * _DAYS * DAY
    return bars.with_columns(time=bars.time + shift, open_time=bars.open_time + shift)


def plain(bars: Bars) -> dict[str, np.ndarray]:
    """Return the five columns as arrays of their own."""
    return {name: np.array(getattr(bars, name)) for name in PRICES}


def full_graph() -> FeatureGraph:
    """The full set, fitted."""
    return FeatureGraph(full_names()).fit(million()[:5000])
