"""Labels of earlier decisions as features: known for certain, whatever the chunks."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barwise.bars.simulate import simulate_bars
from barwise.core.errors import ConfigError, DataError
from barwise.features import FeatureGraph, LabelRule, find
from barwise.labels import triple_barrier
from barwise.testing import stages
from barwise.testing.stages import Example
from barwise.testing.streams import KINDS, bar_streams, cuts

PROFILE = settings(max_examples=25)
NAMES = [
    "lag_6_label_h6",
    "lag_9_label_h6",
    "lag_8_label_return_h4",
    "lag_mean_5_label_h6",
    "lag_std_5_label_return_h4",
]
FINITE = tuple(kind for kind in KINDS if kind != "nan")
"""Labels refuse prices that are not finite."""


@pytest.fixture(scope="module")
def bars():
    return simulate_bars("MES", days=4, seed=9)


def carried(values, rows):
    """Of the decision so many rows ago, or the newest before it that has one."""
    return pd.Series(values).shift(rows).ffill()


RULES = [
    {},
    {"upper": 2.0, "lower": 2.0, "atr_period": 5, "sides": "both"},
    {"session_end": "carry", "entry": "close", "touch": "close"},
    {"session_end": "invalid", "unit": "volatility", "atr_period": 20},
    {"unit": "fixed", "upper": 2.0, "lower": 1.5, "tick": 0.0},
]


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_a_lagged_label_is_the_label_of_that_row(bars, rule):
    graph = FeatureGraph(NAMES, labels=LabelRule(**rule))
    assert graph.labels == LabelRule(**rule)
    ours = graph.push(bars).T
    whole = {"upper": 1.5, "lower": 1.0} | rule
    six = triple_barrier(bars, horizon=6, **whole)
    four = triple_barrier(bars, horizon=4, **whole)
    label = np.where(six.valid, six.label, np.nan)
    assert np.isin([-1, 0, 1], label).all()
    newest = pd.Series(label).shift(6)
    known = newest[newest.notna()]
    ret = pd.Series(four.ret).shift(4)
    expected = [
        carried(label, 6),
        carried(label, 9),
        carried(four.ret, 8),
        known.rolling(5).mean().reindex(newest.index).ffill(),
        ret[ret.notna()].rolling(5).std(ddof=0).reindex(ret.index).ffill(),
    ]
    for values, wanted, name in zip(ours, expected, NAMES, strict=True):
        np.testing.assert_allclose(values, wanted, rtol=1e-5, atol=1e-9, err_msg=name)


def test_every_label_in_the_column_was_known_by_then(bars):
    """Rows whose label was known later would be NaN or another one when cut there."""
    labels = triple_barrier(bars, horizon=6, upper=1.5, lower=1.0)
    rows = np.flatnonzero(labels.valid[:-6])
    assert (labels.known_at[rows] <= bars.time[rows + 6]).all()


def test_warm_up_is_the_row_from_which_the_column_is_defined(bars):
    graph = FeatureGraph(["lag_9_label_h6"])
    defined = np.flatnonzero(~np.isnan(graph.push(bars)[:, 0]))
    assert defined[0] == graph.warmup == 14 + 9


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("lag_5_label_h20", "a lag of 5 would look ahead; the smallest is 20"),
        ("lag_19_label_return_h20", "the smallest is 20"),
        ("lag_5_label_h0", "horizon is a whole number of bars, got 0"),
        ("label_h20", "unknown feature 'label_h20'"),
    ],
)
def test_a_lag_that_would_look_ahead_is_refused(name, said):
    with pytest.raises(ConfigError, match=said):
        find(name)


def test_a_label_has_no_value_on_other_bars():
    with pytest.raises(ConfigError, match="no value on bars of another timeframe"):
        FeatureGraph(["mtf_1h_lag_20_label_h20"])


def test_lags_of_lagged_labels_add_up(bars):
    nested, plain = (
        FeatureGraph(["lag_3_lag_6_label_h6", "lag_9_label_h6"]).push(bars).T
    )
    np.testing.assert_array_equal(nested[30:], plain[30:])


def test_a_symbol_without_barriers_needs_a_rule(bars):
    unknown = bars.with_columns(symbol="XX")
    with pytest.raises(ConfigError, match=r"'XX', which.*LabelRule\(upper=1\.5"):
        FeatureGraph(NAMES).push(unknown)
    rule = LabelRule(upper=1.5, lower=1.0, tick=0.25)
    ours = FeatureGraph(NAMES, labels=rule).push(unknown)
    labels = triple_barrier(unknown, horizon=6, upper=1.5, lower=1.0, tick=0.25)
    label = np.where(labels.valid, labels.label, np.nan)
    np.testing.assert_array_equal(ours[:, 0], carried(label, 6))


def test_prices_that_are_not_finite_are_refused(bars):
    broken = bars.close.copy()
    broken[5] = np.nan
    with pytest.raises(DataError, match="labels need finite prices"):
        FeatureGraph(NAMES).push(bars.with_columns(close=broken))


def test_labels_are_those_of_traded_prices_not_of_adjusted_ones(bars):
    """Over a roll the graph's prices are adjusted; a label knows none of that."""
    rows = np.arange(len(bars))
    rolled = bars.with_columns(
        contract=np.where(rows < 400, "H4", "M4"),
        **{
            name: getattr(bars, name) + 37.25 * (rows >= 400)
            for name in ("open", "high", "low", "close")
        },
    )
    labels = triple_barrier(rolled, horizon=6, upper=1.5, lower=1.0)
    label = np.where(labels.valid, labels.label, np.nan)
    assert np.isnan(label[395:400]).any()
    ours = FeatureGraph(NAMES).push(rolled)[:, 0]
    np.testing.assert_array_equal(ours, carried(label, 6))


LABELLED = Example(lambda: FeatureGraph(NAMES), lambda bars: bars)


@PROFILE
@given(bars=bar_streams(kinds=FINITE), places=cuts())
def test_chunks_do_not_matter(bars, places):
    stages.check_chunks(LABELLED, bars, places)


@PROFILE
@given(data=st.data())
def test_the_future_does_not_change_the_past(data):
    streams = bar_streams(kinds=FINITE)
    bars, other = data.draw(streams), data.draw(streams)
    shift = bars.time[-1] - other.open_time[0]
    later = other.with_columns(
        time=other.time + shift, open_time=other.open_time + shift
    )
    stages.check_future(LABELLED, bars, later, data.draw(st.integers(0, len(bars))))


@PROFILE
@given(data=st.data())
def test_a_restart_changes_nothing(data):
    bars = data.draw(bar_streams(kinds=FINITE))
    stages.check_restore(LABELLED, bars, data.draw(st.integers(0, len(bars))))


@PROFILE
@given(bars=bar_streams(kinds=FINITE), at=st.integers(0, 200))
def test_an_advance_in_between_changes_nothing(bars, at):
    """A session that ends between two rows ends when the next row comes, too."""
    at = min(at, len(bars))
    plain, told = FeatureGraph(NAMES), FeatureGraph(NAMES)
    whole = plain.push(bars)
    first = told.push(bars[:at])
    if 0 < at < len(bars):
        told.advance(int(bars.time[at]) - 1)
    np.testing.assert_array_equal(np.concatenate([first, told.push(bars[at:])]), whole)
