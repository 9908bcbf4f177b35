"""What is wrong with a file of bars, counted, with the rows named."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

SHOWN = 20
"""How many row numbers a finding keeps."""

KINDS = {
    "out_of_order": "time goes back against an earlier row",
    "duplicate": "same time and same content as an earlier row",
    "conflict": "same time as an earlier row, other content",
    "ambiguous_time": "an hour that the clock shows twice, not decidable",
    "non_finite": "a price is NaN or infinite",
    "non_positive": "a price is zero or negative",
    "high_below_low": "high is below low",
    "open_close_outside": "open or close lies outside [low, high]",
    "negative_volume": "volume is negative or infinite",
    "off_grid": "the stamp is not on the interval's grid",
    "outside_session": "the bar closes outside every session",
    "gap": "steps over more than one interval",
    "bad_tick": "a wick far beyond recent ranges that closes back",
    "stale": "flat bars at one price for a long stretch",
    "zero_volume": "volume is zero",
    "flat": "high equals low",
}
"""Every kind of finding about a source, in the order in which they are reported."""


@final
@dataclass(frozen=True)
class Finding:
    """One kind of fault and where it occurs.

    Parameters
    ----------
    kind : str
        One of :data:`KINDS`, or the name of a later step's own finding.
    count : int
        How many rows (for ``gap``: how many steps).
    rows : tuple of int
        The first rows of the source, counted from 0 without the header; at most 20.
    detail : str
        What a person should know beside the count.
    action : str
        What was done: ``kept``, ``dropped``, ``repaired`` or ``sorted``.

    Examples
    --------
    >>> Finding.of("flat", np.array([3, 8]))
    Finding(kind='flat', count=2, rows=(3, 8), detail='high equals low', action='kept')
    """

    kind: str
    count: int
    rows: tuple[int, ...] = ()
    detail: str = ""
    action: str = "kept"

    @classmethod
    def of(
        cls, kind: str, rows: np.ndarray, detail: str = "", action: str = "kept"
    ) -> Finding:
        """Make a finding from every row that has the fault."""
        first = tuple(int(row) for row in rows[:SHOWN])
        return cls(kind, len(rows), first, detail or KINDS.get(kind, ""), action)

    def plus(self, other: Finding) -> Finding:
        """Return both findings of one kind as one."""
        details = dict.fromkeys(d for d in (self.detail, other.detail) if d)
        return replace(
            self,
            count=self.count + other.count,
            rows=tuple(sorted({*self.rows, *other.rows})[:SHOWN]),
            detail="; ".join(details),
            action=self.action if self.count else other.action,
        )


@final
@dataclass(frozen=True)
class QualityReport:
    """What was found in a source and what was done about it.

    Parameters
    ----------
    rows_in, rows_out : int
        Rows before and after.
    findings : tuple of Finding
        Only kinds that occur, in a fixed order.
    offline : bool
        True when a step needed rows that were not known yet (sorting a file,
        interpolation): live data cannot be treated like that.

    Examples
    --------
    >>> report = QualityReport(
    ...     10, 9, (Finding("duplicate", 1, (4,), action="dropped"),)
    ... )
    >>> print(report)
    10 rows in, 9 rows out
    finding    count  action   first rows  detail
    duplicate      1  dropped  4
    >>> report.count("duplicate"), report.count("gap")
    (1, 0)
    """

    rows_in: int
    rows_out: int
    findings: tuple[Finding, ...] = ()
    offline: bool = False

    def __getitem__(self, kind: str) -> Finding:
        """Return the finding of one kind; a count of 0 where it does not occur."""
        return next((f for f in self.findings if f.kind == kind), Finding(kind, 0))

    def count(self, kind: str) -> int:
        """Return how often one kind occurs."""
        return self[kind].count

    def with_findings(
        self, findings: Iterable[Finding], *, offline: bool = False
    ) -> QualityReport:
        """Return the report with more findings; those of one kind add up."""
        joined: dict[str, Finding] = {}
        for finding in (*self.findings, *findings):
            if finding.count:
                old = joined.get(finding.kind)
                joined[finding.kind] = old.plus(finding) if old else finding
        order = {kind: place for place, kind in enumerate(KINDS)}
        ordered = sorted(joined.values(), key=lambda f: order.get(f.kind, len(order)))
        return replace(self, findings=tuple(ordered), offline=self.offline or offline)

    def merge(self, later: QualityReport) -> QualityReport:
        """Return one report for this step and a later one on its output.

        Examples
        --------
        >>> first = QualityReport(10, 9, (Finding("duplicate", 1, (4,)),))
        >>> first.merge(QualityReport(9, 12, (Finding("gap", 1, (5,)),), offline=True))
        QualityReport(rows_in=10, rows_out=12, offline=True, findings: duplicate 1, gap 1)
        """
        both = self.with_findings(later.findings, offline=later.offline)
        return replace(both, rows_out=later.rows_out)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "rows_in": self.rows_in,
            "rows_out": self.rows_out,
            "offline": self.offline,
            "findings": [
                {
                    "kind": f.kind,
                    "count": f.count,
                    "rows": list(f.rows),
                    "detail": f.detail,
                    "action": f.action,
                }
                for f in self.findings
            ],
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> QualityReport:
        """Rebuild a report from :meth:`to_dict`."""
        findings = tuple(
            Finding(**{**found, "rows": tuple(found["rows"])})
            for found in values["findings"]
        )
        return cls(**{**values, "findings": findings})

    def __repr__(self) -> str:
        found = ", ".join(f"{f.kind} {f.count:,}" for f in self.findings) or "none"
        return (
            f"QualityReport(rows_in={self.rows_in}, rows_out={self.rows_out}, "
            f"offline={self.offline}, findings: {found})"
        )

    def __str__(self) -> str:
        head = f"{self.rows_in:,} rows in, {self.rows_out:,} rows out"
        if self.offline:
            head += " (with a step that only a finished file allows)"
        if not self.findings:
            return f"{head}\nnothing found"
        cells = [_TITLES, *(_cells(finding) for finding in self.findings)]
        widths = [max(len(row[i]) for row in cells) for i in range(len(_TITLES))]
        lines = [
            "  ".join(
                cell.rjust(width) if title == "count" else cell.ljust(width)
                for cell, width, title in zip(row, widths, _TITLES, strict=True)
            ).rstrip()
            for row in cells
        ]
        return "\n".join([head, *lines])

    def _repr_html_(self) -> str:
        from html import escape

        head, *_ = str(self).splitlines()
        titles = "".join(f"<th>{title}</th>" for title in _TITLES)
        rows = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in _cells(f)) + "</tr>"
            for f in self.findings
        )
        return f"<p>{escape(head)}</p><table><tr>{titles}</tr>{rows}</table>"


_TITLES = ("finding", "count", "action", "first rows", "detail")
_LISTED = 5


def _cells(finding: Finding) -> tuple[str, ...]:
    rows = ", ".join(str(row) for row in finding.rows[:_LISTED])
    more = ", ..." if finding.count > _LISTED and rows else ""
    return (
        finding.kind,
        f"{finding.count:,}",
        finding.action,
        rows + more,
        finding.detail,
    )
