"""The data set of one fold: everything that learns has seen its training rows only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import final

import numpy as np

from barwise.core.errors import ConfigError
from barwise.core.hashing import hash_json
from barwise.core.samples import Samples
from barwise.datasets.chronological import Split
from barwise.datasets.container import TimeSeriesDataContainer
from barwise.datasets.preparation import Preparation
from barwise.datasets.proposals import meta_frame

_EXACT = 1e-4
"""How near to 0 and 1 mean and deviation of a scaled float32 column come."""

_MOST = 0.5
"""Share of columns from which on a matrix counts as scaled."""


def development(data: TimeSeriesDataContainer) -> Samples:
    """Return the samples that folds are made of: training and validation part, raw.

    The test part stays sealed. What purging took between the two parts stays out. Of
    meta-labels they are the primary's samples: which of them it trades, each fold says.
    """
    data = _candidates(data)
    rows = np.concatenate([data.rows("train"), data.rows("val")])
    return data.frame.samples(rows)


@final
@dataclass(frozen=True, eq=False)
class FoldData:
    """A container whose training and validation part are those of one fold.

    Parameters
    ----------
    container : TimeSeriesDataContainer
        Its preparation, and the columns that learn, are fitted on the fold's training
        rows.
    learned : str
        SHA-256 of all that was learned before the model.
    asked : ndarray of bool, shape (n_test,)
        Which of the test rows that were given are samples of the validation part: all,
        but of meta-labels those that the fold's own primary trades.
    """

    container: TimeSeriesDataContainer
    learned: str
    asked: np.ndarray


def fold_data(
    data: TimeSeriesDataContainer, train: np.ndarray, test: np.ndarray
) -> FoldData:
    """Return the data set of a fold.

    Parameters
    ----------
    data : TimeSeriesDataContainer
        What it has learned itself is not used.
    train, test : ndarray of int64
        Matrix rows, ascending, of the fold's purged training and of its test samples.

    Raises
    ------
    ConfigError
        If columns or a primary have learned before and cannot learn anew, or the
        fold's primary trades on no row.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> rows = np.arange(300)
    >>> labels = SimpleNamespace(
    ...     label=rows % 3 - 1,
    ...     end_time=rows + 1,
    ...     end_index=np.minimum(rows + 1, 299),
    ...     ret=np.zeros(300),
    ...     valid=rows < 299,
    ...     weight=np.ones(300),
    ... )
    >>> data = TimeSeriesDataContainer.build(
    ...     rows[:, None].astype(np.float32), ("row",), rows, labels, horizon=1
    ... )
    >>> fold = fold_data(data, rows[:50], rows[60:70]).container
    >>> fold.X_train.shape, fold.X_val.shape
    ((50, 1), (10, 1))
    >>> float(np.median(fold.X_train))
    0.0
    """
    check_relearns(data)
    frame, told = _candidates(data).frame, ""
    if frame.learner is not None:
        seen = np.zeros(len(frame.times), dtype=bool)
        seen[train] = True
        matrix, told = frame.learner.learn(seen)
        frame = replace(frame, matrix=matrix)
    asked = np.ones(len(test), dtype=bool)
    primary = data.frame.primary
    if primary is not None:
        proposals = primary.propose(train, test)
        frame = replace(meta_frame(frame, proposals, primary), primary=None)
        told = hash_json([told, proposals.learned])
        asked = frame.targets.valid[test]
        train, test = train[frame.targets.valid[train]], test[asked]
        if not len(train) or not len(test):
            raise ConfigError(
                f"the primary model of this fold trades on {len(train)} training and "
                f"{len(test)} test rows; take fewer folds or another labels.primary"
            )
    preparation = Preparation(data.settings.preparation)
    preparation.fit(frame.samples(train))
    split = Split(
        train=train,
        val=test,
        test=data.split.test,
        boundaries=(int(frame.times[test[0]]), data.split.boundaries[1]),
        removed={},
    )
    container = TimeSeriesDataContainer(
        frame,
        split,
        preparation,
        data.settings,
        horizon=data.horizon,
        symbol=data.symbol,
        dropped=data.dropped,
    )
    return FoldData(container, hash_json([told, preparation.to_dict()]), asked)


def only_columns(
    data: TimeSeriesDataContainer, names: Sequence[str]
) -> TimeSeriesDataContainer:
    """Return the same parts of a data set with some of the columns it keeps.

    Nothing is learned anew, and rows are samples or not as before.
    """
    return TimeSeriesDataContainer(
        data.frame,
        data.split,
        data.preparation.only(names),
        data.settings,
        horizon=data.horizon,
        symbol=data.symbol,
        dropped=data.dropped,
    )


def check_unfitted(data: TimeSeriesDataContainer) -> None:
    """Refuse a data set whose matrix has learned from rows that a fold may not know.

    Raises
    ------
    ConfigError
        If columns have learned and cannot learn anew, or the matrix looks scaled.
    """
    check_relearns(data)
    scaled = _scaled_on(data)
    if scaled is not None:
        raise ConfigError(
            f"this data set cannot be folded: its matrix was scaled before, by the "
            f"figures of {scaled}, so that every fold would know its test rows; build "
            "the data set from raw features and name the scaler in its settings"
        )


def _candidates(data: TimeSeriesDataContainer) -> TimeSeriesDataContainer:
    """Return the primary's data set where labels judge its trades."""
    return data if data.frame.primary is None else data.frame.primary.data


def check_relearns(data: TimeSeriesDataContainer) -> None:
    """Refuse columns, or a primary model, that have learned and cannot learn anew.

    Raises
    ------
    ConfigError
        If there are such columns; they are named.
    """
    frame = data.frame
    if data.settings.side is not None and frame.primary is None:
        raise ConfigError(
            "this data set cannot be folded: its labels judge the trades of a primary "
            "model that was fitted once, so that its sides know the test rows of some "
            "folds; take it from build_dataset(config, horizon=...), whose primary is "
            "fitted anew in every fold"
        )
    if frame.learned and frame.learner is None:
        names = ", ".join(frame.learned)
        raise ConfigError(
            f"this data set cannot be folded: its columns {names} learned from the "
            "training part, which is test data in some folds, and it does not know how "
            "to learn them anew; take it from build_dataset(config, horizon=...), which "
            "does, or name the learner (with_learner), or leave the columns out"
        )


def _scaled_on(data: TimeSeriesDataContainer) -> str | None:
    """Say by which rows the columns have mean 0 and deviation 1, or as robust scaling."""
    frame = data.frame
    parts = [data.split.train, data.split.val, data.split.test]
    complete = np.flatnonzero(frame.reach > 0)
    spans = {
        "the training part": parts[0],
        "the training and validation part": np.concatenate(parts[:2]),
        "all samples": np.concatenate(parts),
        "all complete rows": complete,
        "all complete rows before validation": complete[complete < parts[1][0]],
    }
    for name, rows in spans.items():
        if not len(rows):
            continue
        values = frame.matrix[rows].astype(np.float64)
        live = np.ptp(values, axis=0) > 0
        if not live.any():
            continue
        values = values[:, live]
        standard = _are(values.mean(axis=0), 0) & _are(values.std(axis=0), 1)
        low, middle, high = np.percentile(values, (25, 50, 75), axis=0)
        robust = _are(middle, 0) & (_are(high - low, 1) | _are(high - low, 1.349))
        if (standard | robust).mean() > _MOST:
            return name
    return None


def _are(values: np.ndarray, wanted: float) -> np.ndarray:
    return np.abs(values - wanted) < _EXACT
