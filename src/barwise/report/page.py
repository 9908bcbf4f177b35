"""One self-contained HTML file: no network, nothing but its own scripts may run."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from pathlib import Path
from string import Template

from barwise.core.assets import LIGHTWEIGHT_CHARTS, load_asset, metadata
from barwise.core.durable import write_text
from barwise.report.album import Album
from barwise.report.data import Report
from barwise.report.fold_section import TITLE, fold_section
from barwise.report.formats import moment
from barwise.report.markup import Markup, join, tag
from barwise.report.payload import report_payload, script_json
from barwise.report.price import price_section
from barwise.report.ranking import leaderboard_section
from barwise.report.results import backtest_section, models_section
from barwise.report.sections import (
    data_section,
    labels_section,
    settings_section,
    verdict_section,
)

_CONTENTS = (
    ("verdict", "Verdict"),
    ("leaderboard", "Leaderboard"),
    ("folds", TITLE),
    ("price", "Price and signals"),
    ("data", "Data quality"),
    ("labels", "Labels"),
    ("models", "Models"),
    ("backtest", "Backtest"),
    ("settings", "Settings"),
)


def render_report(report: Report) -> str:
    """Return the report as one HTML page.

    Parameters
    ----------
    report : Report
        Everything that the page says.

    Returns
    -------
    str
        HTML that loads nothing: styles, scripts, figures and data are inside, and its
        content security policy forbids everything else. All numbers also stand in
        ``<script type="application/json" id="barwise-report">``; the page tells tests
        what it drew in ``window.__barwise``. Equal reports give equal pages.
    """
    album = Album()
    body = join(
        [
            verdict_section(report),
            leaderboard_section(report, album),
            *fold_section(report, album),
            price_section(report),
            data_section(report, album),
            labels_section(report, album),
            models_section(report, album),
            backtest_section(report, album),
            settings_section(report),
        ]
    )
    numbers = {**report_payload(report), "figures": album.count}
    scripts = [load_asset(LIGHTWEIGHT_CHARTS), _template("page.js")]
    return Template(_template("page.html")).substitute(
        policy=_policy(scripts),
        title=join(f"{report.title} · {report.symbol}"),
        style=_template("style.css"),
        banner=_banner(report),
        header=_header(report),
        contents=_contents(report),
        body=body,
        credit=_credit(),
        numbers=script_json(numbers),
        library=scripts[0],
        script=scripts[1],
    )


def write_report(report: Report, path: Path) -> None:
    """Write the page to ``path``, whole or not at all.

    Parameters
    ----------
    report : Report
        Everything that the page says.
    path : Path
        Usually ``experiments/reports/{timestamp}/report.html``; its folder is made.

    Raises
    ------
    BarwiseError
        If the folder cannot be written.
    """
    write_text(path, render_report(report))


def _template(name: str) -> str:
    return files("barwise.report").joinpath("template", name).read_text("utf-8")


def _policy(scripts: list[str]) -> str:
    """Allow the page's own scripts by hash, inline styles and nothing else."""
    hashes = [
        base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        for script in scripts
    ]
    allowed = " ".join(f"'sha256-{value}'" for value in hashes)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _banner(report: Report) -> Markup:
    if not report.simulated:
        return Markup("")
    return tag(
        "p",
        tag("strong", "SIMULATED"),
        " These bars were made by a simulator. Nothing on this page says anything "
        "about a real market.",
        class_="simulated",
        role="alert",
    )


def _header(report: Report) -> Markup:
    data = report.data
    span = f"{moment(data.first)} to {moment(data.last)}"
    line = f"{report.symbol} · {data.bars:,} bars of {data.interval} · {span}"
    return tag("header", tag("h1", report.title), tag("p", line))


def _contents(report: Report) -> Markup:
    left_out = "folds" if report.folds is None else None
    shown = [(name, text) for name, text in _CONTENTS if name != left_out]
    items = [tag("li", tag("a", text, href=f"#{name}")) for name, text in shown]
    return tag("nav", tag("ul", items), aria_label="Contents")


def _credit() -> Markup:
    version = metadata()[LIGHTWEIGHT_CHARTS]["version"]
    return tag(
        "p",
        f"Charts by TradingView Lightweight Charts™ {version}, copyright TradingView, "
        "Inc., Apache License 2.0, ",
        tag("a", "www.tradingview.com", href="https://www.tradingview.com/"),
        ".",
    )
