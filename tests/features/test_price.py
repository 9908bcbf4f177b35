"""Returns, ranges, gaps and fractional differences, against pandas and SciPy."""

import numpy as np
import pandas as pd
import pytest
from scipy import special

from barwise.features import FeatureGraph
from oracles.market import assert_agrees, ratio, total, windows


def from_extreme(m, rows, side):
    if side > 0:
        return (m.h.rolling(rows).max() - m.c) / m.c
    return (m.c - m.l.rolling(rows).min()) / m.c


def session_gap(m):
    first = m.day.shift() != m.day
    return np.log(m.o / m.p).where(first).groupby(m.day).transform("first")


def binomial(order, width):
    """Weights of (1 - lag)^order, newest first: (-1)^k (order over k)."""
    k = np.arange(width)
    return (-1.0) ** k * special.binom(order, k)


def fractional(x, order, width):
    return pd.Series(windows(x, width)[:, ::-1] @ binomial(order, width))


def anchored(m, order, width):
    oldest = np.log(m.c).shift(width - 1)
    return fractional(np.log(m.c), order, width) - oldest * binomial(order, width).sum()


SPANS = (1, 2, 3, 5, 10, 20, 60)
ORACLES = {
    **{f"return_{n}": lambda m, n=n: m.c / m.c.shift(n) - 1 for n in SPANS},
    **{f"log_return_{n}": lambda m, n=n: total(m.r, n) for n in SPANS},
    **{f"high_distance_{n}": lambda m, n=n: from_extreme(m, n, 1) for n in (20, 60)},
    **{f"low_distance_{n}": lambda m, n=n: from_extreme(m, n, -1) for n in (20, 60)},
    "log_return_high": lambda m: np.log(m.h / m.p),
    "log_return_low": lambda m: np.log(m.l / m.p),
    "range_pct": lambda m: (m.h - m.l) / m.c,
    "close_location": lambda m: ratio(m.c - m.l, m.h - m.l, 0.5),
    "body_ratio": lambda m: ratio(m.c - m.o, m.h - m.l, 0.0),
    "upper_wick_ratio": lambda m: ratio(m.h - np.maximum(m.o, m.c), m.h - m.l, 0.0),
    "lower_wick_ratio": lambda m: ratio(np.minimum(m.o, m.c) - m.l, m.h - m.l, 0.0),
    "gap_open": lambda m: np.log(m.o / m.p),
    "gap_session": session_gap,
    "acceleration_5": lambda m: np.log(m.c / m.c.shift(5)).diff(5),
    "ffd_0p3_50": lambda m: anchored(m, 0.3, 50),
    "ffd_0p6_50": lambda m: anchored(m, 0.6, 50),
    "ffd_price_0p4_50": lambda m: fractional(m.c, 0.4, 50),
}


@pytest.mark.parametrize("market", ["smooth", "coarse"])
@pytest.mark.parametrize("name", ORACLES)
def test_agrees_with_the_formula(name, market):
    assert_agrees(name, ORACLES[name], market)


def test_a_fractional_difference_of_order_one_is_the_difference():
    assert_agrees("ffd_1_20", lambda m: m.r, "smooth")


def test_the_four_log_prices_give_the_bar_back():
    """What the raw sets feed to models is the bar over the close before."""
    from barwise.bars.simulate import simulate_bars

    bars = simulate_bars("MES", days=2, seed=6)
    names = ["gap_open", "log_return_high", "log_return_low", "log_return_1"]
    made = np.exp(FeatureGraph(names).push(bars)[1:].astype(float))
    before = bars.close[:-1, None]
    prices = np.stack([bars.open, bars.high, bars.low, bars.close], axis=1)[1:]
    np.testing.assert_allclose(made * before, prices, rtol=1e-6)
