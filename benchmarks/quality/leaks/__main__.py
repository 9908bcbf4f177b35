"""Measure the leak audit: ``python -m benchmarks.quality.leaks [--write] [NAME ...]``.

Prints what became of each planted leak and each clean setup; ``--write`` also writes
docs/leaks.md. Exit code 1 if fewer than 95 % of the leaks are caught, or one clean setup
is accused.
"""

import sys
import tempfile
from pathlib import Path

from benchmarks.quality.leaks.lab import Lab
from benchmarks.quality.leaks.suite import HOWTO, alarms, as_page, audit, cases, power

WANTED = 0.95


def main() -> int:
    write, names = "--write" in sys.argv, [a for a in sys.argv[1:] if a != "--write"]
    outcomes = []
    with tempfile.TemporaryDirectory() as folder:
        lab = Lab(Path(folder))
        for case in cases():
            if names and case.name not in names:
                continue
            one = audit(case, lab)
            said = one.refused or ", ".join(one.by) or "nothing"
            mark = "  " if one.right else "!!"
            doubts = f" (doubts: {', '.join(one.doubted)})" if one.doubted else ""
            print(f"{mark} {case.name}: {said[:100]}{doubts}", flush=True)
            if not one.right or names:
                print(f"     {one.evidence}", flush=True)
            outcomes.append(one)
    accused = 0
    if any(one.case.leaks for one in outcomes):
        caught, leaks, low = power(outcomes)
        print(f"{caught} of {leaks} leaks caught, 95 % bound {low:.1%}")
        if caught < WANTED * leaks:
            return 1
    if not all(one.case.leaks for one in outcomes):
        accused, clean, high = alarms(outcomes)
        print(f"{accused} of {clean} clean setups accused, 95 % bound {high:.1%}")
    if write and not names:
        (HOWTO.parent / "leaks.md").write_text(as_page(outcomes), "utf-8")
    return 1 if accused else 0


if __name__ == "__main__":
    sys.exit(main())
