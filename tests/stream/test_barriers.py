"""The barrier resolver against a slow loop, and the laws of a stage."""

import importlib.util
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barwise.core.errors import ConfigError, DataError
from barwise.stream.barrier_data import BarrierInput, Resolved
from barwise.stream.barriers import BLOCK, rolling_volatility, wilder_atr
from barwise.stream.resolver import BarrierResolver

_ORACLE = Path(__file__).parents[1] / "oracles" / "triple_barrier.py"
_spec = importlib.util.spec_from_file_location("oracle_triple_barrier", _ORACLE)
oracle = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(oracle)

COLUMNS = ("entry", "label", "touched", "truth", "valid", "end_index", "end_time",
           "known_at", "ret", "adverse", "long_ret", "short_ret")  # fmt: skip
RULES = st.fixed_dictionaries(
    {
        "horizon": st.integers(1, 12),
        "upper": st.sampled_from([0.5, 1.0, 1.5, 3.0]),
        "lower": st.sampled_from([0.5, 1.0, 2.0]),
        "tick": st.sampled_from([0.0, 0.25, 0.1, 0.01]),
        "touch": st.sampled_from(["high_low", "close"]),
        "trade_through": st.booleans(),
        "entry": st.sampled_from(["next_open", "close"]),
        "sides": st.sampled_from(["long", "both"]),
        "session_end": st.sampled_from(["flat", "carry", "invalid"]),
        "interval": st.sampled_from([0, 15, 60]),
    }
).map(lambda r: {**r, "trade_through": r["trade_through"] and r["tick"] > 0})


def market(seed: int, rows: int, *, tick: float = 0.1, fine: bool = True):
    """A jumpy walk on a tick grid with rolls, sessions, missing widths and holes."""
    rng = np.random.default_rng(seed)
    step = tick or 0.1
    inside = rng.integers(2, 6, rows)
    ticks = 1000 + np.cumsum(rng.integers(-3, 4, inside.sum()))
    first = np.r_[0, np.cumsum(inside)]
    jumps = np.repeat(np.cumsum(rng.choice([0, 0, 0, 7, -7], rows)), inside)
    path = np.round((ticks + jumps) * step, 10)
    spread = np.round(rng.integers(0, 4, (2, len(path))) * step, 10)
    small = np.column_stack([path, path + spread[0], path - spread[1]])
    begin = first[:-1]
    session = np.cumsum(rng.random(rows) < 0.1)
    session[rng.random(rows) < 0.05] = -1
    time = np.cumsum(rng.integers(1, 4, rows)) * 60
    width = rng.uniform(0.3, 6.0, rows) * step
    width[rng.random(rows) < 0.1] = np.nan
    return BarrierInput.of(
        time,
        path[begin],
        np.maximum.reduceat(small[:, 1], begin),
        np.minimum.reduceat(small[:, 2], begin),
        path[first[1:] - 1],
        width,
        sample=rng.random(rows) < 0.9,
        filled=rng.random(rows) < 0.1,
        session=session,
        session_close=_closes(session, time, rng),
        contract=np.cumsum(rng.random(rows) < 0.05),
        fine=(first, small) if fine else None,
    )


def _closes(session, time, rng):
    """The last bar of a stretch closes with its session, or a little before."""
    last = np.r_[session[1:] != session[:-1], True]
    until = time[last] + rng.choice([0, 0, 30], last.sum())
    return until[np.cumsum(np.r_[0, last[:-1]])]


def as_dicts(rows: BarrierInput) -> list[dict]:
    names = ("time", "open", "high", "low", "close", "width", "sample", "session",
             "session_close", "contract")  # fmt: skip
    table = [
        dict(zip(names, values, strict=True))
        for values in zip(*(getattr(rows, n).tolist() for n in names), strict=True)
    ]
    for i, row in enumerate(table):
        row["fine"] = []
        if len(rows.first_fine):
            inside = rows.fine[rows.first_fine[i] : rows.first_fine[i + 1]]
            row["fine"] = [tuple(one) for one in inside.tolist()]
    return table


def joined(parts: list[Resolved]) -> dict[str, np.ndarray]:
    return {n: np.concatenate([getattr(p, n) for p in parts]) for n in COLUMNS}


def same(first: dict, second: dict) -> None:
    for name in COLUMNS:
        assert first[name].tobytes() == second[name].tobytes(), name


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    rule=RULES,
    fine=st.booleans(),
    threads=st.integers(1, 3),
)
def test_horizons_in_one_pass_are_those_one_by_one(seed, rule, fine, threads):
    rows = market(seed, 60, tick=rule["tick"], fine=fine)
    horizons = [rule["horizon"], *range(1, rule["horizon"], 3)]
    found = BarrierResolver(**rule).resolve_horizons(rows, horizons, threads=threads)
    for horizon, one in zip(horizons, found, strict=True):
        alone = BarrierResolver(**{**rule, "horizon": horizon}).resolve(rows)
        for name in COLUMNS:
            got, wanted = getattr(one, name), getattr(alone, name)
            assert got.tobytes() == wanted.tobytes(), (horizon, name)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    rule=RULES,
    blocks=st.floats(0.01, 4.0),
    threads=st.integers(2, 5),
)
def test_threads_that_share_out_the_entries_do_not_matter(seed, rule, blocks, threads):
    rows = market(seed, int(blocks * BLOCK), tick=rule["tick"])
    alone, shared = BarrierResolver(**rule), BarrierResolver(**rule)
    same(
        joined([alone.resolve(rows, threads=1)]),
        joined([shared.resolve(rows, threads=threads)]),
    )
    assert alone.pending == shared.pending
    for name, state in alone.snapshot().items():
        assert state.tobytes() == shared.snapshot()[name].tobytes(), name


@settings(max_examples=250, deadline=None)
@given(seed=st.integers(0, 10**6), rule=RULES, fine=st.booleans())
def test_every_label_is_the_one_of_a_slow_loop(seed, rule, fine):
    rows = market(seed, 60, tick=rule["tick"], fine=fine)
    table = as_dicts(rows)
    found = BarrierResolver(**rule).push(rows)
    by_entry = {int(e): i for i, e in enumerate(found.entry)}
    for t in range(len(rows)):
        wanted = oracle.label_one(table, t, **rule)
        if wanted is None:
            # Not known inside these rows, or its session closed with the last row.
            assert t not in by_entry or found.known_at[by_entry[t]] == rows.time[-1]
            continue
        i = by_entry[t]
        for name, value in wanted.items():
            got = getattr(found, name)[i]
            assert got == pytest.approx(value, rel=1e-12, abs=1e-12), (t, name)


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    rule=RULES,
    cuts=st.lists(st.integers(0, 80), max_size=6),
    repeat=st.booleans(),
)
def test_chunks_do_not_matter(seed, rule, cuts, repeat):
    rows = market(seed, 80, tick=rule["tick"])
    rule = {**rule, "times_repeat": repeat}
    whole = joined([BarrierResolver(**rule).push(rows)])
    for edges in ([0, *sorted(cuts), 80], list(range(81))):
        stage = BarrierResolver(**rule)
        parts = [stage.push(rows[a:b]) for a, b in pairwise(edges)]
        same(joined(parts), whole)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), rule=RULES, cut=st.integers(0, 80))
def test_a_snapshot_goes_on_and_is_left_alone(seed, rule, cut):
    rows = market(seed, 80, tick=rule["tick"])
    stage = BarrierResolver(**rule)
    first = stage.push(rows[:cut])
    state = stage.snapshot()
    kept = {name: array.copy() for name, array in state.items()}
    rest = stage.push(rows[cut:])
    again = BarrierResolver(**rule)
    again.restore(state)
    same(joined([first, again.push(rows[cut:])]), joined([first, rest]))
    for name, array in kept.items():
        np.testing.assert_array_equal(state[name], array)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), rule=RULES, cut=st.integers(1, 79))
def test_the_future_does_not_change_the_past(seed, rule, cut):
    rows, other = (market(s, 80, tick=rule["tick"]) for s in (seed, seed + 1))
    stage, twin = BarrierResolver(**rule), BarrierResolver(**rule)
    known = stage.push(rows[:cut])
    same(joined([known]), joined([twin.push(rows[:cut])]))
    later = twin.push(other[cut:])
    assert not set(known.entry) & set(later.entry)
    assert np.all(known.known_at <= rows.time[cut - 1])


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), rule=RULES)
def test_labels_come_in_order_of_known_at_and_entry(seed, rule):
    found = BarrierResolver(**rule).push(market(seed, 80, tick=rule["tick"]))
    order = np.lexsort((found.entry, found.known_at))
    np.testing.assert_array_equal(order, np.arange(len(found)))
    assert np.all(found.end_time <= found.known_at)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), rule=RULES)
def test_resolve_gives_one_row_for_each_row(seed, rule):
    rows = market(seed, 80, tick=rule["tick"])
    pushed = BarrierResolver(**rule).push(rows)
    dense = BarrierResolver(**rule).resolve(rows)
    np.testing.assert_array_equal(dense.entry, np.arange(80))
    valid = pushed.entry[pushed.valid]
    np.testing.assert_array_equal(np.flatnonzero(dense.valid), np.sort(valid))
    for name in (
        "label",
        "touched",
        "truth",
        "end_index",
        "end_time",
        "ret",
        "adverse",
    ):
        got, wanted = getattr(dense, name), getattr(pushed, name)
        np.testing.assert_array_equal(got[valid], wanted[pushed.valid])
    without = ~dense.valid
    assert np.all(dense.end_index[without] == -1)
    np.testing.assert_array_equal(dense.end_time[without], rows.time[without])
    assert np.all(np.isnan(dense.ret[without]))


def test_blocks_of_the_kernel_do_not_show():
    # Longer than one block of rows; one-row pushes never meet the batch's short cut.
    rows = market(7, 5000)
    rule = {"horizon": 9, "upper": 1.5, "lower": 1.0, "tick": 0.1}
    stage = BarrierResolver(**rule)
    parts = [stage.push(rows[i : i + 1]) for i in range(len(rows))]
    same(joined(parts), joined([BarrierResolver(**rule).push(rows)]))


def flat(prices, **more) -> BarrierInput:
    price = np.asarray(prices, float)
    time = np.arange(1, len(price) + 1) * 60
    one = np.ones(len(price))
    return BarrierInput.of(time, price, price, price, price, one, **more)


def one_trade(bars, fine=None, **rule) -> Resolved:
    """The label of row 0 over (open, high, low, close) bars; width 1, entry at 100."""
    table = np.array([(100.0, 100.0, 100.0, 100.0), *bars])
    n = len(table)
    first = None
    if fine is not None:
        first = (np.r_[0, np.cumsum([0, *(len(f) for f in fine)])],
                 np.array([x for f in fine for x in f], float).reshape(-1, 3))  # fmt: skip
    rows = BarrierInput.of(
        np.arange(1, n + 1) * 60,
        *table.T,
        np.ones(n),
        sample=np.arange(n) == 0,
        fine=first,
    )
    return BarrierResolver(**{"upper": 1.5, "lower": 1.0, "tick": 0.25, **rule}).push(
        rows
    )


def test_a_short_uses_its_own_levels():
    # Short: target 98.5, stop 101. Long: target 101.5, stop 99. The low of bar 2 stops
    # the long at 99; bar 3 reaches 98.5 and the short wins.
    bars = [(100, 100.5, 99.5, 100), (100, 100, 99, 99), (99, 99, 98.5, 98.75)]
    found = one_trade(bars, horizon=3, sides="both")
    assert found.label.tolist() == [-1]
    assert found.end_index.tolist() == [3]
    assert found.ret[0] == pytest.approx(np.log(98.5 / 100))
    assert found.long_ret[0] == pytest.approx(np.log(99 / 100))
    assert found.short_ret[0] == pytest.approx(-np.log(98.5 / 100))


def test_zero_ends_when_both_trades_have_ended():
    # 101 stops the short on bar 1, 99 stops the long on bar 3: not at the horizon.
    bars = [(100, 101, 100, 100), (100, 100, 99.5, 100), (100, 100, 99, 99)] * 2
    found = one_trade(bars, horizon=6, sides="both")
    assert (found.label[0], found.end_index[0], found.touched[0]) == (0, 3, -1)
    assert found.truth[0] == 0


def test_a_bar_that_ties_stops_both():
    found = one_trade([(100, 102, 98, 100)], horizon=1, sides="both")
    assert (found.label[0], found.truth[0]) == (0, 2)
    assert found.long_ret[0] == pytest.approx(np.log(99 / 100))
    assert found.short_ret[0] == pytest.approx(-np.log(101 / 100))


@pytest.mark.parametrize(
    ("inside", "label", "truth"),
    [
        ([(100, 101.5, 100), (101, 101, 99)], 1, 1),  # the upper one came first
        ([(100, 100.5, 99), (100, 101.5, 100)], -1, 1),  # the lower one came first
        ([(100, 100.5, 99.5), (100, 101.5, 99)], -1, 2),  # one fine bar has both
        ([(101.5, 101.5, 99)], 1, 1),  # its open is beyond one: that came first
        ([(100, 100.5, 99.5)], -1, 2),  # finer bars that miss the touches
        ([], -1, 2),
    ],
)
def test_finer_bars_decide_a_tie(inside, label, truth):
    found = one_trade([(100, 101.5, 99, 100)], [inside], horizon=1)
    assert (found.label[0], found.truth[0]) == (label, truth)
    level = 101.5 if label == 1 else 99
    assert found.ret[0] == pytest.approx(np.log(level / 100))


@pytest.mark.parametrize(
    ("bar", "label", "fill"),
    [
        ((103, 103.5, 102.75, 103), 1, 103.0),  # gap beyond the target
        ((97, 97.5, 96.5, 97), -1, 97.0),  # gap beyond the stop
        ((103, 103.5, 98, 99), 1, 103.0),  # the open was first: no tie
    ],
)
def test_an_open_beyond_a_barrier_fills_at_that_open(bar, label, fill):
    found = one_trade([(100, 100.5, 99.5, 100), bar], horizon=2)
    assert (found.label[0], found.truth[0]) == (label, 0)
    assert found.ret[0] == pytest.approx(np.log(fill / 100))


def test_trade_through_needs_one_more_tick():
    touch = [(100, 101.5, 100, 101), (101, 101.75, 100.5, 101)]
    assert one_trade(touch, horizon=2).end_index[0] == 1
    through = one_trade(touch, horizon=2, trade_through=True)
    assert (through.label[0], through.end_index[0]) == (1, 2)
    assert through.ret[0] == pytest.approx(np.log(101.5 / 100))
    # A stop needs no trade through it.
    stop = one_trade([(100, 100, 99, 99.5)], horizon=1, trade_through=True)
    assert stop.label[0] == -1


@pytest.mark.parametrize("tick", [0.25, 0.1, 0.05, 0.01, 0.00001, 5.0, 0.03125])
def test_levels_on_a_tick_stay_there_and_others_move_away(tick):
    # Distances of exactly 6 and 4 ticks: computed in floats they may miss the grid.
    entries = 1000 * tick + np.arange(300) * tick
    for entry in entries:
        for extra, more in ((0.0, 0), (0.3, 1)):
            width = np.array([2 * tick, 1.0]) + extra * tick / 3
            up = round(entry / tick) + 6 + more
            price = np.array([entry, entry])
            for high, label in ((up, 1), (up - 1, 0)):
                top = np.array([entry, float(f"{high * tick:.10g}")])
                rows = BarrierInput.of(
                    np.array([1, 2]), price, top, price, price, width,
                    sample=np.array([True, False]),
                )  # fmt: skip
                stage = BarrierResolver(horizon=1, upper=3.0, lower=2.0, tick=tick)
                assert stage.push(rows).label.tolist() == [label], (entry, high)


def test_a_barrier_is_never_on_the_entry():
    # A width far below a tick: the levels are one tick away, not at the entry itself.
    rows = flat([100.0] * 4)
    thin = BarrierInput.of(rows.time, rows.open, rows.high, rows.low, rows.close,
                           np.full(4, 1e-9))  # fmt: skip
    found = BarrierResolver(horizon=2, upper=1, lower=1, tick=0.25).push(thin)
    assert found.label.tolist() == [0, 0]


def test_a_session_ends_at_its_close_on_advance_or_with_the_next_row():
    session, close = np.zeros(3, np.int64), np.full(3, 300)
    rows = flat([10, 10, 10], session=session, session_close=close)
    stage = BarrierResolver(horizon=9, upper=5, lower=5)
    assert len(stage.push(rows)) == 0
    assert stage.pending == 3
    assert len(stage.advance(299)) == 0
    found = stage.advance(300)
    assert found.entry.tolist() == [0, 1, 2]
    assert found.valid.tolist() == [True, True, False]  # the last one never entered
    assert found.end_index.tolist() == [2, 2, -1]
    assert found.end_time.tolist()[:2] == [180, 180]
    assert found.known_at.tolist() == [300, 300, 300]
    assert stage.pending == 0
    assert len(stage.advance(10**9)) == 0


def test_the_last_bar_of_a_session_ends_it_at_once():
    session, close = np.zeros(3, np.int64), np.full(3, 180)
    rows = flat([10, 10, 10], session=session, session_close=close)
    found = BarrierResolver(horizon=9, upper=5, lower=5).push(rows)
    assert found.known_at.tolist() == [180] * 3
    waits = BarrierResolver(horizon=9, upper=5, lower=5, times_repeat=True)
    assert len(waits.push(rows)) == 0
    assert waits.advance(180).known_at.tolist() == [180] * 3


def test_carry_does_not_end_with_a_session():
    session = np.array([0, 0, 1, 1])
    rows = flat([10, 10, 10, 10], session=session, session_close=session * 120 + 120)
    found = BarrierResolver(horizon=3, upper=5, lower=5, session_end="carry").push(rows)
    assert found.end_index.tolist() == [3]
    stage = BarrierResolver(horizon=4, upper=5, lower=5, session_end="carry")
    stage.push(rows)
    assert len(stage.advance(10**9)) == 0


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"horizon": 0}, "labels.horizon"),
        ({"horizon": 2.5}, "labels.horizon"),
        ({"upper": 0.0}, "labels.upper"),
        ({"lower": float("nan")}, "labels.lower"),
        ({"tick": -1.0}, "labels.tick"),
        ({"trade_through": True}, "needs a tick"),
        ({"touch": "last"}, "high_low, close"),
        ({"entry": "open"}, "next_open, close"),
        ({"sides": "short"}, "long, both"),
        ({"session_end": "roll"}, "carry, flat, invalid"),
    ],
)
def test_wrong_settings_are_named(change, says):
    with pytest.raises(ConfigError, match=says):
        BarrierResolver(**{"horizon": 5, "upper": 1.0, "lower": 1.0, **change})


def test_atr_is_ta_libs():
    import talib

    rows = market(3, 400)
    none = np.zeros(400, np.int64)
    for period in (1, 2, 14):
        got = wilder_atr(rows.high, rows.low, rows.close, none, period, np.zeros(4))
        wanted = talib.ATR(rows.high, rows.low, rows.close, period)
        np.testing.assert_allclose(got, wanted, rtol=1e-12)


def test_atr_leaves_the_gap_of_a_roll_out():
    rows = market(3, 400)
    contract = (np.arange(400) >= 200).astype(np.int64)
    shift = np.where(contract == 1, 500.0, 0.0)
    columns = (rows.high + shift, rows.low + shift, rows.close + shift)
    got = wilder_atr(*columns, contract, 14, np.zeros(4))
    ranges = rows.high - rows.low
    wanted = (got[199] * 13 + ranges[200]) / 14
    assert got[200] == pytest.approx(wanted, rel=1e-12)
    assert got[210] < 2 * got[199]


def test_volatility_is_pandas_rolling_std():
    import pandas as pd

    rows = market(3, 400)
    none = np.zeros(400, np.int64)
    got = rolling_volatility(rows.close, none, 14, np.zeros(18))
    returns = pd.Series(np.log(rows.close)).diff()
    wanted = returns.rolling(14).std().to_numpy() * rows.close
    np.testing.assert_allclose(got, wanted, rtol=1e-9)


@pytest.mark.parametrize("cut", [1, 5, 14, 15, 100])
def test_widths_do_not_depend_on_the_cut(cut):
    rows = market(3, 200)
    contract = (np.arange(200) >= 90).astype(np.int64)
    columns = (rows.high, rows.low, rows.close, contract)
    whole = wilder_atr(*columns, 14, np.zeros(4))
    state = np.zeros(4)
    parts = [
        wilder_atr(*(c[a:b] for c in columns), 14, state)
        for a, b in ((0, cut), (cut, 200))
    ]
    assert np.concatenate(parts).tobytes() == whole.tobytes()
    whole = rolling_volatility(*columns[2:], 14, np.zeros(18))
    state = np.zeros(18)
    parts = [
        rolling_volatility(*(c[a:b] for c in columns[2:]), 14, state)
        for a, b in ((0, cut), (cut, 200))
    ]
    assert np.concatenate(parts).tobytes() == whole.tobytes()


@pytest.mark.parametrize("column", ["open", "high", "low", "close"])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_prices_that_are_not_finite_are_refused_by_row(column, bad):
    prices = {name: np.full(5, 10.0) for name in ("open", "high", "low", "close")}
    prices[column][3] = bad
    with pytest.raises(DataError, match=r"row 3 has prices .* clean the bars first"):
        BarrierInput.of(np.arange(5), **prices, width=np.ones(5))
