"""Rules about bars as pure functions: arrays in, flags out, one answer per row.

Notation
--------
ohlc : (4, n) float64: open, high, low, close
time : (n,) int64 nanoseconds UTC, the close of each bar

Every rule looks at its row and at earlier ones only, and gives the same answer however
the rows are cut into chunks: what it needs of earlier rows is an argument.
"""

from __future__ import annotations

import numpy as np

from barwise.bars.sessions import SessionTable
from barwise.core.arrays import MINUTE

NEVER = np.iinfo(np.int64).min
"""A time before every row."""

RANGES = 60
"""Bars whose ranges make the scale of a wick: an hour of minutes."""
WICK = 20.0
"""How many mean ranges a wick must exceed to be called a bad tick."""
TICKS = 2
"""Ticks that a wick may always have, as the granularity term of Brownlees and Gallo."""
STALE_ROWS = 30
"""From which repetition on a flat bar at one price is stale."""

_COMMON_GRID = 15 * MINUTE


def content_faults(ohlc: np.ndarray, volume: np.ndarray) -> dict[str, np.ndarray]:
    """Flag rows whose own numbers are impossible.

    Parameters
    ----------
    ohlc : ndarray of float64, shape (4, n)
    volume : ndarray of float64, shape (n,)

    Returns
    -------
    dict of str to ndarray of bool, shape (n,)

    Examples
    --------
    >>> row = np.array([[1.0], [0.9], [1.1], [1.0]])
    >>> [k for k, flags in content_faults(row, np.array([-1.0])).items() if flags[0]]
    ['high_below_low', 'negative_volume']
    """
    first, high, low, last = ohlc
    finite = np.isfinite(ohlc).all(axis=0)
    top, bottom = np.maximum(high, low), np.minimum(high, low)
    outside = (np.maximum(first, last) > top) | (np.minimum(first, last) < bottom)
    return {
        "non_finite": ~finite,
        "non_positive": finite & (ohlc.min(axis=0) <= 0),
        "high_below_low": finite & (high < low),
        "open_close_outside": finite & outside,
        "negative_volume": (volume < 0) | np.isinf(volume),
    }


def repaired(ohlc: np.ndarray, *, swap: bool, widen: bool) -> np.ndarray:
    """Return prices with high >= low (swapped) and open, close inside (widened)."""
    fixed = ohlc.copy()
    if swap:
        np.maximum(ohlc[1], ohlc[2], out=fixed[1])
        np.minimum(ohlc[1], ohlc[2], out=fixed[2])
    if widen:
        fixed[1] = np.maximum(fixed[1], np.maximum(ohlc[0], ohlc[3]))
        fixed[2] = np.minimum(fixed[2], np.minimum(ohlc[0], ohlc[3]))
    return fixed


def grid_phase(first_time: int, interval: int) -> int:
    """Return the phase of a grid: 0 for steps that every time zone shares.

    All offsets of time zones in use are multiples of 15 minutes; longer bars may be
    anchored to a local session, so their first row sets the grid.
    """
    return 0 if _COMMON_GRID % interval == 0 else first_time % interval


def missing_bars(
    before: np.ndarray, time: np.ndarray, interval: int, sessions: SessionTable | None
) -> np.ndarray:
    """Count the bars that are missing between successive closes.

    Parameters
    ----------
    before, time : ndarray of int64, shape (n,)
        Close of the row before, and of the row.
    interval : int
        Nanoseconds.
    sessions : SessionTable or None
        Only bars that would close inside a session, and outside its halt, are missing;
        None counts every interval.

    Returns
    -------
    ndarray of int64, shape (n,)

    Examples
    --------
    >>> missing_bars(np.array([0, 60]), np.array([60, 300]), 60, None)
    array([0, 3])
    """
    if sessions is None:
        return np.maximum((time - before - 1) // interval, 0)
    inside = sessions.index_of(time) >= 0
    due = _bars_due(time, interval, sessions) - _bars_due(before, interval, sessions)
    return np.maximum(due - inside, 0)


def _bars_due(time: np.ndarray, interval: int, sessions: SessionTable) -> np.ndarray:
    """Count the bars that all sessions should have closed by each time."""
    if not len(sessions):
        return np.zeros(len(time), dtype=np.int64)
    halts = (sessions.halt_end - sessions.halt_start) // interval
    whole = (sessions.close - sessions.open) // interval - halts
    earlier = np.concatenate([[0], np.cumsum(whole)])
    place = np.searchsorted(sessions.open, time, side="left") - 1
    inside = np.maximum(place, 0)
    reached = np.minimum(time, sessions.close[inside]) - sessions.open[inside]
    halted = np.clip(
        np.minimum(time, sessions.halt_end[inside]) - sessions.halt_start[inside],
        0,
        None,
    )
    due = earlier[inside] + reached // interval - halted // interval
    return np.where(place < 0, 0, due)


def run_lengths(
    flat: np.ndarray, price: np.ndarray, before: int, last_price: float
) -> np.ndarray:
    """Return, for each row, how many flat bars at its price end with it.

    Parameters
    ----------
    flat : ndarray of bool, shape (n,)
    price : ndarray of float64, shape (n,)
        Close.
    before : int
        Length of the run that ends with the row before the first; 0 if that is not flat.
    last_price : float
        Its close.

    Examples
    --------
    >>> flat = np.array([True, True, False, True])
    >>> run_lengths(flat, np.ones(4), before=2, last_price=1.0)
    array([3, 4, 0, 1])
    """
    if not len(flat):
        return np.zeros(0, dtype=np.int64)
    rows = np.arange(len(flat))
    earlier_flat = np.concatenate([[before > 0], flat[:-1]])
    earlier_price = np.concatenate([[last_price], price[:-1]])
    goes_on = flat & earlier_flat & (price == earlier_price)
    start = np.maximum.accumulate(np.where(goes_on, -before, rows))
    return np.where(flat, rows - start + 1, 0)


def body_ranges(ohlc: np.ndarray, previous: np.ndarray) -> np.ndarray:
    """Return true ranges without wicks: open, close and the close before."""
    top = np.maximum(np.maximum(ohlc[0], ohlc[3]), previous)
    return top - np.minimum(np.minimum(ohlc[0], ohlc[3]), previous)


def wicks(ohlc: np.ndarray, previous: np.ndarray) -> np.ndarray:
    """Return how far high or low reach beyond open, close and the close before."""
    top = np.maximum(np.maximum(ohlc[0], ohlc[3]), previous)
    bottom = np.minimum(np.minimum(ohlc[0], ohlc[3]), previous)
    return np.maximum(ohlc[1] - top, bottom - ohlc[2])


def trailing_scale(
    ranges: np.ndarray, recent: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean of the positive ranges before each row, and what to carry on.

    Parameters
    ----------
    ranges : ndarray of float64, shape (n,)
    recent : ndarray of float64, shape (m,), m <= RANGES
        Positive ranges of earlier rows, oldest first.

    Returns
    -------
    scale : ndarray of float64, shape (n,)
        NaN until :data:`RANGES` positive ranges are known.
    recent : ndarray of float64
        The last ranges, for the next chunk.
    """
    moved = ranges > 0
    known = np.concatenate([recent, ranges[moved]])
    if len(known) < RANGES:
        return np.full(len(ranges), np.nan), known
    # Added one lag after the other, so that the order of additions, and with it the
    # last bit, does not depend on where a chunk begins.
    total = np.zeros(len(known) - RANGES + 1)
    for lag in range(RANGES):
        total += known[lag : lag + len(total)]
    means = np.concatenate([np.full(RANGES, np.nan), total / RANGES])
    position = len(recent) + np.cumsum(moved) - moved
    return means[position], known[-RANGES:]
