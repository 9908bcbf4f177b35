"""Wavelet features: a one-sided transform of the log close, level by level.

Notation
--------
g, h : low- and high-pass filter of Daubechies' wavelet with four vanishing moments
    (db4: 8 values, 1992), over the square root of 2, as in Percival and Walden (2000)
level j : g j - 1 times, then h (detail) or g (approximation), each time with 2^(j-1)
    rows between its values; the three levels see 8, 22 and 50 bars

This is the maximal overlap transform (MODWT) without its one flaw for us: nothing is
shifted to the middle of its filter and nothing is wrapped around the ends, so a value
holds past bars only. The price is delay: an approximation trails the close by some 10
bars.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from barwise.features.columns import BarColumns
from barwise.features.registry import feature
from barwise.stream import Expr
from barwise.stream.expr import (
    diff,
    exp,
    fir,
    ratio,
    rolling_mean,
    rolling_var,
    sqrt,
)

LEVELS = 3
ENERGY_ROWS = 32
"""Bars over which energies are averaged: four of the slowest detail's half-waves."""


@cache
def _filters() -> tuple[tuple[list[float], ...], list[float]]:
    """Return the filter of each detail and of the approximation, oldest value first."""
    import pywt

    wavelet = pywt.Wavelet("db4")
    low = np.array(wavelet.dec_lo) / np.sqrt(2.0)
    high = np.array(wavelet.dec_hi) / np.sqrt(2.0)
    details: list[list[float]] = []
    smooth = np.ones(1)
    for level in range(LEVELS):
        details.append(np.convolve(smooth, _spread(high, level))[::-1].tolist())
        smooth = np.convolve(smooth, _spread(low, level))
    return tuple(details), smooth[::-1].tolist()


def _spread(values: np.ndarray, level: int) -> np.ndarray:
    """Put 2^level - 1 zeros between the values of a filter."""
    step = 2**level
    wide = np.zeros((len(values) - 1) * step + 1)
    wide[::step] = values
    return wide


def _transform(bars: BarColumns) -> tuple[tuple[Expr, ...], Expr]:
    details, smooth = _filters()
    return (
        tuple(fir(bars.log_close, weights) for weights in details),
        fir(bars.log_close, smooth),
    )


@feature(
    family="wavelets",
    unit="price, > 0",
    columns=["wavelet_close_approx"],
    price_units=True,
)
def wavelet_approx(bars: BarColumns) -> Expr:
    """Exponential of the approximation of the log close: a smooth price."""
    return exp(_transform(bars)[1])


@feature(
    family="wavelets",
    unit="log return, unbounded",
    columns=["wavelet_close_approx_distance"],
)
def wavelet_approx_distance(bars: BarColumns) -> Expr:
    """Log close minus its approximation."""
    return bars.log_close - _transform(bars)[1]


@feature(
    family="wavelets",
    unit="log return, unbounded",
    columns=[f"wavelet_close_d{level}" for level in range(1, LEVELS + 1)],
)
def wavelet_details(bars: BarColumns) -> tuple[Expr, ...]:
    """Details of the log close: moves of 2-4, 4-8 and 8-16 bars."""
    return _transform(bars)[0]


def _energies(bars: BarColumns) -> tuple[list[Expr], Expr]:
    """Mean squares of the details, and the variance of the approximation."""
    details, smooth = _transform(bars)
    return (
        [rolling_mean(detail * detail, ENERGY_ROWS) for detail in details],
        rolling_var(smooth, ENERGY_ROWS),
    )


@feature(
    family="wavelets",
    unit="0..1",
    columns=[
        *(f"wavelet_close_energy_d{level}" for level in range(1, LEVELS + 1)),
        "wavelet_close_energy_approx",
    ],
)
def wavelet_energy(bars: BarColumns) -> tuple[Expr, ...]:
    """Shares of the details and of the approximation in the variance of 32 bars.

    Details have mean 0, so theirs is the mean square (the variance decomposition of
    Percival and Walden, 2000). All equal where nothing moved.
    """
    details, smooth = _energies(bars)
    total = details[0] + details[1] + details[2] + smooth
    return tuple(ratio(part, total, 1.0 / (LEVELS + 1)) for part in (*details, smooth))


@feature(
    family="wavelets",
    unit="noise deviations, unbounded",
    columns=["wavelet_close_trend_strength"],
)
def wavelet_trend_strength(bars: BarColumns) -> Expr:
    """Rise of the approximation over 8 bars, over the size of the details; 0 where flat.

    The size is the root of the details' summed mean squares over 32 bars.
    """
    details, _ = _energies(bars)
    noise = sqrt(details[0] + details[1] + details[2])
    rise = diff(_transform(bars)[1], 2**LEVELS)
    return ratio(rise, noise)
