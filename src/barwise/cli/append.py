"""``barwise data append``: new bars at the end of a stored series."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from barwise.cli.output import Json, write_json, write_text

if TYPE_CHECKING:
    from barwise.bars.append import Appended
    from barwise.bars.bars import Bars
    from barwise.bars.layouts import Layout

EXAMPLES = (
    "barwise data append es.parquet es_march.csv --label open --timezone America/Chicago",
    "barwise data append es.parquet es_corrected.parquet --keep new --json",
)


def append(
    stored: Annotated[
        Path, typer.Argument(help="Parquet file that barwise data convert wrote.")
    ],
    new: Annotated[Path, typer.Argument(help="File of bars to add.")],
    keep: Annotated[
        Literal["stored", "new"] | None,
        typer.Option(
            "--keep", help="Rows that stay where the two differ; else an error."
        ),
    ] = None,
    symbol: Annotated[
        str | None,
        typer.Option(
            "--symbol", help="Say that NEW is of this symbol, whatever its name."
        ),
    ] = None,
    label: Annotated[
        Literal["open", "close"] | None,
        typer.Option("--label", help="Which end of a bar NEW's timestamps are."),
    ] = None,
    timezone: Annotated[
        str | None, typer.Option("--timezone", help="Clock of NEW's timestamps.")
    ] = None,
    json: Json = False,
) -> None:
    """Add the bars of NEW behind those of STORED; compare them where they overlap.

    Equal rows are skipped. Rows that differ are an error with exit code 3 that names
    them and both values, unless --keep says which ones stay. The file is replaced whole
    or not at all, and the same command a second time changes nothing.
    """
    from barwise.bars.append import append_bars
    from barwise.bars.stored import read_stored

    old, _ = read_stored(stored)
    bars = _read(new, old, symbol, label, timezone)
    _check_hours(new, old, bars)
    made = append_bars(stored, bars, keep=keep)
    if json:
        write_json(_facts(stored, new, made))
    else:
        write_text(_text(stored, made))


def _read(
    path: Path, old: Bars, symbol: str | None, label: str | None, timezone: str | None
) -> Bars:
    from barwise.bars.layouts import sniff
    from barwise.bars.read import read_bars
    from barwise.core.errors import ConfigError

    layout = sniff(path)
    if layout.stored:
        return read_bars(
            path, symbol=layout.symbol or "", label="close", prices=layout.prices
        )
    _check_symbol(layout, old, symbol)
    label = label or layout.label
    if label is None:
        raise ConfigError(
            f"{path} does not tell which end of a bar its timestamps are; say --label "
            "open or --label close"
        )
    if layout.naive and timezone is None:
        raise ConfigError(
            f"the timestamps of {path} say no zone; say --timezone, e.g. --timezone UTC"
            + (f" (they look like {layout.timezone})" if layout.timezone else "")
        )
    reading: dict[str, Any] = {"label": label, "timezone": timezone}
    bars = read_bars(
        path, symbol=old.symbol, prices=old.prices, interval=old.interval, **reading
    )
    _check_steps(path, old, bars)
    return bars


def _check_symbol(layout: Layout, old: Bars, said: str | None) -> None:
    """Refuse a file whose name, or whose owner, says another symbol."""
    from barwise.cli.source import guess_instrument
    from barwise.core.errors import DataError

    known = guess_instrument(layout, said)
    found = known.symbol if known else said
    if found is None or found.upper() == old.symbol.upper():
        return
    raise DataError(
        f"{layout.path} looks like {found}, the stored bars are {old.symbol}; if they "
        f"are the same, say --symbol {old.symbol}"
    )


def _check_steps(path: Path, old: Bars, bars: Bars) -> None:
    """Refuse rows that are always further apart than the stored ones."""
    import numpy as np

    from barwise.bars.bars import format_interval
    from barwise.core.errors import DataError

    steps = np.diff(np.unique(bars.time))
    if bars.interval is None or not len(steps) or steps.min() <= bars.interval:
        return
    raise DataError(
        f"the rows of {path} are at least {format_interval(int(steps.min()))} apart, the "
        f"stored bars have {old.length}; append bars of the same length"
    )


def _check_hours(path: Path, old: Bars, new: Bars) -> None:
    """Refuse a clock that the stored bars do not show."""
    from barwise.bars.doubts import source_doubts
    from barwise.bars.instruments import get_instrument
    from barwise.core.errors import ConfigError, DataError

    try:
        instrument = get_instrument(old.symbol)
    except ConfigError:
        return
    doubts = source_doubts(new, instrument)
    if doubts and not source_doubts(old, instrument):
        raise DataError(
            f"{path} does not keep the hours of the stored bars: {doubts[0]}"
        )


def _facts(stored: Path, new: Path, made: Appended) -> dict[str, Any]:
    from dataclasses import asdict

    facts = asdict(made) | {
        "file": str(stored),
        "new": str(new),
        "changed": made.changed,
    }
    if made.gap is not None:
        facts["gap"] = {
            **made.gap,
            "from": _moment(made.gap["from"]),
            "to": _moment(made.gap["to"]),
        }
    return facts


def _text(stored: Path, made: Appended) -> str:
    lines = [
        f"{stored}: {made.added:,} rows added, {made.identical:,} of the overlap equal, "
        f"{made.rows:,} rows now"
    ]
    if made.differing:
        lines.append(
            f"{made.differing:,} rows of the overlap differed; the {made.keep} ones stay"
        )
    if made.gap is not None:
        missing = made.gap["missing"]
        count = "" if missing is None else f", {missing:,} bars are missing"
        lines.append(
            f"gap from {_moment(made.gap['from'])} to {_moment(made.gap['to'])}{count}"
        )
    if not made.changed:
        lines.append("nothing to add: the file is as it was")
    return "\n".join(lines)


def _moment(time: int | None) -> str:
    import numpy as np

    return str(np.datetime64(int(time or 0), "ns").astype("datetime64[s]")) + "Z"
