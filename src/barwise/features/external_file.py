"""Reading tables of values from outside the bars."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from barwise.bars.columns import plain
from barwise.bars.files import read_content
from barwise.bars.intervals import parse_duration
from barwise.bars.origin import Origin
from barwise.bars.raw import RawTable, from_polars
from barwise.bars.read import read_numbers
from barwise.bars.sources import load
from barwise.bars.timestamps import parse
from barwise.bars.zones import to_utc
from barwise.core.errors import ConfigError, DataError
from barwise.features.external import EVENT_COLUMNS, ExternalColumns

if TYPE_CHECKING:
    import polars as pl


def read_external(
    source: Any,
    *,
    known_at: str,
    columns: Sequence[str] = (),
    timezone: str | None = None,
    delay: str | None = None,
    event_time: str | None = None,
    max_age: str | None = None,
) -> ExternalColumns:
    """Read a table of values that became known at moments of their own.

    Parameters
    ----------
    source : path or frame
        What :func:`barwise.read_bars` takes.
    known_at : str
        Column with the moment at which a row was known. It is never guessed: for bars
        of another symbol it is their close, for a figure its release.
    columns : sequence of str
        Columns to take; in features they have lower-case names.
    timezone : str, optional
        IANA name of the clock of timestamps without zone; None: UTC.
    delay : str, optional
        How much later than its timestamp a row is known, such as ``5min``. A column of
        dates alone needs one, ``0min`` if the day's start is meant.
    event_time : str, optional
        Column with the time of a scheduled event, which ``known_at`` announced.
    max_age : str, optional
        How long a row counts, such as ``3d``; None: until the next one.

    Raises
    ------
    ConfigError
        If a column is absent, or days are all that is known of the time.
    DataError
        If the source cannot be read, or a row of it.

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"Released": ["2024-01-02 15:00"], "CPI": [3.1]})
    >>> read_external(frame, known_at="Released", columns=["CPI"])
    ExternalColumns(cpi; 1 rows known from 2024-01-02 15:00:00 UTC to 2024-01-02
    15:00:00 UTC)
    """
    table = _load(source)
    wait = None if delay is None else parse_duration(delay, "delay")
    age = None if max_age is None else parse_duration(max_age, "max_age")
    if not columns and event_time is None:
        raise ConfigError(
            f"{table.origin.name}: columns is empty, so nothing would be read; name some "
            f"of {', '.join(table.frame.columns)}"
        )
    names = [_spelled(table, name) for name in columns]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise ConfigError(f"{table.origin.name}: two columns are called {twice[0]!r}")
    stamps = _stamps(table, known_at)
    if wait is None and (stamps == stamps.dt.truncate("1d")).all():
        raise ConfigError(
            f"{table.origin.name}: column {known_at!r} holds days without a time of day, "
            "and a row that counts from midnight on may be read before it was known; say "
            "how much later it is known with delay, such as 16h (0min if midnight is right)"
        )
    events = None
    if event_time is not None:
        events = _moments(table, _stamps(table, event_time), event_time, timezone)
    return ExternalColumns(
        _moments(table, stamps, known_at, timezone) + (wait or 0),
        {
            name: read_numbers(_column(table, column), table.origin)
            for name, column in zip(names, columns, strict=True)
        },
        events,
        age,
    )


def _load(source: Any) -> RawTable:
    if isinstance(source, (str, Path)):
        kind, content = read_content(Path(source))
        if kind == "text":
            return _load_text(content, Path(source).name)
    return load(source)


def _load_text(content: bytes, name: str) -> RawTable:
    """Read a text file with a header; its separator is the one of the header."""
    import polars as pl

    header = content.partition(b"\n")[0].decode("utf-8", "replace")
    separator = max(",;\t|", key=header.count)
    try:
        frame = pl.read_csv(
            io.BytesIO(content), separator=separator, infer_schema=False
        )
    except pl.exceptions.PolarsError as problem:
        why = str(problem).splitlines()[0]
        raise DataError(f"{name} is no table with a header line: {why}") from problem
    table = from_polars(frame, name, "csv")
    return replace(table, origin=Origin(name, first_line=2))


def _column(table: RawTable, name: str) -> pl.Series:
    if name in table.frame.columns:
        return table.frame[name]
    near = get_close_matches(name, table.frame.columns, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise ConfigError(
        f"{table.origin.name} has no column {name!r}; {hint}it has "
        f"{', '.join(map(repr, table.frame.columns))}"
    )


def _spelled(table: RawTable, name: str) -> str:
    spelled = plain(name)
    if spelled in EVENT_COLUMNS or not spelled:
        raise ConfigError(
            f"{table.origin.name}: a column cannot be called {name!r} (as a feature "
            f"{spelled!r}); rename it in the file"
        )
    return spelled


def _stamps(table: RawTable, name: str) -> pl.Series:
    return parse(_column(table, name), table.origin)


def _moments(
    table: RawTable, stamps: pl.Series, name: str, timezone: str | None
) -> np.ndarray:
    times, unclear = to_utc(stamps, timezone, table.origin)
    if unclear:
        raise DataError(
            f"{table.origin.name}, column {name!r}: {unclear[0].count} rows, first "
            f"{unclear[0].rows[:5]}: {unclear[0].detail}; write these moments in UTC"
        )
    return times
