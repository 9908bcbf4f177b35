"""What the charts draw: merged by second, aligned, thinned without loss of extremes."""

import numpy as np

from barwise.report import Candles, Equity, LabelTrack, Signals
from barwise.report.chart_data import (
    MAX_BARS,
    MAX_POINTS,
    chart_candles,
    chart_equity,
    chart_labels,
    chart_signals,
)

SECOND = 1_000_000_000


def event_bars(n, seed=3):
    rng = np.random.default_rng(seed)
    time = np.sort(rng.integers(0, n * SECOND // 2, n))
    close = 100 + np.cumsum(rng.normal(0, 0.25, n).round(2))
    opened = np.r_[100, close[:-1]]
    high, low = np.maximum(opened, close) + 0.25, np.minimum(opened, close) - 0.25
    return Candles(time, opened, high, low, close, rng.integers(1, 9, n).astype(float))


def merged_slowly(bars):
    rows = {}
    for i in range(len(bars.time)):
        second = int(bars.time[i]) // SECOND
        new = [bars.open[i], bars.high[i], bars.low[i], bars.close[i], bars.volume[i]]
        old = rows.get(second)
        if old:
            new = [
                old[0],
                max(old[1], new[1]),
                min(old[2], new[2]),
                new[3],
                old[4] + new[4],
            ]
        rows[second] = new
    return rows


def test_bars_of_one_second_become_one_candle():
    bars = event_bars(900)
    drawn = chart_candles(bars)
    expected = merged_slowly(bars)
    assert len(expected) < 900
    assert drawn["time"] == list(expected)
    for place, name in enumerate(("open", "high", "low", "close", "volume")):
        np.testing.assert_allclose(
            drawn[name], [row[place] for row in expected.values()]
        )


def test_only_the_last_bars_are_drawn():
    time = np.arange(MAX_BARS + 700) * 60 * SECOND
    price = np.arange(len(time), dtype=float)
    drawn = chart_candles(Candles(time, price, price + 1, price - 1, price, None))
    assert drawn["left_out"] == 700
    assert drawn["close"] == price[700:].tolist()
    assert drawn["high"] == (price[700:] + 1).tolist()
    assert drawn["volume"] is None


def test_no_bars_are_no_candles():
    none = np.zeros(0)
    drawn = chart_candles(Candles(none.astype(np.int64), none, none, none, none, None))
    assert drawn["time"] == drawn["open"] == drawn["high"] == drawn["close"] == []


def test_precision_follows_tick_or_prices():
    price = np.array([1.10215, 1.1])
    time = np.arange(2) * SECOND
    assert chart_candles(Candles(time, *[price] * 4, None))["precision"] == 5
    assert chart_candles(Candles(time, *[price] * 4, None, tick=0.25))["precision"] == 2


def test_signals_stand_at_their_bar_and_nowhere_else():
    seconds = np.array([10, 20, 30, 40])
    said = Signals(
        np.array([5, 20, 35, 40]) * SECOND,
        np.array([1, -1, 1, 0], dtype=np.int8),
        np.array([0.5, 0.61249, 0.7, np.nan]),
    )
    drawn = chart_signals(said, seconds)
    assert drawn["signal"] == [None, -1, None, 0]
    assert drawn["confidence"] == [None, 61, None, None]


def test_labels_point_at_the_bar_where_they_became_known():
    seconds = np.array([10, 20, 30, 40])
    track = LabelTrack(
        5,
        np.array([10, 20, 30]) * SECOND,
        np.array([1, 0, -1], dtype=np.int8),
        np.array([30, 35, 90]) * SECOND,
    )
    drawn = chart_labels(track, seconds)
    assert drawn["label"] == [1, 0, -1, None]
    assert drawn["end"] == [2, 3, -1, None]


def test_thinning_keeps_every_extreme_and_the_end():
    rng = np.random.default_rng(5)
    net = 1000 + np.cumsum(rng.normal(0, 1, 50_000))
    time = np.arange(50_000) * 60 * SECOND
    drawn = chart_equity(Equity(time, net, None, 1000.0, "USD"))
    change = 100 * (net / 1000 - 1)
    assert len(drawn["time"]) <= MAX_POINTS
    assert drawn["time"] == sorted(set(drawn["time"]))
    assert max(drawn["net"]) == round(change.max(), 4)
    assert min(drawn["net"]) == round(change.min(), 4)
    assert drawn["net"][-1] == round(change[-1], 4)
    assert drawn["left_out"] == 50_000 - len(drawn["time"])


def test_short_accounts_are_drawn_whole():
    time = np.array([1, 2, 2, 3]) * SECOND
    net = np.array([100.0, 110.0, 120.0, 90.0])
    drawn = chart_equity(Equity(time, net, net, 100.0, "USD"))
    assert drawn["time"] == [1, 2, 3]
    assert drawn["net"] == drawn["buy_and_hold"] == [0.0, 20.0, -10.0]
