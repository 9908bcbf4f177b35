"""How the best of many backtests fares on days that did not choose it."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from barwise.core.arrays import Vector
from barwise.report.figures.style import (
    INK,
    LONG,
    MUTED,
    SHORT,
    dress,
    new_figure,
    styled,
)

_DOTS = 1000
_BARS = 20


@styled
def recombinations(
    rank: Vector,
    in_sample: Vector,
    out_of_sample: Vector,
    *,
    line: tuple[float, float],
) -> Figure:
    """Draw the ranks and the Sharpe ratios of the strategy that each half chose.

    Parameters
    ----------
    rank : ndarray of float, shape (n,)
        Relative rank on the other half, above 0 and below 1; 1/2 is the median.
    in_sample, out_of_sample : ndarray of float, shape (n,)
        Its Sharpe ratios a year on the half that chose it and on the other.
    line : (float, float)
        Slope and intercept of the line through them; not drawn if NaN.

    Returns
    -------
    Figure
        Ranks on the left, those at or below the median in another colour; Sharpe ratios
        on the right, of at most a thousand recombinations.

    References
    ----------
    Bailey, Borwein, Lopez de Prado and Zhu (2017), The probability of backtest
    overfitting, Journal of Computational Finance 20(4).

    Examples
    --------
    >>> r = np.array([0.25, 0.5, 0.75, 0.75])
    >>> figure = recombinations(r, 1 + r, r - 0.5, line=(1.0, -1.5))
    >>> figure.axes[1].get_ylabel()
    'Sharpe ratio a year out of sample'
    """
    figure = new_figure(3.4)
    left, right = figure.subplots(1, 2)
    _ranks(left, np.asarray(rank, np.float64))
    _degradation(right, in_sample, out_of_sample, line)
    return figure


def _ranks(axes: Axes, rank: Vector) -> None:
    dress(axes)
    edges = np.linspace(0.0, 1.0, _BARS + 1).tolist()
    for mask, colour, label in (
        (rank <= 0.5, SHORT, "at or below the median"),
        (rank > 0.5, LONG, "above it"),
    ):
        weights = np.full(np.count_nonzero(mask), 100.0 / len(rank))
        # A rank of exactly 1/2 counts as not above: it belongs left of the line.
        shown = np.minimum(rank[mask], 0.5 - 1e-9) if colour == SHORT else rank[mask]
        axes.hist(shown, edges, weights=weights, color=colour, label=label)
    axes.axvline(0.5, color=MUTED, lw=1, ls="--")
    axes.set_xlim(0.0, 1.0)
    axes.set_xlabel("Relative rank out of sample (1 is best)", color=INK)
    axes.set_ylabel("Share of recombinations (%)", color=INK)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)


def _degradation(
    axes: Axes, inside: Vector, outside: Vector, line: tuple[float, float]
) -> None:
    dress(axes, grid="both")
    step = -(-len(inside) // _DOTS)
    axes.plot(inside[::step], outside[::step], "o", ms=2.5, alpha=0.35, color=LONG)
    ends = np.array([inside.min(), inside.max()])
    if np.isfinite(line).all():
        axes.plot(ends, line[1] + line[0] * ends, color=SHORT, label="line through all")
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0))
    axes.axhline(0.0, color=MUTED, lw=0.8)
    axes.set_xlabel("Sharpe ratio a year in sample", color=INK)
    axes.set_ylabel("Sharpe ratio a year out of sample", color=INK)
