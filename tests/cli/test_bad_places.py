"""Full disks, damaged stores, other processes, missing packages, interruptions."""

from __future__ import annotations

import errno
import importlib.metadata
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import pytest

from barwise.cli.app import run
from barwise.models.registry import ModelRegistry
from barwise.pipeline.lock import locked

pytestmark = pytest.mark.usefixtures("blank_figures")

RUN = ["run", "run.yaml"]
STORE = Path("experiments/.barwise/store")


def scores(capsys) -> object:
    """Run, and return all that may not depend on when."""
    assert run([*RUN, "--json"]) == 0
    (result,) = json.loads(capsys.readouterr().out)
    return result["leaderboard"]


def unfinished(place: Path) -> list[str]:
    """Return what is half-written: temporary names, runs and reports in parts."""
    found = [path for path in place.rglob("*") if ".tmp-" in path.name]
    found += [
        path
        for path in place.glob("experiments/runs/*")
        if not (path / "provenance.json").is_file()
    ]
    found += [
        path
        for path in place.glob("experiments/reports/*")
        if not (path / "report.html").is_file()
    ]
    return [str(path) for path in found]


def check_message(err: str, *parts: str) -> None:
    for part in parts:
        assert part in err, err
    for part in ("Traceback", "unexpected", "fault of barwise"):
        assert part not in err, err
    assert len(err.splitlines()) <= 30


@contextmanager
def failing_flush(part: str, problem: BaseException) -> Iterator[None]:
    """Let the flush to disk fail for paths that hold a text."""
    real = os.fsync

    def fsync(handle: int) -> None:
        if part in os.readlink(f"/proc/self/fd/{handle}"):
            raise problem
        real(handle)

    with mock.patch("os.fsync", fsync):
        yield


FULL = OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    "part",
    [
        "/store/.tmp-",
        "/store/objects/",
        "/store/provenance/",
        "/store/steps/",
        "/runs/.tmp-",
        "confusion_matrix.png",
        "/provenance.json",
        "/reports/",
    ],
)
def test_full_disk_leaves_nothing_half_written(part, place, capsys):
    with failing_flush(part, FULL):
        assert run(RUN) == 1
    told = capsys.readouterr()
    assert told.out == ""
    check_message(told.err, "cannot write", "experiments/")
    assert "full" in told.err or "No space left" in told.err
    assert unfinished(place) == []


@pytest.mark.parametrize("name", ["os.replace", "os.rename"])
def test_rename_that_fails_leaves_nothing_half_written(name, place, capsys):
    with mock.patch(name, side_effect=FULL):
        assert run(RUN) == 1
    check_message(capsys.readouterr().err, "cannot write", "the disk is full")
    assert unfinished(place) == []


def test_run_goes_on_after_a_full_disk(place, capsys):
    with failing_flush("/runs/.tmp-", FULL):
        assert run(RUN) == 1
    kept = sorted((place / STORE / "steps").rglob("*.json"))
    assert len(kept) == 4
    before = [path.stat().st_mtime_ns for path in kept]
    after = scores(capsys)
    assert [path.stat().st_mtime_ns for path in kept] == before
    shutil.rmtree(place / "experiments")
    assert scores(capsys) == after


@pytest.mark.parametrize(("limit", "where"), [(4, ".barwise/store"), (60, "/plots/")])
def test_files_that_may_not_grow(limit, where, place):
    """A real limit of the system, on a real process."""
    size = limit * 1024
    done = subprocess.run(
        [sys.executable, "-m", "barwise", *RUN],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    check_message(done.stderr, "cannot write", where, "File too large")
    assert unfinished(place) == []


def test_folder_that_may_not_be_written(place, capsys):
    refused = PermissionError(errno.EACCES, "Permission denied")
    real = os.open

    def deny(path, flags, *more, **named):
        if flags & os.O_CREAT and "experiments" in str(path):
            raise refused
        return real(path, flags, *more, **named)

    with mock.patch("os.open", deny):
        assert run(RUN) == 1
    check_message(
        capsys.readouterr().err, f"cannot lock {STORE}", "Permission denied", "choose"
    )
    assert unfinished(place) == []


def test_bytes_changed_in_the_store(done, capsys):
    """The message says what to remove; after that the result is the same again."""
    first = scores(capsys)
    (path,) = (done / STORE / "objects").rglob("array-close.npy")
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert run(RUN) == 5
    told = capsys.readouterr()
    assert told.out == ""
    folder = path.parent.relative_to(done)
    check_message(
        told.err, "array-close.npy was changed", f"remove the folder {folder}"
    )
    shutil.rmtree(folder)
    assert scores(capsys) == first


def test_record_changed_in_the_store(done, capsys):
    first = scores(capsys)
    for path in (done / STORE / "steps").rglob("*.json"):
        path.write_text("{")
    assert run(RUN) == 5
    err = capsys.readouterr().err
    check_message(err, "the record of step 'bars' is damaged", "computed anew")
    for path in (done / STORE / "steps").rglob("*.json"):
        path.unlink()
    assert scores(capsys) == first


def test_run_that_was_changed(done, capsys):
    path, _ = done.glob("experiments/runs/*/metrics/evaluation_metrics.json")
    path.write_text("{")
    for words in (["runs", "list"], ["runs", "show", path.parts[-3]], RUN):
        assert run(words) == 5
        told = capsys.readouterr()
        assert told.out == ""
        check_message(told.err, "is not what a run wrote", "run again")


def test_store_in_use(done, capsys):
    with locked(STORE):
        assert run(RUN) == 6
        told = capsys.readouterr()
        assert told.out == ""
        check_message(told.err, f"{STORE} is in use by process {os.getpid()}", "wait")
    assert unfinished(done) == []
    assert run(RUN) == 0


@pytest.mark.parametrize(
    "part", ["/store/objects/", "/store/steps/", "/runs/.tmp-", "/reports/"]
)
def test_interruption_leaves_nothing_half_written(part, place, capsys):
    with failing_flush(part, KeyboardInterrupt()):
        assert run(RUN) == 130
    told = capsys.readouterr()
    assert told.out == ""
    check_message(told.err, "interrupted; finished steps are kept, run again to go on")
    assert unfinished(place) == []


def test_interrupted_process(place):
    """Control-C while it trains, in a process of its own."""
    code = (
        "import os, signal, sys\n"
        "from barwise.cli import app\n"
        "from barwise.training import Trainer\n"
        "Trainer.fit = lambda *a: os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.exit(app.run(['run', 'run.yaml']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 128 + signal.SIGINT
    assert done.stdout == ""
    check_message(done.stderr, "interrupted; finished steps are kept")
    assert unfinished(place) == []


@pytest.fixture
def no_torch(monkeypatch):
    """Hide torch, as if it had never been installed."""
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(ModelRegistry._classes, "lstm", raising=False)


@pytest.mark.usefixtures("no_torch")
def test_missing_torch_names_the_way_out(place, capsys):
    text = (place / "run.yaml").read_text().replace("[logistic]", "[logistic, lstm]")
    (place / "run.yaml").write_text(text)
    assert run(RUN) == 2
    told = capsys.readouterr()
    assert told.out == ""
    check_message(
        told.err,
        "run.yaml:11: models[1]: the model 'lstm' needs the package 'torch'",
        "pip install 'barwise[nets]'",
    )
    assert not (place / "experiments").exists()
    assert run(["train", "run.yaml", "--models", "logistic"]) == 0


@pytest.mark.usefixtures("no_torch")
def test_list_of_models_says_what_is_missing(capsys):
    assert run(["models", "list", "--json"]) == 0
    rows = {row["model"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["lstm"]["install"] == "pip install 'barwise[nets]'"
    assert rows["logistic"]["install"] is None


def test_demo_without_its_package(place, capsys, monkeypatch):
    def missing(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "files", missing)
    assert run(["demo"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    check_message(
        told.err,
        "python -m pip install --no-deps gym-anytrading==2.0.0",
        "barwise demo --simulated",
    )
    assert not (place / "experiments").exists()


@pytest.mark.usefixtures("place")
def test_doctor_of_a_file(capsys):
    assert run(["doctor", "--folder", "mes.csv"]) == 1
    told = capsys.readouterr()
    assert "CANNOT BE WRITTEN" in told.out
    assert "mes.csv is a file); choose another folder" in told.out
