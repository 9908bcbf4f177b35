"""The page of a study of importance: one HTML file that loads nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from barwise.report.album import Album
from barwise.report.figures.importance_study import importance_study
from barwise.report.formats import decimal, flatten, moment, percent, whole
from barwise.report.markup import Markup, join, table, tag
from barwise.report.page import fill_page
from barwise.report.sections import section
from barwise.training.importance.study import TITLES, UNITS, ImportanceStudy

_DRAWN = 30
"""Columns in the figure; the table has all."""


def render_importance(study: ImportanceStudy, origin: Mapping[str, Any]) -> str:
    """Return the page of a study.

    Parameters
    ----------
    study : ImportanceStudy
    origin : mapping
        What it was made of, plain values.

    Returns
    -------
    str
        HTML; all numbers also stand in its ``application/json`` script.
    """
    album = Album()
    rows = study.rows()
    body = join(
        [
            section("verdict", "What it shows", _points(study, origin)),
            section("columns", "Columns", _figure(study, rows, album), _table(rows)),
            section("noise", "Random columns", _noise(study)),
            section(
                "settings",
                "What it was made of",
                table("Origin", ["Key", "Value"], flatten(origin), words=2),
            ),
        ]
    )
    return fill_page(
        title=f"barwise: importance · {origin['symbol']}",
        simulated=bool(origin["simulated"]),
        line=f"{origin['symbol']} · horizon of {origin['horizon']} bars · "
        f"{origin['samples']:,} samples of {origin['part']}, "
        f"{moment(origin['first'])} to {moment(origin['last'])}",
        contents={
            "verdict": "What it shows",
            "columns": "Columns",
            "noise": "Random columns",
            "settings": "What it was made of",
        },
        body=body,
        numbers={"columns": rows, "noise": study.noise_rows(), "made_of": origin},
    )


def _points(study: ImportanceStudy, origin: Mapping[str, Any]) -> Markup:
    doubtful = study.doubtful
    lines = [
        f"{len(study.names) - len(doubtful)} of {len(study.names)} columns are clear of "
        "the best random column in at least one measure, by more than a standard error."
    ]
    if doubtful:
        lines.append(f"No measure tells these from noise: {', '.join(doubtful)}.")
    if study.losses is not None:
        model, prior = study.losses
        lines.append(
            f"On held-out rows the log loss of {origin['model']} is {decimal(model)}, "
            f"that of the class frequencies {decimal(prior)}."
        )
    if study.model_is_blind:
        lines.append(
            "The model tells nothing of held-out rows: MDA and SHAP rank what it fitted "
            "by chance."
        )
    lines += [
        f"Every figure is the mean over {origin['folds']}, and all that learns was fitted "
        "anew in each. MDI is an account of the training rows, where noise has its share "
        "too; the others are measured on rows that the fold's model has not seen.",
        "Of columns that say the same, MDA finds each one dispensable; clustered MDA "
        "permutes them together.",
        "A set that is chosen by this study has seen labels up to "
        f"{moment(origin['last_label_end'])}: scores on rows before that are flattered.",
    ]
    return tag("ul", [tag("li", line) for line in lines])


def _figure(study: ImportanceStudy, rows: list[dict[str, Any]], album: Album) -> Markup:
    shown = study.order[:_DRAWN]
    measures = study.measures.items()
    figure = importance_study(
        [study.names[place] for place in shown],
        {
            TITLES[name]: np.array(
                [one.mean[shown], one.standard_error[shown], one.clear[shown]]
            )
            for name, one in measures
        },
        noise={TITLES[name]: one.noise for name, one in measures},
        units={TITLES[name]: UNITS[name] for name, _ in measures},
    )
    return album.add(
        figure,
        "Mean over folds with its standard error; dashed, the best random column; grey "
        "is not clear of it.",
        f"The first {len(shown)} of {len(rows)} columns; the table has all figures.",
    )


def _table(rows: list[dict[str, Any]]) -> Markup:
    measures = [name for name in TITLES if name in rows[0]]
    return table(
        "Columns, most important first: mean over folds, standard error, rank",
        [
            "Column",
            "Importance",
            "Cluster",
            "Clear of noise",
            *(word for name in measures for word in (TITLES[name], "±", "Rank")),
        ],
        [
            [
                row["feature"],
                percent(row["importance"]),
                str(row["cluster"]),
                f"{row['clear_of_noise']} of {len(measures)}",
                *(cell for name in measures for cell in _cells(row[name])),
            ]
            for row in rows
        ],
        name="importance",
    )


def _cells(one: Mapping[str, Any]) -> list[str]:
    return [f"{one['mean']:.2g}", f"{one['standard_error']:.1g}", whole(one["rank"])]


def _noise(study: ImportanceStudy) -> Markup:
    rows = study.noise_rows()
    measures = list(study.measures)
    return table(
        "What columns of chance earn, by their autocorrelation (phi)",
        ["Column", *(word for name in measures for word in (TITLES[name], "±"))],
        [
            [
                row["name"],
                *(
                    cell
                    for name in measures
                    for cell in (
                        f"{row[name]['mean']:.2g}",
                        f"{row[name]['standard_error']:.1g}",
                    )
                ),
            ]
            for row in rows
        ],
        name="noise",
    )
