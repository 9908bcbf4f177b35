"""A file of bars as a person names it: what it says itself, and what has to be told."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from barwise.core.errors import ConfigError

if TYPE_CHECKING:
    from barwise.bars.instruments import Instrument
    from barwise.bars.layouts import Layout
    from barwise.pipeline.config import RunConfig


Symbol = Annotated[
    str | None,
    typer.Option("--symbol", help="Instrument; else told by the file's name."),
]
Label = Annotated[
    Literal["open", "close"] | None,
    typer.Option("--label", help="Which end of a bar a timestamp is; else guessed."),
]
Timezone = Annotated[
    str | None,
    typer.Option("--timezone", help="Clock of the file, e.g. America/Chicago."),
]


@dataclass(frozen=True)
class Source:
    """All that reading a file needs.

    Parameters
    ----------
    path : Path
        The file of bars.
    symbol : str
        Name of the instrument.
    reading : mapping
        Keyword arguments of :func:`barwise.bars.read.read_bars`.
    policy : str or mapping
        What a finding leads to.
    instrument : Instrument or None
        None for a symbol that nobody described.
    evidence : tuple of str
        Why the file is read like that; empty where a config says so.
    config : RunConfig or None
        The config that names the file or files.
    """

    path: Path
    symbol: str
    reading: Mapping[str, Any]
    policy: Any = "error"
    instrument: Instrument | None = None
    evidence: tuple[str, ...] = field(default=())
    config: RunConfig | None = None


def find_source(
    file: Path, symbol: str | None, label: str | None, timezone: str | None
) -> Source:
    """Describe a file of bars, or the one that a config names.

    Raises
    ------
    ConfigError
        If the file does not tell which end of a bar its timestamps are and neither
        does the caller, or if the caller contradicts a config.
    """
    if file.suffix in (".yaml", ".yml"):
        if symbol or label or timezone:
            raise ConfigError(
                f"{file} is a config, which says symbol, data.label and data.timezone "
                "itself: change them there, or name the file of bars"
            )
        return _from_config(file)
    from barwise.bars.layouts import sniff

    layout = sniff(file)
    known = guess_instrument(layout, symbol)
    if (label or layout.label) is None:
        raise ConfigError(
            f"{file} does not tell which end of a bar its timestamps are; "
            "say --label open or --label close (the vendor's manual knows)"
        )
    name = known.symbol if known else symbol or guess_symbol(layout)
    reading = {
        "symbol": name,
        "label": label or layout.label,
        "timezone": timezone or (layout.timezone if layout.naive else None),
        "prices": layout.prices,
    }
    return Source(file, name, reading, instrument=known, evidence=layout.evidence)


def _from_config(file: Path) -> Source:
    from barwise.pipeline.config import RunConfig

    config = RunConfig.read(file)
    reading = {
        "symbol": config.symbol,
        "label": config.data.label,
        "timezone": config.data.timezone,
        "columns": config.data.columns,
        "prices": config.data.prices,
    }
    return Source(
        config.data_path,
        config.symbol,
        reading,
        config.data.policy,
        config.traded(),
        config=config,
    )


def guess_instrument(layout: Layout, symbol: str | None = None) -> Instrument | None:
    """Return the known instrument that a person, the file or its name says."""
    from barwise.bars.instruments import get_instrument

    said = symbol or layout.symbol
    for word in [said] if said else _words(layout):
        try:
            return get_instrument(word)
        except ConfigError:
            continue
    return None


def guess_symbol(layout: Layout) -> str:
    """Return a name for an instrument that is not known."""
    return (layout.symbol or _words(layout)[0]).upper()


def _words(layout: Layout) -> list[str]:
    """Return the parts of a file's name in which a symbol may stand."""
    name = Path(layout.path).name
    return [word for word in re.split(r"[^A-Za-z0-9]+", name) if word] or ["BARS"]
