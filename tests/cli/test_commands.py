"""Whole commands on a small market: what they print, write and return."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from barwise.bars import Bars
from barwise.bars import simulate as simulation
from barwise.bars.read import read_bars
from barwise.cli.app import run
from barwise.cli.run import per_symbol
from barwise.core.errors import ConfigError
from barwise.pipeline import RunConfig
from barwise.training import BASELINES

pytestmark = pytest.mark.usefixtures("blank_figures")

SCORES = {
    "accuracy",
    "macro_f1",
    "weighted_f1",
    "per_class_f1",
    "confusion_matrix",
    "log_loss",
}


def printed(capsys) -> object:
    """Return the JSON on stdout; NaN is no JSON."""

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    return json.loads(capsys.readouterr().out, parse_constant=refuse)


def test_run_prints_the_result_and_tells_its_steps(place, capsys):
    assert run(["run", "run.yaml"]) == 0
    told = capsys.readouterr()
    lines = told.out.splitlines()
    assert lines[0].startswith("MES: ")
    assert lines[1].split()[:3] == ["horizon", "model", "macro-F1"]
    for name in BASELINES:
        assert f"{name} (baseline)" in told.out
    (page,) = place.glob("experiments/reports/*/report.html")
    assert lines[-1] == f"Report: {page.relative_to(place)}"
    steps = [line.partition(": ")[2] for line in told.err.splitlines()[:5]]
    assert steps[:2] == ["reading and cleaning bars", "labelling"]
    assert steps[2].startswith("computing 3 features of ")
    assert steps[3:] == [
        "training logistic, horizon 5",
        "writing the report",
    ]


@pytest.mark.usefixtures("done")
def test_run_as_json(capsys):
    assert run(["run", "run.yaml", "--json"]) == 0
    (result,) = printed(capsys)
    assert result["symbol"] == "MES"
    assert result["features"] == 3
    assert result["bars"] > 1000
    assert result["simulated"] is False
    assert Path(result["report"]).is_file()
    rows = result["leaderboard"]
    assert {(row["horizon"], row["name"]) for row in rows} == {
        (horizon, name) for horizon in (5, 10) for name in ("logistic", *BASELINES)
    }
    for row in rows:
        assert 0.0 <= row["macro_f1"] <= 1.0
        low, high = row["macro_f1_interval"]
        assert low <= row["macro_f1"] <= high
    assert len(result["runs"]) == 2


def test_second_run_finds_everything(done, capsys):
    """The same folders, no step anew, another report."""
    runs = sorted(Path("experiments/runs").iterdir())
    steps = sorted(Path("experiments/.barwise").rglob("steps/*/*.json"))
    made = [path.stat().st_mtime_ns for path in steps]
    assert run(["run", "run.yaml", "--json"]) == 0
    (result,) = printed(capsys)
    assert sorted(map(Path, result["runs"])) == runs
    assert [path.stat().st_mtime_ns for path in steps] == made
    assert len(list(done.glob("experiments/reports/*/report.html"))) == 2


def test_run_folder_is_complete(finished):
    for folder in (finished / "experiments" / "runs").iterdir():
        files = {
            str(path.relative_to(folder))
            for path in folder.rglob("*")
            if path.is_file()
        }
        assert {
            "config/training_config.yaml",
            "config/model_config.yaml",
            "config/feature_config.yaml",
            "predictions/val_predictions.parquet",
            "predictions/val_probabilities.npy",
            "metrics/training_metrics.json",
            "metrics/evaluation_metrics.json",
            "metrics/feature_importance.json",
            "plots/confusion_matrix.png",
            "logs/training.log",
            "provenance.json",
        } <= files
        metrics = json.loads((folder / "metrics/evaluation_metrics.json").read_text())
        assert set(metrics["classification"]) >= SCORES
        assert set(metrics["baselines"]) == set(BASELINES)
        frame = pl.read_parquet(folder / "predictions/val_predictions.parquet")
        chances = np.load(folder / "predictions/val_probabilities.npy")
        assert len(frame) == len(chances)
        np.testing.assert_allclose(chances.sum(axis=1), 1.0, rtol=1e-6)
        # Recomputed from the files alone.
        right = frame.filter(pl.col("valid"))
        share = (right["label"] == right["prediction"]).mean()
        assert math.isclose(share, metrics["classification"]["accuracy"])


def test_runs_list_and_show(finished, capsys):
    output = ["--output", str(finished / "experiments")]
    assert run(["runs", "list", *output, "--json"]) == 0
    listed = printed(capsys)
    assert [(row["model"], row["horizon"]) for row in listed] == [
        ("logistic", 5),
        ("logistic", 10),
    ]
    name = listed[0]["run"]
    assert run(["runs", "show", name, *output, "--json"]) == 0
    shown = printed(capsys)
    assert shown["metrics"] == listed[0]["metrics"]
    assert "provenance.json" in shown["files"]
    assert run(["runs", "list", *output]) == 0
    assert name in capsys.readouterr().out
    assert run(["runs", "show", name, *output]) == 0
    assert "classification.macro_f1" in capsys.readouterr().out


@pytest.mark.usefixtures("done")
def test_train_at_one_horizon(capsys):
    words = ["train", "run.yaml", "--models", "prior", "--horizon", "10", "--json"]
    assert run(words) == 0
    result = printed(capsys)
    assert {row["horizon"] for row in result["leaderboard"]} == {10}
    (own,) = [row for row in result["leaderboard"] if not row["is_baseline"]]
    assert own["name"] == "prior"
    (folder,) = result["runs"]
    assert Path(folder).name.startswith("prior_10_")


@pytest.mark.usefixtures("done")
def test_train_agrees_with_run(capsys):
    """One horizon alone has the parts, and so the scores, of the whole run."""
    assert run(["run", "run.yaml", "--json"]) == 0
    (whole,) = printed(capsys)
    assert run(["train", "run.yaml", "--horizon", "5", "--json"]) == 0
    alone = printed(capsys)
    wanted = [row for row in whole["leaderboard"] if row["horizon"] == 5]
    assert alone["leaderboard"] == wanted


@pytest.mark.usefixtures("place")
def test_train_takes_families(capsys):
    assert run(["train", "run.yaml", "--model", "classical", "--json"]) == 0
    rows = printed(capsys)["leaderboard"]
    assert [row["name"] for row in rows if not row["is_baseline"]] == ["logistic"]


def test_several_symbols_are_isolated_runs(place, capsys, market_text):
    for symbol in ("MES", "ES"):
        (place / f"{symbol}.csv").write_text(market_text)
    text = (place / "run.yaml").read_text().replace("mes.csv", "'{symbol}.csv'")
    (place / "run.yaml").write_text(f"{text}output: out/{{symbol}}\n")
    assert run(["run", "run.yaml", "--symbols", "MES,ES", "--json"]) == 0
    results = printed(capsys)
    assert [result["symbol"] for result in results] == ["MES", "ES"]
    for result in results:
        assert Path(result["report"]).parts[:2] == ("out", result["symbol"])
        assert Path(result["report"]).is_file()


def test_several_symbols_may_have_contracts_of_their_own(tmp_path):
    settings = RunConfig(
        symbol="MES", data={"contracts": "{symbol}/*.csv", "label": "open"}
    )
    one, other = per_symbol(settings, "MES,ES")
    assert (one.data.contracts, other.data.contracts) == ("MES/*.csv", "ES/*.csv")
    listed = [{"contract": "MESH2", "path": tmp_path / "h.csv"}]
    settings = RunConfig(symbol="MES", data={"contracts": listed, "label": "open"})
    with pytest.raises(ConfigError, match=r"data.contracts: is one list for 2 symbols"):
        per_symbol(settings, "MES,ES")


def test_simulated_bars_can_be_run_and_stay_marked(place, capsys):
    words = ["data", "simulate", "MES", "sim.parquet", "--days", "7", "--seed", "3"]
    assert run([*words, "--signal", "0.3", "--json"]) == 0
    assert printed(capsys) == {
        "file": "sim.parquet",
        "rows": 7 * 23 * 60,
        "signal": 0.3,
        "seed": 3,
    }
    made = (place / "sim.parquet").read_bytes()
    assert run([*words, "--signal", "0.3"]) == 2
    assert "--force overwrites it" in capsys.readouterr().err
    assert run([*words, "--signal", "0.3", "--force"]) == 0
    assert "read it with label: close" in capsys.readouterr().out
    assert (place / "sim.parquet").read_bytes() == made
    bars = read_bars(place / "sim.parquet", symbol="MES", label="close")
    assert bars.simulated
    text = (place / "run.yaml").read_text()
    text = text.replace("mes.csv", "sim.parquet").replace("label: open", "label: close")
    (place / "run.yaml").write_text(text)
    assert run(["run", "run.yaml"]) == 0
    told = capsys.readouterr()
    assert told.out.splitlines()[0].endswith(", SIMULATED")
    (page,) = place.glob("experiments/reports/*/report.html")
    assert "simulated" in page.read_text().lower()


def test_demo_on_simulated_bars(place, capsys, monkeypatch):
    """The demo's own settings, on fewer days and without the net."""
    real = simulation.simulate_bars

    def fewer(symbol: str, *, days: int, seed: int) -> Bars:
        return real(symbol, days=days // 6, seed=seed)

    monkeypatch.setattr(simulation, "simulate_bars", fewer)
    monkeypatch.setitem(sys.modules, "torch", None)
    assert run(["demo", "--simulated", "--out", "out", "--json"]) == 0
    told = capsys.readouterr()
    result = json.loads(told.out)
    assert "pip install 'barwise[nets]'" in told.err
    assert result["symbol"] == "EURUSD"
    assert result["simulated"] is True
    models = {row["name"] for row in result["leaderboard"] if not row["is_baseline"]}
    assert models == {"logistic", "lightgbm"}
    assert {row["horizon"] for row in result["leaderboard"]} == {5, 20}
    assert Path(result["report"]).is_file()
    assert sorted(path.name for path in place.iterdir()) == [
        "mes.csv",
        "out",
        "run.yaml",
    ]


def test_journey_from_the_users_own_file(place, capsys):
    """Init, fill in what it asks for, check, run."""
    assert run(["init", "mes.csv", "--config", "own.yaml", "--json"]) == 0
    told = printed(capsys)
    assert told["symbol"] == "MES"
    text = (place / "own.yaml").read_text()
    if "data.label" in told["undecided"]:
        text = text.replace("  label:\n", "  label: open\n")
    text = text.replace("set: boosting_optimal", "set: neural_optimal")
    text = text.replace("horizons: [5, 10, 15, 20]", "horizons: [5]")
    (place / "own.yaml").write_text(text.replace("[lightgbm]", "[logistic]"))
    assert RunConfig.read("own.yaml").labels.horizons == (5,)
    assert run(["data", "check", "own.yaml"]) == 0
    assert run(["data", "describe", "own.yaml", "--json"]) == 0
    capsys.readouterr()
    assert run(["run", "own.yaml", "--json"]) == 0
    (result,) = printed(capsys)
    assert result["features"] >= 40


def test_bars_without_volume_leave_out_its_columns(place, capsys):
    """The symbol trades volume, this file has none: the set does without."""
    frame = pl.read_csv("mes.csv").drop("volume")
    frame.write_csv("mes.csv")
    text = (place / "run.yaml").read_text()
    names = "  set: null\n  names: [rsi_14, return_1, hour_sin]\n"
    (place / "run.yaml").write_text(text.replace(names, "  set: neural_optimal\n"))
    assert run(["run", "run.yaml", "--json"]) == 0
    (result,) = printed(capsys)
    assert run(["features", "list", "--json"]) == 0
    counts = {row["set"]: row for row in printed(capsys)}["neural_optimal"]
    assert result["features"] == counts["without_volume"] < counts["columns"]


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["data", "--help"],
        ["features", "--help"],
        ["models", "--help"],
        ["runs", "--help"],
    ],
    ids=" ".join,
)
def test_help_of_groups(words, capsys):
    assert run(words) == 0
    told = capsys.readouterr()
    assert told.err == ""
    assert "Example:" in told.out
    assert "130 interrupted" in told.out


@pytest.mark.parametrize("words", [[], ["data"], ["runs"]], ids=["", "data", "runs"])
def test_no_command_shows_the_help(words, capsys):
    assert run(words) == 2
    told = capsys.readouterr()
    assert "Usage: barwise" in told.out + told.err
