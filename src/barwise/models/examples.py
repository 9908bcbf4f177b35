"""Labelled samples: what a model is fitted on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from barwise.core.errors import DataError
from barwise.models.inputs import Inputs


@final
@dataclass(frozen=True, eq=False)
class Examples:
    """Samples that can be scored, their classes and weights.

    Parameters
    ----------
    inputs : Inputs
        n samples, all valid.
    columns : ndarray of int64, shape (n,)
        Position of each label in the configured classes.
    weights : ndarray of float64, shape (n,)
        Weight of each sample, not negative.
    n_classes : int
        Number of configured classes; a training fold may lack some.
    """

    inputs: Inputs
    columns: np.ndarray
    weights: np.ndarray
    n_classes: int

    def __len__(self) -> int:
        return len(self.columns)

    def take(self, indices: np.ndarray) -> Examples:
        """Return some of the samples."""
        return Examples(
            self.inputs.take(indices),
            self.columns[indices],
            self.weights[indices],
            self.n_classes,
        )

    def reweighted(self, class_weights: np.ndarray) -> Examples:
        """Multiply each sample's weight by the weight of its class."""
        weights = self.weights * class_weights[self.columns]
        return Examples(self.inputs, self.columns, weights, self.n_classes)

    def present(self) -> np.ndarray:
        """Return the positions of the classes that occur here with some weight.

        Raises
        ------
        DataError
            If there are fewer than two: nothing can be told apart.
        """
        found = np.unique(self.columns[self.weights > 0])
        if len(found) < 2:
            raise DataError(
                f"{len(self):,} usable training rows hold {len(found)} of "
                f"{self.n_classes} classes; a model needs two. Take more rows, other "
                "barriers (labels.upper, labels.lower) or another horizon"
            )
        return found


def label_examples(
    inputs: Inputs,
    y: np.ndarray,
    weights: np.ndarray | None,
    classes: tuple[int, ...],
    part: str,
) -> Examples:
    """Check labels and weights against ``inputs`` and keep the valid samples.

    Raises
    ------
    DataError
        If lengths differ, a label is none of the classes, or a weight is negative or
        not finite; the message names the part and the first wrong row.
    """
    labels = np.asarray(y)
    if labels.shape != (len(inputs),):
        raise DataError(
            f"y_{part} must have shape ({len(inputs)},) as X_{part} has rows, got "
            f"{labels.shape}"
        )
    columns = np.full(len(labels), -1, dtype=np.int64)
    for column, name in enumerate(classes):
        columns[labels == name] = column
    kept = np.flatnonzero(inputs.valid)
    wrong = kept[columns[kept] < 0]
    if len(wrong):
        raise DataError(
            f"y_{part}[{wrong[0]}] is {labels[wrong[0]]}, which is none of the classes "
            f"{list(classes)} ({len(wrong):,} such rows); set classes in the model's "
            "config, or leave these rows out"
        )
    if weights is None:
        checked = np.ones(len(labels))
    else:
        checked = np.array(weights, dtype=np.float64)
        _check_weights(checked, len(labels))
    return Examples(inputs.take(kept), columns[kept], checked[kept], len(classes))


def none_usable(model: str, part: str, rows: int, window: int | None) -> str:
    """Say why a model can use no row of a part, and what to do."""
    why = (
        "each has a missing value; leave out the columns that are missing"
        if window is None
        else f"none ends a window of {window:,} complete rows; use a shorter "
        "sequence_length or more data"
    )
    return f"no row of X_{part} ({rows:,} rows) can be used by {model!r}: {why}"


def balanced_weights(examples: Examples) -> np.ndarray:
    """Return class weights under which every present class weighs the same.

    scikit-learn's "balanced" when all sample weights are 1; 0 for an absent class.
    """
    totals = np.bincount(
        examples.columns, weights=examples.weights, minlength=examples.n_classes
    )
    present = totals > 0
    weights = np.zeros(examples.n_classes)
    weights[present] = totals.sum() / (present.sum() * totals[present])
    return weights


def _check_weights(weights: np.ndarray, rows: int) -> None:
    if weights.shape != (rows,):
        raise DataError(
            f"sample_weights must have shape ({rows},) as X_train has rows, got "
            f"{weights.shape}"
        )
    wrong = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))
    if len(wrong):
        raise DataError(
            f"sample_weights[{wrong[0]}] is {weights[wrong[0]]}; weights are finite and "
            "not negative"
        )
