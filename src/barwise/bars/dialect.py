"""How a text file is laid out: separator, header, preamble, decimal mark."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from barwise.bars.columns import is_known, plain, recognise
from barwise.core.errors import ConfigError, DataError

_SEPARATORS = (";", "\t", "|", ",")
_SAMPLE_LINES = 100
_NUMBER = re.compile(r"[+-]?\d*[.,]?\d+([eE][+-]?\d+)?")
_STARTS_WITH_DATE = re.compile(r"\d{1,4}[-/.]?\d{1,2}[-/.]?\d{1,4}")
_MARK = "# barwise"


@final
@dataclass(frozen=True)
class Dialect:
    """Layout of one text table.

    Parameters
    ----------
    separator : str
        Between fields.
    skipped : int
        Lines before the header, or before the first row where there is none.
    header : bool
        Whether the first line after those names the columns.
    names : tuple of str
        The columns; ``column_1`` ... where the file has no header.
    extra_header : int
        Lines between the header and the first row that hold no bar.
    decimal_comma : bool
        Prices are written 1,2345.
    simulated : bool
        The file says in its first line that barwise simulated it.
    """

    separator: str
    skipped: int
    header: bool
    names: tuple[str, ...]
    extra_header: int = 0
    decimal_comma: bool = False
    simulated: bool = False

    @property
    def first_line(self) -> int:
        """Line of the first row, counted from 1."""
        return self.skipped + int(self.header) + self.extra_header + 1


def read_dialect(head: str, name: str) -> Dialect:
    r"""Look at the beginning of a text file.

    Parameters
    ----------
    head : str
        The first lines; the last of them may be cut.
    name : str
        What to call the file in a message.

    Raises
    ------
    DataError
        If the text is empty or no table of at least five columns.

    Examples
    --------
    >>> d = read_dialect("20180304 170000;1.2;1.3;1.1;1.2;0\n", "x.csv")
    >>> d.separator, d.header, d.names[:2]
    (';', False, ('column_1', 'column_2'))
    """
    lines = head.splitlines()[:_SAMPLE_LINES]
    comments = 0
    while comments < len(lines) and lines[comments].lstrip().startswith("#"):
        comments += 1
    if not any(line.strip() for line in lines[comments:]):
        raise DataError(f"{name} is empty: there is not one line with content in it")
    simulated = any(
        line.startswith(_MARK) and "simulated" in line for line in lines[:comments]
    )
    separator = _separator(lines[comments:], name)
    rows = [_fields(line, separator) for line in lines]
    width = _width(rows[comments:])
    # A title or an address above the table has fewer fields than the table.
    skipped = next(i for i in range(comments, len(rows)) if len(rows[i]) >= width)
    header = not _is_row(rows[skipped])
    names = tuple(field.strip().strip('"') for field in rows[skipped])
    extra = 0
    if header:
        names, extra = _yahoo_header(names, rows[skipped + 1 : skipped + 3])
    else:
        names = tuple(f"column_{i + 1}" for i in range(len(rows[skipped])))
    body = rows[skipped + int(header) + extra :]
    return Dialect(
        separator,
        skipped,
        header,
        _unique(names),
        extra,
        decimal_comma=separator != "," and _has_decimal_comma(body),
        simulated=simulated,
    )


def first_ragged_line(text: str, dialect: Dialect) -> tuple[int, int] | None:
    """Return the first line with another number of fields, and that number."""
    wanted = len(dialect.names)
    reader = csv.reader(text.splitlines(), delimiter=dialect.separator)
    for number, fields in enumerate(reader, start=1):
        if number >= dialect.first_line and fields and len(fields) != wanted:
            return number, len(fields)
    return None


def _fields(line: str, separator: str) -> list[str]:
    return next(csv.reader([line], delimiter=separator), [])


def _separator(lines: Sequence[str], name: str) -> str:
    """Return the separator that gives most lines one width of at least five.

    Or of three and more where the first line names the columns of trades.
    """
    full = [line for line in lines if line.strip()][-_SAMPLE_LINES:]
    best, score = "", 0
    for separator in _SEPARATORS:
        widths = [len(_fields(line, separator)) for line in full]
        common = max(set(widths), key=widths.count)
        agreeing = widths.count(common)
        if common >= 5 and agreeing > score:
            best, score = separator, agreeing
    if best:
        return best
    for separator in _SEPARATORS:
        if full and _names_trades(_fields(full[0], separator)):
            return separator
    shown = full[min(1, len(full) - 1)][:80] if full else ""
    raise _no_table(full, shown, name)


def _no_table(lines: Sequence[str], shown: str, name: str) -> DataError | ConfigError:
    for separator in _SEPARATORS:
        fields = _fields(lines[0], separator) if lines else []
        if any(is_known(field) for field in fields):
            # A header too narrow for bars: say which columns are missing.
            try:
                recognise([f.strip() for f in fields], source=name)
            except ConfigError as problem:
                return problem
    return DataError(
        f"{name} is no table of bars: no separator out of ; tab | , gives lines of at "
        f"least 5 fields (timestamp, open, high, low, close); a line reads {shown!r}"
    )


def _names_trades(fields: Sequence[str]) -> bool:
    try:
        return "price" in recognise([f.strip() for f in fields], source="")
    except ConfigError:
        return False


def _width(rows: Sequence[Sequence[str]]) -> int:
    widths = [len(row) for row in rows if len(row) > 1]
    return max(set(widths), key=widths.count)


def _is_row(fields: Sequence[str]) -> bool:
    """Whether most fields are numbers or dates: a row, not a header."""
    texts = [field.strip() for field in fields]
    data = [t for t in texts if _NUMBER.fullmatch(t) or _STARTS_WITH_DATE.match(t)]
    return len(data) * 2 >= len(texts)


def _yahoo_header(
    names: tuple[str, ...], rows: Sequence[Sequence[str]]
) -> tuple[tuple[str, ...], int]:
    """Read the three header lines of yfinance: Price, Ticker, Date."""
    if len(rows) < 2 or plain(names[0]) != "price" or plain(rows[0][0]) != "ticker":
        return names, 0
    return (rows[1][0], *names[1:]), 2


def _has_decimal_comma(rows: Sequence[Sequence[str]]) -> bool:
    fields = [field.strip() for row in rows[:10] for field in row]
    return any(re.fullmatch(r"-?\d+,\d+", field) for field in fields)


def _unique(names: Sequence[str]) -> tuple[str, ...]:
    """Give a repeated column name a number, so that a map can tell them apart."""
    seen: dict[str, int] = {}
    unique = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        unique.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return tuple(unique)
