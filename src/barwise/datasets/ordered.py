"""scikit-learn's ordered folds, for samples whose labels overlap."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, final

import numpy as np

from barwise.core.errors import ConfigError
from barwise.datasets.splitter import AbstractSplitter, Cut, whole
from barwise.datasets.timeline import Timeline


@final
class TimeSeriesSplit(AbstractSplitter):
    """The folds of ``sklearn.model_selection.TimeSeriesSplit``, labels kept apart.

    Without times, and for anything but ``Samples``, rows are in order of time and the
    folds are exactly scikit-learn's. With label ends samples are put in order of time
    first, and a training sample whose label reaches into its test fold is left out.

    Parameters
    ----------
    n_splits, max_train_size, test_size, gap
        As in scikit-learn, in samples.
    times, label_end_times
        See :class:`~barwise.datasets.splitter.AbstractSplitter`.

    Examples
    --------
    >>> import numpy as np
    >>> X, t = np.zeros((6, 1)), np.arange(6)
    >>> for train, test in TimeSeriesSplit(2).split(X):
    ...     print(train, test)
    [0 1] [2 3]
    [0 1 2 3] [4 5]
    >>> for train, test in TimeSeriesSplit(2, times=t, label_end_times=t + 1).split(X):
    ...     print(train, test)
    [0] [2 3]
    [0 1 2] [4 5]
    """

    def __init__(
        self,
        n_splits: int = 5,
        *,
        max_train_size: int | None = None,
        test_size: int | None = None,
        gap: int = 0,
        times: Any = None,
        label_end_times: Any = None,
    ) -> None:
        self.n_splits = whole(n_splits, 2, "n_splits")
        for name, size in (
            ("max_train_size", max_train_size),
            ("test_size", test_size),
        ):
            if size is not None:
                whole(size, 1, name)
        self.max_train_size = max_train_size
        self.test_size = test_size
        self.gap = whole(gap, 0, "gap")
        super().__init__(
            times=times, label_end_times=label_end_times, embargo=0, ordered=True
        )

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of folds; the arguments are ignored."""
        del X, y, groups
        return self.n_splits

    def _cuts(self, line: Timeline) -> Iterator[Cut]:
        from sklearn.model_selection import TimeSeriesSplit as Plain

        plain = Plain(
            self.n_splits,
            max_train_size=self.max_train_size,
            test_size=self.test_size,
            gap=self.gap,
        )
        try:
            folds = list(plain.split(np.empty((len(line), 0))))
        except ValueError as problem:
            raise ConfigError(f"TimeSeriesSplit: {problem}") from problem
        for train, test in folds:
            window = (int(train[0]), int(train[-1]) + 1) if len(train) else (0, 0)
            yield Cut(((int(test[0]), int(test[-1]) + 1),), window)
