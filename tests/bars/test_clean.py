"""The cleaner against a slow loop, and the laws of a stage."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barwise.bars.bars import Bars
from barwise.bars.checks import RANGES, STALE_ROWS, TICKS, WICK
from barwise.bars.clean import Cleaner, arrange, clean_file, source_order
from barwise.bars.policies import REPAIRS
from barwise.core.arrays import MINUTE
from barwise.core.errors import ConfigError, DataError

START = 1_700_000_040_000_000_000 // MINUTE * MINUTE


def dirty(seed: int, rows: int = 400) -> Bars:
    """Bars with every fault there is, planted at random."""
    rng = np.random.default_rng(seed)
    steps = rng.choice([1] * 16 + [0, 2, 40, -3], size=rows)
    time = START + np.cumsum(steps) * MINUTE + rng.choice([0] * 30 + [7], size=rows)
    close = 100 + np.round(rng.normal(size=rows).cumsum() * (rng.random(rows) < 0.6), 1)
    first = np.r_[close[0], close[:-1]]
    high = np.maximum(first, close) + rng.choice(
        [0, 0.1, 5000.0], p=[0.6, 0.38, 0.02], size=rows
    )
    low = np.minimum(first, close) - rng.choice([0, 0.1], size=rows)
    volume = rng.choice(
        [0.0, 5.0, -1.0, np.nan, np.inf], p=[0.1, 0.7, 0.1, 0.05, 0.05], size=rows
    )
    for array, value in ((high, np.nan), (low, np.inf), (close, 0.0), (first, 500.0)):
        array[rng.random(rows) < 0.02] = value
    swapped = rng.random(rows) < 0.03
    high[swapped], low[swapped] = low[swapped], high[swapped]
    for row in np.flatnonzero(rng.random(rows) < 0.05)[1:]:
        for array in (time, first, high, low, close, volume):
            array[row] = array[row - 1]
    flat = slice(rows // 2, rows // 2 + 90)
    for array in (first, high, low, close):
        array[flat] = 100.0
    return Bars.of(time, first, high, low, close, volume, interval=MINUTE, symbol="X")


def slow_clean(bars: Bars):  # noqa: C901 - one loop, on purpose
    """The rules of ``repair`` one row at a time. DO NOT EDIT to match the cleaner."""
    counts = dict.fromkeys(REPAIRS, 0)
    out, last, raw_last, run, ranges = [], None, None, 0, []
    for i in range(len(bars)):
        raw = tuple(
            float(getattr(bars, n)[i])
            for n in ("open", "high", "low", "close", "volume")
        )
        o, h, l, c, v = raw  # noqa: E741
        t = int(bars.time[i])
        finite = all(np.isfinite(x) for x in (o, h, l, c))
        if v < 0 or np.isinf(v):
            counts["negative_volume"] += 1
            v = np.nan
        if not finite:
            counts["non_finite"] += 1
        elif min(o, h, l, c) <= 0:
            counts["non_positive"] += 1
        if finite:
            if h < l:
                counts["high_below_low"] += 1
                h, l = l, h  # noqa: E741
            if max(o, c) > h or min(o, c) < l:
                counts["open_close_outside"] += 1
                h, l = max(h, o, c), min(l, o, c)  # noqa: E741
        if not finite or min(raw[:4]) <= 0:
            continue
        if last is not None and t < last[0]:
            counts["out_of_order"] += 1
            continue
        if last is not None and t == last[0]:
            same = all(
                a == b or (a != a and b != b)
                for a, b in zip(raw, raw_last, strict=True)
            )
            counts["duplicate" if same else "conflict"] += 1
            continue
        counts["zero_volume"] += v == 0
        counts["flat"] += h == l
        goes_on = run and h == l and c == last[1]
        run = (run + 1 if goes_on else 1) if h == l else 0
        counts["stale"] += run >= STALE_ROWS
        counts["off_grid"] += t % MINUTE != 0
        counts["gap"] += last is not None and t - last[0] > MINUTE
        before = last[1] if last else o
        top, bottom = max(o, c, before), min(o, c, before)
        if len(ranges) >= RANGES:
            scale = sum(ranges[-RANGES:]) / RANGES
            counts["bad_tick"] += max(h - top, bottom - l) > WICK * scale
        if top > bottom:
            ranges.append(top - bottom)
        out.append((t, o, h, l, c, v))
        last, raw_last = (t, c), raw
    return out, counts


@pytest.mark.parametrize("seed", range(6))
def test_against_the_slow_loop(seed):
    bars = dirty(seed)
    cleaner = Cleaner()
    got = cleaner.push(bars)
    rows, counts = slow_clean(bars)
    wanted = np.array(rows).T
    for name, column in zip(
        ("open", "high", "low", "close", "volume"), wanted[1:], strict=True
    ):
        np.testing.assert_array_equal(getattr(got, name), column, err_msg=name)
    assert got.time.tolist() == [row[0] for row in rows]
    counts.pop("outside_session")
    assert {kind: cleaner.report.count(kind) for kind in counts} == counts
    assert all(counts.values())
    assert (cleaner.report.rows_in, cleaner.report.rows_out) == (len(bars), len(got))


def _same(left: Bars, right: Bars) -> None:
    for name, column in left.columns().items():
        np.testing.assert_array_equal(column, getattr(right, name), err_msg=name)


POLICIES = ["repair", "drop", {"bad_tick": "drop", "flat": "drop", "gap": "keep"}]


@pytest.mark.parametrize("policy", POLICIES)
@given(seed=st.integers(0, 99), cuts=st.lists(st.integers(0, 200), max_size=6))
@settings(max_examples=15, deadline=None)
def test_chunks_and_restarts_do_not_matter(policy, seed, cuts):
    bars = dirty(seed, rows=200)
    whole = Cleaner(policy, tick_size=0.1)
    wanted = whole.push(bars)
    parts, state = [], Cleaner(policy, tick_size=0.1).snapshot()
    for piece in bars.split(cuts):
        cleaner = Cleaner(policy, tick_size=0.1)
        cleaner.restore(state)
        parts.append(cleaner.push(piece))
        state = cleaner.snapshot()
    _same(Bars.concat(parts), wanted)
    assert cleaner.report == whole.report
    for name, array in whole.snapshot().items():
        np.testing.assert_array_equal(state[name], array, err_msg=name)


def test_one_row_at_a_time():
    bars = dirty(5, rows=150)
    cleaner = Cleaner()
    parts = [cleaner.push(bars[i : i + 1]) for i in range(len(bars))]
    _same(Bars.concat(parts), Cleaner().push(bars))


def test_snapshot_is_a_copy():
    cleaner = Cleaner()
    state = cleaner.snapshot()
    frozen = {name: array.copy() for name, array in state.items()}
    cleaner.push(dirty(1))
    for name, array in frozen.items():
        np.testing.assert_array_equal(state[name], array)


def plain(times, close=None, **more) -> Bars:
    close = np.full(len(times), 100.0) if close is None else np.asarray(close, float)
    time = START + np.asarray(times) * MINUTE
    return Bars.of(
        time,
        close,
        close + 0.5,
        close - 0.5,
        close,
        interval=MINUTE,
        symbol="X",
        **more,
    )


def test_advance_makes_rows_late():
    cleaner = Cleaner()
    cleaner.push(plain([0]))
    assert len(cleaner.advance(START + 5 * MINUTE)) == 0
    assert len(cleaner.push(plain([3, 5, 6]))) == 1
    assert cleaner.report["out_of_order"].rows == (1, 2)


def test_first_of_a_time_wins_also_when_an_earlier_one_was_impossible():
    bars = plain([0, 1, 1, 1, 2], [1, np.nan, 2, 3, 4])
    cleaner = Cleaner()
    assert cleaner.push(bars).close.tolist() == [1, 2, 4]
    assert cleaner.report["conflict"].rows == (3,)
    assert cleaner.report["non_finite"].rows == (1,)


def test_sorting_names_source_rows_and_is_offline():
    raw = plain([0, 3, 1, 3, 2], [1, 4, 2, 4, np.nan])
    bars, findings = arrange(raw)
    assert findings[0].rows == (2, 4)
    assert source_order(raw).tolist() == [0, 2, 4, 1, 3]
    assert arrange(bars)[0] is bars
    cleaned, report = clean_file(raw)
    assert cleaned.close.tolist() == [1, 2, 4]
    assert report.offline
    assert report["out_of_order"].action == "sorted"
    assert report["duplicate"].rows == (3,)
    assert report["non_finite"].rows == (4,)


def test_sorting_is_stable():
    raw = plain([1, 0, 1], [10, 20, 30])
    assert arrange(raw)[0].close.tolist() == [20, 10, 30]


def test_rows_out_of_order_can_be_dropped_or_refused():
    raw = plain([0, 3, 1], [1, 2, 3])
    cleaned, report = clean_file(raw, {"out_of_order": "drop"})
    assert cleaned.close.tolist() == [1, 2]
    assert not report.offline
    with pytest.raises(DataError, match=r"row 2 .*out_of_order: time goes back"):
        clean_file(raw, {"out_of_order": "error"})


def test_event_bars_may_share_a_time():
    one = np.ones(5)
    close = np.array([1.0, 1.0, 2.0, 2.0, 3.0])
    time = START + np.array([0, 1, 1, 1, 1])
    bars = Bars.of(
        time, close, close + one, close, close, one, interval=None, symbol="X"
    )
    cleaner = Cleaner()
    parts = [cleaner.push(piece) for piece in bars.split([2])]
    got = Bars.concat(parts)
    assert got.seq.tolist() == [0, 0, 1, 2]
    assert got.close.tolist() == [1, 1, 2, 3]
    assert cleaner.report["duplicate"].rows == (3,)
    assert cleaner.report.count("gap") == cleaner.report.count("conflict") == 0


def test_two_contracts_at_one_time_are_refused():
    bars = plain([0, 1, 1], contract=np.array(["H4", "H4", "M4"]))
    with pytest.raises(DataError, match=r"contracts 'H4' and 'M4' both have a bar at"):
        Cleaner().push(bars)
    cleaner = Cleaner()
    cleaner.push(bars[:2])
    with pytest.raises(DataError, match="'H4' and 'M4'"):
        cleaner.push(bars[2:])
    assert len(Cleaner().push(bars[bars.contract == "H4"])) == 2


FAULTS = {
    "duplicate": plain([0, 0]),
    "conflict": plain([0, 0], [1, 2]),
    "out_of_order": plain([1, 0]),
    "non_finite": plain([0], [np.inf]),
    "non_positive": plain([0], [-5]),
    "gap": plain([0, 7]),
    "flat": plain([0]).with_columns(high=np.array([100.0]), low=np.array([100.0])),
    "high_below_low": plain([0]).with_columns(high=np.array([90.0])),
    "open_close_outside": plain([0]).with_columns(high=np.array([99.75])),
    "negative_volume": plain([0], volume=np.array([-1.0])),
    "zero_volume": plain([0], volume=np.array([0.0])),
}


@pytest.mark.parametrize("kind", FAULTS)
def test_error_names_row_time_value_rule_and_way_out(kind):
    bars = FAULTS[kind]
    cleaner = Cleaner({kind: "error"})
    before = cleaner.snapshot()
    with pytest.raises(DataError) as caught:
        cleaner.push(bars)
    message = str(caught.value)
    assert message.startswith(f"X, row {len(bars) - 1} (close 2023-11-14T22:")
    assert f"): {kind}: " in message
    assert f"close {bars.close[-1]:.10g}" in message
    assert f"policy={{{kind!r}: 'repair'}} goes on" in message
    for name, array in cleaner.snapshot().items():
        np.testing.assert_array_equal(array, before[name], err_msg=name)


@pytest.mark.parametrize(
    "kind", [k for k in FAULTS if k not in ("gap", "out_of_order")]
)
def test_drop_takes_the_row_out(kind):
    cleaner = Cleaner({kind: "drop"})
    assert len(cleaner.push(FAULTS[kind])) == len(FAULTS[kind]) - 1
    assert cleaner.report[kind].action == "dropped"


def test_one_word_policies():
    noisy = plain([0, 5, 5], [1, 2, 2])
    with pytest.raises(DataError, match="duplicate"):
        Cleaner("error").push(noisy)
    assert len(Cleaner("error").push(noisy[:2])) == 2
    assert len(Cleaner("drop").push(FAULTS["high_below_low"])) == 0
    kept = Cleaner({"non_positive": "keep"}).push(FAULTS["non_positive"])
    assert kept.close.tolist() == [-5]


def test_kept_negative_volume_and_repaired_one():
    bars = FAULTS["negative_volume"]
    assert np.isnan(Cleaner().push(bars).volume[0])
    assert Cleaner({"negative_volume": "keep"}).push(bars).volume[0] == -1


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ("repiar", "policy='repiar': allowed values are .*did you mean 'repair'"),
        ("keep", "cannot be for every finding"),
        (
            {"duplicates": "drop"},
            "'duplicates' is no kind of finding.*did you mean 'duplicate'",
        ),
        ({"gap": "drop"}, "there is no row to drop"),
        ({"conflict": "keep"}, r"policy\['conflict'\]='keep' is impossible"),
        ({"flat": "fix"}, r"policy\['flat'\]='fix': allowed values"),
    ],
)
def test_impossible_policies(policy, message):
    with pytest.raises(ConfigError, match=message):
        Cleaner(policy)


def test_tick_size_must_be_positive():
    with pytest.raises(ConfigError, match="tick_size=0 must be positive"):
        Cleaner(tick_size=0)


def test_bad_ticks_are_found_and_a_bad_one_does_not_hide_the_next():
    rng = np.random.default_rng(0)
    close = 100 + np.round(rng.normal(size=500).cumsum() * 0.1, 2)
    bars = plain(range(500), close)
    high = np.maximum(bars.close, np.r_[close[0], close[:-1]]) + 0.05
    high[[300, 305, 310]] *= 10  # the decimal point slipped
    bars = bars.with_columns(open=np.r_[close[0], close[:-1]], high=high)
    assert Cleaner().push(bars) is not None
    cleaner = Cleaner()
    cleaner.push(bars.with_columns(low=np.minimum(bars.open, bars.close)))
    assert cleaner.report["bad_tick"].rows == (300, 305, 310)
    assert cleaner.report["bad_tick"].action == "kept"
    coarse = Cleaner(tick_size=1000.0 / TICKS)
    coarse.push(bars.with_columns(low=np.minimum(bars.open, bars.close)))
    assert coarse.report.count("bad_tick") == 0


def test_hourly_grid_is_set_by_its_first_row():
    hour = 60
    times = START // MINUTE + np.array([0, hour, 2 * hour, 2 * hour + 90])
    close = np.full(4, 100.0)
    bars = Bars.of(
        times * MINUTE, close, close + 1, close - 1, close, interval=hour * MINUTE
    )
    cleaner = Cleaner()
    cleaner.push(bars)
    assert cleaner.report["off_grid"].rows == (3,)


def test_empty_push_and_contract_column_travel():
    bars = plain([0, 1], contract=np.array(["H4", "M4"]))
    cleaner = Cleaner()
    assert len(cleaner.push(bars[:0])) == 0
    assert cleaner.push(bars).contract.tolist() == ["H4", "M4"]
    assert cleaner.report.rows_in == 2
