"""What the charts draw, small enough for one page: aligned, thinned, in seconds."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from barwise.core.arrays import SECOND
from barwise.report.data import Candles, Equity, LabelTrack, Signals

MAX_BARS = 5_000
MAX_POINTS = 2_000
_DECIMALS = 8


def chart_candles(candles: Candles) -> dict[str, Any]:
    """Return the last bars by second of their close.

    Parameters
    ----------
    candles : Candles
        Any number of bars, ordered by time.

    Returns
    -------
    dict
        ``time`` (seconds UTC, strictly increasing), the prices, ``volume`` or None,
        ``precision`` (decimals) and ``left_out`` (earlier bars that are not shown).
        Event bars that close in the same second are drawn as one bar.

    Examples
    --------
    >>> import numpy as np
    >>> p = np.array([1.0, 2.0])
    >>> both = Candles(np.array([0, 5]), p, p + 1, p - 1, p, volume=None)
    >>> drawn = chart_candles(both)
    >>> drawn["open"], drawn["high"], drawn["low"], drawn["close"]
    ([1.0], [3.0], [0.0], [2.0])
    """
    seconds = np.asarray(candles.time, dtype=np.int64) // SECOND
    starts = np.flatnonzero(np.r_[True, seconds[1:] != seconds[:-1]][: len(seconds)])
    shown = starts[-MAX_BARS:]
    if not len(shown):
        shown = np.zeros(0, np.int64)
    first = int(shown[0]) if len(shown) else 0
    cuts = shown - first
    ends = np.r_[shown[1:], len(seconds)] - 1
    volume = candles.volume
    has_volume = volume is not None and bool(np.any(np.nan_to_num(volume) > 0))
    return {
        "time": seconds[shown].tolist(),
        "open": candles.open[shown].tolist(),
        "high": _merge(np.maximum, candles.high[first:], cuts),
        "low": _merge(np.minimum, candles.low[first:], cuts),
        "close": candles.close[ends[: len(shown)]].tolist(),
        "volume": _merge(np.add, np.nan_to_num(volume[first:]), cuts)
        if has_volume and volume is not None
        else None,
        "precision": _precision(candles),
        "left_out": first,
    }


def chart_signals(signals: Signals, seconds: np.ndarray) -> dict[str, Any]:
    """Return signal and confidence (whole percent) by drawn bar, None where none is.

    Parameters
    ----------
    signals : Signals
        Ordered by time; of several in one second the last counts.
    seconds : ndarray of int64, shape (n,)
        Seconds of the drawn bars.
    """
    rows, at = _positions(signals.time, seconds)
    percent = _whole_percent(signals.confidence[rows])
    return {
        "signal": _spread(signals.signal[rows].astype(int), at, len(seconds)),
        "confidence": _spread(percent, at, len(seconds)),
    }


def chart_labels(track: LabelTrack, seconds: np.ndarray) -> dict[str, Any]:
    """Return one label for every drawn bar and the bar at which it became known."""
    rows, at = _positions(track.time, seconds)
    ends = np.searchsorted(seconds, track.end_time[rows] // SECOND)
    ends = np.where(ends < len(seconds), ends, -1)
    return {
        "horizon": track.horizon,
        "label": _spread(track.label[rows].astype(int), at, len(seconds)),
        "end": _spread(ends.astype(int), at, len(seconds)),
    }


def chart_equity(equity: Equity) -> dict[str, Any]:
    """Return an account as change in percent of its capital, thinned if need be.

    Of each stretch of marks the last one, the highest and the lowest stay, so that no
    drawdown is flattened.
    """
    seconds = np.asarray(equity.time, dtype=np.int64) // SECOND
    last = np.flatnonzero(np.r_[seconds[1:] != seconds[:-1], True][: len(seconds)])
    rows = last[_thin(equity.net[last])]
    held = equity.buy_and_hold
    return {
        "time": seconds[rows].tolist(),
        "net": _change(equity.net[rows], equity.capital),
        "buy_and_hold": None if held is None else _change(held[rows], equity.capital),
        "capital": equity.capital,
        "currency": equity.currency,
        "left_out": len(seconds) - len(rows),
    }


def _whole_percent(values: np.ndarray) -> np.ndarray:
    shown = np.round(100 * np.asarray(values, dtype=np.float64))
    return np.array([None if np.isnan(v) else int(v) for v in shown], dtype=object)


def _change(values: np.ndarray, capital: float) -> list[float]:
    return np.round(100 * (values / capital - 1), 4).tolist()


def _merge(how: np.ufunc, values: np.ndarray, cuts: np.ndarray) -> list[float]:
    return how.reduceat(values, cuts).tolist() if len(cuts) else []


def _positions(times: np.ndarray, seconds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    wanted = np.asarray(times, dtype=np.int64) // SECOND
    at = np.searchsorted(seconds, wanted)
    inside = at < len(seconds)
    inside[inside] = seconds[at[inside]] == wanted[inside]
    rows = np.flatnonzero(inside)
    return rows, at[rows]


def _spread(values: np.ndarray, at: np.ndarray, size: int) -> list[float | int | None]:
    spread: list[float | int | None] = [None] * size
    for place, value in zip(at.tolist(), values.tolist(), strict=True):
        spread[place] = value
    return spread


def _precision(candles: Candles) -> int:
    """Decimals of the tick, or as many as the closes need."""
    sample = (
        np.array([candles.tick]) if candles.tick is not None else candles.close[-500:]
    )
    for decimals in range(_DECIMALS):
        if np.allclose(sample, np.round(sample, decimals), rtol=0, atol=1e-9):
            return decimals
    return _DECIMALS


def _thin(values: np.ndarray) -> np.ndarray:
    if len(values) <= MAX_POINTS:
        return np.arange(len(values))
    edges = np.linspace(0, len(values), MAX_POINTS // 3 + 1).astype(int)
    kept = [
        (
            begin + values[begin:end].argmin(),
            begin + values[begin:end].argmax(),
            end - 1,
        )
        for begin, end in pairwise(edges)
    ]
    return np.unique(np.asarray(kept))
