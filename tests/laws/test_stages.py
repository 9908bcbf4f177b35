"""The laws of law 1, for every stage of the package; the tests find them."""

import importlib
import pkgutil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import barwise
from barwise.core.stage import Stage
from barwise.features import FeatureGraph, features, full_names
from barwise.stream import Graph, column
from barwise.stream.expr import ema, rolling_var
from barwise.testing import stages
from barwise.testing.stages import Example
from barwise.testing.streams import bar_streams, cuts

PROFILE = settings(max_examples=15, deadline=None, derandomize=True)


def _columns(bars):
    return {name: getattr(bars, name) for name in ("close", "volume")}


def _graph():
    close = column("close")
    return Graph({"ema": ema(close, 5), "var": rolling_var(column("volume"), 7)})


EXAMPLES = {
    Graph: Example(_graph, _columns),
    FeatureGraph: Example(lambda: FeatureGraph(full_names()), lambda bars: bars),
}


def _all_stages():
    for module in pkgutil.walk_packages(barwise.__path__, "barwise."):
        if not module.name.startswith(("barwise.models.nets", "barwise.__main__")):
            importlib.import_module(module.name)
    found, stack = set(), [Stage]
    while stack:
        for child in stack.pop().__subclasses__():
            stack.append(child)
            if child.__module__.startswith("barwise."):
                found.add(child)
    return found


def test_every_stage_has_an_example():
    missing = {stage.__name__ for stage in _all_stages() - set(EXAMPLES)}
    assert not missing, f"add an Example for {missing} to EXAMPLES"


every_stage = pytest.mark.parametrize(
    "stage", EXAMPLES, ids=lambda stage: stage.__name__
)


@every_stage
@PROFILE
@given(bars=bar_streams(), places=cuts())
def test_chunks_do_not_matter(stage, bars, places):
    stages.check_chunks(EXAMPLES[stage], bars, places)


@every_stage
@PROFILE
@given(bars=bar_streams(), other=bar_streams(), data=st.data())
def test_the_future_does_not_change_the_past(stage, bars, other, data):
    cut = data.draw(st.integers(0, len(bars)))
    later = other.with_columns(
        time=other.time - other.time[0] + bars.time[-1] + 1,
        open_time=other.open_time - other.time[0] + bars.time[-1] + 1,
    )
    stages.check_future(EXAMPLES[stage], bars, later, cut)


@every_stage
@PROFILE
@given(bars=bar_streams(), data=st.data())
def test_a_restart_changes_nothing(stage, bars, data):
    stages.check_restore(EXAMPLES[stage], bars, data.draw(st.integers(0, len(bars))))


@PROFILE
@given(bars=bar_streams())
def test_threads_do_not_matter(bars):
    names = full_names()
    one, two = FeatureGraph(names), FeatureGraph(names)
    np.testing.assert_array_equal(one.push(bars), two.push(bars, threads=2))
    stages.assert_same(one.snapshot(), two.snapshot())


def test_one_graph_of_all_features_gives_what_each_gives_alone():
    """So the laws above, shown for one graph of all features, hold for each."""
    rng = np.random.default_rng(3)
    rows = 600
    close = 5000 + 0.25 * np.cumsum(rng.integers(-4, 5, rows))
    time = np.datetime64("2024-03-04T15:00", "ns").astype(np.int64)
    bars = barwise.Bars.of(
        time + 300_000_000_000 * np.arange(rows),
        close,
        close + 0.5,
        close - 0.25,
        close + 0.25,
        rng.integers(0, 50, rows).astype(float),
        interval=300_000_000_000,
        symbol="MES",
    )
    names = full_names()
    together = FeatureGraph(names).push(bars)
    assert {name for one in features() for p in one.full for name in one.columns(**p)}
    for j, name in enumerate(names):
        alone = FeatureGraph([name]).push(bars)[:, 0]
        np.testing.assert_array_equal(alone, together[:, j], err_msg=name)
