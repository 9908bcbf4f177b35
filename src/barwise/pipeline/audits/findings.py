"""What an audit of features says."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from html import escape
from typing import Any, Literal, final

import numpy as np

from barwise.bars.bars import Bars

Check = Literal[
    "look_ahead",
    "repeat",
    "chunks",
    "restart",
    "origin",
    "price_units",
    "lookback",
    "values",
    "reads",
]


@final
@dataclass(frozen=True)
class Finding:
    """One thing that an audit found about a column.

    Parameters
    ----------
    level : {"cheat", "warning"}
        A cheat's values cannot be had at the time of their rows, or not again.
    check : str
        Which property does not hold.
    column : str
    message : str
        What was seen, at which row, and what it means.
    row : int or None
        Row that shows it, counted in the audited bars from 0.
    time : int or None
        Its close, nanoseconds UTC.
    ahead : int or None
        Rows that the column looks ahead, as far as was seen; None where it does not, or
        where every later row matters.
    """

    level: Literal["cheat", "warning"]
    check: Check
    column: str
    message: str
    row: int | None = None
    time: int | None = None
    ahead: int | None = None


@final
@dataclass(frozen=True)
class Audit:
    """Outcome of the audit of one subject.

    Parameters
    ----------
    name : str
        Of the function, or of the set of columns.
    kind : {"expression", "frame"}
    columns : tuple of str
    findings : tuple of Finding
        Cheats first.
    rows, cuts : int
        Bars that were looked at, and places after which the future was changed.
    """

    name: str
    kind: Literal["expression", "frame"]
    columns: tuple[str, ...]
    findings: tuple[Finding, ...]
    rows: int
    cuts: int

    @property
    def honest(self) -> bool:
        """Whether no column cheats."""
        return all(finding.level != "cheat" for finding in self.findings)

    def of(self, column: str) -> tuple[Finding, ...]:
        """Return the findings about one column."""
        return tuple(one for one in self.findings if one.column == column)

    def verdict(self, column: str) -> str:
        """Return ``cheats``, ``doubtful`` or ``honest``."""
        levels = {finding.level for finding in self.of(column)}
        if "cheat" in levels:
            return "cheats"
        return "doubtful" if levels else "honest"

    def to_dict(self) -> dict[str, Any]:
        """Return the audit as JSON values, column by column."""
        return {
            "name": self.name,
            "kind": self.kind,
            "rows": self.rows,
            "cuts": self.cuts,
            "honest": self.honest,
            "columns": [
                {
                    "column": column,
                    "verdict": self.verdict(column),
                    "findings": [asdict(finding) for finding in self.of(column)],
                }
                for column in self.columns
            ],
        }

    def __str__(self) -> str:
        lines = [f"{self.name}: {len(self.columns)} columns on {self.rows:,} bars"]
        lines += [f"  {column}: {self.verdict(column)}" for column in self.columns]
        lines += [f"    {f.column}: {f.level}: {f.message}" for f in self.findings]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"


def where(bars: Bars, row: int) -> str:
    """Say which row, and when it closed.

    Examples
    --------
    >>> one = np.ones(2)
    >>> bars = Bars.of(
    ...     np.array([0, 3_600_000_000_000]), one, one, one, one, interval=60
    ... )
    >>> where(bars, 1)
    'row 1 (1970-01-01 01:00 UTC)'
    """
    stamp = np.datetime64(int(bars.time[row]), "ns").astype("datetime64[m]")
    return f"row {row:,} ({str(stamp).replace('T', ' ')} UTC)"


def show(one: float, other: float) -> tuple[str, str]:
    """Write two values so that they are told apart.

    Examples
    --------
    >>> show(0.5, float("nan")), show(1.00000001, 1.0)
    (('0.5', 'no value'), ('1.00000001', '1'))
    """
    for digits in (6, 9, 17):
        texts = ["no value" if np.isnan(x) else f"{x:.{digits}g}" for x in (one, other)]
        if texts[0] != texts[1]:
            break
    return texts[0], texts[1]
