"""Look at a file of bars and say what is in it, with the reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, final

import numpy as np

from barwise.bars.bars import PriceKind, format_interval
from barwise.bars.clocks import guess_clock
from barwise.bars.columns import FORMAT, plain
from barwise.bars.event_rule import TRADES, EventRule
from barwise.bars.raw import RawTable
from barwise.bars.read import choose_columns, infer_interval, joined_stamps, read_stamps
from barwise.bars.sources import load
from barwise.bars.stored import is_stored, stored_rule
from barwise.bars.timestamps import describe_format
from barwise.core.errors import ConfigError

if TYPE_CHECKING:
    import polars as pl

_LABELLED = {
    "open": ("open_time", "opentime", "start_time", "begins_at", "window_start"),
    "close": ("close_time",),
}
_BID_NAMES = ("dat_ascii", "histdata", "bid")


@final
@dataclass(frozen=True)
class Layout:
    """What a file holds and how sure that is.

    Parameters
    ----------
    path : str
    kind : str
        ``csv``, ``parquet``, ``arrow`` or ``lean``.
    separator : str or None
        Between fields of a text file.
    header : bool
        Whether a text file names its columns.
    columns : mapping of str to str
        Target to source name.
    timestamp_format : str
        strftime form, ``epoch ms``, or the type of a typed column.
    timezone : str or None
        The stamps' own zone, or the clock that they look like.
    naive : bool
        Whether the stamps carry no zone, so that ``timezone`` is a guess.
    label : str or None
        Which end of a bar the stamps look like; None where they do not tell.
    interval : int
        Most common step in nanoseconds; 0 for event bars and trades.
    rule : EventRule or None
        What ended each event bar, ``TRADES`` for trades.
    prices : {"trade", "bid", "ask", "mid"}
        What the source seems to quote.
    rows : int
    has_volume : bool
        Whether any row has a volume above zero.
    simulated : bool
    symbol : str or None
        Where the file itself names it.
    stored : bool
        Whether barwise wrote the file.
    evidence : tuple of str
        The reasons for all of it, as sentences for a person.
    """

    path: str
    kind: str
    separator: str | None
    header: bool
    columns: Mapping[str, str]
    timestamp_format: str
    timezone: str | None
    naive: bool
    label: str | None
    interval: int
    rule: EventRule | None
    prices: PriceKind
    rows: int
    has_volume: bool
    simulated: bool
    symbol: str | None
    stored: bool
    evidence: tuple[str, ...]


def sniff(path: str | Path, columns: Mapping[str, str] | None = None) -> Layout:
    r"""Look at a file: its layout, columns, clock, label and interval.

    Parameters
    ----------
    path : path
    columns : mapping of str to str, optional
        Where the names are not recognised; as for :func:`barwise.bars.read.read_bars`.

    Returns
    -------
    Layout

    Raises
    ------
    DataError, ConfigError
        As :func:`barwise.bars.read.read_bars`.

    Examples
    --------
    >>> import tempfile
    >>> rows = "\n".join(f"20180304 17{m:02d}00;1.2;1.3;1.1;1.2;0" for m in range(9))
    >>> with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
    ...     _ = file.write(rows)
    ...     file.flush()
    ...     layout = sniff(file.name)
    >>> layout.timestamp_format, layout.separator, layout.has_volume
    ('%Y%m%d %H%M%S', ';', False)
    """
    table = load(Path(path))
    prices, chosen = _choose(table, columns)
    stamps = read_stamps(table, chosen, (columns or {}).get(FORMAT))
    written = describe_format(_written(table.frame, chosen), table.origin)
    zone = getattr(stamps.dtype, "time_zone", None)
    # LEAN declares UTC although its files do not say so.
    naive = zone is None and table.kind != "lean"
    moments = _nanoseconds(stamps)
    rule = TRADES if "price" in chosen else stored_rule(table)
    interval = 0 if rule else infer_interval(moments, table.origin)
    guess = guess_clock(moments, interval, naive=naive)
    said, why = _label_by_name(table, chosen)
    volume = chosen.get("volume")
    has_volume = volume is not None and _any_volume(table.frame[volume])
    facts = table.stored if is_stored(table) and table.stored else {}
    dialect = table.dialect
    return Layout(
        path=str(path),
        kind=table.kind,
        separator=dialect.separator if dialect else None,
        header=dialect.header if dialect else True,
        columns=chosen,
        timestamp_format=written,
        timezone=guess.timezone if naive else zone or "UTC",
        naive=naive,
        # A trade is known at its stamp.
        label=facts.get("label", "close" if rule else said or guess.label),
        interval=interval,
        rule=rule,
        prices=facts.get("prices", prices),
        rows=len(table.frame),
        has_volume=has_volume,
        simulated=facts.get("simulated", bool(dialect and dialect.simulated)),
        symbol=facts.get("symbol"),
        stored=bool(facts),
        evidence=(
            *table.evidence,
            f"columns: {', '.join(f'{t} = {n!r}' for t, n in chosen.items())}",
            f"timestamps are written {written}"
            + ("" if naive else f", zone {zone or 'UTC'}"),
            f"rows are bars of {rule.text}"
            if rule
            else f"most rows are {format_interval(interval)} apart",
            *(
                ("barwise wrote the file, stamped with the close of each bar",)
                if facts
                else (*guess.evidence, *why)
            ),
            _volume_note(volume, has_volume),
        ),
    )


def _choose(
    table: RawTable, columns: Mapping[str, str] | None
) -> tuple[PriceKind, dict[str, str]]:
    """Return what the source quotes and its columns: one side where it quotes sides."""
    name = table.origin.name.lower()
    guess: PriceKind = "bid" if any(word in name for word in _BID_NAMES) else "trade"
    try:
        return guess, choose_columns(table, guess, columns)
    except ConfigError:
        sides: tuple[PriceKind, ...] = ("bid", "ask", "mid")
        for side in sides:
            try:
                return side, choose_columns(table, side, columns)
            except ConfigError:
                continue
        raise


def _label_by_name(
    table: RawTable, chosen: Mapping[str, str]
) -> tuple[str | None, tuple[str, ...]]:
    """Return the label that a column's name or a format's definition states."""
    if table.kind == "lean":
        return "open", ("LEAN stamps a bar with its start: label open",)
    name = chosen.get("timestamp", "")
    for label, names in _LABELLED.items():
        if plain(name) in names:
            return label, (f"the column is named {name!r}: label {label}",)
    return None, ()


def _written(frame: pl.DataFrame, chosen: Mapping[str, str]) -> pl.Series:
    if "date" in chosen and "time" in chosen:
        return joined_stamps(frame[chosen["date"]], frame[chosen["time"]])
    return frame[chosen["timestamp" if "timestamp" in chosen else "date"]]


def _nanoseconds(stamps: pl.Series) -> np.ndarray:
    import polars as pl

    return stamps.cast(pl.Int64).to_numpy()


def _any_volume(values: pl.Series) -> bool:
    import polars as pl

    return bool((values.cast(pl.Float64, strict=False) > 0).any())


def _volume_note(volume: str | None, has_volume: bool) -> str:
    if volume is None:
        return "no volume column: features of volume are left out"
    if not has_volume:
        return f"{volume!r} is zero on every row: the source has no volume"
    return f"volume is taken from {volume!r}"
