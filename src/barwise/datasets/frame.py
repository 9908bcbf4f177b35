"""Everything a data set knows about every row, before any row is chosen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, final

import numpy as np

from barwise.core.errors import ConfigError, DataError
from barwise.core.reach import reach_of
from barwise.core.samples import Role, Samples, check_matrix
from barwise.datasets.learner import ColumnLearner
from barwise.datasets.targets import Targets

if TYPE_CHECKING:
    from barwise.datasets.proposals import Primary


@final
@dataclass(frozen=True, eq=False)
class Frame:
    """Features and targets of every row of one symbol.

    Parameters
    ----------
    matrix : ndarray of float32, shape (n_rows, n_features)
        Raw features, C-contiguous, oldest row first; held by reference.
    names : tuple of str
        Columns.
    times : ndarray of int64, shape (n_rows,)
        Close of each row's bar, nanoseconds UTC, never decreasing.
    segments : ndarray of int64, shape (n_rows,)
        Windows never cross a change of value.
    targets : Targets
        Labels of every row.
    uniqueness : ndarray of float64, shape (n_rows,)
        Share of a label's span that is its own; a factor of the sample weights.
    roles : tuple of str
        See :class:`barwise.core.samples.Samples`.
    learned : tuple of str
        Columns whose values were learned, once, from the training part.
    learner : ColumnLearner, optional
        Learns them anew for a fold.
    primary : Primary, optional
        Proposes the trades that meta-labels judge, anew for a fold.

    Raises
    ------
    ConfigError
        If an array does not have one value for each row.
    DataError
        If times decrease, or a labelled row's uniqueness is not finite and >= 0.
    """

    matrix: np.ndarray
    names: tuple[str, ...]
    times: np.ndarray
    segments: np.ndarray
    targets: Targets
    uniqueness: np.ndarray
    roles: tuple[Role, ...] = ()
    learned: tuple[str, ...] = ()
    learner: ColumnLearner | None = None
    primary: Primary | None = None

    def __post_init__(self) -> None:
        check_matrix(self.matrix, self.names, self.roles)
        rows = self.matrix.shape[:1]
        for name in ("times", "segments", "uniqueness"):
            shape = getattr(self, name).shape
            if shape != rows:
                raise ConfigError(
                    f"the data set has a matrix of shape {self.matrix.shape} but "
                    f"{name} of shape {shape}; it needs one value for each row"
                )
        back = np.flatnonzero(np.diff(self.times) < 0)
        if len(back):
            raise DataError(
                f"row {back[0] + 1} is earlier than the row before it "
                f"({self.times[back[0] + 1]} < {self.times[back[0]]} ns UTC); a data "
                "set holds one symbol, oldest row first"
            )
        unique = self.uniqueness
        bad = np.flatnonzero(self.targets.valid & ~((unique >= 0) & (unique < np.inf)))
        if len(bad):
            raise DataError(
                f"uniqueness of row {bad[0]} is {unique[bad[0]]}, but a labelled row "
                "needs a finite one that is not negative"
            )
        object.__setattr__(self, "_reach", reach_of(self.matrix, self.segments))

    @property
    def reach(self) -> np.ndarray:
        """Int32 (n_rows,): complete rows of one segment that end at each row."""
        reach: np.ndarray = self.__dict__["_reach"]
        return reach

    def with_learner(self, learner: ColumnLearner) -> Frame:
        """Return the same frame with what learns some of its columns anew."""
        return replace(self, learned=learner.columns, learner=learner)

    def samples(self, rows: np.ndarray) -> Samples:
        """Return some rows, raw, as samples of a matrix that ends at the last of them."""
        stop = int(rows[-1]) + 1
        return Samples(
            self.matrix[:stop],
            rows,
            self.times[rows],
            self.targets.end_time[rows],
            self.segments[:stop],
            self.names,
            roles=self.roles,
            reach=self.reach[:stop],
        )
