"""The part of the page that is about folds: when, how well, and where."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from barwise.metrics import Interval
from barwise.report.album import Album
from barwise.report.data import Report
from barwise.report.figures.score_whiskers import score_whiskers
from barwise.report.figures.splits import fold_timeline
from barwise.report.folds_data import FoldRow, FoldStudy, SliceRow, Whisker
from barwise.report.formats import (
    MISSING,
    date,
    decimal,
    ratio,
    whole,
    write,
    write_interval,
)
from barwise.report.markup import Markup, table, tag
from barwise.report.sections import section

TITLE = "Folds and stability"


def fold_section(report: Report, album: Album) -> list[Markup]:
    """Show when folds train and test, and each model's scores by fold and slice."""
    folds = report.folds
    if folds is None:
        return []
    return [
        section(
            "folds",
            TITLE,
            tag(
                "p",
                f"{folds.how[:1].upper()}{folds.how[1:]} of the training and validation "
                "part. In each fold all that learns was fitted anew on its own purged "
                "training samples. A score that holds on average but not from fold to "
                "fold, or only in one regime, is no edge to rely on.",
            ),
            [
                album.add(
                    fold_timeline(list(roles)),
                    f"Horizon of {horizon} bars: what each fold does with each sample.",
                    f"{len(roles)} folds of {roles.shape[1]:,} samples: training, test, "
                    "purged and embargoed stretches in order of time.",
                )
                for horizon, roles in folds.timelines.items()
            ],
            [_study(study, album) for study in folds.studies],
        )
    ]


def _study(study: FoldStudy, album: Album) -> Markup:
    return tag(
        "details",
        tag("summary", tag("h3", study.name)),
        tag("div", list(_figures(study, album)), class_="plots"),
        table(
            f"{study.name}: fold by fold",
            [
                "Fold",
                "First test",
                "Last test",
                "Trained on",
                "Tested",
                "Macro-F1",
                "Interval",
                "Best baseline",
                "Sharpe",
                "Interval",
                "Best baseline",
            ],
            [_fold_cells(row) for row in study.rows],
            words=3,
            name="folds",
        ),
        _slices(study),
        open=True,
        class_="model",
    )


def _figures(study: FoldStudy, album: Album) -> Iterator[Markup]:
    rows = [row for row in study.rows if not row.failed]
    names = [row.name.split()[-1] for row in rows]
    kind = study.rows[0].name.split()[0] if study.rows else "fold"
    windows = f"{len(rows)} windows of {study.name}, in the table below"

    def chart(
        names: Sequence[str],
        scores: Sequence[tuple[Whisker, float]],
        across: str,
        label: str,
        what: str,
        of: str,
    ) -> Markup:
        figure = score_whiskers(
            names,
            np.array([score for score, _ in scores]),
            beside=np.array([best for _, best in scores]),
            across=f"{across[:1].upper()}{across[1:]}",
            label=label,
        )
        told = f"{what} by {across}, with intervals."
        return album.add(figure, told, f"{label} of {of}.")

    scores = [(row.macro_f1, row.best_f1) for row in rows]
    yield chart(names, scores, kind, "Macro-F1", "Macro-F1", windows)
    scores = [(row.sharpe, row.best_sharpe) for row in rows]
    if any(np.isfinite(sharpe[0]) for sharpe, _ in scores):
        label, what = "Sharpe ratio a year", "Sharpe ratio after costs"
        yield chart(names, scores, kind, label, what, windows)
    for group in dict.fromkeys(one.group for one in study.slices):
        mine = [one for one in study.slices if one.group == group]
        names = [one.name for one in mine]
        scores = [(one.macro_f1, one.best_baseline) for one in mine]
        where = f"{study.name} in {len(mine)} slices by {group}"
        yield chart(names, scores, group, "Macro-F1", "Macro-F1", where)


def _slices(study: FoldStudy) -> list[Markup]:
    if not study.slices:
        return []
    return [
        table(
            f"{study.name}: regime by regime and hour by hour",
            [
                "By",
                "Slice",
                "Rows",
                "Effective rows",
                "Macro-F1",
                "Interval",
                "Best baseline",
                "Over prior",
                "Interval",
            ],
            [_slice_cells(one) for one in study.slices],
            words=2,
            name="slices",
        )
    ]


def _fold_cells(row: FoldRow) -> list[str]:
    dates = [MISSING] * 2 if row.failed else [date(row.first), date(row.last)]
    return [
        f"{row.name} failed: {row.failed}" if row.failed else row.name,
        *dates,
        write(row.trained, whole),
        write(row.tested, whole),
        *_whisker(row.macro_f1, decimal),
        write(row.best_f1, decimal),
        *_whisker(row.sharpe, ratio),
        write(row.best_sharpe, ratio),
    ]


def _slice_cells(one: SliceRow) -> list[str]:
    return [
        one.group,
        one.name,
        whole(one.samples),
        write(one.effective_samples, whole),
        *_whisker(one.macro_f1, decimal),
        write(one.best_baseline, decimal),
        *_whisker(one.over_prior, decimal),
    ]


def _whisker(values: Whisker, how: Callable[[float], str]) -> Sequence[str]:
    interval = Interval(*values, level=0.95, block_length=1, n_resamples=0)
    return write(values[0], how), write_interval(interval, how)
