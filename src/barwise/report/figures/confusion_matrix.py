"""What was true against what was predicted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from barwise.report.figures.style import INK, LONG, PAPER, dress, new_figure, styled

_DARK = 0.55


@styled
def confusion_matrix(
    counts: np.ndarray, *, classes: Sequence[str] = ("short", "neutral", "long")
) -> Figure:
    """Draw a confusion matrix with counts and the share of each row.

    Parameters
    ----------
    counts : ndarray of int, shape (n_classes, n_classes)
        Rows are the true classes, columns the predicted ones.
    classes : sequence of str
        Names in the order of the rows.

    Returns
    -------
    Figure
        One cell for each pair; its shade is the share of its row.

    Examples
    --------
    >>> import numpy as np
    >>> figure = confusion_matrix(np.diag([5, 6, 7]))
    >>> figure.axes[0].get_ylabel()
    'True class'
    """
    counts = np.asarray(counts)
    totals = counts.sum(axis=1, keepdims=True)
    shares = counts / np.maximum(totals, 1)
    size = len(classes)
    figure = new_figure(1.1 + 0.78 * size, width=1.5 + 1.15 * size)
    axes = figure.add_subplot()
    dress(axes, grid=None)
    for row in range(size):
        for column in range(size):
            share = float(shares[row, column])
            axes.add_patch(
                Rectangle((column, row), 1, 1, facecolor=LONG, alpha=share, lw=0)
            )
            axes.text(
                column + 0.5,
                row + 0.5,
                f"{counts[row, column]:,}\n{share:.0%}",
                color=PAPER if share > _DARK else INK,
                ha="center",
                va="center",
            )
    axes.set_xlim(0, size)
    axes.set_ylim(size, 0)
    axes.set_xticks(np.arange(size) + 0.5, list(classes))
    axes.set_yticks(np.arange(size) + 0.5, list(classes))
    axes.tick_params(length=0)
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.set_xlabel("Predicted class")
    axes.set_ylabel("True class")
    axes.set_title("Count and share of the true class")
    return figure
