"""The leaderboard: every model beside every baseline, horizon by horizon."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from barwise.metrics import Interval
from barwise.report.album import Album
from barwise.report.data import ModelResult, Report
from barwise.report.figures import leaderboard
from barwise.report.formats import METRICS, number, write, write_interval
from barwise.report.markup import Markup, table, tag
from barwise.report.payload import plain_values
from barwise.report.sections import section

_WITH_INTERVAL = ("macro_f1", "sharpe_ratio")


@final
@dataclass(frozen=True, eq=False)
class Entry:
    """One row of the leaderboard."""

    name: str
    baseline: bool
    metrics: Mapping[str, Any]
    intervals: Mapping[str, Interval]

    def value(self, group: str, key: str) -> float:
        """Return a metric, NaN when it is missing."""
        return number(self.metrics, group, key)

    def whisker(self, group: str, key: str) -> tuple[float, float, float]:
        """Return a value with the ends of its interval."""
        interval = self.intervals.get(key)
        ends = (interval.lower, interval.upper) if interval else (math.nan, math.nan)
        return self.value(group, key), *ends


def leaderboard_section(report: Report, album: Album) -> Markup:
    """Show models beside baselines with intervals, one block a horizon."""
    horizons = sorted({result.horizon for result in report.results})
    blocks = [_block(report, horizon, album) for horizon in horizons]
    return section(
        "leaderboard",
        "Leaderboard",
        tag(
            "p",
            "Sorted by macro-F1, which tells how well classes are told. A model is worth "
            "something only where the interval of its Sharpe ratio clears zero and no "
            "baseline (grey) earns as well.",
        ),
        blocks or [tag("p", "No model was scored.")],
    )


def entries(report: Report, horizon: int) -> list[Entry]:
    """Return the rows of one horizon: models by macro-F1, then baselines.

    A baseline that was scored on other rows for another model stands once for each
    set of rows, with the model's name beside it.
    """
    results = [r for r in report.results if r.horizon == horizon]
    models = [Entry(r.model, False, r.metrics, r.intervals) for r in results]
    return [*sorted(models, key=_rank), *sorted(_baselines(results), key=_rank)]


def _baselines(results: list[ModelResult]) -> list[Entry]:
    found: list[Entry] = []
    for result in results:
        for name, metrics in (result.metrics.get("baselines") or {}).items():
            same = [e for e in found if e.name.split(" (")[0] == name]
            if any(plain_values(e.metrics) == plain_values(metrics) for e in same):
                continue
            shown = f"{name} (rows of {result.model})" if same else name
            intervals = result.baseline_intervals.get(name, {})
            found.append(Entry(shown, True, metrics, intervals))
    return found


def _rank(entry: Entry) -> float:
    value = entry.value("classification", "macro_f1")
    return math.inf if math.isnan(value) else -value


def _block(report: Report, horizon: int, album: Album) -> Markup:
    rows = entries(report, horizon)
    figure = leaderboard(
        [entry.name for entry in rows],
        np.array([entry.whisker("classification", "macro_f1") for entry in rows]),
        np.array([entry.whisker("trading", "sharpe_ratio") for entry in rows]),
        baseline=np.array([entry.baseline for entry in rows]),
    )
    named = " (named beforehand)" if horizon == report.chosen_horizon else ""
    level = f"{report.interval_level:.0%}"
    return tag(
        "div",
        tag("h3", f"Horizon of {horizon} bars{named}"),
        album.add(
            figure,
            f"Dots with {level} intervals. Dashed: the best baseline; "
            "solid: a Sharpe ratio of zero.",
            f"Macro-F1 and Sharpe ratio of {len(rows)} models and baselines at a "
            f"horizon of {horizon} bars; the same figures stand in the table below.",
        ),
        table(
            f"Models and baselines, horizon of {horizon} bars",
            _headers(),
            [_cells(entry) for entry in rows],
            classes=["baseline" if entry.baseline else "" for entry in rows],
            name=f"leaderboard-{horizon}",
        ),
    )


def _headers() -> list[str]:
    headers = ["Model or baseline"]
    for metric in METRICS:
        headers.append(metric.title)
        if metric.key in _WITH_INTERVAL:
            headers.append("Interval")
    return headers


def _cells(entry: Entry) -> list[str]:
    cells = [entry.name]
    for metric in METRICS:
        cells.append(write(entry.value(metric.group, metric.key), metric.write))
        if metric.key in _WITH_INTERVAL:
            cells.append(write_interval(entry.intervals.get(metric.key), metric.write))
    return cells
