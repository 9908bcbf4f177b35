"""``barwise pbo``: the statistics are those of the returns that the ledger keeps."""

import contextlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from barwise.bars.prepare import prepare
from barwise.bars.simulate import simulate_bars
from barwise.bars.stored import write_bars
from barwise.cli.app import run
from barwise.pipeline import RunConfig
from barwise.pipeline.trials import ledger_of
from barwise.validation import (
    probability_of_backtest_overfitting,
    superior_predictive_ability,
)

PBO = ["pbo", "run.yaml", "--n-splits", "3", "--embargo", "20", "--n-blocks", "4"]
BOTH = [*PBO, "--models", "logistic,time_of_day"]


CONFIG = """\
symbol: MES
data: {path: mes.parquet, label: close, interval: 30min}
features: {set: null, names: [rsi_14, return_1, hour_sin]}
labels: {horizons: [3]}
models: [logistic]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with six weeks of half-hourly bars."""
    folder = tmp_path_factory.mktemp("pbo")
    bars, _ = prepare(
        simulate_bars("MES", days=42, signal=0.3, seed=3), interval="30min"
    )
    write_bars(bars, folder / "mes.parquet")
    (folder / "run.yaml").write_text(CONFIG)
    return folder


@pytest.fixture(scope="module")
def finished(folder, tmp_path_factory):
    """Such a folder in which two models were compared."""
    place = tmp_path_factory.mktemp("compared") / "here"
    shutil.copytree(folder, place)
    with contextlib.chdir(place):
        assert run(BOTH) == 0
    return place


@pytest.fixture
def longer(folder, tmp_path, monkeypatch):
    """A folder of its own with these bars."""
    shutil.copytree(folder, tmp_path / "fresh")
    monkeypatch.chdir(tmp_path / "fresh")


@pytest.fixture
def compared(finished, tmp_path, monkeypatch):
    """A folder of its own in which the two models were compared."""
    shutil.copytree(finished, tmp_path / "compared")
    monkeypatch.chdir(tmp_path / "compared")


@pytest.mark.usefixtures("longer")
def test_the_figures_are_those_of_the_ledgers_returns(capsys):
    assert run([*BOTH, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    settings = RunConfig.read("run.yaml")
    trials = ledger_of(settings).trials(settings.traded().underlying, 0, 2**62)
    assert len(trials) == told["compared"] == 2
    table = np.stack([one.returns for one in trials], axis=1)
    assert told["days"] == len(table)
    found = probability_of_backtest_overfitting(table, 4)
    assert told["pbo"] == found.pbo
    superior = superior_predictive_ability(table)
    assert told["superior_predictive_ability"]["p_value"] == superior.p_value
    assert [one["model"] for one in told["strategies"]] == ["logistic", "time_of_day"]
    assert {one["deflation"]["trials"] for one in told["strategies"]} == {2}


@pytest.mark.usefixtures("compared")
def test_a_rerun_counts_nothing_twice_and_another_model_counts(capsys):
    assert run([*BOTH, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["strategies"][0]["deflation"]["trials"] == 2
    assert run([*PBO, "--models", "majority", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    # What was tried before is compared with as well.
    assert told["compared"] == told["strategies"][0]["deflation"]["trials"] == 3


@pytest.mark.usefixtures("compared")
def test_a_person_reads_the_same(capsys):
    assert run(BOTH) == 0
    out = capsys.readouterr().out
    assert "Probability of backtest overfitting" in out
    assert "2 configurations were tried" in out
    page = next(Path("experiments").rglob("overfitting.html")).read_text("utf-8")
    assert str(Path("reports")) in out
    assert "overfitting.html" in out
    for sentence in out.splitlines():
        if sentence.startswith(("Probability of backtest", "The best loses")):
            assert sentence in page
    assert "Relative rank out of sample" in page


@pytest.mark.usefixtures("longer")
@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (PBO, 2, "name two models or more"),
        ([*BOTH, "--n-blocks", "3"], 2, "--n-blocks 3 is odd"),
        ([*BOTH, "--n-blocks", "24"], 3, "use more data, or --n-blocks"),
        ([*BOTH, "--n-blocks", "26"], 2, "less than or equal to 24"),
    ],
)
def test_what_cannot_be_compared_is_told(capsys, words, code, text):
    assert run(words) == code
    assert text in capsys.readouterr().err
    # A wrong question costs no fold.
    assert Path("experiments").exists() == (code == 3)


def test_help_has_an_example(capsys):
    assert run(["pbo", "--help"]) == 0
    assert "barwise pbo mes.yaml" in capsys.readouterr().out
