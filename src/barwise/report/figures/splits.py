"""What each fold of a splitter does with each sample."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from barwise.datasets.splitter import (
    EMBARGOED,
    NEAR,
    OVERLAP,
    TEST,
    TRAIN,
    AbstractSplitter,
)
from barwise.report.figures.style import (
    LONG,
    NEUTRAL,
    SERIES,
    SHORT,
    dress,
    new_figure,
    styled,
)

_COLUMNS = 1200
_MOST_TICKS = 24
_KINDS = {
    "train": (LONG, (TRAIN,)),
    "test": (SERIES[1], (TEST,)),
    "purged": (SHORT, (OVERLAP, NEAR)),
    "embargoed": (NEUTRAL, (EMBARGOED,)),
}
"""Name: colour and roles. Where samples share a pixel the last of them is drawn."""


def plot_splits(splitter: AbstractSplitter, X: Any = None) -> Figure:
    """Draw the folds of a splitter as bars: train, test, purged, embargoed.

    Parameters
    ----------
    splitter : AbstractSplitter
        Any splitter of :mod:`barwise.datasets`.
    X : array or Samples, optional
        What it splits; needed where it was given no times.

    Returns
    -------
    Figure
        One row a fold, samples in order of time from left to right. Purge and embargo
        are at least a pixel wide.

    Examples
    --------
    >>> import numpy as np
    >>> from barwise.datasets import PurgedKFold
    >>> t = np.arange(60)
    >>> folds = PurgedKFold(3, times=t, label_end_times=t + 2, embargo=4)
    >>> figure = plot_splits(folds)
    >>> [label.get_text() for label in figure.axes[0].get_yticklabels()]
    ['fold 1', 'fold 2', 'fold 3']
    """
    line = splitter.timeline(X)
    return fold_timeline([line.in_order(fold.roles) for fold in splitter.folds(X)])


@styled
def fold_timeline(rows: Sequence[np.ndarray]) -> Figure:
    """Draw what each fold does with each sample; see :func:`plot_splits`.

    Parameters
    ----------
    rows : sequence of ndarray of uint8, shape (n,)
        One a fold, samples in order of time; see
        :class:`~barwise.datasets.splitter.Fold`.
    """
    figure = new_figure(1.1 + min(0.32 * len(rows), 6.0))
    axes = figure.add_subplot()
    dress(axes, grid=None)
    for number, roles in enumerate(rows):
        _draw(axes, number, roles)
    step = -(-len(rows) // _MOST_TICKS)
    shown = range(0, len(rows), step)
    axes.set_yticks(shown, [f"fold {number + 1}" for number in shown])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlim(0, len(rows[0]))
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("Sample, in order of time")
    handles = [Patch(color=colour, label=name) for name, (colour, _) in _KINDS.items()]
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles))
    return figure


def _draw(axes: Axes, number: int, roles: np.ndarray) -> None:
    """Draw one fold's runs of a kind, samples gathered into columns."""
    kinds = np.zeros(len(roles), dtype=np.int8)
    for kind, (_, members) in enumerate(_KINDS.values(), start=1):
        kinds[np.isin(roles, members)] = kind
    columns = min(_COLUMNS, len(roles))
    starts = np.linspace(0, len(roles), columns, endpoint=False).astype(np.int64)
    drawn = np.maximum.reduceat(kinds, starts)
    edges = np.append(0, np.flatnonzero(np.diff(drawn)) + 1)
    left = starts[edges]
    width = np.diff(left, append=len(roles))
    for kind, (colour, _) in enumerate(_KINDS.values(), start=1):
        mine = drawn[edges] == kind
        spans = list(zip(left[mine].tolist(), width[mine].tolist(), strict=True))
        axes.broken_barh(spans, (number - 0.4, 0.8), color=colour, linewidth=0)
