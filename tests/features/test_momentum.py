"""Oscillators that TA-Lib does not have in our form, and their flat cases."""

import numpy as np
import pandas as pd
import pytest
import talib

from oracles.market import assert_agrees, deviation, ema, mean, ratio, wilder


def rsi(m, n):
    change = m.c.diff()
    up, down = wilder(change.clip(lower=0), n), wilder((-change).clip(lower=0), n)
    return ratio(100 * up, up + down, 50.0)


def cmo(m, n):
    change = m.c.diff()
    up, down = wilder(change.clip(lower=0), n), wilder((-change).clip(lower=0), n)
    return ratio(100 * (up - down), up + down, 0.0)


def place(x, high, low, otherwise):
    return ratio(x - low, high - low, otherwise)


def williams(m, n):
    inside = place(m.c, m.h.rolling(n).max(), m.l.rolling(n).min(), 0.5)
    return 100 * inside - 100


def fast_k(m, n):
    return 100 * place(m.c, m.h.rolling(n).max(), m.l.rolling(n).min(), 0.5)


def stoch_rsi(m, n):
    value = rsi(m, n)
    return 100 * place(value, value.rolling(n).max(), value.rolling(n).min(), 0.5)


def macd(m, part):
    line = ema(m.c, 12) - ema(m.c, 26)
    signal = ema(line, 9)
    return (line, signal, line - signal)[part]


def tsi(m):
    change = m.c.diff()
    move, path = (ema(ema(x, 25), 13) for x in (change, change.abs()))
    return ratio(100 * move, path, 0.0)


def ultimate(m):
    pressure = m.c - np.minimum(m.l, m.p)
    parts = [
        ratio(pressure.rolling(n).sum(), m.tr.rolling(n).sum(), 0.5)
        for n in (7, 14, 28)
    ]
    return 100 * (4 * parts[0] + 2 * parts[1] + parts[2]) / 7


def trix(m, n):
    return 100 * ema(ema(ema(m.c, n), n), n).pct_change()


def coppock(m):
    change = m.c.pct_change(14) + m.c.pct_change(11)
    weights = np.arange(1.0, 11.0) / 55.0
    return 100 * change.rolling(10).apply(lambda x: x @ weights, raw=True)


ORACLES = {
    **{f"rsi_{n}": lambda m, n=n: rsi(m, n) for n in (7, 14, 21)},
    **{f"roc_{n}": lambda m, n=n: 100 * m.c.pct_change(n) for n in (5, 10, 20)},
    **{f"williams_r_{n}": lambda m, n=n: williams(m, n) for n in (14, 28)},
    "cmo_14": lambda m: cmo(m, 14),
    "momentum_10": lambda m: m.c.diff(10),
    "stoch_k_14": lambda m: mean(fast_k(m, 14), 3),
    "stoch_d_14": lambda m: mean(mean(fast_k(m, 14), 3), 3),
    "stoch_rsi_14": lambda m: stoch_rsi(m, 14),
    "macd": lambda m: macd(m, 0),
    "macd_signal": lambda m: macd(m, 1),
    "macd_hist": lambda m: macd(m, 2),
    "macd_pct": lambda m: macd(m, 0) / m.c,
    "macd_signal_pct": lambda m: macd(m, 1) / m.c,
    "macd_hist_pct": lambda m: macd(m, 2) / m.c,
    "ppo_12_26": lambda m: 100 * (ema(m.c, 12) / ema(m.c, 26) - 1),
    "trix_15": lambda m: trix(m, 15),
    "coppock_14_11_10": coppock,
    "ultimate_oscillator": ultimate,
    "price_zscore_20": lambda m: ratio(m.c - mean(m.c, 20), deviation(m.c, 20), 0.0),
    "ao_pct": lambda m: (mean((m.h + m.l) / 2, 5) - mean((m.h + m.l) / 2, 34)) / m.c,
    "tsi_25_13": tsi,
    "elder_bull_13": lambda m: (m.h - ema(m.c, 13)) / m.c,
    "elder_bear_13": lambda m: (m.l - ema(m.c, 13)) / m.c,
}


@pytest.mark.parametrize("market", ["smooth", "coarse"])
@pytest.mark.parametrize("name", ORACLES)
def test_agrees_with_the_formula(name, market):
    assert_agrees(name, ORACLES[name], market)


def test_the_formula_of_the_flat_case_is_talibs_elsewhere():
    """The oracles above differ from TA-Lib in the neutral values only."""
    from oracles.market import market

    m = market("smooth")
    np.testing.assert_allclose(rsi(m, 14)[20:], pd.Series(talib.RSI(m.c, 14))[20:])
    np.testing.assert_allclose(cmo(m, 14)[20:], pd.Series(talib.CMO(m.c, 14))[20:])
