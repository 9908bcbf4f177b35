"""``barwise power``: text, JSON, progress, and what it refuses."""

import json

import pytest

from barwise.cli.app import run
from barwise.pipeline import power


@pytest.fixture(autouse=True)
def _few_strengths(monkeypatch):
    monkeypatch.setattr(power, "STRENGTHS", (0.2, 0.5))


FEW = ["power", "run.yaml", "--null", "2", "--planted", "1", "--sharpes", "20"]


@pytest.mark.usefixtures("place")
def test_a_study_as_text_and_as_json(capsys):
    assert run(FEW) == 0
    told = capsys.readouterr()
    assert "Sharpe planted  surrogates  verdict" in told.out
    assert "on 2 surrogates without an edge (logistic at 5 bars)" in told.out
    assert "Planted are reversals" in told.out
    assert "2 surrogates without an edge and 1 for each size of one" in told.err
    assert "MES: surrogates" in told.err
    assert run([*FEW, "--json"]) == 0
    again = capsys.readouterr()
    assert "3 of 3 of them done before" in again.err
    facts = json.loads(again.out)
    assert facts["sizes"][0]["rates"]["verdict"]["total"] == 2
    assert facts["judged"] == "barwise run"
    assert f"Report: {facts['report']}" in told.out


def test_slow_models_are_left_out_and_that_is_said(place, capsys):
    config = place / "run.yaml"
    config.write_text(config.read_text().replace("[logistic]", "[logistic, lstm]"))
    assert run([*FEW[:2], "--null", "1", "--sharpes", "1e6", "--json"]) == 0
    told = capsys.readouterr()
    assert "lstm take long to train and are left out; --models asks" in told.err
    assert json.loads(told.out)["models_left_out"] == ["lstm"]


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    ("words", "why"),
    [
        (
            ["--sharpes", "1,x"],
            "--sharpes '1,x' is no list of Sharpe ratios above zero",
        ),
        (["--sharpes", "-1"], "above zero"),
        (["--horizons", "7"], "7 is not among 5"),
        (
            ["--n-windows", "3", "--n-splits", "3"],
            "--n-splits and --embargo mean nothing",
        ),
        (["--jobs", "-2"], "--jobs must be a number of processes"),
    ],
)
def test_what_cannot_work_is_refused(words, why, capsys):
    assert run(["power", "run.yaml", "--null", "1", *words]) == 2
    told = capsys.readouterr()
    assert why in told.err
    assert "Traceback" not in told.err
