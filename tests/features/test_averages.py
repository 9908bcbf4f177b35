"""Moving averages and distances to them, against TA-Lib and NumPy."""

import numpy as np
import pandas as pd
import pytest
import talib

from oracles.market import assert_agrees, ema, mean, windows


def wma(x, n):
    return pd.Series(windows(x, n) @ np.arange(1.0, n + 1) / (n * (n + 1) / 2))


def hull(m, n):
    return wma(2 * wma(m.c, n // 2) - wma(m.c, n), round(np.sqrt(n)))


def by_talib(function, m, n):
    return pd.Series(getattr(talib, function)(m.c.to_numpy(), n))


def double(m, n):
    return 2 * ema(m.c, n) - ema(ema(m.c, n), n)


def triple(m, n):
    once, twice = ema(m.c, n), ema(ema(m.c, n), n)
    return 3 * once - 3 * twice + ema(twice, n)


def from_average(average):
    return lambda m: m.c / average(m) - 1


LEVELS = {
    **{f"sma_{n}": lambda m, n=n: mean(m.c, n) for n in (10, 20, 50, 100)},
    **{f"ema_{n}": lambda m, n=n: ema(m.c, n) for n in (10, 20, 50, 100)},
    "wma_20": lambda m: wma(m.c, 20),
    "dema_20": lambda m: double(m, 20),
    "tema_20": lambda m: triple(m, 20),
    "t3_10": lambda m: by_talib("T3", m, 10),
    "trima_20": lambda m: by_talib("TRIMA", m, 20),
    "lsma_20": lambda m: by_talib("LINEARREG", m, 20),
    "kama_10": lambda m: by_talib("KAMA", m, 10),
    "hma_20": lambda m: hull(m, 20),
}
DISTANCES = {
    f"{kind}_distance_{period}": from_average(LEVELS[f"{kind}_{period}"])
    for kind, period in (name.split("_") for name in LEVELS)
    if kind not in ("t3", "trima")
}
NOT_IN_FULL = {"sma_10", "sma_100", "ema_10", "ema_100"}
ORACLES = {k: v for k, v in LEVELS.items() if k not in NOT_IN_FULL} | DISTANCES

STARTS = {"t3_10": 600}
"""Rows until the start of TA-Lib's six averages, each of another row, is forgotten."""


@pytest.mark.parametrize("market", ["smooth", "coarse"])
@pytest.mark.parametrize("name", ORACLES)
def test_agrees_with_the_formula(name, market):
    assert_agrees(name, ORACLES[name], market, STARTS.get(name))
