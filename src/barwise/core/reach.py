"""How far back complete rows reach."""

from __future__ import annotations

import numpy as np

_BLOCK = 8192


def reach_of(matrix: np.ndarray, segments: np.ndarray) -> np.ndarray:
    """Count for each row the complete rows of its segment that end there, int32.

    Parameters
    ----------
    matrix : ndarray of float, shape (n_rows, n_features)
        A row is complete, and counts, when all of its values are finite.
    segments : ndarray of int64, shape (n_rows,)
        The count starts again at every change of value.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[1.0], [2.0], [np.nan], [4.0], [5.0], [6.0]])
    >>> reach_of(x, np.array([0, 0, 0, 0, 0, 1]))
    array([1, 2, 0, 1, 2, 1], dtype=int32)
    """
    rows = len(matrix)
    good = np.empty(rows, dtype=bool)
    for begin in range(0, rows, _BLOCK):
        part = slice(begin, begin + _BLOCK)
        good[part] = np.isfinite(matrix[part]).all(axis=1)
    number = np.arange(rows, dtype=np.int32)
    # The last row that a window must not hold: a bad one, or the one before a change.
    barrier = np.where(good, np.int32(-1), number)
    change = np.flatnonzero(segments[1:] != segments[:-1]) + 1
    barrier[change] = np.maximum(barrier[change], change - 1)
    return number - np.maximum.accumulate(barrier)
