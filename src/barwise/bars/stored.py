"""Bars in Parquet files of our own: written whole, read back exactly."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from barwise.bars.bars import Bars, format_interval
from barwise.bars.event_rule import EventRule
from barwise.core.durable import write_with
from barwise.core.errors import ConfigError, DataError

if TYPE_CHECKING:
    from barwise.bars.raw import RawTable

METADATA_KEY = "barwise"
"""Key of the Parquet metadata; its value is JSON."""

_TIMES = ("time", "open_time")
_FACTS = ("symbol", "label", "prices", "simulated", "interval")


def write_bars(
    bars: Bars, path: str | Path, *, history: Sequence[Mapping[str, Any]] = ()
) -> None:
    """Write bars to Parquet; :func:`read_bars` gives back the same ones.

    Symbol, label, price kind, interval or rule and the mark of simulated rows travel in
    the file's metadata.

    Parameters
    ----------
    bars : Bars
    path : path
        Final name; the file is whole or absent.
    history : sequence of mapping, optional
        What was appended to the series, told in the metadata.

    Raises
    ------
    BarwiseError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from barwise.bars.read import read_bars
    >>> one = np.ones(2)
    >>> time = np.array([1, 2]) * 60_000_000_000 + 1_600_000_000_000_000_000
    >>> bars = Bars.of(time, one, one, one, one, interval=60_000_000_000, symbol="X")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_bars(bars, f"{folder}/x.parquet")
    ...     read_bars(f"{folder}/x.parquet", symbol="X", label="close")
    Bars(X, 2 rows of 1 min, 2020-09-13 12:27 to 2020-09-13 12:28 UTC)
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    facts = {
        "symbol": bars.symbol,
        "label": "close",
        "prices": bars.prices,
        "simulated": bars.simulated,
        "interval": bars.interval,
        "rule": None if bars.rule is None else str(bars.rule),
        "appended": list(history),
    }
    stamp = pa.timestamp("ns", tz="UTC")
    columns = {
        name: pa.array(array).cast(stamp) if name in _TIMES else pa.array(array)
        for name, array in bars.columns().items()
    }
    table = pa.table(columns).replace_schema_metadata(
        {METADATA_KEY: json.dumps(facts, sort_keys=True)}
    )
    write_with(
        Path(path), lambda aside: pq.write_table(table, aside, compression="zstd")
    )


def read_stored(path: Path) -> tuple[Bars, tuple[Mapping[str, Any], ...]]:
    """Return the bars of a file of :func:`write_bars`, and what was appended to it.

    Raises
    ------
    DataError
        If the file was not written by barwise, or changed since.
    """
    from barwise.bars.sources import load

    table = load(path)
    if not is_stored(table):
        raise DataError(
            f"{path} was not written by barwise; make such a file of it with: "
            f"barwise data convert {path} -o {path.stem}_bars.parquet"
        )
    facts = dict(table.stored or {})
    bars = restore(
        table,
        symbol=str(facts.get("symbol")),
        label=str(facts.get("label")),
        prices=str(facts.get("prices")),
        interval=None,
    )
    return bars, tuple(facts.get("appended", ()))


def is_stored(table: RawTable) -> bool:
    """Whether a table has the metadata and the columns of :func:`write_bars`."""
    return table.stored is not None and set(_TIMES) <= set(table.frame.columns)


def restore(
    table: RawTable, *, symbol: str, label: str, prices: str, interval: int | None
) -> Bars:
    """Return the bars of a stored table, after a check of the arguments against it.

    Raises
    ------
    ConfigError
        If an argument contradicts what the file says of itself.
    DataError
        If the file's metadata is incomplete.
    """
    import polars as pl

    name = table.origin.name
    facts = dict(table.stored or {})
    missing = [fact for fact in _FACTS if fact not in facts]
    if missing:
        raise DataError(
            f"{name}: the metadata {METADATA_KEY!r} lacks {', '.join(missing)}; the file was "
            "changed by another program, write it again"
        )
    _agree(name, "symbol", symbol, facts["symbol"])
    _agree(name, "label", label, facts["label"])
    if prices != "trade":
        _agree(name, "prices", prices, facts["prices"])
    if interval is not None and interval != facts["interval"]:
        stored = facts["interval"]
        length = format_interval(stored) if stored else "none (event bars)"
        _agree(name, "interval", format_interval(interval), length)
    columns: dict[str, Any] = {}
    for column in table.frame:
        values = column.cast(pl.Int64) if column.name in _TIMES else column
        columns[column.name] = values.to_numpy()
    if "contract" in columns:
        columns["contract"] = columns["contract"].astype(np.str_)
    return Bars(
        **columns,
        symbol=facts["symbol"],
        interval=facts["interval"],
        prices=facts["prices"],
        simulated=facts["simulated"],
        rule=stored_rule(table),
    )


def stored_rule(table: RawTable) -> EventRule | None:
    """Return what ended each bar of a stored table; None for bars of one interval."""
    rule = (table.stored or {}).get("rule")
    return EventRule.parse(rule) if rule else None


def _agree(name: str, key: str, said: object, stored: object) -> None:
    if said == stored:
        return
    raise ConfigError(
        f"{key}={said!r}, but {name} was written by barwise with {key}={stored!r}; "
        f"pass {key}={stored!r}, or choose the file that you mean"
    )
