"""Which columns, and whether the classes, moved between the parts of a data set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from barwise.datasets.chronological import Part
from barwise.datasets.container import TimeSeriesDataContainer
from barwise.metrics import Drift, drift_of, interval_of, resampled_sums
from barwise.metrics.uniqueness import block_length

_STRETCHES = 10
_RESAMPLES = 500
_LEVEL = 0.95


@final
@dataclass(frozen=True)
class ColumnDrift:
    """How far a column moved, and whether it counts among all that were looked at.

    Parameters
    ----------
    name : str
    drift : Drift
    moved : bool
        Whether it is an alarm at the false discovery rate over all columns.
    """

    name: str
    drift: Drift
    moved: bool


def column_drift(
    data: TimeSeriesDataContainer, part: Part, rate: float
) -> tuple[ColumnDrift, ...]:
    """Compare the raw features of the training part with those of a later one.

    Parameters
    ----------
    data : TimeSeriesDataContainer
        Its test part only if it was opened. Columns with one value are left out.
    part : {"val", "test"}
    rate : float
        False discovery rate: of the columns that are said to have moved, so many did not,
        on average (Benjamini and Hochberg, 1995). Where none moved, it is the
        probability of any alarm.

    Returns
    -------
    tuple of ColumnDrift
        In the order of the columns.
    """
    from scipy.stats import false_discovery_control

    train, later = data.rows("train"), data.rows(part)
    matrix, places = data.frame.matrix, {n: i for i, n in enumerate(data.frame.names)}
    found = {}
    # Small enough a p-value must be possible for one column among all.
    deals = max(2000, int(2 * len(data.feature_names) / rate))
    for name in data.feature_names:
        column = matrix[:, places[name]]
        before = column[train]
        if np.ptp(before) > 0 or np.ptp(column[later]) > 0:
            found[name] = drift_of(before, column[later], rate=rate, deals=deals)
    told = [name for name, drift in found.items() if drift.told]
    adjusted: dict[str, float] = {}
    if told:
        values = false_discovery_control([found[name].p_value for name in told])
        adjusted = dict(zip(told, values.tolist(), strict=True))
    return tuple(
        ColumnDrift(name, drift, adjusted.get(name, 1.0) <= rate)
        for name, drift in found.items()
    )


def class_drift(data: TimeSeriesDataContainer, part: Part, rate: float) -> Drift:
    """Compare the shares of the classes in the training part and in a later one."""
    return drift_of(data.labels("train"), data.labels(part), rate=rate)


@final
@dataclass(frozen=True)
class Stretch:
    """Shares of the classes in one stretch of time.

    Parameters
    ----------
    first, last : int
        Times of its first and last sample, nanoseconds UTC.
    samples : int
    shares : dict of int to (float, float, float)
        By class: share, lower and upper end of its 95 % interval (block bootstrap over
        five label lengths); NaN where the stretch is shorter than that.
    """

    first: int
    last: int
    samples: int
    shares: dict[int, tuple[float, float, float]]


def class_stretches(data: TimeSeriesDataContainer) -> tuple[Stretch, ...]:
    """Cut training and validation part into ten stretches of as many samples each."""
    rows = np.concatenate([data.rows("train"), data.rows("val")])
    return tuple(
        _stretch(data, part)
        for part in np.array_split(rows, min(_STRETCHES, len(rows)))
    )


def _stretch(data: TimeSeriesDataContainer, rows: np.ndarray) -> Stretch:
    targets = data.frame.targets
    mine = targets.label[rows][:, None] == np.array(data.classes)
    length = min(block_length(rows, targets.end_index[rows]), len(rows))
    sums = resampled_sums(
        mine.astype(np.float64), block_length=length, n_resamples=_RESAMPLES
    )
    shares = {}
    for place, name in enumerate(data.classes):
        resampled = sums[:, place] / len(rows)
        share = float(mine[:, place].mean())
        found = interval_of(share, resampled, len(rows), length, _LEVEL)
        shares[name] = (share, max(0.0, found.lower), min(1.0, found.upper))
    times = data.frame.times[rows]
    return Stretch(int(times[0]), int(times[-1]), len(rows), shares)
