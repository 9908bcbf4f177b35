"""``barwise cv`` and ``barwise walk-forward``: output, JSON and exit codes."""

import json

import pytest

from barwise.cli.app import run

pytestmark = pytest.mark.usefixtures("blank_figures")

in_a_folder = pytest.mark.usefixtures("place")

CV = ["cv", "run.yaml", "--n-splits", "3", "--embargo", "20"]


def told(capsys):
    return json.loads(capsys.readouterr().out)


@in_a_folder
def test_pooled_and_per_fold_scores_go_to_stdout_and_progress_to_stderr(capsys):
    assert run(CV) == 0
    out, err = capsys.readouterr()
    assert "logistic" in out
    assert "prior (baseline)" in out
    assert "fold 3" in out
    assert "6 fits, 0 of them done before" in err
    assert run([*CV, "--json"]) == 0
    out, err = capsys.readouterr()
    assert "6 fits, 6 of them done before" in err
    facts = json.loads(out)
    assert facts["folding"]["kind"] == "purged"
    assert [w["name"] for w in facts["results"][0]["windows"]] == [
        "fold 1",
        "fold 2",
        "fold 3",
    ]


@in_a_folder
def test_walk_forward_windows_train_on_the_past(capsys):
    words = ["walk-forward", "run.yaml", "--n-windows", "3", "--json"]
    assert run(words) == 0
    growing = [w["train_samples"] for w in told(capsys)["results"][0]["windows"]]
    assert growing == sorted(growing)
    assert growing[0] < growing[-1]
    assert run([*words, "--sliding"]) == 0
    sliding = [w["train_samples"] for w in told(capsys)["results"][0]["windows"]]
    assert max(sliding) - min(sliding) < growing[-1] - growing[0]


@in_a_folder
@pytest.mark.parametrize("splitter", ["combinatorial", "time-series"])
def test_other_splitters(capsys, splitter):
    words = ["cv", "run.yaml", "--n-splits", "3", "--splitter", splitter, "--json"]
    words += ["--embargo", "20"] if splitter == "combinatorial" else []
    assert run(words) == 0
    windows = told(capsys)["results"][0]["windows"]
    assert len(windows) == (2 if splitter == "combinatorial" else 3)


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["cv", "run.yaml", "--horizons", "7"], 2, "7 is not among 5"),
        (["cv", "run.yaml", "--horizons", "x"], 2, "is no list of bars"),
        (["cv", "run.yaml", "--models", "lgbm"], 2, "unknown model 'lgbm'"),
        ([*CV, "--jobs", "0"], 2, "--jobs must be"),
        (["cv", "run.yaml", "--embargo", "100000"], 2, "Use a smaller embargo"),
        (["cv", "run.yaml", "--n-splits", "3", "--splitter", "time-series",
          "--embargo", "5"], 2, "leave --embargo out"),
        (["cv", "nowhere.yaml"], 2, "nowhere.yaml"),
    ],
)  # fmt: skip
@in_a_folder
def test_what_cannot_work_is_told_in_a_line(capsys, words, code, text):
    assert run(words) == code
    err = capsys.readouterr().err
    assert text in err
    assert "Traceback" not in err


def test_no_model_left_is_a_runtime_error(place, capsys):
    config = place / "run.yaml"
    hopeless = "models: [{name: lightgbm, config: {tail_purge: 100000}}]"
    config.write_text(config.read_text().replace("models: [logistic]", hopeless))
    assert run(CV) == 1
    assert "no model could be judged: lightgbm at 5" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["cv", "walk-forward"])
def test_help_has_an_example_and_exit_codes(command, capsys):
    assert run([command, "--help"]) == 0
    out = capsys.readouterr().out
    assert f"barwise {command} mes.yaml" in out
    assert "Exit codes" in out
