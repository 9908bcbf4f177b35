"""Columns that learn, in a run: fitted on the purged training rows and nothing later."""

import json

import numpy as np
import pytest

from barwise.bars.simulate import simulate_bars
from barwise.bars.stored import write_bars
from barwise.datasets import training_rows
from barwise.features import FeatureGraph
from barwise.pipeline import RunConfig, build_dataset
from barwise.pipeline.features import parameters_of, split_settings
from barwise.pipeline.inputs import prepare_inputs
from barwise.pipeline.journey import run
from barwise.pipeline.steps import Steps
from barwise.pipeline.store import ObjectStore

NAMES = (
    "regime_hmm_2_p1",
    "volume_winsor_1",
    "rsi_14",
    "lag_2_regime_hmm_2_p1",
    "mtf_1h_regime_hmm_2_p0",
)
BARS = simulate_bars("MES", days=14, seed=8)


def config(folder, **changes):
    settings = {
        "symbol": "MES",
        "data": {"path": folder / "mes.parquet", "label": "close", "gaps": "ffill"},
        "features": {"set": None, "names": NAMES},
        "labels": {"horizons": [5, 20]},
        "models": ["logistic"],
        "output": folder / "experiments",
    }
    return RunConfig.model_validate(settings | changes)


def prepared(folder, bars=BARS, **changes):
    folder.mkdir(exist_ok=True)
    write_bars(bars, folder / "mes.parquet")
    return prepare_inputs(
        config(folder, **changes), Steps(ObjectStore(folder / "store")), lambda _: None
    )


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    return prepared(tmp_path_factory.mktemp("fitted"))


def last_training_row(inputs):
    """By hand: the last row whose labels all end before validation begins."""
    data = (
        build_dataset(inputs.config, horizon=5),
        build_dataset(inputs.config, horizon=20),
    )
    return min(int(one.rows("train")[-1]) for one in data)


def test_columns_learn_from_real_bars_up_to_the_last_training_sample(inputs):
    last = last_training_row(inputs)
    rows = (np.arange(len(inputs.bars)) <= last) & ~inputs.bars.filled
    assert inputs.fitted.bars == np.count_nonzero(rows) < len(inputs.bars)
    assert inputs.fitted.last == inputs.bars.time[last]
    graph = FeatureGraph(NAMES).fit(inputs.bars[: last + 1], rows=rows[: last + 1])
    np.testing.assert_array_equal(inputs.matrix, graph.push(inputs.bars))


def test_every_label_of_those_rows_is_known_before_validation_begins(inputs):
    data = build_dataset(inputs.config, horizon=20)
    stop = training_rows(
        inputs.bars.time,
        inputs.sample_mask,
        inputs.labels,
        split_settings(inputs.config),
    )
    begin = data.split.boundaries[0]
    for one in inputs.labels.values():
        assert (one.known_at[:stop][inputs.sample_mask[:stop]] < begin).all()


def changed(rows):
    """The same bars with other prices and volumes on some rows."""
    columns = {
        name: np.where(rows, 1.5 * getattr(BARS, name), getattr(BARS, name))
        for name in ("open", "high", "low", "close", "volume")
    }
    return BARS.with_columns(**columns)


def test_prices_behind_the_training_rows_change_nothing_that_is_learned(
    inputs, tmp_path
):
    later = BARS.time > inputs.fitted.last + inputs.bars.interval
    other = prepared(tmp_path / "later", changed(later))
    assert other.fitted == inputs.fitted
    same = slice(0, int(np.searchsorted(inputs.bars.time, inputs.fitted.last)) + 1)
    np.testing.assert_array_equal(other.matrix[same], inputs.matrix[same])
    assert not np.array_equal(other.matrix, inputs.matrix, equal_nan=True)


def test_a_price_among_the_training_rows_does(inputs, tmp_path):
    middle = np.abs(np.arange(len(BARS)) - len(BARS) // 3) < 30
    other = prepared(tmp_path / "middle", changed(middle))
    assert other.fitted.learned != inputs.fitted.learned


def test_another_split_computes_the_matrix_anew_and_the_same_one_finds_it(
    inputs, tmp_path
):
    addresses = {}
    for name, share in (("a", 0.7), ("b", 0.5), ("c", 0.7)):
        split = {"fractions": (share, 0.15, 0.85 - share)}
        made = prepared(tmp_path, split=split)
        addresses[name] = made.addresses["features"]
        assert made.addresses["bars"] == inputs.addresses["bars"]
    assert addresses["a"] == addresses["c"] == inputs.addresses["features"]
    assert addresses["b"] != addresses["a"]


def test_without_columns_that_learn_the_split_does_not_matter(tmp_path):
    features = {"set": None, "names": ["rsi_14"]}
    made = [
        prepared(tmp_path, features=features, split={"fractions": fractions})
        for fractions in ((0.7, 0.15, 0.15), (0.5, 0.25, 0.25))
    ]
    assert made[0].fitted is made[1].fitted is None
    assert made[0].addresses["features"] == made[1].addresses["features"]


def test_what_was_learned_is_stored_as_arrays(inputs):
    store = ObjectStore(inputs.config.output_path.parent / "store")
    content = store.get(inputs.addresses["features"])
    learned = parameters_of(content)
    assert len(learned) == 3
    graph = FeatureGraph(NAMES).with_parameters(learned)
    np.testing.assert_array_equal(graph.push(inputs.bars), inputs.matrix)
    json.dumps(content.value)


def test_the_report_says_what_was_learned_from_which_bars(tmp_path):
    write_bars(BARS, tmp_path / "mes.parquet")
    summary = run(config(tmp_path, labels={"horizons": [5]}))
    page = summary.report.read_text("utf-8")
    assert f"Fitted on {summary.inputs.fitted.bars:,} bars of the training part" in page
    assert "volume_winsor_1. Learned: limits" in page
    assert "regime_hmm_2_p1, lag_2_regime_hmm_2_p1. Learned: state 0:" in page
    assert "mtf_1h_regime_hmm_2_p0. Learned: on 1h bars, state 0:" in page
