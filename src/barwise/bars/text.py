"""A text table, however it is laid out, as text columns."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from barwise.bars.dialect import Dialect, first_ragged_line, read_dialect
from barwise.bars.origin import Origin
from barwise.bars.raw import RawTable
from barwise.core.errors import DataError

if TYPE_CHECKING:
    import polars as pl

_HEAD = 1 << 16


def load_text(content: bytes, name: str) -> RawTable:
    r"""Read a text table; every column stays text.

    Parameters
    ----------
    content : bytes
        UTF-8.
    name : str
        What to call the file in a message.

    Raises
    ------
    DataError
        If it is empty, no table, or a line has another number of fields.

    Examples
    --------
    >>> rows = b"date,time,open,high,low,close\n2024-01-02,10:00,1,3,0,2\n"
    >>> load_text(rows, "x.csv").frame.row(0)
    ('2024-01-02', '10:00', '1', '3', '0', '2')
    """
    import polars as pl

    head = content[:_HEAD].decode(errors="replace")
    dialect = read_dialect(head, name)
    for _ in range(dialect.skipped + int(dialect.header) + dialect.extra_header):
        content = content[content.find(b"\n") + 1 or len(content) :]
    if not content.strip():
        raise DataError(f"{name} has a header but no rows: there is nothing to read")
    # A blank first line would be taken for a table of one column.
    rows = content.lstrip(b"\r\n")
    try:
        frame = pl.read_csv(
            io.BytesIO(rows),
            separator=dialect.separator,
            has_header=False,
            new_columns=list(dialect.names),
            schema_overrides=dict.fromkeys(dialect.names, pl.String),
            infer_schema=False,
        )
    except pl.exceptions.PolarsError as problem:
        raise _csv_error(problem, content, dialect, name) from problem
    blank = pl.all_horizontal(pl.all().is_null())
    kept = frame.filter(~blank)
    dense = len(kept) == len(frame) and len(rows) == len(content)
    origin = Origin(name, dialect.first_line if dense else None)
    _check_width(kept, content, dialect, name)
    kept = _clean_text(kept, dialect)
    header = "a header" if dialect.header else "no header"
    note = f"text, fields separated by {dialect.separator!r}, {header}"
    return RawTable(kept, origin, "csv", dialect, evidence=(note,))


def _csv_error(
    problem: Exception, content: bytes, dialect: Dialect, name: str
) -> DataError:
    """Name the line that a parser stumbled over."""
    try:
        text = content.decode()
    except UnicodeDecodeError as bad:
        line = dialect.first_line + content[: bad.start].count(b"\n")
        return DataError(
            f"{name}, line {line}: byte 0x{content[bad.start]:02x} is not UTF-8 text; "
            "the file is damaged or in another encoding: save it as UTF-8"
        )
    ragged = _ragged(text, dialect, name)
    return ragged or DataError(f"{name} cannot be read as a table: {problem}")


def _ragged(text: str, dialect: Dialect, name: str) -> DataError | None:
    before = dialect.first_line - 1
    found = first_ragged_line("\n" * before + text, dialect)
    if found is None:
        return None
    line, fields = found
    shown = text.splitlines()[line - before - 1][:80]
    return DataError(
        f"{name}, line {line}: {fields} fields where the table has {len(dialect.names)} "
        f"(separator {dialect.separator!r}); the line reads {shown!r}. The file is cut off, "
        "or two layouts were joined: repair or remove that line"
    )


def _check_width(
    frame: pl.DataFrame, content: bytes, dialect: Dialect, name: str
) -> None:
    """A line with too few fields reads as missing values at its end."""
    if not frame.columns or not frame[frame.columns[-1]].null_count():
        return
    ragged = _ragged(content.decode(), dialect, name)
    if ragged is not None:
        raise ragged


def _clean_text(frame: pl.DataFrame, dialect: Dialect) -> pl.DataFrame:
    import polars as pl

    text = pl.all().str.strip_chars()
    if dialect.decimal_comma:
        number = pl.all().str.contains(r"^-?\d+,\d+$")
        text = (
            pl.when(number)
            .then(text.str.replace(",", ".", literal=True))
            .otherwise(text)
        )
    return frame.with_columns(text)
