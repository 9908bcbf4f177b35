"""A source of bars as one table of columns that are not interpreted yet."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

from barwise.bars.dialect import Dialect
from barwise.bars.origin import Origin
from barwise.bars.stored import METADATA_KEY
from barwise.core.errors import ConfigError, DataError

if TYPE_CHECKING:
    import polars as pl


@final
@dataclass(frozen=True)
class RawTable:
    """A source as it is: columns not yet interpreted, rows in file order.

    Parameters
    ----------
    frame : polars.DataFrame
        Text columns for text files, typed ones otherwise.
    origin : Origin
        For messages.
    kind : str
        ``csv``, ``parquet``, ``arrow``, ``lean`` or ``frame``.
    dialect : Dialect or None
        Layout of a text file.
    stored : mapping or None
        What :func:`barwise.bars.stored.write_bars` wrote beside the rows.
    evidence : tuple of str
        What was concluded on the way, in words.
    """

    frame: pl.DataFrame
    origin: Origin
    kind: str
    dialect: Dialect | None = None
    stored: Mapping[str, Any] | None = None
    evidence: tuple[str, ...] = ()


def from_arrow(table: Any, name: str, kind: str) -> RawTable:
    """Take a pyarrow table, with the metadata that barwise may have written.

    Raises
    ------
    DataError
        If it has no rows, or its metadata is damaged.
    """
    import polars as pl

    metadata = (table.schema.metadata or {}).get(METADATA_KEY.encode())
    try:
        stored = json.loads(metadata) if metadata else None
    except ValueError as problem:
        raise DataError(
            f"{name}: the metadata {METADATA_KEY!r} is not JSON ({problem}); the file was "
            "changed by another program, write it again"
        ) from problem
    frame = pl.from_arrow(table)
    if not isinstance(frame, pl.DataFrame):
        raise ConfigError(f"{name} is one column, not a table of bars")
    return from_polars(frame, name, kind, stored)


def from_polars(
    frame: pl.DataFrame, name: str, kind: str = "frame", stored: Any = None
) -> RawTable:
    """Take a polars frame.

    Raises
    ------
    DataError
        If it has no rows.
    """
    if not len(frame):
        raise DataError(f"{name} has no rows: there is nothing to read")
    return RawTable(frame, Origin(name), kind, stored=stored)
