"""Folds as stored steps: each model's predictions of each fold, computed once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from barwise.core import clock
from barwise.core.hashing import hash_arrays
from barwise.datasets import TimeSeriesDataContainer, fold_data
from barwise.pipeline.executors import run_tasks
from barwise.pipeline.inputs import Inputs
from barwise.pipeline.steps import Step, Steps, source_version
from barwise.pipeline.store import Content
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
    "barwise.pipeline.dataset",
    "barwise.pipeline.fold_steps",
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


@final
@dataclass(frozen=True, eq=False)
class Failure:
    """Why a fold has no predictions."""

    text: str


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
    found: dict[str, Predictions | Failure] = {}
    missing = []
    for job in jobs:
        address = steps.find(job.step)
        if address is None:
            missing.append(job)
        else:
            found[job.step.key] = _read(steps.store.get(address))
    total, done = len(jobs), len(found)
    tasks = [_task(job, folded[job.horizon]) for job in missing]
    tell(f"{total} folds, {done} of them done before", done, total)
    for number, made in run_tasks(compute_fold, tasks, jobs=processes):
        job, done = missing[number], done + 1
        kept = made if isinstance(made, Failure) else _keep(job, made, steps)
        found[job.step.key] = kept
        tell(f"folds: {done} of {total}", done, total)
    return found


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
) -> tuple[Predictions, float] | Failure:
    """Compute a fold, in whatever process; a fold that fails says why."""
    begun = clock.seconds()
    try:
        fold = fold_data(data, train, test)
        made = (
            guess_fold(fold)
            if trainer is None
            else {_MODEL: predict_fold(trainer, fold)}
        )
    except Exception as problem:  # noqa: BLE001 - one fold must not end the others
        return Failure(f"{type(problem).__name__}: {problem}")
    return made, clock.seconds() - begun


def _task(job: FoldJob, folded: Folded) -> tuple[Any, ...]:
    data, plan = folded
    return (job.trainer, data, *plan.rows(job.fold))


def _keep(job: FoldJob, made: tuple[Predictions, float], steps: Steps) -> Predictions:
    """Store a fold and return it as it is read back."""
    predictions, seconds = made
    arrays, facts = {}, {}
    for name, one in predictions.items():
        arrays[f"{name}.probabilities"] = one.probabilities
        arrays[f"{name}.predictions"] = one.predictions
        arrays[f"{name}.class_returns"] = one.class_returns
        facts[name] = {"learned": one.learned}
    content = Content(arrays, facts)
    return _read(
        steps.run(job.step, lambda: content, volatile={"seconds": seconds}).content
    )


def _read(content: Content) -> Predictions:
    return {
        name: FoldPrediction(
            np.array(content.arrays[f"{name}.probabilities"]),
            np.array(content.arrays[f"{name}.predictions"]),
            np.array(content.arrays[f"{name}.class_returns"]),
            facts["learned"],
        )
        # Not the order of the keys of the facts: JSON does not keep one.
        for name in (*BASELINES, _MODEL)
        if (facts := content.value.get(name)) is not None
    }
