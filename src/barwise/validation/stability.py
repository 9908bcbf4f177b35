"""Whether scores hold in every regime and at every hour, or only on average.

Each slice is scored beside the baselines on its own rows. Its interval comes from a
block bootstrap over those rows: five label lengths a block, counted in rows of the slice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from barwise.core.arrays import Index, Vector
from barwise.metrics import macro_f1
from barwise.models.outputs import PredictionOutput
from barwise.training.evaluation import Asked, Examiner
from barwise.training.fold_plan import NO_FOLD, FoldPlan

_FEWEST_ROWS = 50
REGIMES = ("calm", "normal", "volatile")


@final
@dataclass(frozen=True)
class Slice:
    """Scores of some of the rows.

    Parameters
    ----------
    group, name : str
        Such as ``"hour"`` and ``"09"``.
    samples : int
    effective_samples : float
        Sum of label uniqueness.
    macro_f1, log_loss, accuracy : float or None
    intervals : mapping
        Of the scores, and of ``macro_f1_over_prior``, ready for JSON.
    baselines : mapping of str to float or None
        Macro-F1 of each baseline on the same rows.
    """

    group: str
    name: str
    samples: int
    effective_samples: float
    macro_f1: float | None
    log_loss: float | None
    accuracy: float | None
    intervals: Mapping[str, Any]
    baselines: Mapping[str, float | None]


def slices(
    asked: Asked,
    output: PredictionOutput,
    guesses: Mapping[str, PredictionOutput],
    group: str,
    names: Sequence[str],
    codes: Index,
) -> Iterator[Slice]:
    """Yield the scores of every slice that has rows enough.

    Parameters
    ----------
    asked : Asked
        All rows.
    output, guesses
        Predictions of the model, and of each baseline, of these rows.
    group : str
        What the rows are cut by.
    names : sequence of str
        Of the slices.
    codes : ndarray of int, shape (n,)
        Slice of each row; another number than those of the names is none.
    """
    for code, name in enumerate(names):
        rows = np.flatnonzero(codes == code)
        if np.count_nonzero(output.valid[rows]) < _FEWEST_ROWS:
            continue
        examiner = Examiner(asked.take(rows))
        blind = {key: one.take(rows) for key, one in guesses.items()}
        found = examiner.examine(output.take(rows), blind.get("prior"))
        scores = found.classification
        yield Slice(
            group,
            name,
            len(rows),
            examiner.effective_samples,
            scores["macro_f1"],
            scores["log_loss"],
            scores["accuracy"],
            found.intervals,
            {
                key: macro_f1(
                    examiner.asked.y,
                    one.class_probabilities,
                    classes=asked.classes,
                    predictions=one.class_predictions,
                )
                for key, one in blind.items()
            },
        )


def volatility_regimes(plan: FoldPlan, volatility: Vector, path: int = 0) -> Index:
    """Return the volatility regime of each sample, by limits of its own fold's training.

    Parameters
    ----------
    plan : FoldPlan
    volatility : ndarray of float, shape (n,)
        Of each sample, known at its time.
    path : int
        Path of a combinatorial splitter.

    Returns
    -------
    ndarray of int64, shape (n,)
        0 calm, 1 normal, 2 volatile: thirds of the training samples of the fold that
        tests the sample; -1 where no fold does, or the volatility is missing.

    Examples
    --------
    >>> from barwise.datasets import PurgedKFold
    >>> from barwise.testing.toy_data import toy_container
    >>> from barwise.training import plan_folds
    >>> plan = plan_folds(toy_container(600), PurgedKFold(3, embargo=10))
    >>> regimes = volatility_regimes(plan, np.arange(475.0))
    >>> [np.unique(regimes[test]).tolist() for _, test in plan.folds]
    [[0], [1], [2]]
    """
    found = np.full(len(volatility), NO_FOLD)
    shares = np.arange(1, len(REGIMES)) / len(REGIMES)
    for number, (train, _) in enumerate(plan.folds):
        limits = np.nanquantile(volatility[train], shares)
        mine = plan.paths[path] == number
        found[mine] = np.searchsorted(limits, volatility[mine], side="right")
    found[np.isnan(volatility)] = NO_FOLD
    return found
