"""Rows made of other rows: copies with noise, and points on the line between two.

Notation
--------
d : columns, each in units of its deviation on the training rows
near : distance of a held-out row to its nearest training row
"""

from __future__ import annotations

import numpy as np

from barwise.datasets import TimeSeriesDataContainer

_NEAR = 0.1
"""Share of the usual distance to the nearest row. In d columns about 0.1**d of the rows
lie as near by chance."""
_ROWS = 8
_SHARE = 0.01
_FEWEST = 4
"""Columns that are needed."""
_ON_A_LINE = 2e-4
"""Angle between two directions that are one, in radians."""
_KNOWN, _MOST = 50_000, 2_000
"""Training rows that are searched; held-out rows, and training rows of lines."""
_COLUMNS = 12
"""Columns, evenly chosen, that are enough."""
_BLOCK = 100


def made_of_training_rows(
    data: TimeSeriesDataContainer, rows: np.ndarray, columns: list[int]
) -> tuple[str, int, int] | None:
    """Say what held-out rows and training rows have in common, if it is no chance.

    Parameters
    ----------
    data : TimeSeriesDataContainer
    rows : ndarray of int64
        Held-out rows.
    columns : list of int
        Columns that tell one row from another.

    Returns
    -------
    (what, row, count) or None
        In words, the first held-out row, and how many.
    """
    if len(columns) < _FEWEST or len(rows) < _ROWS:
        return None
    columns = columns[:: -(-len(columns) // _COLUMNS)]
    train, rows = data.split.train[-_KNOWN:], rows[-_MOST:]
    known, held = (
        data.frame.matrix[r][:, columns].astype(np.float64) for r in (train, rows)
    )
    spread = known.std(axis=0)
    spread[spread == 0] = 1.0
    known, held = known / spread, held / spread
    near = _nearest(known, held)
    alike = np.flatnonzero((near < _NEAR * np.median(near)) & (near > 0))
    if len(alike) > max(_ROWS, _SHARE * len(rows)):
        what = "are those of a training row with a little noise"
        return what, int(rows[alike[0]]), len(alike)
    between = _between(train[-_MOST:], known[-_MOST:], held)
    if len(between) > max(_ROWS, _SHARE * len(rows)):
        what = "lie on the line through a training row and the row before it"
        return what, int(rows[between[0]]), len(between)
    return None


def _nearest(known: np.ndarray, held: np.ndarray) -> np.ndarray:
    from sklearn.neighbors import NearestNeighbors

    index = NearestNeighbors(n_neighbors=1).fit(known)
    near: np.ndarray = index.kneighbors(held)[0][:, 0]
    return near


def _between(train: np.ndarray, known: np.ndarray, held: np.ndarray) -> np.ndarray:
    """Held-out rows to which the step from a training row to the next one points."""
    ends, step = known[:-1], np.diff(known, axis=0)
    length = np.linalg.norm(step, axis=1)
    live = (np.diff(train) == 1) & (length > 0)
    ends, way = ends[live], step[live] / length[live, None]
    found = np.zeros(len(held), dtype=bool)
    for start in range(0, len(ends), _BLOCK):
        to = held[None] - ends[start : start + _BLOCK, None]
        along = np.einsum("abd,ad->ab", to, way[start : start + _BLOCK])
        off = np.linalg.norm(
            to - along[..., None] * way[start : start + _BLOCK, None], axis=2
        )
        found |= (off < _ON_A_LINE * np.abs(along)).any(axis=0)
    return np.flatnonzero(found)
