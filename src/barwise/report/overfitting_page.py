"""The page of ``barwise pbo``: one HTML file that loads nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from barwise.report.album import Album
from barwise.report.figures.recombinations import recombinations
from barwise.report.formats import decimal, ratio, years
from barwise.report.markup import Markup, join, table, tag
from barwise.report.page import fill_page
from barwise.report.sections import section
from barwise.validation import BacktestOverfitting

_CONTENTS = {"verdict": "What it shows", "chosen": "The best one", "models": "Models"}


def render_overfitting(
    facts: Mapping[str, Any],
    found: BacktestOverfitting,
    *,
    line: str,
    points: Sequence[str],
    simulated: bool,
) -> str:
    """Return the page of a comparison.

    Parameters
    ----------
    facts : mapping
        All figures as plain values, as ``barwise pbo --json`` writes them.
    found : BacktestOverfitting
        The recombinations.
    line : str
        What was compared.
    points : sequence of str
        What the figures say, a sentence each.
    simulated : bool
        Whether a simulator made the bars.
    """
    yearly = math.sqrt(facts["days"] / facts["years"])
    figure = recombinations(
        1 / (1 + np.exp(-found.logits)),
        found.in_sample * yearly,
        found.out_of_sample * yearly,
        line=(found.slope, found.intercept * yearly),
    )
    body = join(
        [
            section(
                "verdict",
                _CONTENTS["verdict"],
                tag("p", points[0], class_="headline"),
                tag("ul", [tag("li", point) for point in points[1:]]),
            ),
            section(
                "chosen",
                _CONTENTS["chosen"],
                Album().add(
                    figure,
                    "Half of the blocks of days choose the best configuration, the other "
                    "half judges it; every way to halve them counts. Left, its rank among "
                    "all there; right, what became of its Sharpe ratio.",
                    f"{len(found.logits):,} recombinations; their figures are in the "
                    "sentences above.",
                ),
            ),
            section("models", _CONTENTS["models"], _models(facts["strategies"])),
        ]
    )
    return fill_page(
        title="barwise: how much is luck",
        simulated=simulated,
        line=line,
        contents=_CONTENTS,
        body=body,
        numbers=facts,
    )


def _models(strategies: Sequence[Mapping[str, Any]]) -> Markup:
    return table(
        "The models that were asked for, after costs",
        [
            "Model",
            "Sharpe a year",
            "Probability that it is above 0",
            "The same after deflation",
            "Years until that is known",
        ],
        [
            [
                f"{one['model']} · {one['horizon']} bars",
                ratio(one["sharpe_ratio"]),
                decimal(one["deflation"]["probabilistic"]),
                decimal(one["deflation"]["deflated"]),
                years(one["track_record"]),
            ]
            for one in strategies
        ],
        name="luck",
    )
