"""Price with what a model said and what the label later was, without JavaScript."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from barwise.report.figures.style import (
    INK,
    LONG,
    NEUTRAL,
    SHORT,
    dress,
    new_figure,
    styled,
)

_SIDES = {1: LONG, 0: NEUTRAL, -1: SHORT}


@styled
def price_with_labels_and_signals(
    time: np.ndarray,
    prices: np.ndarray,
    *,
    labels: np.ndarray | None = None,
    signals: np.ndarray | None = None,
    last: int = 160,
) -> Figure:
    """Draw the last bars with signals as arrows and labels as a strip below.

    Parameters
    ----------
    time : ndarray of int64, shape (n,)
        Close of each bar in nanoseconds UTC.
    prices : ndarray of float, shape (n, 4)
        Open, high, low and close.
    labels : ndarray of float, shape (n,), optional
        -1, 0 or +1 by the bar at which the decision fell, NaN where there is none.
    signals : ndarray of float, shape (n,), optional
        What the model said at the bar, coded the same way.
    last : int
        How many bars to draw, counted from the end.

    Returns
    -------
    Figure
        Bars stand at equal distances: closed hours take no room.

    Examples
    --------
    >>> import numpy as np
    >>> time = np.arange(5) * 300_000_000_000
    >>> prices = np.tile([10.0, 11.0, 9.0, 10.5], (5, 1))
    >>> figure = price_with_labels_and_signals(time, prices, signals=np.ones(5))
    >>> figure.axes[0].get_ylabel()
    'Price'
    """
    time, prices = time[-last:], np.asarray(prices)[-last:]
    strips = [
        (name, np.asarray(values, dtype=np.float64)[-last:])
        for name, values in (("Signal", signals), ("Label", labels))
        if values is not None
    ]
    figure = new_figure(3.4 + 0.3 * len(strips))
    ratios = [3.0] + [0.22] * len(strips)
    panels = figure.subplots(
        1 + len(strips), 1, sharex=True, height_ratios=ratios, squeeze=False
    )[:, 0]
    _bars(panels[0], prices)
    if signals is not None:
        _arrows(panels[0], prices, strips[0][1])
    for axes, (name, values) in zip(panels[1:], strips, strict=True):
        _strip(axes, name, values)
    _ticks(panels[-1], time)
    return figure


def _bars(axes: Axes, prices: np.ndarray) -> None:
    dress(axes)
    opened, high, low, close = prices.T
    at = np.arange(len(prices))
    colour = np.where(close >= opened, LONG, SHORT)
    axes.vlines(at, low, high, color=list(colour), linewidth=0.8)
    axes.vlines(
        at, np.minimum(opened, close), np.maximum(opened, close), list(colour), lw=2.4
    )
    axes.set_ylabel("Price")
    axes.ticklabel_format(axis="y", useOffset=False)


def _arrows(axes: Axes, prices: np.ndarray, signals: np.ndarray) -> None:
    away = 0.02 * float(np.ptp(prices)) if len(prices) else 0.0
    for side, column, mark, name in ((1, 2, "^", "long"), (-1, 1, "v", "short")):
        rows = np.flatnonzero(signals == side)
        height = prices[rows, column] - side * away
        axes.plot(
            rows,
            height,
            mark,
            color=INK,
            markersize=4.5,
            label=f"signal: {name} ({len(rows)})",
        )
    axes.legend(loc="upper left", ncols=2)


def _strip(axes: Axes, name: str, values: np.ndarray) -> None:
    dress(axes, grid=None)
    for side, colour in _SIDES.items():
        rows = np.flatnonzero(values == side)
        axes.broken_barh([(row - 0.5, 1.0) for row in rows], (0, 1), color=colour, lw=0)
    axes.set_ylim(0, 1)
    axes.set_yticks([0.5], [name])
    axes.tick_params(axis="y", length=0)
    axes.spines[["left", "bottom"]].set_visible(False)


def _ticks(axes: Axes, time: Sequence[int] | np.ndarray) -> None:
    places = np.unique(np.linspace(0, max(len(time) - 1, 0), 6).astype(int))
    stamps = np.asarray(time, dtype=np.int64).astype("datetime64[ns]")
    labels = [
        str(stamps[i].astype("datetime64[m]")).replace("T", "\n")
        for i in places
        if i < len(stamps)
    ]
    axes.set_xticks(places[: len(labels)], labels)
    axes.set_xlabel("Close of the bar (UTC)")
