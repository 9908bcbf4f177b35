"""Whether a row is a sample because of how its trade ended."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from barwise.pipeline.audits.leaks.association import associated, binned
from barwise.pipeline.audits.leaks.setup import Setup, with_frame
from barwise.pipeline.audits.leaks.verdict import Leak, NotChecked

_ASSOCIATED = 0.25
"""Cramer's V squared of being a sample and the outcome. Hours, events and filters of
volatility, which know the past, come to 0.05."""
_FEWEST = 30
"""Rows that are samples, and as many that are none."""


def chosen_by_outcome(setup: Setup) -> list[Leak]:
    """Rows with a label that are no samples, and differ from those by the outcome."""
    data = setup.data
    targets = data.frame.targets
    usable = targets.valid & np.isfinite(data.frame.matrix).all(axis=1)
    inside = np.zeros(len(usable), dtype=bool)
    sample = np.zeros(len(usable), dtype=bool)
    for part in (data.split.train, data.split.val):
        inside[part[0] : part[-1] + 1] = True
        sample[part] = True
    rows = np.flatnonzero(usable & inside)
    chosen = sample[rows].astype(np.int64)
    if chosen.sum() < _FEWEST:
        raise NotChecked(f"{chosen.sum()} samples; it takes {_FEWEST} to tell")
    if len(chosen) - chosen.sum() < _FEWEST:
        return []
    outcomes = {
        "label": targets.label[rows].astype(np.float64),
        "labelled return": targets.ret[rows],
    }
    for what, outcome in outcomes.items():
        _, bins = np.unique(binned(outcome), return_inverse=True)
        v2 = associated(bins, chosen)
        if v2 > _ASSOCIATED:
            left = rows[chosen == 0]
            return [
                Leak(
                    "leak",
                    "samples",
                    f"{len(left):,} of {len(rows):,} rows with a label are no samples, and "
                    f"the {what} says which (Cramer's V {v2**0.5:.2f}): row {left[0]:,}, "
                    f"label {targets.label[left[0]]}, is none",
                    "choose samples by what is known at their close; a trade that ended "
                    "in nothing was entered too",
                    int(left[0]),
                    int(data.frame.times[left[0]]),
                    v2,
                )
            ]
    return []


def winners_only(setup: Setup) -> Setup:
    """Plant: most rows of one class are left out."""
    data = setup.data
    label, train = data.frame.targets.label, data.split.train
    classes, counts = np.unique(label[train], return_counts=True)
    if len(classes) < 2:
        raise NotChecked(
            f"every training label is {classes[0]}: one cannot be left out"
        )
    common = classes[np.argmax(counts)]
    split = replace(data.split, train=train[label[train] != common])
    return setup.replace(data=with_frame(data, data.frame, split=split))
