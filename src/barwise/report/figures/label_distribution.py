"""How the classes of the labels share each part of the data."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from barwise.report.figures.style import (
    INK,
    MUTED,
    PAPER,
    class_colours,
    dress,
    new_figure,
    styled,
)

_ROW = 0.3
_NARROW = 0.055


@styled
def label_distribution(
    counts: np.ndarray,
    *,
    horizons: Sequence[int],
    parts: Sequence[str],
    classes: Sequence[str] = ("short", "neutral", "long"),
) -> Figure:
    """Draw the share of every class for each horizon and part.

    Parameters
    ----------
    counts : ndarray of int, shape (n_horizons, n_parts, n_classes)
        Number of labels.
    horizons : sequence of int
        Horizons in bars.
    parts : sequence of str
        Names of the parts, such as train, val and test.
    classes : sequence of str
        Names of the classes in the order of the last axis.

    Returns
    -------
    Figure
        One stacked bar for each horizon and part, in percent of its labels.

    Examples
    --------
    >>> import numpy as np
    >>> counts = np.array([[[30, 40, 30], [8, 10, 12]]])
    >>> figure = label_distribution(counts, horizons=[20], parts=["train", "val"])
    >>> figure.axes[0].get_xlabel()
    'Share of labels (%)'
    """
    counts = np.asarray(counts)
    rows = [
        (h * (len(parts) + 0.6) + p, f"{horizon} bars · {part}", counts[h, p])
        for h, horizon in enumerate(horizons)
        for p, part in enumerate(parts)
    ]
    figure = new_figure(1.25 + _ROW * (rows[-1][0] + 1 if rows else 1))
    axes = figure.add_subplot()
    dress(axes, grid=None)
    colours = class_colours(len(classes))
    for at, _, row in rows:
        _bar(axes, at, row, colours)
    axes.set_yticks([at for at, _, _ in rows], [name for _, name, _ in rows])
    axes.invert_yaxis()
    axes.set_xlim(0, 118)
    axes.set_xticks(range(0, 101, 20))
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("Share of labels (%)", color=INK)
    handles = [
        axes.barh(0, 0, color=colour, label=name)
        for name, colour in zip(classes, colours, strict=True)
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=len(classes))
    return figure


def _bar(axes: Axes, at: float, row: np.ndarray, colours: Sequence[str]) -> None:
    total = int(row.sum())
    shares = row / total if total else np.zeros(len(row))
    starts = np.cumsum(shares) - shares
    axes.barh(at, 100 * shares, left=100 * starts, color=colours, height=0.82)
    for share, start in zip(shares, starts, strict=True):
        if share >= _NARROW:
            middle = 100 * (start + share / 2)
            axes.text(middle, at, f"{share:.0%}", color=PAPER, ha="center", va="center")
    axes.text(101, at, f"n = {total:,}", color=MUTED, va="center", clip_on=False)
