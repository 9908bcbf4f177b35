"""Scores of out-of-fold predictions: pooled, and one window at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from barwise.datasets import TimeSeriesDataContainer
from barwise.models.outputs import PredictionOutput
from barwise.trading.market import Market
from barwise.training.config import TrainerConfig
from barwise.training.evaluation import Evaluation, Examiner
from barwise.training.fitting import create_model
from barwise.training.out_of_fold import OutOfFold
from barwise.training.outcome import Outcome


@final
@dataclass(frozen=True, eq=False)
class PathScores:
    """One path's predictions, examined beside the baselines on the same rows."""

    examiner: Examiner
    output: PredictionOutput
    model: Evaluation
    baselines: Mapping[str, Evaluation]
    positions: np.ndarray


def score_folds(
    config: TrainerConfig,
    made: OutOfFold,
    blind: Mapping[str, OutOfFold],
    data: TimeSeriesDataContainer,
    market: Market | None = None,
) -> Outcome:
    """Score a model's out-of-fold predictions beside those of the baselines.

    Parameters
    ----------
    config : TrainerConfig
        Of the model.
    made : OutOfFold
    blind : mapping of str to OutOfFold
        Of the same folds.
    data : TimeSeriesDataContainer
        What was folded.
    market : Market, optional
        Where the pooled signals are traded, in one account.

    Returns
    -------
    Outcome
        Of all rows that a fold predicted, as a training's is of the validation part.
        With several paths scores and intervals are means over them, and predictions
        those of the paths' mean probability. ``facts["windows"]`` has the scores of
        each fold, or path where there are several.
    """
    paths = [_path(made, blind, data, market, k) for k in range(len(made.plan.paths))]
    first, model = paths[0], create_model(config, data.classes)
    evaluation = {
        "horizon": config.horizon,
        "model_name": config.model_name,
        **_mean([path.model.groups() for path in paths]),
        "training": {"epochs_trained": 0, "best_epoch": 0, "early_stopped": False},
        "baselines": {
            name: _mean([path.baselines[name].groups() for path in paths])
            for name in blind
        },
    }
    facts = {
        "evaluation": evaluation,
        "windows": list(_windows(made, blind, data, market, paths)),
        "training": {},
        "history": {},
        "importance": None,
        "effective_samples": first.examiner.effective_samples,
        "capital": None if market is None else market.account.capital,
        "configs": {
            "training": config.model_dump(mode="json", exclude={"output_dir", "model"}),
            "model": {
                "name": model.name,
                "family": model.model_family,
                **model.settings.model_dump(mode="json"),
            },
        },
    }
    return Outcome(_arrays(paths, data), facts, {})


def _path(
    made: OutOfFold,
    blind: Mapping[str, OutOfFold],
    data: TimeSeriesDataContainer,
    market: Market | None,
    path: int,
) -> PathScores:
    answered = np.flatnonzero(made.answered(path))
    examiner = Examiner(made.asked(data, path).take(answered), market)
    output = made.output(path).take(answered)
    guesses = {name: one.output(path).take(answered) for name, one in blind.items()}
    return PathScores(
        examiner,
        output,
        examiner.examine(output, guesses.get("prior")),
        {name: examiner.examine(guess) for name, guess in guesses.items()},
        answered,
    )


def _windows(
    made: OutOfFold,
    blind: Mapping[str, OutOfFold],
    data: TimeSeriesDataContainer,
    market: Market | None,
    paths: Sequence[PathScores],
) -> Iterator[dict[str, Any]]:
    """Yield each path where there are several, else each fold."""
    if len(paths) > 1:
        for number, one in enumerate(paths):
            yield _window(f"path {number + 1}", one, made)
        return
    for number, (train, test) in enumerate(made.plan.folds):
        name = f"fold {number + 1}"
        if made.folds[number] is None:
            yield {"name": name, "failed": True, "train_samples": len(train)}
            continue
        examiner = Examiner(made.asked(data).take(test), market)
        output = made.output().take(test)
        guesses = {key: one.output().take(test) for key, one in blind.items()}
        scores = PathScores(
            examiner,
            output,
            examiner.examine(output, guesses.get("prior")),
            {key: examiner.score(guess) for key, guess in guesses.items()},
            test,
        )
        yield _window(name, scores, made) | {"train_samples": len(train)}


def _window(name: str, scores: PathScores, made: OutOfFold) -> dict[str, Any]:
    samples = made.plan.samples
    return {
        "name": name,
        "failed": False,
        "first": int(samples.times[scores.positions[0]]),
        "last": int(samples.times[scores.positions[-1]]),
        "samples": len(scores.positions),
        "scored": int(scores.output.valid.sum()),
        "effective_samples": scores.examiner.effective_samples,
        **scores.model.groups(),
        "baselines": {name: one.groups() for name, one in scores.baselines.items()},
    }


def _arrays(
    paths: Sequence[PathScores], data: TimeSeriesDataContainer
) -> dict[str, np.ndarray]:
    times = data.frame.times[paths[0].examiner.asked.rows]
    each = [one.examiner.arrays(times, one.output, one.model) for one in paths]
    averaged = {"probabilities", "confidence", "equity", "daily_pnl"} & each[0].keys()
    return each[0] | {
        name: np.mean([arrays[name] for arrays in each], axis=0) for name in averaged
    }


def _mean(values: Sequence[Any]) -> Any:
    """Mean of equal trees of numbers, leaf by leaf; None where one is undefined.

    Counts stay whole numbers.
    """
    first = values[0]
    if isinstance(first, Mapping):
        return {key: _mean([value[key] for value in values]) for key in first}
    if isinstance(first, list | tuple):
        return [_mean(list(parts)) for parts in zip(*values, strict=True)]
    if all(value == first for value in values):
        return first
    if None in values:
        return None
    mean = float(np.mean(values))
    return round(mean) if isinstance(first, int) else mean
