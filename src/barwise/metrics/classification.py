"""Scores of class probabilities, by scikit-learn wherever it has them.

Notation
--------
p : (row, class) probabilities; columns in the order of the configured classes
y : (row,) true classes
A row without a prediction (NaN) is not scored; it is counted. Classes that no row has
still count: macro averages are over the configured classes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from barwise.core.arrays import Flags, Probabilities, Vector
from barwise.core.errors import DataError
from barwise.metrics.calibration import brier_score, expected_calibration_error

TERNARY = (-1, 0, 1)
_TERNARY_NAMES = {-1: "short", 0: "neutral", 1: "long"}
_BINARY_NAMES = {0: "negative", 1: "positive"}
_ROUNDING = 1e-4  # sums of float32 probabilities are this close to 1


def class_names(classes: Sequence[int] = TERNARY) -> tuple[str, ...]:
    """Names of classes in reports.

    Examples
    --------
    >>> class_names(), class_names((0, 1))
    (('short', 'neutral', 'long'), ('negative', 'positive'))
    """
    names = _BINARY_NAMES if tuple(classes) == (0, 1) else _TERNARY_NAMES
    return tuple(names.get(each, str(each)) for each in classes)


def classification_scores(
    y: Int[ndarray, " row"],
    probabilities: Probabilities,
    *,
    classes: Sequence[int] = TERNARY,
    weights: Vector | None = None,
    predictions: Int[ndarray, " row"] | None = None,
) -> dict[str, Any]:
    """Every score of a classifier, ready for JSON: None where one is undefined.

    Parameters
    ----------
    y : ndarray of int, shape (row,)
        True classes.
    probabilities : ndarray of float, shape (row, class)
        One column a class, in the order of ``classes``. A row with a NaN is not scored.
    classes : sequence of int
        Configured classes, increasing.
    weights : ndarray of float, shape (row,), optional
        Weight of each row in every score but the confusion matrix, which counts rows.
    predictions : ndarray of int, shape (row,), optional
        Predicted classes, where they are not those of the largest probability.

    Returns
    -------
    dict
        ``accuracy``, ``macro_precision``, ``macro_recall``, ``macro_f1``,
        ``weighted_f1``, ``per_class_f1`` by class name, ``confusion_matrix`` (true
        class down, predicted across), ``roc_auc`` (one class against the rest, mean),
        ``touch_auc`` (+1 against -1 among rows that are neither 0 nor unscored, by
        p(+1) / (p(+1) + p(-1)); None for binary classes), ``log_loss``, ``brier``,
        ``ece``, ``n_scored``, ``n_rows``.

    Raises
    ------
    DataError
        If a label is not a configured class or a row is no probability distribution.

    Examples
    --------
    >>> y = np.array([-1, 0, 1, 1])
    >>> p = np.array(
    ...     [[0.6, 0.3, 0.1], [0.2, 0.5, 0.3], [0.1, 0.2, 0.7], [0.4, 0.3, 0.3]]
    ... )
    >>> scores = classification_scores(y, p)
    >>> scores["accuracy"], scores["confusion_matrix"], scores["touch_auc"]
    (0.75, [[1, 0, 0], [0, 1, 0], [1, 0, 1]], 1.0)
    """
    kept = check_rows(y, probabilities, classes, predictions)
    y, w = y[kept], None if weights is None else weights[kept]
    p, found = _predicted(kept, probabilities, classes, predictions)
    return {
        **_scores_of_classes(y, found, classes, w),
        **_scores_of_probabilities(y, p, found, classes, w),
        "n_scored": len(y),
        "n_rows": len(kept),
    }


def macro_f1(
    y: Int[ndarray, " row"],
    probabilities: Probabilities,
    *,
    classes: Sequence[int] = TERNARY,
    predictions: Int[ndarray, " row"] | None = None,
) -> float | None:
    """Return that entry of :func:`classification_scores` alone, in a tenth of the time.

    Examples
    --------
    >>> y = np.array([-1, 0, 1, 1])
    >>> macro_f1(y, np.eye(3)[[0, 1, 2, 0]])
    0.7777777777777777
    """
    from sklearn import metrics as sk

    kept, labels = check_rows(y, probabilities, classes, predictions), np.array(classes)
    if not kept.any():
        return None
    _, found = _predicted(kept, probabilities, classes, predictions)
    f1 = sk.f1_score(
        y[kept], labels[found], labels=labels, average="macro", zero_division=0
    )
    return float(f1)


def _predicted(
    kept: Flags,
    probabilities: Probabilities,
    classes: Sequence[int],
    predictions: Int[ndarray, " row"] | None,
) -> tuple[Float[ndarray, "scored class"], Int[ndarray, " scored"]]:
    """Probabilities of the kept rows, summing to 1, and columns of predicted classes."""
    p = probabilities[kept].astype(np.float64)
    p /= p.sum(axis=1, keepdims=True)
    given = None if predictions is None else predictions[kept]
    return p, predicted_columns(p, classes, given)


def predicted_columns(
    probabilities: Probabilities,
    classes: Sequence[int],
    predictions: Int[ndarray, " row"] | None,
) -> Int[ndarray, " row"]:
    """Column of each predicted class; without predictions that of the largest."""
    if predictions is None:
        return probabilities.argmax(axis=1)
    return np.searchsorted(np.asarray(classes), predictions)


def check_rows(
    y: Int[ndarray, " row"],
    probabilities: Probabilities,
    classes: Sequence[int],
    predictions: Int[ndarray, " row"] | None = None,
) -> Flags:
    """Rows that have a prediction, after a check of all of them.

    Raises
    ------
    DataError
        Names the first row whose label or probabilities break a rule.
    """
    if list(classes) != sorted(set(classes)) or probabilities.shape[1] != len(classes):
        raise DataError(
            f"probabilities have {probabilities.shape[1]} columns for the classes "
            f"{tuple(classes)}; they need one column a class, classes increasing"
        )
    kept = ~np.isnan(probabilities).any(axis=1)
    for what, column in (("label", y), ("prediction", predictions)):
        foreign = kept & ~np.isin(y if column is None else column, classes)
        if column is not None and foreign.any():
            row = int(np.argmax(foreign))
            raise DataError(
                f"{what} of row {row} is {column[row]}, which is not one of the classes "
                f"{tuple(classes)}; leave out rows without a valid {what}"
            )
    sums = np.where(kept, probabilities.sum(axis=1), 1.0)
    bad = (np.abs(sums - 1.0) > _ROUNDING) | (kept & (probabilities < 0).any(axis=1))
    if bad.any():
        row = int(np.argmax(bad))
        raise DataError(
            f"probabilities of row {row} are {probabilities[row].tolist()}: each must "
            "be at least 0 and a row must sum to 1; NaN marks a row without a prediction"
        )
    return kept


def _scores_of_classes(
    y: np.ndarray, column: np.ndarray, classes: Sequence[int], w: np.ndarray | None
) -> dict[str, Any]:
    """Scores that see the predicted class only."""
    from sklearn import metrics as sk

    labels = np.asarray(classes)
    if not len(y):
        names = (
            "accuracy",
            "macro_precision",
            "macro_recall",
            "macro_f1",
            "weighted_f1",
        )
        return {
            **dict.fromkeys(names),
            "per_class_f1": dict.fromkeys(class_names(classes)),
            "confusion_matrix": np.zeros((len(labels),) * 2, int).tolist(),
        }
    found = labels[column]
    precision, recall, f1, support = sk.precision_recall_fscore_support(
        y, found, labels=labels, sample_weight=w, zero_division=0
    )
    return {
        "accuracy": json_number(sk.accuracy_score(y, found, sample_weight=w)),
        "macro_precision": json_number(precision.mean()),
        "macro_recall": json_number(recall.mean()),
        "macro_f1": json_number(f1.mean()),
        "weighted_f1": json_number((f1 * support).sum() / support.sum()),
        "per_class_f1": dict(
            zip(class_names(classes), map(json_number, f1), strict=True)
        ),
        "confusion_matrix": sk.confusion_matrix(y, found, labels=labels).tolist(),
    }


def _scores_of_probabilities(
    y: np.ndarray,
    p: np.ndarray,
    column: np.ndarray,
    classes: Sequence[int],
    w: np.ndarray | None,
) -> dict[str, Any]:
    if not len(y):
        names = ("roc_auc", "touch_auc", "log_loss", "brier", "ece")
        return dict.fromkeys(names)
    from sklearn import metrics as sk

    labels = np.asarray(classes)
    confidence, right = p[np.arange(len(y)), column], labels[column] == y
    return {
        "roc_auc": json_number(_roc_auc(y, p, labels, w)),
        "touch_auc": json_number(touch_auc(y, p, classes=classes, weights=w)),
        "log_loss": json_number(sk.log_loss(y, p, labels=labels, sample_weight=w)),
        "brier": json_number(brier_score(y, p, classes=classes, weights=w)),
        "ece": json_number(expected_calibration_error(right, confidence, weights=w)),
    }


def _roc_auc(
    y: np.ndarray, p: np.ndarray, labels: np.ndarray, w: np.ndarray | None
) -> float:
    from sklearn import metrics as sk

    if len(np.unique(y)) < len(labels):
        return math.nan
    if len(labels) == 2:
        return float(sk.roc_auc_score(y == labels[1], p[:, 1], sample_weight=w))
    auc = sk.roc_auc_score(
        y, p, multi_class="ovr", average="macro", labels=labels, sample_weight=w
    )
    return float(auc)


def touch_auc(
    y: Int[ndarray, " row"],
    probabilities: Probabilities,
    *,
    classes: Sequence[int] = TERNARY,
    weights: Vector | None = None,
) -> float:
    """AUC of +1 against -1 among rows whose label is not 0; NaN where undefined.

    The score is p(+1) / (p(+1) + p(-1)): which side, given that a barrier is touched.
    It sees direction only, and not how well time-outs are foreseen.

    Examples
    --------
    >>> p = np.array([[0.3, 0.5, 0.2], [0.1, 0.8, 0.1], [0.1, 0.2, 0.7]])
    >>> touch_auc(np.array([-1, 0, 1]), p)
    1.0
    """
    from sklearn import metrics as sk

    touched = y != 0
    binary = set(TERNARY) - set(classes)
    if binary or len(np.unique(y[touched])) < len(TERNARY) - 1:
        return math.nan
    down, up = (probabilities[touched, list(classes).index(side)] for side in (-1, 1))
    either = up + down
    given = np.divide(up, either, out=np.full_like(either, 0.5), where=either > 0)
    w = None if weights is None else weights[touched]
    return float(sk.roc_auc_score(y[touched] > 0, given, sample_weight=w))


def json_number(value: Any) -> float | None:
    """A float that JSON can hold, None for NaN and infinities."""
    return float(value) if np.isfinite(value) else None
