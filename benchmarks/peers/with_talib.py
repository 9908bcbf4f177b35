"""Our columns that TA-Lib has too, with its call."""

import talib

PERIODS = {
    "rsi": (talib.RSI, (7, 14, 21)),
    "cmo": (talib.CMO, (7, 14, 21)),
    "roc": (talib.ROC, (5, 10, 20)),
    "momentum": (talib.MOM, (5, 10, 20)),
    "trix": (talib.TRIX, (15,)),
    "sma": (talib.SMA, (10, 20, 50)),
    "ema": (talib.EMA, (10, 20, 50)),
    "wma": (talib.WMA, (10, 20, 50)),
    "dema": (talib.DEMA, (20,)),
    "tema": (talib.TEMA, (20,)),
    "kama": (talib.KAMA, (10,)),
}
"""Ours and TA-Lib's function of the close and a period."""

RANGED = {
    "atr": (talib.ATR, (7, 14, 28)),
    "atr_ratio": (talib.NATR, (7, 14, 28)),
    "williams_r": (talib.WILLR, (14, 28)),
    "cci": (talib.CCI, (14, 20)),
    "adx": (talib.ADX, (14, 28)),
    "plus_di": (talib.PLUS_DI, (14, 28)),
    "minus_di": (talib.MINUS_DI, (14, 28)),
}
"""Ours and TA-Lib's function of high, low, close and a period."""

OTHERS = {
    "macd": lambda b: talib.MACD(b.close),
    "macd_signal": None,
    "macd_hist": None,
    "ppo_12_26": lambda b: talib.PPO(b.close, 12, 26, 1),
    "ultimate_oscillator": lambda b: talib.ULTOSC(b.high, b.low, b.close),
    "stoch_k_14": lambda b: talib.STOCH(b.high, b.low, b.close, 14, 3, 0, 3, 0),
    "stoch_d_14": None,
    "stoch_rsi_14": lambda b: talib.STOCHRSI(b.close, 14, 14, 1, 0),
    "bb_upper_20": lambda b: talib.BBANDS(b.close, 20),
    "bb_lower_20": None,
    "aroon_up_25": lambda b: talib.AROON(b.high, b.low, 25),
    "aroon_down_25": None,
    "aroon_osc_25": lambda b: talib.AROONOSC(b.high, b.low, 25),
    "slope_10": lambda b: talib.LINEARREG_SLOPE(b.close, 10),
    "slope_20": lambda b: talib.LINEARREG_SLOPE(b.close, 20),
    "slope_50": lambda b: talib.LINEARREG_SLOPE(b.close, 50),
    "mfi_14": lambda b: talib.MFI(b.high, b.low, b.close, b.volume, 14),
    "obv": lambda b: talib.OBV(b.close, b.volume),
    "high_distance_20": lambda b: talib.MAX(b.high, 20),
    "low_distance_20": lambda b: talib.MIN(b.low, 20),
    "high_distance_60": lambda b: talib.MAX(b.high, 60),
    "low_distance_60": lambda b: talib.MIN(b.low, 60),
    "psar_distance": lambda b: talib.SAR(b.high, b.low),
}
"""Columns with TA-Lib's call; None where the call above gives the column too."""


def pairs():
    """Yield (our column, TA-Lib's call or None).

    A call takes an object with the columns of some bars.
    """
    for name, (function, periods) in PERIODS.items():
        for n in periods:
            yield f"{name}_{n}", lambda b, f=function, n=n: f(b.close, n)
    for name, (function, periods) in RANGED.items():
        for n in periods:
            yield (
                f"{name}_{n}",
                lambda b, f=function, n=n: f(b.high, b.low, b.close, n),
            )
    yield from OTHERS.items()
