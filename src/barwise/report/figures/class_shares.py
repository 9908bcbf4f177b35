"""Shares of the classes, stretch by stretch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from barwise.report.figures.style import (
    HALF,
    class_colours,
    date_axis,
    dress,
    new_figure,
    styled,
    utc,
)


@styled
def class_shares(
    times: np.ndarray, shares: np.ndarray, *, classes: Sequence[str]
) -> Figure:
    """Draw how the classes' shares go through time, with intervals.

    Parameters
    ----------
    times : ndarray of int64, shape (n,)
        Middle of each stretch, nanoseconds UTC.
    shares : ndarray of float, shape (n, n_classes, 3)
        Share, lower and upper end of its interval, 0..1.
    classes : sequence of str
        Names.

    Returns
    -------
    Figure

    Examples
    --------
    >>> import numpy as np
    >>> figure = class_shares(
    ...     np.array([0, 10**15]), np.full((2, 2, 3), 0.5), classes=["down", "up"]
    ... )
    >>> figure.axes[0].get_ylabel()
    'Share of the labels (%)'
    """
    figure = new_figure(2.9, HALF)
    axes = figure.add_subplot()
    dress(axes)
    at = utc(times)
    for place, (name, colour) in enumerate(
        zip(classes, class_colours(len(classes)), strict=True)
    ):
        share, low, high = 100 * shares[:, place].T
        axes.plot(at, share, "o-", color=colour, markersize=4, label=name)
        axes.vlines(at, low, high, color=colour, linewidth=1.6)
    axes.set_ylim(bottom=0)
    axes.set_ylabel("Share of the labels (%)")
    date_axis(axes)
    figure.legend(loc="outside upper center", ncols=len(classes))
    return figure
