"""What the report says about folds, and the regimes and hours that scores are cut by."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from barwise.bars.calendars import get_calendar
from barwise.datasets import TimeSeriesDataContainer
from barwise.features.local_time import local_hours
from barwise.pipeline.folding import Folding
from barwise.pipeline.inputs import Inputs
from barwise.report.folds_data import FoldRow, Folds, FoldStudy, SliceRow, Whisker
from barwise.training.fold_scores import BlindScores
from barwise.training.out_of_fold import OutOfFold
from barwise.validation.stability import REGIMES, Slice, slices, volatility_regimes

if TYPE_CHECKING:
    from barwise.pipeline.fold_run import Judged
    from barwise.pipeline.fold_steps import Folded

_NOTHING = (math.nan, math.nan, math.nan)
_HOURS = tuple(f"{hour:02d}" for hour in range(24))


def slices_of(
    inputs: Inputs,
    data: TimeSeriesDataContainer,
    made: OutOfFold,
    blind: BlindScores,
) -> Iterator[Slice]:
    """Yield the scores of each volatility regime and each hour of the exchange's day.

    Volatility is the width of the barriers over the close, known at each decision; its
    regimes have limits of the training samples of each row's own fold.
    """
    rows = made.plan.samples.index
    kept = np.flatnonzero(made.answered())
    asked, output = made.asked(data).take(kept), made.output().take(kept)
    guesses = {name: blind.output(name, 0, kept) for name in blind.guesses}
    volatility = inputs.width[rows] / inputs.bars.close[rows]
    zone = get_calendar(inputs.instrument.calendar).timezone
    hours = local_hours(made.plan.samples.times, zone).astype(np.int64)
    for group, names, codes in (
        ("volatility", REGIMES, volatility_regimes(made.plan, volatility)),
        (f"hour ({zone})", _HOURS, hours),
    ):
        yield from slices(asked, output, guesses, group, names, codes[kept])


def folds_of(
    folding: Folding,
    folded: Mapping[int, Folded],
    judged: Sequence[Judged],
    purge: int,
) -> Folds:
    """Return what the report says about folds."""
    timelines = {
        horizon: np.array(
            [fold.roles for fold in folding.splitter(purge).folds(plan.samples)]
        )
        for horizon, (_, plan) in folded.items()
    }
    both_sides = folding.kind in ("purged", "combinatorial")
    return Folds(str(folding), timelines, [_study(one) for one in judged], both_sides)


def _study(one: Judged) -> FoldStudy:
    outcome = one.outcome
    rows = [
        _fold_row(window, one.failed.get(number, ""))
        for number, window in enumerate(outcome.facts["windows"])
    ]
    cut = [_slice_row(each) for each in one.slices]
    return FoldStudy(f"{outcome.model_name} · {outcome.horizon} bars", rows, cut)


def _fold_row(window: Mapping[str, Any], why: str) -> FoldRow:
    name, trained = window["name"], window.get("train_samples")
    if window["failed"]:
        missing = (_NOTHING, _NOTHING, math.nan, math.nan)
        return FoldRow(name, 0, 0, trained, None, *missing, failed=why)
    intervals, others = window["intervals"], window["baselines"].values()
    return FoldRow(
        name,
        window["first"],
        window["last"],
        trained,
        window["samples"],
        _whisker(intervals.get("macro_f1")),
        _whisker(intervals.get("sharpe_ratio")),
        _best(one["classification"].get("macro_f1") for one in others),
        _best(one["trading"].get("sharpe_ratio") for one in others),
    )


def _slice_row(one: Slice) -> SliceRow:
    return SliceRow(
        one.group,
        one.name,
        one.samples,
        one.effective_samples,
        _whisker(one.intervals.get("macro_f1")),
        _whisker(one.intervals.get("macro_f1_over_prior")),
        _best(iter(one.baselines.values())),
    )


def _whisker(interval: Mapping[str, Any] | None) -> Whisker:
    if interval is None:
        return _NOTHING
    ends = [interval[key] for key in ("value", "lower", "upper")]
    value, low, high = (math.nan if end is None else float(end) for end in ends)
    return value, low, high


def _best(values: Iterator[float | None]) -> float:
    return max((v for v in values if v is not None), default=math.nan)
