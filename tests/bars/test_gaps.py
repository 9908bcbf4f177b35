import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barwise.bars.bars import Bars
from barwise.bars.gaps import GapFiller, interpolate_gaps
from barwise.bars.sessions import session_table
from barwise.core.arrays import DAY, MINUTE
from barwise.core.errors import DataError
from barwise.testing import stages
from oracles import resample_loop
from oracles import session_streams as ss

PROFILE = settings(max_examples=40, deadline=None, derandomize=True)
UNITS = st.sampled_from([MINUTE, 5 * MINUTE, 60 * MINUTE])


def example(unit):
    return stages.Example(lambda: GapFiller(unit, ss.TABLE), lambda bars: bars)


@st.composite
def grids(draw):
    unit = draw(UNITS)
    return draw(ss.streams(unit=unit)), unit


@PROFILE
@given(grid=grids())
def test_equals_the_reference_loop(grid):
    bars, unit = grid
    clock = int(bars.time[-1])
    ss.assert_rows(
        GapFiller(unit, ss.TABLE).push(bars),
        resample_loop.fill_gaps(ss.rows_of(bars), ss.PAIRS, unit, clock),
    )


@PROFILE
@given(grid=grids(), wait=st.integers(0, 3000))
def test_advance_fills_what_has_passed(grid, wait):
    bars, unit = grid
    stage = GapFiller(unit, ss.TABLE)
    clock = int(bars.time[-1]) + wait * MINUTE
    both = Bars.concat([stage.push(bars), stage.advance(clock)])
    expected = resample_loop.fill_gaps(ss.rows_of(bars), ss.PAIRS, unit, clock)
    ss.assert_rows(both, expected)


@PROFILE
@given(grid=grids(), place=st.integers(0, 119), percent=st.integers(0, 99))
def test_an_advance_on_the_way_changes_no_row(grid, place, percent):
    bars, unit = grid
    place = min(place, len(bars) - 1)
    to = int(bars.time[place])
    if place + 1 < len(bars):
        to += (int(bars.time[place + 1]) - 1 - to) * percent // 100
    whole = GapFiller(unit, ss.TABLE).push(bars)
    stage = GapFiller(unit, ss.TABLE)
    parts = [stage.push(bars[: place + 1]), stage.advance(to)]
    parts.append(stage.push(bars[place + 1 :]))
    together = Bars.concat(parts)
    # The rows after the last one are known by advance only.
    stages.assert_same(together[: len(whole)].columns(), whole.columns())
    assert (together.time[len(whole) :] > bars.time[-1]).all()


@PROFILE
@given(grid=grids(), places=ss.cuts())
def test_chunks_do_not_matter(grid, places):
    bars, unit = grid
    stages.check_chunks(example(unit), bars, places)


@PROFILE
@given(grid=grids(), cut=st.integers(0, 120))
def test_a_restart_changes_nothing(grid, cut):
    bars, unit = grid
    stages.check_restore(example(unit), bars, min(cut, len(bars)))


def test_nothing_is_made_across_a_break():
    rng = np.random.default_rng(0)
    times = np.array(
        [ss.ns("2024-11-26T21:57"), ss.ns("2024-11-26T23:03")]  # 15:57, 17:03 Chicago
    )
    full = GapFiller(MINUTE, ss.TABLE).push(ss.minutes(times, rng=rng))
    made = full[full.filled]
    clock = [str(t)[11:16] for t in made.time.astype("datetime64[ns]")]
    assert clock == ["21:58", "21:59", "22:00"]


def test_nothing_is_made_in_a_halt():
    at = ss.ns("2020-01-06T21:13")  # 15:13 Chicago; trading pauses 15:15 to 15:30
    times = np.array([at, at + 20 * MINUTE])
    table = session_table("cme_equity", at - DAY, at + DAY)
    bars = ss.minutes(times, rng=np.random.default_rng(0))
    made = GapFiller(MINUTE, table).push(bars)
    clock = [str(t)[14:16] for t in made.time.astype("datetime64[ns]")]
    assert clock == ["13", "14", "15", "31", "32", "33"]


def test_volume_stays_unknown_without_volume():
    times = ss.START + np.array([1, 4]) * MINUTE
    bars = ss.minutes(times, rng=np.random.default_rng(0), volume=False)
    assert np.isnan(GapFiller(MINUTE, ss.TABLE).push(bars).volume).all()


def test_bars_of_another_interval_are_refused():
    bars = ss.minutes(ss.START + np.arange(1, 3) * MINUTE, rng=np.random.default_rng(0))
    with pytest.raises(DataError, match="resample first"):
        GapFiller(5 * MINUTE, ss.TABLE).push(bars)


@PROFILE
@given(bars=ss.streams(contracts=False, volume=True, filled=False))
def test_interpolation_equals_pandas(bars):
    whole = interpolate_gaps(bars, ss.TABLE)
    index = pd.DatetimeIndex(whole.time)
    for name in ("open", "high", "low", "close"):
        known = pd.Series(np.where(whole.filled, np.nan, getattr(whole, name)), index)
        np.testing.assert_allclose(
            getattr(whole, name), known.interpolate(method="time"), rtol=1e-13
        )
    assert (whole.high >= np.maximum(whole.open, whole.close) - 1e-9).all()
    assert (whole.volume[whole.filled] == 0).all()


def test_interpolation_ends_with_the_last_bar_of_a_session():
    times = np.array(
        [
            ss.ns("2024-11-26T21:56"),
            ss.ns("2024-11-26T21:58"),
            ss.ns("2024-11-26T23:01"),
        ]
    )
    bars = ss.minutes(times, rng=np.random.default_rng(0))
    whole = interpolate_gaps(bars, ss.TABLE)
    assert whole.filled.tolist() == [False, True, False, False]


def test_interpolation_keeps_rows_that_were_filled_before():
    times = ss.START + np.array([1, 2, 4]) * MINUTE
    bars = ss.minutes(times, rng=np.random.default_rng(0))
    bars = bars.with_columns(filled=np.array([False, True, False]))
    whole = interpolate_gaps(bars, ss.TABLE)
    assert whole.filled.tolist() == [False, True, True, False]
    np.testing.assert_array_equal(whole[[0, 1, 3]].close, bars.close)
