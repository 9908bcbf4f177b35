"""The report of a run, filled from its inputs and outcomes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from barwise.bars import Bars, QualityReport
from barwise.bars.quality import KINDS, Finding
from barwise.core.arrays import DAY
from barwise.datasets import (
    TimeSeriesDataContainer,
    check_dataset,
    proposed_sides,
)
from barwise.datasets.checks import training_ratio
from barwise.datasets.chronological import Part
from barwise.metrics import Interval, class_names
from barwise.pipeline.importance_file import read_origin
from barwise.pipeline.importance_origin import flattered
from barwise.pipeline.inputs import Inputs
from barwise.pipeline.label_settings import rule_text, side_of
from barwise.pipeline.leak_certificate import leak_evidence
from barwise.pipeline.power_plan import RUN
from barwise.pipeline.power_study import beside
from barwise.pipeline.trials import TrialBook
from barwise.report import data as page
from barwise.report.folds_data import Folds
from barwise.report.run_plots import reliability_of
from barwise.report.verdict import remark
from barwise.training import Outcome
from barwise.validation.deflation import Deflation

_PARTS: tuple[Part, ...] = ("train", "val")


def report_of(
    inputs: Inputs,
    containers: Mapping[int, TimeSeriesDataContainer],
    outcomes: Sequence[Outcome],
    book: TrialBook,
    provenance: Mapping[str, Any],
    *,
    title: str = "barwise run",
    scored_on: str = "the validation part, which no model was fitted on",
    folds: Folds | None = None,
) -> page.Report:
    """Return everything that the report's page says.

    Parameters
    ----------
    inputs : Inputs
    containers : mapping of int to TimeSeriesDataContainer
        By horizon.
    outcomes : sequence of Outcome
    book : TrialBook
        Knows every trial on these data, those of the outcomes among them.
    provenance : mapping
        Volatile facts: versions, times, the machine.
    title : str
        Of the page.
    scored_on : str
        Which predictions the scores are of.
    folds : Folds, optional
        Where models were judged by folds.
    """
    bars = inputs.bars
    first = containers[min(containers)]
    last_shown = int(first.rows("val")[-1]) + 1
    deflations = book.deflations(outcomes)
    judged = RUN if folds is None else folds.how
    audit = leak_evidence(inputs.config)
    leaks = audit.certificate is not None and audit.certificate.leaks
    results = [
        replace(_result(inputs, outcome, deflation), leaks=leaks)
        for outcome, deflation in zip(outcomes, deflations, strict=True)
    ]
    return page.Report(
        title=title,
        symbol=inputs.instrument.symbol,
        simulated=bars.simulated,
        scored_on=scored_on,
        interval_method="block bootstrap over five label lengths, Student's t",
        data=_data(inputs, first, containers),
        labels=[_labels(inputs, containers[h], h) for h in sorted(containers)],
        results=results,
        evidence=replace(
            book.evidence(outcomes, deflations), power=beside(inputs.config, judged)
        ),
        candles=_candles(bars[:last_shown], inputs.instrument.tick_size),
        label_tracks=[_track(inputs, containers[h], h) for h in sorted(containers)],
        verdict=remark(results),
        settings=inputs.config.model_dump(mode="json"),
        provenance=provenance,
        folds=folds,
        leaks=audit,
        checks={h: check_dataset(containers[h]) for h in sorted(containers)},
    )


def _data(
    inputs: Inputs,
    data: TimeSeriesDataContainer,
    containers: Mapping[int, TimeSeriesDataContainer],
) -> page.DataSummary:
    bars, config = inputs.bars, inputs.config
    days, counts = np.unique(bars.time // DAY, return_counts=True)
    notes = [*inputs.columns.notes, *_chosen(inputs, data)]
    reasons: dict[str, list[str]] = {}
    for name, why in inputs.columns.left_out.items():
        reasons.setdefault(why, []).append(name)
    notes += [
        f"{len(names)} columns of the set were left out ({', '.join(names)}): {why}."
        for why, names in reasons.items()
    ]
    if inputs.quality.offline:
        notes.append(
            "Rows were sorted or interpolated, which only a finished file allows."
        )
    notes += _fitted(inputs)
    for horizon in sorted(containers):
        notes += _selected(containers[horizon])
    notes += [f"{count:,} rows are no samples: {why}." for why, count in _dropped(data)]
    return page.DataSummary(
        source=config.data_path.name,
        raw_rows=inputs.raw_rows,
        bars=len(bars),
        interval=bars.length,
        session=config.data.session,
        prices=bars.prices,
        first=int(bars.time[0]),
        last=int(bars.time[-1]),
        findings=_findings(inputs.quality),
        parts=[_part(data, name) for name in _PARTS] + [_sealed(data)],
        day=days,
        bars_per_day=counts.astype(np.int64),
        notes=notes,
    )


def _chosen(inputs: Inputs, data: TimeSeriesDataContainer) -> list[str]:
    """Say which scores know the study that chose the columns."""
    path = inputs.config.importance_path
    origin = None if path is None else read_origin(path)
    if origin is None:
        return []
    return [
        f"Scores on the {one.name} part are flattered: {one.text}."
        for one in flattered(origin, data)
    ]


def _selected(data: TimeSeriesDataContainer) -> list[str]:
    """Say what was pruned, and whether there are samples enough for what was kept."""
    said = []
    pruned = data.preparation.pruned
    if pruned:
        listed = ", ".join(
            f"{p.column} ({p.correlation:+.3f} with {p.kept})" for p in pruned
        )
        said.append(
            f"Horizon {data.horizon}: {len(pruned)} columns were left out, because they "
            f"repeat an earlier one on the training rows: {listed}."
        )
    ratio = training_ratio(data)
    word = "" if ratio.level == "fine" else f"{ratio.level}: "
    return [*said, f"Horizon {data.horizon}: {word}{ratio}."]


def _fitted(inputs: Inputs) -> list[str]:
    """Say which columns learned what, and from which bars."""
    fitted = inputs.fitted
    if fitted is None:
        return []
    first, last = (
        np.datetime64(time, "ns").astype("datetime64[m]")
        for time in (fitted.first, fitted.last)
    )
    return [
        f"Fitted on {fitted.bars:,} bars of the training part, {first} to {last} UTC: "
        f"{columns}. Learned: {what}."
        for columns, what in fitted.learned.items()
    ]


def _findings(quality: QualityReport) -> list[page.Finding]:
    """Return one finding for everything that was looked for, found or not."""
    found = {finding.kind: finding for finding in quality.findings}
    looked_for = {kind: Finding(kind, 0, detail=text) for kind, text in KINDS.items()}
    return [
        page.Finding(f.kind, f.count, f.action if f.count else "-", f.detail)
        for f in (looked_for | found).values()
    ]


def _dropped(data: TimeSeriesDataContainer) -> list[tuple[str, int]]:
    return [(why, count) for why, count in data.dropped.items() if count]


def _part(data: TimeSeriesDataContainer, name: Part) -> page.Part:
    times = data.times(name)
    return page.Part(name, int(times[0]), int(times[-1]), len(times))


def _sealed(data: TimeSeriesDataContainer) -> page.Part:
    first, last = data.test_span
    return page.Part("test", first, last, len(data.split.test))


def _labels(
    inputs: Inputs, data: TimeSeriesDataContainer, horizon: int
) -> page.LabelSummary:
    names = class_names(data.classes)
    counts: dict[str, dict[str, int]] = {
        part: {
            name: int(np.count_nonzero(data.labels(part) == value))
            for name, value in zip(names, data.classes, strict=True)
        }
        for part in _PARTS
    }
    rows = np.concatenate([data.rows(part) for part in _PARTS])
    truth = inputs.labels[horizon].truth[rows]
    return page.LabelSummary(
        horizon=horizon,
        rule=rule_text(inputs.config, inputs.instrument),
        counts=counts,
        ambiguous=float(np.mean(truth == 2)),
        cost_fragile=float(np.mean(inputs.labels[horizon].cost_fragile[rows])),
    )


def _result(
    inputs: Inputs, outcome: Outcome, deflation: Deflation | None
) -> page.ModelResult:
    evaluation, arrays = outcome.facts["evaluation"], outcome.arrays
    valid = arrays["valid"]
    account, signals = None, None
    if "equity" in arrays:
        account = page.Equity(
            arrays["equity_time"],
            arrays["equity"],
            arrays["buy_and_hold"],
            outcome.facts["capital"],
            inputs.instrument.currency,
        )
        signals = page.Signals(
            arrays["time"][valid],
            arrays["signal"][valid],
            arrays["confidence"][valid],
        )
    return page.ModelResult(
        model=outcome.model_name,
        horizon=outcome.horizon,
        metrics=evaluation,
        intervals=intervals_of(evaluation),
        baseline_intervals={
            name: intervals_of(scores)
            for name, scores in evaluation["baselines"].items()
        },
        samples=int(valid.sum()),
        effective_samples=outcome.facts["effective_samples"],
        deflated_sharpe=None if deflation is None else deflation.deflated,
        history=outcome.facts["history"],
        importance=outcome.facts["importance"] or {},
        reliability=reliability_of(outcome),
        equity=account,
        signals=signals,
    )


def intervals_of(scores: Mapping[str, Any]) -> dict[str, Interval]:
    """Return the intervals of stored scores, by metric."""
    read: dict[str, Interval] = {}
    for name, found in scores["intervals"].items():
        values: Any = {k: math.nan if v is None else v for k, v in found.items()}
        read[name] = Interval(**values)
    return read


def _candles(bars: Bars, tick: float) -> page.Candles:
    volume = bars.volume if bars.has_volume else None
    return page.Candles(
        bars.time, bars.open, bars.high, bars.low, bars.close, volume, tick
    )


def _track(
    inputs: Inputs, data: TimeSeriesDataContainer, horizon: int
) -> page.LabelTrack:
    rows = data.rows("val")
    ends = data.frame.targets.end_time[rows]
    sides = side_of(inputs.config, data.labels("val"), proposed_sides(data, rows))
    return page.LabelTrack(horizon, data.times("val"), sides, ends)
