"""Lags of other columns, whatever makes them."""

import numpy as np
import pandas as pd
import pytest

from barwise.bars.simulate import simulate_bars
from barwise.core.errors import ConfigError
from barwise.features import FeatureGraph, find, load_features, needs_volume
from barwise.testing.evaluate import evaluate
from oracles.market import assert_agrees, deviation, mean

BARS = simulate_bars("MES", days=2, seed=6)


def of(m, name):
    """A column itself, which has an oracle of its own."""
    return pd.Series(evaluate({name: find(name)[1]}, m.columns)[name])


def made_of(kind, rows, name):
    if kind == "":
        return lambda m: of(m, name).shift(rows)
    if kind == "mean":
        return lambda m: mean(of(m, name), rows)
    return lambda m: deviation(of(m, name), rows)


LAGGED = {
    "log_return_1": (1, 2, 3, 5),
    "rsi_14": (1, 3, 5),
    "cci_20": (1, 3, 5),
    "efi_13": (1, 3, 5),
    "macd_hist_pct": (1, 3),
    "volume_zscore_20": (1, 3),
}
ORACLES = {
    **{f"lag_{n}_{c}": made_of("", n, c) for c, rows in LAGGED.items() for n in rows},
    **{
        f"lag_{kind}_20_{c}": made_of(kind, 20, c)
        for kind in ("mean", "std")
        for c in ("rsi_14", "cci_20", "efi_13")
    },
}


@pytest.mark.parametrize("name", ORACLES)
def test_agrees_with_the_formula(name):
    assert_agrees(name, ORACLES[name], "smooth")


def push(names, **settings):
    return FeatureGraph(names, **settings).push(BARS)


@pytest.mark.parametrize(
    "column", ["rsi_14", "hour_sin", "macd_hist", "lag_2_cci_20", "lag_mean_5_efi_13"]
)
def test_a_lag_is_the_column_some_rows_ago(column):
    now, ago = push([column, f"lag_3_{column}"]).T
    assert np.isnan(ago[:3]).all()
    np.testing.assert_array_equal(ago[3:], now[:-3])


def test_a_lag_keeps_the_role_and_scale_of_its_column():
    assert find("lag_3_hour_sin")[0].role == "cyclic"
    assert find("lag_3_regime_hmm_3_p0")[0].role == "probability"
    assert find("lag_3_sma_20")[0].price_units
    assert not find("lag_3_sma_distance_20")[0].price_units
    assert needs_volume("lag_mean_20_efi_13")
    unit = find("lag_mean_20_rsi_14")[0].unit_of("lag_mean_20_rsi_14")
    assert unit == "percent, 0..100"


def test_a_fitted_column_has_lags_too():
    graph = FeatureGraph(["regime_hmm_2_p1", "lag_4_regime_hmm_2_p1"])
    assert graph.unfitted == graph.names
    now, ago = graph.fit(BARS[:500]).push(BARS).T
    np.testing.assert_array_equal(ago[4:], now[:-4])


def test_own_columns_have_lags_too(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(
        "import barwise as bw\n"
        "@bw.feature\n"
        "def edge(bars, rows=3):\n"
        "    return bars.close / bars.open * rows\n"
        "@bw.frame_feature(lookback=5)\n"
        "def swing(frame):\n"
        "    return frame['close'].rolling(2).mean() / frame['close']\n"
    )
    own = load_features(path)
    names = ["edge_7", "lag_2_edge_7", "swing", "lag_2_swing"]
    edge, edge_ago, swing, swing_ago = push(names, own=own).T
    np.testing.assert_array_equal(edge_ago[2:], edge[:-2])
    np.testing.assert_array_equal(swing_ago[2:], swing[:-2])
    (swing_ago,) = push(["lag_2_swing"], own=own).T
    np.testing.assert_array_equal(swing_ago[2:], swing[:-2])


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("lag_5_rsi_14x", "unknown feature 'rsi_14x': did you mean rsi_14"),
        ("lag_0_rsi_14", "'lag_0_rsi_14': lag needs a whole number of rows >= 1"),
        ("lag_std_1_rsi_14", "whole number of rows >= 2, got 1"),
        ("lag_mean_rsi_14", "unknown feature"),
    ],
)
def test_a_lag_of_nothing_is_refused(name, said):
    with pytest.raises(ConfigError, match=said):
        find(name)
