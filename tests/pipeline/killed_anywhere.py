"""Kill runs at chosen moments, run each again, and tell what was found, as JSON.

``python killed_anywhere.py FOLDER [MOMENT ...]``: FOLDER/whole holds the bars and the
config; without names of moments, all that :func:`telling` keeps are taken.

Runs are forked from one process that has imported everything, so that many kills are
affordable; each is a process of its own, which SIGKILL ends without a word. Figures
are blank.
"""

import importlib
import json
import os
import shutil
import signal
import sqlite3
import sys
from itertools import groupby
from pathlib import Path

from barwise.pipeline import RunConfig, run
from barwise.report.figures import style
from barwise.testing.artefacts import artefacts, leftovers
from blank import blank

INPUTS = ("mes.parquet", "run.yaml")


class Moments:
    """The moments of a run, as they come; at one of them it dies."""

    def __init__(self, output, kill_at):
        self.output, self.kill_at, self.names = output, kill_at, []

    def tick(self, name):
        self.names.append(name)
        if len(self.names) == self.kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(self):
        """A name that appears, and a row, has a moment before it and one behind it."""
        for name in ("rename", "replace"):
            setattr(os, name, self.watched(getattr(os, name)))
        connect, rows = sqlite3.connect, self

        class Watched(sqlite3.Connection):
            writes = False

            def execute(self, text, *values):
                if not text.startswith("INSERT"):
                    return super().execute(text, *values)
                self.writes = True
                rows.tick("before a row")
                done = super().execute(text, *values)
                rows.tick("within a row")
                return done

            def close(self):
                super().close()
                if self.writes:
                    rows.tick("after a row")

        sqlite3.connect = lambda *a, **b: connect(*a, **b, factory=Watched)
        os.fsync = lambda _: None  # a killed process loses nothing it wrote

    def watched(self, original):
        def wrapped(source, target, **options):
            self.tick(f"before {self.place(target)}")
            original(source, target, **options)
            self.tick(f"after {self.place(target)}")

        return wrapped

    def place(self, target):
        target = Path(target).resolve()
        if not target.is_relative_to(self.output):
            return "scratch"
        parts = target.relative_to(self.output).parts
        parts = parts[2:] if parts[0] == ".barwise" else parts
        if any(part.startswith(".tmp-") for part in parts):
            name = "the store" if parts[0].startswith(".tmp-") else parts[0]
            return f"a draft in {name}"
        return parts[0]


def watched_run(folder, kill_at=0):
    """Run a folder's config; die at a moment, or write down all of them."""
    moments = Moments(folder / "experiments", kill_at)
    moments.watch()
    os.chdir(folder)
    run(RunConfig.read("run.yaml"))
    (folder / "moments").write_text(json.dumps(moments.names))
    (folder / "modules").write_text(json.dumps(list(sys.modules)))


def fork(work, *args):
    """Do it in a child; return its process id."""
    process = os.fork()
    if process:
        return process
    try:
        work(*args)
    except BaseException as problem:  # noqa: BLE001 - the parent's code is not for it
        sys.stderr.write(f"{problem!r}\n")
        os._exit(1)
    os._exit(0)


def forked(work, *args):
    """Do it in a child; return how that ended."""
    return os.waitstatus_to_exitcode(os.waitpid(fork(work, *args), 0)[1])


def telling(moments):
    """Numbers, from 1, of all moments but those in a draft: of these the middle one.

    A draft is a file or folder under a name that no reader takes up, so that it is the
    same to the next run with more in it or less.
    """
    numbers = []
    for name, group in groupby(
        enumerate(moments, start=1), lambda one: one[1].partition(" ")[2]
    ):
        found = [number for number, _ in group]
        inside = name.startswith("a draft")
        numbers += found[len(found) // 2 :][:1] if inside else found
    return numbers


def records(folder):
    """When each finished step was recorded."""
    found = (folder / "experiments").rglob("steps/*/[!.]*.json")
    return {path: path.stat().st_mtime_ns for path in found}


def examine(folder, number, whole):
    """Kill a run at a moment, run it again, and write down what was there."""
    output = folder / "experiments"
    codes = [forked(watched_run, folder, number)]
    # To look at a ledger is to mend it: the next run gets it as it was left.
    seen, done = folder / "seen", records(folder)
    shutil.copytree(output, seen) if output.exists() else seen.mkdir()
    found = artefacts(seen)
    codes.append(forked(watched_run, folder))
    now = records(folder)
    told = {
        "codes": codes,
        # What was there after the kill was whole: of what the whole run left.
        "whole": found.items() <= whole.items(),
        "runs": len({name.split("/")[1] for name in found if name[:5] == "runs/"}),
        "rows": sum(name.startswith("ledger/") for name in found),
        "kept": all(now[path] == at for path, at in done.items()),
        "done": len(done),
        "same": artefacts(output) == whole,
        "left": [str(path) for path in leftovers(output)],
        "folders": len(list((output / "runs").iterdir())),
    }
    (folder / "told").write_text(json.dumps(told))


def main(base, wanted):
    style.render = blank
    peace = base / "whole"
    assert forked(watched_run, peace) == 0
    for name in json.loads((peace / "modules").read_text()):
        importlib.import_module(name)
    whole = artefacts(peace / "experiments")
    moments = json.loads((peace / "moments").read_text())
    numbers = [moments.index(name) + 1 for name in wanted] or telling(moments)
    folders = [base / f"killed-{number}" for number in numbers]
    for place, folder in enumerate(folders):
        folder.mkdir()
        for name in INPUTS:
            os.link(peace / name, folder / name)
        if place > 1:
            os.wait()  # two at a time
        fork(examine, folder, numbers[place], whole)
    while True:
        try:
            os.wait()
        except ChildProcessError:
            break
    told = [
        {"moment": moments[number - 1]} | json.loads((folder / "told").read_text())
        for number, folder in zip(numbers, folders, strict=True)
    ]
    sys.stdout.write(json.dumps({"moments": moments, "told": told}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
