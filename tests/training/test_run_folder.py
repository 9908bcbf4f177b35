"""Run folders appear when they are complete, under a name of their own."""

import json
import os

import pytest

from barwise.core import clock
from barwise.core.errors import BarwiseError, ConfigError, IntegrityError
from barwise.training.run_folder import PARTS, list_runs, new_run, read_run


@pytest.fixture
def one_second(monkeypatch):
    monkeypatch.setattr(clock, "stamp", lambda: "20260102_030405")


def make(runs, model="lightgbm", horizon=20, metrics=None):
    with new_run(runs, model=model, horizon=horizon) as draft:
        if metrics is not None:
            text = json.dumps(metrics)
            (draft.path / "metrics" / "evaluation_metrics.json").write_text(text)
    return draft.path


@pytest.mark.usefixtures("one_second")
def test_name_and_parts(tmp_path):
    path = make(tmp_path)
    assert path == tmp_path / "lightgbm_20_20260102_030405"
    assert {p.name for p in path.iterdir()} == {*PARTS, "provenance.json"}


@pytest.mark.usefixtures("one_second")
def test_two_in_one_second_get_two_folders(tmp_path):
    paths = [make(tmp_path) for _ in range(3)]
    names = [path.name for path in paths]
    stem = "lightgbm_20_20260102_030405"
    assert names == [stem, f"{stem}-2", f"{stem}-3"]
    assert [run.model for run in list_runs(tmp_path)] == ["lightgbm"] * 3


def test_nothing_appears_before_the_end(tmp_path):
    with new_run(tmp_path, model="lstm", horizon=5) as draft:
        (draft.path / "logs" / "training.log").write_text("begun")
        assert list_runs(tmp_path) == []
    assert [run.path for run in list_runs(tmp_path)] == [draft.path]
    assert (draft.path / "logs" / "training.log").read_text() == "begun"


def test_failed_run_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError), new_run(tmp_path, model="lstm", horizon=5):
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_what_a_run_tells(tmp_path):
    metrics = {"horizon": 20, "classification": {"macro_f1": 0.4}}
    run = read_run(make(tmp_path, "bilstm_attention", 20, metrics))
    assert (run.model, run.horizon, run.metrics) == ("bilstm_attention", 20, metrics)
    assert len(run.timestamp) == len("20260102_030405")
    assert run.provenance["libraries"]["numpy"]
    assert run.provenance["seconds"] >= 0


def test_own_facts_join_the_provenance(tmp_path):
    with new_run(tmp_path, model="lstm", horizon=5) as draft:
        draft.provenance["training_time_seconds"] = 1.5
    assert read_run(draft.path).provenance["training_time_seconds"] == 1.5


def test_runs_are_listed_the_oldest_first(tmp_path, monkeypatch):
    for stamp in ("20260103_000000", "20260101_000000", "20260102_000000"):
        monkeypatch.setattr(clock, "stamp", lambda stamp=stamp: stamp)
        make(tmp_path, "lstm")
    listed = [run.timestamp[:8] for run in list_runs(tmp_path)]
    assert listed == ["20260101", "20260102", "20260103"]


def test_other_folders_are_passed_over(tmp_path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "lstm_5_20260101_000000").mkdir()
    assert list_runs(tmp_path) == []
    assert list_runs(tmp_path / "none") == []


def test_folder_that_is_no_run(tmp_path):
    with pytest.raises(ConfigError, match="barwise runs list shows them"):
        read_run(tmp_path)


def test_damaged_run_names_the_file(tmp_path):
    path = make(tmp_path)
    (path / "provenance.json").write_text("{")
    with pytest.raises(IntegrityError, match=r"provenance\.json"):
        list_runs(tmp_path)


def test_model_names_cannot_leave_the_folder(tmp_path):
    with (
        pytest.raises(ValueError, match="letters, digits"),
        new_run(tmp_path, model="../x", horizon=5),
    ):
        pass


def test_full_disk_leaves_nothing(tmp_path, monkeypatch):
    def full(_):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BarwiseError, match="disk is full"):
        make(tmp_path)
    monkeypatch.undo()
    assert list(tmp_path.iterdir()) == []


def test_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "runs").write_text("a file")
    with pytest.raises(BarwiseError, match="choose another folder"):
        make(tmp_path / "runs")
