"""Which columns a model leaned on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from barwise.report.figures.style import HALF, LONG, dress, new_figure, styled

_LONGEST = 26


@styled
def feature_importance(
    names: Sequence[str], values: np.ndarray, *, top: int = 20
) -> Figure:
    """Draw the most important columns, largest first.

    Parameters
    ----------
    names : sequence of str
        Column names.
    values : ndarray of float, shape (n_columns,)
        Importance of each column; drawn as a share of the sum of absolute values.
    top : int
        How many columns to draw.

    Returns
    -------
    Figure
        One horizontal bar a column.

    Examples
    --------
    >>> import numpy as np
    >>> figure = feature_importance(["rsi_14", "macd"], np.array([3.0, 1.0]))
    >>> figure.axes[0].get_xlabel()
    'Share of importance (%)'
    """
    values = np.asarray(values, dtype=np.float64)
    total = np.nansum(np.abs(values))
    shares = 100 * values / total if total else values
    order = np.argsort(-np.nan_to_num(shares), kind="stable")[:top]
    figure = new_figure(0.9 + 0.21 * max(len(order), 3), width=HALF)
    axes = figure.add_subplot()
    dress(axes, grid="x")
    axes.barh(np.arange(len(order)), shares[order], color=LONG, height=0.7)
    axes.set_yticks(np.arange(len(order)), [short_name(names[i]) for i in order])
    axes.set_ylim(len(order) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("Share of importance (%)")
    kept = float(np.nansum(np.abs(shares[order])))
    axes.set_title(f"Top {len(order)} of {len(values)}: {kept:.0f}% of the sum")
    return figure


def short_name(name: str) -> str:
    """Keep both ends: names of one family differ at the end."""
    half = _LONGEST // 2
    return name if len(name) <= _LONGEST else f"{name[: half - 1]}…{name[-half:]}"
