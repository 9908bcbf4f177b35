"""The laws of law 1, for every stage of the package; the tests find them."""

import importlib
import pkgutil
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import barwise
from barwise.bars.clean import Cleaner
from barwise.bars.event_builder import EventBuilder
from barwise.bars.event_rule import TRADES, EventRule
from barwise.bars.gaps import GapFiller
from barwise.bars.prepare import Preparer
from barwise.bars.resample import Resampler
from barwise.bars.roll_adjust import RollAdjuster
from barwise.bars.session_filter import SessionFilter
from barwise.bars.sessions import coverage, session_table
from barwise.bars.trade_cleaner import TradeCleaner
from barwise.core.arrays import DAY, MINUTE
from barwise.core.stage import Stage
from barwise.features import FeatureGraph, features, full_names
from barwise.stream import Graph, column
from barwise.stream.expr import ema, rolling_var
from barwise.stream.resolver import BarrierInput, BarrierResolver
from barwise.testing import stages
from barwise.testing.stages import Example
from barwise.testing.streams import KINDS, bar_streams, cuts

PROFILE = settings(max_examples=15, deadline=None, derandomize=True)


NO_REPEATS = tuple(kind for kind in KINDS if kind != "same_time")
TABLE = session_table("cme_equity", *coverage("cme_equity"))
LENGTH = 15 * MINUTE


@dataclass(frozen=True)
class Trial(Example):
    """An example with the faults that its input may have."""

    kinds: tuple[str, ...] = KINDS


def _columns(bars):
    return {name: getattr(bars, name) for name in ("close", "volume")}


def _graph():
    close = column("close")
    return Graph({"ema": ema(close, 5), "var": rolling_var(column("volume"), 7)})


def _bars(rows, seed):
    rng = np.random.default_rng(seed)
    close = 5000 + 0.25 * np.cumsum(rng.integers(-4, 5, rows))
    time = np.datetime64("2024-03-04T15:00", "ns").astype(np.int64)
    return barwise.Bars.of(
        time + 5 * MINUTE * np.arange(rows),
        close,
        close + 0.5,
        close - 0.25,
        close + 0.25,
        rng.integers(0, 50, rows).astype(float),
        interval=5 * MINUTE,
        symbol="MES",
    )


NAMES = [
    *full_names(),
    *(f"regime_hmm_{k}_p{i}" for k in (2, 4) for i in range(k)),
]
LEARNED = FeatureGraph(NAMES).fit(_bars(600, seed=4)).fitted_parameters
"""Fitted columns obey the laws from their fit on: it is a fixed history here."""


def _features(names=NAMES):
    return FeatureGraph(names).with_parameters(LEARNED)


def _barrier_input(bars):
    return BarrierInput.of(
        bars.time,
        bars.open,
        bars.high,
        bars.low,
        bars.close,
        1.0 + bars.high - bars.low,
        session=bars.time // DAY,
        filled=bars.filled,
        contract=_contract_numbers(bars),
    )


def _contract_numbers(bars):
    if bars.contract is None:
        return None
    return np.array([int.from_bytes(name.encode()) for name in bars.contract], np.int64)


def _trades(bars):
    """One trade at each close."""
    close = bars.close
    columns = bars.columns() | {"open": close, "high": close, "low": close}
    return barwise.Bars(**columns, symbol=bars.symbol, rule=TRADES)


def _resolver():
    return BarrierResolver(
        horizon=6, upper=1.5, lower=1.0, tick=0.25, times_repeat=True
    )


def _preparer():
    return Preparer(interval=LENGTH, sessions=TABLE, session="ETH", tick_size=0.25)


EXAMPLES = {
    Graph: Trial(_graph, _columns),
    FeatureGraph: Trial(_features, lambda bars: bars),
    # Prices that are not finite are refused: see tests/stream/test_barriers.py.
    BarrierResolver: Trial(
        _resolver, _barrier_input, tuple(kind for kind in KINDS if kind != "nan")
    ),
    Cleaner: Trial(lambda: Cleaner("repair", 0.25, TABLE), lambda bars: bars),
    SessionFilter: Trial(lambda: SessionFilter(TABLE, "RTH"), lambda bars: bars),
    Resampler: Trial(lambda: Resampler(LENGTH, TABLE), lambda bars: bars, NO_REPEATS),
    GapFiller: Trial(
        lambda: GapFiller(5 * MINUTE, TABLE), lambda bars: bars, NO_REPEATS
    ),
    Preparer: Trial(_preparer, lambda bars: bars),
    RollAdjuster: Trial(RollAdjuster, lambda bars: bars),
    # Every rule: see tests/bars/test_event_builder.py.
    EventBuilder: Trial(
        lambda: EventBuilder(EventRule("volume_imbalance", 5), TABLE), lambda bars: bars
    ),
    TradeCleaner: Trial(
        lambda: TradeCleaner({"duplicate": "drop"}, sessions=TABLE), _trades
    ),
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
@given(data=st.data(), places=cuts())
def test_chunks_do_not_matter(stage, data, places):
    bars = data.draw(bar_streams(kinds=EXAMPLES[stage].kinds))
    stages.check_chunks(EXAMPLES[stage], bars, places)


@every_stage
@PROFILE
@given(data=st.data())
def test_the_future_does_not_change_the_past(stage, data):
    streams = bar_streams(kinds=EXAMPLES[stage].kinds)
    bars, other = data.draw(streams), data.draw(streams)
    cut = data.draw(st.integers(0, len(bars)))
    shift = bars.time[-1] - other.open_time[0]
    later = other.with_columns(
        time=other.time + shift, open_time=other.open_time + shift
    )
    stages.check_future(EXAMPLES[stage], bars, later, cut)


@every_stage
@PROFILE
@given(data=st.data())
def test_a_restart_changes_nothing(stage, data):
    bars = data.draw(bar_streams(kinds=EXAMPLES[stage].kinds))
    stages.check_restore(EXAMPLES[stage], bars, data.draw(st.integers(0, len(bars))))


@PROFILE
@given(bars=bar_streams())
def test_threads_do_not_matter(bars):
    one, two = _features(), _features()
    np.testing.assert_array_equal(one.push(bars), two.push(bars, threads=2))
    stages.assert_same(one.snapshot(), two.snapshot())


def test_one_graph_of_all_features_gives_what_each_gives_alone():
    """So the laws above, shown for one graph of all features, hold for each."""
    bars = _bars(600, seed=3)
    together = _features().push(bars)
    assert {name for one in features() for p in one.full for name in one.columns(**p)}
    for j, name in enumerate(NAMES):
        alone = _features([name]).push(bars)[:, 0]
        np.testing.assert_array_equal(alone, together[:, j], err_msg=name)
