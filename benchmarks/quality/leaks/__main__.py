"""Measure the leak audit: ``python -m benchmarks.quality.leaks [--write] [NAME ...]``.

Prints what became of each planted leak and each clean setup; ``--write`` also writes
docs/leaks.md. Exit code 1 if fewer than 95 % of the first set's leaks are caught, or one
clean setup is accused; what is caught of the second set, which others wrote, is told.
"""

import sys
import tempfile
from pathlib import Path

from benchmarks.quality.leaks.lab import Lab
from benchmarks.quality.leaks.page import as_page
from benchmarks.quality.leaks.suite import HOWTO, alarms, audit, cases, power

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
    enough = True
    for title, second in (("our own", False), ("others'", True)):
        mine = [one for one in outcomes if one.case.second == second]
        if any(one.case.leaks for one in mine):
            caught, leaks, low = power(mine)
            print(f"{caught} of {leaks} of {title} leaks caught, 95 % bound {low:.1%}")
            enough &= second or caught >= WANTED * leaks
    accused = 0
    if not all(one.case.leaks for one in outcomes):
        accused, clean, high = alarms(outcomes)
        print(f"{accused} of {clean} clean setups accused, 95 % bound {high:.1%}")
    if write and not names:
        (HOWTO.parent / "leaks.md").write_text(as_page(outcomes), "utf-8")
    return 1 if accused or not enough else 0


if __name__ == "__main__":
    sys.exit(main())
