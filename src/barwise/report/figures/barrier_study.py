"""How a study of barriers went, and which barriers scored."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from barwise.report.figures.style import (
    GOOD,
    INK,
    MUTED,
    SERIES,
    dress,
    new_figure,
    styled,
)

_PANELS = 2
_COLOURS = "cividis"
_MARGIN = 0.15


@styled
def barrier_study(
    choices: Sequence[tuple[float, float, int]],
    scores: Sequence[float],
    *,
    feasible: Sequence[bool],
) -> Figure:
    """Draw the score of every trial in order, and where it lies among the barriers.

    Parameters
    ----------
    choices : sequence of (float, float, int)
        Upper and lower multiple, and horizon in bars, of each trial in order.
    scores : sequence of float
        What each trial came to.
    feasible : sequence of bool
        Whether each trial may be the answer; those that may not are hollow.

    Returns
    -------
    Figure
        Scores by trial with the best so far, then one panel a horizon with the score in
        colour.

    Examples
    --------
    >>> figure = barrier_study(
    ...     [(1.5, 1.0, 5), (2.0, 1.0, 10)], [0.1, 0.4], feasible=[True, True]
    ... )
    >>> figure.axes[0].get_ylabel()
    'Score (Sharpe a year)'
    """
    values, usable = np.asarray(scores, float), np.asarray(feasible, bool)
    horizons = sorted({horizon for *_, horizon in choices})
    rows = -(-len(horizons) // _PANELS)
    figure = new_figure(2.3 + 2.5 * rows)
    grid = figure.add_gridspec(1 + rows, _PANELS, height_ratios=[1.0, *[1.2] * rows])
    _course(figure.add_subplot(grid[0, :]), values, usable)
    span = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    panels, drawn = [], None
    best = int(np.argmax(np.where(usable, values, -np.inf))) if usable.any() else -1
    for place, horizon in enumerate(horizons):
        axes = figure.add_subplot(grid[1 + place // _PANELS, place % _PANELS])
        at = [i for i, choice in enumerate(choices) if choice[2] == horizon]
        drawn = _plane(axes, choices, values, usable, at, span)
        title = f"Horizon {horizon} bars"
        if best in at:
            upper, lower, _ = choices[best]
            axes.plot(lower, upper, "o", ms=13, mfc="none", mec=GOOD, mew=2)
            title += f" (best: +{upper:g} / -{lower:g})"
        axes.set_title(title)
        panels.append(axes)
    _same_limits(panels, choices)
    if drawn is not None:
        bar = figure.colorbar(drawn, ax=panels, shrink=0.8)
        bar.set_label("Sharpe a year, less penalties", color=INK)
    return figure


def _same_limits(
    panels: Sequence[Axes], choices: Sequence[tuple[float, float, int]]
) -> None:
    uppers, lowers = ([choice[i] for choice in choices] for i in (0, 1))
    for axes in panels:
        axes.set_xlim(min(lowers) - _MARGIN, max(lowers) + _MARGIN)
        axes.set_ylim(min(uppers) - _MARGIN, max(uppers) + _MARGIN)


def _course(axes: Axes, values: np.ndarray, usable: np.ndarray) -> None:
    dress(axes)
    number = np.arange(1, len(values) + 1)
    for mask, face, label in (
        (usable, SERIES[0], "trial"),
        (~usable, "none", "too many ties or too few trades"),
    ):
        if mask.any():
            axes.plot(
                number[mask],
                values[mask],
                "o",
                ms=4.5,
                mec=SERIES[0],
                mfc=face,
                label=label,
            )
    if usable.any():
        so_far = np.maximum.accumulate(np.where(usable, values, -np.inf))
        seen = np.isfinite(so_far)
        axes.step(
            number[seen], so_far[seen], where="post", color=GOOD, label="best so far"
        )
    axes.axhline(0.0, color=MUTED, lw=0.8)
    axes.set_xlabel("Trial", color=INK)
    axes.set_ylabel("Score (Sharpe a year)", color=INK)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if len(values):
        axes.legend(loc="best")


def _plane(
    axes: Axes,
    choices: Sequence[tuple[float, float, int]],
    values: np.ndarray,
    usable: np.ndarray,
    at: list[int],
    span: tuple[float, float],
) -> PathCollection:
    dress(axes, grid="both")
    drawn = axes.scatter(
        [choices[i][1] for i in at],
        [choices[i][0] for i in at],
        c=values[at],
        s=[44 if usable[i] else 14 for i in at],
        cmap=_COLOURS,
        vmin=span[0],
        vmax=span[1],
    )
    axes.set_xlabel("Lower barrier (widths)", color=INK)
    axes.set_ylabel("Upper barrier (widths)", color=INK)
    return drawn
