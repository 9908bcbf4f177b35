"""One self-contained HTML file: no network, nothing but its own scripts may run."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from barwise.core.assets import LIGHTWEIGHT_CHARTS, load_asset, metadata
from barwise.core.durable import write_text
from barwise.report.album import Album
from barwise.report.data import Report
from barwise.report.fold_section import TITLE, fold_section
from barwise.report.formats import moment
from barwise.report.leak_section import LEAKS, leak_section
from barwise.report.markup import Markup, join, tag
from barwise.report.payload import plain_values, report_payload, script_json
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
    ("leaks", LEAKS),
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
            *leak_section(report.leaks),
            models_section(report, album),
            backtest_section(report, album),
            settings_section(report),
        ]
    )
    there = {"folds": report.folds, "leaks": report.leaks}
    left_out = [name for name, what in there.items() if what is None]
    return _filled(
        title=f"{report.title} · {report.symbol}",
        simulated=report.simulated,
        header=_header(report.title, _line(report)),
        contents={name: text for name, text in _CONTENTS if name not in left_out},
        body=body,
        numbers={**report_payload(report), "figures": album.count},
        library=load_asset(LIGHTWEIGHT_CHARTS),
        script=_template("page.js"),
        credit=_credit(),
    )


def fill_page(
    *,
    title: str,
    simulated: bool,
    line: str,
    contents: Mapping[str, str],
    body: Markup,
    numbers: Mapping[str, Any],
) -> str:
    """Return a page of the same look without charts that move.

    Parameters
    ----------
    title, line : str
        Its heading, and what stands below it.
    simulated : bool
        Whether a simulator made the bars; the page then says so.
    contents : mapping of str to str
        Titles of its sections, by name; the first one is called ``verdict``.
    body : Markup
    numbers : mapping
        All that it says, plain values.
    """
    return _filled(
        title=title,
        simulated=simulated,
        header=_header(title, line),
        contents=contents,
        body=body,
        numbers=plain_values(numbers),
    )


def _filled(
    *,
    title: str,
    simulated: bool,
    header: Markup,
    contents: Mapping[str, str],
    body: Markup,
    numbers: Mapping[str, Any],
    library: str = "",
    script: str = "",
    credit: str = "",
) -> str:
    return Template(_template("page.html")).substitute(
        policy=_policy([library, script]),
        title=join(title),
        style=_template("style.css"),
        banner=_banner(simulated),
        header=header,
        contents=_contents(contents),
        body=body,
        credit=credit,
        numbers=script_json(numbers),
        library=library,
        script=script,
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


def _banner(simulated: bool) -> Markup:
    if not simulated:
        return Markup("")
    return tag(
        "p",
        tag("strong", "SIMULATED"),
        " These bars were made by a simulator. Nothing on this page says anything "
        "about a real market.",
        class_="simulated",
        role="alert",
    )


def _line(report: Report) -> str:
    data = report.data
    span = f"{moment(data.first)} to {moment(data.last)}"
    return f"{report.symbol} · {data.bars:,} bars of {data.interval} · {span}"


def _header(title: str, line: str) -> Markup:
    return tag("header", tag("h1", title), tag("p", line))


def _contents(shown: Mapping[str, str]) -> Markup:
    items = [tag("li", tag("a", text, href=f"#{name}")) for name, text in shown.items()]
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
