"""Measure the defaults on real bars: ``python -m benchmarks.quality.results FOLDER``.

Prints each study's table; ``--write`` also writes docs/results.md and its picture.
``--output`` keeps what was computed, so that a run that was stopped goes on.
"""

import argparse
import tempfile
from itertools import product
from pathlib import Path

from barwise.cli.fold_results import show_folds
from barwise.pipeline.fold_run import evaluate
from barwise.report.figures.style import save_figure
from benchmarks.quality.results.page import as_page, picture
from benchmarks.quality.results.studies import FOLDING, INTERVALS, STUDIES

DOCS = Path(__file__).parents[3] / "docs"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="Where the files of bars lie.")
    parser.add_argument("--output", type=Path, help="Where to keep what is computed.")
    parser.add_argument("--jobs", type=int, default=1, help="Processes.")
    parser.add_argument("--write", action="store_true", help="Write docs/results.md.")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        output = asked.output or Path(temporary)
        done = []
        for interval, study in product(INTERVALS, STUDIES):
            print(f"\n== {study.name}, bars of {interval}", flush=True)
            # One ledger a file: what was tried first counts for what comes later.
            place = output.resolve() / study.name
            config = study.config(asked.folder.resolve(), place, interval)
            summary = evaluate(config, FOLDING, jobs=asked.jobs)
            show_folds(summary)
            done.append((study, summary))
    if asked.write:
        save_figure(picture(done), DOCS / "images" / "results.png")
        (DOCS / "results.md").write_text(as_page(done), "utf-8")


if __name__ == "__main__":
    main()
