"""What a model reads: rows or windows of an array or of ``Samples``, gathered lazily.

Notation
--------
n : samples; F : features; L : window length in rows
A row that has a missing or infinite feature cannot be scored, unless the model reads
missing values itself; the same holds for a window that contains such a row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import final

import numpy as np

from barwise.core.errors import DataError
from barwise.core.samples import Samples

Rows = np.ndarray | Samples
"""What users hand to a model."""

_CHUNK = 65_536  # rows looked at together, so that masks stay small beside the matrix


@final
@dataclass(frozen=True, eq=False)
class Inputs:
    """Samples as one model reads them.

    Parameters
    ----------
    source : callable
        Row numbers of ``X`` to a float array, (b, F) or (b, L, F).
    positions : ndarray of int64, shape (n,)
        The rows of ``X`` that are here.
    valid : ndarray of bool, shape (n,)
        Which of them can be scored.
    n_features : int
        F.
    names : tuple of str or None
        Feature names, where ``X`` has them.
    times, label_end_times : ndarray of int64, shape (n,), or None
        Nanoseconds UTC, where ``X`` has them.
    """

    source: Callable[[np.ndarray], np.ndarray]
    positions: np.ndarray
    valid: np.ndarray
    n_features: int
    names: tuple[str, ...] | None = None
    times: np.ndarray | None = None
    label_end_times: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.positions)

    def __getitem__(self, indices: np.ndarray) -> np.ndarray:
        """Gather some samples, copied."""
        return self.source(self.positions[indices])

    def gather(self) -> np.ndarray:
        """Gather all samples, copied."""
        return self.source(self.positions)

    def take(self, indices: np.ndarray) -> Inputs:
        """Return some samples; nothing is gathered."""
        ends = self.label_end_times
        return replace(
            self,
            positions=self.positions[indices],
            valid=self.valid[indices],
            times=None if self.times is None else self.times[indices],
            label_end_times=None if ends is None else ends[indices],
        )


def read_rows(X: Rows, *, missing_allowed: bool) -> Inputs:
    """Read single rows.

    Parameters
    ----------
    X : ndarray of shape (n, F), or Samples
        Features.
    missing_allowed : bool
        The model reads NaN itself; then only rows without any value, or with an
        infinite one, are not valid.

    Raises
    ------
    DataError
        If the array is not two-dimensional or not numeric.
    """
    if isinstance(X, Samples):
        rows = X.rows
        return Inputs(
            lambda wanted: rows[wanted],
            np.arange(len(rows)),
            _usable(rows, missing_allowed),
            rows.shape[1],
            X.columns,
            X.times,
            X.label_end_times,
        )
    array = _numeric(X)
    if array.ndim != 2:
        raise DataError(
            f"this model reads rows: X must be (n_samples, n_features), got shape "
            f"{array.shape}"
        )
    return Inputs(
        lambda wanted: array[wanted],
        np.arange(len(array)),
        _usable(array, missing_allowed),
        array.shape[1],
    )


def read_windows(X: Rows, length: int) -> Inputs:
    """Read windows of the last ``length`` rows, oldest first, float32.

    Parameters
    ----------
    X : Samples, or ndarray of shape (n, F) or (n, length, F)
        Of a two-dimensional array the rows are taken as one unbroken series.
    length : int
        Rows in a window.

    Raises
    ------
    DataError
        If an array has another shape or is not numeric.
    """
    if isinstance(X, Samples):
        windows = X.windows(length)
        return Inputs(
            lambda wanted: windows[wanted],
            np.arange(len(X)),
            X.windowable(length),
            len(X.columns),
            X.columns,
            X.times,
            X.label_end_times,
        )
    array = _numeric(X)
    if array.ndim == 2:
        series = read_windows(_one_series(array), length)
        return replace(series, names=None, times=None, label_end_times=None)
    if array.ndim != 3 or array.shape[1] != length:
        raise DataError(
            f"this model reads windows of {length} rows: X must be (n_samples, "
            f"{length}, n_features) or (n_samples, n_features), got shape {array.shape}"
        )
    return Inputs(
        lambda wanted: array[wanted].astype(np.float32),
        np.arange(len(array)),
        _usable(array.reshape(len(array), -1), missing_allowed=False),
        array.shape[2],
    )


def _one_series(array: np.ndarray) -> Samples:
    rows = np.arange(len(array))
    names = tuple(f"feature_{i}" for i in range(array.shape[1]))
    matrix = np.ascontiguousarray(array, dtype=np.float32)
    return Samples(matrix, rows, rows, rows, np.zeros_like(rows), names)


def _numeric(X: np.ndarray) -> np.ndarray:
    array = np.asarray(X)
    if array.dtype.kind not in "fiub":
        raise DataError(f"X must be numeric, got an array of {array.dtype}")
    return array if array.dtype.kind == "f" else array.astype(np.float64)


def _usable(rows: np.ndarray, missing_allowed: bool) -> np.ndarray:
    usable = np.empty(len(rows), dtype=bool)
    for start in range(0, len(rows), _CHUNK):
        chunk = rows[start : start + _CHUNK]
        if missing_allowed:
            good = ~np.isinf(chunk).any(axis=1) & ~np.isnan(chunk).all(axis=1)
        else:
            good = np.isfinite(chunk).all(axis=1)
        usable[start : start + _CHUNK] = good
    return usable
