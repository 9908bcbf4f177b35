"""Trend features against pandas, NumPy, TA-Lib and plain loops."""

import numpy as np
import pandas as pd
import pytest
import talib

from barwise.features import find
from barwise.testing.evaluate import evaluate
from oracles.market import (
    ROWS,
    assert_agrees,
    deviation,
    ema,
    market,
    mean,
    ratio,
    wilder,
    windows,
)


def directional(m, n):
    """Wilder's indicators, the averages seeded with n values."""
    up, down = m.h.diff(), -m.l.diff()
    rise = up.where((up > down) & (up > 0), 0.0).where(up.notna())
    fall = down.where((down > up) & (down > 0), 0.0).where(up.notna())
    reach = wilder(m.tr, n)
    return [ratio(100 * wilder(x, n), reach, 0.0) for x in (rise, fall)]


def adx(m, n):
    plus, minus = directional(m, n)
    return wilder(ratio(100 * (plus - minus).abs(), plus + minus, 0.0), n)


def aroon(m, n, side):
    prices, extreme = (m.h, np.nanmax) if side > 0 else (m.l, np.nanmin)
    seen = windows(prices, n + 1)
    latest = seen[:, ::-1] == extreme(np.nan_to_num(seen), axis=1)[:, None]
    return pd.Series(100 - 100 * latest.argmax(axis=1) / n)


def cci(m, n):
    seen = windows(m.tp, n)
    middle = seen.mean(axis=1)
    spread = np.abs(seen - middle[:, None]).mean(axis=1)
    spread[np.ptp(seen, axis=1) == 0] = 0.0
    return ratio(m.tp - middle, pd.Series(0.015 * spread), 0.0)


def line(x, n):
    """Slope and coefficient of determination of each window, by NumPy's polyfit."""
    seen = windows(x, n)
    slope = np.full(ROWS, np.nan)
    slope[n - 1 :] = np.polyfit(np.arange(n), seen[n - 1 :].T, 1)[0]
    return pd.Series(slope)


def r_squared(m, n):
    place = np.arange(n) - (n - 1) / 2
    seen = windows(np.log(m.c), n)
    along = (seen - seen.mean(axis=1, keepdims=True)) @ place / n
    share = ratio(
        pd.Series(along**2), deviation(np.log(m.c), n) ** 2 * place.var(), 0.0
    )
    return share.clip(upper=1)


def vortex(m, n):
    plus, minus = (m.h - m.l.shift()).abs(), (m.l - m.h.shift()).abs()
    return ratio((plus - minus).rolling(n).sum(), m.tr.rolling(n).sum(), 0.0)


def middle(m, n):
    return (m.h.rolling(n).max() + m.l.rolling(n).min()) / 2


def heikin_ashi(m):
    closes = (m.o + m.h + m.l + m.c) / 4
    opens = [closes[0]]
    for before in closes[:-1]:
        opens.append((opens[-1] + before) / 2)
    return (closes - np.array(opens)) / m.c


def stop_distance(m):
    return (m.c - talib.SAR(m.h, m.l)) / m.c


def supertrend(m):
    """The usual recursion, on TA-Lib's average true range."""
    reach = 3 * talib.ATR(m.h, m.l, m.c, 10)
    upper, lower = (m.h + m.l) / 2 + reach, (m.h + m.l) / 2 - reach
    band, up, down, side = np.full(ROWS, np.nan), np.nan, np.nan, 1
    for i in range(10, ROWS):
        if i == 10 or upper[i] < up or m.c[i - 1] > up:
            up = upper[i]
        if i == 10 or lower[i] > down or m.c[i - 1] < down:
            down = lower[i]
        if side == 1 and m.c[i] < down:
            side = -1
        elif side == -1 and m.c[i] > up:
            side = 1
        band[i] = down if side == 1 else up
    return (m.c - band) / m.c


def side(distance):
    return pd.Series(np.where(distance < 0, -1.0, 1.0)).where(distance.notna())


ORACLES = {
    "adx_14": lambda m: adx(m, 14),
    "plus_di_14": lambda m: directional(m, 14)[0],
    "minus_di_14": lambda m: directional(m, 14)[1],
    "adxr_14": lambda m: (adx(m, 14) + adx(m, 14).shift(13)) / 2,
    "aroon_up_25": lambda m: aroon(m, 25, 1),
    "aroon_down_25": lambda m: aroon(m, 25, -1),
    "aroon_osc_25": lambda m: aroon(m, 25, 1) - aroon(m, 25, -1),
    **{f"cci_{n}": lambda m, n=n: cci(m, n) for n in (14, 20)},
    **{f"slope_{n}": lambda m, n=n: line(np.log(m.c), n) for n in (10, 20, 50)},
    "r_squared_20": lambda m: r_squared(m, 20),
    "vortex_14": lambda m: vortex(m, 14),
    "ichimoku_tenkan_distance": lambda m: 1 - middle(m, 9) / m.c,
    "ichimoku_kijun_distance": lambda m: 1 - middle(m, 26) / m.c,
    "ichimoku_cloud_distance": lambda m: (
        1 - (((middle(m, 9) + middle(m, 26)) / 2 + middle(m, 52)) / 2).shift(26) / m.c
    ),
    "ichimoku_turn_spread": lambda m: (middle(m, 9) - middle(m, 26)) / m.c,
    "ichimoku_cloud_spread": lambda m: (
        ((middle(m, 9) + middle(m, 26)) / 2 - middle(m, 52)).shift(26) / m.c
    ),
    "ema_spread_10_50": lambda m: (ema(m.c, 10) - ema(m.c, 50)) / m.c,
    "ema_spread_20_100": lambda m: (ema(m.c, 20) - ema(m.c, 100)) / m.c,
    "qstick_10": lambda m: mean(m.c - m.o, 10) / m.c,
    "heikin_ashi_body": heikin_ashi,
    "psar_distance": stop_distance,
    "psar_side": lambda m: side(stop_distance(m)),
    "supertrend_distance": supertrend,
    "supertrend_side": lambda m: side(supertrend(m)),
}

STARTS = {"heikin_ashi_body": 60}
"""Rows until our start, a mean of three values, is forgotten."""


@pytest.mark.parametrize("market", ["smooth", "coarse"])
@pytest.mark.parametrize("name", ORACLES)
def test_agrees_with_the_formula(name, market):
    assert_agrees(name, ORACLES[name], market, STARTS.get(name))


def test_sides_are_the_signs_of_their_distances():
    for stop in ("supertrend", "psar"):
        names = (f"{stop}_distance", f"{stop}_side")
        made = evaluate({n: find(n)[1] for n in names}, market("smooth").columns)
        distance, direction = (made[name] for name in names)
        known = np.isfinite(distance) & (distance != 0)
        np.testing.assert_array_equal(direction[known], np.sign(distance[known]))
        assert set(direction[known]) == {-1.0, 1.0}
