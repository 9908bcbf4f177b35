"""The backtest against a plain loop, worked examples and the labels."""

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barwise.bars.bars import Bars
from barwise.bars.instruments import get_instrument
from barwise.bars.sessions import session_table
from barwise.core.arrays import HOUR, MINUTE
from barwise.core.errors import DataError
from barwise.trading import Account, Costs, ExecutionContract, backtest
from barwise.trading.costs import BUY, SELL
from oracles import backtest as slow

MES = Costs(tick_size=0.25, multiplier=5.0, commission=0.62, slippage_ticks=1)
FREE = Costs(tick_size=0.25, multiplier=5.0)


class Sessions:
    """Sessions of a fixed number of bars, standing in for a calendar's table."""

    calendar = "cme_equity"

    def __init__(self, ids, time):
        self.ids, self.time = ids, time
        self.day = np.unique(ids[ids >= 0])
        self.close = np.array([time[ids == k].max() for k in self.day])
        # A break after each of them.
        self.open = np.append(time[0], self.close[:-1] + 1)
        self.start, self.end = int(time[0]), int(time[-1])

    def __len__(self):
        return len(self.close)

    def check(self, times):
        assert times.min() >= self.start

    def window_of(self, times):
        return self.ids[np.searchsorted(self.time, times)]


def make_bars(rows, **more):
    """Bars of one minute from rows of open, high, low, close."""
    table = np.array(rows, dtype=np.float64)
    time = (np.arange(len(table)) + 1 + 26_000_000) * MINUTE
    return Bars.of(time, *table.T, interval=MINUTE, **more)


@st.composite
def markets(draw):
    """Bars on quarter ticks, signals with gaps, sessions, rolls, filled rows."""
    n = draw(st.integers(1, 60))
    seed = draw(st.integers(0, 2**32 - 1))
    g = np.random.default_rng(seed)
    scale = draw(st.sampled_from([1, 4, 12]))
    close = 4000 + np.cumsum(g.integers(-scale, scale + 1, n))
    open_ = np.append(close[0], close[:-1]) + g.integers(-2, 3, n) * (g.random(n) < 0.4)
    high = np.maximum(open_, close) + g.integers(0, scale + 1, n)
    low = np.minimum(open_, close) - g.integers(0, scale + 1, n)
    contract = np.cumsum(g.random(n) < draw(st.sampled_from([0.0, 0.05]))).astype(str)
    bars = make_bars(
        np.stack([open_, high, low, close], axis=1) * 0.25,
        contract=contract if draw(st.booleans()) else None,
        filled=g.random(n) < draw(st.sampled_from([0.0, 0.2])),
    )
    session = np.arange(n) // draw(st.integers(3, 20))
    session = np.where(g.random(n) < draw(st.sampled_from([0.0, 0.1])), -1, session)
    signals = g.choice([1.0, -1.0, 0.0, np.nan], n, p=[0.3, 0.3, 0.2, 0.2])
    width = g.choice(
        [0.1, 0.5, 1.3, 2.0, np.nan, 0.0], n, p=[0.2, 0.2, 0.3, 0.2, 0.05, 0.05]
    )
    return bars, session, signals, width


@st.composite
def contracts(draw):
    tick = draw(st.sampled_from([0.25, 0.0]))
    return ExecutionContract(
        horizon=draw(st.integers(1, 8)),
        upper=draw(st.sampled_from([0.3, 1.0, 1.5])),
        lower=draw(st.sampled_from([0.3, 1.0])),
        tick=tick,
        entry=draw(st.sampled_from(["next_open", "close"])),
        session_end=draw(st.sampled_from(["flat", "carry"])),
        sides=draw(st.sampled_from(["long", "both"])),
        touch=draw(st.sampled_from(["high_low", "close"])),
        trade_through=tick > 0 and draw(st.booleans()),
    )


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    market=markets(), execution=contracts(), spread=st.sampled_from(["trade", "bid"])
)
def test_the_kernel_trades_as_the_plain_loop(market, execution, spread):
    bars, session, signals, width = market
    costs = Costs(0.25, 5.0, 0.62, 1.0, spread_ticks=2.0, prices=spread)
    sessions = Sessions(session, bars.time) if (session >= 0).any() else None
    if sessions is None:
        session = np.zeros_like(session)
    result = backtest(
        bars,
        signals,
        execution,
        width=width,
        costs=costs,
        account=Account(10_000.0, quantity=2),
        sessions=sessions,
    )
    names = bars.contract if bars.contract is not None else ["one"] * len(bars)
    rows = [
        {
            "open": float(bars.open[i]),
            "high": float(bars.high[i]),
            "low": float(bars.low[i]),
            "close": float(bars.close[i]),
            "session": int(session[i]),
            "contract": str(names[i]),
            "filled": bool(bars.filled[i]),
        }
        for i in range(len(bars))
    ]
    trades, account = slow.run(
        rows,
        signals.tolist(),
        width.tolist(),
        vars(execution),
        (costs.of_fill(BUY), costs.of_fill(SELL), costs.multiplier),
        2,
    )
    found = result.trades
    for theirs, ours in [
        ("decided", found.decision_index),
        ("entry_row", found.entry_index),
        ("exit_row", found.exit_index),
        ("side", found.side),
        ("reason", found.reason),
        ("tied", found.ambiguous),
    ]:
        assert [trade[theirs] for trade in trades] == ours.tolist()
    for theirs, ours in [
        ("entry", found.entry_price),
        ("exit", found.exit_price),
        ("gross", found.gross),
        ("cost", found.cost),
    ]:
        np.testing.assert_allclose(
            [trade[theirs] for trade in trades], ours, rtol=1e-12, atol=1e-9
        )
    np.testing.assert_allclose(result.equity - 10_000, account, rtol=1e-12, atol=1e-8)
    assert result.equity[-1] - 10_000 == pytest.approx(found.net.sum(), abs=1e-8)
    assert result.daily_pnl.sum() == pytest.approx(found.net.sum(), abs=1e-8)
    counts = result.counts
    assert counts.taken == len(trades)
    assert counts.signals == counts.taken + counts.in_position + counts.untradable
    assert counts.signals == np.count_nonzero(np.nan_to_num(signals))


def run(bars, signals, execution, width, costs=MES, **more):
    return backtest(
        bars,
        np.array(signals),
        execution,
        width=np.full(len(bars), float(width)),
        costs=costs,
        account=Account(10_000.0),
        **more,
    )


REFERENCE = ExecutionContract(horizon=3, upper=1.5, lower=1.0, tick=0.25)


def test_a_long_reaches_its_target():
    # Decide at close 5000; enter at the next open 5000.50. ATR 2.1: target
    # 5000.50 + 3.15 = 5003.65, away from E to 5003.75; stop 5000.50 - 2.1 = 4998.40,
    # away from E to 4998.25. The third bar trades at 5004: filled at 5003.75.
    bars = make_bars(
        [
            (5000.0, 5000.0, 5000.0, 5000.0),
            (5000.5, 5002.0, 4999.0, 5001.0),
            (5001.0, 5004.0, 5000.0, 5002.0),
            (5002.0, 5002.0, 5002.0, 5002.0),
        ]
    )
    result = run(bars, [1, 0, 0, 0], REFERENCE, 2.1)
    trades = result.trades
    assert trades.reason.tolist() == ["target"]
    assert (trades.entry_price[0], trades.exit_price[0]) == (5000.5, 5003.75)
    assert (trades.entry_index[0], trades.exit_index[0]) == (1, 2)
    # 3.25 points x 5 dollars = 16.25; a side costs 0.62 + 0.25 x 5 = 1.87.
    assert trades.gross[0] == 16.25
    assert trades.cost[0] == pytest.approx(3.74)
    assert trades.net[0] == pytest.approx(12.51)
    # Close of bar 1: -1.87 paid, 0.50 points open = 2.50 dollars: 10 000.63.
    np.testing.assert_allclose(result.equity, [10_000, 10_000.63, 10_012.51, 10_012.51])


def test_a_short_on_labels_of_longs_swaps_the_barriers():
    # Enter short at 5000, ATR 2: target 1.0 x 2 below = 4998, stop 1.5 x 2 above = 5003.
    flat = (5000.0, 5000.0, 5000.0, 5000.0)
    falls = (5000.0, 5002.5, 4998.0, 4999.0)
    trades = run(make_bars([flat, falls, flat]), [-1, 0, 0], REFERENCE, 2.0).trades
    assert (trades.exit_price[0], trades.reason[0], trades.gross[0]) == (
        4998.0,
        "target",
        10.0,
    )
    # Mirrored barriers: target 1.5 x 2 below = 4997, stop 1.0 x 2 above = 5002.
    both = ExecutionContract(horizon=3, upper=1.5, lower=1.0, tick=0.25, sides="both")
    trades = run(make_bars([flat, falls, flat]), [-1, 0, 0], both, 2.0).trades
    assert (trades.exit_price[0], trades.reason[0], trades.gross[0]) == (
        5002.0,
        "stop",
        -10.0,
    )


def test_the_stop_wins_a_bar_that_touches_both_and_is_counted():
    flat = (5000.0, 5000.0, 5000.0, 5000.0)
    trades = run(
        make_bars([flat, (5000.0, 5009.0, 4991.0, 5000.0)]), [1, 0], REFERENCE, 2.0
    ).trades
    assert (trades.exit_price[0], trades.reason[0]) == (4998.0, "stop")
    assert trades.ambiguous.tolist() == [True]


@pytest.mark.parametrize(
    ("first", "price", "reason"), [(4990.0, 4990.0, "stop"), (5011.0, 5011.0, "target")]
)
def test_an_open_beyond_a_barrier_fills_at_that_open(first, price, reason):
    flat = (5000.0, 5000.0, 5000.0, 5000.0)
    bars = make_bars([flat, flat, (first, 5011.0, 4989.0, 5000.0), flat])
    trades = run(bars, [1, 0, 0, 0], REFERENCE, 2.0).trades
    assert (trades.exit_price[0], trades.reason[0]) == (price, reason)


def test_a_trade_ends_at_its_horizon_and_the_same_close_may_decide_anew():
    bars = make_bars([(5000.0, 5000.5, 4999.5, 5000.25)] * 9)
    result = run(bars, [1] * 9, REFERENCE, 10.0)
    # Decided at 0, out at the close of 3, decided again there, out at 6; the third one
    # is cut at row 8, where the bars end.
    assert result.trades.decision_index.tolist() == [0, 3, 6]
    assert result.trades.exit_index.tolist() == [3, 6, 8]
    assert result.trades.reason.tolist() == ["time", "time", "data"]
    assert (result.counts.in_position, result.counts.untradable) == (5, 1)


def test_no_trade_crosses_a_session_or_a_roll():
    rows = [(5000.0, 5000.5, 4999.5, 5000.25)] * 8
    long = ExecutionContract(horizon=20, upper=1.5, lower=1.0, tick=0.25)
    bars = make_bars(rows, contract=np.array(["H"] * 3 + ["M"] * 5))
    sessions = Sessions(np.repeat([0, 1], [6, 2]), bars.time)
    result = run(bars, [1] * 8, long, 10.0, sessions=sessions)
    assert result.trades.exit_index.tolist() == [2, 5, 7]
    assert result.trades.reason.tolist() == ["roll", "session", "data"]
    # The last bar before a roll or a session's end cannot start a trade.
    assert result.trades.decision_index.tolist() == [0, 3, 6]


def test_buy_and_hold_does_not_earn_the_roll_gap():
    # 100 to 101 in the first contract, 150 to 149 in the second: 1 - 1 points of 5
    # dollars; four fills of 1.87.
    bars = make_bars(
        [(100, 101, 100, 101), (150, 150, 149, 149)], contract=np.array(["H", "M"])
    )
    result = run(bars, [0, 0], REFERENCE, 1.0)
    np.testing.assert_allclose(
        result.buy_and_hold, [10_000 + 5 - 1.87, 10_000 - 4 * 1.87]
    )


def test_a_bid_source_lets_both_sides_pay_one_spread_at_the_right_moment():
    costs = Costs(0.25, 5.0, spread_ticks=2, prices="bid")
    bars = make_bars([(100.0, 100.0, 100.0, 100.0)] * 4)
    rule = ExecutionContract(horizon=2, upper=1.0, lower=1.0)
    # Two ticks of 1.25 dollars: the long pays on the way in, the short on the way out.
    long = run(bars, [1, 0, 0, 0], rule, 9.0, costs).equity - 10_000
    short = run(bars, [-1, 0, 0, 0], rule, 9.0, costs).equity - 10_000
    np.testing.assert_allclose(long, [0, -2.5, -2.5, -2.5])
    np.testing.assert_allclose(short, [0, 0, -2.5, -2.5])


@pytest.mark.parametrize("entry", ["next_open", "close"])
@pytest.mark.parametrize("touch", ["high_low", "close"])
@pytest.mark.parametrize("tick", [0.25, 0.0])
@pytest.mark.parametrize("sides", ["long", "both"])
def test_trades_without_costs_return_what_the_labels_say(entry, touch, tick, sides):
    resolver = pytest.importorskip("barwise.stream.resolver")
    g = np.random.default_rng(5)
    n = 4000
    close = 20_000 + np.cumsum(g.integers(-6, 7, n))
    open_ = np.append(close[0], close[:-1]) + g.integers(-2, 3, n)
    high = np.maximum(open_, close) + g.integers(0, 5, n)
    low = np.minimum(open_, close) - g.integers(0, 5, n)
    contract = np.arange(n) // 900
    session = np.arange(n) // 170
    bars = make_bars(
        np.stack([open_, high, low, close], axis=1) * 0.25,
        contract=contract.astype(str),
        filled=g.random(n) < 0.05,
    )
    width = g.uniform(0.3, 4.0, n)
    stage = resolver.BarrierResolver(
        horizon=10,
        upper=1.5,
        lower=1.0,
        tick=tick,
        touch=touch,
        entry=entry,
        sides=sides,
    )
    known = stage.resolve(
        resolver.BarrierInput.of(
            bars.time, bars.open, bars.high, bars.low, bars.close, width,
            filled=bars.filled, session=session, contract=contract,
        )
    )  # fmt: skip
    rule = ExecutionContract(10, 1.5, 1.0, tick, entry=entry, touch=touch, sides=sides)
    for side in (1, -1) if sides == "both" else (1,):
        result = backtest(
            bars,
            np.full(n, side),
            rule,
            width=width,
            costs=FREE,
            account=Account(1e5),
            sessions=Sessions(session, bars.time),
        )
        trades = result.trades
        labels = {
            int(entry): i for i, entry in enumerate(known.entry) if known.valid[i]
        }
        compared = 0
        for k, decided in enumerate(trades.decision_index.tolist()):
            if decided not in labels:
                # With both sides a label also waits for the other trade.
                assert sides == "both" or trades.reason[k] in ("roll", "data")
                continue
            i = labels[decided]
            expected = known.ret[i]
            if sides == "both":
                # A label may end before the other side's trade does.
                if known.end_index[i] < trades.exit_index[k]:
                    continue
                expected = side * (known.long_ret if side > 0 else known.short_ret)[i]
            else:
                assert known.end_index[i] == trades.exit_index[k]
                assert (known.truth[i] == 2) == trades.ambiguous[k]
            ratio = math.log(trades.exit_price[k] / trades.entry_price[k])
            # math's and numpy's logarithm differ in the last bit on some inputs.
            assert ratio == pytest.approx(expected, rel=1e-13)
            compared += 1
        assert compared > 300


def test_a_trade_cannot_see_later_bars():
    g = np.random.default_rng(2)
    close = 5000 + np.cumsum(g.normal(size=300))
    bars = make_bars(np.stack([close, close + 1, close - 1, close], axis=1))
    signals = g.choice([-1, 0, 1], 300)
    whole = run(bars, signals, REFERENCE, 2.0)
    part = run(bars[:200], signals[:200], REFERENCE, 2.0)
    closed = part.trades.reason != "data"
    for name in ("decision_index", "exit_index", "exit_price", "net"):
        np.testing.assert_array_equal(
            getattr(part.trades, name)[closed],
            getattr(whole.trades, name)[: int(closed.sum())],
        )


def test_the_frame_holds_times_in_utc_and_the_report_renders():
    bars = make_bars([(5000.0, 5000.5, 4999.5, 5000.25)] * 9, symbol="M<S")
    result = run(bars, [1] * 9, REFERENCE, 10.0)
    frame = result.trades.to_polars()
    assert frame["exit_time"].dtype == pl.Datetime("ns", "UTC")
    assert frame["net"].sum() == pytest.approx(result.trades.net.sum())
    page = result._repr_html_()
    assert "M&lt;S" in page
    assert "sharpe_ratio" in page


def test_a_wrong_signal_is_named():
    bars = make_bars([(1.0, 1.0, 1.0, 1.0)] * 3)
    with pytest.raises(DataError, match=r"signal of row 1 is .*2"):
        run(bars, [0, 2, 0], REFERENCE, 1.0)
    with pytest.raises(DataError, match="signals has shape"):
        run(bars, [0, 1], REFERENCE, 1.0)


def read(path, symbol, interval):
    frame = pl.read_parquet(path)[:20_000]
    time = frame["timestamp"].dt.epoch("ns").to_numpy() + interval
    prices = (frame[name].to_numpy() for name in ("open", "high", "low", "close"))
    return Bars.of(time, *prices, interval=interval, symbol=symbol)


@pytest.mark.parametrize(
    ("file", "symbol", "interval"),
    [
        ("ES_5m_2024-05_2026-02.parquet", "ES", 5 * MINUTE),
        # Sessions of a forex week have no break between them: nothing ends there.
        ("EURUSD_1m_2018.parquet", "EURUSD", MINUTE),
    ],
)
def test_real_bars_trade_as_they_are_labelled(market_data, file, symbol, interval):
    bars = read(market_data / file, symbol, interval)
    instrument = get_instrument(symbol)
    table = session_table(instrument.calendar, int(bars.time[0]), int(bars.time[-1]))
    labels = pytest.importorskip("barwise.labels").triple_barrier(
        bars, horizon=20, upper=1.5, lower=1.0, unit="volatility", sessions=table
    )
    rows = pytest.importorskip("barwise.trading.barrier_rows")
    result = backtest(
        bars,
        np.ones(len(bars)),
        ExecutionContract(20, 1.5, 1.0, tick=instrument.tick_size),
        width=rows.barrier_width(bars, unit="volatility", period=14),
        costs=Costs(instrument.tick_size, instrument.multiplier),
        account=Account(1e4),
        sessions=table,
    )
    trades = result.trades
    kept = trades.reason != "data"
    decided = trades.decision_index[kept]
    assert len(decided) > 1500
    assert labels.valid[decided].all()
    np.testing.assert_array_equal(labels.end_index[decided], trades.exit_index[kept])
    # numpy's and numba's logarithms differ in the last bit of some numbers.
    ratio = np.log(trades.exit_price[kept] / trades.entry_price[kept])
    np.testing.assert_allclose(labels.ret[decided], ratio, rtol=1e-13, atol=0)
    ended = trades.exit_index[trades.reason == "session"]
    closed = bars.open_time[ended + 1] - bars.time[ended]
    assert len(ended) > (60 if symbol == "ES" else 0)
    assert closed.min() >= (1 if symbol == "ES" else 40) * HOUR


def test_random_trades_on_real_bars_lose_their_costs(market_data):
    bars = read(market_data / "ES_5m_2024-05_2026-02.parquet", "ES", 5 * MINUTE)
    table = session_table("cme_equity", int(bars.time[0]), int(bars.time[-1]))
    result = backtest(
        bars,
        np.random.default_rng(0).choice([-1, 0, 1], len(bars)),
        ExecutionContract(horizon=20, upper=1.5, lower=1.0, tick=0.25),
        width=pl.Series(bars.high - bars.low).rolling_mean(14).to_numpy(),
        costs=MES,
        account=Account(1e4),
        sessions=table,
    )
    trades = result.trades
    assert len(trades) > 1000
    session = table.index_of(bars.time)
    np.testing.assert_array_equal(
        session[trades.entry_index], session[trades.exit_index]
    )
    assert result.daily_pnl.sum() == pytest.approx(trades.net.sum())
    # Five standard errors around nothing, before costs.
    error = trades.gross.std() / np.sqrt(len(trades))
    assert abs(trades.gross.mean()) < 5 * error
    assert 250 < result.days_per_year < 262
