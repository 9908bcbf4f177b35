"""Where a row came from, in words: for messages that a person acts on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True)
class Origin:
    """A source and, for text files, the line of its first row.

    Rows count from 0 and leave the header out; lines count from 1 as editors do.

    Examples
    --------
    >>> Origin("eurusd.csv", first_line=2).row(10)
    'eurusd.csv, row 10 (line 12)'
    >>> Origin("the pandas frame").row(10)
    'the pandas frame, row 10'
    """

    name: str
    first_line: int | None = None

    def row(self, number: int) -> str:
        """Name one row."""
        if self.first_line is None:
            return f"{self.name}, row {number}"
        return f"{self.name}, row {number} (line {self.first_line + number})"
