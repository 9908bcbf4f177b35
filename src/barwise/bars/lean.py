"""Minute files of QuantConnect LEAN: zips of CSV members without header.

Format: LEAN documentation, "Data format" of futures and of US equity
(https://github.com/QuantConnect/Lean/tree/master/Data): a row is milliseconds since
midnight, open, high, low, close, volume; the date stands in the member's name; prices
of equities and options are multiplied by 10,000, those of futures are not.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from barwise.core.errors import DataError

if TYPE_CHECKING:
    import polars as pl

_MEMBER = re.compile(
    r"(?P<date>\d{8})_(?P<symbol>.+?)_(?P<step>minute|second)_(?P<kind>trade|quote)"
    r"(?:_(?P<contract>.+))?\.csv"
)
_SCALE = 10_000.0
_SCALED_FOLDERS = ("equity", "option", "indexoption")
_COLUMNS = ("timestamp", "open", "high", "low", "close", "volume")


def is_lean(member: str) -> bool:
    """Whether a zip member is named as LEAN names its files.

    Examples
    --------
    >>> is_lean("20131008_gc_minute_trade_201312.csv"), is_lean("EURUSD.csv")
    (True, False)
    """
    return _MEMBER.fullmatch(member) is not None


def read_lean(path: Path, members: Mapping[str, bytes]) -> tuple[pl.DataFrame, str]:
    """Read every contract of a LEAN zip, in the archive's order.

    Parameters
    ----------
    path : Path
        The zip; its folders tell whether prices are scaled.
    members : mapping of str to bytes
        Content by member name.

    Returns
    -------
    frame : polars.DataFrame
        ``timestamp`` (naive), prices, ``volume`` and, for futures, ``contract``.
    note : str
        What was concluded about contracts and scaling.

    Raises
    ------
    DataError
        If a member holds quotes, or rows of another shape.
    """
    import polars as pl

    parts, scaled = [], False
    for member, content in members.items():
        named = _MEMBER.fullmatch(member)
        if named is None or named["kind"] == "quote":
            raise DataError(
                f"{path.name}/{member} holds LEAN quotes (bid and ask bars), not trades; "
                "pass the *_trade.zip of that day"
            )
        part = _rows(path, member, content)
        scaled = _is_scaled(path, named["contract"], part)
        if scaled:
            part = part.with_columns(pl.col(_COLUMNS[1:5]) / _SCALE)
        midnight = pl.lit(named["date"]).str.to_datetime("%Y%m%d", time_unit="ns")
        since = pl.duration(milliseconds="timestamp", time_unit="ns")
        part = part.with_columns(timestamp=midnight + since)
        if named["contract"]:
            part = part.with_columns(contract=pl.lit(named["contract"]))
        parts.append(part)
    names = sorted(_MEMBER.sub(r"\g<contract>", member) for member in members)
    note = f"LEAN minute trades, {len(parts)} contracts: {', '.join(names)}"
    return pl.concat(parts), note + (", prices divided by 10,000" if scaled else "")


def _rows(path: Path, member: str, content: bytes) -> pl.DataFrame:
    import polars as pl

    types = dict.fromkeys(_COLUMNS, pl.Float64) | {"timestamp": pl.Int64}
    try:
        return pl.read_csv(
            io.BytesIO(content),
            has_header=False,
            new_columns=list(_COLUMNS),
            schema_overrides=types,
        )
    except (pl.exceptions.PolarsError, ValueError) as problem:
        raise DataError(
            f"{path.name}/{member} has rows that are not milliseconds, open, high, low, "
            f"close, volume: {str(problem).splitlines()[0]}"
        ) from problem


def _is_scaled(path: Path, contract: str | None, rows: pl.DataFrame) -> bool:
    """Equities and options: by folder, by an option's name, else by whole numbers."""
    if {part.lower() for part in path.absolute().parts} & set(_SCALED_FOLDERS):
        return True
    if contract:
        return "_call_" in contract or "_put_" in contract
    prices = rows.select(_COLUMNS[1:5])
    whole = all((column == column.round()).all() for column in prices)
    low = prices["low"].min()
    return whole and isinstance(low, float) and low >= _SCALE
