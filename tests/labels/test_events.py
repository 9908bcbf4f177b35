import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from barwise.bars import Bars, read_bars
from barwise.core.errors import ConfigError, DataError
from barwise.labels import (
    cusum_events,
    cusum_graph,
    sequential_bootstrap,
    triple_barrier,
)
from barwise.metrics import average_uniqueness
from barwise.testing.stages import Example, check_chunks, check_future, check_restore
from barwise.testing.streams import bar_streams, cuts
from oracles.sequential_bootstrap import cusum_filter, sequential_draws

EXAMPLE = Example(
    lambda: cusum_graph(multiple=1.0, period=5), lambda bars: {"close": bars.close}
)


def thresholds(close, multiple, period):
    steps = np.diff(np.log(close), prepend=np.nan)
    spread = np.full(len(close), np.nan)
    for i in range(period + 1, len(close)):
        spread[i] = multiple * np.std(steps[i - period : i])
    return steps, spread


def test_events_of_real_bars_are_the_books(market_data):
    bars = read_bars(
        market_data / "ES_5m_2024-05_2026-02.parquet", symbol="ES", label="open"
    )[:20_000]
    steps, spread = thresholds(bars.close, 2.0, 100)
    expected = cusum_filter(steps, spread)
    found = cusum_graph(multiple=2.0, period=100).push({"close": bars.close})[:, 0]
    np.testing.assert_array_equal(found, expected)
    events = cusum_events(bars)
    assert 0.05 < events.mean() < 0.5
    labels = triple_barrier(bars, horizon=20, upper=1.5, lower=1.0, sample=events)
    assert not labels.valid[~events].any()
    assert labels.valid[events].mean() > 0.9


@given(bars=bar_streams(), places=cuts())
def test_events_obey_the_laws(bars, places):
    check_chunks(EXAMPLE, bars, places)
    cut = places[0] if places else 0
    check_restore(EXAMPLE, bars, min(cut, len(bars)))
    check_future(EXAMPLE, bars, bars, min(cut, len(bars)))


def test_a_jump_does_not_raise_its_own_threshold():
    rng = np.random.default_rng(1)
    step = 1e-4 * rng.standard_normal(200)
    step[150] = 0.05
    price = 100 * np.exp(np.cumsum(step))
    bars = Bars.of(np.arange(200), price, price, price, price, interval=1)
    assert cusum_events(bars, multiple=20.0, period=50)[150]


@pytest.mark.parametrize(
    ("settings", "word"),
    [({"multiple": 0.0}, "multiple"), ({"period": 1}, "period")],
)
def test_settings_that_cannot_work_are_named(settings, word):
    with pytest.raises(ConfigError, match=word):
        cusum_graph(**({"multiple": 2.0, "period": 10} | settings))


@given(
    spans=st.lists(
        st.tuples(st.integers(0, 30), st.integers(1, 8)), min_size=1, max_size=25
    ),
    seed=st.integers(0, 2**32 - 1),
)
def test_draws_are_those_of_the_indicator_matrix(spans, seed):
    entry = np.array([start for start, _ in spans])
    end = entry + np.array([length for _, length in spans])
    # In the order of entry both walk through the same running sums.
    order = np.argsort(entry, kind="stable")
    entry, end = entry[order], end[order]
    uniform = np.random.default_rng(seed).random(12)
    drawn = sequential_bootstrap(entry, end, 12, rng=np.random.default_rng(seed))
    np.testing.assert_array_equal(drawn, sequential_draws(entry, end, uniform))


def test_draws_overlap_less_than_plain_ones():
    """Lopez de Prado (2018), section 4.5.4: a median uniqueness of 0.6 becomes 0.7.

    Ten labels of one to five bars within a hundred bars, ten draws.
    """
    rng = np.random.default_rng(7)
    plain, ours = [], []
    for _ in range(600):
        entry = rng.integers(0, 100, 10)
        end = entry + rng.integers(1, 5, 10) + 1
        for found, rows in (
            (plain, rng.integers(0, 10, 10)),
            (ours, sequential_bootstrap(entry, end, 10, rng=rng)),
        ):
            found.append(average_uniqueness(entry[rows], end[rows]).mean())
    assert np.median(plain) == pytest.approx(0.6, abs=0.02)
    assert np.median(ours) == pytest.approx(0.7, abs=0.03)


def test_a_label_without_length_is_refused():
    with pytest.raises(DataError, match="row 1 ends at bar 4"):
        sequential_bootstrap(
            np.array([0, 4]), np.array([3, 4]), 2, rng=np.random.default_rng(0)
        )


def test_a_gap_between_two_contracts_is_no_event():
    rng = np.random.default_rng(2)
    close = 5000 * np.exp(np.cumsum(rng.normal(0, 1e-4, 400)))
    whole = Bars.of(np.arange(400), close, close, close, close, interval=1)
    later = np.arange(400) >= 300
    moved = np.where(later, close * 1.02, close)
    rolled = Bars.of(np.arange(400), moved, moved, moved, moved, interval=1)
    rolled = rolled.with_columns(
        contract=np.where(later, "M4", "H4"),
        new_close=np.where(later, close[299] * 1.02, np.nan),
    )
    expected = cusum_events(whole, multiple=4.0)
    np.testing.assert_array_equal(cusum_events(rolled, multiple=4.0), expected)
    unnamed = rolled.with_columns(contract=np.full(400, "H4"))
    assert cusum_events(unnamed, multiple=4.0)[300] > expected[300]


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        (np.arange(3) * 3600 * 10**9, "span"),
        (np.arange(3.0), "float64"),
        (np.array(["2024-01-01"], "datetime64[ns]"), "datetime64"),
    ],
)
def test_times_are_no_numbers_of_bars(entry, says):
    with pytest.raises(ConfigError, match=says):
        sequential_bootstrap(entry, entry + 1, 3, rng=np.random.default_rng(0))
