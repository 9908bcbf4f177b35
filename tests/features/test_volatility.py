"""Volatility against pandas, NumPy and TA-Lib."""

import numpy as np
import pandas as pd
import pytest
import talib

from oracles.market import (
    assert_agrees,
    deviation,
    ema,
    mean,
    ratio,
    total,
    wilder,
    windows,
)


def atr(m, n):
    return pd.Series(talib.ATR(m.h, m.l, m.c, n))


def parkinson(m, n):
    return np.sqrt(mean(np.log(m.h / m.l) ** 2, n) / (4 * np.log(2)))


def garman_klass(m, n):
    one = 0.5 * np.log(m.h / m.l) ** 2 - (2 * np.log(2) - 1) * np.log(m.c / m.o) ** 2
    return np.sqrt(mean(one, n).clip(lower=0))


def satchell(m):
    return np.log(m.h / m.c) * np.log(m.h / m.o) + np.log(m.l / m.c) * np.log(m.l / m.o)


def yang_zhang(m, n):
    k = 0.34 / (1.34 + (n + 1) / (n - 1))
    gap, body = (
        windows(np.log(x), n).var(axis=1, ddof=1) for x in (m.o / m.p, m.c / m.o)
    )
    return np.sqrt(gap + k * body + (1 - k) * mean(satchell(m), n))


def half(m, n, side):
    moves = windows(m.r, n)
    kept = np.where(np.isnan(moves) | (moves * side > 0), moves, 0.0)
    return pd.Series(np.sqrt((kept**2).mean(axis=1)))


def jump_share(m, n):
    bipower = np.pi / 2 * total(m.r.abs() * m.r.abs().shift(1), n)
    return (1 - ratio(bipower, total(m.r**2, n), 1.0)).clip(lower=0)


def bipower(m, n):
    return np.sqrt(np.pi / 2 * mean(m.r.abs() * m.r.abs().shift(1), n))


def band_place(m, n):
    return ratio(m.c - mean(m.c, n), 4 * deviation(m.c, n), 0.0) + 0.5


def squeeze(m, n):
    return ratio(deviation(m.c, n), wilder(m.tr, n), 1.0)


def mass_index(m, n):
    once = ema(m.h - m.l, 9)
    return total(ratio(once, ema(once, 9), 1.0), n)


def ulcer(m, n):
    fall = 100 * (m.c / m.c.rolling(n).max() - 1)
    return np.sqrt(mean(fall**2, n)) / 100


def choppiness(m, n):
    height = m.h.rolling(n).max() - m.l.rolling(n).min()
    chop = 100 * np.log10(total(m.tr, n) / height) / np.log10(n)
    return chop.mask(height == 0, 100.0).clip(upper=100)


def vol_of_vol(m, n):
    return deviation(deviation(m.r, n).diff(), n)


ORACLES = {
    **{f"atr_{n}": lambda m, n=n: atr(m, n) for n in (7, 14, 28)},
    **{f"atr_ratio_{n}": lambda m, n=n: atr(m, n) / m.c for n in (7, 14, 28)},
    **{f"hvol_{n}": lambda m, n=n: deviation(m.r, n) for n in (10, 20, 60)},
    **{f"parkinson_{n}": lambda m, n=n: parkinson(m, n) for n in (20, 60)},
    **{
        f"bb_width_{n}": lambda m, n=n: 4 * deviation(m.c, n) / mean(m.c, n)
        for n in (20, 50)
    },
    **{f"bb_position_{n}": lambda m, n=n: band_place(m, n) for n in (20, 50)},
    "bb_upper_20": lambda m: mean(m.c, 20) + 2 * deviation(m.c, 20),
    "bb_lower_20": lambda m: mean(m.c, 20) - 2 * deviation(m.c, 20),
    "atr_trend_7_28": lambda m: atr(m, 7) / atr(m, 28) - 1,
    "true_range_ratio_14": lambda m: m.tr / atr(m, 14),
    "kc_width_20": lambda m: 4 * atr(m, 20) / ema(m.c, 20),
    "kc_position_20": lambda m: (m.c - ema(m.c, 20)) / (4 * atr(m, 20)) + 0.5,
    "garman_klass_20": lambda m: garman_klass(m, 20),
    "rogers_satchell_20": lambda m: np.sqrt(mean(satchell(m), 20).clip(lower=0)),
    "yangzhang_20": lambda m: yang_zhang(m, 20),
    "hvol_ratio_10_60": lambda m: ratio(deviation(m.r, 10), deviation(m.r, 60), 1.0),
    "vol_of_vol_20": lambda m: vol_of_vol(m, 20),
    "upside_vol_20": lambda m: half(m, 20, 1),
    "downside_vol_20": lambda m: half(m, 20, -1),
    "realized_vol_30": lambda m: np.sqrt(mean(m.r**2, 30)),
    "bipower_vol_30": lambda m: bipower(m, 30),
    "jump_share_60": lambda m: jump_share(m, 60),
    "ewma_vol_32": lambda m: np.sqrt(ema(m.r**2, 32)),
    "squeeze_20": lambda m: squeeze(m, 20),
    "ulcer_14": lambda m: ulcer(m, 14),
    "mass_index_25": lambda m: mass_index(m, 25),
    "choppiness_14": lambda m: choppiness(m, 14),
}


@pytest.mark.parametrize("market", ["smooth", "coarse"])
@pytest.mark.parametrize("name", ORACLES)
def test_agrees_with_the_formula(name, market):
    assert_agrees(name, ORACLES[name], market)


def test_up_and_down_make_the_whole():
    from barwise.features import find
    from barwise.testing.evaluate import evaluate
    from oracles.market import market

    names = ("upside_vol_20", "downside_vol_20")
    m = market("smooth")
    up, down = evaluate({n: find(n)[1] for n in names}, m.columns).values()
    whole = np.sqrt(mean(m.r**2, 20))
    np.testing.assert_allclose(np.hypot(up, down)[21:], whole[21:], rtol=1e-12)
