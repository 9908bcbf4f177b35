"""One surrogate through everything: the user's configuration, its ledger, its verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from barwise.metrics import json_number
from barwise.pipeline.barrier_tuning import tune_barriers
from barwise.pipeline.choices import store_folder
from barwise.pipeline.config import RunConfig
from barwise.pipeline.fold_run import judge_folds
from barwise.pipeline.folding import Folding
from barwise.pipeline.inputs import Inputs
from barwise.pipeline.journey import train_all
from barwise.pipeline.power_foresight import foresight
from barwise.pipeline.power_plan import Judging
from barwise.pipeline.reporting import intervals_of
from barwise.pipeline.steps import Steps
from barwise.pipeline.store import ObjectStore
from barwise.pipeline.surrogates import Drawn
from barwise.pipeline.trials import TrialBook
from barwise.report import ModelResult
from barwise.report.verdict import read
from barwise.training import Outcome
from barwise.validation.deflation import Deflation


def judge_surrogate(judging: Judging, drawn: Drawn) -> dict[str, Any]:
    """Run a configuration on a surrogate and return what it would claim.

    Returns
    -------
    dict
        ``results``, one for each model and horizon, and ``foresight``: by horizon, the
        Sharpe ratio of one who knows the planted edge.
    """
    config, horizons = drawn.config, judging.horizons
    if judging.tune:
        config, horizons = _tuned(config, judging)
    steps = Steps(ObjectStore(store_folder(config)))
    inputs, outcomes, book = _judge(config, judging.folding, horizons, steps)
    deflations = book.deflations(outcomes)
    found = {
        "trials": len(book.trials()),
        "results": [
            _reading(outcome, deflation)
            for outcome, deflation in zip(outcomes, deflations, strict=True)
        ],
    }
    if drawn.planted:
        leans = drawn.leans_at(inputs.bars.time) * inputs.sample_mask
        sharpes = foresight(config, inputs.bars, inputs.width, leans, horizons)
        found["foresight"] = {str(h): json_number(v) for h, v in sharpes.items()}
    return found


def _tuned(config: RunConfig, judging: Judging) -> tuple[RunConfig, tuple[int, ...]]:
    best = tune_barriers(config, trials=judging.tune).best
    if best is None:
        return config, judging.horizons
    choice = best[0]
    chosen = {
        "upper": choice.upper,
        "lower": choice.lower,
        "horizons": (choice.horizon,),
    }
    labels = config.labels.model_dump() | chosen
    return config.replace(labels=labels), (choice.horizon,)


def _judge(
    config: RunConfig,
    folding: Folding | None,
    horizons: Sequence[int],
    steps: Steps,
) -> tuple[Inputs, list[Outcome], TrialBook]:
    if folding is None:
        inputs, _, outcomes, _, book = train_all(config, horizons, steps, _untold)
        return inputs, outcomes, book
    inputs, _, judged, _, book = judge_folds(
        config, folding, horizons, steps, 1, _untold
    )
    return inputs, [one.outcome for one in judged], book


def _reading(outcome: Outcome, deflation: Deflation | None) -> dict[str, Any]:
    """What the report would say of an outcome, step by step."""
    evaluation: Mapping[str, Any] = outcome.facts["evaluation"]
    deflated = math.nan if deflation is None else deflation.deflated
    result = ModelResult(
        outcome.model_name,
        outcome.horizon,
        evaluation,
        intervals_of(evaluation),
        deflated_sharpe=deflated,
    )
    interval = result.intervals.get("sharpe_ratio")
    verdict = read(result)
    return {
        "model": outcome.model_name,
        "horizon": outcome.horizon,
        "sharpe": evaluation["trading"].get("sharpe_ratio"),
        "sharpe_lower": None if interval is None else json_number(interval.lower),
        "sharpe_upper": None if interval is None else json_number(interval.upper),
        "probabilistic": None
        if deflation is None
        else json_number(deflation.probabilistic),
        "deflated": json_number(deflated),
        "trades": evaluation["trading"].get("num_trades"),
        "positive": interval is not None and bool(interval.lower > 0),
        "claim_undeflated": read(replace(result, deflated_sharpe=1.0)).claim,
        "claim": verdict.claim,
        "says": verdict.text,
    }


def _untold(text: str, done: float, total: float) -> None:
    del text, done, total
