"""Random columns beside the real ones: what an importance means that is not zero.

Labels overlap and columns move slowly, so that a column of pure chance, if it is slow
enough, earns some importance too: more in a forest's own account of its training rows,
and a little by luck on held-out ones. Columns of several speeds say how much.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import final

import numpy as np

from barwise.core.samples import Role
from barwise.datasets import TimeSeriesDataContainer
from barwise.datasets.learner import ColumnLearner
from barwise.datasets.preparation import Preparation

_SPEEDS = (0.0, 0.9, 0.99)
"""Autocorrelation from one bar to the next."""
_OF_EACH = 2

NOISE = tuple(
    f"noise {number} (phi {phi:g})"
    for phi in _SPEEDS
    for number in range(1, _OF_EACH + 1)
)
"""Their names. No column of a set can have one: it is no identifier."""


def noise_columns(rows: int, seed: int) -> np.ndarray:
    """Return stationary normal AR(1) columns of variance 1.

    Parameters
    ----------
    rows, seed : int

    Returns
    -------
    ndarray of float32, shape (rows, n_noise)
        In the order of ``NOISE``.

    Examples
    --------
    >>> noise_columns(5000, 1).std(axis=0).round(1)[:4]
    array([1., 1., 1., 1.], dtype=float32)
    """
    from scipy.signal import lfilter

    rng = np.random.default_rng([seed, len(NOISE)])
    made = []
    for phi in _SPEEDS:
        shocks = rng.normal(size=(rows, _OF_EACH))
        shocks[1:] *= np.sqrt(1.0 - phi**2)
        made.append(lfilter([1.0], [1.0, -phi], shocks, axis=0))
    return np.hstack(made).astype(np.float32)


def with_noise(data: TimeSeriesDataContainer, seed: int) -> TimeSeriesDataContainer:
    """Return the data set with the columns of ``NOISE`` behind its own.

    Rows are samples or not as before. Nothing is pruned in it: a study is asked about
    every column.
    """
    noise = noise_columns(len(data.frame.times), seed)
    frame, learner = data.frame, data.frame.learner
    observed: list[Role] = ["observed" for _ in NOISE]
    frame = replace(
        frame,
        matrix=np.hstack([frame.matrix, noise]),
        names=(*frame.names, *NOISE),
        roles=(*frame.roles, *observed) if frame.roles else (),
        learner=None if learner is None else _Beside(learner, noise),
    )
    wanted = data.settings.preparation.model_copy(update={"prune_correlated": None})
    preparation = Preparation(wanted)
    preparation.fit(frame.samples(data.split.train))
    return TimeSeriesDataContainer(
        frame,
        data.split,
        preparation,
        data.settings.model_copy(update={"preparation": wanted}),
        horizon=data.horizon,
        symbol=data.symbol,
        dropped=data.dropped,
    )


@final
@dataclass(frozen=True, eq=False)
class _Beside:
    """A learner whose matrix has columns behind it that do not learn."""

    learner: ColumnLearner
    beside: np.ndarray

    @property
    def columns(self) -> tuple[str, ...]:
        return self.learner.columns

    def learn(self, rows: np.ndarray) -> tuple[np.ndarray, str]:
        matrix, told = self.learner.learn(rows)
        return np.hstack([matrix, self.beside]), told
