"""The same file and config give the same bytes, whatever else differs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from barwise.bars.simulate import simulate_bars
from barwise.bars.stored import write_bars
from barwise.pipeline import run
from barwise.testing.artefacts import artefacts, leftovers, report_numbers

CONFIG = """
symbol: MES
data: {path: mes.parquet, label: close, interval: 5min}
features: {set: neural_optimal}
labels: {horizons: [5, 10]}
models:
  - logistic
  - {name: lightgbm, config: {max_rounds: 20}}
  - {name: lstm, config: {hidden_size: 6, layers: 2, sequence_length: 12, max_epochs: 2}}
"""
MODELS = ("logistic", "lightgbm", "lstm")


def fresh(path):
    """A folder with bars, made anew, and a config."""
    path.mkdir()
    bars = simulate_bars("MES", days=12, signal=0.2, seed=8)
    assert bars.interval == 60_000_000_000
    write_bars(bars, path / "mes.parquet")
    (path / "run.yaml").write_text(CONFIG)
    return path


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """The output of a run in this process."""
    folder = fresh(tmp_path_factory.mktemp("here") / "a")
    run(folder / "run.yaml")
    return folder / "experiments"


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """The output of the command in another process, folder and environment."""
    folder = fresh(tmp_path_factory.mktemp("elsewhere") / "b")
    odd = {"PYTHONHASHSEED": "4711", "OMP_NUM_THREADS": "2", "TZ": "Asia/Tokyo"}
    odd |= {"OPENBLAS_NUM_THREADS": "2", "POLARS_MAX_THREADS": "1", "LC_ALL": "C"}
    done = subprocess.run(
        [sys.executable, "-m", "barwise", "run", "../b/run.yaml"],
        cwd=folder,
        env=os.environ | odd,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder / "experiments"


def test_every_object_and_every_file_of_the_runs_is_the_same(here, elsewhere):
    one, other = artefacts(here), artefacts(elsewhere)
    assert {name: other.get(name) for name in one} == one
    assert other.keys() == one.keys()
    assert leftovers(here) == leftovers(elsewhere) == []


def test_what_was_compared_is_everything_that_a_run_makes(here):
    names = artefacts(here)
    # Bars, features, labels, and a training for each model and horizon.
    assert sum(name.startswith("steps/") for name in names) == 3 + 6
    for model in MODELS:
        for horizon in (5, 10):
            files = {
                name.split("/", 2)[2]
                for name in names
                if name.startswith(f"runs/{model}_{horizon}/")
            }
            assert {
                "config/feature_config.yaml",
                "config/model_config.yaml",
                "config/training_config.yaml",
                "checkpoints/model.json",
                "logs/training.log",
                "metrics/evaluation_metrics.json",
                "metrics/training_metrics.json",
                "plots/confusion_matrix.png",
                "predictions/val_predictions.parquet",
                "predictions/val_probabilities.npy",
            } <= files
    assert len([name for name in names if name.startswith("runs/")]) >= 6 * 11


@pytest.mark.parametrize("model", MODELS)
def test_predictions_are_the_same_bit_for_bit(here, elsewhere, model):
    made = [
        next(folder.glob(f"runs/{model}_5_*/predictions"))
        for folder in (here, elsewhere)
    ]
    one, other = (np.load(folder / "val_probabilities.npy") for folder in made)
    assert one.tobytes() == other.tobytes()
    # They say something: nearly all rows are scored, and not all alike.
    assert np.isfinite(one).all(axis=1).mean() > 0.9
    assert np.nanstd(one, axis=0).max() > 1e-4
    frames = [pl.read_parquet(folder / "val_predictions.parquet") for folder in made]
    assert frames[0].equals(frames[1])


def test_the_page_differs_in_its_provenance_alone(here, elsewhere):
    pages = [next(folder.glob("reports/*/report.html")) for folder in (here, elsewhere)]
    one, other = (report_numbers(page) for page in pages)
    assert one["provenance"] != other["provenance"]
    del one["provenance"], other["provenance"]
    assert one == other
    assert len(one["results"]) == 6
    assert all(result["reading"] for result in one["results"])


def test_volatile_facts_stand_in_one_file(here):
    for folder in here.glob("runs/*"):
        facts = json.loads((folder / "provenance.json").read_text())
        stamp, host = facts["timestamp"][:10], facts["host"]
        for path in folder.rglob("*"):
            if path.is_file() and path.name != "provenance.json":
                content = path.read_bytes()
                assert str(Path(here).parent).encode() not in content, path
                assert host.encode() not in content or len(host) < 6, path
                assert stamp.encode() not in content, path


def test_another_seed_makes_another_model(here, tmp_path):
    """The comparison can fail: it is not blind."""
    folder = fresh(tmp_path / "c")
    text = CONFIG.replace("[5, 10]", "[5]") + "seed: 43\n"
    (folder / "run.yaml").write_text(text)
    run(folder / "run.yaml")
    one, other = artefacts(here), artefacts(folder / "experiments")
    for model, file in (("lightgbm", "booster.txt"), ("lstm", "model.safetensors")):
        name = f"runs/{model}_5/checkpoints/{file}"
        assert one[name] != other[name]
