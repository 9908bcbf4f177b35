"""Event bars: rows in, a bar out when enough has been traded. NumPy in, NumPy out.

Notation
--------
row : a trade, or a short bar that is taken as one
w : what a row adds: 1, its volume, or its price times its volume
b : direction of the last change of the price (tick rule), +1 or -1; 0 before the first
x : w, or b w in imbalance bars
theta : sum of x since the bar began
T : rows of a bar; B : rows that an imbalance bar shall have on average
h : the |theta| at which a bar is complete

An imbalance bar ends at |theta| >= h = E[T] |E[x]| (Lopez de Prado, 2018, 2.3.2.1): E[T]
is an average over the last bars, E[x] one over the last rows, both exponentially
weighted and taken when the bar begins. That rule alone runs away: where buying and
selling are even, E[x] is near 0, so bars are short, so E[T] falls, so the next are
shorter, down to one trade; a one-sided market does the opposite. So h is kept between
NOISE and HIGHEST times

    n = sqrt(B E[theta^2] / E[T])

with theta^2 and T those of complete bars. A walk without drift leaves [-h, h] after
h^2 / (its variance a step) steps, and E[theta^2] / E[T] is that variance as the last
bars showed it, the persistence of order flow included: n is the threshold at which bars
without a one-sided flow have B rows on average. Until a bar has shown a direction, and
once it has LONGEST B rows, T decides.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

Array = np.ndarray

SPAN = 20
"""Bars over which expectations are averaged: a weight of 2 / (SPAN + 1) for the last."""
HIGHEST = 2.0
"""Most that a threshold may be of n."""
LONGEST = 10.0
"""Rows at which an imbalance bar ends in any case, in units of B."""

# Places in the state of whole numbers: the unfinished bar, and the stretch it lies in.
HELD, BEGAN, END, FIRST, WHOLE = 0, 1, 2, 3, 4
# Places in the state of reals: the unfinished bar, then what outlives it.
OPEN, HIGH, LOW, CLOSE, VOLUME, THETA = 0, 1, 2, 3, 4, 5
THRESHOLD, PRICE, SIDE, FLOW, WEIGHT, LENGTH, SQUARE, REAL = 6, 7, 8, 9, 10, 11, 12, 13

_inline = njit(cache=True, nogil=True, forceinline=True)


class Rows(NamedTuple):
    """Columns of a chunk.

    ``end`` is when the stretch of trading ends that a row lies in, ``rolled`` whether
    its contract is another one than that of the row before.
    """

    time: Array
    began: Array
    open: Array
    high: Array
    low: Array
    close: Array
    volume: Array
    weight: Array
    end: Array
    rolled: Array


class Out(NamedTuple):
    """Room for finished bars, two a row: one that a row ends and one that it is."""

    whole: Array  # time, open_time, first row (-1: of an earlier chunk)
    real: Array  # open, high, low, close, volume


def fresh(size: float, signed: bool) -> tuple[Array, Array]:
    """Return the state before the first row: whole numbers and reals.

    Parameters
    ----------
    size : float
        Of a bar, in the rule's own unit.
    signed : bool
        Whether it is an imbalance bar.
    """
    whole, real = np.zeros(WHOLE, np.int64), np.zeros(REAL)
    real[PRICE] = np.nan
    real[THRESHOLD] = np.inf if signed else size
    real[LENGTH] = size
    return whole, real


@njit(cache=True, nogil=True)
def build(
    rows: Rows, size: float, signed: bool, whole: Array, real: Array, out: Out
) -> int:
    """Take rows and write the bars that they finish; return how many.

    Parameters
    ----------
    rows : Rows
        In order.
    size, signed
        As for :func:`fresh`.
    whole, real : ndarray
        The state, changed in place; ``whole[FIRST]`` has to be -1.
    out : Out
        Written from the first column on.
    """
    made = 0
    for i in range(len(rows.time)):
        if whole[HELD] > 0 and (rows.rolled[i] or rows.end[i] != whole[END]):
            # Known when the stretch is over, or when the other contract is seen.
            _emit(min(whole[END], rows.time[i]), whole, real, out, made)
            made += 1
        if rows.rolled[i]:
            real[PRICE] = np.nan
        _add(rows, i, signed, size, whole, real)
        if _is_complete(size, signed, whole, real):
            if signed:
                _expect(size, whole, real)
            _emit(rows.time[i], whole, real, out, made)
            made += 1
    return made


@_inline
def _add(
    rows: Rows, i: int, signed: bool, size: float, whole: Array, real: Array
) -> None:
    if whole[HELD] == 0:
        whole[BEGAN], whole[END], whole[FIRST] = rows.began[i], rows.end[i], i
        real[OPEN], real[HIGH], real[LOW] = rows.open[i], rows.high[i], rows.low[i]
        real[VOLUME], real[THETA] = 0.0, 0.0
    whole[HELD] += 1
    real[HIGH] = max(real[HIGH], rows.high[i])
    real[LOW] = min(real[LOW], rows.low[i])
    real[CLOSE] = rows.close[i]
    real[VOLUME] += rows.volume[i]
    # No comparison with NaN is true: before the first price there is no direction.
    if rows.close[i] > real[PRICE]:
        real[SIDE] = 1.0
    elif rows.close[i] < real[PRICE]:
        real[SIDE] = -1.0
    real[PRICE] = rows.close[i]
    if math.isnan(rows.weight[i]):
        return
    if not signed:
        real[THETA] += rows.weight[i]
        return
    x = real[SIDE] * rows.weight[i]
    real[THETA] += x
    alpha = 2.0 / (SPAN * size + 1.0)
    real[FLOW] += alpha * (x - real[FLOW])
    real[WEIGHT] += alpha * (1.0 - real[WEIGHT])


@_inline
def _is_complete(size: float, signed: bool, whole: Array, real: Array) -> bool:
    if not signed:
        return real[THETA] >= real[THRESHOLD]
    if real[THRESHOLD] == np.inf:
        return whole[HELD] >= size
    return abs(real[THETA]) >= real[THRESHOLD] or whole[HELD] >= LONGEST * size


@_inline
def _expect(size: float, whole: Array, real: Array) -> None:
    """Learn from a complete bar what the next one is measured by."""
    square = real[THETA] * real[THETA]
    alpha = 2.0 / (SPAN + 1.0)
    real[LENGTH] += alpha * (whole[HELD] - real[LENGTH])
    first = real[SQUARE] == 0.0
    real[SQUARE] = square if first else real[SQUARE] + alpha * (square - real[SQUARE])
    if real[SQUARE] == 0.0:
        return
    noise = math.sqrt(size * real[SQUARE] / real[LENGTH])
    expected = real[LENGTH] * abs(real[FLOW] / real[WEIGHT])
    real[THRESHOLD] = min(max(expected, noise), HIGHEST * noise)


@_inline
def _emit(time: int, whole: Array, real: Array, out: Out, made: int) -> None:
    out.whole[0, made], out.whole[1, made] = time, whole[BEGAN]
    out.whole[2, made] = whole[FIRST]
    out.real[:, made] = real[:THETA]
    whole[HELD] = 0
