import math

import numpy as np
import pytest

from barwise.bars import Bars, read_bars
from barwise.bars.prepare import sessions_of
from barwise.core.errors import ConfigError
from barwise.labels import (
    direction_labels,
    meta_labels,
    signal_labels,
    triple_barrier,
)


@pytest.fixture(scope="module")
def bars(market_data):
    path = market_data / "ES_5m_2024-05_2026-02.parquet"
    return read_bars(path, symbol="ES", label="open")[:3000]


@pytest.mark.parametrize("horizon", [1, 4])
@pytest.mark.parametrize("entry", ["next_open", "close"])
def test_directions_are_those_of_a_loop(bars, horizon, entry):
    labels = direction_labels(bars, horizon=horizon, entry=entry, session_end="carry")
    for row in range(0, len(bars) - horizon, 7):
        paid = bars.open[row + 1] if entry == "next_open" else bars.close[row]
        got = bars.close[row + horizon]
        assert labels.valid[row]
        assert labels.label[row] == (1 if got > paid else 0)
        assert labels.ret[row] == pytest.approx(math.log(got / paid), abs=1e-15)
        assert labels.end_time[row] == bars.time[row + horizon]
        assert labels.end_index[row] == row + horizon
    assert not labels.valid[-horizon:].any()
    assert sum(labels.distribution().values()) == pytest.approx(1.0)
    assert labels.weight[labels.valid].min() == labels.weight[labels.valid].max()


def test_no_direction_crosses_a_roll_or_starts_on_a_filled_bar():
    price = np.arange(10.0, 20.0)
    contract = np.array(["A"] * 5 + ["B"] * 5)
    filled = np.arange(10) == 7
    bars = Bars.of(
        np.arange(10),
        *[price] * 4,
        interval=1,
        contract=contract,
        filled=filled,
    )
    labels = direction_labels(bars, horizon=2)
    np.testing.assert_array_equal(np.flatnonzero(~labels.valid), [3, 4, 7, 8, 9])


def test_a_direction_ends_with_its_session(bars):
    day = sessions_of(bars, "cme_equity")
    carried = direction_labels(bars, horizon=30, session_end="carry")
    flat = direction_labels(bars, horizon=30)
    none = direction_labels(bars, horizon=30, session_end="invalid")
    session = day.window_of(bars.time)
    rows = np.flatnonzero(carried.valid & flat.valid)
    inside = session[rows] == session[carried.end_index[rows]]
    assert 100 < np.count_nonzero(~inside) < len(rows)
    for name in ("label", "ret", "end_time", "end_index"):
        np.testing.assert_array_equal(
            getattr(flat, name)[rows[inside]], getattr(carried, name)[rows[inside]]
        )
    for row in rows[~inside][::17]:
        last = np.flatnonzero(session == session[row])[-1]
        assert flat.end_index[row] == last
        got = math.log(bars.close[last] / bars.open[row + 1])
        assert flat.ret[row] == pytest.approx(got, abs=1e-15)
        assert flat.label[row] == (got > 0)
    assert not none.valid[rows[~inside]].any()
    assert none.valid[rows[inside]].all()


def test_a_sessions_end_makes_no_signal_known_earlier(bars):
    signal = np.zeros(len(bars))
    flat = signal_labels(bars, signal, known_after=29)
    rows = np.flatnonzero(flat.valid)
    np.testing.assert_array_equal(flat.end_time[rows], bars.time[rows + 30])
    np.testing.assert_array_equal(flat.known_at[rows], bars.time[rows + 30])
    bare = direction_labels(bars, horizon=30)
    np.testing.assert_array_equal(flat.ret[rows], bare.ret[rows])


def test_a_signal_is_taken_one_bar_later_and_ends_when_it_is_known(bars):
    rng = np.random.default_rng(5)
    signal = rng.integers(0, 2, len(bars)).astype(float)
    signal[100] = np.nan
    labels = signal_labels(bars, signal, known_after=3)
    rows = np.flatnonzero(labels.valid)
    assert 99 not in rows
    np.testing.assert_array_equal(labels.label[rows], signal[rows + 1])
    np.testing.assert_array_equal(labels.end_time[rows], bars.time[rows + 4])
    assert rows.max() == len(bars) - 5


def test_meta_labels_follow_the_money_of_each_side(bars):
    primary = triple_barrier(bars, horizon=10, upper=1.5, lower=1.0, sides="both")
    side = np.random.default_rng(2).integers(-1, 2, len(bars)).astype(np.int8)
    meta = meta_labels(primary, side, cost=1e-4)
    assert not meta.valid[side == 0].any()
    for row in np.flatnonzero(meta.valid)[::29]:
        made = (primary.long_ret if side[row] > 0 else primary.short_ret)[row]
        assert meta.label[row] == (1 if made > 1e-4 else 0)
        assert meta.ret[row] == made
    np.testing.assert_array_equal(meta.end_time, primary.end_time)


def judged(bars, cost):
    return meta_labels(direction_labels(bars), np.ones(len(bars), np.int8), cost=cost)


def test_costs_matter_where_there_is_a_trade(bars):
    cost = np.full(len(bars), 1e-4)
    side = np.ones(len(bars), np.int8)
    side[5], cost[5] = 0, np.nan
    assert not meta_labels(direction_labels(bars), side, cost=cost).valid[5]


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda b: direction_labels(b, horizon=0), "labels.horizon: 0"),
        (lambda b: signal_labels(b, np.ones(3)), "shape"),
        (lambda b: signal_labels(b, np.full(len(b), 2.0)), "row 0 is 2"),
        (lambda b: signal_labels(b, np.ones(len(b)), known_after=-1), "known_after"),
        (
            lambda b: meta_labels(direction_labels(b), np.full(len(b), 3, np.int8)),
            "labels.side",
        ),
        (lambda b: judged(b, np.nan), "labels.cost: nan of row 0 must be >= 0"),
        (lambda b: judged(b, -1e-4), "labels.cost: -0.0001 of row 0"),
        (lambda b: signal_labels(b, np.full(len(b), "on")), "labels.signal: could not"),
    ],
)
def test_arguments_that_cannot_work_are_named(bars, call, word):
    with pytest.raises(ConfigError, match=word):
        call(bars)
