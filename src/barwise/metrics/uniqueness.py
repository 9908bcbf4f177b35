"""How much information overlapping labels share.

Notation
--------
A label lives on ``(entry, end]``. Give bar numbers, so that a night counts as nothing
(the usual definition), or int64 times, so that it counts by its length.
"""

from __future__ import annotations

import math

import numpy as np

from barwise.core.arrays import Index, Vector
from barwise.core.errors import DataError

_SPANS_A_BLOCK = 5
"""Shorter blocks cut the dependence that they should keep: with blocks of one span a
95 % interval covered 90-92 %, with five 94 % (docs/decisions/0007-backtest.md)."""


def average_uniqueness(entry: Index, end: Index) -> Vector:
    """Mean of 1 / (labels alive) over the life of each label, 0..1.

    Parameters
    ----------
    entry, end : ndarray of int64, shape (row,)
        When the label was decided and when it became known: bar numbers or
        nanoseconds, ``end > entry``. Any order.

    Raises
    ------
    DataError
        If a label does not end after its entry.

    References
    ----------
    Lopez de Prado (2018), Advances in Financial Machine Learning, ch. 4.

    Examples
    --------
    >>> average_uniqueness(np.array([0, 1, 5]), np.array([2, 3, 6]))
    array([0.75, 0.75, 1.  ])
    """
    if (end <= entry).any():
        row = int(np.argmax(end <= entry))
        raise DataError(
            f"label of row {row} ends at {end[row]}, not after its entry "
            f"{entry[row]}; leave out rows without a valid label"
        )
    moments, place = np.unique(np.concatenate([entry, end]), return_inverse=True)
    begins, ends = place[: len(entry)], place[len(entry) :]
    size = len(moments)
    alive = np.cumsum(
        np.bincount(begins, minlength=size) - np.bincount(ends, minlength=size)
    )
    piece = np.diff(moments) / np.maximum(alive[:-1], 1)
    reached = np.concatenate([[0.0], np.cumsum(piece)])
    return (reached[ends] - reached[begins]) / (end - entry)


def effective_sample_size(entry: Index, end: Index) -> float:
    """Number of independent labels: the sum of average uniqueness.

    Examples
    --------
    Three labels of two bars that start one bar apart:

    >>> start = np.array([0, 1, 2])
    >>> effective_sample_size(start, start + 2)
    2.0
    """
    return float(average_uniqueness(entry, end).sum())


def block_length(entry: Index, end: Index) -> int:
    """Rows in a bootstrap block for labels that overlap: five mean spans.

    Parameters
    ----------
    entry, end : ndarray of int64, shape (row,)
        As in :func:`average_uniqueness`, entries increasing. The span of a label is
        the number of rows whose entry lies in ``[entry, end)``.

    Examples
    --------
    >>> bars = np.arange(1000)
    >>> block_length(bars, bars + 20)
    100
    """
    if not len(entry):
        return 1
    if (np.diff(entry) < 0).any():
        row = int(np.argmax(np.diff(entry) < 0)) + 1
        raise DataError(
            f"entry of row {row} is before that of row {row - 1}; sort the rows by "
            "time, and give the rows of each symbol apart"
        )
    span = np.searchsorted(entry, end, side="left") - np.arange(len(entry))
    return max(1, math.ceil(_SPANS_A_BLOCK * float(span.mean())))
