"""Folds as stored steps: each model's predictions of each fold, computed once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from barwise.core.hashing import hash_arrays
from barwise.datasets import TimeSeriesDataContainer, fold_data
from barwise.pipeline.inputs import Inputs
from barwise.pipeline.steps import Step, Steps, source_version
from barwise.pipeline.store import Content
from barwise.pipeline.stored_tasks import Failure, Made, run_stored, timed
from barwise.training import TrainerConfig
from barwise.training.evaluation import BASELINES
from barwise.training.fold_plan import FoldPlan
from barwise.training.out_of_fold import (
    FoldPrediction,
    OutOfFold,
    assemble,
    guess_fold,
    predict_fold,
)

_CODE = (
    "barwise.core",
    "barwise.metrics",
    "barwise.datasets",
    "barwise.models",
    "barwise.training",
    "barwise.defaults",
    "barwise.pipeline.column_learner",
    "barwise.pipeline.candidates",
    "barwise.pipeline.dataset",
    "barwise.pipeline.fold_steps",
    "barwise.pipeline.primary",
)
_MODEL = "model"

FEWEST_SCORED = 0.5
"""Share of a fold's rows that must be scored, or it counts as failed."""


@final
@dataclass(frozen=True, eq=False)
class FoldJob:
    """One fold of one model, or of all baselines.

    Parameters
    ----------
    trainer : TrainerConfig or None
        None for the baselines.
    horizon, fold : int
    step : Step
        Its identity in the store.
    """

    trainer: TrainerConfig | None
    horizon: int
    fold: int
    step: Step


Predictions = dict[str, FoldPrediction]
Folded = tuple[TimeSeriesDataContainer, FoldPlan]


def fold_jobs(
    inputs: Inputs, trainer: TrainerConfig | None, horizon: int, plan: FoldPlan
) -> list[FoldJob]:
    """Return one job a fold; rows decide what a fold is, not who cut them."""
    config = inputs.config
    settings: dict[str, Any] = {
        "scaling": config.scaling.model_dump(mode="json"),
        "prune_correlated": config.features.prune_correlated,
        "labels": config.labels.model_dump(mode="json", exclude={"horizons"}),
        "horizon": horizon,
    }
    if trainer is not None:
        settings["trainer"] = trainer.model_dump(mode="json", exclude={"output_dir"})
        settings["set"] = sorted(trainer.model_fields_set)
    name = "baselines" if trainer is None else trainer.model_name
    jobs = []
    for fold in range(len(plan)):
        train, test = plan.rows(fold)
        rows = hash_arrays({"train": train, "test": test})
        step = Step(
            f"fold-{name}-{horizon}",
            source_version(*_CODE),
            settings | {"rows": rows},
            dict(inputs.addresses),
        )
        jobs.append(FoldJob(trainer, horizon, fold, step))
    return jobs


def run_folds(
    jobs: list[FoldJob],
    folded: dict[int, Folded],
    steps: Steps,
    *,
    processes: int,
    tell: Callable[[str, float, float], None],
) -> dict[str, Predictions | Failure]:
    """Return what each job came to, by the key of its step.

    Finished folds are found in the store. The others are computed, in processes if
    wanted, and stored by this one as they end.
    """
    tasks = [(job.step, _task(job, folded[job.horizon])) for job in jobs]
    found = run_stored(compute_fold, tasks, steps, processes=processes, tell=tell)
    return {
        key: made if isinstance(made, Failure) else _read(made)
        for key, made in found.items()
    }


def out_of_folds(
    jobs: Iterable[FoldJob], found: dict[str, Predictions | Failure], folded: Folded
) -> tuple[dict[str, OutOfFold], dict[int, str]]:
    """Put the folds of one model, or of all baselines, together.

    Returns
    -------
    made : dict of str to OutOfFold
        By name of the baseline; a model stands under ``"model"``.
    failed : dict of int to str
        Why a fold failed, by its number.
    """
    data, plan = folded
    results = [_enough(found[job.step.key]) for job in jobs]
    failed = {k: r.text for k, r in enumerate(results) if isinstance(r, Failure)}
    names = next((list(r) for r in results if not isinstance(r, Failure)), [])
    made = {
        name: assemble(
            plan,
            data,
            [None if isinstance(r, Failure) else r[name] for r in results],
        )
        for name in names
    }
    return made, failed


def _enough(made: Predictions | Failure) -> Predictions | Failure:
    """Count a model's fold as failed that could score too few of its rows."""
    if isinstance(made, Failure) or _MODEL not in made:
        return made
    scored = made[_MODEL].scored
    if scored >= FEWEST_SCORED:
        return made
    return Failure(f"only {scored:.0%} of its rows could be scored")


def compute_fold(
    trainer: TrainerConfig | None,
    data: TimeSeriesDataContainer,
    train: np.ndarray,
    test: np.ndarray,
) -> Made | Failure:
    """Compute a fold, in whatever process; a fold that fails says why."""

    def compute() -> Content:
        fold = fold_data(data, train, test)
        if trainer is None:
            return _packed(guess_fold(fold))
        return _packed({_MODEL: predict_fold(trainer, fold)})

    return timed(compute)


def _task(job: FoldJob, folded: Folded) -> tuple[Any, ...]:
    data, plan = folded
    return (job.trainer, data, *plan.rows(job.fold))


def _packed(predictions: Predictions) -> Content:
    arrays, facts = {}, {}
    for name, one in predictions.items():
        arrays[f"{name}.probabilities"] = one.probabilities
        arrays[f"{name}.predictions"] = one.predictions
        arrays[f"{name}.class_returns"] = one.class_returns
        if one.y is not None and one.sides is not None:
            arrays[f"{name}.y"], arrays[f"{name}.sides"] = one.y, one.sides
        facts[name] = {"learned": one.learned}
    return Content(arrays, facts)


def _read(content: Content) -> Predictions:
    return {
        name: FoldPrediction(
            np.array(content.arrays[f"{name}.probabilities"]),
            np.array(content.arrays[f"{name}.predictions"]),
            np.array(content.arrays[f"{name}.class_returns"]),
            facts["learned"],
            *_of_primary(content, name),
        )
        # Not the order of the keys of the facts: JSON does not keep one.
        for name in (*BASELINES, _MODEL)
        if (facts := content.value.get(name)) is not None
    }


def _of_primary(content: Content, name: str) -> list[np.ndarray | None]:
    found = [content.arrays.get(f"{name}.{part}") for part in ("y", "sides")]
    return [None if array is None else np.array(array) for array in found]
