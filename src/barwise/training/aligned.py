"""Out-of-fold predictions of several models on the same rows, ready to be stacked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from barwise.core.errors import ConfigError, LeakError
from barwise.datasets import TimeSeriesDataContainer
from barwise.datasets.weights import training_weights
from barwise.training.fold_plan import FoldPlan, seen_outcomes
from barwise.training.out_of_fold import OutOfFold

NO_TIME = np.iinfo(np.int64).min
"""Stands where a fold has no training label on a side of a row."""


@final
@dataclass(frozen=True, eq=False)
class AlignedPredictions:
    """What several models said about the same samples, none of which they had seen.

    Every model has every row. Where one said nothing (its fold failed, a window that is
    not complete, no fold tests the row) its probabilities are NaN, never 0.

    Parameters
    ----------
    symbol : str
    horizon : int
        Bars until a label ends at the latest.
    splitter : str
        What cut the folds, in words.
    classes : tuple of int
        In the order of probability columns.
    rows : ndarray of int64, shape (n,)
        Bar of each decision, ascending: the matrix row of the data set.
    times, label_end_times : ndarray of int64, shape (n,)
        When each sample is decided and its label known, nanoseconds UTC.
    y : ndarray of int8, shape (n,)
        True classes.
    sample_weights : ndarray of float64, shape (n,)
        Label weight x uniqueness x decay, mean 1. They know the outcome: to train the
        next model with, never to score one.
    folds : tuple of (train, test)
        Positions among the samples, int64, ascending.
    paths : ndarray of int64, shape (n_paths, n)
        Fold that made each row's predictions on each path; -1 where none tests it.
    probabilities : mapping of str to ndarray of float64, shape (n_paths, n, class)
        By model.
    facts : mapping of str to JSON values
        By model: ``learned``, a SHA-256 a fold of all that was learned in it (None
        where it failed), ``failed``, why by the fold's number, and ``abstained``, rows
        of folds that did not fail and that it could not score.
    sides : ndarray of int8, shape (n,), or None
        Of meta-labels: the side of the trade that each judges, 0 where the primary of
        the row's fold trades nothing, so that the row is no sample and ``y`` says
        nothing.
    """

    symbol: str
    horizon: int
    splitter: str
    classes: tuple[int, ...]
    rows: np.ndarray
    times: np.ndarray
    label_end_times: np.ndarray
    y: np.ndarray
    sample_weights: np.ndarray
    folds: tuple[tuple[np.ndarray, np.ndarray], ...]
    paths: np.ndarray
    probabilities: Mapping[str, np.ndarray]
    facts: Mapping[str, Mapping[str, Any]]
    sides: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return (
            f"AlignedPredictions({self.symbol or 'no symbol'}, horizon {self.horizon}, "
            f"{', '.join(self.models)}: {int(self.complete[0].sum()):,} of "
            f"{len(self):,} samples predicted by all, {self.splitter})"
        )

    @property
    def models(self) -> tuple[str, ...]:
        """Names, in the order of :meth:`matrix`."""
        return tuple(self.probabilities)

    @property
    def complete(self) -> np.ndarray:
        """Bool (n_paths, n): rows about which every model said something."""
        every = [np.isfinite(p).all(axis=2) for p in self.probabilities.values()]
        return np.logical_and.reduce(every)

    @property
    def trained_until(self) -> np.ndarray:
        """Int64 (n_paths, n): end of the last label before the row that its fold saw.

        Nanoseconds UTC; :data:`NO_TIME` where the fold saw none before, or no fold
        tests the row.
        """
        return self._beside(self.label_end_times, self.times, before=True)

    @property
    def trained_from(self) -> np.ndarray:
        """Int64 (n_paths, n): start of the first label after the row's that it saw."""
        return self._beside(self.times, self.label_end_times, before=False)

    def matrix(self, path: int = 0) -> np.ndarray:
        """Return a path's probabilities side by side, float64 (n, models x classes)."""
        return np.hstack([p[path] for p in self.probabilities.values()])

    def check(self) -> None:
        """Prove again, from times and label ends, that no row was seen by its fold.

        Raises
        ------
        LeakError
            If a test label shares time with one of its fold's training labels.
        """
        for number, fold in enumerate(self.folds):
            seen = seen_outcomes(self.times, self.label_end_times, *fold)
            if seen.any():
                raise LeakError(
                    f"{int(seen.sum()):,} test samples of fold {number + 1} have a label "
                    "that shares time with a training label: the model has seen their "
                    "outcome; predict them anew with a splitter that purges"
                )

    def _beside(
        self, marks: np.ndarray, limits: np.ndarray, *, before: bool
    ) -> np.ndarray:
        """Return the training mark next to each row's limit, on one side of it."""
        found = np.full(self.paths.shape, NO_TIME)
        for number, (train, _) in enumerate(self.folds):
            known = np.sort(marks[train])
            path, row = np.nonzero(self.paths == number)
            if before:
                place = np.searchsorted(known, limits[row], side="left") - 1
            else:
                place = np.searchsorted(known, limits[row], side="right")
            there = (place >= 0) & (place < len(known))
            found[path[there], row[there]] = known[place[there]]
        return found


def align_out_of_fold(
    made: Mapping[str, OutOfFold],
    data: TimeSeriesDataContainer,
    *,
    splitter: str,
    failed: Mapping[str, Mapping[int, str]] | None = None,
) -> AlignedPredictions:
    """Put the out-of-fold predictions of several models on the same rows.

    Parameters
    ----------
    made : mapping of str to OutOfFold
        By model, all of the same folds of ``data``.
    data : TimeSeriesDataContainer
        What was folded.
    splitter : str
        What cut the folds, in words.
    failed : mapping, optional
        By model and number of the fold: why it failed.

    Raises
    ------
    ConfigError
        If there is no model, or two were folded differently.

    Examples
    --------
    >>> from barwise.datasets import PurgedKFold
    >>> from barwise.testing.toy_data import toy_container
    >>> from barwise.training import out_of_fold
    >>> data, folds = toy_container(), PurgedKFold(4, embargo=10)
    >>> names = ("logistic", "lightgbm")
    >>> made = {name: out_of_fold(name, data, folds) for name in names}
    >>> aligned = align_out_of_fold(made, data, splitter="4 purged folds")
    >>> aligned.matrix().shape, bool((aligned.trained_until < aligned.times).all())
    ((1665, 6), True)
    """
    if not made:
        raise ConfigError(
            "align_out_of_fold needs the predictions of one model or more, got none"
        )
    first, plan = next((name, one.plan) for name, one in made.items())
    for name, one in made.items():
        if not _same(one.plan, plan):
            raise ConfigError(
                f"{name} and {first} were folded differently, so that their rows do not "
                "belong together; give both the same data set and the same splitter"
            )
    rows, frame = plan.samples.index, data.frame
    why = failed or {}
    y, sides = _truth(list(made.values()))
    return AlignedPredictions(
        data.symbol,
        data.horizon,
        splitter,
        data.classes,
        rows,
        plan.samples.times,
        plan.samples.label_end_times,
        y,
        training_weights(
            frame.targets.weight[rows], frame.uniqueness[rows], data.settings.time_decay
        ),
        plan.folds,
        plan.paths,
        {name: one.paths for name, one in made.items()},
        {name: _facts(one, why.get(name, {})) for name, one in made.items()},
        sides,
    )


def _truth(made: list[OutOfFold]) -> tuple[np.ndarray, np.ndarray | None]:
    """Return classes and sides; a fold that failed for one model may have them of another."""
    y, sides = made[0].y.copy(), made[0].sides
    if sides is None:
        return y, None
    sides = sides.copy()
    for one in made[1:]:
        if one.sides is not None:
            unknown = sides == 0
            y[unknown], sides[unknown] = one.y[unknown], one.sides[unknown]
    return y, sides


def _same(one: FoldPlan, other: FoldPlan) -> bool:
    if one is other:
        return True
    mine, theirs = (
        [
            *(plan.samples.index, plan.samples.times, plan.samples.label_end_times),
            plan.paths,
            *(positions for fold in plan.folds for positions in fold),
        ]
        for plan in (one, other)
    )
    return len(mine) == len(theirs) and all(map(np.array_equal, mine, theirs))


def _facts(one: OutOfFold, failed: Mapping[int, str]) -> dict[str, Any]:
    answered = np.stack([one.answered(path) for path in range(len(one.plan.paths))])
    abstained = answered & ~np.isfinite(one.paths).all(axis=2)
    return {
        "learned": [None if fold is None else fold.learned for fold in one.folds],
        "failed": {str(number): text for number, text in failed.items()},
        "abstained": int(abstained.sum()),
    }
