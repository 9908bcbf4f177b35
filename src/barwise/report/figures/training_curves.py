"""How loss and F1 moved from epoch to epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from barwise.report.figures.style import (
    GOOD,
    HALF,
    LONG,
    MUTED,
    SHORT,
    dress,
    new_figure,
    styled,
)

_PANELS = (("loss", "Loss"), ("f1", "Macro-F1"))
_PARTS = (("train", LONG, "-"), ("stop", SHORT, "--"), ("val", GOOD, "-."))
_NAMES = {"train": "training", "stop": "early-stopping tail", "val": "validation"}


@styled
def training_curves(
    history: Mapping[str, Sequence[float]], *, best_epoch: int | None = None
) -> Figure:
    """Draw loss and F1 by epoch, with the epoch that was kept.

    Parameters
    ----------
    history : mapping of str to sequence of float
        ``train_loss``, ``stop_loss``, ``val_loss`` and the same with ``_f1``, one
        value an epoch (a boosting round counts as one). ``stop`` is the purged tail
        of the training rows that ended training. A missing key is not drawn.
    best_epoch : int, optional
        The epoch that was kept, counted from 1.

    Returns
    -------
    Figure
        Two panels beside each other over the same epochs.

    Examples
    --------
    >>> history = {"train_loss": [1.1, 1.0], "val_loss": [1.1, 1.05]}
    >>> figure = training_curves(history, best_epoch=2)
    >>> [axes.get_xlabel() for axes in figure.axes]
    ['Epoch']
    """
    shown = [
        (key, label)
        for key, label in _PANELS
        if any(len(history.get(f"{part}_{key}", ())) for part, _, _ in _PARTS)
    ]
    figure = new_figure(2.7, width=HALF)
    for place, (key, label) in enumerate(shown):
        axes = figure.add_subplot(1, len(shown), place + 1)
        _panel(axes, history, key, label)
        if best_epoch:
            axes.axvline(best_epoch, color=MUTED, linestyle=":", label="kept epoch")
        if place == 0:
            handles, labels = axes.get_legend_handles_labels()
            figure.legend(
                handles, labels, loc="outside upper center", ncols=len(labels)
            )
    return figure


def _panel(
    axes: Axes, history: Mapping[str, Sequence[float]], key: str, label: str
) -> None:
    dress(axes)
    for part, colour, line in _PARTS:
        values = np.asarray(history.get(f"{part}_{key}", ()), dtype=np.float64)
        if len(values):
            epochs = np.arange(1, len(values) + 1)
            mark = "o" if len(values) == 1 else None
            axes.plot(
                epochs, values, line, color=colour, marker=mark, label=_NAMES[part]
            )
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1))
    axes.set_xlabel("Epoch")
    axes.set_ylabel(label)
