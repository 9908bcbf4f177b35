"""Indicators against TA-Lib, in float64, on real bars and on a random walk."""

from types import SimpleNamespace

import numpy as np
import pytest
import talib

from barwise.features import find
from barwise.testing.evaluate import evaluate

FILES = ("ES_5m_2024-05_2026-02", "BTCUSDT_1h_2017-08_2024-03", "6E_1m_2024-01")
ROWS = 20_000


def walk():
    rng = np.random.default_rng(5)
    close = 5000 * np.exp(np.cumsum(1e-3 * rng.standard_normal(ROWS)))
    opens = close * np.exp(5e-4 * rng.standard_normal(ROWS))
    reach = np.abs(rng.standard_normal((2, ROWS))) * 1e-3 * close
    return {
        "open": opens,
        "high": np.maximum(opens, close) + reach[0],
        "low": np.minimum(opens, close) - reach[1],
        "close": close,
        "volume": rng.integers(1, 1000, ROWS).astype(float),
    }


@pytest.fixture(scope="module", params=("walk", *FILES))
def bars(request):
    if request.param == "walk":
        return walk()
    import polars as pl

    folder = request.getfixturevalue("market_data")
    frame = pl.read_parquet(folder / f"{request.param}.parquet").head(ROWS)
    return {
        name: frame[name].to_numpy().astype(float)
        for name in ("open", "high", "low", "close", "volume")
    }


def ours(name, bars):
    return evaluate({name: find(name)[1]}, bars)[name]


# name -> (TA-Lib's value of the same column, rows until its own start is forgotten)
ORACLES = {
    "rsi_7": (lambda b: talib.RSI(b.close, 7), 7),
    "rsi_14": (lambda b: talib.RSI(b.close, 14), 14),
    "cmo_14": (lambda b: talib.CMO(b.close, 14), 14),
    "roc_10": (lambda b: talib.ROC(b.close, 10), 10),
    "momentum_10": (lambda b: talib.MOM(b.close, 10), 10),
    "williams_r_14": (lambda b: talib.WILLR(b.high, b.low, b.close, 14), 14),
    "stoch_k_14": (
        lambda b: talib.STOCH(b.high, b.low, b.close, 14, 3, 0, 3, 0)[0],
        20,
    ),
    "stoch_d_14": (
        lambda b: talib.STOCH(b.high, b.low, b.close, 14, 3, 0, 3, 0)[1],
        20,
    ),
    "macd": (lambda b: talib.MACD(b.close)[0], 400),
    "macd_signal": (lambda b: talib.MACD(b.close)[1], 400),
    "macd_hist": (lambda b: talib.MACD(b.close)[2], 500),
    "ppo_12_26": (lambda b: talib.PPO(b.close, 12, 26, 1), 400),
    "trix_15": (lambda b: talib.TRIX(b.close, 15), 500),
    "ultimate_oscillator": (lambda b: talib.ULTOSC(b.high, b.low, b.close), 28),
    "stoch_rsi_14": (lambda b: talib.STOCHRSI(b.close, 14, 14, 1, 0)[0], 40),
    "atr_14": (lambda b: talib.ATR(b.high, b.low, b.close, 14), 14),
    "bb_upper_20": (lambda b: talib.BBANDS(b.close, 20)[0], 20),
    "bb_lower_20": (lambda b: talib.BBANDS(b.close, 20)[2], 20),
    "adx_14": (lambda b: talib.ADX(b.high, b.low, b.close, 14), 600),
    "plus_di_14": (lambda b: talib.PLUS_DI(b.high, b.low, b.close, 14), 500),
    "minus_di_14": (lambda b: talib.MINUS_DI(b.high, b.low, b.close, 14), 500),
    "aroon_up_25": (lambda b: talib.AROON(b.high, b.low, 25)[1], 26),
    "aroon_down_25": (lambda b: talib.AROON(b.high, b.low, 25)[0], 26),
    "aroon_osc_25": (lambda b: talib.AROONOSC(b.high, b.low, 25), 26),
    "cci_20": (lambda b: talib.CCI(b.high, b.low, b.close, 20), 20),
    "slope_20": (lambda b: talib.LINEARREG_SLOPE(np.log(b.close), 20), 20),
    "mfi_14": (lambda b: talib.MFI(b.high, b.low, b.close, b.volume, 14), 14),
    "obv": (lambda b: talib.OBV(b.close, b.volume) - b.volume[0], 1),
    "ad_ratio_20": (
        lambda b: (
            (lambda ad: ad - np.r_[np.zeros(20), ad[:-20]])(
                talib.AD(b.high, b.low, b.close, b.volume)
            )
            / talib.SUM(b.volume, 20)
        ),
        20,
    ),
    "sma_20": (lambda b: talib.SMA(b.close, 20), 20),
    "ema_50": (lambda b: talib.EMA(b.close, 50), 50),
    "wma_20": (lambda b: talib.WMA(b.close, 20), 20),
    "dema_20": (lambda b: talib.DEMA(b.close, 20), 40),
    "tema_20": (lambda b: talib.TEMA(b.close, 20), 60),
    "kama_10": (lambda b: talib.KAMA(b.close, 10), 10),
    "high_distance_20": (lambda b: (talib.MAX(b.high, 20) - b.close) / b.close, 20),
    "low_distance_20": (lambda b: (b.close - talib.MIN(b.low, 20)) / b.close, 20),
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


@pytest.mark.parametrize("column", ["psar_distance"])
def test_parabolic_stop_is_talibs(column, bars):
    stop = bars["close"] - ours(column, bars) * bars["close"]
    expected = talib.SAR(bars["high"], bars["low"])
    np.testing.assert_allclose(stop[1:], expected[1:], rtol=1e-9)
