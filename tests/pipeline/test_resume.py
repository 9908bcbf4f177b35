"""A run that is killed anywhere, and run again, is a run that was never killed."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from barwise.bars.simulate import simulate_bars
from barwise.bars.stored import write_bars
from barwise.pipeline.steps import source_version
from barwise.testing.artefacts import artefacts
from barwise.testing.kills import kill_and_rerun, kill_times, run_command

CONFIG = """
symbol: MES
data: {path: mes.parquet, label: close}
features: {set: null, names: [log_return_1, rsi_14, hvol_20, session_progress]}
labels: {horizons: [5]}
models: [logistic, %s]
"""
NET = """{name: lstm,
  config: {hidden_size: 4, layers: 1, sequence_length: 8, max_epochs: 2}}"""


@pytest.fixture(scope="module")
def bars(tmp_path_factory):
    path = tmp_path_factory.mktemp("bars") / "mes.parquet"
    write_bars(simulate_bars("MES", days=12, signal=0.2, seed=4), path)
    return path


def fill(folder, bars, second):
    folder.mkdir(parents=True)
    (folder / "mes.parquet").hardlink_to(bars)
    (folder / "run.yaml").write_text(CONFIG % second)
    return folder


def killed(folder, *moments):
    """What was found after a kill at each moment, and after the run behind it."""
    driver = Path(__file__).with_name("killed_anywhere.py")
    done = subprocess.run(
        [sys.executable, driver, folder, *moments],
        env=os.environ
        | {"OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def check(told):
    for one in told:
        assert one["codes"] == [-signal.SIGKILL, 0], one
        assert one["whole"], one
        assert one["kept"], one
        assert one["same"], one
        assert one["left"] == [], one
        assert one["folders"] == 2, one


def test_killed_while_results_get_their_names(tmp_path, bars):
    fill(tmp_path / "whole", bars, "prior")
    moments = ("within a row", "before runs", "after a draft in reports")
    told = killed(tmp_path, *moments)["told"]
    check(told)
    # A model's row is written behind its step; a row and a run folder show when whole.
    assert [one["done"] for one in told] == [4, 5, 5]
    assert [one["rows"] for one in told] == [0, 2, 2]
    assert [one["runs"] for one in told] == [0, 0, 2]


@pytest.mark.slow
def test_killed_at_every_moment_at_which_something_appears(tmp_path, bars):
    fill(tmp_path / "whole", bars, NET)
    found = killed(tmp_path)
    check(found["told"])
    assert {one["done"] for one in found["told"]} == set(range(6))
    assert {one["runs"] for one in found["told"]} == {0, 1, 2}
    assert {one["rows"] for one in found["told"]} == {0, 1, 2}
    # Every name outside a draft, and every place with drafts.
    visible = [name for name in found["moments"] if "a draft" not in name]
    moments = [one["moment"] for one in found["told"]]
    assert [name for name in moments if "a draft" not in name] == visible
    assert len(visible) > 40
    assert set(map(appears, moments)) == set(map(appears, found["moments"]))


def appears(moment):
    return moment.partition(" ")[2]


@pytest.mark.slow
def test_a_real_command_killed_at_any_time_goes_on(tmp_path, bars):
    folder = fill(tmp_path / "whole", bars, NET)
    run_command(folder, "run.yaml")
    (folder / "experiments").rename(folder / "first")
    seconds = run_command(folder, "run.yaml")
    whole = artefacts(folder / "experiments")
    assert artefacts(folder / "first") == whole
    kills = []
    for number, delay in enumerate(kill_times(seconds, 5, seed=2)):
        folder = fill(tmp_path / str(number), bars, NET)
        output = folder / "experiments"
        kills.append(kill_and_rerun(folder, "run.yaml", output, delay, whole))
    assert all(kill.recovered for kill in kills), kills
    # They hit a run at work: some before its last step, not all before its first.
    assert sum(kill.ended for kill in kills) <= 1
    assert any(kill.steps > 0 for kill in kills)


def test_a_changed_default_figure_is_another_version(tmp_path, monkeypatch):
    """Or a figure in a model's YAML file would find the results of the old one."""
    package = tmp_path / "toydefaults"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "model.yaml").write_text("learning_rate: 0.1\n")
    monkeypatch.syspath_prepend(tmp_path)
    before = source_version.__wrapped__("toydefaults")
    (package / "model.yaml").write_text("learning_rate: 0.2\n")
    assert source_version.__wrapped__("toydefaults") != before
