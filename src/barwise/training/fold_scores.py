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
from barwise.training.evaluation import Asked, Evaluation, Examiner
from barwise.training.fitting import create_model
from barwise.training.out_of_fold import OutOfFold
from barwise.training.outcome import Outcome


@final
class BlindScores:
    """Scores of the baselines, made once for all models that are asked the same rows.

    Parameters
    ----------
    guesses : mapping of str to OutOfFold
        By baseline, of the same folds as the models.
    market : Market, optional
    """

    def __init__(
        self, guesses: Mapping[str, OutOfFold], market: Market | None = None
    ) -> None:
        self.guesses = guesses
        self.market = market
        self._outputs: dict[tuple[str, int], PredictionOutput] = {}
        self._scores: dict[tuple[int, bytes, bool], dict[str, Evaluation]] = {}

    def output(self, name: str, path: int, positions: np.ndarray) -> PredictionOutput:
        """Return what a baseline says of some samples on a path."""
        if (name, path) not in self._outputs:
            self._outputs[name, path] = self.guesses[name].output(path)
        return self._outputs[name, path].take(positions)

    def scores(
        self, examiner: Examiner, path: int, positions: np.ndarray, *, intervals: bool
    ) -> dict[str, Evaluation]:
        """Return the scores of every baseline on some samples of a path."""
        key = (path, positions.tobytes(), intervals)
        if key not in self._scores:
            judge = examiner.examine if intervals else examiner.score
            self._scores[key] = {
                name: judge(self.output(name, path, positions)) for name in self.guesses
            }
        return self._scores[key]


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
    blind: BlindScores,
    data: TimeSeriesDataContainer,
) -> Outcome:
    """Score a model's out-of-fold predictions beside those of the baselines.

    Parameters
    ----------
    config : TrainerConfig
        Of the model.
    made : OutOfFold
    blind : BlindScores
        The baselines of the same folds, and the market where pooled signals are traded.
    data : TimeSeriesDataContainer
        What was folded.

    Returns
    -------
    Outcome
        Of all rows that a fold predicted, as a training's is of the validation part.
        With several paths scores and intervals are means over them, and predictions
        those of the paths' mean probability. ``facts["windows"]`` has the scores of
        each fold, or path where there are several.
    """
    market = blind.market
    paths = [_path(made, blind, data, k) for k in range(len(made.plan.paths))]
    first, model = paths[0], create_model(config, data.classes)
    evaluation = {
        "horizon": config.horizon,
        "model_name": config.model_name,
        **_mean([path.model.groups() for path in paths]),
        "training": {"epochs_trained": 0, "best_epoch": 0, "early_stopped": False},
        "baselines": {
            name: _mean([path.baselines[name].groups() for path in paths])
            for name in blind.guesses
        },
    }
    facts = {
        "evaluation": evaluation,
        "windows": list(_windows(made, blind, data, paths)),
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
    made: OutOfFold, blind: BlindScores, data: TimeSeriesDataContainer, path: int
) -> PathScores:
    answered = np.flatnonzero(made.answered(path))
    return _examined(made.output(path), made.asked(data, path), blind, path, answered)


def _examined(
    output: PredictionOutput,
    asked: Asked,
    blind: BlindScores,
    path: int,
    positions: np.ndarray,
    *,
    whole: bool = True,
) -> PathScores:
    examiner = Examiner(asked.take(positions), blind.market)
    own = output.take(positions)
    prior = blind.output("prior", path, positions) if "prior" in blind.guesses else None
    others = blind.scores(examiner, path, positions, intervals=whole)
    model = examiner.examine(own, prior)
    return PathScores(
        examiner, own, model.beside(others) if whole else model, others, positions
    )


def _windows(
    made: OutOfFold,
    blind: BlindScores,
    data: TimeSeriesDataContainer,
    paths: Sequence[PathScores],
) -> Iterator[dict[str, Any]]:
    """Yield each path where there are several, else each fold."""
    if len(paths) > 1:
        for number, one in enumerate(paths):
            yield _window(f"path {number + 1}", one, made)
        return
    output, asked, answered = made.output(), made.asked(data), made.answered()
    for number, (train, test) in enumerate(made.plan.folds):
        name = f"fold {number + 1}"
        if made.folds[number] is None:
            yield {"name": name, "failed": True, "train_samples": len(train)}
            continue
        mine = test[answered[test]]
        scores = _examined(output, asked, blind, 0, mine, whole=False)
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
