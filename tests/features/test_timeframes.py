"""Columns on other timeframes: the laws, and what a row sees when."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barwise.bars.bars import Bars
from barwise.bars.sessions import coverage, session_table
from barwise.core.arrays import MINUTE
from barwise.core.errors import ConfigError, DataError, IntegrityError
from barwise.features import BarColumns, FeatureGraph, on, sourced
from barwise.features.sourced import SourcedGraph
from barwise.stream.expr import lag
from barwise.testing import stages
from barwise.testing.streams import bar_streams, cuts

PROFILE = settings(max_examples=25, deadline=None, derandomize=True)
NAMES = (
    "mtf_15min_return_1",
    "mtf_1h_rsi_2",
    "mtf_1h_volume_ratio_5",
    "mtf_4h_hour_sin",
    "mtf_1d_atr_ratio_2",
    "mtf_1h_mtf_4h_return_1",
    "rsi_14",
)
TABLE = session_table("cme_equity", *coverage("cme_equity"))
EXAMPLE = stages.Example(lambda: FeatureGraph(NAMES), lambda bars: bars)


@st.composite
def any_bars(draw):
    """Bars of five minutes, or event bars, with all faults of real feeds."""
    bars = draw(bar_streams())
    return replace(bars, interval=None) if draw(st.booleans()) else bars


@PROFILE
@given(bars=any_bars(), places=cuts())
def test_chunks_do_not_matter(bars, places):
    stages.check_chunks(EXAMPLE, bars, places)


@PROFILE
@given(data=st.data())
def test_a_restart_changes_nothing(data):
    bars = data.draw(any_bars())
    stages.check_restore(EXAMPLE, bars, data.draw(st.integers(0, len(bars))))


@pytest.mark.parametrize("threads", [1, 2])
def test_blocks_that_are_prepared_meanwhile_change_nothing(walk, monkeypatch, threads):
    expected = FeatureGraph(NAMES).push(walk)
    monkeypatch.setattr(sourced, "_BLOCK", 37)
    graph = FeatureGraph(NAMES)
    np.testing.assert_array_equal(graph.push(walk, threads=threads), expected)
    again = FeatureGraph(NAMES)
    again.push(walk)
    for key, value in again.snapshot().items():
        np.testing.assert_array_equal(graph.snapshot()[key], value, key)


@PROFILE
@given(data=st.data())
def test_advance_does_not_change_a_row(data):
    """It says what is over, and a row that comes later would have said so too."""
    bars = data.draw(any_bars())
    graph, told = FeatureGraph(NAMES), FeatureGraph(NAMES)
    expected = graph.push(bars)
    for row in range(len(bars)):
        if row and data.draw(st.booleans(), label="advance"):
            passed = int(bars.time[row]) - int(bars.time[row - 1])
            share = data.draw(st.integers(0, max(passed - 1, 0)))
            told.advance(int(bars.time[row - 1]) + share if passed else -1)
        np.testing.assert_array_equal(
            told.push(bars[row : row + 1]), expected[row : row + 1]
        )


def test_finer_bars_may_come_in_any_pieces(walk):
    """Early or just in time; what comes after its row is refused and changes nothing."""
    fine = minutes_under(walk)
    names = ["mtf_1min_realized_vol_5", "mtf_1min_return_1", "mtf_1h_rsi_2"]
    expected = FeatureGraph(names).push(walk, fine=fine)
    graph = FeatureGraph(names)
    rows = [
        graph.push(walk[:10], fine=fine[:50]),
        graph.push(walk[10:10], fine=fine[50:90]),
    ]
    with pytest.raises(DataError, match="comes after the row of"):
        graph.push(walk[10:11], fine=fine[49:50])
    rows.append(graph.push(walk[10:18]))
    rows += [
        graph.push(walk[i : i + 1], fine=fine[5 * i : 5 * i + 5]) for i in range(18, 40)
    ]
    revived = FeatureGraph(names)
    revived.restore(graph.snapshot())
    rows.append(revived.push(walk[40:], fine=fine[200:]))
    np.testing.assert_array_equal(np.concatenate(rows), expected)
    last = fine.close[4::5] / fine.close[3::5] - 1.0
    np.testing.assert_allclose(expected[:, 1], last, rtol=1e-6, atol=1e-9)


def test_a_row_does_not_see_finer_bars_that_close_after_it(walk):
    fine = minutes_under(walk)
    names = ["mtf_1min_realized_vol_5", "mtf_1min_return_1"]
    later = fine.time > walk.time[300]
    other = fine.with_columns(close=np.where(later, 3.0 * fine.close, fine.close))
    one, two = (FeatureGraph(names).push(walk, fine=each) for each in (fine, other))
    np.testing.assert_array_equal(one[:301], two[:301])
    assert (one[301:] != two[301:]).any()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("mtf_5min_rsi_14", "that is what the rows are already"),
        ("mtf_7min_rsi_14", "no multiple of 5min"),
        ("mtf_60min_rsi_14", "one spelling: 1h for 60min"),
        ("mtf_2d_rsi_14", "at most 1d"),
        ("mtf_1h_rsx_14", "unknown feature 'rsx_14': did you mean rsi_14"),
        ("mtf_1h_mtf_15min_rsi_14", "15min bars inside 1h bars"),
        (
            "mtf_1min_rsi_14",
            r"finer than the rows, and there are none: push\(bars, fine=",
        ),
    ],
)
def test_a_timeframe_that_cannot_be_is_refused(walk, name, message):
    with pytest.raises(ConfigError, match=message):
        FeatureGraph([name], interval="5min").push(walk)


def test_a_snapshot_belongs_to_what_is_computed_on_the_longer_bars(walk):
    close = BarColumns().close
    one, other = (SourcedGraph({"x": on("1h", e)}) for e in (close, lag(close, 1)))
    assert one.hash != other.hash
    one.push(walk[:50])
    with pytest.raises(IntegrityError, match="another set of features"):
        other.restore(one.snapshot())


def minutes_under(bars):
    """Five one-minute bars under each row; the last closes with it."""
    ends = np.repeat(bars.time, 5) - np.tile(np.arange(4, -1, -1), len(bars)) * MINUTE
    rng = np.random.default_rng(2)
    close = np.repeat(bars.close, 5) * np.exp(1e-4 * rng.standard_normal(len(ends)))
    return Bars.of(ends, close, close, close, close, interval=MINUTE, symbol="MES")
