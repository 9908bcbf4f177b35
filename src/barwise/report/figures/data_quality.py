"""What was found in the data, and how densely it covers its span."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter

from barwise.report.figures.style import (
    LONG,
    MUTED,
    SHORT,
    date_axis,
    dress,
    new_figure,
    styled,
)


@styled
def data_quality(
    kinds: Sequence[str], counts: np.ndarray, day: np.ndarray, bars: np.ndarray
) -> Figure:
    """Draw the findings by kind and the number of bars of every day.

    Parameters
    ----------
    kinds : sequence of str
        What was looked for.
    counts : ndarray of int, shape (n_kinds,)
        How often it was found; a zero is drawn too, because it was looked for.
    day : ndarray of int64, shape (n_days,)
        Days since 1970-01-01.
    bars : ndarray of int, shape (n_days,)
        Bars of each day.

    Returns
    -------
    Figure
        Findings above on a logarithmic axis, coverage below.

    Examples
    --------
    >>> import numpy as np
    >>> figure = data_quality(["gap"], np.array([3]), np.arange(2), np.array([78, 77]))
    >>> [axes.get_xlabel() for axes in figure.axes]
    ['Findings (rows)', 'Date (UTC)']
    """
    rows = max(len(kinds), 1)
    figure = new_figure(3.0 + 0.24 * rows)
    upper, lower = figure.subplots(2, 1, height_ratios=(0.24 * rows + 0.2, 1.9))
    _findings(upper, kinds, np.asarray(counts))
    dress(lower)
    dates = np.asarray(day, dtype=np.int64).astype("datetime64[D]")
    lower.vlines(dates, 0, bars, color=LONG, linewidth=_stroke(len(dates)))
    lower.set_ylim(bottom=0)
    lower.set_ylabel("Bars a day")
    date_axis(lower)
    return figure


def _findings(axes: Axes, kinds: Sequence[str], counts: np.ndarray) -> None:
    dress(axes, grid=None)
    at = np.arange(len(kinds))
    axes.barh(at, counts, color=SHORT, height=0.65)
    axes.set_xscale("symlog", linthresh=1)
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.set_xlim(0, max(10.0, float(counts.max(initial=0)) * 6))
    for place, count in zip(at, counts, strict=True):
        axes.annotate(
            f"{count:,}",
            (max(float(count), 0.0), place),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            color=MUTED,
        )
    axes.set_yticks(at, [kind.replace("_", " ") for kind in kinds])
    axes.set_ylim(len(kinds) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("Findings (rows)")


def _stroke(days: int) -> float:
    return float(np.clip(360 / max(days, 1), 0.4, 5.0))
