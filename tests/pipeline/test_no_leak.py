"""A whole run sees nothing of a later part: labels, scaler, models, scores."""

import json

import numpy as np
import pytest
from ruamel.yaml import YAML
from sklearn.preprocessing import RobustScaler, StandardScaler

from barwise.bars import Bars
from barwise.bars.simulate import simulate_bars
from barwise.bars.stored import write_bars
from barwise.pipeline import RunConfig, build_dataset, run
from barwise.testing.artefacts import artefacts, report_numbers

HORIZONS = (5, 10)
DAYS = 14


def config(folder, *, scaler="robust"):
    return RunConfig(
        symbol="MES",
        data={"path": folder / "mes.parquet", "label": "close"},
        features={"set": "neural_optimal"},
        labels={"horizons": HORIZONS},
        scaling={"method": scaler},
        models=[
            "logistic",
            {"name": "lightgbm", "config": {"max_rounds": 25}},
            {
                "name": "lstm",
                "config": {
                    "hidden_size": 6,
                    "layers": 1,
                    "sequence_length": 12,
                    "max_epochs": 2,
                },
            },
        ],
        output=folder / "experiments",
    )


@pytest.fixture(scope="module")
def bars():
    return simulate_bars("MES", days=DAYS, signal=0.2, seed=5)


@pytest.fixture(scope="module")
def whole(tmp_path_factory, bars):
    """A run on the bars as they are: its summary and its folder."""
    folder = tmp_path_factory.mktemp("whole")
    write_bars(bars, folder / "mes.parquet")
    return run(config(folder), horizons=[10]), folder


def containers(folder, **changes):
    return {h: build_dataset(config(folder, **changes), horizon=h) for h in HORIZONS}


def other_prices(bars, after, seed=77):
    """The bars up to a time, then another path at twice the price and volume."""
    other = simulate_bars("MES", days=DAYS, signal=0.0, seed=seed)
    np.testing.assert_array_equal(other.time, bars.time)
    cut = int(np.searchsorted(bars.time, after, side="right"))
    assert 0 < cut < len(bars)
    columns = {
        name: np.r_[getattr(bars, name)[:cut], 2.0 * getattr(other, name)[cut:]]
        for name in ("open", "high", "low", "close", "volume")
    }
    return Bars.of(
        bars.time,
        **columns,
        interval=bars.interval,
        symbol=bars.symbol,
        simulated=True,
    )


def test_no_label_ends_in_a_later_part_and_the_purge_lies_between(whole):
    summary, folder = whole
    for horizon, data in containers(folder).items():
        labels = summary.inputs.labels[horizon]
        for earlier, later in (("train", "val"), ("val", "test")):
            rows, after = data.split.part(earlier), data.split.part(later)
            starts = data.frame.times[after[0]]
            # As the labels themselves say, not as the data set carries them.
            assert labels.known_at[rows].max() < starts
            assert labels.end_time[rows].max() < starts
            gap = 3 * max(HORIZONS)
            assert after[0] - rows[-1] > gap
            # So every path has ended at least the purge less its own bars before.
            assert labels.end_index[rows].max() < after[0] - (gap - horizon)


def test_no_label_reads_a_bar_behind_its_end(whole):
    summary, _ = whole
    bars = summary.inputs.bars
    for horizon, labels in summary.inputs.labels.items():
        rows = np.flatnonzero(labels.valid)
        assert (labels.end_index[rows] > rows).all()
        assert (labels.end_index[rows] <= rows + horizon).all()
        assert (labels.end_time[rows] == bars.time[labels.end_index[rows]]).all()
        assert (labels.known_at[rows] >= labels.end_time[rows]).all()


@pytest.mark.parametrize(
    ("method", "peer"),
    [
        ("robust", RobustScaler(unit_variance=True)),
        ("standard", StandardScaler()),
    ],
)
def test_the_stored_scaler_is_scikit_learns_on_training_rows(whole, method, peer):
    summary, folder = whole
    data = build_dataset(config(folder, scaler=method), horizon=10)
    stored = data.preparation.to_dict()["scaler"]
    if method == "robust":
        stored = in_the_run_folder(summary, "logistic")
    matrix = np.asarray(summary.inputs.matrix, np.float64)
    assert stored["names"] == list(summary.inputs.names)
    scaled = np.array([kind == "scaled" for kind in stored["kinds"]])
    assert scaled.sum() > 40
    own = peer.fit(matrix[data.rows("train")][:, scaled])
    center = own.center_ if method == "robust" else own.mean_
    np.testing.assert_allclose(
        np.array(stored["center"])[scaled], center, rtol=1e-6, atol=1e-9
    )
    # The IQR of a normal is 1.349 standard deviations to three places.
    np.testing.assert_allclose(np.array(stored["scale"])[scaled], own.scale_, rtol=1e-4)
    # Fitted on all rows it would be another one.
    complete = np.isfinite(matrix[:, scaled]).all(axis=1)
    blind = peer.fit(matrix[complete][:, scaled])
    assert not np.allclose(np.array(stored["scale"])[scaled], blind.scale_, rtol=1e-3)


def in_the_run_folder(summary, model):
    (folder,) = (found.path for found in summary.runs if found.model == model)
    text = (folder / "config" / "feature_config.yaml").read_text()
    return YAML(typ="safe").load(text)["preparation"]["scaler"]


def test_the_test_part_changes_no_byte_of_any_model_prediction_or_score(
    whole, bars, tmp_path
):
    summary, folder = whole
    data = build_dataset(config(folder), horizon=10)
    first = data.split.boundaries[1]
    # A bar of five minutes that closes at ``first`` opened five minutes before.
    changed = other_prices(bars, first - summary.inputs.bars.interval)
    write_bars(changed, tmp_path / "mes.parquet")
    again = run(config(tmp_path), horizons=[10])

    # The change is no small one: features and labels of the test part are others.
    test = data.split.test
    assert np.abs(again.inputs.matrix[test] - summary.inputs.matrix[test]).max() > 1
    assert (again.inputs.labels[10].label[test] != data.frame.targets.label[test]).any()
    assert again.inputs.addresses != summary.inputs.addresses

    one, other = (
        {name: value for name, value in artefacts(where).items() if name[:5] == "runs/"}
        for where in (folder / "experiments", tmp_path / "experiments")
    )
    assert len(one) >= 33
    assert other == one
    # Nor does the page say anything else about models, labels and drawn prices.
    pages = [report_numbers(made.report) for made in (summary, again)]
    for part in ("results", "labels", "label_tracks", "candles"):
        assert json.dumps(pages[0][part]) == json.dumps(pages[1][part]), part


def test_the_validation_part_changes_no_byte_of_any_model(whole, bars, tmp_path):
    """Early stopping, class weights, scaler: from the training part alone."""
    summary, folder = whole
    data = build_dataset(config(folder), horizon=10)
    first = data.split.boundaries[0]
    changed = other_prices(bars, first - summary.inputs.bars.interval)
    write_bars(changed, tmp_path / "mes.parquet")
    run(config(tmp_path), horizons=[10])
    one, other = (
        artefacts(where) for where in (folder / "experiments", tmp_path / "experiments")
    )
    models = [name for name in one if "/checkpoints/" in name or "/config/" in name]
    assert len(models) >= 3 * 5
    assert {name: other[name] for name in models} == {n: one[n] for n in models}
    # The scores are those of other bars.
    scores = "runs/lightgbm_10/metrics/evaluation_metrics.json"
    assert one[scores] != other[scores]
