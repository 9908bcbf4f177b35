"""The triple barrier on bars: a worked example, real bars, sessions and truth."""

import importlib.util
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from barwise.bars import Bars, session_table
from barwise.core.arrays import MINUTE
from barwise.core.errors import ConfigError, DataError
from barwise.labels import triple_barrier
from barwise.trading.barrier_rows import contract_runs, session_runs

_ORACLE = Path(__file__).parents[1] / "oracles" / "triple_barrier.py"
_spec = importlib.util.spec_from_file_location("oracle_triple_barrier_2", _ORACLE)
oracle = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(oracle)


def ns(text: str) -> int:
    return int(np.datetime64(text, "ns").astype(np.int64))


def constant(times, price=100.0, **more) -> Bars:
    level = np.full(len(times), price)
    return Bars.of(
        np.asarray(times), level, level, level, level, interval=MINUTE, **more
    )


def test_a_worked_example():
    # Bars 0..2 have a range of 2 and no gaps, so every true range is 2 and ATR(2) is
    #   row 2: (2 + 2) / 2 = 2
    #   row 3: range 3, ATR = (2 * 1 + 3) / 2 = 2.5
    #   row 4: range 2, |high - last close| = 2.5, ATR = (2.5 + 2.5) / 2 = 2.5
    #            0      1      2      3      4       5       6
    o = np.array([100.0, 100.0, 100.0, 100.0, 101.00, 103.00, 96.00])
    h = np.array([101.0, 101.0, 101.0, 102.0, 103.00, 103.25, 96.50])
    l = np.array([99.0, 99.0, 99.0, 99.0, 101.00, 102.00, 95.00])  # noqa: E741
    c = np.array([100.0, 100.0, 100.0, 100.5, 102.75, 102.50, 96.00])  # fmt: skip
    bars = Bars.of(np.arange(1, 8) * MINUTE, o, h, l, c, interval=MINUTE)
    labels = triple_barrier(
        bars, horizon=3, upper=1.5, lower=1.0, atr_period=2, tick=0.25
    )
    # Row 2: E = open[3] = 100, upper 100 + 1.5 * 2 = 103, lower 98. Bar 4 reaches 103.
    # Row 3: E = open[4] = 101, upper 101 + 3.75 = 104.75, lower 98.5. Bars 4 and 5 stay
    #        inside, bar 6 opens at 96, below 98.5: filled at 96.
    # Row 4: E = 103, upper 106.75, lower 100.5: bar 6 opens at 96.
    # Row 5: E = 96; its path needs bars 6..8, which are not there.
    assert labels.valid.tolist() == [False, False, True, True, True, False, False]
    assert labels.label.tolist() == [0, 0, 1, -1, -1, 0, 0]
    assert labels.end_index.tolist() == [-1, -1, 4, 6, 6, -1, -1]
    assert labels.touched.tolist() == [0, 0, 1, -1, -1, 0, 0]
    wanted = np.log([103 / 100, 96 / 101, 96 / 103])
    np.testing.assert_allclose(labels.ret[2:5], wanted, rtol=1e-12)
    assert labels.end_time.tolist() == [
        m * MINUTE for m in (1, 2, 5, 7, 7, 6, 7)
    ]  # a row without a label has its own time
    # Furthest move the wrong way: row 2 fell to 99 on the way from 100 to 98.
    assert labels.adverse[2] == pytest.approx(0.5)
    # Row 3 rose to 103.25 on the way from 101 to 104.75.
    assert labels.adverse[3] == pytest.approx(2.25 / 3.75)


def read(path: Path, minutes: int, **more) -> Bars:
    frame = pl.read_parquet(path)
    # These files are labelled by their open.
    time = frame["timestamp"].to_numpy().astype("datetime64[ns]").astype(np.int64)
    columns = [frame[n].to_numpy() for n in ("open", "high", "low", "close", "volume")]
    interval = minutes * MINUTE
    return Bars.of(time + interval, *columns, interval=interval, **more)


def as_rows(bars: Bars, width, session=None, fine=None, closes=None):
    names = ("time", "open", "high", "low", "close")
    rows = [
        dict(zip(names, one, strict=True))
        for one in zip(*(getattr(bars, n).tolist() for n in names), strict=True)
    ]
    contract = contract_runs(bars)
    for i, row in enumerate(rows):
        inside = [] if fine is None else fine[i]
        row.update(width=width[i], sample=True, contract=int(contract[i]), fine=inside)
        row["session"] = 0 if session is None else int(session[i])
        row["session_close"] = None if closes is None else int(closes[i])
    return rows


@pytest.mark.parametrize(
    "rule",
    [
        {"horizon": 20, "upper": 1.5, "lower": 1.0},
        {"horizon": 5, "upper": 0.5, "lower": 0.5, "sides": "both"},
        {"horizon": 10, "upper": 2.0, "lower": 1.0, "trade_through": True},
        {"horizon": 10, "upper": 1.0, "lower": 1.0, "session_end": "invalid"},
    ],
)
@pytest.mark.parametrize(
    ("name", "minutes", "symbol", "tick"),
    [
        ("EURUSD_1m_2018", 1, "EURUSD", 0.00001),
        ("ES_5m_2024-05_2026-02", 5, "ES", 0.25),
    ],
)
def test_real_bars_are_labelled_as_by_the_slow_loop(
    market_data, name, minutes, symbol, tick, rule
):
    import talib

    bars = read(market_data / f"{name}.parquet", minutes, symbol=symbol)[:20_000]
    width = talib.ATR(bars.high, bars.low, bars.close, 14)
    table = session_table(
        "forex" if symbol == "EURUSD" else "cme_equity",
        bars.time[0] - 10 * 24 * 60 * MINUTE,
        bars.time[-1] + 10 * 24 * 60 * MINUTE,
    )
    labels = triple_barrier(bars, tick=tick, sessions=table, **rule)
    runs, closes = session_runs(bars, table)
    rows = as_rows(bars, width, runs, closes=closes)
    assert labels.valid.mean() > 0.9
    for t in range(0, len(bars), 7):
        wanted = oracle.label_one(rows, t, tick=tick, interval=bars.interval, **rule)
        if wanted is None or not wanted["valid"]:
            assert not labels.valid[t]
            continue
        for column, value in wanted.items():
            got = getattr(labels, column)[t]
            assert got == pytest.approx(value, rel=1e-9, abs=1e-12), (t, column)


def fine_walk(seed: int, bars: int, inside: int) -> tuple[Bars, Bars]:
    """A walk of ``inside`` small bars per bar, and the same walk in whole bars."""
    rng = np.random.default_rng(seed)
    path = 100 * np.exp(np.cumsum(rng.standard_normal(bars * inside)) * 2e-4)
    start = np.r_[100.0, path[:-1]]
    top, bottom = np.maximum(start, path), np.minimum(start, path)
    step = MINUTE // inside
    small = Bars.of(
        np.arange(1, bars * inside + 1) * step, start, top, bottom, path, interval=step
    )
    by = (bars, inside)
    big = Bars.of(
        np.arange(1, bars + 1) * MINUTE,
        start.reshape(by)[:, 0],
        top.reshape(by).max(1),
        bottom.reshape(by).min(1),
        path.reshape(by)[:, -1],
        interval=MINUTE,
    )
    return small, big


def true_label(small, width, t, horizon, multiple, inside):
    """The first barrier on the fine path itself."""
    begin, end = (t + 1) * inside, (t + 1 + horizon) * inside
    entry = small.open[begin]
    high, low = small.high[begin:end], small.low[begin:end]
    up = np.flatnonzero(high >= entry + multiple * width[t])
    down = np.flatnonzero(low <= entry - multiple * width[t])
    first = [x[0] if len(x) else end for x in (up, down)]
    return 0 if first[0] == first[1] else (1 if first[0] < first[1] else -1)


def test_highs_and_lows_see_what_closes_miss():
    import talib

    inside, horizon, multiple = 20, 20, 1.0
    small, big = fine_walk(5, 4000, inside)
    width = talib.ATR(big.high, big.low, big.close, 14)
    rows = np.arange(14, 3970)
    truth = np.array(
        [true_label(small, width, t, horizon, multiple, inside) for t in rows]
    )
    rule = {"horizon": horizon, "upper": multiple, "lower": multiple, "tick": 0}
    wrong = {
        name: float(np.mean(triple_barrier(big, **rule, **more).label[rows] != truth))
        for name, more in {
            "fine": {"fine": small},
            "high_low": {},
            "close": {"touch": "close"},
        }.items()
    }
    assert wrong["fine"] == 0.0
    assert wrong["high_low"] < 0.05
    assert wrong["close"] > 0.11
    flags = triple_barrier(big, **rule, fine=small).truth
    assert np.any(flags == 1)
    assert not np.any(flags == 2)
    assert np.any(triple_barrier(big, **rule).truth == 2)


def test_several_horizons_are_the_single_ones():
    _, bars = fine_walk(1, 500, 4)
    rule = {"upper": 1.5, "lower": 1.0, "tick": 0.01}
    several = triple_barrier(bars, horizon=[20, 5, 10], **rule)
    assert [one.horizon for one in several] == [20, 5, 10]
    for one in several:
        alone = triple_barrier(bars, horizon=one.horizon, **rule)
        for name in (
            "label",
            "end_time",
            "end_index",
            "ret",
            "truth",
            "valid",
            "weight",
        ):
            assert getattr(one, name).tobytes() == getattr(alone, name).tobytes()


def test_later_bars_change_no_label():
    _, bars = fine_walk(2, 400, 4)
    rule = {"horizon": 10, "upper": 1.5, "lower": 1.0, "tick": 0.01}
    whole = triple_barrier(bars, **rule)
    part = triple_barrier(bars[:300], **rule)
    known = part.valid
    assert known[:280].sum() > 250
    for name in ("label", "end_index", "end_time", "ret", "quality", "weight"):
        np.testing.assert_array_equal(
            getattr(part, name)[known], getattr(whole, name)[:300][known]
        )


def test_no_path_crosses_a_roll():
    _, bars = fine_walk(3, 200, 4)
    contract = np.where(np.arange(200) < 100, "202406", "202409")
    labels = triple_barrier(
        bars.with_columns(contract=contract),
        horizon=10, upper=50, lower=50, tick=0,
    )  # fmt: skip
    assert not labels.valid[90:100].any()
    assert labels.valid[20:90].all()
    assert labels.valid[100:190].all()


def test_filled_bars_are_no_samples_but_lie_on_paths():
    _, bars = fine_walk(3, 200, 4)
    filled = np.arange(200) == 50
    rule = {"horizon": 10, "upper": 50, "lower": 50, "tick": 0}
    labels = triple_barrier(bars.with_columns(filled=filled), **rule)
    plain = triple_barrier(bars, **rule)
    assert not labels.valid[50]
    assert plain.valid[50]
    assert labels.end_index[45] == 55


def test_flat_ends_at_the_last_close_of_the_symbols_session():
    # CME equity futures stop at 16:00 Chicago (22:00 UTC in winter) until 17:00.
    friday = ns("2025-01-10T21:00")
    before = friday + np.arange(1, 61) * MINUTE
    sunday = ns("2025-01-12T23:00") + np.arange(1, 61) * MINUTE
    bars = constant(np.r_[before, sunday], symbol="MES")
    rule = {"horizon": 20, "upper": 5.0, "lower": 5.0, "unit": "fixed"}
    flat = triple_barrier(bars, **rule)
    assert flat.end_index[38:59].tolist() == [58, *[59] * 20]
    assert not flat.valid[59]
    assert np.all(flat.ret[flat.valid] == 0)
    carry = triple_barrier(bars, **rule, session_end="carry")
    assert carry.end_index[45] == 65
    invalid = triple_barrier(bars, **rule, session_end="invalid")
    assert invalid.valid[39]
    assert not invalid.valid[40:60].any()


def test_invalid_chooses_samples_by_the_clock_and_not_by_the_outcome():
    # One close at 22:00 UTC; barriers that many paths reach, or none does.
    times = ns("2025-01-10T20:00") + np.arange(1, 121) * MINUTE
    rng = np.random.default_rng(0)
    price = 6000 + np.cumsum(rng.choice([-0.25, 0.25], 120))
    bars = Bars.of(times, *[price] * 4, interval=MINUTE, symbol="MES")
    rule = {"unit": "fixed", "session_end": "invalid"}
    for horizon in (5, 20):
        near, far = (
            triple_barrier(bars, horizon=[horizon, 30], upper=w, lower=w, **rule)[0]
            for w in (0.5, 500.0)
        )
        assert np.mean(near.label[near.valid] != 0) > 0.3
        assert not far.label.any()
        np.testing.assert_array_equal(near.valid, np.arange(120) < 120 - horizon)
        np.testing.assert_array_equal(near.valid, far.valid)


def test_horizons_are_whole_numbers_of_any_kind():
    bars = constant(np.arange(1, 30) * MINUTE)
    rule = {"upper": 1.0, "lower": 1.0, "unit": "fixed", "tick": 0}
    plain = triple_barrier(bars, horizon=5, **rule)
    other = triple_barrier(bars, horizon=np.int64(5), **rule)
    assert other.horizon == 5
    np.testing.assert_array_equal(plain.valid, other.valid)
    assert [one.horizon for one in triple_barrier(bars, horizon=(5, 9), **rule)] == [
        5,
        9,
    ]
    for wrong in (5.0, True, "5", [5, 10.0], None):
        with pytest.raises(ConfigError, match=r"labels\.horizon"):
            triple_barrier(bars, horizon=wrong, **rule)


def test_a_week_of_forex_and_crypto_have_no_end_at_midnight():
    day = ns("2025-01-08T20:00") + np.arange(1, 301) * MINUTE
    for symbol in ("EURUSD", "BTCUSDT"):
        labels = triple_barrier(
            constant(day, symbol=symbol), horizon=20, upper=5.0, lower=5.0,
            unit="fixed", tick=0.01,
        )  # fmt: skip
        # 17:00 New York is 22:00 UTC, row 119.
        assert labels.end_index[110] == 130


def test_bars_outside_the_hours_are_no_samples():
    friday = ns("2025-01-10T21:30") + np.arange(1, 61) * MINUTE
    labels = triple_barrier(
        constant(friday, symbol="MES"), horizon=5, upper=5.0, lower=5.0, unit="fixed"
    )
    assert labels.valid[:29].all()
    assert not labels.valid[29:].any()


def test_a_table_that_stops_shows_no_end():
    # The table ends with the session: nothing shows that trading pauses after it.
    close = ns("2025-01-10T22:00")
    times = close - np.arange(59, -1, -1) * MINUTE
    table = session_table("cme_equity", ns("2025-01-06"), close)
    rule = {"horizon": 5, "upper": 5.0, "lower": 5.0, "unit": "fixed", "tick": 0}
    labels = triple_barrier(constant(times), **rule, sessions=table)
    assert not labels.valid[-5:].any()
    longer = session_table("cme_equity", ns("2025-01-06"), close + MINUTE)
    labels = triple_barrier(constant(times), **rule, sessions=longer)
    assert labels.valid[-5:].tolist() == [True] * 4 + [False]


def test_volatility_and_fixed_units():
    import pandas as pd

    _, bars = fine_walk(4, 300, 4)
    std = pd.Series(np.log(bars.close)).diff().rolling(20).std().to_numpy()
    labels = triple_barrier(
        bars, horizon=10, upper=2, lower=2, unit="volatility", atr_period=20, tick=0
    )
    rows = as_rows(bars, std * bars.close)
    for t in range(300):
        wanted = oracle.label_one(rows, t, horizon=10, upper=2, lower=2, tick=0)
        assert labels.valid[t] == (wanted is not None)
        if wanted is not None:
            assert labels.label[t] == wanted["label"]


def test_a_mask_chooses_the_samples():
    _, bars = fine_walk(4, 300, 4)
    mask = np.arange(300) % 3 == 0
    rule = {"horizon": 10, "upper": 1, "lower": 1, "tick": 0}
    labels = triple_barrier(bars, **rule, sample=mask)
    whole = triple_barrier(bars, **rule)
    np.testing.assert_array_equal(labels.valid, whole.valid & mask)
    with pytest.raises(ConfigError, match="one True or False a bar"):
        triple_barrier(bars, **rule, sample=mask[:-1])


def test_the_symbol_gives_the_tick():
    times = ns("2025-01-08T15:00") + np.arange(1, 40) * MINUTE
    bars = constant(times, symbol="MES")
    high = bars.high.copy()
    high[20] = 101.0  # one point up: 0.9 rounds away to 1.0 on quarter ticks
    bars = bars.with_columns(high=high)
    rule = {"horizon": 5, "upper": 0.9, "lower": 0.9, "unit": "fixed"}
    assert triple_barrier(bars, **rule).ret[18] == pytest.approx(np.log(1.01))
    plain = triple_barrier(bars, **rule, tick=0)
    assert plain.ret[18] == pytest.approx(np.log(1.009))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"tick": None}, "pass tick="),
        ({"atr_period": 0}, "labels.atr_period"),
        ({"unit": "volatility", "atr_period": 1}, ">= 2"),
        ({"horizon": 0}, "labels.horizon"),
    ],
)
def test_wrong_arguments_are_named(change, says):
    rule = {"horizon": 5, "upper": 1, "lower": 1, "tick": 0.1, **change}
    with pytest.raises(ConfigError, match=says):
        triple_barrier(constant(np.arange(1, 30) * MINUTE, symbol="NOPE"), **rule)


def test_bars_beyond_the_calendar_name_the_way_out():
    bars = constant(np.arange(1, 30) * MINUTE, symbol="MES")
    rule = {"horizon": 5, "upper": 1, "lower": 1}
    with pytest.raises(DataError, match="session_end='carry'"):
        triple_barrier(bars, **rule)
    assert len(triple_barrier(bars, **rule, session_end="carry")) == 29


def test_finer_bars_of_another_symbol_are_refused():
    bars = constant(np.arange(1, 30) * MINUTE, symbol="A")
    fine = constant(np.arange(1, 30) * MINUTE, symbol="B")
    with pytest.raises(ConfigError, match=r"labels\.fine"):
        triple_barrier(bars, horizon=5, upper=1, lower=1, tick=0, fine=fine)


def test_finer_bars_outside_every_bar_decide_nothing():
    # The bar of row 1 ties at 100 +- 1; the finer bar between the bars came earlier.
    o = np.full(3, 100.0)
    h, low = np.array([100.0, 100.0, 101.0]), np.array([100.0, 100.0, 99.0])
    bars = Bars.of(np.array([1, 2, 10]) * MINUTE, o, h, low, o, interval=MINUTE)
    early = Bars.of(
        np.array([5 * MINUTE]), o[:1], o[:1] + 1, o[:1], o[:1], interval=MINUTE
    )
    rule = {"horizon": 2, "upper": 1, "lower": 1, "unit": "fixed", "tick": 0}
    labels = triple_barrier(bars, **rule, fine=early)
    assert (labels.label[0], labels.truth[0]) == (-1, 2)
    held = early.with_columns(
        time=np.array([10 * MINUTE]), open_time=np.array([9 * MINUTE])
    )
    labels = triple_barrier(bars, **rule, fine=held)
    assert (labels.label[0], labels.truth[0]) == (1, 1)


def test_no_bars_give_no_labels():
    labels = triple_barrier(constant([]), horizon=5, upper=1, lower=1, tick=0)
    assert len(labels) == 0
    assert labels.problems()
