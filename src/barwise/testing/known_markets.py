"""Markets whose truth is known, and what models make of them.

A simulated market has the edge it was given, zero included. Models are trained on it by
the pipeline's own steps, and judged beside the best baseline with intervals.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, final

import numpy as np

from barwise.bars.simulate import simulate_bars
from barwise.bars.stored import write_bars
from barwise.metrics import Interval, bootstrap_interval, score_intervals
from barwise.metrics.classification import touch_auc
from barwise.models.outputs import PredictionOutput
from barwise.pipeline import RunConfig
from barwise.pipeline.dataset import container_of
from barwise.pipeline.inputs import Inputs, prepare_inputs
from barwise.pipeline.steps import Steps
from barwise.pipeline.store import ObjectStore
from barwise.pipeline.trainers import trainer_config
from barwise.pipeline.training import market_of
from barwise.report.data import ModelResult
from barwise.report.verdict import read
from barwise.training import Outcome, Trainer, blind_guesses

_RESAMPLES = 300
"""Of the touch AUC, which needs its rows drawn and sorted each time."""


@final
@dataclass(frozen=True)
class Judgement:
    """What one model, or one baseline, made of a market.

    Parameters
    ----------
    name : str
        Registered name.
    macro_f1, touch_auc, sharpe : Interval
        On the validation part; the Sharpe ratio is after costs.
    over_baseline : Interval or None
        Macro-F1 less that of the best baseline, on the same rows; None for a baseline.
    baseline : str
        Which one is the best.
    log_loss, prior_log_loss : float
        Its own, and that of the class frequencies.
    claim : bool
        Whether the report would claim an edge if no deflation stood in the way.
    reading : str
        The report's sentence, under the same condition.
    """

    name: str
    macro_f1: Interval
    touch_auc: Interval
    sharpe: Interval
    over_baseline: Interval | None = None
    baseline: str = ""
    log_loss: float = math.nan
    prior_log_loss: float = math.nan
    claim: bool = False
    reading: str = ""


def known_market(
    folder: Path,
    *,
    signal: float,
    seed: int,
    days: int,
    horizon: int = 10,
    **settings: Any,
) -> Inputs:
    """Simulate a market and run the pipeline's steps up to its labels.

    Parameters
    ----------
    folder : Path
        For the bars and the stored steps.
    signal, seed, days
        As in :func:`barwise.bars.simulate.simulate`; the symbol is MES.
    horizon : int
        Bars until a label ends.
    **settings
        Further groups of :class:`barwise.pipeline.RunConfig`. By default features are
        ``neural_optimal`` and both barriers lie equally far away: with unequal ones
        volatility alone tells which side is touched more often, and a touch AUC of 0.5
        would not be what an efficient market gives.

    Examples
    --------
    >>> import tempfile
    >>> inputs = known_market(Path(tempfile.mkdtemp()), signal=0.0, seed=1, days=5)
    >>> inputs.bars.simulated, sorted(inputs.labels)
    (True, [10])
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "bars.parquet"
    write_bars(simulate_bars("MES", days=days, signal=signal, seed=seed), path)
    given = {
        "symbol": "MES",
        "data": {"path": path, "label": "close"},
        "features": {"set": "neural_optimal"},
        "labels": {"horizons": [horizon], "upper": 1.25, "lower": 1.25},
        "output": folder / "experiments",
    }
    config = RunConfig.model_validate(given | settings)
    return prepare_inputs(config, Steps(ObjectStore(folder / "store")), lambda _: None)


def with_shuffled_labels(inputs: Inputs, horizon: int, *, seed: int) -> Inputs:
    """Deal the training part's labels out anew; all that follows stays as it was."""
    rows = container_of(inputs, horizon).rows("train")
    old = inputs.labels[horizon]
    label = np.array(old.label)
    label[rows] = np.random.default_rng(seed).permutation(label[rows])
    changed = replace(old, label=label)
    return replace(inputs, labels={**inputs.labels, horizon: changed})


def judge(
    inputs: Inputs, models: Mapping[str, Mapping[str, Any]], *, level: float = 0.95
) -> list[Judgement]:
    """Train models and return what they, then the baselines, made of the market.

    Parameters
    ----------
    inputs : Inputs
        Of one horizon.
    models : mapping of str to mapping
        Settings by registered name, over the model's own defaults.
    level : float
        Confidence of the intervals of macro-F1 and touch AUC.
    """
    (horizon,) = inputs.labels
    data, market = container_of(inputs, horizon), market_of(inputs, horizon)
    blind = blind_guesses(data)
    config = inputs.config.replace(
        models=[{"name": name, "config": dict(own)} for name, own in models.items()]
    )
    made, scores = [], {}
    for choice in config.models:
        trainer = Trainer(trainer_config(config, choice, horizon), market=market)
        outcome = trainer.fit(data)
        made.append(_judged(outcome, blind, data.y_val, level))
        scores = outcome.facts["evaluation"]["baselines"]
    return made + [
        _of(name, output, scores[name], data.y_val, level)
        for name, output in blind.items()
    ]


def _judged(
    outcome: Outcome, blind: Mapping[str, PredictionOutput], y: np.ndarray, level: float
) -> Judgement:
    arrays, evaluation = outcome.arrays, outcome.facts["evaluation"]
    output = PredictionOutput(
        arrays["prediction"],
        arrays["probabilities"],
        arrays["confidence"],
        {},
        arrays["valid"],
    )
    differences = {
        name: score_intervals(
            y,
            output.class_probabilities,
            baseline=other.class_probabilities,
            block_length=evaluation["intervals"]["macro_f1"]["block_length"],
            predictions=output.class_predictions,
            baseline_predictions=other.class_predictions,
            level=level,
        )["macro_f1"]
        for name, other in blind.items()
    }
    # The best baseline on these rows is the one that the model beats least.
    best = min(differences, key=lambda name: differences[name].value)
    result = ModelResult(
        outcome.model_name,
        outcome.horizon,
        evaluation,
        {k: _interval(v) for k, v in evaluation["intervals"].items()},
        deflated_sharpe=1.0,
    )
    reading = read(result)
    return replace(
        _of(outcome.model_name, output, evaluation, y, level),
        over_baseline=differences[best],
        baseline=best,
        prior_log_loss=evaluation["baselines"]["prior"]["classification"]["log_loss"],
        claim=reading.claim,
        reading=reading.text,
    )


def _of(
    name: str,
    output: PredictionOutput,
    scores: Mapping[str, Any],
    y: np.ndarray,
    level: float,
) -> Judgement:
    p, valid = output.class_probabilities, output.valid
    block = scores["intervals"]["macro_f1"]["block_length"]
    return Judgement(
        name,
        score_intervals(
            y,
            p,
            block_length=block,
            predictions=output.class_predictions,
            level=level,
        )["macro_f1"],
        bootstrap_interval(
            lambda label, given: touch_auc(label, given),
            y[valid],
            p[valid],
            block_length=block,
            level=level,
            n_resamples=_RESAMPLES,
        ),
        _interval(scores["intervals"]["sharpe_ratio"]),
        log_loss=scores["classification"]["log_loss"],
    )


def _interval(stored: Mapping[str, Any]) -> Interval:
    known: dict[str, Any] = {
        name: math.nan if value is None else value for name, value in stored.items()
    }
    return Interval(**known)
