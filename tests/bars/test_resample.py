from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barwise.bars.bars import Bars
from barwise.bars.intervals import parse_interval
from barwise.bars.resample import Resampler, bucket_bounds
from barwise.bars.sessions import session_table
from barwise.core.arrays import DAY, HOUR, MINUTE
from barwise.core.errors import ConfigError, DataError
from barwise.testing import stages
from oracles import resample_loop
from oracles import session_streams as ss

PROFILE = settings(max_examples=40, deadline=None, derandomize=True)
INTERVALS = st.sampled_from([m * MINUTE for m in (1, 5, 7, 15, 60, 240)] + [DAY])


def example(interval):
    return stages.Example(lambda: Resampler(interval, ss.TABLE), lambda bars: bars)


@PROFILE
@given(bars=ss.streams(), interval=INTERVALS)
def test_equals_the_reference_loop(bars, interval):
    stage = Resampler(interval, ss.TABLE)
    clock = int(bars.time[-1])
    ss.assert_rows(
        stage.push(bars),
        resample_loop.resample(ss.rows_of(bars), ss.PAIRS, interval, clock),
    )


@PROFILE
@given(bars=ss.streams(), interval=INTERVALS, wait=st.integers(0, 3000))
def test_advance_closes_what_has_passed(bars, interval, wait):
    stage = Resampler(interval, ss.TABLE)
    clock = int(bars.time[-1]) + wait * MINUTE
    both = Bars.concat([stage.push(bars), stage.advance(clock)])
    expected = resample_loop.resample(ss.rows_of(bars), ss.PAIRS, interval, clock)
    ss.assert_rows(both, expected)
    assert (np.diff(both.time) > 0).all() or (both.seq > 0).any()


@PROFILE
@given(bars=ss.streams(), interval=INTERVALS, places=ss.cuts())
def test_chunks_do_not_matter(bars, interval, places):
    stages.check_chunks(example(interval), bars, places)


@PROFILE
@given(bars=ss.streams(), interval=INTERVALS, cut=st.integers(0, 120))
def test_a_restart_changes_nothing(bars, interval, cut):
    stages.check_restore(example(interval), bars, min(cut, len(bars)))


@PROFILE
@given(
    bars=ss.streams(contracts=True),
    interval=INTERVALS,
    waits=st.lists(st.tuples(st.integers(0, 119), st.integers(0, 100)), max_size=5),
)
def test_nothing_is_emitted_for_a_time_that_was_over(bars, interval, waits):
    """What advance promised to the next stage is kept, rolls inside a bar included."""
    stage = Resampler(interval, ss.TABLE)
    over = -(2**62)
    quiet = {min(i, len(bars) - 1): percent for i, percent in waits}
    for i in range(len(bars)):
        made = stage.push(bars[i : i + 1])
        assert (made.time > over).all()
        over = int(bars.time[i])
        if i in quiet and i + 1 < len(bars):
            to = over + (int(bars.time[i + 1]) - 1 - over) * quiet[i] // 100
            made = stage.advance(to)
            assert (made.time > over).all() or not len(made) or to == over
            assert (made.time <= to).all()
            over = to


def test_a_bar_is_emitted_with_its_last_minute_and_not_before():
    rng = np.random.default_rng(0)
    times = ss.ns("2024-11-26T15:00") + np.arange(1, 8) * MINUTE
    bars = ss.minutes(times, rng=rng)
    stage = Resampler(5 * MINUTE, ss.TABLE)
    assert len(stage.push(bars[:4])) == 0
    assert stage.push(bars[4:5]).time.tolist() == [times[4]]
    assert len(stage.push(bars[5:])) == 0
    assert len(stage.advance(int(times[4]) + 5 * MINUTE - 1)) == 0
    late = stage.advance(int(times[4]) + 5 * MINUTE)
    assert late.time.tolist() == [times[4] + 5 * MINUTE]
    assert late.open_time.tolist() == [times[4]]
    assert late.close.tolist() == [bars.close[6]]


def test_a_row_after_advance_is_refused():
    bars = ss.minutes(ss.START + np.arange(1, 4) * MINUTE, rng=np.random.default_rng(0))
    stage = Resampler(5 * MINUTE, ss.TABLE)
    stage.push(bars[:1])
    stage.advance(int(bars.time[1]))
    with pytest.raises(DataError, match=r"row 0 at 2024-11-27T12:02.* was over"):
        stage.push(bars[1:])


@pytest.mark.parametrize("interval", [None, 7 * MINUTE])
def test_a_source_that_does_not_divide_the_target_is_refused(interval):
    one = np.ones(1)
    bars = Bars.of(np.array([ss.START]), one, one, one, one, interval=interval)
    with pytest.raises(DataError, match="multiple"):
        Resampler(5 * MINUTE, ss.TABLE).push(bars)


def repeated(bars, seed):
    """Event bars: some close at one time, and one of a time need not be the last."""
    times = np.random.default_rng(seed).integers(1, 4, len(bars))
    rows = bars[np.repeat(np.arange(len(bars)), times)]
    return replace(rows, interval=None)


EVENTS = stages.Example(
    lambda: Resampler(15 * MINUTE, ss.TABLE, repeats=True), lambda bars: bars
)


@PROFILE
@given(bars=ss.streams(contracts=False), interval=INTERVALS, seed=st.integers(0, 99))
def test_event_bars_close_with_a_strictly_later_row(bars, interval, seed):
    events = repeated(bars, seed)
    stage = Resampler(interval, ss.TABLE, repeats=True)
    rows, last = ss.rows_of(events), int(events.time[-1])
    before = resample_loop.resample(rows, ss.PAIRS, interval, last - 1)
    ss.assert_rows(stage.push(events), before)
    after = resample_loop.resample(rows, ss.PAIRS, interval, last)
    ss.assert_rows(stage.advance(last), after[len(before) :])


@PROFILE
@given(bars=ss.streams(), seed=st.integers(0, 99), places=ss.cuts())
def test_chunks_of_event_bars_do_not_matter(bars, seed, places):
    stages.check_chunks(EVENTS, repeated(bars, seed), places)


@PROFILE
@given(bars=ss.streams(), seed=st.integers(0, 99), interval=INTERVALS)
def test_a_bar_is_known_with_the_row_that_completes_it(bars, seed, interval):
    for rows in (bars, repeated(bars, seed)):
        whole, known = Resampler(interval, ss.TABLE, repeats=True).push_rows(rows)
        single = Resampler(interval, ss.TABLE, repeats=True)
        found = [len(single.push(rows[i : i + 1])) for i in range(len(rows))]
        np.testing.assert_array_equal(np.repeat(np.arange(len(rows)), found), known)
        assert (whole.time <= rows.time[known]).all()


def test_a_row_that_repeats_the_time_of_a_closed_bar_makes_one_of_its_own():
    bars = ss.minutes(
        ss.START + np.array([4, 5, 5, 5]) * MINUTE, rng=np.random.default_rng(0)
    )
    five = Resampler(5 * MINUTE, ss.TABLE, repeats=True).push(bars)
    assert five.time.tolist() == [bars.time[1]] * 3
    assert five.seq.tolist() == [0, 1, 2]
    assert five.open.tolist() == bars.open[[0, 2, 3]].tolist()
    with pytest.raises(DataError, match="one a time"):
        Resampler(5 * MINUTE, ss.TABLE).push(bars)


def test_volume_is_unknown_where_the_source_has_none():
    bars = ss.minutes(
        ss.START + np.arange(1, 11) * MINUTE, rng=np.random.default_rng(0), volume=False
    )
    assert np.isnan(Resampler(5 * MINUTE, ss.TABLE).push(bars).volume).all()


def test_a_roll_inside_a_bar_splits_it():
    rng = np.random.default_rng(1)
    times = ss.ns("2024-11-26T15:00") + np.arange(1, 6) * MINUTE
    names = np.array(["ESZ4"] * 3 + ["ESH5"] * 2)
    bars = ss.minutes(times, rng=rng, contract=names)
    five = Resampler(5 * MINUTE, ss.TABLE).push(bars)
    assert five.contract.tolist() == ["ESZ4", "ESH5"]
    assert five.time.tolist() == [times[3], times[4]]
    assert five.open_time.tolist() == [times[0] - MINUTE, times[3] - MINUTE]
    assert five.close.tolist() == [bars.close[2], bars.close[4]]
    last = names.copy()
    last[3] = "ESZ4"
    five = Resampler(5 * MINUTE, ss.TABLE).push(bars.with_columns(contract=last))
    assert five.time.tolist() == [times[4], times[4]]
    assert five.seq.tolist() == [0, 1]


@pytest.mark.parametrize("week", ["2024-03-10", "2024-11-03", "2025-03-09"])
def test_four_hour_bars_follow_the_exchange_over_a_clock_change(week):
    sunday = np.datetime64(week, "ns").astype(np.int64)
    table = session_table("cme_equity", int(sunday - 5 * DAY), int(sunday + 5 * DAY))
    inside = np.concatenate(
        [
            np.arange(a + MINUTE, b + 1, MINUTE)
            for a, b in zip(*table.window(), strict=True)
        ]
    )
    inside = inside[(inside >= table.start) & (inside <= table.end)]
    _, ends = bucket_bounds(inside, 4 * HOUR, table)
    local = pd.DatetimeIndex(np.unique(ends), tz="UTC").tz_convert("America/Chicago")
    assert set(local.strftime("%H:%M")) == {
        "21:00", "01:00", "05:00", "09:00", "13:00", "16:00",
    }  # fmt: skip


def test_regular_hours_count_from_the_regular_open():
    at = np.array([ss.ns("2024-11-26T15:30"), ss.ns("2024-11-26T20:59")])
    start, end = bucket_bounds(at, HOUR, ss.TABLE, "regular")
    assert [str(t.astype("datetime64[ns]"))[11:16] for t in (*start, *end)] == [
        "14:30", "20:30", "15:30", "21:00",
    ]  # fmt: skip


def _es_days(market_data):
    frame = pd.read_parquet(market_data / "ES_5m_2024-05_2026-02.parquet")
    opened = frame["timestamp"].dt.tz_localize(None).to_numpy("datetime64[ns]")
    bars = Bars.of(
        opened.astype(np.int64) + 5 * MINUTE,
        *(frame[name].to_numpy() for name in ("open", "high", "low", "close")),
        frame["volume"].to_numpy(),
        interval=5 * MINUTE,
        symbol="ES",
    )
    return bars, frame.set_index(frame["timestamp"] + pd.Timedelta("5min"))


HOW = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}


def test_hours_of_real_bars_equal_pandas(market_data):
    """Globex opens on the hour, so the session's hours are the clock's."""
    bars, frame = _es_days(market_data)
    table = session_table(
        "cme_equity", int(bars.time[0]) - DAY, int(bars.time[-1]) + DAY
    )
    ours = Resampler(HOUR, table).push(bars)
    theirs = frame.resample("1h", label="right", closed="right").agg(HOW).dropna()
    for name in HOW:
        np.testing.assert_allclose(
            getattr(ours, name), theirs[name].to_numpy()[: len(ours)], rtol=1e-15
        )
    # Half-days end at 12:15: pandas says 13:00, the bar closes with the session.
    stamps = theirs.index.tz_localize(None).to_numpy("datetime64[ns]").astype(np.int64)
    early = stamps[: len(ours)] - ours.time
    assert set(early.tolist()) == {0, 30 * MINUTE, 45 * MINUTE}
    assert len(theirs) - len(ours) in (0, 1)


def test_days_of_real_bars_equal_a_group_by_session_day(market_data):
    bars, frame = _es_days(market_data)
    table = session_table(
        "cme_equity", int(bars.time[0]) - DAY, int(bars.time[-1]) + DAY
    )
    ours = Resampler(DAY, table).push(bars)
    local = (frame.index - pd.Timedelta("1ns")).tz_convert("America/Chicago")
    day = (local.tz_localize(None) + pd.Timedelta("7h")).normalize()
    theirs = frame.groupby(day).agg(HOW)
    for name in HOW:
        np.testing.assert_array_equal(getattr(ours, name), theirs[name].to_numpy())
    named = table.day[table.index_of(ours.time)].astype("datetime64[D]")
    np.testing.assert_array_equal(
        named, theirs.index.to_numpy().astype("datetime64[D]")
    )


@pytest.mark.parametrize("text", ["5 minutes", "", "0min", "2d", "1.5h", "-5min"])
def test_an_interval_that_makes_no_sense_is_refused(text):
    with pytest.raises(ConfigError, match="interval"):
        parse_interval(text)


def test_intervals_are_read():
    assert [parse_interval(t) for t in ("30s", "1m", "5min", "4h", "1D", 60)] == [
        30 * 10**9, MINUTE, 5 * MINUTE, 4 * HOUR, DAY, 60,
    ]  # fmt: skip
