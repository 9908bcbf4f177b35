"""Which rows the figures of a data set are judged by, and how far ahead one looks."""

from __future__ import annotations

import numpy as np

from barwise.datasets.fold_data import development
from barwise.pipeline.audits.leaks.setup import Setup
from barwise.pipeline.audits.leaks.verdict import NotChecked

_FEWEST = 200
_MOST = 8_000


def sample_rows(setup: Setup) -> np.ndarray:
    """Return samples before the sealed test part, evenly chosen.

    Raises
    ------
    NotChecked
        If there are too few.
    """
    rows = development(setup.data).index
    if len(rows) < _FEWEST:
        raise NotChecked(
            f"{len(rows)} samples before the test part; it takes {_FEWEST} to tell"
        )
    chosen: np.ndarray = rows[:: -(-len(rows) // _MOST)]
    return chosen


def near_steps(horizon: int) -> list[int]:
    """Return some numbers of bars ahead, the horizon and its half among them."""
    return sorted({1, 3, 6, max(1, horizon // 2), horizon, 12})
