"""Purged k-fold cross-validation with embargo."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, final

from barwise.datasets.splitter import AbstractSplitter, Cut, whole
from barwise.datasets.timeline import Timeline


@final
class PurgedKFold(AbstractSplitter):
    """K test folds of consecutive samples; the rest trains, purged and embargoed.

    Parameters
    ----------
    n_splits : int
        Folds, >= 2. They hold equally many samples, up to one; equal times are never
        parted.
    times, label_end_times, bars, purge, embargo
        See :class:`~barwise.datasets.splitter.AbstractSplitter`.

    References
    ----------
    Lopez de Prado (2018), Advances in Financial Machine Learning, ch. 7.

    Examples
    --------
    Labels last two ticks; after the label of a test fold one more tick is left out.

    >>> import numpy as np
    >>> t = np.arange(12)
    >>> folds = PurgedKFold(3, times=t, label_end_times=t + 2, embargo=1)
    >>> for train, test in folds.split():
    ...     print(train, test)
    [ 7  8  9 10 11] [0 1 2 3]
    [ 0  1 11] [4 5 6 7]
    [0 1 2 3 4 5] [ 8  9 10 11]
    >>> second = list(folds.folds())[1]
    >>> second.purged, second.embargoed
    (array([2, 3, 8, 9]), array([10]))
    """

    def __init__(
        self,
        n_splits: int,
        *,
        times: Any = None,
        label_end_times: Any = None,
        bars: Any = None,
        purge: Any = 0,
        embargo: Any = None,
    ) -> None:
        self.n_splits = whole(n_splits, 2, "n_splits")
        super().__init__(
            times=times,
            label_end_times=label_end_times,
            bars=bars,
            purge=purge,
            embargo=embargo,
        )

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of folds; the arguments are ignored."""
        del X, y, groups
        return self.n_splits

    def _cuts(self, line: Timeline) -> Iterator[Cut]:
        for block in pairwise(line.edges(self.n_splits)):
            yield Cut((block,), (0, len(line)))
