"""Columns on longer bars against pandas and TA-Lib, and against their own future.

The sessions here are wall-clock arithmetic in pandas; nothing of barwise's calendars.
"""

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


def read(path, interval, symbol, start, end):
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


@pytest.fixture(scope="module")
def eurusd(market_data):
    path = market_data / "EURUSD_1m_2018.parquet"
    raw = read(path, MINUTE, "EURUSD", "2018-02-20", "2018-04-05")
    return prepare(raw, interval="5min", gaps="drop")[0]


def longer(bars, timeframe, zone, opens):
    """Longer bars by wall clock, the rows that first know them, and the last rows.

    A session day opens at ``opens`` o'clock local; buckets are counted from there.
    """
    local = pd.DatetimeIndex(bars.time, tz="UTC").tz_convert(zone).tz_localize(None)
    within = local - pd.Timedelta("1ns") + pd.Timedelta(hours=24 - opens)
    day = within.normalize()
    bucket = day + (within - day) // pd.Timedelta(LENGTHS[timeframe]) * pd.Timedelta(
        LENGTHS[timeframe]
    )
    frame = pd.DataFrame({name: getattr(bars, name) for name in HOW})
    made = frame.groupby(bucket).agg(HOW)
    ends = np.flatnonzero(np.r_[bucket[1:] != bucket[:-1], True])
    due = local[ends] + pd.Timedelta(hours=24 - opens) == made.index + pd.Timedelta(
        LENGTHS[timeframe]
    )
    known = np.where(due, ends, ends + 1)
    closing = np.r_[day[1:] != day[:-1], True]
    return made, known, closing


def carried(values, known, rows):
    seen = np.searchsorted(known, np.arange(rows), side="right") - 1
    return np.where(seen >= 0, np.asarray(values, float)[np.maximum(seen, 0)], np.nan)


def independent(made):
    high, low, close = (made[n].to_numpy(float) for n in ("high", "low", "close"))
    mean, spread = (
        made["close"].rolling(20).mean(),
        made["close"].rolling(20).std(ddof=0),
    )
    return {
        "return_1": made["close"].pct_change(),
        "rsi_14": talib.RSI(close, 14),
        "williams_r_14": talib.WILLR(high, low, close, 14),
        "cci_20": talib.CCI(high, low, close, 20),
        "bb_position_20": (made["close"] - (mean - 2 * spread)) / (4 * spread),
        "high_distance_20": made["high"].rolling(20).max() / made["close"] - 1.0,
    }


@pytest.mark.parametrize("timeframe", LENGTHS)
@pytest.mark.parametrize(
    ("market", "zone", "opens"),
    [("es", "America/Chicago", 17), ("eurusd", "America/New_York", 17)],
)
def test_equal_pandas_and_talib(request, market, zone, opens, timeframe):
    bars = request.getfixturevalue(market)
    made, known, closing = longer(bars, timeframe, zone, opens)
    theirs = independent(made)
    names = [f"mtf_{timeframe}_{name}" for name in theirs]
    ours = FeatureGraph(names).push(bars)
    # The last row of a session knows its stub; pandas has no table that says so.
    rows = np.flatnonzero(~closing)
    for name, column in zip(theirs, ours.T, strict=True):
        wanted = carried(theirs[name], known, len(bars))[rows]
        np.testing.assert_allclose(
            column[rows], wanted, rtol=1e-5, atol=1e-5, err_msg=name
        )


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
