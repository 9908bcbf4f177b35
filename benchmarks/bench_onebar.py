"""One new bar: the full feature set beside TA-Lib's stream handles and a 500-bar tail.

TA-Lib's stream handles are exact, but their state cannot be saved. Many live systems
recompute a tail instead, which recursive indicators do not forgive.
"""

import time
from types import SimpleNamespace

import numpy as np
from talib import stream

from benchmarks.market import full_graph, million, plain
from benchmarks.peers.with_talib import PERIODS, RANGED, pairs
from benchmarks.timing import at_most, header

BARS, TAIL = 10_000, 500


def percentiles(seconds: list[float]) -> tuple[float, float]:
    """Median and 99th percentile in microseconds."""
    p50, p99 = np.percentile(seconds, [50, 99]) * 1e6
    return float(p50), float(p99)


def ours(bars) -> list[float]:
    """Push one bar after another through the full set."""
    graph = full_graph()
    graph.push(bars[:5000])
    took = []
    for row in range(5000, 5000 + BARS):
        bar = bars[row : row + 1]
        start = time.perf_counter()
        graph.push(bar)
        took.append(time.perf_counter() - start)
    return took


def tail(bars) -> list[float]:
    """Compute TA-Lib's columns of the last 500 bars anew."""
    calls = [call for _, call in pairs() if call is not None]
    last = SimpleNamespace(**plain(bars[:TAIL]))
    took = []
    for _ in range(300):
        start = time.perf_counter()
        for call in calls:
            call(last)
        took.append(time.perf_counter() - start)
    return took


def handles(bars) -> tuple[list[float], int]:
    """Update TA-Lib's stream handles of all columns with a period."""
    history, later = plain(bars[:5000]), bars[5000 : 5000 + BARS]
    prices = [history[name] for name in ("high", "low", "close")]
    ones = [
        getattr(stream, function.__name__)(history["close"], timeperiod=n)
        for function, periods in PERIODS.values()
        for n in periods
    ]
    threes = [
        getattr(stream, function.__name__)(*prices, timeperiod=n)
        for function, periods in RANGED.values()
        for n in periods
    ]
    took = []
    rows = zip(
        *(getattr(later, k).tolist() for k in ("high", "low", "close")), strict=True
    )
    for high, low, close in rows:
        start = time.perf_counter()
        for handle in ones:
            handle.update(close)
        for handle in threes:
            handle.update(high, low, close)
        took.append(time.perf_counter() - start)
    return took, len(ones) + len(threes)


def main() -> None:
    header("TA-Lib", "numba", "numpy")
    bars = million()
    columns = len(full_graph().names)
    p50, p99 = percentiles(ours(bars))
    live, count = handles(bars)
    for what, (median, worst), of in (
        ("barwise, exact state that can be saved", (p50, p99), columns),
        ("TA-Lib stream handles", percentiles(live), count),
        (f"TA-Lib on a {TAIL}-bar tail", percentiles(tail(bars)), 64),
    ):
        print(
            f"{what:<42} {of:4} columns  p50 {median:8.1f} us  p99 {worst:8.1f} us"
            f"  {1e3 * median / of:8.0f} ns a column"
        )
    at_most(f"one new bar, {columns} columns, p50", p50 / 1e3, 0.06, "ms")
    at_most(f"one new bar, {columns} columns, p99", p99 / 1e3, 0.2, "ms")


if __name__ == "__main__":
    main()
