"""What the checks of the data sets say: verdicts, drift, classes over time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from barwise.datasets import DatasetVerdict
from barwise.metrics import class_names
from barwise.report.album import Album
from barwise.report.data import Report
from barwise.report.figures.class_shares import class_shares
from barwise.report.figures.column_drift import column_drift
from barwise.report.formats import decimal, percent, write
from barwise.report.markup import Markup, tag


def dataset_checks(report: Report, album: Album) -> Iterator[Markup]:
    """Show each horizon's verdict with its reasons, and the shortest one's figures."""
    if not report.checks:
        return
    for horizon, verdict in report.checks.items():
        told = f"Data set of {horizon} bars: {verdict.headline}."
        yield tag("p", told, class_=None if verdict.ready else "warning")
        yield tag(
            "ul",
            [
                tag("li", f"{found.level}: {found.check}: {found.message}")
                for found in verdict.findings
            ],
        )
    first = next(iter(report.checks.values()))
    yield tag("div", [*_drift(first, album), _shares(first, album)], class_="plots")


def _drift(verdict: DatasetVerdict, album: Album) -> Iterator[Markup]:
    columns = verdict.drift["val"]
    if not columns:
        return
    psi = np.array([one.drift.psi for one in columns])
    threshold = np.array([one.drift.threshold for one in columns])
    moved = np.array([one.moved for one in columns])
    worst = int(np.argmax(psi))
    yield album.add(
        column_drift([one.name for one in columns], psi, threshold, moved),
        "Drift from the training to the validation part; the mark is what a column stays "
        "below by itself, as its own blocks differ.",
        f"{moved.sum()} of {len(columns)} columns moved; the largest index is "
        f"{decimal(psi[worst])}, of {columns[worst].name}, whose threshold is "
        f"{write(float(threshold[worst]), decimal)}.",
    )


def _shares(verdict: DatasetVerdict, album: Album) -> Markup:
    stretches = verdict.stretches
    classes = tuple(stretches[0].shares)
    shares = np.array([[s.shares[name] for name in classes] for s in stretches])
    first, last = (
        ", ".join(map(percent, shares[place, :, 0].tolist())) for place in (0, -1)
    )
    return album.add(
        class_shares(
            np.array([(s.first + s.last) // 2 for s in stretches]),
            shares,
            classes=class_names(classes),
        ),
        "Shares of the classes in ten stretches of training and validation part, with "
        "95% intervals.",
        f"Shares go from {first} to {last}.",
    )
