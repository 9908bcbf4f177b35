"""A small data set with labels that overlap, for examples and tests of folds."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from barwise.datasets import DatasetSettings, TimeSeriesDataContainer
from barwise.datasets.learner import ColumnLearner

HORIZON = 5


def toy_labels(rows: int = 2000, *, seed: int = 0) -> SimpleNamespace:
    """Return labels of five bars that a hidden, slowly moving figure decides."""
    hidden = toy_signal(rows, seed=seed)
    count = np.arange(rows)
    return SimpleNamespace(
        label=np.clip(np.round(hidden), -1, 1).astype(np.int8),
        end_time=(count + HORIZON) * 60,
        end_index=np.minimum(count + HORIZON, rows - 1),
        ret=hidden / 100.0,
        valid=count < rows - HORIZON,
        weight=np.ones(rows),
    )


def toy_signal(rows: int = 2000, *, seed: int = 0) -> np.ndarray:
    """Return the figure that decides the labels: a mean of five normal numbers."""
    drawn = np.random.default_rng(seed).normal(size=rows + HORIZON - 1)
    return np.convolve(drawn, np.ones(HORIZON), "valid") / np.sqrt(HORIZON)


def toy_matrix(rows: int = 2000, *, seed: int = 0) -> np.ndarray:
    """Return features: the hidden figure with noise, and two columns of noise."""
    noise = np.random.default_rng([seed, 1]).normal(size=(rows, 3))
    noise[:, 0] += toy_signal(rows, seed=seed)
    return (noise * [1.0, 3.0, 5.0] + [2.0, 0.0, 10.0]).astype(np.float32)


def toy_container(
    rows: int = 2000,
    *,
    seed: int = 0,
    matrix: np.ndarray | None = None,
    labels: SimpleNamespace | None = None,
    learner: ColumnLearner | None = None,
    settings: DatasetSettings | None = None,
) -> TimeSeriesDataContainer:
    """Return a data set of one bar a minute and three classes.

    Examples
    --------
    >>> data = toy_container()
    >>> data.X_train.shape, data.y_val.shape
    ((1381, 3), (284,))
    """
    data = TimeSeriesDataContainer.build(
        toy_matrix(rows, seed=seed) if matrix is None else matrix,
        ("signal", "noise", "more_noise"),
        np.arange(rows) * 60,
        toy_labels(rows, seed=seed) if labels is None else labels,
        horizon=HORIZON,
        settings=settings,
        symbol="toy",
    )
    return data if learner is None else data.with_learner(learner)
