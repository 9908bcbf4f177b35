"""A data set in words and as an HTML table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import final

import numpy as np

from barwise.datasets.chronological import PARTS, Split
from barwise.datasets.frame import Frame


@final
@dataclass(frozen=True)
class PartSummary:
    """What may be told about a part.

    Parameters
    ----------
    name : str
        Part.
    rows : int
        Samples.
    first, last : int
        Times of the first and the last sample, nanoseconds UTC.
    balance : dict or None
        Share of each class; None while the part is sealed.
    """

    name: str
    rows: int
    first: int
    last: int
    balance: dict[int, float] | None

    def cells(self) -> tuple[str, str, str, str]:
        """Return name, rows, dates and balance as text."""
        shares = (
            "sealed"
            if self.balance is None
            else ", ".join(
                f"{cls:+d}: {share:.1%}" if cls else f"0: {share:.1%}"
                for cls, share in self.balance.items()
            )
        )
        dates = f"{_minute(self.first)} to {_minute(self.last)} UTC"
        return self.name, f"{self.rows:,}", dates, shares


def summarise(
    frame: Frame, split: Split, classes: Sequence[int], *, sealed: bool
) -> list[PartSummary]:
    """Return rows, dates and class balance of each part; no balance if sealed."""
    found = []
    for part in PARTS:
        rows = split.part(part)
        first, last = (int(time) for time in frame.times[rows[[0, -1]]])
        balance = None
        if part != "test" or not sealed:
            label = frame.targets.label[rows]
            balance = {cls: float(np.mean(label == cls)) for cls in classes}
        found.append(PartSummary(part, len(rows), first, last, balance))
    return found


def as_text(title: str, parts: Sequence[PartSummary]) -> str:
    """Return a title and one aligned line for each part."""
    table = [part.cells() for part in parts]
    widths = [max(len(row[column]) for row in table) for column in range(3)]
    lines = [
        f"  {row[0]:<{widths[0]}}  {row[1]:>{widths[1]}} rows  "
        f"{row[2]:<{widths[2]}}  {row[3]}"
        for row in table
    ]
    return "\n".join([title, *lines])


def as_html(title: str, parts: Sequence[PartSummary]) -> str:
    """Return the same as an HTML table."""
    head = "".join(f"<th>{name}</th>" for name in ("part", "rows", "dates", "classes"))
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in part.cells()) + "</tr>"
        for part in parts
    )
    return f"<p>{escape(title)}</p><table><tr>{head}</tr>{body}</table>"


def _minute(time: int) -> str:
    return str(np.datetime64(time, "ns").astype("datetime64[m]")).replace("T", " ")
