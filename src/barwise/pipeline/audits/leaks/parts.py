"""Whether parts and folds know each other: label ends, times, rows that come twice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from barwise.core.errors import ConfigError, LeakError
from barwise.datasets import TimeSeriesDataContainer
from barwise.datasets.chronological import PARTS
from barwise.datasets.fold_data import development
from barwise.pipeline.audits.leaks.near_rows import made_of_training_rows
from barwise.pipeline.audits.leaks.setup import Setup, with_frame
from barwise.pipeline.audits.leaks.verdict import Leak, NotChecked
from barwise.training.fold_plan import plan_folds

_DISTINCT = 0.5
"""Share of distinct values from which on a column tells one row from another."""
_FEWEST = 3
"""Columns of that kind that are needed to do so."""
_TWICE = 2e-3
"""Share of a part's rows that may be there twice by chance."""


def overlapping_parts(setup: Setup) -> list[Leak]:
    """Labels of an earlier part that end in a later one, and times in two parts."""
    data = setup.data
    times, ends = data.frame.times, data.frame.targets.end_time
    found = []
    for number, early in enumerate(PARTS):
        rows = data.split.part(early)
        for late in PARTS[number + 1 :]:
            others = data.split.part(late)
            start = times[others].min()
            reaching = rows[ends[rows] >= start]
            if len(reaching):
                row = int(reaching[0])
                found.append(
                    Leak(
                        "leak",
                        f"{early} and {late}",
                        f"{len(reaching):,} labels of {early} end in or after {late}: row "
                        f"{row:,}, known {(int(ends[row]) - int(start)) / 60e9:,.0f} "
                        f"minutes after {late} begins",
                        "purge by label ends, at least the largest horizon (split.purge)",
                        row,
                        int(times[row]),
                        float(len(reaching)),
                    )
                )
            shared = np.intersect1d(rows, others)
            if len(shared):
                found.append(
                    Leak(
                        "leak",
                        f"{early} and {late}",
                        f"{len(shared):,} rows are in both parts, first row {shared[0]:,}",
                        "cut the parts by time, each row in one of them",
                        int(shared[0]),
                        int(times[shared[0]]),
                        float(len(shared)),
                    )
                )
    return found


def one_row_too_many(setup: Setup) -> Setup:
    """Plant: the last training row is one whose label ends in the validation part."""
    data = setup.data
    row = int(data.split.val[0]) - 1
    train = np.union1d(data.split.train, [row])
    targets = data.frame.targets
    ends = targets.end_time.copy()
    ends[row] = data.frame.times[data.split.val[0]]
    frame = replace(data.frame, targets=replace(targets, end_time=ends))
    split = replace(data.split, train=train)
    return setup.replace(data=with_frame(data, frame, split=split))


def unpurged_folds(setup: Setup) -> list[Leak]:
    """Folds whose training labels share time with a test label."""
    try:
        plan_folds(setup.data, setup.folds)
    except LeakError as problem:
        name = type(setup.folds).__name__
        return [
            Leak(
                "leak",
                f"folds of {name}",
                str(problem).split(":")[0],
                "use a splitter that purges by label end",
            )
        ]
    except ConfigError as problem:
        raise NotChecked(str(problem)) from problem
    return []


class _Unpurged:
    """Folds of neighbours, nothing between them."""

    def split(self, X: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        rows = np.arange(len(X))
        middle = len(rows) // 2
        return [(rows[:middle], rows[middle:])]


def neighbouring_folds(setup: Setup) -> Setup:
    """Plant: two folds without a purge."""
    return setup.replace(splitter=_Unpurged())


def repeated_rows(setup: Setup) -> list[Leak]:
    """Rows of a later part that are a training row, bit for bit or nearly so."""
    data = setup.data
    columns = _telling(data)
    keys = _fingerprints(data.frame.matrix, columns)
    train = data.split.train
    known = keys[train]
    order = np.argsort(known, kind="stable")
    found = []
    for part in ("val", "test"):
        rows = data.split.part(part)
        place = np.searchsorted(known, keys[rows], sorter=order)
        place = np.minimum(place, len(known) - 1)
        same = known[order[place]] == keys[rows]
        # Flat stretches repeat themselves: what a part repeats of itself is no copy.
        once = np.bincount(np.unique(keys[rows], return_inverse=True)[1])
        own = once[np.unique(keys[rows], return_inverse=True)[1]] == 1
        twice = np.flatnonzero(same & own)
        if len(twice) <= max(_FEWEST, _TWICE * len(rows)):
            found += _nearly(data, part, rows[~same], columns)
            continue
        row, other = int(rows[twice[0]]), int(train[order[place[twice[0]]]])
        found.append(
            Leak(
                "leak",
                f"train and {part}",
                f"{len(twice):,} of {len(rows):,} rows of {part} have the features of a "
                f"training row bit for bit: row {row:,} those of row {other:,}",
                "remove copied stretches from the source, and sample again (bootstrap, "
                "over-sampling) only after the split, inside the training part",
                row,
                int(data.frame.times[row]),
                float(len(twice)),
            )
        )
    return found


def copied_rows(setup: Setup) -> Setup:
    """Plant: the validation part begins with a copy of training rows."""
    data = setup.data
    matrix = data.frame.matrix.copy()
    count = max(20, len(data.split.val) // 50)
    count = min(count, len(data.split.val), len(data.split.train))
    matrix[data.split.val[:count]] = matrix[data.split.train[-count:]]
    frame = replace(data.frame, matrix=matrix)
    return setup.replace(data=with_frame(data, frame))


def _nearly(
    data: TimeSeriesDataContainer, part: str, rows: np.ndarray, columns: list[int]
) -> list[Leak]:
    made = made_of_training_rows(data, rows, columns)
    if made is None:
        return []
    what, row, count = made
    return [
        Leak(
            "leak",
            f"train and {part}",
            f"the features of {count:,} of {len(rows):,} rows of {part} {what}, first row "
            f"{row:,}: rows were made of rows before the split",
            "over-sample (SMOTE, jitter) only after the split, inside the training part",
            row,
            int(data.frame.times[row]),
            float(count),
        )
    ]


def _telling(data: TimeSeriesDataContainer) -> list[int]:
    """Return the columns that tell one row from another."""
    matrix = data.frame.matrix
    rows = development(data).index
    sample = rows[:: max(1, len(rows) // 2000)]
    telling = [
        column
        for column in range(matrix.shape[1])
        if len(np.unique(matrix[sample, column])) >= _DISTINCT * len(sample)
    ]
    if len(telling) < _FEWEST:
        raise NotChecked(
            f"{len(telling)} of {matrix.shape[1]} columns tell one row from another; "
            f"with fewer than {_FEWEST} equal rows mean nothing"
        )
    return telling


def _fingerprints(matrix: np.ndarray, columns: list[int]) -> np.ndarray:
    """One number a row."""
    keys = np.zeros(len(matrix), dtype=np.uint64)
    for column in columns:
        bits = (matrix[:, column] + np.float32(0)).view(np.uint32).astype(np.uint64)
        keys = (keys ^ bits) * np.uint64(0x9E3779B97F4A7C15)
        keys ^= keys >> np.uint64(29)
    return keys
