"""Combinatorial purged cross-validation: many backtest paths instead of one.

Notation
--------
N : groups of consecutive samples; k : groups that a split tests
C(N, k) splits, in the order of ``itertools.combinations``; every group is tested by
C(N-1, k-1) of them, and the j-th of these supplies the group on path j, so that
phi(N, k) = k/N C(N, k) = C(N-1, k-1) paths are complete.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise
from typing import Any, final

import numpy as np

from barwise.core.errors import ConfigError
from barwise.datasets.splitter import AbstractSplitter, Block, Cut, whole
from barwise.datasets.timeline import Timeline


@final
class CombinatorialPurgedKFold(AbstractSplitter):
    """Every choice of k of N groups is tested once; the other groups train.

    Parameters
    ----------
    n_groups : int
        Groups of consecutive samples (N), >= 2; equal times are never parted.
    n_test_groups : int
        Groups tested at a time (k), 1 to N - 1.
    times, label_end_times, bars, purge, embargo
        See :class:`~barwise.datasets.splitter.AbstractSplitter`. Purge and embargo act
        around every test group.

    Attributes
    ----------
    n_paths : int
        Complete backtest paths, C(N - 1, k - 1).

    References
    ----------
    Lopez de Prado (2018), Advances in Financial Machine Learning, ch. 12.

    Examples
    --------
    >>> import numpy as np
    >>> t = np.arange(12)
    >>> folds = CombinatorialPurgedKFold(
    ...     6, 2, times=t, label_end_times=t, purge=0, embargo=0
    ... )
    >>> folds.get_n_splits(), folds.n_paths
    (15, 5)
    >>> train, test = next(folds.split())
    >>> train, test
    (array([ 4,  5,  6,  7,  8,  9, 10, 11]), array([0, 1, 2, 3]))
    >>> folds.paths()[0]
    array([0, 0, 1, 2, 3, 4])
    """

    def __init__(
        self,
        n_groups: int,
        n_test_groups: int,
        *,
        times: Any = None,
        label_end_times: Any = None,
        bars: Any = None,
        purge: Any = 0,
        embargo: Any = None,
    ) -> None:
        self.n_groups = whole(n_groups, 2, "n_groups")
        self.n_test_groups = whole(n_test_groups, 1, "n_test_groups")
        if self.n_test_groups >= self.n_groups:
            raise ConfigError(
                f"n_test_groups={n_test_groups} of n_groups={n_groups} leaves no group "
                f"to train on; n_test_groups must be at most {self.n_groups - 1}"
            )
        super().__init__(
            times=times,
            label_end_times=label_end_times,
            bars=bars,
            purge=purge,
            embargo=embargo,
        )

    @property
    def n_paths(self) -> int:
        """Complete backtest paths: how often each group is tested."""
        return math.comb(self.n_groups - 1, self.n_test_groups - 1)

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return C(n_groups, n_test_groups); the arguments are ignored."""
        del X, y, groups
        return math.comb(self.n_groups, self.n_test_groups)

    def paths(self) -> np.ndarray:
        """Return which split tests each group on each path.

        Returns
        -------
        ndarray of int64, shape (n_paths, n_groups)
            Numbers of splits, in the order in which :meth:`split` yields them.
        """
        found = np.empty((self.n_paths, self.n_groups), dtype=np.int64)
        seen = [0] * self.n_groups
        for number, tested in enumerate(self._combinations()):
            for group in tested:
                found[seen[group], group] = number
                seen[group] += 1
        return found

    def reconstruct(self, values: Sequence[Any], X: Any = None) -> np.ndarray:
        """Put the test values of all splits together to backtest paths.

        Parameters
        ----------
        values : sequence of array, each of shape (n_test, ...)
            For every split, in order, one value for each of its test samples, such as
            predictions.
        X : Samples, optional
            What was split, where no times were given.

        Returns
        -------
        ndarray, shape (n_paths, n, ...)
            For each path one value for every sample, none of them from a model that
            was trained on it.

        Raises
        ------
        ConfigError
            If there are not as many values as test samples.

        Examples
        --------
        >>> import numpy as np
        >>> t = np.arange(6)
        >>> folds = CombinatorialPurgedKFold(
        ...     3, 2, times=t, label_end_times=t, purge=0, embargo=0
        ... )
        >>> folds.reconstruct([np.full(4, number) for number in range(3)])
        array([[0, 0, 0, 0, 1, 1],
               [1, 1, 2, 2, 2, 2]])
        """
        line = self.timeline(X)
        group = np.empty(len(line), dtype=np.int64)
        for number, (start, stop) in enumerate(self._groups(line)):
            group[start:stop] = number
        group = line.given(group)
        if len(values) != self.get_n_splits():
            raise ConfigError(
                f"reconstruct needs the values of {self.get_n_splits()} splits, got "
                f"{len(values)}"
            )
        arrays = [np.asarray(each) for each in values]
        kind = np.result_type(*arrays)
        found = np.empty((self.n_paths, len(line), *arrays[0].shape[1:]), dtype=kind)
        seen = [0] * self.n_groups
        for number, (tested, each) in enumerate(
            zip(self._combinations(), arrays, strict=True)
        ):
            rows = np.flatnonzero(np.isin(group, tested))
            if len(each) != len(rows):
                raise ConfigError(
                    f"split {number} has {len(rows)} test samples, got {len(each)} values"
                )
            for one in tested:
                mine = group[rows] == one
                found[seen[one], rows[mine]] = each[mine]
                seen[one] += 1
        return found

    def _combinations(self) -> Iterator[tuple[int, ...]]:
        return combinations(range(self.n_groups), self.n_test_groups)

    def _groups(self, line: Timeline) -> list[Block]:
        edges = line.edges(self.n_groups)
        return list(pairwise(edges))

    def _cuts(self, line: Timeline) -> Iterator[Cut]:
        groups = self._groups(line)
        for tested in self._combinations():
            yield Cut(tuple(groups[one] for one in tested), (0, len(line)))
