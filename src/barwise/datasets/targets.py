"""What a data set needs to know about labels, whoever made them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, final, runtime_checkable

import numpy as np

from barwise.core.errors import ConfigError, DataError
from barwise.core.moments import nanoseconds

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


def when_known(labels: Any) -> np.ndarray:
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
        flags = arrays["valid"]
        if flags.dtype != np.bool_ and not np.isin(flags, (0, 1)).all():
            raise ConfigError("labels.valid must hold True or False for each row")
        valid = flags.astype(np.bool_)
        if arrays["end_time"].dtype.kind == "M":
            ends = arrays["end_time"].astype("datetime64[ns]")
            arrays["end_time"] = np.where(valid, ends, times.astype("datetime64[ns]"))
        arrays["end_time"] = nanoseconds(arrays["end_time"], "labels.end_time")
        _check(arrays, valid, times, classes)
        # Rows without a label may hold anything, such as NaN.
        with np.errstate(invalid="ignore"):
            return cls(
                **{n: a.astype(_DTYPES[n], copy=False) for n, a in arrays.items()}
            )


def _check(
    arrays: dict[str, np.ndarray],
    valid: np.ndarray,
    times: np.ndarray,
    classes: tuple[int, ...],
) -> None:
    """Check values as they came: converted, a NaN would look like a class."""
    for name in ("end_index", "ret", "weight"):
        if arrays[name].dtype.kind not in "biuf":
            raise ConfigError(
                f"labels.{name} must hold numbers, got {arrays[name].dtype}"
            )
    end, weight, last = arrays["end_index"], arrays["weight"], len(times) - 1
    inside = (end >= np.arange(len(times))) & (end <= last) & (end % 1 == 0)
    rules = (
        ("label", np.isin(arrays["label"], classes), f"be one of {classes}"),
        ("end_time", arrays["end_time"] >= times, "not end before its own row"),
        ("end_index", inside, f"lie between its own row and the last one, {last}"),
        ("weight", (weight >= 0) & (weight < np.inf), "be finite and not negative"),
    )
    for name, kept, rule in rules:
        bad = np.flatnonzero(~kept & valid)
        if len(bad):
            value = arrays[name][bad[0]]
            raise DataError(
                f"labels.{name} of row {bad[0]} is {value}, but it must {rule} "
                f"({len(bad)} such rows); set valid to False where there is no label"
            )
