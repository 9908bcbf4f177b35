"""The part of the page with price, signals and label outcomes."""

from __future__ import annotations

import numpy as np

from barwise.report.chart_data import MAX_BARS
from barwise.report.data import Candles, LabelTrack, Report, Signals
from barwise.report.figures import price_with_labels_and_signals
from barwise.report.figures.style import inline_svg
from barwise.report.formats import moment
from barwise.report.markup import Markup, table, tag
from barwise.report.sections import section

_LISTED = 20


def price_section(report: Report) -> Markup:
    """Show the interactive chart, and a still one where scripts do not run."""
    candles = report.candles
    if candles is None or not len(candles.time):
        return section("price", "Price", tag("p", "No bars were given for a chart."))
    return section(
        "price",
        "Price, signals and labels",
        _controls(report),
        tag("p", class_="readout", id="price-readout"),
        tag(
            "div",
            class_="chart tall",
            id="price-chart",
            role="img",
            aria_label=f"Price of {report.symbol} with signals and label outcomes; "
            "the last bars stand in the table below",
        ),
        _key(),
        tag("p", _hint(candles), class_="hint"),
        tag("noscript", _still(report, candles)),
        _last_bars(candles),
    )


def _controls(report: Report) -> Markup:
    options = [
        tag("option", result.name, value=str(place))
        for place, result in enumerate(report.results)
        if result.signals is not None
    ]
    options += [
        tag("option", f"labels only · {track.horizon} bars", value=f"track-{place}")
        for place, track in enumerate(report.label_tracks)
    ]
    choice = tag("label", "Show ", tag("select", options, id="price-choice"))
    return tag(
        "div",
        choice if options else None,
        _switch("price-signals", "signals"),
        _switch("price-outcomes", "outcomes"),
        tag(
            "button",
            "\N{MINUS SIGN}",
            type="button",
            id="price-out",
            aria_label="Zoom out",
        ),
        tag("button", "+", type="button", id="price-in", aria_label="Zoom in"),
        tag("button", "All bars", type="button", id="price-all"),
        class_="controls",
    )


def _switch(name: str, text: str) -> Markup:
    box = tag("input", type="checkbox", id=name, checked=True)
    return tag("label", box, f" {text}")


def _key() -> Markup:
    entries = [
        ("long", "▲", "signal: long"),
        ("short", "▼", "signal: short"),
        ("good", "●", "label agreed with the signal"),
        ("bad", "●", "label was the opposite"),
        ("flat", "●", "neither barrier was hit"),
    ]
    strips = "Strips: what was said at each bar (upper), what its label was (lower)."
    return tag(
        "p",
        [
            (tag("span", sign, class_=name, aria_hidden="true"), f" {text}  ")
            for name, sign, text in entries
        ],
        tag("br"),
        strips,
        class_="key",
    )


def _hint(candles: Candles) -> str:
    total = len(candles.time)
    which = (
        f"The last {MAX_BARS:,} of {total:,} bars" if total > MAX_BARS else "All bars"
    )
    return (
        f"{which}; times are closes in UTC. Arrows stand at the bar whose close decided, "
        "outcomes at the bar at which the label became known; both appear when you zoom "
        "in. Click into the chart to zoom with the wheel, drag to move. Chart by "
        "TradingView Lightweight Charts™, see the foot of the page."
    )


def _still(report: Report, candles: Candles) -> Markup:
    said = next((r.signals for r in report.results if r.signals is not None), None)
    track = report.label_tracks[0] if report.label_tracks else None
    prices = np.column_stack([candles.open, candles.high, candles.low, candles.close])
    figure = price_with_labels_and_signals(
        candles.time,
        prices,
        labels=None if track is None else _on_bars(candles, track),
        signals=None if said is None else _on_bars(candles, said),
    )
    return tag("figure", Markup(inline_svg(figure, "still")), class_="plot")


def _on_bars(candles: Candles, events: Signals | LabelTrack) -> np.ndarray:
    """Return -1, 0, +1 by bar, NaN where nothing was said."""
    values = events.signal if isinstance(events, Signals) else events.label
    found = dict(zip(events.time.tolist(), values.tolist(), strict=True))
    return np.array([found.get(t, np.nan) for t in candles.time.tolist()], dtype=float)


def _last_bars(candles: Candles) -> Markup:
    columns = [candles.open, candles.high, candles.low, candles.close]
    headers = ["Close (UTC)", "Open", "High", "Low", "Close"]
    if candles.volume is not None:
        columns.append(candles.volume)
        headers.append("Volume")
    rows = [
        (moment(candles.time[i]), *(f"{column[i]:,.10g}" for column in columns))
        for i in range(max(len(candles.time) - _LISTED, 0), len(candles.time))
    ]
    listed = table(f"The last {len(rows)} bars", headers, rows, name="bars")
    return tag("details", tag("summary", "The last bars as a table"), listed)
