"""Peak memory of a long push, in a process of its own, against its float32 output."""

import json
import subprocess
import sys

from benchmarks.market import full_graph, million
from benchmarks.timing import at_most, header


def measure(threads: int) -> dict[str, float]:
    """Return megabytes of this process before and at the peak of a push."""
    bars, graph = million(), full_graph()
    graph.push(bars[:5000])
    graph = full_graph()
    _settle()
    before = _resident()
    out = graph.push(bars, threads=threads)
    return {
        "before": before,
        "peak": _peak(),
        "output": out.nbytes / 1e6,
        "rows": len(out),
    }


def _settle() -> None:
    """Set the peak of this process to what it holds now."""
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")


def _status(key: str) -> float:
    with open("/proc/self/status") as file:
        (found,) = (line for line in file if line.startswith(key))
    return int(found.split()[1]) / 1e3


def _resident() -> float:
    return _status("VmRSS")


def _peak() -> float:
    return _status("VmHWM")


def main() -> None:
    header("numba", "numpy")
    for threads in (1, 2):
        found = _apart(threads)
        print(
            f"{found['rows']:,.0f} bars, {threads} thread(s): {found['before']:.0f} MB "
            f"before, {found['peak']:.0f} MB at the peak, output {found['output']:.0f} MB"
        )
        grown = (found["peak"] - found["before"]) / found["output"]
        at_most(f"peak over what was there, of the output, {threads}", grown, 1.5, "x")


def _apart(threads: int) -> dict[str, float]:
    code = f"import json; from benchmarks.bench_memory import measure; print(json.dumps(measure({threads})))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
