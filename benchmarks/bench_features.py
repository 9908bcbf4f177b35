"""60 indicator columns on 1 M bars: TA-Lib's and ours, side by side.

TA-Lib writes separate float64 columns and cannot resume; ours writes the float32
matrix that models take, and its state. Then one bar at a time: the full feature set
against TA-Lib's stream handles (exact, but their state cannot be saved) and against
TA-Lib on a tail of 500 bars, which many live systems recompute.
"""

import time

import numpy as np
import talib
from talib import stream

from barwise.bars.simulate import simulate_bars
from barwise.features import FeatureGraph, find, full_names
from barwise.stream import Graph
from benchmarks.timing import line, paired

ROWS = 1_000_000

PERIODS = {
    "rsi": (talib.RSI, (7, 14, 21)),
    "cmo": (talib.CMO, (7, 14, 21)),
    "roc": (talib.ROC, (5, 10, 20)),
    "momentum": (talib.MOM, (5, 10, 20)),
    "trix": (talib.TRIX, (15,)),
    "sma": (talib.SMA, (10, 20, 50)),
    "ema": (talib.EMA, (10, 20, 50)),
    "wma": (talib.WMA, (10, 20, 50)),
    "dema": (talib.DEMA, (20,)),
    "tema": (talib.TEMA, (20,)),
    "kama": (talib.KAMA, (10,)),
}
"""Ours and TA-Lib's function of the close and a period."""

RANGED = {
    "atr": (talib.ATR, (7, 14, 28)),
    "atr_ratio": (talib.NATR, (7, 14, 28)),
    "williams_r": (talib.WILLR, (14, 28)),
    "cci": (talib.CCI, (14, 20)),
    "adx": (talib.ADX, (14, 28)),
    "plus_di": (talib.PLUS_DI, (14, 28)),
    "minus_di": (talib.MINUS_DI, (14, 28)),
}
"""Ours and TA-Lib's function of high, low, close and a period."""

OTHERS = {
    "macd": lambda b: talib.MACD(b.close),
    "macd_signal": None,
    "macd_hist": None,
    "ppo_12_26": lambda b: talib.PPO(b.close, 12, 26, 1),
    "ultimate_oscillator": lambda b: talib.ULTOSC(b.high, b.low, b.close),
    "stoch_k_14": lambda b: talib.STOCH(b.high, b.low, b.close, 14, 3, 0, 3, 0),
    "stoch_d_14": None,
    "stoch_rsi_14": lambda b: talib.STOCHRSI(b.close, 14, 14, 1, 0),
    "bb_upper_20": lambda b: talib.BBANDS(b.close, 20),
    "bb_lower_20": None,
    "aroon_up_25": lambda b: talib.AROON(b.high, b.low, 25),
    "aroon_down_25": None,
    "aroon_osc_25": lambda b: talib.AROONOSC(b.high, b.low, 25),
    "slope_10": lambda b: talib.LINEARREG_SLOPE(b.close, 10),
    "slope_20": lambda b: talib.LINEARREG_SLOPE(b.close, 20),
    "slope_50": lambda b: talib.LINEARREG_SLOPE(b.close, 50),
    "mfi_14": lambda b: talib.MFI(b.high, b.low, b.close, b.volume, 14),
    "obv": lambda b: talib.OBV(b.close, b.volume),
    "high_distance_20": lambda b: talib.MAX(b.high, 20),
    "low_distance_20": lambda b: talib.MIN(b.low, 20),
    "high_distance_60": lambda b: talib.MAX(b.high, 60),
    "low_distance_60": lambda b: talib.MIN(b.low, 60),
    "psar_distance": lambda b: talib.SAR(b.high, b.low),
}
"""Columns with TA-Lib's call; None where the call above gives the column too."""


def pairs():
    """Yield (our column, TA-Lib's call or None)."""
    for name, (function, periods) in PERIODS.items():
        for n in periods:
            yield f"{name}_{n}", lambda b, f=function, n=n: f(b.close, n)
    for name, (function, periods) in RANGED.items():
        for n in periods:
            yield (
                f"{name}_{n}",
                lambda b, f=function, n=n: f(b.high, b.low, b.close, n),
            )
    yield from OTHERS.items()


def main() -> None:
    bars = simulate_bars("MES", days=ROWS // 1380 + 2, seed=1)[:ROWS]
    names, calls = zip(*pairs(), strict=True)
    calls = [call for call in calls if call is not None]
    print(f"{len(names)} columns, {len(calls)} TA-Lib calls, {len(bars):,} bars")

    class Plain:
        open, high, low, close, volume = (
            np.array(getattr(bars, k))
            for k in ("open", "high", "low", "close", "volume")
        )

    out = np.empty((len(bars), len(names)), np.float32)

    def ours(threads):
        columns = {
            k: getattr(Plain, k) for k in ("open", "high", "low", "close", "volume")
        }
        graph = Graph({name: find(name)[1] for name in names})
        graph.push(columns, out=out, threads=threads)

    peer, one, two = paired(
        lambda: [call(Plain) for call in calls], lambda: ours(1), lambda: ours(2)
    )
    line("TA-Lib, 1 thread", peer, peer)
    line("barwise, 1 thread", one, peer)
    line("barwise, 2 threads", two, peer)
    line("barwise, 2 threads against 1", two, one)
    latency(bars, calls)


def latency(bars, calls) -> None:
    names = full_names()
    graph = FeatureGraph(names).fit(bars[:5000])
    graph.push(bars[:5000])
    took = []
    for i in range(5000, 15_000):
        bar = bars[i : i + 1]
        start = time.perf_counter()
        graph.push(bar)
        took.append(time.perf_counter() - start)
    p50, p99 = np.percentile(took, [50, 99]) * 1e6

    class Tail:
        open, high, low, close, volume = (
            np.array(getattr(bars, k)[:500])
            for k in ("open", "high", "low", "close", "volume")
        )

    again = []
    for _ in range(300):
        start = time.perf_counter()
        for call in calls:
            call(Tail)
        again.append(time.perf_counter() - start)
    peer = np.percentile(again, 50) * 1e6
    print(
        f"one new bar, full set of {len(names)} columns: p50 {p50:.0f} us, p99 {p99:.0f} us"
    )
    handles, count = stream_latency(bars)
    line(f"one new bar: TA-Lib, {len(calls)} calls on a 500-bar tail", peer, peer, "us")
    line(f"one new bar: TA-Lib, {count} stream handles", handles, peer, "us")
    line(f"one new bar: barwise, {len(names)} columns, exact state", p50, peer, "us")


def stream_latency(bars) -> tuple[float, int]:
    """Median microseconds of the stream handles of all columns with a period."""
    history, later = bars[:5000], bars[5000:10_000]
    close, prices = (
        (history.close.copy(),),
        [getattr(history, name).copy() for name in ("high", "low", "close")],
    )
    ones = [
        getattr(stream, f.__name__)(*close, timeperiod=n)
        for f, periods in PERIODS.values()
        for n in periods
    ]
    threes = [
        getattr(stream, f.__name__)(*prices, timeperiod=n)
        for f, periods in RANGED.values()
        for n in periods
    ]
    took = []
    rows = zip(
        later.high.tolist(), later.low.tolist(), later.close.tolist(), strict=True
    )
    for high, low, last in rows:
        start = time.perf_counter()
        for handle in ones:
            handle.update(last)
        for handle in threes:
            handle.update(high, low, last)
        took.append(time.perf_counter() - start)
    return float(np.percentile(took, 50) * 1e6), len(ones) + len(threes)


if __name__ == "__main__":
    main()
