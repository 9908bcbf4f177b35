"""Columns by several measures of importance, each beside the random columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from barwise.report.figures.feature_importance import short_name
from barwise.report.figures.style import (
    LONG,
    MUTED,
    NEUTRAL,
    dress,
    new_figure,
    styled,
)

_NAMES, _PANEL = 1.9, 1.35
"""Inches."""


@styled
def importance_study(
    names: Sequence[str],
    measures: Mapping[str, np.ndarray],
    *,
    noise: Mapping[str, float],
    units: Mapping[str, str],
) -> Figure:
    """Draw each column's importance with its standard error, a panel a measure.

    Parameters
    ----------
    names : sequence of str
        Columns, the most important one first.
    measures : mapping of str to ndarray of float, shape (3, n_columns)
        By title: mean, standard error, and 1 where it is clear of noise, else 0.
    noise : mapping of str to float
        Level that the best random column reached, by title; drawn as a line.
    units : mapping of str to str
        By title.

    Returns
    -------
    Figure

    Examples
    --------
    >>> import numpy as np
    >>> shown = {"MDA": np.array([[0.03, 0.001], [0.004, 0.002], [1, 0]])}
    >>> figure = importance_study(
    ...     ["rsi_14", "macd"], shown, noise={"MDA": 0.002}, units={"MDA": "nats"}
    ... )
    >>> figure.axes[0].get_xlabel(), figure.axes[0].get_title(loc="left")
    ('nats', 'MDA')
    """
    figure = new_figure(1.2 + 0.2 * max(len(names), 4), _NAMES + _PANEL * len(measures))
    panels = figure.subplots(1, len(measures), sharey=True, squeeze=False)[0]
    at = np.arange(len(names))
    for axes, (title, (mean, error, clear)) in zip(
        panels, measures.items(), strict=True
    ):
        dress(axes, grid="x")
        colours = np.where(clear > 0, LONG, NEUTRAL)
        axes.hlines(at, mean - error, mean + error, colors=colours, linewidth=1.6)
        axes.scatter(mean, at, c=colours, s=18, zorder=3)
        axes.axvline(noise[title], color=MUTED, linewidth=1.2, linestyle="--")
        axes.set_title(title, fontsize=9)
        axes.set_xlabel(units[title], fontsize=8)
        axes.locator_params(axis="x", nbins=3)
        axes.tick_params(axis="y", length=0)
    panels[0].set_yticks(at, [short_name(name) for name in names])
    panels[0].set_ylim(len(names) - 0.4, -0.6)
    return figure
