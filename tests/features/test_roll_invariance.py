"""What a roll leaves behind in a column: tried, and compared with what is declared."""

import numpy as np
import pytest

from barwise.bars.prepare import prepare
from barwise.bars.simulate import simulate_bars
from barwise.features import FeatureGraph, find, full_names, set_columns, set_names
from barwise.features.roll_invariance import roll_invariant


@pytest.fixture(scope="module")
def bars():
    # Long enough for averages of 20 days.
    return prepare(simulate_bars("MES", days=45, seed=5), interval="5min")[0]


def fitted(names, bars, **settings):
    return FeatureGraph(names, **settings).fit(bars)


@pytest.fixture(scope="module")
def kept(bars):
    return roll_invariant(fitted(full_names(), bars), bars)


def test_a_column_is_invariant_unless_it_is_in_price_units(kept):
    """The declaration in a feature's decorator and the trial know nothing of each other."""
    assert kept == {name: not find(name)[0].price_units for name in kept}


@pytest.mark.parametrize("name", [name for name in set_names() if name != "full"])
def test_built_in_sets_keep_nothing_of_a_roll(name, kept, bars):
    columns = set_columns(name)
    more = [column for column in columns if column not in kept]
    kept = kept | (roll_invariant(fitted(more, bars), bars) if more else {})
    assert [column for column in columns if not kept[column]] == []


def test_differences_keep_what_is_measured_in_points(bars):
    graph = FeatureGraph(
        ["macd", "rsi_14", "atr_14", "return_1", "ema_20"], roll_adjustment="difference"
    )
    assert [name for name, same in roll_invariant(graph, bars).items() if same] == [
        "macd",
        "rsi_14",
        "atr_14",
    ]


def test_a_gap_that_stays_is_in_all_that_looks_back(bars):
    names = ["range_pct", "return_1", "gap_session", "volume_ratio_20", "obv", "ema_20"]
    graph = FeatureGraph(names, roll_adjustment="none")
    assert [name for name, same in roll_invariant(graph, bars).items() if same] == [
        "range_pct",
        "volume_ratio_20",
    ]


def test_a_column_without_values_is_not_called_invariant(bars):
    assert roll_invariant(FeatureGraph(["rsi_14"]), bars[:5]) == {"rsi_14": False}
    assert roll_invariant(FeatureGraph(["rsi_14"]), bars[:0]) == {"rsi_14": False}


def test_the_graph_is_left_as_it_was(bars):
    graph = FeatureGraph(["rsi_14"])
    before = graph.snapshot()
    roll_invariant(graph, bars)
    for name, array in graph.snapshot().items():
        np.testing.assert_array_equal(array, before[name])
