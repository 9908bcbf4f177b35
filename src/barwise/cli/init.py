"""``barwise init``: look at a file of bars and write a commented config for it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from barwise.cli.output import Json, ending, note, write_json, write_text

if TYPE_CHECKING:
    from barwise.bars.instruments import Instrument
    from barwise.bars.layouts import Layout

_SUFFIXES = {".csv", ".txt", ".gz", ".zst", ".zip", ".parquet", ".arrow", ".feather"}
_CONFIGS = (".yaml", ".yml")
_SCHEMA = Path(".barwise", "config.schema.json")
_DECISION_MINUTES = 5
# What a file may not tell and no default can stand for.
_FUTURES_ONLY = {"contracts", "rolls", "roll_by", "roll_days", "roll_adjustment"}
_NEEDED = ("label", "kind", "calendar", "tick_size")


def add_to(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(
        "init",
        epilog=ending(
            "barwise init mes.csv",
            "barwise init bars.parquet --symbol MES --label open --config mes.yaml",
        ),
    )(init)


def init(
    file: Annotated[Path, typer.Argument(help="Your file of bars.")],
    symbol: Annotated[
        str | None,
        typer.Option("--symbol", help="Instrument; else told by the file's name."),
    ] = None,
    label: Annotated[
        Literal["open", "close"] | None,
        typer.Option(
            "--label", help="Which end of a bar a timestamp is; else guessed."
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option("--config", help="Where to write; else beside FILE, as .yaml."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Overwrite an existing config.")
    ] = False,
    json: Json = False,
) -> None:
    """Look at a file of bars and write a commented config beside it.

    Each setting is explained, with what was seen in the file. What the file does not
    tell is left empty and named on stderr.
    """
    from barwise.bars.layouts import sniff
    from barwise.cli.source import guess_instrument, guess_symbol
    from barwise.core import durable
    from barwise.pipeline.config_text import commented

    path = config or _beside(file)
    _check_free(path, file, named=config is not None, force=force)
    layout = sniff(file)
    known = guess_instrument(layout, symbol)
    name = known.symbol if known else symbol or guess_symbol(layout)
    values, remarks = _settings(file, path, layout, name, known)
    if label is not None:
        values["data"]["label"] = label
    undecided = [
        f"{group}.{key}"
        for group in ("data", "instrument")
        for key in _NEEDED
        if values.get(group, {}).get(key, "") is None
    ]
    durable.write_text(path.parent / _SCHEMA, _schema())
    durable.write_text(path, _head(file) + commented(values, remarks, undecided))
    if json:
        write_json(
            {
                "config": str(path),
                "symbol": name,
                "undecided": undecided,
                "evidence": list(layout.evidence),
            }
        )
    else:
        write_text(str(path))
    for key in undecided:
        note(f"barwise: {path}: {key} could not be told from {file}; fill it in")


def _check_free(path: Path, file: Path, *, named: bool, force: bool) -> None:
    """Refuse to write over a folder, the bars themselves, or unasked over a file."""
    from barwise.core.errors import ConfigError

    if named and path.suffix.lower() not in _CONFIGS:
        raise ConfigError(
            f"--config {path}: a config is named {' or '.join(_CONFIGS)}, e.g. "
            f"{_beside(file)}"
        )
    if path.is_dir():
        raise ConfigError(f"--config {path} is a folder; name a file in it")
    if path.exists() and file.exists() and path.samefile(file):
        raise ConfigError(f"--config {path} is the file of bars itself; name another")
    if path.exists() and not force:
        raise ConfigError(
            f"{path} exists; --force overwrites it, --config writes to another file"
        )


def _beside(file: Path) -> Path:
    stem = file
    while stem.suffix.lower() in _SUFFIXES:
        stem = stem.with_suffix("")
    return stem.parent / f"{stem.name}.yaml"


def _schema() -> str:
    import json

    from barwise.pipeline.config import RunConfig

    return json.dumps(RunConfig.model_json_schema(), indent=2, sort_keys=True) + "\n"


def _head(file: Path) -> str:
    return (
        f"# yaml-language-server: $schema={_SCHEMA.as_posix()}\n"
        f"# One run of barwise on {file.name}. Lines with > tell what was seen in it.\n"
        "# Paths are relative to this file.\n\n"
    )


def _settings(
    file: Path, path: Path, layout: Layout, symbol: str, known: Instrument | None
) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """Return the settings to write, and what was seen, by key."""
    from barwise.pipeline.config import RunConfig

    default = RunConfig.model_construct(symbol=symbol).model_dump(mode="json")
    future = known is None or known.kind == "future"
    data = _data(file, path, layout, future=future)
    values: dict[str, Any] = {"symbol": symbol, "data": data}
    remarks = {"data": list(layout.evidence)}
    if known is None:
        remarks["symbol"] = ["no symbol that barwise knows: see instrument below"]
        values["instrument"] = _instrument(file, layout)
        remarks["instrument.tick_size"] = ["the smallest step between prices"]
    else:
        remarks["symbol"] = [
            f"{known.name}: a tick is {known.tick_size:g}, a point is worth "
            f"{known.multiplier:g} {known.currency}"
        ]
        upper, lower = known.barriers
        remarks["labels.upper"] = [f"{symbol}: {upper:g}"]
        remarks["labels.lower"] = [f"{symbol}: {lower:g}"]
    rest = [
        name for name in RunConfig.model_fields if name not in (*values, "instrument")
    ]
    values |= {name: default[name] for name in rest}
    values["models"] = [model["name"] for model in default["models"]]
    return values, remarks


def _data(file: Path, path: Path, layout: Layout, *, future: bool) -> dict[str, Any]:
    from barwise.bars.event_rule import TRADES
    from barwise.pipeline.config_groups import DataConfig

    seen: dict[str, Any] = {
        "path": Path(os.path.relpath(file, path.parent)).as_posix(),
        "label": layout.label,
        "timezone": layout.timezone if layout.naive else None,
        "prices": layout.prices,
        "interval": _interval(layout.interval),
    }
    if layout.rule is not None and layout.rule != TRADES:
        seen |= {"bars": layout.rule.kind, "bar_size": layout.rule.size}
    default = DataConfig.model_construct().model_dump(mode="json")
    left_out = set() if future else _FUTURES_ONLY
    return {
        name: (default | seen)[name]
        for name in DataConfig.model_fields
        if name not in left_out
    }


def _instrument(file: Path, layout: Layout) -> dict[str, Any]:
    import numpy as np

    from barwise.bars.read import read_bars
    from barwise.pipeline.config_groups import InstrumentConfig

    bars = read_bars(file, symbol="?", label="open", prices=layout.prices)
    prices = np.unique(np.round(np.concatenate([bars.high, bars.low]), 9))
    steps = np.diff(prices[np.isfinite(prices)])
    seen = {
        "kind": None,
        "calendar": None,
        "tick_size": float(np.round(steps.min(), 9)) if len(steps) else None,
        "has_volume": layout.has_volume,
        "barriers": [1.0, 1.0],
    }
    default = InstrumentConfig.model_construct().model_dump(mode="json")
    return {name: (default | seen)[name] for name in InstrumentConfig.model_fields}


def _interval(source: int) -> str:
    """Return the interval to decide on: 5 minutes, or the source's where that is longer."""
    from barwise.core.arrays import MINUTE

    minutes = max(_DECISION_MINUTES, source // MINUTE)
    for unit, length in (("d", 1440), ("h", 60)):
        if minutes % length == 0:
            return f"{minutes // length}{unit}"
    return f"{minutes}min"
