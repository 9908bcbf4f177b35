"""Two small markets, and rolling windows written out in NumPy, for oracles of columns.

An oracle is a function of a market that returns one value a row; it shares no line with
the product. ``smooth`` has prices without a grid; ``coarse`` moves in ticks and has what
makes denominators zero: flat bars, flat stretches, bars and stretches without volume.
"""

from functools import cache
from types import SimpleNamespace

import numpy as np
import pandas as pd
import talib

from barwise.features import find
from barwise.stream import compile_program
from barwise.testing.evaluate import evaluate

ROWS = 3000
SESSION = 250
"""Bars of one session; a bar is five minutes."""


def _schedule():
    row = np.arange(ROWS)
    return {
        "session_day": row // SESSION + 19_000.0,
        "local_hour": np.random.default_rng(2).random(ROWS) * 24,
        "session_weekday": row // SESSION % 5.0,
        "minutes_since_open": row % SESSION * 5.0 + 5,
        "minutes_to_close": 1250 - row % SESSION * 5.0 - 5,
        "session_length": np.full(ROWS, 1250.0),
        "is_rth": (row % SESSION > 100).astype(float),
        "holiday_adjacent": (row // SESSION == 3).astype(float),
    }


def smooth(rows=ROWS, seed=8):
    rng = np.random.default_rng(seed)
    close = 5000 * np.exp(np.cumsum(1e-3 * rng.standard_normal(rows)))
    opens = close * np.exp(5e-4 * rng.standard_normal(rows))
    reach = np.abs(rng.standard_normal((2, rows))) * 1e-3 * close
    return {
        "open": opens,
        "high": np.maximum(opens, close) + reach[0],
        "low": np.minimum(opens, close) - reach[1],
        "close": close,
        "volume": rng.integers(1, 900, rows).astype(float),
    }


def coarse():
    rng = np.random.default_rng(9)
    close = 100 + 0.25 * np.cumsum(rng.integers(-2, 3, ROWS))
    close[1200:1400] = close[1200]
    opens = close + 0.25 * rng.integers(-2, 3, ROWS)
    reach = 0.25 * rng.integers(0, 3, (2, ROWS))
    still = slice(1200, 1400)
    opens[still], reach[:, still] = close[1200], 0.0
    volume = rng.integers(0, 5, ROWS).astype(float)
    volume[1250:1550] = 0.0
    return {
        "open": opens,
        "high": np.maximum(opens, close) + reach[0],
        "low": np.minimum(opens, close) - reach[1],
        "close": close,
        "volume": volume,
    }


@cache
def market(name):
    """Columns as arrays under the engine's names, and series under short ones."""
    columns = (smooth() if name == "smooth" else coarse()) | _schedule()
    m = SimpleNamespace(columns=columns, day=pd.Series(columns["session_day"]))
    names = ("open", "high", "low", "close", "volume")
    m.o, m.h, m.l, m.c, m.v = (pd.Series(columns[name]) for name in names)
    m.p = m.c.shift(1)
    m.r = np.log(m.c / m.p)
    m.tr = np.maximum(m.h, m.p) - np.minimum(m.l, m.p)
    m.tp = (m.h + m.l + m.c) / 3
    m.flow = ratio(2 * m.c - m.h - m.l, m.h - m.l, 0.0) * m.v
    m.signed = np.sign(m.c.diff()) * m.v
    return m


def windows(x, n):
    """One window a row, NaN where it would begin before the first row."""
    padded = np.concatenate([np.full(n - 1, np.nan), np.asarray(x, float)])
    return np.lib.stride_tricks.sliding_window_view(padded, n)


def total(x, n):
    return pd.Series(windows(x, n).sum(axis=1))


def mean(x, n):
    return pd.Series(windows(x, n).mean(axis=1))


def deviation(x, n):
    spread = pd.Series(windows(x, n).std(axis=1))
    # Of equal values too NumPy's mean can be off by a rounding.
    return spread.mask(np.ptp(windows(x, n), axis=1) == 0, 0.0)


def covariance(x, y, n):
    a, b = windows(x, n), windows(y, n)
    a = a - a.mean(axis=1, keepdims=True)
    return pd.Series((a * (b - b.mean(axis=1, keepdims=True))).mean(axis=1))


def ratio(part, whole, otherwise):
    """Part over whole, another value where the whole is zero."""
    with np.errstate(all="ignore"):
        return pd.Series(np.where(whole == 0, otherwise, part / whole), part.index)


def ema(x, n):
    return pd.Series(talib.EMA(np.asarray(x, float), n))


def wilder(x, n):
    """Wilder's average, seeded with a plain mean, by pandas."""
    x = pd.Series(np.asarray(x, float))
    first = x.first_valid_index() + n - 1
    seeded = x.copy()
    seeded[first] = x[first - n + 1 : first + 1].mean()
    return seeded[first:].ewm(alpha=1 / n, adjust=False).mean().reindex(x.index)


def assert_agrees(name, oracle, market_name, start=None):
    """Compare one column with its oracle, in float64, from its first defined row on."""
    m = market(market_name)
    expression = find(name)[1]
    value = evaluate({name: expression}, m.columns)[name]
    with np.errstate(all="ignore"):
        expected = np.asarray(oracle(m), float)
    first = compile_program({name: expression}).warmup + 1 if start is None else start
    known = np.isfinite(expected)
    assert known[first + SESSION :].all()
    scale = np.abs(expected[known]).max()
    np.testing.assert_allclose(
        value[first:], expected[first:], rtol=1e-9, atol=1e-9 * scale, err_msg=name
    )
