"""Event bars beside a slow loop, and the laws of a stage for every rule."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barwise.bars import TRADES, Bars, EventBuilder, EventRule, session_table
from barwise.core.arrays import DAY, HOUR, MINUTE
from barwise.core.errors import ConfigError, DataError
from barwise.stream.event_bars import SIDE
from barwise.testing import stages
from barwise.testing.streams import bar_streams, cuts
from oracles.event_bars import event_bars

PROFILE = settings(max_examples=40, deadline=None, derandomize=True)
RULES = [
    EventRule("tick", 7),
    EventRule("volume", 900),
    EventRule("dollar", 4e6),
    EventRule("tick_imbalance", 5),
    EventRule("volume_imbalance", 4),
    EventRule("dollar_imbalance", 6),
]
COLUMNS = (
    "time",
    "open_time",
    "open",
    "high",
    "low",
    "close",
    "volume",
    "filled",
    "contract",
)
START = int(np.datetime64("2024-03-03T12:00", "ns").astype(np.int64))
TABLE = session_table("cme_equity", START, START + 400 * DAY)
SESSIONS = list(zip(TABLE.open.tolist(), TABLE.close.tolist(), strict=True))

every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.kind)


@st.composite
def rows(draw):
    """Bars or trades with holes, unknown volumes, filled rows and rolls."""
    bars = draw(
        bar_streams(
            kinds=("constant", "zero_volume", "no_volume", "gap", "same_time", "jump")
        )
    )
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rolls = np.cumsum(rng.random(len(bars)) < 0.02)
    bars = bars.with_columns(
        contract=np.char.add("ES", rolls.astype(str)),
        filled=rng.random(len(bars)) < 0.1,
    )
    if draw(st.booleans()):
        return bars
    prices = dict.fromkeys(("open", "high", "low"), bars.close)
    return Bars(**(bars.columns() | prices), symbol="ES", rule=TRADES)


def as_dicts(bars):
    columns = [getattr(bars, name).tolist() for name in COLUMNS]
    return [dict(zip(COLUMNS, row, strict=True)) for row in zip(*columns, strict=True)]


def assert_bars(bars, expected):
    for name in COLUMNS:
        wanted = [bar[name] for bar in expected]
        np.testing.assert_array_equal(getattr(bars, name), wanted, err_msg=name)


def whole(rule, bars, sessions=TABLE, clock=None):
    builder = EventBuilder(rule, sessions)
    made = builder.push(bars)
    if clock is not None:
        made = Bars.concat([made, builder.advance(clock)])
    return made, builder


@every_rule
@PROFILE
@given(data=st.data())
def test_bars_are_those_of_a_slow_loop(rule, data):
    source = data.draw(rows())
    clock = int(source.time[-1]) + data.draw(st.sampled_from([0, HOUR, 2 * DAY]))
    made, builder = whole(rule, source, clock=clock)
    expected, left = event_bars(
        as_dicts(source), rule.kind, rule.size, SESSIONS, source.are_trades, clock
    )
    assert_bars(made, expected)
    assert builder.unfinished[0] == len(left)
    assert np.all(np.diff(made.time) >= 0)
    same = np.diff(made.time) == 0
    assert np.array_equal(np.diff(made.seq)[same], np.ones(same.sum()))
    assert (made.interval, made.rule, made.symbol) == (None, rule, source.symbol)


@every_rule
@PROFILE
@given(data=st.data(), places=cuts())
def test_the_laws_of_a_stage(rule, data, places):
    source, other = data.draw(rows()), data.draw(rows())
    cut = data.draw(st.integers(0, len(source)))
    example = stages.Example(lambda: EventBuilder(rule, TABLE), lambda bars: bars)
    stages.check_chunks(example, source, places)
    stages.check_restore(example, source, cut)
    shift = source.time[-1] - other.open_time[0]
    later = other.with_columns(
        time=other.time + shift, open_time=other.open_time + shift
    )
    stages.check_future(example, source, later, cut)


@every_rule
@PROFILE
@given(source=rows())
def test_nothing_is_lost(rule, source):
    made, builder = whole(rule, source)
    known = np.where(source.filled, 0.0, np.nan_to_num(source.volume))
    sure = EventBuilder(rule, TABLE)
    bars = sure.push(source.with_columns(volume=known))
    assert bars.volume.sum() + sure.unfinished[1] == pytest.approx(known.sum())
    assert len(made) + (builder.unfinished[0] > 0) <= len(source)


def trades(time, price, size):
    price = np.asarray(price, float)
    return Bars.of(
        np.asarray(time),
        *[price] * 4,
        np.asarray(size, float),
        interval=None,
        rule=TRADES,
        open_time=np.asarray(time),
    )


def test_a_large_trade_is_one_bar_and_two_may_share_a_moment():
    source = trades([5, 5, 5, 6], [10, 11, 12, 13], [10, 99, 99, 1])
    made, builder = whole(EventRule("volume", 50), source, None)
    assert made.volume.tolist() == [109, 99]
    assert made.time.tolist() == [5, 5]
    assert made.seq.tolist() == [0, 1]
    assert builder.unfinished == (1, 1.0)


def test_a_bar_ends_with_its_session():
    close = SESSIONS[2][1]
    source = trades(
        [close - HOUR, close - 1, close + 2 * HOUR], [10, 11, 12], [1, 1, 1]
    )
    made, builder = whole(EventRule("tick", 100), source)
    assert made.time.tolist() == [close]
    assert made.open_time.tolist() == [close - HOUR]
    assert made.volume.tolist() == [2]
    assert builder.unfinished == (1, 1.0)


def test_advance_ends_a_session_once():
    opened, close = SESSIONS[2]
    builder = EventBuilder(EventRule("tick", 100), TABLE)
    builder.push(trades([opened], [10], [1]))
    assert len(builder.advance(close - 1)) == 0
    assert builder.advance(close).time.tolist() == [close]
    assert len(builder.advance(close + DAY)) == 0
    with pytest.raises(DataError, match="was over"):
        builder.push(trades([close], [10], [1]))


def test_a_trade_at_the_open_lies_inside_and_one_at_the_close_does_not():
    opened, close = SESSIONS[2]
    source = trades([opened, close - 1, close, close + 1], [10] * 4, [1] * 4)
    made, _ = whole(EventRule("tick", 3), source, clock=close + 2 * DAY)
    assert made.volume.tolist() == [2, 2]
    assert made.time[0] == close


def test_midnight_stops_no_bar_where_trading_goes_on():
    table = session_table("crypto", START, START + 9 * DAY)
    time = START + np.arange(48) * HOUR
    made, _ = whole(EventRule("tick", 30), trades(time, [10] * 48, [1] * 48), table)
    assert made.time.tolist() == [time[29]]


def test_a_bar_never_spans_two_contracts():
    source = trades([1, 2, 3, 4], [10, 10, 60, 61], [1, 1, 1, 1]).with_columns(
        contract=np.array(["H4", "H4", "M4", "M4"])
    )
    made, _ = whole(EventRule("tick", 3), source, None)
    assert made.contract.tolist() == ["H4"]
    assert made.time.tolist() == [3]  # the change is known with the first row after it
    assert made.close.tolist() == [10]


def test_the_jump_at_a_roll_is_no_buying():
    """After an up-tick the roll's jump down leaves the direction as it was."""
    price = [10.0, 11.0, 5.0, 5.0, 5.0]
    source = trades(range(5), price, [1] * 5)
    rolled = source.with_columns(contract=np.array(["A", "A", "B", "B", "B"]))
    rule = EventRule("tick_imbalance", 2)
    flow = []
    for rows_ in (source, rolled):
        builder = EventBuilder(rule)
        builder.push(rows_)
        flow.append(builder.snapshot()["real"][SIDE])
    assert flow == [-1.0, 1.0]


@pytest.mark.parametrize("drift", [0.5, 0.62, 0.95])
def test_imbalance_bars_neither_collapse_nor_explode(drift):
    """On a walk, whatever its drift, a bar has about as many trades as were asked for."""
    rng = np.random.default_rng(8)
    count = 60_000
    price = 1e4 + np.cumsum(np.where(rng.random(count) < drift, 1.0, -1.0))
    source = trades(np.arange(count), price, np.ones(count))
    for size in (50, 400):
        made, _ = whole(EventRule("tick_imbalance", size), source, None)
        assert 0.25 * size < count / len(made) < 4 * size
        assert made.volume.max() <= 10 * size


def test_prices_that_stand_still_end_imbalance_bars_by_count():
    source = trades(np.arange(100), np.full(100, 7.0), np.ones(100))
    made, _ = whole(EventRule("dollar_imbalance", 20), source, None)
    assert made.volume.tolist() == [20] * 5


@pytest.mark.parametrize(
    ("kind", "size", "said"),
    [
        ("volumes", 5, "no rule of event bars"),
        ("volume", 0, "above 0"),
        ("dollar", float("nan"), "above 0"),
        ("tick", 2.5, "whole number"),
        ("tick_imbalance", 1, "at least 2"),
    ],
)
def test_impossible_rules_are_refused(kind, size, said):
    with pytest.raises(ConfigError, match=said):
        EventRule(kind, size)


def test_rows_must_be_in_order():
    with pytest.raises(DataError, match="in order of time"):
        EventBuilder(EventRule("tick", 2)).push(trades([2, 1], [1, 1], [1, 1]))


def test_blocks_are_no_matter():
    """More rows than one block of the stage."""
    rng = np.random.default_rng(1)
    count = 150_000
    price = 100 + 0.25 * np.cumsum(rng.integers(-1, 2, count))
    source = trades(START + np.arange(count) * MINUTE // 60, price, np.ones(count))
    for rule in (EventRule("tick", 7), EventRule("volume_imbalance", 30)):
        together, _ = whole(rule, source)
        builder = EventBuilder(rule, TABLE)
        parts = [builder.push(part) for part in source.split([1000, 70_000])]
        stages.assert_same(stages.joined(parts), together.columns())
