"""What may be claimed: plain sentences that follow from the intervals.

A claim is about money. An edge is claimed only when, after costs, the whole interval of
the Sharpe ratio lies above zero, the ratio is above that of every baseline, the whole
interval of the appraisal ratio over each of them lies above zero, the Sharpe ratio
survives deflation for all trials, and no leak audit of the very configuration found a
leak. How well classes are told is said beside it: an edge that shows in few bars hardly
moves macro-F1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from barwise.report.data import Evidence, ModelResult, Report
from barwise.report.formats import decimal, known, number, ratio

_SURVIVES = 0.95
_BINARY = 2


@final
@dataclass(frozen=True)
class Reading:
    """What one model's numbers allow to say."""

    claim: bool
    text: str


@final
@dataclass(frozen=True)
class Baseline:
    """The best baseline by one metric; value NaN when there is none."""

    name: str
    value: float


def best_baseline(result: ModelResult, group: str, key: str) -> Baseline:
    """Return the baseline with the highest value of a metric."""
    found = [
        Baseline(name, number(metrics, group, key))
        for name, metrics in (result.metrics.get("baselines") or {}).items()
    ]
    usable = [b for b in found if math.isfinite(b.value)]
    return max(usable, key=lambda b: b.value, default=Baseline("none", math.nan))


def read(result: ModelResult) -> Reading:
    """Say in one sentence what a result shows.

    Parameters
    ----------
    result : ModelResult
        One model at one horizon.

    Returns
    -------
    Reading
        ``claim`` is True only when every condition of this file holds.

    Examples
    --------
    >>> from barwise.metrics import Interval
    >>> from barwise.report.data import ModelResult
    >>> wide = Interval(0.8, -0.4, 2.0, level=0.95, block_length=5, n_resamples=999)
    >>> metrics = {"trading": {"sharpe_ratio": 0.8}}
    >>> read(ModelResult("lstm", 20, metrics, {"sharpe_ratio": wide})).text
    'No edge is claimed: the interval of the Sharpe ratio includes zero.'
    """
    if result.leaks:
        return Reading(
            False,
            "No edge is claimed: the leak audit of this very configuration, data and "
            "code found a leak.",
        )
    against = _against_zero(result) or _against_baselines(result)
    if against:
        return Reading(False, against)
    return _after_deflation(result)


def _against_zero(result: ModelResult) -> str | None:
    sharpe = result.intervals.get("sharpe_ratio")
    if sharpe is None or not known(sharpe):
        return "No edge is claimed: the Sharpe ratio has no interval."
    if sharpe.upper < 0:
        return "It loses money after costs: the whole interval of the Sharpe ratio is below zero."
    if sharpe.lower <= 0:
        return "No edge is claimed: the interval of the Sharpe ratio includes zero."
    return None


def _against_baselines(result: ModelResult) -> str | None:
    names = list(result.metrics.get("baselines") or {})
    if not names:
        return "No edge is claimed: there is no baseline to compare with."
    own = number(result.metrics, "trading", "sharpe_ratio")
    best = best_baseline(result, "trading", "sharpe_ratio")
    # A baseline that never traded has no Sharpe ratio, and earned nothing.
    if math.isfinite(best.value) and not own > best.value:
        return (
            f"No edge is claimed: the baseline {best.name} has a Sharpe ratio of "
            f"{ratio(best.value)} on the same days."
        )
    for name in names:
        over = result.intervals.get(f"appraisal_over_{name}")
        if over is None or not known(over):
            return (
                f"No edge is claimed: its days were not compared with those of the "
                f"baseline {name}."
            )
        if over.lower <= 0:
            return (
                f"No edge is claimed: what the baseline {name} does not explain of the "
                "daily results is not told from zero."
            )
    return None


def _after_deflation(result: ModelResult) -> Reading:
    deflated = result.deflated_sharpe
    if deflated is None or math.isnan(deflated):
        return Reading(
            False,
            "No edge is claimed: it beats the baselines, but the Sharpe ratio was not "
            "deflated for the trials that were made.",
        )
    if deflated < _SURVIVES:
        return Reading(
            False,
            "No edge is claimed: after deflation for all trials the Sharpe ratio is "
            f"above zero with probability {decimal(deflated)}, below {_SURVIVES}.",
        )
    return Reading(
        True,
        "An edge is shown on this data: after costs the whole interval of the Sharpe "
        "ratio lies above zero, no baseline has as much or explains it, and it survives "
        "deflation." + _of_classes(result),
    )


def _of_classes(result: ModelResult) -> str:
    """Say where a claim is in spite of classes that a baseline tells as well."""
    interval = result.intervals.get("macro_f1")
    best = best_baseline(result, "classification", "macro_f1")
    if interval is None or not known(interval) or not interval.lower <= best.value:
        return ""
    return (
        f" The classes are not told better than {best.name} tells them (macro-F1 "
        f"{decimal(interval.value)} beside {decimal(best.value)}): what is shown lies in "
        "the trades that were chosen."
    )


def headline(report: Report) -> str:
    """Return the first sentence of the report."""
    total = len(report.results)
    if not total:
        return "No model was scored: there is nothing to claim."
    claimed = [result for result in report.results if read(result).claim]
    if report.simulated:
        return "Simulated bars: nothing here says anything about a market."
    if not claimed:
        many = "the one model scored" if total == 1 else f"any of the {total} results"
        return f"No edge is claimed for {many}."
    names = ", ".join(result.name for result in claimed)
    return f"An edge is shown for {len(claimed)} of {total} results: {names}."


def shown(report: Report) -> list[str]:
    """Return what the numbers do show, one sentence each."""
    level = f"{report.interval_level:.0%}"
    lines = [
        f"Scores are of {report.scored_on}.",
        "Trading figures are after commission and slippage, for one position at a time.",
        f"Brackets hold {level} intervals ({report.interval_method}); a score without "
        "one supports no claim.",
    ]
    if report.chosen_horizon is not None:
        lines.append(
            f"The horizon of {report.chosen_horizon} bars was named beforehand; the "
            "others are beside it for comparison."
        )
    return lines + looks(report.evidence)


def remark(results: Sequence[ModelResult]) -> str:
    """Say which macro-F1 is reached without any edge, for as many classes."""
    if _classes(results) == _BINARY:
        return (
            "Of two classes a coin has a macro-F1 of about 0.5; only the distance to the "
            "baselines, after costs, counts."
        )
    return (
        "A driftless walk with the volatility of a trading day reaches a macro-F1 of "
        "about 0.4 at short horizons from the time of day alone; only the distance to "
        "the baselines, after costs, counts."
    )


def _classes(results: Sequence[ModelResult]) -> int:
    scores = (one.metrics.get("classification") or {} for one in results)
    return max((len(each.get("per_class_f1") or {}) for each in scores), default=0)


def looks(evidence: Evidence | None) -> list[str]:
    """Return how often the data were looked at, one sentence each."""
    if evidence is None:
        return [
            "No trial ledger was given: how often this data was tried is not known."
        ]
    openings = evidence.test_openings
    opened = {0: "never opened", 1: "opened once", 2: "opened twice"}
    tried = (
        "One configuration was tried on this data"
        if evidence.trials == 1
        else f"{evidence.trials:,} configurations were tried on this data, about "
        f"{evidence.effective_trials:,.0f} of them independent"
    )
    lines = [
        f"{tried}; the sealed test part was "
        f"{opened.get(openings, f'opened {openings} times')}."
    ]
    if evidence.overfitting_probability is not None:
        lines.append(
            "Probability that the best of them is overfitted: "
            f"{evidence.overfitting_probability:.0%}."
        )
    if evidence.power:
        lines.append(evidence.power)
    return lines


def not_shown(report: Report) -> list[str]:
    """Return what a reader must not conclude, one sentence each."""
    total = len(report.results)
    binary = _classes(report.results) == _BINARY
    lines = [
        "The past of one market: no figure here promises a future one.",
        "Fills follow the stated execution rule; queues, outages and the effect of "
        "one's own orders on the price are not in it.",
        f"Macro-F1 above one {'half' if binary else 'third'} is no edge by itself: time of "
        "day and volatility alone reach that, which is why they stand among the baselines.",
    ]
    audited = report.leaks is not None and report.leaks.certificate is not None
    if not audited and any(read(result).claim for result in report.results):
        made = "barwise audit leaks" if report.leaks is None else report.leaks.command
        lines.append(
            "That nothing leaks: an edge and a leak look alike in every figure here, and "
            f"this configuration was not audited on these data; {made} does."
        )
    if total > 1:
        chance = total * (1 - report.interval_level) / 2
        lines.append(
            f"{total} results were compared: if none had an edge, luck alone would still "
            f"put about {chance:.1f} of their intervals wholly above zero."
        )
    if report.folds is not None and report.folds.both_sides:
        lines.append(
            "Each fold is predicted by a model of all the others, so folds share their "
            "luck: without an edge their pooled Sharpe ratio looks significant more often "
            "than its interval says. A walk-forward does not have that fault."
        )
    if report.simulated:
        lines.append(
            "The bars were made by a simulator: they show that the pipeline runs, and "
            "nothing else."
        )
    return lines
