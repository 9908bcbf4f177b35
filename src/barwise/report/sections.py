"""The parts of the page that are about the whole run."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from barwise.report.album import Album
from barwise.report.check_section import dataset_checks
from barwise.report.data import LabelSummary, Report
from barwise.report.figures import data_quality, label_distribution
from barwise.report.formats import (
    decimal,
    flatten,
    moment,
    percent,
    ratio,
    whole,
    write,
    write_interval,
)
from barwise.report.markup import Markup, table, tag
from barwise.report.verdict import headline, not_shown, read, shown

_RARE = 0.05


def section(name: str, title: str, *content: Markup | list[Markup]) -> Markup:
    """Build a part of the page that the table of contents can point to."""
    return tag("section", tag("h2", title), *content, id=name)


def verdict_section(report: Report) -> Markup:
    """Say in plain words what may be claimed, and what may not."""
    rows = []
    for result in report.results:
        trading = result.metrics.get("trading") or {}
        scores = result.metrics.get("classification") or {}
        intervals = result.intervals
        rows.append(
            (
                result.name,
                read(result).text,
                write(trading.get("sharpe_ratio"), ratio),
                write_interval(intervals.get("sharpe_ratio"), ratio),
                write(scores.get("macro_f1"), decimal),
                write_interval(intervals.get("macro_f1"), decimal),
                write(result.deflated_sharpe, decimal),
                write(result.effective_samples, whole),
            )
        )
    headers = [
        "Result",
        "What it allows to say",
        "Sharpe",
        "Interval",
        "Macro-F1",
        "Interval",
        "Deflated",
        "Effective rows",
    ]
    claims = [("claim" if read(result).claim else "") for result in report.results]
    own = [tag("p", report.verdict)] if report.verdict else []
    return section(
        "verdict",
        "Verdict",
        tag("p", headline(report), class_="headline"),
        own,
        tag(
            "div",
            _points("What the numbers show", shown(report)),
            _points("What they do not show", not_shown(report)),
            class_="columns",
        ),
        table(
            "Every result and what its intervals allow to say",
            headers,
            rows,
            words=2,
            classes=claims,
            name="verdict",
        ),
    )


def data_section(report: Report, album: Album) -> Markup:
    """Describe the bars, their parts and what the quality check found."""
    data = report.data
    facts = [
        ("Source", data.source),
        ("Symbol", report.symbol),
        ("Prices", data.prices),
        ("Session", data.session),
        ("Bars", f"{data.bars:,} of {data.interval}, from {data.raw_rows:,} rows read"),
        ("Span", f"{moment(data.first)} to {moment(data.last)}"),
    ]
    findings = [(f.kind, f.action, f.where, f"{f.count:,}") for f in data.findings]
    parts = [
        (p.name, moment(p.first), moment(p.last), f"{p.samples:,}") for p in data.parts
    ]
    found = sum(finding.count for finding in data.findings)
    figure = data_quality(
        [finding.kind for finding in data.findings],
        np.array([finding.count for finding in data.findings], dtype=np.int64),
        data.day,
        data.bars_per_day,
    )
    return section(
        "data",
        "Data quality",
        _facts(facts),
        [tag("p", note) for note in data.notes],
        album.add(
            figure,
            "Findings by kind (logarithmic), and bars of every day.",
            f"{found:,} findings of {len(findings)} kinds; {len(data.day)} days of bars.",
        ),
        table(
            "What was looked for, what was found and what was done with it",
            ["Finding", "Action", "Where", "Rows"],
            findings,
            words=3,
            name="findings",
        ),
        table(
            "Parts in order of time",
            ["Part", "First", "Last", "Samples"],
            parts,
            words=3,
            name="parts",
        ),
        list(dataset_checks(report, album)),
    )


def labels_section(report: Report, album: Album) -> Markup:
    """Show how the classes are distributed, and warn where one is rare."""
    if not report.labels:
        return section("labels", "Labels", tag("p", "No labels were given."))
    rows = [
        (
            f"{summary.horizon} bars",
            part,
            summary.rule,
            *(f"{count:,}" for count in counts.values()),
            write(summary.ambiguous, percent),
            write(summary.cost_fragile, percent),
        )
        for summary in report.labels
        for part, counts in summary.counts.items()
    ]
    classes = _classes(report.labels[0])
    headers = ["Horizon", "Part", "Rule", *classes, "Ambiguous", "Cost-fragile"]
    rare = [warning for summary in report.labels for warning in _rare(summary)]
    return section(
        "labels",
        "Labels",
        [tag("p", warning, class_="warning") for warning in rare],
        album.add(
            _distribution(report),
            "Share of each class for every horizon and part.",
            "Stacked bars; the same figures stand in the table below.",
        ),
        table(
            "Labels by horizon and part",
            headers,
            rows,
            words=3,
            name="labels",
        ),
    )


def settings_section(report: Report) -> Markup:
    """List every setting and where the run came from."""
    return section(
        "settings",
        "Settings and provenance",
        table(
            "Settings",
            ["Key", "Value"],
            flatten(report.settings),
            words=2,
            name="settings",
        ),
        table(
            "Provenance",
            ["Key", "Value"],
            flatten(report.provenance),
            words=2,
            name="provenance",
        ),
    )


def _points(title: str, lines: list[str]) -> Markup:
    return tag("div", tag("h3", title), tag("ul", [tag("li", line) for line in lines]))


def _facts(rows: list[tuple[str, str]]) -> Markup:
    return tag("dl", [(tag("dt", key), tag("dd", value)) for key, value in rows])


def _classes(summary: LabelSummary) -> list[str]:
    return list(next(iter(summary.counts.values()), {}))


def _distribution(report: Report) -> Figure:
    parts = list(report.labels[0].counts)
    classes = _classes(report.labels[0])
    counts = [
        [[summary.counts[part][name] for name in classes] for part in parts]
        for summary in report.labels
    ]
    return label_distribution(
        np.array(counts, dtype=np.int64),
        horizons=[summary.horizon for summary in report.labels],
        parts=parts,
        classes=classes,
    )


def _rare(summary: LabelSummary) -> list[str]:
    found = []
    for part, counts in summary.counts.items():
        total = sum(counts.values())
        for name, count in counts.items():
            if total and count / total < _RARE:
                found.append(
                    f"{summary.horizon} bars, {part}: only {percent(count / total)} of "
                    f"the labels are {name}; scores of that class rest on few rows."
                )
    return found
