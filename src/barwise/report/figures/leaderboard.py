"""Models beside baselines, each with its interval."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from barwise.report.figures.style import (
    GOOD,
    LONG,
    MUTED,
    dress,
    new_figure,
    styled,
)


@styled
def leaderboard(
    names: Sequence[str],
    macro_f1: np.ndarray,
    sharpe: np.ndarray,
    *,
    baseline: np.ndarray,
) -> Figure:
    """Draw macro-F1 and Sharpe ratio of models and baselines as dots and whiskers.

    Parameters
    ----------
    names : sequence of str
        Models and baselines, from top to bottom.
    macro_f1, sharpe : ndarray of float, shape (n, 3)
        Value, lower and upper end of its interval; NaN where there is none.
    baseline : ndarray of bool, shape (n,)
        Which rows are baselines.

    Returns
    -------
    Figure
        Two panels; a dashed line marks the best baseline, a solid one zero.

    Examples
    --------
    >>> import numpy as np
    >>> rows = np.array([[0.36, 0.33, 0.39], [0.34, 0.32, 0.36]])
    >>> which = np.array([False, True])
    >>> figure = leaderboard(["lstm", "prior"], rows, rows, baseline=which)
    >>> [axes.get_xlabel() for axes in figure.axes]
    ['Macro-F1', 'Sharpe ratio a year, after costs']
    """
    baseline = np.asarray(baseline, dtype=bool)
    figure = new_figure(1.2 + 0.27 * max(len(names), 2))
    left, right = figure.subplots(1, 2, sharey=True)
    _panel(left, macro_f1, baseline, "Macro-F1")
    _panel(right, sharpe, baseline, "Sharpe ratio a year, after costs")
    right.axvline(0, color=MUTED, linewidth=1)
    left.set_yticks(np.arange(len(names)), list(names))
    left.set_ylim(len(names) - 0.4, -0.6)
    right.tick_params(labelleft=False)
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(labels))
    return figure


def _panel(axes: Axes, rows: np.ndarray, baseline: np.ndarray, label: str) -> None:
    dress(axes, grid="x")
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(label)
    axes.locator_params(axis="x", nbins=6)
    for which, colour, mark, name in (
        (~baseline, LONG, "o", "model"),
        (baseline, MUTED, "D", "baseline"),
    ):
        at = np.flatnonzero(which)
        value, low, high = rows[which].T
        axes.hlines(at, low, high, color=colour, linewidth=1.6)
        axes.plot(value, at, mark, color=colour, markersize=5, label=name)
    best = rows[baseline, 0]
    if np.isfinite(best).any():
        axes.axvline(
            float(np.nanmax(best)),
            color=GOOD,
            linestyle="--",
            lw=1.2,
            label="best baseline",
        )
