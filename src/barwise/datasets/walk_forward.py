"""Walk-forward: train on the past of a window, test on the window, go on."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, final

from barwise.core.errors import ConfigError
from barwise.datasets.gap import Gap
from barwise.datasets.splitter import AbstractSplitter, Cut, whole
from barwise.datasets.timeline import Timeline


@final
class WalkForward(AbstractSplitter):
    """Consecutive test windows, each trained on what was known before it.

    Parameters
    ----------
    n_windows : int
        Test windows of equal size, up to one sample; equal times are never parted.
    expanding : bool
        Train on everything before a window; otherwise on as many samples as the first
        window has before it (a sliding window of training).
    first_train : float, optional
        Share of the samples before the first test window, between 0 and 1. By default
        it is as large as a test window: 1 / (n_windows + 1).
    times, label_end_times, bars, purge
        See :class:`~barwise.datasets.splitter.AbstractSplitter`.
    embargo : int or timedelta
        Bars left out at the start of each test window, as at the start of a later
        part of the chronological split; 0 by default, for nothing is trained on after
        a test window.

    References
    ----------
    Pardo (2008), The Evaluation and Optimization of Trading Strategies.

    Examples
    --------
    Labels last one tick.

    >>> import numpy as np
    >>> t = np.arange(10)
    >>> for train, test in WalkForward(3, times=t, label_end_times=t + 1).split():
    ...     print(train, test)
    [0] [2 3 4]
    [0 1 2 3] [5 6 7]
    [0 1 2 3 4 5 6] [8 9]
    >>> sliding = WalkForward(
    ...     3, expanding=False, first_train=0.4, times=t, label_end_times=t + 1
    ... )
    >>> for train, test in sliding.split():
    ...     print(train, test)
    [0 1 2] [4 5]
    [2 3 4] [6 7]
    [4 5 6] [8 9]
    """

    def __init__(
        self,
        n_windows: int,
        *,
        expanding: bool = True,
        first_train: float | None = None,
        times: Any = None,
        label_end_times: Any = None,
        bars: Any = None,
        purge: Any = 0,
        embargo: Any = 0,
    ) -> None:
        self.n_windows = whole(n_windows, 1, "n_windows")
        self.expanding = expanding
        share = 1 / (self.n_windows + 1) if first_train is None else first_train
        if not 0 < share < 1:
            raise ConfigError(
                "first_train is the share of the samples before the first test window, "
                f"between 0 and 1, got {first_train}"
            )
        self.first_train = share
        super().__init__(
            times=times,
            label_end_times=label_end_times,
            bars=bars,
            purge=purge,
            embargo=0 if embargo is None else embargo,
        )

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of test windows; the arguments are ignored."""
        del X, y, groups
        return self.n_windows

    def _cuts(self, line: Timeline) -> Iterator[Cut]:
        # The tolerance keeps 0.7 of 10 samples at 7, whatever the binary product is.
        first = line.snap(int(self.first_train * len(line) + 1e-9))
        embargo = self.embargo or Gap(0, "bars")
        for start, stop in pairwise(line.edges(self.n_windows, first)):
            begin = 0 if self.expanding else line.snap(start - first)
            skipped = min(line.skip(start, embargo), stop) - start
            yield Cut(((start, stop),), (begin, start), skipped)
