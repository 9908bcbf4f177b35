"""The parts of the page that are about single models and their backtests."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from barwise.report.album import Album
from barwise.report.data import Equity, ModelResult, Report
from barwise.report.figures import (
    confusion_matrix,
    equity,
    feature_importance,
    reliability,
    training_curves,
)
from barwise.report.formats import METRICS, date, decimal, number, percent, whole, write
from barwise.report.markup import Markup, table, tag
from barwise.report.sections import section
from barwise.report.verdict import read

_OPEN = 3


def models_section(report: Report, album: Album) -> Markup:
    """Show each model's errors, calibration, training and importance."""
    blocks = [
        _model(result, album, unfolded=place < _OPEN)
        for place, result in enumerate(report.results)
    ]
    return section("models", "Models", blocks or [tag("p", "No model was scored.")])


def backtest_section(report: Report, album: Album) -> Markup:
    """Show every account after costs beside buy-and-hold."""
    tested = [(r, r.equity) for r in report.results if r.equity and len(r.equity.time)]
    if not tested:
        return section("backtest", "Backtest", tag("p", "No backtest was run."))
    chart = tag(
        "div",
        tag("div", class_="legend", id="equity-legend"),
        tag(
            "div",
            class_="chart",
            id="equity-chart",
            role="img",
            aria_label="Change of every account after costs, and of buy-and-hold",
        ),
        tag(
            "p",
            "Change of the account in percent of its capital, after costs. Click a name "
            "to hide or show its line; click into the chart to zoom with the wheel. "
            "Chart by TradingView Lightweight Charts™, see the foot of the page.",
            class_="hint",
        ),
        class_="interactive",
    )
    rows = [_account(result, account) for result, account in tested]
    titles = [metric.title for metric in METRICS if metric.group == "trading"]
    return section(
        "backtest",
        "Backtest",
        chart,
        table(
            "Accounts after costs",
            [
                "Result",
                "From",
                "To",
                *titles,
                "Net change",
                "Buy and hold",
            ],
            rows,
            words=3,
            name="accounts",
        ),
        tag("div", [_account_figure(*each, album) for each in tested], class_="plots"),
    )


def _model(result: ModelResult, album: Album, *, unfolded: bool) -> Markup:
    scores = [
        (
            metric.title,
            write(number(result.metrics, metric.group, metric.key), metric.write),
        )
        for metric in METRICS
    ]
    scores.append(("Rows scored", whole(result.samples)))
    scores.append(("Effective rows", write(result.effective_samples, whole)))
    per_class = (result.metrics.get("classification") or {}).get("per_class_f1") or {}
    ordered = [name for name in result.classes if name in per_class]
    scores += [(f"F1 of {name}", write(per_class[name], decimal)) for name in ordered]
    return tag(
        "details",
        tag("summary", tag("h3", result.name)),
        tag("p", read(result).text),
        [tag("p", note) for note in result.notes],
        tag(
            "dl",
            [tag("div", tag("dt", k), tag("dd", v)) for k, v in scores],
            class_="scores",
        ),
        tag("div", list(_figures(result, album)), class_="plots"),
        open=unfolded,
        class_="model",
        data_model=result.name,
    )


def _figures(result: ModelResult, album: Album) -> Iterator[Markup]:
    scores = result.metrics.get("classification") or {}
    training = result.metrics.get("training") or {}
    counts = scores.get("confusion_matrix")
    if counts is not None:
        yield album.add(
            confusion_matrix(np.asarray(counts), classes=result.classes),
            "Confusion matrix: rows are what was true.",
            f"Confusion matrix of {result.name}: {np.asarray(counts).tolist()}.",
        )
    if result.reliability:
        yield album.add(
            reliability(result.reliability),
            "Reliability: on the dotted line a stated probability is what happens.",
            f"Stated probability against observed frequency for {result.name}.",
        )
    if any(len(values) for values in result.history.values()):
        yield album.add(
            training_curves(result.history, best_epoch=training.get("best_epoch")),
            "Training by epoch; the dotted line marks the epoch that was kept.",
            f"Loss and F1 by epoch for {result.name}.",
        )
    if result.importance:
        yield album.add(
            feature_importance(
                list(result.importance), np.array(list(result.importance.values()))
            ),
            "The columns the model leaned on most.",
            f"Feature importance of {result.name}.",
        )


def _account(result: ModelResult, account: Equity) -> list[str]:
    held = account.buy_and_hold
    change = float(account.net[-1]) / account.capital - 1
    hold = None if held is None else float(held[-1]) / account.capital - 1
    trading = [
        write(number(result.metrics, m.group, m.key), m.write)
        for m in METRICS
        if m.group == "trading"
    ]
    span = [date(account.time[0]), date(account.time[-1])]
    ends = [write(value, percent) for value in (change, hold)]
    return [result.name, *span, *trading, *ends]


def _account_figure(result: ModelResult, account: Equity, album: Album) -> Markup:
    return album.add(
        equity(
            account.time,
            account.net,
            capital=account.capital,
            buy_and_hold=account.buy_and_hold,
        ),
        f"{result.name}: capital {account.capital:,.0f} {account.currency}, after costs.",
        f"Account of {result.name} beside buy-and-hold, with its drawdown.",
    )
