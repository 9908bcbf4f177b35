"""A score of several windows or slices, each beside its best baseline."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from barwise.report.figures.style import (
    HALF,
    LONG,
    MUTED,
    SHORT,
    dress,
    new_figure,
    styled,
)

_MOST_NAMES = 14


@styled
def score_whiskers(
    names: Sequence[str],
    scores: np.ndarray,
    *,
    beside: np.ndarray,
    across: str,
    label: str,
) -> Figure:
    """Draw a dot with its interval for each window, and the best baseline as a mark.

    Parameters
    ----------
    names : sequence of str
        Windows or slices, from left to right.
    scores : ndarray of float, shape (n, 3)
        Value, lower and upper end of its interval; NaN leaves a gap.
    beside : ndarray of float, shape (n,)
        The best baseline of each.
    across, label : str
        What the windows are, and what is drawn, with its unit.

    Returns
    -------
    Figure
        A line marks zero where the values reach it.

    Examples
    --------
    >>> import numpy as np
    >>> scores = np.array([[0.36, 0.34, 0.38], [0.40, 0.37, 0.43]])
    >>> marks = np.array([0.35, 0.36])
    >>> figure = score_whiskers(
    ...     ["1", "2"], scores, beside=marks, across="Fold", label="Macro-F1"
    ... )
    >>> figure.axes[0].get_ylabel()
    'Macro-F1'
    """
    figure = new_figure(2.9, HALF)
    axes = figure.add_subplot()
    dress(axes)
    at = np.arange(len(names))
    value, low, high = np.asarray(scores, dtype=np.float64).reshape(-1, 3).T
    axes.vlines(at, low, high, color=LONG, linewidth=1.8)
    axes.plot(at, value, "o", color=LONG, markersize=6, label="model")
    axes.hlines(
        beside, at - 0.32, at + 0.32, color=SHORT, linewidth=2.2, label="best baseline"
    )
    drawn = np.concatenate([value, low, high, np.asarray(beside)])
    drawn = drawn[np.isfinite(drawn)]
    if len(drawn) and drawn.min() < 0 < drawn.max():
        axes.axhline(0, color=MUTED, linewidth=1)
    step = -(-len(names) // _MOST_NAMES)
    axes.set_xticks(at[::step], list(names)[::step])
    axes.set_xlim(-0.6, max(len(names) - 0.4, 0.6))
    axes.set_xlabel(across)
    axes.set_ylabel(label)
    figure.legend(loc="outside upper center", ncols=2)
    return figure
