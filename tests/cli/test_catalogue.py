"""features list, models list, runs list and runs show."""

import json

import pytest

from barwise.cli.app import run
from barwise.training.run_folder import new_run

pytestmark = pytest.mark.usefixtures("blank_figures")


def as_json(capsys, *words):
    assert run([*words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_features_sets_have_the_columns_that_they_count(capsys):
    for row in as_json(capsys, "features", "list"):
        columns = as_json(capsys, "features", "list", "--set", row["set"])
        assert len(columns) == row["columns"] >= row["without_volume"] > 0
        assert all(column["family"] and column["meaning"] for column in columns)
        assert all(column["unit"] and column["formula"] for column in columns)
        priced = [column for column in columns if not column["needs_volume"]]
        assert len(priced) <= row["without_volume"]
        known = {"number", "cyclic", "binary", "probability"}
        assert {column["role"] for column in columns} <= known
        # On longer bars it depends on the interval of the rows, which is not asked for.
        told = [c for c in columns if not c["column"].startswith("mtf_")]
        assert all(column["warmup"] >= 0 for column in told)


def test_features_as_text(capsys):
    assert run(["features", "list", "--set", "boosting_optimal"]) == 0
    assert capsys.readouterr().out.startswith("column")


def test_columns_say_unit_and_warm_up(capsys):
    columns = as_json(capsys, "features", "list", "--set", "full")
    (rsi,) = (column for column in columns if column["column"] == "rsi_14")
    assert (rsi["unit"], rsi["warmup"]) == ("percent, 0..100", 14)
    assert all(column["unit"] for column in columns)


def test_an_instrument_without_volume_is_told_what_it_lacks(capsys):
    told = as_json(capsys, "features", "list", "--symbol", "EURUSD")
    lacking = {row["column"]: row["why"] for row in told["left_out"]}
    assert "traded volume" in lacking["mfi_14"]
    (full,) = (row for row in told["sets"] if row["set"] == "full")
    assert full["columns"] == full["without_volume"]
    columns = as_json(
        capsys, "features", "list", "--symbol", "EURUSD", "--set", "hybrid_86"
    )
    assert len(columns["columns"]) == 86
    assert not any(row["needs_volume"] for row in columns["columns"])
    instead = {row["column"]: row["instead"] for row in columns["left_out"]}
    assert instead["mfi_14"] == "cmo_14"


def test_an_instrument_without_volume_is_told_so_in_words(capsys):
    assert run(["features", "list", "--symbol", "EURUSD"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "EURUSD has no traded volume, and columns of 'full' are" in said
    assert "volume_ratio_10, volume_ratio_20, " in said
    assert run(["features", "list", "--symbol", "MES", "--set", "hybrid_86"]) == 0
    assert "MES has traded volume: nothing is left out." in capsys.readouterr().out
    assert run(["features", "list", "--symbol", "EURUSD", "--set", "hybrid_86"]) == 0
    assert "cmo_14 for mfi_14" in " ".join(capsys.readouterr().out.split())


def test_unknown_symbol_of_a_feature_list_is_2(capsys):
    assert run(["features", "list", "--symbol", "NONSENSE"]) == 2
    assert "NONSENSE" in capsys.readouterr().err


def test_features_of_a_file(tmp_path, capsys):
    path = tmp_path / "mine.py"
    path.write_text(
        "import barwise as bw\n@bw.feature(unit='ratio', full=[{'n': 3}])\n"
        "def edge(bars, n=2):\n    'Close over open.'\n"
        "    return bars.close / bars.open + n\n"
    )
    columns = as_json(capsys, "features", "list", "--own", str(path))
    assert [column["column"] for column in columns] == ["edge_2", "edge_3"]
    assert columns[0]["unit"] == "ratio"
    assert columns[0]["defined"] == f"{path}:2"
    assert run(["features", "list", "--own", str(path)]) == 0
    assert capsys.readouterr().out.splitlines()[1].split()[:2] == ["edge_2", "own"]
    assert run(["features", "list", "--own", str(tmp_path / "none.py")]) == 2
    assert "does not exist" in capsys.readouterr().err


def test_unknown_feature_set_is_2(capsys):
    assert run(["features", "list", "--set", "nonsense"]) == 2
    assert "boosting_optimal" in capsys.readouterr().err


def test_models_by_family(capsys):
    models = as_json(capsys, "models", "list")
    assert {"lightgbm", "logistic"} <= {model["model"] for model in models}
    (boosting,) = {
        model["family"]
        for model in as_json(capsys, "models", "list", "--family", "boosting")
    }
    assert boosting == "boosting"


def test_models_as_text(capsys):
    assert run(["models", "list"]) == 0
    assert "lightgbm" in capsys.readouterr().out


def test_unknown_family_is_2(capsys):
    assert run(["models", "list", "--family", "nonsense"]) == 2
    assert "the families are" in capsys.readouterr().err


@pytest.fixture
def finished(tmp_path):
    metrics = {
        "classification": {"macro_f1": 0.41234567, "roc_auc": None},
        "trading": {"sharpe_ratio": 0.5, "num_trades": 12},
        "intervals": {"sharpe_ratio": {"lower": -0.25, "value": 0.5, "upper": 1.25}},
        "baselines": {
            "prior": {"classification": {"macro_f1": 0.33}, "trading": {}},
            "majority": {"classification": {"macro_f1": 0.25}, "trading": {}},
        },
    }
    with new_run(tmp_path / "runs", model="lightgbm", horizon=20) as draft:
        text = json.dumps(metrics)
        (draft.path / "metrics" / "evaluation_metrics.json").write_text(text)
    return draft.path


def test_runs_list(finished, capsys):
    output = str(finished.parent.parent)
    (row,) = as_json(capsys, "runs", "list", "--output", output)
    assert row["run"] == finished.name
    assert row["metrics"]["trading"]["num_trades"] == 12
    assert run(["runs", "list", "--output", output]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].split() == [
        "run",
        "model",
        "horizon",
        "macro_f1",
        "sharpe_ratio",
        "num_trades",
    ]
    assert shown[1].split()[1:] == ["lightgbm", "20", "0.4123", "0.5", "12"]


def test_runs_list_without_runs(tmp_path, capsys):
    assert run(["runs", "list", "--output", str(tmp_path)]) == 0
    told = capsys.readouterr()
    assert told.out == ""
    assert "no finished run" in told.err
    assert as_json(capsys, "runs", "list", "--output", str(tmp_path)) == []


def test_runs_show_by_name_and_by_path(finished, capsys):
    output = str(finished.parent.parent)
    by_name = as_json(capsys, "runs", "show", finished.name, "--output", output)
    by_path = as_json(capsys, "runs", "show", str(finished))
    assert by_name == by_path
    assert "metrics/evaluation_metrics.json" in by_name["files"]
    assert run(["runs", "show", str(finished)]) == 0
    shown = capsys.readouterr().out
    rows = {line.split()[0]: line.split()[1:] for line in shown.splitlines() if line}
    assert rows["score"] == ["lightgbm", "95", "%", "prior", "majority"]
    assert rows["classification.macro_f1"] == ["0.4123", "-", "0.33", "0.25"]
    assert rows["classification.roc_auc"] == ["-", "-", "-", "-"]
    assert rows["trading.sharpe_ratio"] == ["0.5", "-0.25", "to", "1.25", "-", "-"]
    assert "provenance.python" in shown


def test_runs_show_of_nothing_is_2(tmp_path, capsys):
    assert run(["runs", "show", "none", "--output", str(tmp_path)]) == 2
    assert "barwise runs list shows them" in capsys.readouterr().err


def test_damaged_run_is_5(finished, capsys):
    (finished / "provenance.json").write_text("{")
    assert run(["runs", "show", str(finished)]) == 5
    assert "provenance.json" in capsys.readouterr().err
