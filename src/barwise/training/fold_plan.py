"""Which samples each fold trains on and tests, and the proof that they lie apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from barwise.core.errors import ConfigError, LeakError
from barwise.core.samples import Samples
from barwise.datasets import (
    AbstractSplitter,
    CombinatorialPurgedKFold,
    TimeSeriesDataContainer,
)
from barwise.datasets.fold_data import development

NO_FOLD = -1
"""Fold number of a sample that no fold tests."""


@final
@dataclass(frozen=True, eq=False)
class FoldPlan:
    """The folds of a data set.

    Parameters
    ----------
    samples : Samples
        Training and validation part, raw, in order of time; n of them.
    folds : tuple of (train, test)
        Positions among the samples, int64, ascending.
    paths : ndarray of int64, shape (n_paths, n)
        Fold that tests each sample on each path; -1 for none. One path, unless a
        combinatorial splitter tests samples several times.
    """

    samples: Samples
    folds: tuple[tuple[np.ndarray, np.ndarray], ...]
    paths: np.ndarray

    def __len__(self) -> int:
        return len(self.folds)

    def rows(self, fold: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the matrix rows of a fold's training and test samples."""
        train, test = self.folds[fold]
        return self.samples.index[train], self.samples.index[test]

    def collisions(self) -> np.ndarray:
        """Count for each fold the test samples that share time with a training label.

        Nothing that the splitter knew is used: only times and label ends.

        Returns
        -------
        ndarray of int64, shape (n_folds,)
        """
        times, ends = self.samples.times, self.samples.label_end_times
        found = [seen_outcomes(times, ends, *fold).sum() for fold in self.folds]
        return np.array(found, dtype=np.int64)

    def check(self) -> None:
        """Prove that no test label shares time with a training label of its fold.

        Raises
        ------
        LeakError
            If one does; the fold is named.
        """
        collisions = self.collisions()
        if collisions.any():
            fold = int(np.argmax(collisions > 0))
            raise LeakError(
                f"{collisions[fold]:,} of {len(self.folds[fold][1]):,} test samples of "
                f"fold {fold + 1} have a label that shares time with a training label: "
                "the model has seen their outcome. Use a splitter that purges by label "
                "end (PurgedKFold, CombinatorialPurgedKFold, WalkForward, or the "
                "TimeSeriesSplit of barwise.datasets)"
            )


def seen_outcomes(
    times: np.ndarray, ends: np.ndarray, train: np.ndarray, test: np.ndarray
) -> np.ndarray:
    """Say which test samples share time with a training label.

    Two labels share time where one begins before the other ends, both ends inclusive;
    of the training labels that begin by a test label's end, the ones that ended before
    it began do not.

    Parameters
    ----------
    times, ends : ndarray of int64, shape (n,)
        Beginning and end of every sample's label, nanoseconds UTC.
    train, test : ndarray of int64
        Positions of a fold's training and test samples.

    Returns
    -------
    ndarray of bool, shape (n_test,)
    """
    begun = np.searchsorted(np.sort(times[train]), ends[test], side="right")
    over = np.searchsorted(np.sort(ends[train]), times[test], side="left")
    return begun > over


def plan_folds(
    data: TimeSeriesDataContainer, splitter: Any, *, samples: Samples | None = None
) -> FoldPlan:
    """Cut the samples of training and validation part into folds, and check them.

    Parameters
    ----------
    data : TimeSeriesDataContainer
    splitter : object
        One of ``barwise.datasets``, or any with scikit-learn's ``split(X)``, which is
        then given an array of as many rows.
    samples : Samples, optional
        Fewer of them, raw and in order of time.

    Raises
    ------
    ConfigError
        If this is no splitter, a fold is left without samples, a sample is tested
        twice by a splitter that knows no paths, or one of meta-labels by a splitter
        that does: each fold's own primary gives it another label.
    LeakError
        If labels of a fold's training and test samples share time.

    Examples
    --------
    >>> from barwise.datasets import PurgedKFold
    >>> from barwise.testing.toy_data import toy_container
    >>> plan = plan_folds(toy_container(), PurgedKFold(4, embargo=10))
    >>> len(plan), plan.paths.shape
    (4, (1, 1665))
    >>> plan.collisions()
    array([0, 0, 0, 0])
    """
    samples = development(data) if samples is None else samples
    own = isinstance(splitter, AbstractSplitter)
    if not hasattr(splitter, "split"):
        raise ConfigError(
            f"{splitter!r} splits nothing; hand over an object that does, such as "
            "PurgedKFold(5)"
        )
    given = splitter.split(samples if own else np.empty((len(samples), 0)))
    folds = tuple(given) if own else tuple(_checked(given, len(samples)))
    if not folds:
        raise ConfigError(f"{type(splitter).__name__} makes no fold of these samples")
    for number, (train, test) in enumerate(folds):
        if not len(train) or not len(test):
            raise ConfigError(
                f"fold {number + 1} of {len(folds)} has {len(train)} training and "
                f"{len(test)} test samples; take fewer folds or more data"
            )
    plan = FoldPlan(samples, folds, _paths(samples, folds, splitter))
    if data.frame.primary is not None and len(plan.paths) > 1:
        raise ConfigError(
            f"{type(splitter).__name__} tests every sample in several folds, whose "
            "primary models may give it several meta-labels, so that its paths cannot be "
            "compared; take purged, ordered or walk-forward folds"
        )
    plan.check()
    return plan


def _checked(given: Any, count: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for number, (train, test) in enumerate(given, 1):
        yield (
            _positions(train, count, f"training samples of fold {number}"),
            _positions(test, count, f"test samples of fold {number}"),
        )


def _positions(given: Any, count: int, what: str) -> np.ndarray:
    """Return positions among the samples, ascending, each once."""
    found = np.asarray(given)
    if not len(found):
        return np.zeros(0, np.int64)
    ordered = np.sort(found.ravel())
    whole = found.ndim == 1 and found.dtype.kind in "iu"
    inside = whole and ordered[0] >= 0 and ordered[-1] < count
    if not inside or (np.diff(ordered) == 0).any():
        raise ConfigError(
            f"the {what} must be positions among the {count} samples, each once, got "
            f"{found.dtype} {np.array2string(found, threshold=6, edgeitems=2)}; a "
            "splitter yields arrays of whole numbers, not masks"
        )
    return ordered.astype(np.int64)


def _paths(
    samples: Samples, folds: tuple[tuple[np.ndarray, np.ndarray], ...], splitter: Any
) -> np.ndarray:
    if isinstance(splitter, CombinatorialPurgedKFold):
        numbers = [np.full(len(test), k) for k, (_, test) in enumerate(folds)]
        return splitter.reconstruct(numbers, samples)
    path = np.full(len(samples), NO_FOLD)
    for number, (_, test) in enumerate(folds):
        if (path[test] != NO_FOLD).any():
            raise ConfigError(
                f"{type(splitter).__name__} tests a sample in fold {number + 1} that an "
                "earlier fold tested; only CombinatorialPurgedKFold knows which of "
                "them belong together"
            )
        path[test] = number
    return path[None]
