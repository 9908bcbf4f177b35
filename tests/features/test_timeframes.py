"""Columns on other timeframes: the laws, and what a row sees when."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from barwise.bars.sessions import coverage, session_table
from barwise.features import FeatureGraph
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
