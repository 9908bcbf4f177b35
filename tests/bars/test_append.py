"""A stored series that grows: what overlaps is compared, what differs is told."""

import json
import subprocess
import sys

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barwise.bars import (
    Bars,
    EventRule,
    append_bars,
    prepare,
    read_bars,
    simulate_bars,
    write_bars,
)
from barwise.core.arrays import MINUTE
from barwise.core.errors import ConfigError, DataError, LockedError
from oracles.append import append as slow_append

PROFILE = settings(max_examples=60, deadline=None, derandomize=True)
BARS = simulate_bars("MES", days=3, seed=4)


def as_dicts(bars):
    columns = {name: column.tolist() for name, column in bars.columns().items()}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]  # fmt: skip


def read(path):
    return read_bars(path, symbol="MES", label="close")


def spoil(bars, rng, count):
    close, volume = bars.close.copy(), bars.volume.copy()
    rows = rng.integers(0, len(bars), count)
    close[rows[::2]] += 0.25
    volume[rows[1::2]] = np.nan
    return bars.with_columns(close=close, volume=volume)


@st.composite
def two_series(draw):
    """A stored series and new bars: overlapping or not, with holes and changed values."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    bars = BARS[:60]
    if draw(st.booleans()):  # event bars, of which several may have one time
        repeated = np.sort(rng.integers(0, 25, len(bars))) * MINUTE + bars.time[0]
        prices = [bars.open, bars.high, bars.low, bars.close, bars.volume]
        bars = Bars.of(
            repeated, *prices, interval=None, symbol="MES", simulated=True,
            rule=EventRule("tick", 5), open_time=repeated,
        )  # fmt: skip
    begin = draw(st.integers(1, 40))
    old = bars[: draw(st.integers(begin, 60))]
    # Both begin at a time, so that rows of one time are numbered alike.
    new = bars[bars.time >= bars.time[begin]]
    if draw(st.booleans()):
        new = new[rng.random(len(new)) > 0.1]
    if draw(st.booleans()) and len(new):
        new = spoil(new, rng, 2)
    return old, new if len(new) else bars[begin:]


@PROFILE
@given(series=two_series(), keep=st.sampled_from([None, "stored", "new"]))
def test_the_result_is_that_of_a_slow_loop(tmp_path_factory, series, keep):
    old, new = series
    path = tmp_path_factory.mktemp("a") / "mes.parquet"
    write_bars(old, path)
    before = path.read_bytes()
    expected, equal, differ = slow_append(as_dicts(old), as_dicts(new), keep)
    if expected is None:
        with pytest.raises(DataError, match=f"{differ} of {equal + differ} rows"):
            append_bars(path, new)
        assert path.read_bytes() == before
        return
    made = append_bars(path, new, keep=keep)
    assert (made.rows, made.identical, made.differing) == (len(expected), equal, differ)
    assert made.keep == (keep if differ else None)
    stored = as_dicts(read(path))
    np.testing.assert_equal(stored, expected)
    after = path.read_bytes()
    assert (after != before) == made.changed
    again = append_bars(path, new, keep=keep)
    assert not again.changed
    assert path.read_bytes() == after


@pytest.fixture
def stored(tmp_path):
    path = tmp_path / "mes.parquet"
    write_bars(BARS[:2000], path)
    return path


def test_differences_name_rows_and_both_values(stored):
    close, high = BARS.close[1990:].copy(), BARS.high[1990:].copy()
    close[3] += 0.25
    high[3] = np.nan
    hole = np.delete(np.arange(len(close)), 5)
    new = BARS[1990:].with_columns(close=close, high=high)[hole]
    with pytest.raises(DataError) as caught:
        append_bars(stored, new)
    at = [
        str(np.datetime64(int(t), "s"))[:19] for t in BARS.time[[1993, 1995]] // 10**9
    ]
    _, first, second = str(caught.value).splitlines()
    assert first == (
        f"  {at[0]} UTC: high {BARS.high[1993]} stored, nan new; "
        f"close {BARS.close[1993]} stored, {close[3]} new"
    )
    assert second == f"  {at[1]} UTC: a row that only the stored bars have"
    assert "--keep stored" in str(caught.value)


def test_what_was_kept_is_told_in_the_file(stored):
    rng = np.random.default_rng(0)
    append_bars(stored, spoil(BARS[1990:2100], rng, 30), keep="new")
    append_bars(stored, BARS[2090:], keep="stored")
    facts = json.loads(pq.read_schema(stored).metadata[b"barwise"])
    assert [one["keep"] for one in facts["appended"]] == ["new", "stored"]
    assert [one["added"] for one in facts["appended"]] == [100, len(BARS) - 2100]


def test_a_gap_is_reported_where_the_market_traded(stored):
    made = append_bars(stored, BARS[2010:2500])
    assert made.gap == {
        "from": BARS.time[1999],
        "to": BARS.open_time[2010],
        "missing": 10,
    }
    session_end = int(np.argmax(np.diff(BARS.time) > MINUTE)) + 1
    write_bars(BARS[:session_end], stored)
    assert append_bars(stored, BARS[session_end:]).gap is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"symbol": "ES"}, "symbol 'MES', the new ones have 'ES'"),
        ({"interval": 5 * MINUTE}, "length '1 min', the new ones have '5 min'"),
        ({"prices": "bid"}, "prices 'trade', the new ones have 'bid'"),
        ({"simulated": False}, "simulated True"),
        ({"interval": None, "rule": EventRule("tick", 9)}, "have '9 trades'"),
        ({"contract": np.full(len(BARS), "H4")}, "differ in the columns contract"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_bars_of_another_kind_are_refused(stored, change, said):
    before = stored.read_bytes()
    with pytest.raises(DataError, match=said):
        append_bars(stored, BARS.with_columns(**change))
    assert stored.read_bytes() == before


def test_other_refusals(stored, tmp_path):
    write_bars(BARS[100:2000], stored)
    with pytest.raises(DataError, match="100 of the new rows lie before"):
        append_bars(stored, BARS)
    with pytest.raises(DataError, match=r"the new bars, row 1 .* is not later"):
        append_bars(stored, BARS[[2000, 1999]])
    with pytest.raises(DataError, match="no rows"):
        append_bars(stored, BARS[:0])
    with pytest.raises(DataError, match="data convert"):
        append_bars(tmp_path / "none.parquet", BARS)
    with pytest.raises(ConfigError, match="allowed values are stored, new"):
        append_bars(stored, BARS, keep="both")
    pq.write_table(pq.read_table(stored).replace_schema_metadata(), stored)
    with pytest.raises(DataError, match="was not written by barwise"):
        append_bars(stored, BARS)


def test_two_appends_at_once_are_refused(stored):
    import fcntl

    with stored.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(LockedError, match="another process"):
            append_bars(stored, BARS[2000:])
    assert append_bars(stored, BARS[2000:]).added == len(BARS) - 2000


KILLED = """
import os, signal, sys
from barwise.bars import append_bars, simulate_bars
real = getattr(os, sys.argv[2])
def die(*given):
    if sys.argv[3] == "after":
        real(*given)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(os, sys.argv[2], die)
append_bars(sys.argv[1], simulate_bars("MES", days=3, seed=4)[1990:])
"""


@pytest.mark.parametrize(
    ("call", "moment", "rows"),
    [
        ("fsync", "before", 2000),
        ("replace", "before", 2000),
        ("replace", "after", None),
    ],
)
def test_kill_9_leaves_the_old_file_or_the_new_one(stored, call, moment, rows):
    words = [sys.executable, "-c", KILLED, str(stored), call, moment]
    assert subprocess.run(words, check=False).returncode == -9
    assert len(read(stored)) == (rows or len(BARS))
    append_bars(stored, BARS[1990:])
    for name, column in read(stored).columns().items():
        np.testing.assert_array_equal(column, BARS.columns()[name])


def test_event_bars_grow_too(tmp_path):
    rule = EventRule("volume", 2000)
    bars, _ = prepare(BARS, interval=rule)
    path = tmp_path / "volume.parquet"
    write_bars(bars[:100], path)
    made = append_bars(path, bars[90:])
    assert (made.added, made.identical) == (len(bars) - 100, 10)
    again = read(path)
    assert again.rule == rule
    np.testing.assert_array_equal(again.close, bars.close)


def test_real_bars_of_two_overlapping_downloads(market_data, tmp_path):
    bars = read_bars(market_data / "6E_1m_2024-01.parquet", symbol="6E", label="close")
    path = tmp_path / "6E.parquet"
    write_bars(bars[:20_000], path)
    made = append_bars(path, bars[15_000:])
    assert (made.added, made.identical, made.gap) == (9_996, 5_000, None)
    stored = read_bars(path, symbol="6E", label="close")
    for name, column in stored.columns().items():
        np.testing.assert_array_equal(column, bars.columns()[name])
