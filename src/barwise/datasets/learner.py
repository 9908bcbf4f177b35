"""Columns that learn from data, and how a fold has them learn anew."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np


@runtime_checkable
class ColumnLearner(Protocol):
    """Makes the feature matrix again, with what some rows alone have taught it.

    It holds nothing that was learned: a call knows the rows that it is given, so one
    learner serves every fold.
    """

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the matrix that depend on what was learned."""

    def learn(self, rows: np.ndarray) -> tuple[np.ndarray, str]:
        """Learn from some rows and compute all of them.

        Parameters
        ----------
        rows : ndarray of bool, shape (n_rows,)
            Rows to learn from. Others only move averages and the like forward.

        Returns
        -------
        matrix : ndarray of float32, shape (n_rows, n_features)
        learned : str
            SHA-256 of what was learned.
        """
