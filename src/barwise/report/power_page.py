"""The page of a power study: one self-contained HTML file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from barwise.report.album import Album
from barwise.report.figures.power_curve import power_curve
from barwise.report.formats import flatten, percent, ratio
from barwise.report.markup import Markup, join, table, tag
from barwise.report.page import fill_page
from barwise.report.power_text import beside_results, sentences
from barwise.report.sections import section


def power_figure(study: Mapping[str, Any]) -> Figure:
    """Draw the power curve of a study."""
    sizes = study["sizes"]
    rates = {
        name: np.array(
            [
                [size["rates"][name][key] for key in ("rate", "low", "high")]
                for size in sizes
            ],
            dtype=np.float64,
        )
        for name in sizes[0]["rates"]
    }
    found = study["detectable"]["verdict"][0]
    return power_curve(
        np.array([size["sharpe"] for size in sizes]),
        rates,
        detectable=math.inf if found is None else found,
    )


def render_power_page(study: Mapping[str, Any]) -> str:
    """Return the page of a power study.

    Parameters
    ----------
    study : mapping
        The content of its ``study.json``.
    """
    return fill_page(
        title=f"barwise power · {study['symbol']}",
        simulated=bool(study["simulated"]),
        line=str(study["judged"]),
        contents={"verdict": _TITLE, "settings": "Settings"},
        body=join(list(_body(study))),
        numbers=study,
    )


def _body(study: Mapping[str, Any]) -> list[Markup]:
    album, names = Album(), list(study["sizes"][0]["rates"])
    settings = {k: v for k, v in study.items() if k not in _SHOWN}
    return [
        section(
            "verdict",
            _TITLE,
            tag("p", beside_results(study), class_="headline"),
            tag("ul", [tag("li", line) for line in sentences(study)]),
            album.add(
                power_figure(study),
                "Share of surrogates with a claim, with 95 % intervals; at the left end "
                "every claim is a false alarm.",
                f"Power at {len(study['sizes']) - 1} sizes of a planted edge, in the "
                "table below.",
            ),
            table(
                "Claims on surrogates, by size of the planted edge",
                ["Sharpe planted", "Standard error", "Surrogates", *names],
                [_cells(size, names) for size in study["sizes"]],
                words=0,
                name="power",
            ),
        ),
        section(
            "settings",
            "Settings",
            table(
                "What was studied",
                ["Key", "Value"],
                flatten(settings | {"years": ratio(study["years"])}),
                words=2,
                name="settings",
            ),
        ),
    ]


_SHOWN = {"sizes", "detectable"}
_TITLE = "False alarms and power"


def _cells(size: Mapping[str, Any], names: list[str]) -> list[str]:
    rates = [size["rates"][name] for name in names]
    return [
        ratio(size["sharpe"]),
        ratio(size["sharpe_error"]),
        str(rates[0]["total"]),
        *(
            f"{percent(rate['rate'])} [{percent(rate['low'])}, {percent(rate['high'])}]"
            for rate in rates
        ),
    ]
