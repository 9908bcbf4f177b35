"""Triple-barrier labels: barwise beside a bare forward scan and a plain Python loop.

Run with ``python -m benchmarks.bench_labels``. All jobs label the same 1,000,000
simulated one-minute bars (horizon 20, barriers at 2 x ATR 14) in one process, one after
another in every round; the best of the rounds is shown. The bare scans know neither
ticks, gaps, ties, sessions, rolls nor chunks: they are the cost of looking at the bars.
"""

from __future__ import annotations

import math
import time

import numpy as np
from numba import njit

from barwise.bars import Bars
from barwise.labels import triple_barrier
from barwise.stream.resolver import BarrierResolver
from barwise.trading.barrier_rows import BarrierRows, barrier_width

ROWS, SLOW_ROWS, FEW_ROWS, ROUNDS = 1_000_000, 20_000, 2_000, 7
HORIZON, MULTIPLE, TICK = 20, 2.0, 0.01
RULE = {"horizon": HORIZON, "upper": MULTIPLE, "lower": MULTIPLE, "tick": TICK}


@njit
def scan_labels(open_, high, low, width, horizon, multiple, label, end):
    """Label and end row: the least that a labeller has to do."""
    for t in range(len(open_) - horizon - 1):
        upper = open_[t + 1] + multiple * width[t]
        lower = open_[t + 1] - multiple * width[t]
        label[t], end[t] = 0, t + horizon
        for s in range(t + 1, t + horizon + 1):
            if low[s] <= lower:
                label[t], end[t] = -1, s
                break
            if high[s] >= upper:
                label[t], end[t] = 1, s
                break


@njit
def scan_returns(open_, high, low, close, width, horizon, multiple, label, end, ret):
    """The same, and the log return of the trade."""
    for t in range(len(open_) - horizon - 1):
        price = open_[t + 1]
        upper, lower = price + multiple * width[t], price - multiple * width[t]
        label[t], end[t], out = 0, t + horizon, close[t + horizon]
        for s in range(t + 1, t + horizon + 1):
            if low[s] <= lower:
                label[t], end[t], out = -1, s, lower
                break
            if high[s] >= upper:
                label[t], end[t], out = 1, s, upper
                break
        ret[t] = math.log(out / price)


def plain_loop(frame, width, horizon, multiple):
    """What a notebook does: pandas rows in a Python loop."""
    labels = []
    for t in range(len(frame) - horizon - 1):
        path = frame.iloc[t + 1 : t + horizon + 1]
        upper = path["open"].iloc[0] + multiple * width[t]
        lower = path["open"].iloc[0] - multiple * width[t]
        up, down = path["high"] >= upper, path["low"] <= lower
        first = (up | down).to_numpy().argmax() if (up | down).any() else -1
        labels.append(0 if first < 0 else (-1 if down.iloc[first] else 1))
    return labels


def peers(bars: Bars) -> dict[str, float]:
    """Seconds a label of two slow peers; prints where their labels agree with ours.

    The pandas loop has our definitions but for the tick. mlfinpy reads closes, enters at
    the close, and takes a barrier as a share of the price, so ours is told the same. Its
    own pins exclude NumPy 2; it runs with them ignored:
    ``pip install --no-deps --target DIR mlfinpy``, and DIR on the path.
    """
    import pandas as pd

    frame = pd.DataFrame(
        {n: getattr(bars, n) for n in ("open", "high", "low", "close")}
    )
    width = barrier_width(bars, unit="atr", period=14)
    begin = time.perf_counter()
    theirs = plain_loop(frame, width, HORIZON, MULTIPLE)
    spent = {"pandas loop": (time.perf_counter() - begin) / len(theirs)}
    ours = triple_barrier(bars, **{**RULE, "tick": 0.0})
    rows = np.flatnonzero(ours.valid[: len(theirs)])
    same = np.mean(ours.label[rows] == np.array(theirs)[rows])
    print(f"pandas loop: {same:.2%} of {len(rows):,} labels are ours")
    try:
        from mlfinpy.labeling.labeling import get_bins, get_events
    except ImportError:
        print("mlfinpy is not there: left out")
        return spent
    few = bars[:FEW_ROWS]
    index = pd.DatetimeIndex(few.time.astype("datetime64[ns]"))
    close = pd.Series(few.close, index=index)
    width = barrier_width(few, unit="volatility", period=100)
    begin = time.perf_counter()
    events = get_events(
        close,
        index[:-HORIZON],
        [MULTIPLE, MULTIPLE],
        pd.Series(width / few.close, index=index),
        0.0,
        1,
        vertical_barrier_times=pd.Series(index[HORIZON:], index=index[:-HORIZON]),
        verbose=False,
    )
    found = get_bins(events, close)
    spent["mlfinpy"] = (time.perf_counter() - begin) / len(found)
    ours = triple_barrier(
        few,
        **{**RULE, "tick": 0.0, "unit": "volatility", "atr_period": 100},
        touch="close",
        entry="close",
    )
    rows = np.flatnonzero(ours.valid[:-HORIZON])
    their = found.loc[index[rows], "bin"].to_numpy()
    ends = pd.DatetimeIndex(events.loc[index[rows], "t1"]).asi8
    print(
        f"mlfinpy: {np.mean(their == ours.label[rows]):.2%} of {len(rows):,} labels and "
        f"{np.mean(ends == ours.end_time[rows]):.2%} of their ends are ours"
    )
    return spent


def simulated(rows: int, seed: int = 0) -> Bars:
    """A walk of four prints a minute, on ticks."""
    steps = np.random.default_rng(seed).standard_normal((rows, 4)) * 2e-4
    path = 100 * np.exp(np.cumsum(steps.ravel())).reshape(rows, 4)
    path = np.round(path / TICK) * TICK
    start = np.r_[100.0, path[:-1, 3]]
    return Bars.of(
        np.arange(1, rows + 1) * 60_000_000_000,
        start,
        np.maximum(path.max(1), start),
        np.minimum(path.min(1), start),
        path[:, 3],
        interval=60_000_000_000,
        simulated=True,
    )


def jobs(bars: Bars) -> dict:
    """Name each job; outputs are allocated inside the timing."""
    rows = BarrierRows(unit="atr", period=14).push(bars)
    o, h, low, c, n = bars.open, bars.high, bars.low, bars.close, len(bars)
    width = rows.width

    def empty():
        return np.empty(n, np.int8), np.empty(n, np.int64)

    return {
        "bare scan: label, end": lambda: scan_labels(
            o, h, low, width, HORIZON, MULTIPLE, *empty()
        ),
        "bare scan: label, end, return": lambda: scan_returns(
            o, h, low, c, width, HORIZON, MULTIPLE, *empty(), np.empty(n)
        ),
        "resolver, one long push (by entry)": lambda: BarrierResolver(**RULE).resolve(
            rows
        ),
        "resolver, one long push (by known-at)": lambda: BarrierResolver(**RULE).push(
            rows
        ),
        "triple_barrier, ATR included": lambda: triple_barrier(bars, **RULE),
        "triple_barrier, 4 horizons": lambda: triple_barrier(
            bars, **{**RULE, "horizon": [5, 10, 15, 20]}
        ),
        "triple_barrier, both sides": lambda: triple_barrier(
            bars, **RULE, sides="both"
        ),
    }


def best_of(named: dict, rounds: int) -> dict[str, float]:
    """Seconds of each job, the rounds interleaved."""
    for job in named.values():
        job()
    best = dict.fromkeys(named, math.inf)
    for _ in range(rounds):
        for name, job in named.items():
            begin = time.perf_counter()
            job()
            best[name] = min(best[name], time.perf_counter() - begin)
    return best


def one_row(bars: Bars) -> tuple[float, float]:
    """Median and 99th percentile of a single-row push, in seconds."""
    rows = BarrierRows(unit="atr", period=14).push(bars)
    stage, spent = BarrierResolver(**RULE), []
    for i in range(len(bars)):
        row = rows[i : i + 1]
        begin = time.perf_counter()
        stage.push(row)
        spent.append(time.perf_counter() - begin)
    return float(np.median(spent)), float(np.quantile(spent, 0.99))


def main() -> None:
    bars = simulated(ROWS)
    seconds = best_of(jobs(bars), ROUNDS)
    few = bars[:SLOW_ROWS]
    for name, each in peers(few).items():
        seconds[f"{name} (from few rows)"] = each * ROWS
    base = seconds["bare scan: label, end"]
    full = seconds["bare scan: label, end, return"]
    print(f"{'1,000,000 bars':40s} {'ms':>12s} {'x scan':>10s} {'x with return':>14s}")
    for name, value in seconds.items():
        print(
            f"{name:40s} {value * 1e3:12,.1f} {value / base:10,.2f} {value / full:14,.2f}"
        )
    one, four = (
        seconds[f"triple_barrier, {what}"] for what in ("ATR included", "4 horizons")
    )
    print(f"four horizons cost {four / one:.2f} x one")
    middle, high = one_row(few)
    print(f"one bar pushed: p50 {middle * 1e6:.1f} us, p99 {high * 1e6:.1f} us")


if __name__ == "__main__":
    main()
