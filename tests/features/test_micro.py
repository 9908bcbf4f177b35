"""Microstructure proxies against their papers' formulas in pandas, NumPy and SciPy."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from oracles.market import (
    ROWS,
    assert_agrees,
    covariance,
    deviation,
    mean,
    ratio,
    total,
)


def roll(m, n):
    bounce = covariance(m.r, m.r.shift(1), n)
    return 2 * np.sqrt((-bounce).clip(lower=0))


def corwin_schultz(m, n):
    """Equations 14 and 18 of the paper, bar by bar, with the overnight adjustment."""
    out = np.full(ROWS, np.nan)
    for i in range(1, ROWS):
        high, low, close = m.h[i], m.l[i], m.c[i - 1]
        if low > close:
            factor = close / low
        elif high < close:
            factor = close / high
        else:
            factor = 1.0
        high, low = high * factor, low * factor
        beta = np.log(high / low) ** 2 + np.log(m.h[i - 1] / m.l[i - 1]) ** 2
        gamma = np.log(max(high, m.h[i - 1]) / min(low, m.l[i - 1])) ** 2
        k = 3 - 2 * np.sqrt(2)
        alpha = (np.sqrt(2 * beta) - np.sqrt(beta)) / k - np.sqrt(gamma / k)
        spread = 2 * (np.exp(alpha) - 1) / (1 + np.exp(alpha))
        out[i] = max(spread, 0.0)
    return mean(out, n)


def abdi_ranaldo(m, n):
    middle = (np.log(m.h) + np.log(m.l)) / 2
    close = np.log(m.c)
    product = 4 * (close - middle) * (close - middle.shift(-1))
    return mean(np.sqrt(product.clip(lower=0)).shift(1), n)


def side(m):
    return np.sign(m.c.diff()).replace(0.0, np.nan).ffill()


def run(m):
    sides = side(m)
    rows = sides.groupby((sides != sides.shift()).cumsum()).cumcount() + 1
    return sides * rows


def bulk(m, n):
    spread = deviation(m.r, n)
    return 2 * pd.Series(stats.norm.cdf(ratio(m.r, spread, 0.0))) - 1


def amihud(m, n):
    impact = (m.r.abs() / m.v).replace(np.inf, np.nan)
    means = impact.where(m.v > 0).rolling(n, min_periods=1).mean()
    traded = m.v.where(m.v > 0).rolling(n, min_periods=1).mean()
    return (means * traded).where(total(m.v, n) > 0, 0.0)


def slope(m, signed, size, n):
    variance = deviation(signed, n) ** 2
    return ratio(covariance(m.r, signed, n), variance, 0.0) * mean(size, n)


def imbalance(m, part, n):
    return ratio(total(part * m.v, n), total(m.v, n), 0.0)


ORACLES = {
    **{f"micro_roll_{n}": lambda m, n=n: roll(m, n) for n in (20, 60)},
    "micro_corwin_schultz_20": lambda m: corwin_schultz(m, 20),
    "micro_abdi_ranaldo_20": lambda m: abdi_ranaldo(m, 20),
    "micro_zero_share_60": lambda m: mean((m.c.diff() == 0).astype(float), 60),
    "micro_tick_balance_20": lambda m: mean(side(m), 20),
    "micro_run": run,
    "micro_bulk_20": lambda m: bulk(m, 20),
    "micro_bulk_imbalance_20": lambda m: imbalance(m, bulk(m, 20), 20),
    "micro_vpin_60": lambda m: imbalance(m, bulk(m, 60).abs(), 60),
    **{
        f"micro_tick_imbalance_{n}": lambda m, n=n: imbalance(m, side(m), n)
        for n in (20, 60)
    },
    **{f"micro_amihud_{n}": lambda m, n=n: amihud(m, n) for n in (20, 60)},
    "micro_kyle_60": lambda m: slope(m, side(m) * m.v, m.v, 60),
    "micro_hasbrouck_60": lambda m: slope(m, side(m) * np.sqrt(m.v), np.sqrt(m.v), 60),
}

STARTS = {"micro_tick_balance_20": 40, "micro_run": 40}
"""Rows until the first change of the close is surely seen."""


@pytest.mark.parametrize("market", ["smooth", "coarse"])
@pytest.mark.parametrize("name", ORACLES)
def test_agrees_with_the_formula(name, market):
    assert_agrees(name, ORACLES[name], market, STARTS.get(name))


def test_spread_proxies_find_a_known_spread():
    """A walk seen through bids and asks half a spread away, each side equally likely.

    Corwin and Schultz report a mean estimate within a few tenths of the true spread,
    Roll's is consistent.
    """
    from barwise.features import find
    from barwise.testing.evaluate import evaluate

    rng = np.random.default_rng(12)
    rows, steps, spread = 4000, 60, 0.004
    middle = np.cumsum(1e-4 * rng.standard_normal((rows, steps)).ravel())
    seen = middle + spread / 2 * rng.choice([-1.0, 1.0], rows * steps)
    price = 100 * np.exp(seen.reshape(rows, steps))
    columns = {
        "high": price.max(axis=1),
        "low": price.min(axis=1),
        "close": price[:, -1],
    }
    names = ["micro_roll_60", "micro_corwin_schultz_20", "micro_abdi_ranaldo_20"]
    made = evaluate({name: find(name)[1] for name in names}, columns)
    for name, low, high in zip(names, (0.9, 0.9, 0.6), (1.1, 1.2, 1.2), strict=True):
        assert low < np.nanmean(made[name]) / spread < high, name
