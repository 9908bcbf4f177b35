"""Columns that moved between two parts, each beside what it does by itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from barwise.report.figures.feature_importance import short_name
from barwise.report.figures.style import (
    HALF,
    INK,
    NEUTRAL,
    SHORT,
    dress,
    new_figure,
    styled,
)

_SHOWN = 15


@styled
def column_drift(
    names: Sequence[str], psi: np.ndarray, threshold: np.ndarray, moved: np.ndarray
) -> Figure:
    """Draw the stability index of the columns that are nearest to an alarm.

    Parameters
    ----------
    names : sequence of str
    psi, threshold : ndarray of float, shape (n_columns,)
        Index, and what it stays below by itself; NaN where that cannot be told.
    moved : ndarray of bool, shape (n_columns,)
        Alarms.

    Returns
    -------
    Figure
        One bar a column, its threshold as a mark.

    Examples
    --------
    >>> import numpy as np
    >>> figure = column_drift(
    ...     ["rsi_14", "macd"],
    ...     np.array([0.3, 0.1]),
    ...     np.array([0.2, 0.2]),
    ...     np.array([True, False]),
    ... )
    >>> figure.axes[0].get_xlabel()
    'Population stability index'
    """
    near = np.nan_to_num(psi / threshold, nan=-1.0) + 1e6 * np.asarray(moved)
    order = np.argsort(-near, kind="stable")[:_SHOWN]
    figure = new_figure(1.1 + 0.21 * max(len(order), 3), width=HALF)
    axes = figure.add_subplot()
    dress(axes, grid="x")
    at = np.arange(len(order))
    axes.barh(at, psi[order], color=np.where(moved[order], SHORT, NEUTRAL), height=0.7)
    axes.vlines(threshold[order], at - 0.4, at + 0.4, color=INK, linewidth=2)
    axes.set_yticks(at, [short_name(names[i]) for i in order])
    axes.set_ylim(len(order) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("Population stability index")
    return figure
