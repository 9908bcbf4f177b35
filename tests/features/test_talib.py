"""Indicators against TA-Lib, in float64, on real bars and on a random walk."""

from types import SimpleNamespace

import numpy as np
import pytest
import talib

from barwise.features import find
from barwise.testing.evaluate import evaluate
from oracles.market import smooth

FILES = ("ES_5m_2024-05_2026-02", "BTCUSDT_1h_2017-08_2024-03", "6E_1m_2024-01")
ROWS = 20_000
SPANS = (1, 2, 3, 5, 10, 20, 60)


@pytest.fixture(scope="module", params=("walk", *FILES))
def bars(request):
    if request.param == "walk":
        return smooth(ROWS, seed=5)
    import polars as pl

    folder = request.getfixturevalue("market_data")
    frame = pl.read_parquet(folder / f"{request.param}.parquet").head(ROWS)
    return {
        name: frame[name].to_numpy().astype(float)
        for name in ("open", "high", "low", "close", "volume")
    }


def ours(name, bars):
    return evaluate({name: find(name)[1]}, bars)[name]


def true_range(b):
    return talib.TRANGE(b.high, b.low, b.close)


def bands(b, n):
    return talib.BBANDS(b.close, n)


def chaikin(b, fast, slow):
    return talib.ADOSC(b.high, b.low, b.close, b.volume, fast, slow)


def money_flow(b, n):
    """Rise of the A/D line over n bars, over the volume of these."""
    line = talib.AD(b.high, b.low, b.close, b.volume)
    return talib.MOM(line, n) / talib.SUM(b.volume, n)


def stochastic(b):
    return talib.STOCH(b.high, b.low, b.close, 14, 3, 0, 3, 0)


# name -> (TA-Lib's value of the same column, rows until its own start is forgotten)
ORACLES = {
    **{f"return_{n}": (lambda b, n=n: talib.ROCP(b.close, n), n) for n in SPANS},
    **{
        f"log_return_{n}": (lambda b, n=n: talib.LN(talib.ROCR(b.close, n)), n)
        for n in SPANS
    },
    "body_ratio": (lambda b: talib.BOP(b.open, b.high, b.low, b.close), 0),
    "high_distance_20": (lambda b: talib.MAX(b.high, 20) / b.close - 1, 20),
    "high_distance_60": (lambda b: talib.MAX(b.high, 60) / b.close - 1, 60),
    "low_distance_20": (lambda b: 1 - talib.MIN(b.low, 20) / b.close, 20),
    "low_distance_60": (lambda b: 1 - talib.MIN(b.low, 60) / b.close, 60),
    **{f"rsi_{n}": (lambda b, n=n: talib.RSI(b.close, n), n) for n in (7, 14, 21)},
    "cmo_14": (lambda b: talib.CMO(b.close, 14), 14),
    **{f"roc_{n}": (lambda b, n=n: talib.ROC(b.close, n), n) for n in (5, 10, 20)},
    "momentum_10": (lambda b: talib.MOM(b.close, 10), 10),
    "williams_r_14": (lambda b: talib.WILLR(b.high, b.low, b.close, 14), 14),
    "williams_r_28": (lambda b: talib.WILLR(b.high, b.low, b.close, 28), 28),
    "stoch_k_14": (lambda b: stochastic(b)[0], 20),
    "stoch_d_14": (lambda b: stochastic(b)[1], 20),
    "macd": (lambda b: talib.MACD(b.close)[0], 400),
    "macd_signal": (lambda b: talib.MACD(b.close)[1], 400),
    "macd_hist": (lambda b: talib.MACD(b.close)[2], 500),
    "macd_pct": (lambda b: talib.APO(b.close, 12, 26, 1) / b.close, 400),
    "macd_signal_pct": (lambda b: talib.MACD(b.close)[1] / b.close, 400),
    "macd_hist_pct": (lambda b: talib.MACD(b.close)[2] / b.close, 500),
    "ppo_12_26": (lambda b: talib.PPO(b.close, 12, 26, 1), 400),
    "trix_15": (lambda b: talib.TRIX(b.close, 15), 500),
    "ultimate_oscillator": (lambda b: talib.ULTOSC(b.high, b.low, b.close), 28),
    "stoch_rsi_14": (lambda b: talib.STOCHRSI(b.close, 14, 14, 1, 0)[0], 40),
    **{
        f"atr_{n}": (lambda b, n=n: talib.ATR(b.high, b.low, b.close, n), n)
        for n in (7, 14, 28)
    },
    **{
        f"atr_ratio_{n}": (
            lambda b, n=n: talib.NATR(b.high, b.low, b.close, n) / 100,
            n,
        )
        for n in (7, 14, 28)
    },
    "true_range_ratio_14": (
        lambda b: true_range(b) / talib.ATR(b.high, b.low, b.close, 14),
        14,
    ),
    "bb_upper_20": (lambda b: bands(b, 20)[0], 20),
    "bb_lower_20": (lambda b: bands(b, 20)[2], 20),
    "adx_14": (lambda b: talib.ADX(b.high, b.low, b.close, 14), 600),
    "adxr_14": (lambda b: talib.ADXR(b.high, b.low, b.close, 14), 700),
    "plus_di_14": (lambda b: talib.PLUS_DI(b.high, b.low, b.close, 14), 500),
    "minus_di_14": (lambda b: talib.MINUS_DI(b.high, b.low, b.close, 14), 500),
    "aroon_up_25": (lambda b: talib.AROON(b.high, b.low, 25)[1], 26),
    "aroon_down_25": (lambda b: talib.AROON(b.high, b.low, 25)[0], 26),
    "aroon_osc_25": (lambda b: talib.AROONOSC(b.high, b.low, 25), 26),
    "cci_14": (lambda b: talib.CCI(b.high, b.low, b.close, 14), 14),
    "cci_20": (lambda b: talib.CCI(b.high, b.low, b.close, 20), 20),
    **{
        f"slope_{n}": (lambda b, n=n: talib.LINEARREG_SLOPE(np.log(b.close), n), n)
        for n in (10, 20, 50)
    },
    "qstick_10": (lambda b: talib.SMA(b.close - b.open, 10) / b.close, 10),
    "mfi_14": (lambda b: talib.MFI(b.high, b.low, b.close, b.volume, 14), 14),
    "obv": (lambda b: talib.OBV(b.close, b.volume) - b.volume[0], 1),
    "ad_line": (lambda b: talib.AD(b.high, b.low, b.close, b.volume), 0),
    "ad_ratio_20": (lambda b: money_flow(b, 20), 20),
    "ad_oscillator_3_10": (lambda b: chaikin(b, 3, 10) / talib.EMA(b.volume, 10), 300),
    "pvo_12_26": (lambda b: talib.PPO(b.volume, 12, 26, 1), 400),
    "sma_20": (lambda b: talib.SMA(b.close, 20), 20),
    "sma_50": (lambda b: talib.SMA(b.close, 50), 50),
    "ema_20": (lambda b: talib.EMA(b.close, 20), 20),
    "ema_50": (lambda b: talib.EMA(b.close, 50), 50),
    "wma_20": (lambda b: talib.WMA(b.close, 20), 20),
    "dema_20": (lambda b: talib.DEMA(b.close, 20), 40),
    "tema_20": (lambda b: talib.TEMA(b.close, 20), 60),
    "t3_10": (lambda b: talib.T3(b.close, 10, 0.7), 600),
    "trima_20": (lambda b: talib.TRIMA(b.close, 20), 20),
    "lsma_20": (lambda b: talib.LINEARREG(b.close, 20), 20),
    "kama_10": (lambda b: talib.KAMA(b.close, 10), 10),
    "psar_distance": (lambda b: 1 - talib.SAR(b.high, b.low) / b.close, 1),
}


@pytest.mark.parametrize("name", ORACLES)
def test_agrees_with_talib(name, bars):
    oracle, start = ORACLES[name]
    expected = oracle(SimpleNamespace(**bars))
    value = ours(name, bars)
    expected, value = expected[start:], value[start:]
    assert np.isfinite(expected).all()
    # Where nothing moved TA-Lib gives 0 and ours the neutral value of the docstring.
    neutral = {"rsi": 50, "stoch": 50, "williams": -50, "mfi": 50, "cmo": 0}
    flat = np.isclose(value, neutral.get(name.split("_")[0], np.nan), atol=1e-12)
    compared = ~(flat & (expected == 0))
    assert compared.mean() > 0.98
    scale = np.abs(expected).max()
    np.testing.assert_allclose(
        value[compared], expected[compared], rtol=1e-9, atol=1e-9 * scale
    )
