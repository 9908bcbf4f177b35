"""Columns on longer bars against pandas and TA-Lib, and against their own future.

The sessions here are wall-clock arithmetic in pandas; nothing of barwise's calendars.
"""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import talib

from barwise.bars.bars import Bars
from barwise.bars.prepare import prepare
from barwise.core.arrays import DAY, HOUR, MINUTE
from barwise.features import FeatureGraph

HOW = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
LENGTHS = {"15min": "15min", "1h": "1h", "4h": "4h", "1d": "24h"}
SETTLED = 300
"""Bars after which TA-Lib's averages and ours have forgotten how they began."""


def read(path, interval, symbol, start="2000", end="2100"):
    """Bars of a file of open stamps, between two days."""
    frame = pd.read_parquet(path)
    frame = frame[frame["timestamp"].between(start, end)]
    opened = frame["timestamp"].dt.tz_localize(None).to_numpy("datetime64[ns]")
    return Bars.of(
        opened.astype(np.int64) + interval,
        *(frame[name].to_numpy() for name in ("open", "high", "low", "close")),
        frame["volume"].to_numpy(),
        interval=interval,
        symbol=symbol,
    )


@pytest.fixture(scope="module")
def es(market_data):
    """ES around a half-day, both changes of the clock, holidays and weekends."""
    path = market_data / "ES_5m_2024-05_2026-02.parquet"
    return read(path, 5 * MINUTE, "ES", "2024-09-20", "2025-04-10")


class Slower:
    """Longer bars of a market by wall clock, and columns on its rows.

    A session day opens at 17:00 local; buckets are counted from there. Nothing says
    when the last bucket of a session ends, so the last row of a day is not compared.
    """

    def __init__(self, bars, zone):
        local = pd.DatetimeIndex(bars.time, tz="UTC").tz_convert(zone)
        self.end = local.tz_localize(None) + pd.Timedelta("7h")
        self.within = self.end - pd.Timedelta("1ns")
        self.day = self.within.normalize()
        self.frame = pd.DataFrame({name: getattr(bars, name) for name in HOW})
        self.closing = np.r_[self.day[1:] != self.day[:-1], True]

    def bars(self, timeframe):
        """Longer bars as float64 arrays, and the rows that first know them."""
        if timeframe is None:
            made, known = self.frame, np.arange(len(self.frame))
        else:
            length = pd.Timedelta(LENGTHS[timeframe])
            bucket = self.day + (self.within - self.day) // length * length
            made = self.frame.groupby(bucket).agg(HOW)
            last = np.flatnonzero(np.r_[bucket[1:] != bucket[:-1], True])
            known = np.where(self.end[last] == made.index + length, last, last + 1)
        m = SimpleNamespace(c=made["close"].to_numpy(float))
        m.h, m.l = (made[name].to_numpy(float) for name in ("high", "low"))
        return m, known

    def on(self, timeframe, column):
        m, known = self.bars(timeframe)
        seen = np.searchsorted(known, np.arange(len(self.frame)), side="right") - 1
        values = np.asarray(column(m), float)
        return np.where(seen >= 0, values[np.maximum(seen, 0)], np.nan)


def ema(m):
    return talib.EMA(m.c, 20)


def atr(m):
    return talib.ATR(m.h, m.l, m.c, 14)


def rsi(m):
    return talib.RSI(m.c, 14)


def trend(m):
    return (m.c - ema(m)) / atr(m)


def place(m):
    upper, _, lower = talib.BBANDS(m.c, 20)
    # The outage of November 2025 has a flat stretch: the middle, by definition.
    width = np.where(upper == lower, np.nan, upper - lower)
    return np.where(upper == lower, 0.5, (m.c - lower) / width)


COLUMNS = {
    "return_1": lambda m: talib.ROCP(m.c, 1),
    "rsi_14": rsi,
    "adx_14": lambda m: talib.ADX(m.h, m.l, m.c, 14),
    "ema_distance_20": lambda m: m.c / ema(m) - 1,
    "atr_ratio_14": lambda m: atr(m) / m.c,
    "bb_position_20": place,
}
SLOW = ("1h", "4h", "1d")


def aligned(x):
    return sum(x.on(t, lambda m: np.sign(m.c - ema(m))) for t in (None, *SLOW)) / 4


def prior(x, level):
    reach, close = x.on("1d", atr), x.on(None, lambda m: m.c)
    return (close - x.on("1d", level)) / reach


def prior_place(x):
    high, low = x.on("1d", lambda m: m.h), x.on("1d", lambda m: m.l)
    return (x.on(None, lambda m: m.c) - low) / (high - low)


def heat(m):
    return np.log(atr(m) / m.c)


ORACLES = {
    **{
        f"mtf_{t}_{name}": lambda x, t=t, column=column: x.on(t, column)
        for t in LENGTHS
        for name, column in COLUMNS.items()
    },
    **{
        f"mtf_divergence_rsi_{t}": lambda x, t=t: x.on(None, rsi) - x.on(t, rsi)
        for t in SLOW
    },
    **{
        f"mtf_divergence_trend_{t}": lambda x, t=t: x.on(None, trend) - x.on(t, trend)
        for t in SLOW
    },
    **{
        f"mtf_ema_gap_{t}": lambda x, t=t: x.on(None, lambda m: m.c) / x.on(t, ema) - 1
        for t in SLOW
    },
    "mtf_alignment": aligned,
    "mtf_divergence_volatility": lambda x: x.on("1h", heat) - x.on("1d", heat),
    "mtf_prior_high_distance": lambda x: prior(x, lambda m: m.h),
    "mtf_prior_low_distance": lambda x: prior(x, lambda m: m.l),
    "mtf_prior_close_distance": lambda x: prior(x, lambda m: m.c),
    "mtf_prior_position": prior_place,
}


def compare(bars, slower, names, rows):
    ours = FeatureGraph(names).push(bars)
    for name, column in zip(names, ours.T, strict=True):
        wanted = ORACLES[name](slower)[rows]
        assert np.isfinite(wanted).all()
        np.testing.assert_allclose(
            column[rows], wanted, rtol=1e-4, atol=1e-5, err_msg=name
        )


def test_equal_talib_on_bars_by_wall_clock(market_data):
    bars = read(market_data / "ES_5m_2024-05_2026-02.parquet", 5 * MINUTE, "ES")
    slower = Slower(bars, "America/Chicago")
    _, known = slower.bars("1d")
    rows = np.flatnonzero(~slower.closing)
    compare(bars, slower, list(ORACLES), rows[rows > known[SETTLED]])


def test_currencies_follow_new_york(market_data):
    """Seven weeks of 2018: New York's clock changes two weeks before London's."""
    path = market_data / "EURUSD_1m_2018.parquet"
    raw = read(path, MINUTE, "EURUSD", "2018-02-20", "2018-04-10")
    bars = prepare(raw, interval="5min", gaps="drop")[0]
    slower = Slower(bars, "America/New_York")
    names = [
        n for n in ORACLES if n.startswith(("mtf_15min", "mtf_1h")) or "_4h_r" in n
    ]
    _, known = slower.bars("1h")
    rows = np.flatnonzero(~slower.closing)
    compare(bars, slower, names, rows[rows > known[SETTLED]])


def changed_rows(compute, bars, cut):
    """Rows up to ``cut`` whose values change when every later price does."""
    rng = np.random.default_rng(cut)
    factor = np.ones(len(bars))
    factor[cut + 1 :] = rng.uniform(0.5, 2.0, len(bars) - cut - 1)
    other = bars.with_columns(
        **{n: getattr(bars, n) * factor for n in ("open", "high", "low", "close")}
    )
    one, two = compute(bars)[: cut + 1], compute(other)[: cut + 1]
    return np.flatnonzero(((one != two) & ~(np.isnan(one) & np.isnan(two))).any(axis=1))


def around(bars, moments):
    """Rows that close around some local moments, and in the middle of hours."""
    found = np.searchsorted(bars.time, [pd.Timestamp(m).value for m in moments])
    return sorted({int(row + step) for row in found for step in (-13, -1, 0, 1, 7)})


MOMENTS = [
    "2024-11-01T20:00Z",  # Friday's close before the clock goes back
    "2024-11-03T23:00Z",  # Sunday's open after it
    "2024-11-29T18:15Z",  # a half-day closes
    "2024-12-24T18:15Z",  # another, before a holiday
    "2025-01-09T14:30Z",  # stopped in the morning
    "2025-03-07T22:00Z",  # before the clock goes forward
    "2025-03-09T22:00Z",
]


@pytest.mark.parametrize("timeframe", LENGTHS)
def test_no_row_knows_the_future(es, timeframe):
    columns = ("return_1", "rsi_2", "atr_ratio_2", "volume_ratio_5")
    names = [f"mtf_{timeframe}_{column}" for column in columns]

    def compute(bars):
        return FeatureGraph(names).push(bars)

    for cut in around(es, MOMENTS):
        assert len(changed_rows(compute, es, cut)) == 0


def test_a_longer_bar_stamped_with_its_open_is_caught(es):
    """The classical leak: resample, keep the left stamp, join as of it."""

    def compute(bars):
        time = pd.DatetimeIndex(bars.time)
        close = pd.Series(bars.close, time).resample("1h", closed="right").last()
        hourly = pd.DataFrame({"time": close.index, "x": close.pct_change().to_numpy()})
        rows = pd.DataFrame({"time": time})
        return pd.merge_asof(rows, hourly.dropna(), on="time")[["x"]].to_numpy()

    caught = [len(changed_rows(compute, es, cut)) > 0 for cut in around(es, MOMENTS)]
    assert any(caught)


def test_daily_bars_close_with_the_session_on_both_sides_of_the_clock(es):
    """16:00 Chicago, 21:00 UTC in summer and 22:00 in winter; never UTC midnight."""
    made = FeatureGraph(["mtf_1d_return_1"]).push(es)[:, 0]
    there = ~np.isnan(made)
    changes = 1 + np.flatnonzero((made[1:] != made[:-1]) & there[1:])
    local = pd.DatetimeIndex(es.time[changes], tz="UTC").tz_convert("America/Chicago")
    assert set(local.strftime("%H:%M")) == {"16:00", "12:00", "12:15", "08:30"}
    # Juneteenth and the like end at noon; all others are seen when the day closes.
    assert (local.strftime("%H:%M") == "16:00").mean() > 0.9


def test_a_value_stays_over_the_weekend_and_a_holiday(es):
    made = FeatureGraph(["mtf_1h_return_1"]).push(es)[:, 0]
    pauses = 1 + np.flatnonzero(np.diff(es.time) > DAY)
    assert len(pauses) > 20
    np.testing.assert_array_equal(made[pauses], made[pauses - 1])
    assert (np.diff(es.time)[pauses - 1] > 40 * HOUR).any()
