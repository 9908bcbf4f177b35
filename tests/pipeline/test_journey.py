"""The journey on a small simulated market, from the file to the page."""

import json
import re

import numpy as np
import pytest

from barwise.bars.simulate import simulate_bars
from barwise.bars.stored import write_bars
from barwise.core import clock
from barwise.core.errors import ConfigError
from barwise.features import FeatureGraph
from barwise.labels import triple_barrier
from barwise.pipeline import RunConfig, build_dataset, run
from barwise.training import list_runs


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("journey")
    write_bars(simulate_bars("MES", days=20, seed=6), path / "mes.parquet")
    return path


def config(folder, **changes):
    settings = {
        "symbol": "MES",
        "data": {"path": folder / "mes.parquet", "label": "close"},
        "features": {"set": "neural_optimal"},
        "labels": {"horizons": [5, 10]},
        "models": ["logistic"],
        "output": folder / "experiments",
    }
    return RunConfig.model_validate(settings | changes)


@pytest.fixture(scope="module")
def summary(folder):
    return run(config(folder))


def test_there_is_a_run_for_every_model_and_horizon(summary, folder):
    assert [(o.model_name, o.horizon) for o in summary.outcomes] == [
        ("logistic", 5),
        ("logistic", 10),
    ]
    found = list_runs(folder / "experiments" / "runs")
    assert {run.path for run in summary.runs} == {run.path for run in found}


def test_features_and_labels_are_those_of_the_public_functions(summary):
    inputs = summary.inputs
    bars = inputs.bars
    np.testing.assert_array_equal(inputs.matrix, FeatureGraph(inputs.names).push(bars))
    fine = simulate_bars("MES", days=20, seed=6)
    labels = triple_barrier(bars, horizon=10, upper=1.5, lower=1.0, fine=fine)
    np.testing.assert_array_equal(inputs.labels[10].label, labels.label)
    np.testing.assert_array_equal(inputs.labels[10].ret, labels.ret)


def test_parts_share_their_boundaries_over_horizons(folder):
    parts = [build_dataset(config(folder), horizon=h) for h in (5, 10)]
    for name in ("train", "val"):
        first, second = (set(data.rows(name).tolist()) for data in parts)
        assert first == second
    with pytest.raises(ConfigError, match=r"labels\.horizons: 7 is not among"):
        build_dataset(config(folder), horizon=7)


def test_a_second_run_finds_everything_and_adds_no_run(summary, folder):
    told = []
    again = run(config(folder), notify=lambda text, *_: told.append(text))
    assert [r.path for r in again.runs] == [r.path for r in summary.runs]
    assert again.leaderboard == summary.leaderboard


def test_a_report_of_the_same_second_is_not_lost(summary, folder, monkeypatch):
    monkeypatch.setattr(clock, "stamp", lambda: summary.report.parent.name)
    kept = summary.report.read_bytes()
    later = [run(config(folder)).report for _ in range(2)]
    assert len({summary.report, *later}) == 3
    assert all(page.exists() for page in later)
    assert summary.report.read_bytes() == kept


def test_another_setting_makes_another_run(summary, folder):
    changed = run(
        config(
            folder, models=[{"name": "logistic", "config": {"penalty_inverse": 1.0}}]
        )
    )
    assert {r.path for r in changed.runs}.isdisjoint({r.path for r in summary.runs})
    assert changed.inputs.addresses == summary.inputs.addresses


def test_only_the_asked_horizons_are_trained(folder, summary):
    assert summary.runs
    one = run(config(folder), horizons=[10])
    assert [o.horizon for o in one.outcomes] == [10]


def test_the_report_says_that_the_bars_are_simulated(summary):
    page = summary.report.read_text()
    assert "SIMULATED" in page.upper()
    stored = re.search(
        r'<script type="application/json" id="barwise-report">(.*?)</script>',
        page,
        re.S,
    )
    numbers = json.loads(stored[1].replace("<\\/", "</"))
    assert numbers["simulated"] is True


def test_the_report_names_the_classes_of_the_confusion_matrix_rightly(summary):
    """Stored JSON sorts its keys; the matrix is in the order of the classes."""
    for result, outcome in zip(summary.results, summary.outcomes, strict=True):
        counts = result.metrics["classification"]["confusion_matrix"]
        for name, row in zip(result.classes, counts, strict=True):
            value = {"short": -1, "neutral": 0, "long": 1}[name]
            assert sum(row) == np.count_nonzero(outcome.arrays["label"] == value)


def test_the_summary_reads_well_in_a_notebook(summary):
    html = summary._repr_html_()
    assert "prior (baseline)" in html
    assert "logistic" in html


def test_an_instrument_without_volume_names_the_columns_left_out(folder, tmp_path):
    write_bars(simulate_bars("EURUSD", days=12, seed=1), tmp_path / "eurusd.parquet")
    made = run(
        config(
            folder,
            symbol="EURUSD",
            data={"path": tmp_path / "eurusd.parquet", "label": "close"},
            output=tmp_path / "out",
        )
    )
    assert "mfi_14" in made.inputs.columns.left_out
    assert "mfi_14" in made.report.read_text()
    assert np.isfinite(made.inputs.matrix[-1]).all()


def test_unknown_models_are_refused_before_any_work(folder, tmp_path):
    broken = config(folder, models=["lightgmb"], output=tmp_path / "nothing")
    with pytest.raises(ConfigError, match="did you mean 'lightgbm'"):
        run(broken)
    assert not (tmp_path / "nothing").exists()
