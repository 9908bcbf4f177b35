"""What a data set needs to know about labels, whoever made them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, final, runtime_checkable

import numpy as np

from barwise.core.errors import ConfigError, DataError

_DTYPES = {
    "label": np.int8,
    "end_time": np.int64,
    "end_index": np.int64,
    "ret": np.float64,
    "valid": np.bool_,
    "weight": np.float64,
}


@runtime_checkable
class LabelArrays(Protocol):
    """Any object with these arrays, one value for each row of the feature matrix."""

    @property
    def label(self) -> np.ndarray:
        """Class of each row: -1, 0, 1, or 0, 1."""

    @property
    def end_time(self) -> np.ndarray:
        """When the label ends, int64 nanoseconds UTC; see :func:`when_known`."""

    @property
    def end_index(self) -> np.ndarray:
        """Row of the bar in which the label ends."""

    @property
    def ret(self) -> np.ndarray:
        """Log return of the labelled trade."""

    @property
    def valid(self) -> np.ndarray:
        """Rows that have a label."""

    @property
    def weight(self) -> np.ndarray:
        """Quality weight; it knows the outcome, so it is for training only."""


def when_known(labels: LabelArrays) -> np.ndarray:
    """Return when labels were known, which is what purging goes by.

    Labels that are known later than they end, as after a session whose last bars had
    no trade, say so in ``known_at``; others are known at ``end_time``.
    """
    known: np.ndarray | None = getattr(labels, "known_at", None)
    return labels.end_time if known is None else known


@final
@dataclass(frozen=True, eq=False)
class Targets:
    """Labels of every row of a feature matrix, checked.

    Parameters
    ----------
    label : ndarray of int8, shape (n_rows,)
        Class; anything where ``valid`` is False.
    end_time, end_index : ndarray of int64, shape (n_rows,)
        Time (nanoseconds UTC) at which, and row in which, the label is known.
    ret : ndarray of float64, shape (n_rows,)
        Log return under the labels' own execution contract.
    valid : ndarray of bool, shape (n_rows,)
        Rows that have a label.
    weight : ndarray of float64, shape (n_rows,)
        Quality weight, >= 0.
    """

    label: np.ndarray
    end_time: np.ndarray
    end_index: np.ndarray
    ret: np.ndarray
    valid: np.ndarray
    weight: np.ndarray

    @classmethod
    def of(
        cls, labels: LabelArrays, times: np.ndarray, classes: tuple[int, ...]
    ) -> Targets:
        """Take the arrays of any labels object and check the valid rows.

        Parameters
        ----------
        labels : LabelArrays
            Arrays of one length.
        times : ndarray of int64, shape (n_rows,)
            Close of each row, nanoseconds UTC.
        classes : tuple of int
            The classes that may occur.

        Raises
        ------
        ConfigError
            If an array does not have one value for each row.
        DataError
            If a valid label has another class, ends before its own row or beyond the
            last one, or weighs nothing finite; the row is named.
        """
        given = {n: getattr(labels, n) for n in _DTYPES if n != "end_time"}
        given["end_time"] = when_known(labels)
        arrays = {name: np.asarray(array) for name, array in given.items()}
        for name, array in arrays.items():
            if array.shape != times.shape:
                raise ConfigError(
                    f"labels.{name} has shape {array.shape}, but there are "
                    f"{len(times)} times; label the same bars that became features"
                )
        targets = cls(
            **{n: a.astype(_DTYPES[n], copy=False) for n, a in arrays.items()}
        )
        targets._check(times, classes)
        return targets

    def _check(self, times: np.ndarray, classes: tuple[int, ...]) -> None:
        rows = np.arange(len(times))
        rules = (
            ("label", ~np.isin(self.label, classes), f"be one of {classes}"),
            ("end_time", self.end_time < times, "not end before its own row"),
            (
                "end_index",
                (self.end_index < rows) | (self.end_index >= len(times)),
                f"lie between its own row and the last one, {len(times) - 1}",
            ),
            (
                "weight",
                ~(np.isfinite(self.weight) & (self.weight >= 0)),
                "be finite and not negative",
            ),
        )
        for name, broken, rule in rules:
            bad = np.flatnonzero(broken & self.valid)
            if len(bad):
                value = getattr(self, name)[bad[0]]
                raise DataError(
                    f"labels.{name} of row {bad[0]} is {value}, but it must {rule} "
                    f"({len(bad)} such rows); set valid to False where there is no label"
                )
