"""Features of a million bars beside TA-Lib, polars and pandas-ta-classic.

TA-Lib: 64 columns that both have. It writes separate float64 columns and cannot
resume; ours writes the float32 matrix that models take, and its state. Twice, on equal
terms: all results kept, in memory that the kernel has to hand out; and results in memory
that was used before, TA-Lib's by letting go of each (the allocator gives it to the next),
ours by ``out=``. One thread is compared in CPU time, two threads by the clock.

polars: the columns of the full set that its expressions give, with two threads, against
our full set with two threads, in bar-columns a second. pandas-ta-classic: whatever it
can compute of 50,000 bars.
"""

import os
import time
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pandas as pd

os.environ.setdefault("POLARS_MAX_THREADS", "2")
import polars as pl

from barwise.features import find, full_names
from barwise.stream import Graph
from benchmarks.market import full_graph, million, plain
from benchmarks.peers import with_pandas_ta
from benchmarks.peers.with_polars import expressions
from benchmarks.peers.with_talib import pairs
from benchmarks.timing import at_least, header, line, paired


def main() -> None:
    header("TA-Lib", "polars", "pandas-ta-classic", "numba", "numpy")
    against_talib()
    against_frames()


def against_talib() -> None:
    columns = plain(million())
    names, calls = zip(*pairs(), strict=True)
    calls = [call for call in calls if call is not None]
    bars = SimpleNamespace(**columns)
    outputs = {name: find(name)[1] for name in names}
    print(f"{len(names)} columns, {len(calls)} TA-Lib calls, {len(bars.close):,} bars")

    def compare(terms: str, peer: Callable[[], object], out: np.ndarray | None) -> None:
        def ours(threads: int) -> np.ndarray:
            return Graph(outputs).push(columns, out=out, threads=threads)

        theirs, one = paired(peer, lambda: ours(1), clock=time.process_time)
        line(f"TA-Lib, {terms}, 1 thread, CPU time", theirs, theirs)
        line(f"barwise, {terms}, 1 thread, CPU time", one, theirs)
        theirs_clock, two = paired(peer, lambda: ours(2))
        line(f"TA-Lib, {terms}, 1 thread, by the clock", theirs_clock, theirs_clock)
        line(f"barwise, {terms}, 2 threads, by the clock", two, theirs_clock)
        at_least(f"speed over TA-Lib's, {terms}, 1 thread", theirs / one, 1.0)
        at_least(f"speed over TA-Lib's, {terms}, 2 threads", theirs_clock / two, 1.7)

    def let_go() -> None:
        for call in calls:
            call(bars)

    compare("all kept", lambda: [call(bars) for call in calls], None)
    used_again = np.zeros((len(bars.close), len(names)), np.float32)
    compare("memory used again", let_go, used_again)


def against_frames() -> None:
    bars = million()
    count, rows = len(full_names()), len(bars)
    out = np.empty((rows, count), np.float32)
    frame = pl.DataFrame(plain(bars))
    chosen = list(expressions(full_names()).values())
    agreement(frame, list(expressions(full_names())))

    graph = full_graph()
    start = graph.snapshot()

    def ours(threads: int) -> None:
        graph.restore(start)
        graph.push(bars, out=out, threads=threads)

    def peer() -> None:
        frame.select(chosen)

    one, two, theirs = paired(lambda: ours(1), lambda: ours(2), peer)
    work, their_work = paired(lambda: ours(1), peer, rounds=2, clock=time.process_time)
    threads = pl.thread_pool_size()
    speed = {
        f"barwise, {count} columns, 1 thread": rows * count / one,
        f"barwise, {count} columns, 2 threads": rows * count / two,
        f"polars, {len(chosen)} columns, {threads} threads": rows
        * len(chosen)
        / theirs,
        "barwise, a second of CPU time": rows * count / work,
        "polars, a second of CPU time": rows * len(chosen) / their_work,
    }
    short = pd.DataFrame({k: v[:50_000] for k, v in plain(bars).items()})
    short.index = pd.to_datetime(bars.time[:50_000])
    seconds, columns, failed = with_pandas_ta.run_all(short)
    speed[f"pandas-ta-classic, {columns} columns, CPU time"] = (
        50_000 * columns / seconds
    )
    print(f"pandas-ta-classic: no result from {', '.join(failed)}")
    for what, value in speed.items():
        print(f"{what:<58} {value / 1e6:10.2f} million bar-columns a second")
    single, double, frames, ours_cpu, frames_cpu, indicators = speed.values()
    at_least("speed over polars', 2 threads both", double / frames, 2.0)
    at_least("speed over polars', CPU time", ours_cpu / frames_cpu, 2.0)
    at_least("speed over pandas-ta-classic's, CPU time", ours_cpu / indicators, 40.0)
    at_least("2 threads over 1, full set", double / single, 1.6)


def agreement(frame: pl.DataFrame, names: list[str]) -> None:
    """Print how many of the peer's columns are ours, starts aside."""
    part = frame[:20_000]
    theirs = part.select(list(expressions(names).values()))
    graph = Graph({name: find(name)[1] for name in names})
    ours = graph.push({name: part[name].to_numpy().copy() for name in frame.columns})
    same = 0
    for j, name in enumerate(names):
        a, b = ours[5000:, j], theirs[name].to_numpy()[5000:]
        both = np.isfinite(a) & np.isfinite(b)
        spread = np.std(a[both]) if both.any() else 0.0
        same += both.any() and np.allclose(a[both], b[both], 1e-3, 1e-3 * spread)
    print(f"polars gives {len(names)} columns of the full set; {same} have our values")


if __name__ == "__main__":
    main()
