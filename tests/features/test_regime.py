"""Regimes that need no fit, against pandas and TA-Lib; test_markov.py has the others."""

import numpy as np
import pandas as pd
import pytest
import talib

from oracles.market import assert_agrees, deviation, ratio, total


def volatility_rank(m):
    return (deviation(m.r, 20).rolling(250).rank() - 1) / 249


def volatility_regime(m):
    rank = volatility_rank(m)
    return (1.0 * (rank > 0.75) - (rank < 0.25)).where(rank.notna())


def trend_regime(m):
    strength, plus, minus = (
        pd.Series(getattr(talib, name)(m.h, m.l, m.c, 14))
        for name in ("ADX", "PLUS_DI", "MINUS_DI")
    )
    side = np.sign(plus - minus)
    turned = (side != side.shift(5)) & (strength.shift(5) >= 20)
    return pd.Series(np.where(turned, -1.0, np.where(strength >= 25, 1.0, 0.0)))


def regime_score(m):
    path = ratio(m.c.diff(20), total(m.c.diff().abs(), 20), 0.0)
    fast, slow = deviation(m.r, 20), deviation(m.r, 250)
    return path * ratio(slow, fast + slow, 0.5)


ORACLES = {
    "regime_volatility": volatility_regime,
    "regime_trend": trend_regime,
    "regime_score": regime_score,
}

STARTS = {"regime_trend": 600}
"""Rows until TA-Lib's own start of the directional averages is forgotten."""


@pytest.mark.parametrize("name", ORACLES)
def test_agrees_with_the_formula(name):
    assert_agrees(name, ORACLES[name], "smooth", STARTS.get(name))
