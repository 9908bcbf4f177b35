"""First use: compile and push the full set in a new process, then again from the cache."""

import os
import subprocess
import sys
import tempfile
import time

from benchmarks.timing import at_most, header

PUSH = """
import time
begin = time.perf_counter()
from barwise.features import FeatureGraph, full_names
from barwise.bars.simulate import simulate_bars
bars = simulate_bars("MES", days=2, seed=1)
ready = time.perf_counter()
FeatureGraph(full_names()).fit(bars).push(bars)
print(ready - begin, time.perf_counter() - ready, time.process_time())
"""
NOTHING = "pass"
IMPORT = "import barwise"


def python(code: str, cache: str) -> list[float]:
    """Run code in a new interpreter and return the numbers that it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"NUMBA_CACHE_DIR": cache},
        capture_output=True,
        text=True,
        check=True,
    )
    return [float(word) for word in done.stdout.split()]


def best(arguments: list[str], rounds: int = 7) -> float:
    """Return the shortest time of a command."""
    took = []
    for _ in range(rounds):
        start = time.perf_counter()
        subprocess.run(arguments, capture_output=True, check=True)
        took.append(time.perf_counter() - start)
    return min(took)


def main() -> None:
    header("numba", "numpy")
    with tempfile.TemporaryDirectory() as cache:
        for what in ("compiled", "cached"):
            imports, first, cpu = python(PUSH, cache)
            print(
                f"{what}: imports and bars {imports:.2f} s, first push {first:.2f} s; "
                f"whole process {cpu:.2f} s of CPU time"
            )
            if what == "compiled":
                at_most("cold start of the full set", first, 20.0, "s")
    bare = best([sys.executable, "-c", NOTHING])
    at_most(
        "import barwise, over a bare interpreter",
        best([sys.executable, "-c", IMPORT]) - bare,
        0.15,
        "s",
    )
    command = os.path.join(os.path.dirname(sys.executable), "barwise")
    at_most("barwise --help", best([command, "--help"]), 0.3, "s")


if __name__ == "__main__":
    main()
