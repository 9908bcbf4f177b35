"""What either trade of a bar makes, against a slow account that trades bar by bar."""

from typing import get_args

import numpy as np
import pytest

from barwise.bars import Bars
from barwise.labels import meta_labels, triple_barrier
from barwise.labels.trades import with_trades
from barwise.labels.triple_barrier import Sides
from barwise.trading.barrier_rows import barrier_width
from oracles import backtest as slow

TICK, HORIZON, UPPER, LOWER, COST = 0.25, 6, 1.5, 1.0, 1.1
ROWS = 400


def jumpy(seed=0):
    """Bars with gaps, some so wide that they touch both barriers at once."""
    rng = np.random.default_rng(seed)
    close = 5000 + np.cumsum(rng.normal(0, 3, ROWS).round() * TICK * 2)
    open_ = close + rng.integers(-4, 5, ROWS) * TICK
    wide = np.where(rng.random(ROWS) < 0.15, 30, 6)
    high = np.maximum(open_, close) + rng.integers(0, wide) * TICK
    low = np.minimum(open_, close) - rng.integers(0, wide) * TICK
    return Bars.of(np.arange(ROWS) * 60, open_, high, low, close, interval=60)


def slow_trade(bars, width, t, side, options):
    """One trade alone: decided at t, whatever the others do."""
    rows = [
        {
            "open": bars.open[i],
            "high": bars.high[i],
            "low": bars.low[i],
            "close": bars.close[i],
            "session": 0,
            "contract": 0,
            "filled": False,
        }
        for i in range(len(bars))
    ]
    rule = {"horizon": HORIZON, "upper": UPPER, "lower": LOWER, "tick": TICK}
    rule |= {"session_end": "carry", "touch": "high_low"} | options
    signals = np.zeros(len(bars), int)
    signals[t] = side
    stop = t + HORIZON + 2
    trades, _ = slow.run(rows[:stop], signals, width, rule, (0.0, 0.0, 1.0), 1.0)
    return trades[0]


@pytest.mark.parametrize("sides", get_args(Sides))
@pytest.mark.parametrize("entry", ["next_open", "close"])
@pytest.mark.parametrize("trade_through", [False, True])
def test_each_trade_is_that_of_a_slow_account(sides, entry, trade_through):
    bars = jumpy()
    options = {"sides": sides, "entry": entry, "trade_through": trade_through}
    barriers = {"upper": UPPER, "lower": LOWER, "tick": TICK, "session_end": "carry"}
    labels = triple_barrier(bars, horizon=HORIZON, **barriers, **options)
    (both,) = with_trades(
        [labels],
        bars,
        **barriers,
        **options,
        atr_period=14,
        unit="atr",
        touch="high_low",
        fine=None,
        sessions=None,
        sample=None,
    )
    width = barrier_width(bars, unit="atr", period=14)
    rng = np.random.default_rng(1)
    side = rng.choice(np.array([-1, 0, 1], np.int8), ROWS)
    first = bars.close if entry == "close" else np.r_[bars.open[1:], np.nan]
    cost = np.where(side < 0, -np.log1p(-COST / first), np.log1p(COST / first))
    meta = meta_labels(both, side, cost=cost)
    earned, ties = [], 0
    for t in np.flatnonzero(both.valid):
        for one, made in ((1, both.long_ret[t]), (-1, both.short_ret[t])):
            trade = slow_trade(bars, width, t, one, options)
            wanted = one * np.log(trade["exit"] / trade["entry"])
            assert made == pytest.approx(wanted, abs=1e-12)
            assert trade["exit_row"] <= both.end_index[t]
            ties += trade["tied"]
            if one == side[t]:
                earned.append(trade["gross"] > COST)
        if side[t] == 0:
            assert not meta.valid[t]
    np.testing.assert_array_equal(meta.label[meta.valid], earned)
    assert ties > 20
    assert 0.1 < np.mean(earned) < 0.9
    # A bar that ties stops both: neither is the other's mirror.
    assert (both.long_ret[both.valid] + both.short_ret[both.valid] < -1e-6).any()
