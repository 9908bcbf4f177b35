"""Classification scores with intervals, alone or against a baseline on the same rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from barwise.core.arrays import Probabilities
from barwise.core.errors import DataError
from barwise.metrics.classification import TERNARY, check_rows, predicted_columns
from barwise.metrics.intervals import Interval, interval_of, resampled_sums

Sums = Float[ndarray, "resample term"]
_METRICS = ("accuracy", "macro_f1", "log_loss", "brier")


def score_intervals(
    y: Int[ndarray, " row"],
    probabilities: Probabilities,
    *,
    baseline: Probabilities | None = None,
    block_length: int,
    classes: Sequence[int] = TERNARY,
    predictions: Int[ndarray, " row"] | None = None,
    baseline_predictions: Int[ndarray, " row"] | None = None,
    level: float = 0.95,
    n_resamples: int = 1000,
    seed: int = 0,
) -> dict[str, Interval]:
    """Block-bootstrap intervals of the scores, or of their distance to a baseline.

    Parameters
    ----------
    y : ndarray of int, shape (row,)
        True classes, rows in time order.
    probabilities : ndarray of float, shape (row, class)
        Rows with NaN are left out.
    baseline : ndarray of float, shape (row, class), optional
        With it values are score(model) - score(baseline) on rows that both predict.
    block_length : int
        Rows in a block, see :func:`barwise.metrics.block_length`.
    predictions, baseline_predictions : ndarray of int, shape (row,), optional
        Predicted classes, where they are not those of the largest probability.

    Returns
    -------
    dict
        Intervals of ``accuracy``, ``macro_f1``, ``log_loss`` and ``brier``.

    Raises
    ------
    DataError
        If rows break a rule or are fewer than a block.

    Examples
    --------
    >>> y = np.tile([-1, 0, 1], 100)
    >>> right, blind = np.eye(3)[y + 1], np.full((300, 3), [0.0, 1.0, 0.0])
    >>> found = score_intervals(y, right, baseline=blind, block_length=3)
    >>> round(found["accuracy"].value, 3), found["accuracy"].contains(0)
    (0.667, False)
    """
    models = [(probabilities, predictions)]
    if baseline is not None:
        models.append((baseline, baseline_predictions))
    kept = np.all([check_rows(y, p, classes, found) for p, found in models], axis=0)
    if not kept.any():
        raise DataError(f"none of {len(y)} rows is predicted by every model compared")
    draws = {"block_length": block_length, "n_resamples": n_resamples, "seed": seed}
    each = [_draw(y, model, kept, classes, draws) for model in models]
    scores = each[0] if baseline is None else each[0] - each[1]
    return {
        name: interval_of(float(row[0]), row[1:], int(kept.sum()), block_length, level)
        for name, row in zip(_METRICS, scores, strict=True)
    }


def _draw(
    y: ndarray,
    model: tuple[ndarray, ndarray | None],
    kept: ndarray,
    classes: Sequence[int],
    draws: dict[str, int],
) -> Float[ndarray, "metric resample"]:
    """Each metric of a model on all rows, then on every resample."""
    probabilities, predictions = model
    p = probabilities[kept].astype(np.float64)
    p /= p.sum(axis=1, keepdims=True)
    column = predicted_columns(
        p, classes, None if predictions is None else predictions[kept]
    )
    terms = _terms(np.searchsorted(np.asarray(classes), y[kept]), p, column)
    sums = np.concatenate(
        [terms.sum(axis=0, keepdims=True), resampled_sums(terms, **draws)]
    )
    return _scores(sums, len(classes))


def _terms(true: ndarray, p: ndarray, column: ndarray) -> ndarray:
    """What a row adds: a cell of the confusion matrix, log loss, squared distance."""
    width, rows = p.shape[1], np.arange(len(p))
    terms = np.zeros((len(p), width * width + 2))
    terms[rows, true * width + column] = 1.0
    # The smallest probability that scikit-learn's log_loss lets stand.
    smallest = np.finfo(p.dtype).eps
    terms[:, -2] = -np.log(np.clip(p[rows, true], smallest, 1 - smallest))
    distance = ((p - np.eye(width)[true]) ** 2).sum(axis=1)
    terms[:, -1] = distance / 2 if width == 2 else distance
    return terms


def _scores(sums: Sums, width: int) -> Float[ndarray, "metric resample"]:
    """The metrics of sums of terms, one column a resample."""
    cells = np.round(sums[:, :-2]).reshape(-1, width, width)
    rows = cells.sum(axis=(1, 2))
    hits = np.diagonal(cells, axis1=1, axis2=2)
    named = cells.sum(axis=1) + cells.sum(axis=2)
    f1 = np.divide(2 * hits, named, out=np.zeros_like(hits), where=named > 0)
    losses = sums[:, -2:].T / rows
    return np.stack([hits.sum(axis=1) / rows, f1.mean(axis=1), *losses])
