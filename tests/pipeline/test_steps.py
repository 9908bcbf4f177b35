"""Steps are computed once; a killed run goes on and gives the same bytes."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from barwise.core.errors import IntegrityError
from barwise.pipeline.steps import Step, Steps, source_version
from barwise.pipeline.store import Content, ObjectStore


@pytest.fixture
def steps(tmp_path):
    return Steps(ObjectStore(tmp_path / "store"))


class Count:
    """Computes a range and counts how often."""

    def __init__(self, rows=3):
        self.calls = 0
        self.rows = rows

    def __call__(self):
        self.calls += 1
        return Content({"x": np.arange(self.rows)}, {"rows": self.rows})


STEP = Step("count", "1", {"rows": 3}, {"bars": "0" * 64})


def objects(folder):
    """Every content-addressed byte below a store, by name."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for part in ("objects", "steps")
        for path in sorted((folder / part).rglob("*"))
        if path.is_file()
    }


def test_second_run_takes_the_stored_result(steps):
    count = Count()
    first, second = steps.run(STEP, count), steps.run(STEP, count)
    assert count.calls == 1
    assert (first.reused, second.reused) == (False, True)
    assert first.address == second.address == steps.find(STEP)
    np.testing.assert_array_equal(second.content.arrays["x"], [0, 1, 2])


@pytest.mark.parametrize(
    "other",
    [
        Step("other", "1", STEP.settings, STEP.inputs),
        Step("count", "2", STEP.settings, STEP.inputs),
        Step("count", "1", {"rows": 4}, STEP.inputs),
        Step("count", "1", STEP.settings, {"bars": "1" * 64}),
        Step("count", "1", STEP.settings, {"fine": "0" * 64}),
        Step("count", "1", STEP.settings),
    ],
)
def test_key_depends_on_all_that_a_result_depends_on(other):
    assert other.key != STEP.key


def test_order_of_settings_does_not_matter():
    one = Step("s", "1", {"a": 1, "b": 2}, {"x": "0", "y": "1"})
    two = Step("s", "1", {"b": 2, "a": 1}, {"y": "1", "x": "0"})
    assert one.key == two.key


def test_removed_object_is_computed_anew(steps):
    import shutil

    count = Count()
    address = steps.run(STEP, count).address
    shutil.rmtree(steps.store.path(address))
    assert steps.run(STEP, count).address == address
    assert count.calls == 2


def test_damaged_result_is_not_used(steps):
    address = steps.run(STEP, Count()).address
    (steps.store.path(address) / "value.json").write_text("{}")
    with pytest.raises(IntegrityError, match="remove the folder"):
        steps.run(STEP, Count())


@pytest.mark.parametrize("text", ["", "{", "[]", '{"key": "0", "object": "1"}'])
def test_damaged_record_names_the_way_out(steps, text):
    count = Count()
    steps.run(STEP, count)
    (record,) = (steps.store.folder / "steps").rglob("*.json")
    record.write_text(text)
    with pytest.raises(IntegrityError, match=r"remove .* and run again"):
        steps.run(STEP, count)
    record.unlink()
    assert not steps.run(STEP, count).reused


def test_failing_step_leaves_no_record(steps):
    def fail():
        raise RuntimeError("boom")

    with pytest.raises(RuntimeError):
        steps.run(STEP, fail)
    assert steps.find(STEP) is None
    assert steps.run(STEP, Count()).reused is False


def test_volatile_facts_stay_out_of_the_objects(tmp_path):
    stores = [tmp_path / "a", tmp_path / "b"]
    for folder in stores:
        Steps(ObjectStore(folder)).run(STEP, Count())
    assert objects(stores[0]) == objects(stores[1])
    (told,) = (stores[0] / "provenance").rglob("*.json")
    assert '"seconds":' in told.read_text()


def test_source_version_follows_the_code(tmp_path, monkeypatch):
    package = tmp_path / "toycode"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "part.py").write_text("x = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    before = source_version.__wrapped__("toycode")
    assert source_version.__wrapped__("toycode") == before
    (package / "part.py").write_text("x = 2\n")
    after = source_version.__wrapped__("toycode")
    assert after != before
    assert source_version.__wrapped__("toycode.part") not in (before, after)


def test_source_version_of_nothing():
    with pytest.raises(ValueError, match="no source file"):
        source_version("barwise_none")


# Three steps, each fed by the one before; a log tells what was computed. Runs of the
# chain are forked from one process, so that a kill at every single moment is affordable.
DRIVER = """
    import hashlib, json, os, signal, sys
    from pathlib import Path
    import numpy as np
    from barwise.pipeline.steps import Step, Steps
    from barwise.pipeline.store import Content, ObjectStore

    base = Path(sys.argv[1])
    originals = {name: getattr(os, name) for name in ("fsync", "rename", "replace")}

    def chain(folder, kill_at):
        moment = 0

        def tick():
            nonlocal moment
            moment += 1
            if moment == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

        # Every durable action has a moment before it and one behind it.
        for name, original in originals.items():
            def wrapped(*args, original=original):
                tick()
                # A killed process loses nothing that it wrote: no need to flush.
                if original is not originals["fsync"]:
                    original(*args)
                tick()
            setattr(os, name, wrapped)

        steps = Steps(ObjectStore(folder / "store"))
        steps.store.sweep()
        inputs = {}
        for number in range(3):
            def compute():
                with (folder / "log").open("a") as lines:
                    lines.write(str(number))
                tick()
                before = sum(steps.store.get(a).arrays["x"].sum() for a in inputs.values())
                x = np.random.default_rng(number).normal(size=100) + before
                return Content({"x": x}, {"number": number})
            step = Step("s", "1", {"n": number}, inputs)
            inputs = {"before": steps.run(step, compute).address}
        (folder / "moments").write_text(str(moment))

    def run(folder, kill_at=0):
        folder.mkdir(exist_ok=True)
        child = os.fork()
        if not child:
            chain(folder, kill_at)
            os._exit(0)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    def objects(folder):
        return {
            str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for part in ("store/objects", "store/steps")
            for path in sorted((folder / part).rglob("*"))
            if path.is_file()
        }

    assert run(base / "whole") == 0
    moments = int((base / "whole" / "moments").read_text())
    told = []
    # Each step has as many moments; unless 3 divides them, the three steps together
    # are cut at every moment of a step.
    assert moments % 3 == 0 and moments // 3 % 3
    for kill_at in range(1, moments + 1, 3):
        folder = base / str(kill_at)
        codes = [run(folder, kill_at), run(folder)]
        same = objects(folder) == objects(base / "whole")
        left = len(list(folder.rglob(".tmp-*")))
        told.append([codes, same, left, (folder / "log").read_text()])
    print(json.dumps(told))
"""


def test_kill_9_anywhere_then_run_again_gives_the_same_bytes(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(DRIVER), str(tmp_path)],
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert len(told) > 30
    for codes, same, left, log in told:
        assert codes == [-signal.SIGKILL, 0]
        assert same
        assert left == 0
        # Finished steps are not repeated; the one that was cut off is, once.
        assert log in ("0012", "0112", "0122", "012")
