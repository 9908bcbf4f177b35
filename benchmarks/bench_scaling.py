"""Time a bar and column of the full set from ten thousand to ten million bars.

The output is let go of chunk by chunk, as a memory map would take it: ten million rows
of the full set are 12 GB.
"""

import time
from collections.abc import Iterator

import numpy as np

from barwise.bars.bars import Bars
from benchmarks.market import full_graph, later, million
from benchmarks.timing import at_most, header

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
PIECE = 100_000
BEGIN = 100


def pieces(rows: int) -> Iterator[Bars]:
    """Yield so many bars, the million over and over at later times.

    They begin in 2010: session tables cover 22 years, ten million minutes are 19.
    """
    done = 0
    for turn in range(-6, -(-rows // len(million())) - 6):
        bars = later(million(), turn)
        for start in range(0, len(bars), PIECE):
            if done < rows:
                part = bars[start : start + min(PIECE, rows - done)]
                done += len(part)
                yield part


def main() -> None:
    header("numba", "numpy")
    million()
    out = np.empty((PIECE, len(full_graph().names)), np.float32)
    costs = []
    for rows in SIZES:
        best = begun = float("inf")
        for _ in range(3 if rows <= 100_000 else 1):
            graph, took = full_graph(), 0.0
            for k, part in enumerate(pieces(rows)):
                if k == 0:  # plans are made once a graph, whatever follows
                    start = time.process_time()
                    graph.push(part[:BEGIN], out=out[:BEGIN])
                    begun = min(begun, time.process_time() - start)
                    part = part[BEGIN:]
                start = time.process_time()
                graph.push(part, out=out[: len(part)])
                took += time.process_time() - start
            best = min(best, took * rows / (rows - BEGIN))
        costs.append(best / rows / out.shape[1] * 1e9)
        print(
            f"{rows:12,} bars  {best:8.3f} s of CPU time, 1 thread  "
            f"{costs[-1]:6.2f} ns a bar and column, {1e3 * begun:.0f} ms to begin"
        )
    at_most("dearest over cheapest size", max(costs) / min(costs), 1.5, "x")


if __name__ == "__main__":
    main()
