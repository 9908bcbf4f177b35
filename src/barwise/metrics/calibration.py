"""Whether a probability means what it says.

Notation
--------
p : (row,) probability of an event, 0..1
e : (row,) whether the event came
Bins are closed on the right; rows of equal probability share a bin.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, final

import numpy as np
from jaxtyping import Bool, Int
from numpy import ndarray

from barwise.core.arrays import Index, Probabilities, Vector
from barwise.core.errors import DataError

Binning = Literal["equal_mass", "equal_width"]


@final
@dataclass(frozen=True)
class ReliabilityCurve:
    """Probability against frequency; one row a bin that is not empty.

    Parameters
    ----------
    probability : ndarray of float64, shape (bin,)
        Mean predicted probability.
    frequency : ndarray of float64, shape (bin,)
        Share of rows in which the event came.
    lower, upper : ndarray of float64, shape (bin,)
        Wilson interval of the frequency.
    count : ndarray of int64, shape (bin,)
        Rows in the bin.
    """

    probability: Vector
    frequency: Vector
    lower: Vector
    upper: Vector
    count: Index


def reliability_curve(
    event: Bool[ndarray, " row"],
    probability: Vector,
    *,
    n_bins: int = 10,
    binning: Binning = "equal_mass",
    level: float = 0.95,
    uniqueness: Vector | None = None,
) -> ReliabilityCurve:
    """Compare predicted probabilities with frequencies, bin by bin.

    Parameters
    ----------
    event : ndarray of bool, shape (row,)
        Whether the event came.
    probability : ndarray of float, shape (row,)
        Predicted probability of it, no NaN.
    n_bins : int
        Bins asked for; equal probabilities can make them fewer.
    binning : {"equal_mass", "equal_width"}
        Bins of as many rows each, or of equal width over 0..1.
    level : float
        Confidence of the intervals.
    uniqueness : ndarray of float, shape (row,), optional
        Average uniqueness of each row's label (0..1). Where labels overlap a bin holds
        only the sum of it in independent rows, and the intervals are wider.

    References
    ----------
    Wilson (1927); Niculescu-Mizil and Caruana (2005).

    Examples
    --------
    >>> event = np.array([False, False, True, False, True, True])
    >>> p = np.array([0.1, 0.2, 0.3, 0.7, 0.8, 0.9])
    >>> curve = reliability_curve(event, p, n_bins=2)
    >>> curve.count, curve.frequency.round(3)
    (array([3, 3]), array([0.333, 0.667]))
    """
    bins = _bin_of(probability, n_bins, binning)
    share = np.ones(len(bins)) if uniqueness is None else uniqueness
    rows = np.bincount(bins)
    kept = rows > 0
    mean = np.bincount(bins, weights=probability)[kept] / rows[kept]
    frequency = np.bincount(bins, weights=event)[kept] / rows[kept]
    effective = np.bincount(bins, weights=share)[kept]
    bounds = [
        _wilson(*pair, level=level) for pair in zip(frequency, effective, strict=True)
    ]
    lower, upper = np.array(bounds, dtype=np.float64).reshape(-1, 2).T
    return ReliabilityCurve(mean, frequency, lower, upper, rows[kept])


def expected_calibration_error(
    right: Bool[ndarray, " row"],
    confidence: Vector,
    *,
    n_bins: int = 15,
    binning: Binning = "equal_width",
    weights: Vector | None = None,
) -> float:
    """Mean distance between confidence and accuracy over bins, weighted by rows.

    Parameters
    ----------
    right : ndarray of bool, shape (row,)
        Whether the predicted class was the true one.
    confidence : ndarray of float, shape (row,)
        Probability of the predicted class.

    Returns
    -------
    float
        0 is perfect, 1 the worst; NaN without rows. It is biased upwards in small
        samples, so compare it between models on the same rows.

    References
    ----------
    Guo, Pleiss, Sun and Weinberger (2017), On Calibration of Modern Neural Networks.

    Examples
    --------
    >>> right = np.array([True, True, False, False])
    >>> expected_calibration_error(right, np.array([0.9, 0.9, 0.9, 0.9]))
    0.4
    """
    if not len(confidence):
        return float("nan")
    w = np.ones(len(confidence)) if weights is None else weights
    bins = _bin_of(confidence, n_bins, binning)
    gap = np.bincount(bins, weights=w * (right - confidence.astype(np.float64)))
    return float(np.abs(gap).sum() / w.sum())


def brier_score(
    y: Int[ndarray, " row"],
    probabilities: Probabilities,
    *,
    classes: Sequence[int],
    weights: Vector | None = None,
) -> float:
    """Mean squared distance between probabilities and what came.

    Parameters
    ----------
    y : ndarray of int, shape (row,)
        True classes.
    probabilities : ndarray of float, shape (row, class)
        Columns in the order of ``classes``.

    Returns
    -------
    float
        0..2 summed over three or more classes; 0..1 for two, where it is the squared
        error of one probability (scikit-learn's convention too).

    References
    ----------
    Brier (1950).

    Examples
    --------
    >>> brier_score(
    ...     np.array([1, 0]), np.array([[0.2, 0.8], [0.5, 0.5]]), classes=(0, 1)
    ... )
    0.145
    """
    came = y[:, None] == np.asarray(classes)
    square = ((probabilities - came) ** 2).sum(axis=1)
    mean = float(np.average(square, weights=weights))
    return mean / 2 if len(classes) == 2 else mean


def _bin_of(probability: np.ndarray, n_bins: int, binning: Binning) -> np.ndarray:
    outside = ~((probability >= 0) & (probability <= 1))
    if outside.any():
        row = int(np.argmax(outside))
        raise DataError(
            f"probability of row {row} is {probability[row]}, not within 0..1; leave "
            "out rows without a prediction"
        )
    steps = np.arange(1, n_bins)
    edges = steps / n_bins
    if binning == "equal_mass" and len(probability):
        # Edges are predicted values, so that equal probabilities share a bin.
        edges = np.sort(probability)[-(-steps * len(probability) // n_bins) - 1]
    return np.searchsorted(edges, probability, side="left")


def _wilson(frequency: float, effective: float, *, level: float) -> tuple[float, float]:
    """Wilson interval with as many whole independent rows as there are."""
    from scipy.stats import binomtest

    rows = max(1, int(effective + 1e-9))
    test = binomtest(round(frequency * rows), rows)
    bounds = test.proportion_ci(confidence_level=level, method="wilson")
    return min(bounds.low, frequency), max(bounds.high, frequency)
