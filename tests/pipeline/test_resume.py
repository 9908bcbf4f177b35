"""A run that is killed anywhere, and run again, is a run that was never killed."""

import json
import os
import signal
import subprocess
import sys
import textwrap

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
models:
  - logistic
  - {name: lstm, config: {hidden_size: 4, layers: 1, sequence_length: 8, max_epochs: 2}}
"""


@pytest.fixture(scope="module")
def bars(tmp_path_factory):
    path = tmp_path_factory.mktemp("bars") / "mes.parquet"
    write_bars(simulate_bars("MES", days=12, signal=0.2, seed=4), path)
    return path


def fill(folder, bars):
    folder.mkdir(parents=True)
    (folder / "mes.parquet").hardlink_to(bars)
    (folder / "run.yaml").write_text(CONFIG)
    return folder


def environment():
    return os.environ | {"OPENBLAS_NUM_THREADS": "1"}


# Runs are forked from one process that has imported everything, so that many kills are
# affordable; each is a process of its own, which SIGKILL ends without a word.
DRIVER = """
    import json, os, signal, sys
    from pathlib import Path
    import torch, lightgbm, matplotlib.pyplot
    from barwise.pipeline import RunConfig, run
    from barwise.testing.artefacts import artefacts, leftovers

    base, wanted = Path(sys.argv[1]), sys.argv[2:]
    peace = base / "whole"
    originals = {name: getattr(os, name) for name in ("rename", "replace")}

    def child(folder, kill_at):
        moments = []

        def tick(text):
            moments.append(text)
            if len(moments) == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

        def place(target):
            target, output = Path(target).resolve(), folder / "experiments"
            if not target.is_relative_to(output):
                return "scratch"
            parts = target.relative_to(output).parts
            name = parts[2] if parts[0] == ".barwise" else parts[0]
            inside = any(part.startswith(".tmp-") for part in parts)
            return "a draft in " + name if inside else name

        # A name that appears has a moment before it and one behind it.
        for name, original in originals.items():
            def wrapped(source, target, original=original, **options):
                tick("before " + place(target))
                original(source, target, **options)
                tick("after " + place(target))
            setattr(os, name, wrapped)
        os.fsync = lambda handle: None  # a killed process loses nothing it wrote
        os.chdir(folder)
        run(RunConfig.read("run.yaml"))
        (folder / "moments").write_text(json.dumps(moments))

    def forked(folder, kill_at=0):
        process = os.fork()
        if not process:
            try:
                child(folder, kill_at)
            except BaseException as problem:
                sys.stderr.write(repr(problem))
                os._exit(1)
            os._exit(0)
        return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])

    def records(folder):
        found = (folder / "experiments").rglob("steps/*/[!.]*.json")
        return {path: path.stat().st_mtime_ns for path in found}

    assert forked(peace) == 0
    whole = artefacts(peace / "experiments")
    moments = json.loads((peace / "moments").read_text())
    # Every name of a moment at its first, or all moments one by one.
    numbers = (
        range(1, len(moments) + 1)
        if wanted == ["all"]
        else [moments.index(name) + 1 for name in wanted]
    )
    told = []
    for number in numbers:
        folder = base / f"killed-{number}"
        folder.mkdir()
        for name in ("mes.parquet", "run.yaml"):
            os.link(peace / name, folder / name)
        output = folder / "experiments"
        codes = [forked(folder, number)]
        seen = artefacts(output)
        done = records(folder)
        codes.append(forked(folder))
        now = records(folder)
        told.append({
            "moment": moments[number - 1],
            "codes": codes,
            # What was there after the kill was whole: files of the whole run.
            "whole": seen.items() <= whole.items(),
            "runs": len({name.split("/")[1] for name in seen if name[:5] == "runs/"}),
            "kept": all(now[path] == at for path, at in done.items()),
            "done": len(done),
            "same": artefacts(output) == whole,
            "left": [str(path) for path in leftovers(output)],
            "folders": len(list((output / "runs").iterdir())),
        })
    print(json.dumps({"whole": len(moments), "told": told}))
"""


def killed(tmp_path, bars, *moments):
    fill(tmp_path / "whole", bars)
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(DRIVER), str(tmp_path), *moments],
        env=environment(),
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
    told = killed(
        tmp_path, bars, "before runs", "after runs", "after a draft in reports"
    )["told"]
    check(told)
    # All steps were done, and as many run folders visible as were whole.
    assert [one["done"] for one in told] == [5, 5, 5]
    assert [one["runs"] for one in told] == [0, 1, 2]


@pytest.mark.slow
def test_killed_at_every_moment_at_which_a_name_appears(tmp_path, bars):
    found = killed(tmp_path, bars, "all")
    check(found["told"])
    assert len(found["told"]) == found["whole"] > 40
    assert {one["done"] for one in found["told"]} == set(range(6))


@pytest.mark.slow
def test_a_real_command_killed_at_any_time_goes_on(tmp_path, bars):
    folder = fill(tmp_path / "whole", bars)
    run_command(folder, "run.yaml")
    (folder / "experiments").rename(folder / "first")
    seconds = run_command(folder, "run.yaml")
    whole = artefacts(folder / "experiments")
    assert artefacts(folder / "first") == whole
    kills = []
    for number, delay in enumerate(kill_times(seconds, 5, seed=2)):
        folder = fill(tmp_path / str(number), bars)
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
