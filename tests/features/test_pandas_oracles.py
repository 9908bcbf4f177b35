"""Columns that TA-Lib does not have, against the formulas written with pandas."""

import re

import numpy as np
import pandas as pd
import pytest
import talib

from barwise.features import FeatureGraph, find, full_names
from barwise.features.registry import features
from barwise.testing.evaluate import evaluate

ROWS = 3000
RNG = np.random.default_rng(8)


def make():
    close = 5000 * np.exp(np.cumsum(1e-3 * RNG.standard_normal(ROWS)))
    opens = close * np.exp(5e-4 * RNG.standard_normal(ROWS))
    reach = np.abs(RNG.standard_normal((2, ROWS))) * 1e-3 * close
    return pd.DataFrame(
        {
            "open": opens,
            "high": np.maximum(opens, close) + reach[0],
            "low": np.minimum(opens, close) - reach[1],
            "close": close,
            "volume": RNG.integers(1, 900, ROWS).astype(float),
            "session_day": np.arange(ROWS) // 250 + 19_000.0,
            "local_hour": RNG.random(ROWS) * 24,
            "session_weekday": np.arange(ROWS) // 250 % 5.0,
            "minutes_since_open": np.arange(ROWS) % 250 * 5.0 + 5,
            "minutes_to_close": 1250 - np.arange(ROWS) % 250 * 5.0 - 5,
            "session_length": np.full(ROWS, 1250.0),
            "is_rth": (np.arange(ROWS) % 250 > 100).astype(float),
            "holiday_adjacent": (np.arange(ROWS) // 250 == 3).astype(float),
        }
    )


B = make()
OPEN, H, L, C, V = (B[k] for k in ("open", "high", "low", "close", "volume"))
P = C.shift(1)
LR = np.log(C / P)
TR = np.maximum(H, P) - np.minimum(L, P)
TP = (H + L + C) / 3
DAY = B.session_day
FLOW = (2 * (C - L) / (H - L) - 1) * V
SIGNED = np.sign(C.diff()) * V


def atr(n):
    return pd.Series(talib.ATR(H, L, C, n))


def ema(x, n):
    return pd.Series(talib.EMA(x.to_numpy(), n))


def middle(n):
    return (H.rolling(n).max() + L.rolling(n).min()) / 2


def rs():
    up, down, body = np.log(H / OPEN), np.log(L / OPEN), np.log(C / OPEN)
    return up * (up - body) + down * (down - body)


def yang_zhang(n):
    k = 0.34 / (1.34 + (n + 1) / (n - 1))
    gap, body = np.log(OPEN / P).rolling(n).var(), np.log(C / OPEN).rolling(n).var()
    return np.sqrt(gap + k * body + (1 - k) * rs().rolling(n).mean())


def r_squared(n):
    t = pd.Series(np.arange(ROWS, dtype=float))
    return np.log(C).rolling(n).corr(t) ** 2


def vortex(n):
    plus, minus = (H - L.shift()).abs(), (L - H.shift()).abs()
    return (plus - minus).rolling(n).sum() / TR.rolling(n).sum()


def garman_klass(n):
    daily = 0.5 * np.log(H / L) ** 2 - (2 * np.log(2) - 1) * np.log(C / OPEN) ** 2
    return np.sqrt(daily.rolling(n).mean())


def vwap(n):
    return (TP * V).rolling(n).sum() / V.rolling(n).sum()


def session_vwap():
    return (TP * V).groupby(DAY).cumsum() / V.groupby(DAY).cumsum()


def session_gap():
    first = DAY.shift() != DAY
    return np.log(OPEN / P).where(first).groupby(DAY).transform("first")


def hull(n):
    def wma(x, k):
        return pd.Series(talib.WMA(x.to_numpy(), k))

    return wma(2 * wma(C, n // 2) - wma(C, n), round(np.sqrt(n)))


def volatility_rank():
    place = LR.rolling(20).std(ddof=0).rolling(250).rank()
    return (place - 1) / 249


def volatility_regime():
    rank = volatility_rank()
    return (1.0 * (rank > 0.75) - (rank < 0.25)).where(rank.notna())


def trend_regime():
    strength = pd.Series(talib.ADX(H, L, C, 14))
    side = np.sign(pd.Series(talib.PLUS_DI(H, L, C, 14) - talib.MINUS_DI(H, L, C, 14)))
    turned = (side != side.shift(5)) & (strength.shift(5) >= 20)
    return pd.Series(np.where(turned, -1.0, np.where(strength >= 25, 1.0, 0.0)))


def regime_score():
    return C.diff(20) / C.diff().abs().rolling(20).sum() * (1 - volatility_rank())


def column(name):
    columns = {key: B[key].to_numpy() for key in B}
    return pd.Series(evaluate({name: find(name)[1]}, columns)[name])


def lags():
    """Every lag of the full set, from the column itself, which has its own oracle."""
    for name in full_names():
        read = re.fullmatch(r"lag_(mean_|std_|)(\d+)_(.+)", name)
        if read is not None:
            of, rows = column(read[3]), int(read[2])
            yield (
                name,
                {
                    "": of.shift(rows),
                    "mean_": of.rolling(rows).mean(),
                    "std_": of.rolling(rows).std(ddof=0),
                }[read[1]],
            )


ORACLES = {
    **dict(lags()),
    **{f"return_{n}": C / C.shift(n) - 1 for n in (1, 2, 3, 5, 10, 20, 60)},
    **{f"log_return_{n}": np.log(C / C.shift(n)) for n in (1, 2, 3, 5, 10, 20, 60)},
    **{f"hvol_{n}": LR.rolling(n).std(ddof=0) for n in (10, 20, 60)},
    **{f"atr_ratio_{n}": atr(n) / C for n in (7, 14, 28)},
    **{f"volume_ratio_{n}": V / V.rolling(n).mean() for n in (10, 20, 60)},
    **{f"sma_distance_{n}": C / C.rolling(n).mean() - 1 for n in (10, 20, 50, 100)},
    **{f"ema_distance_{n}": C / ema(C, n) - 1 for n in (10, 20, 50, 100)},
    **{f"vwap_distance_{n}": (C - vwap(n)) / C for n in (20, 60)},
    **{
        f"obv_ratio_{n}": SIGNED.rolling(n).sum() / V.shift(0).rolling(n).sum()
        for n in (20, 60)
    },
    **{
        f"bb_width_{n}": 4 * C.rolling(n).std(ddof=0) / C.rolling(n).mean()
        for n in (20, 50)
    },
    **{
        f"bb_position_{n}": (C - C.rolling(n).mean()) / (4 * C.rolling(n).std(ddof=0))
        + 0.5
        for n in (20, 50)
    },
    **{
        f"volume_zscore_{n}": (np.log1p(V) - np.log1p(V).rolling(n).mean())
        / np.log1p(V).rolling(n).std(ddof=0)
        for n in (20, 60)
    },
    **{f"high_distance_{n}": (H.rolling(n).max() - C) / C for n in (60,)},
    **{f"low_distance_{n}": (C - L.rolling(n).min()) / C for n in (60,)},
    "range_pct": (H - L) / C,
    "close_location": (C - L) / (H - L),
    "body_ratio": (C - OPEN) / (H - L),
    "upper_wick_ratio": (H - np.maximum(OPEN, C)) / (H - L),
    "lower_wick_ratio": (np.minimum(OPEN, C) - L) / (H - L),
    "gap_open": np.log(OPEN / P),
    "gap_session": session_gap(),
    "acceleration_5": np.log(C / C.shift(5)).diff(5),
    "macd_pct": (ema(C, 12) - ema(C, 26)) / C,
    "macd_signal_pct": pd.Series(talib.MACD(C)[1]) / C,
    "macd_hist_pct": pd.Series(talib.MACD(C)[2]) / C,
    "price_zscore_20": (C - C.rolling(20).mean()) / C.rolling(20).std(ddof=0),
    "atr_trend_7_28": atr(7) / atr(28) - 1,
    "kc_width_20": 4 * atr(20) / ema(C, 20),
    "kc_position_20": (C - ema(C, 20)) / (4 * atr(20)) + 0.5,
    "parkinson_20": np.sqrt((np.log(H / L) ** 2).rolling(20).mean() / (4 * np.log(2))),
    "garman_klass_20": garman_klass(20),
    "rogers_satchell_20": np.sqrt(rs().rolling(20).mean()),
    "yangzhang_20": yang_zhang(20),
    "hvol_ratio_10_60": LR.rolling(10).std()
    * np.sqrt(0.9)
    / (LR.rolling(60).std() * np.sqrt(59 / 60)),
    "vol_of_vol_20": LR.rolling(20).std(ddof=0).diff().rolling(20).std(ddof=0),
    "r_squared_20": r_squared(20),
    "vortex_14": vortex(14),
    "ichimoku_tenkan_distance": (C - middle(9)) / C,
    "ichimoku_kijun_distance": (C - middle(26)) / C,
    "ichimoku_cloud_distance": (
        C - (((middle(9) + middle(26)) / 2 + middle(52)) / 2).shift(26)
    )
    / C,
    "ema_spread_10_50": (ema(C, 10) - ema(C, 50)) / C,
    "volume_change_1": np.log1p(V).diff(),
    "ad_ratio_20": FLOW.rolling(20).sum() / V.rolling(20).sum(),
    "efi_13": ema((C.diff() * V).iloc[1:], 13).set_axis(range(1, ROWS))
    / (ema(V, 13) * C),
    "vwap_session": session_vwap(),
    "vwap_session_distance": (C - session_vwap()) / C,
    "volume_price_trend_20": (C.pct_change() * V).rolling(20).sum()
    / V.rolling(20).sum(),
    "volume_up_share_60": V.where(C > OPEN, 0).rolling(60).sum() / V.rolling(60).sum(),
    "wma_distance_20": C / pd.Series(talib.WMA(C, 20)) - 1,
    "kama_distance_10": C / pd.Series(talib.KAMA(C, 10)) - 1,
    "hma_20": hull(20),
    "hma_distance_20": C / hull(20) - 1,
    "hour_sin": np.sin(2 * np.pi * B.local_hour / 24),
    "hour_cos": np.cos(2 * np.pi * B.local_hour / 24),
    "dayofweek_sin": np.sin(2 * np.pi * B.session_weekday / 7),
    "dayofweek_cos": np.cos(2 * np.pi * B.session_weekday / 7),
    "session_progress": B.minutes_since_open / 1250,
    "session_hours_to_close": np.minimum(B.minutes_to_close / 60, 6),
    "session_is_rth": B.is_rth,
    "session_holiday_adjacent": B.holiday_adjacent,
    "volume_log": np.log1p(V),
    "volume_rank_100": (V.rolling(100).rank() - 1) / 99,
    "regime_volatility": volatility_regime(),
    "regime_trend": trend_regime(),
    "regime_score": regime_score(),
}

FORGETS_SLOWLY = {
    "macd_pct",
    "macd_signal_pct",
    "macd_hist_pct",
    "efi_13",
    "regime_trend",
}
"""Their averages start at another row than the oracle's."""


def ours(names):
    columns = {name: B[name].to_numpy() for name in B}
    return evaluate({name: find(name)[1] for name in names}, columns)


@pytest.mark.parametrize("name", ORACLES)
def test_agrees_with_the_formula(name):
    expected, value = ORACLES[name].to_numpy(), ours([name])[name]
    start = 600 if name in FORGETS_SLOWLY else find_warmup(name) + 1
    assert np.isfinite(expected[start + 300 :]).all()
    scale = np.nanmax(np.abs(expected))
    np.testing.assert_allclose(
        value[start:], expected[start:], rtol=1e-9, atol=1e-9 * scale
    )


def find_warmup(name):
    from barwise.stream import compile_program

    return compile_program({name: find(name)[1]}).warmup


def test_supertrend_and_parabolic_sides_are_the_signs_of_their_distances():
    for stop in ("supertrend", "psar"):
        made = ours([f"{stop}_distance", f"{stop}_side"])
        distance, side = made[f"{stop}_distance"], made[f"{stop}_side"]
        known = np.isfinite(distance) & (distance != 0)
        np.testing.assert_array_equal(side[known], np.sign(distance[known]))
        assert set(side[known]) == {-1.0, 1.0}


def test_every_column_of_the_full_set_has_an_oracle():
    from importlib.util import module_from_spec, spec_from_file_location
    from pathlib import Path

    spec = spec_from_file_location(
        "talib_oracles", Path(__file__).parent / "test_talib.py"
    )
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    # Columns that learn: tests/features/test_markov.py and test_conditioning.py.
    fitted = set(FeatureGraph(full_names()).unfitted)
    here = fitted | {
        "supertrend_distance",
        "supertrend_side",
        "psar_distance",
        "psar_side",
    }
    # Another period of an indicator that TA-Lib checked is the same formula.
    formulas = {find(name)[0].name for name in module.ORACLES}
    without = [
        name
        for name in full_names()
        if name not in {*ORACLES, *module.ORACLES, *here}
        and find(name)[0].name not in formulas
    ]
    assert without == []


def test_every_feature_says_its_unit_and_what_it_is():
    for one in features():
        assert one.unit
        assert one.summary.endswith(".")
        assert one.role in ("number", "cyclic", "binary", "probability")
