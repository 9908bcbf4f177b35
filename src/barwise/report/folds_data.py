"""What a report says about folds, as plain frozen data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

Whisker = tuple[float, float, float]
"""A value with the ends of its interval; NaN where there is none."""


@final
@dataclass(frozen=True)
class FoldRow:
    """One fold, or path, of one model.

    Parameters
    ----------
    name : str
    first, last : int
        Times of its test samples, nanoseconds UTC; 0 where it failed.
    trained, tested : int or None
        Samples.
    macro_f1, sharpe : (float, float, float)
        Value and interval.
    best_f1, best_sharpe : float
        Of the best baseline on the same rows.
    failed : str
        Why it has no scores; empty where it has.
    """

    name: str
    first: int
    last: int
    trained: int | None
    tested: int | None
    macro_f1: Whisker
    sharpe: Whisker
    best_f1: float
    best_sharpe: float
    failed: str = ""


@final
@dataclass(frozen=True)
class SliceRow:
    """Some rows of one model's predictions: a regime, an hour.

    Parameters
    ----------
    group, name : str
    samples : int
    effective_samples : float
    macro_f1 : (float, float, float)
        Value and interval.
    over_prior : (float, float, float)
        Its distance to the prior-sampled baseline.
    best_baseline : float
        Macro-F1 of the best baseline on the same rows.
    """

    group: str
    name: str
    samples: int
    effective_samples: float
    macro_f1: Whisker
    over_prior: Whisker
    best_baseline: float


@final
@dataclass(frozen=True)
class FoldStudy:
    """The folds and slices of one model at one horizon."""

    name: str
    rows: Sequence[FoldRow]
    slices: Sequence[SliceRow]


@final
@dataclass(frozen=True, eq=False)
class Folds:
    """How samples were folded, and how each fold came out.

    Parameters
    ----------
    how : str
        In words.
    timelines : mapping of int to ndarray of uint8, shape (n_folds, n)
        By horizon, what each fold does with each sample, in order of time.
    studies : sequence of FoldStudy
    both_sides : bool
        Whether folds train on what comes after their test samples, too.
    """

    how: str
    timelines: Mapping[int, np.ndarray]
    studies: Sequence[FoldStudy]
    both_sides: bool = False
