"""How often edges of different sizes are found, and how often none is seen as one."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from barwise.report.figures.style import (
    MUTED,
    SERIES,
    WIDTH,
    dress,
    new_figure,
    styled,
)

_MARKS = ("o", "s", "D")


@styled
def power_curve(
    sharpes: np.ndarray,
    rates: Mapping[str, np.ndarray],
    *,
    wanted: float = 0.8,
    detectable: float = math.inf,
) -> Figure:
    """Draw the share of surrogates with a claim against the size of the edge in them.

    Parameters
    ----------
    sharpes : ndarray of float, shape (n,)
        What one who knows the edge makes of it a year, after costs; 0 without one.
    rates : mapping of str to ndarray of float, shape (n, 3)
        By kind of verdict: share, lower and upper end of its interval.
    wanted : float
        Power that is asked for, drawn as a line across.
    detectable : float
        Sharpe ratio at which the first kind of verdict reaches it, drawn as a line down
        where it is finite.

    Examples
    --------
    >>> import numpy as np
    >>> rates = {"verdict": np.array([[0.0, 0.0, 0.04], [0.9, 0.7, 0.98]])}
    >>> power_curve(np.array([0.0, 2.0]), rates).axes[0].get_ylabel()
    'Share of surrogates with a claim'
    """
    figure = new_figure(3.6, WIDTH)
    axes = figure.add_subplot()
    dress(axes)
    order = np.argsort(sharpes, kind="stable")
    x = np.asarray(sharpes, np.float64)[order]
    apart = 0.006 * max(float(np.ptp(x)), 1.0)
    for place, (name, each) in enumerate(rates.items()):
        value, low, high = np.asarray(each, np.float64)[order].T
        at, colour = x + (place - (len(rates) - 1) / 2) * apart, SERIES[place]
        axes.vlines(at, low, high, color=colour, linewidth=1.2)
        mark = _MARKS[place % len(_MARKS)]
        axes.plot(at, value, f"-{mark}", color=colour, markersize=5, label=name)
    axes.axhline(wanted, color=MUTED, linewidth=1, linestyle="--")
    if math.isfinite(detectable):
        axes.axvline(detectable, color=MUTED, linewidth=1, linestyle=":")
    axes.set_ylim(-0.03, 1.03)
    axes.set_xlabel(
        "Sharpe ratio a year of one who knows the planted edge, after costs"
    )
    axes.set_ylabel("Share of surrogates with a claim")
    figure.legend(loc="outside upper center", ncols=len(rates))
    return figure
