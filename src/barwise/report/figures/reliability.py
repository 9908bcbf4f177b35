"""Whether a stated probability is what then happens."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from barwise.metrics import ReliabilityCurve
from barwise.report.figures.style import (
    HALF,
    MUTED,
    class_colours,
    dress,
    new_figure,
    styled,
)


@styled
def reliability(curves: Mapping[str, ReliabilityCurve]) -> Figure:
    """Draw stated probability against observed frequency for every class.

    Parameters
    ----------
    curves : mapping of str to ReliabilityCurve
        By class name, as `barwise.metrics.reliability_curve` makes them.

    Returns
    -------
    Figure
        One panel a class: points with intervals over the diagonal, counts below.

    Examples
    --------
    >>> import numpy as np
    >>> from barwise.metrics import ReliabilityCurve
    >>> half = np.array([0.5])
    >>> curve = ReliabilityCurve(half, half, half - 0.1, half + 0.1, np.array([40]))
    >>> figure = reliability({"long": curve})
    >>> figure.axes[0].get_ylabel()
    'Observed frequency'
    """
    figure = new_figure(3.3, width=HALF)
    grid = figure.add_gridspec(2, max(len(curves), 1), height_ratios=(3, 1))
    colours = class_colours(len(curves))
    tallest = max(
        (float(np.max(c.count, initial=1)) for c in curves.values()), default=1
    )
    for place, (name, curve) in enumerate(curves.items()):
        upper = figure.add_subplot(grid[0, place])
        lower = figure.add_subplot(grid[1, place], sharex=upper)
        _points(upper, curve, colours[place])
        upper.set_title(name)
        _counts(lower, curve, tallest)
        if place == 0:
            upper.set_ylabel("Observed frequency")
            lower.set_ylabel("Rows")
        else:
            upper.tick_params(labelleft=False)
            lower.tick_params(labelleft=False)
    return figure


def _points(axes: Axes, curve: ReliabilityCurve, colour: str) -> None:
    dress(axes, grid="both")
    rows = np.asarray(curve.count) > 0
    x, y = curve.probability[rows], curve.frequency[rows]
    ends = np.clip([curve.lower[rows], curve.upper[rows]], 0, 1)
    axes.plot([0, 1], [0, 1], color=MUTED, linestyle=":", linewidth=1)
    axes.vlines(x, *ends, color=colour, linewidth=1.5)
    axes.plot(x, y, "o", color=colour, markersize=4)
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    axes.set_yticks([0, 0.5, 1], ["0", "0.5", "1"])
    axes.tick_params(labelbottom=False)


def _counts(axes: Axes, curve: ReliabilityCurve, tallest: float) -> None:
    dress(axes, grid=None)
    rows = np.asarray(curve.count) > 0
    axes.vlines(curve.probability[rows], 0, curve.count[rows], color=MUTED, linewidth=4)
    axes.set_ylim(0, tallest * 1.05)
    axes.locator_params(axis="y", nbins=2)
    axes.set_xlabel("Stated probability")
