"""What a config's columns need beside its bars: finer bars, and rows of tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, final

from barwise.features.external import EXTERNAL
from barwise.features.sets import inputs_of
from barwise.pipeline.building import build_bars
from barwise.pipeline.columns import Columns, finer_timeframes
from barwise.pipeline.config import RunConfig
from barwise.pipeline.external import read_tables, table_hashes
from barwise.pipeline.source import read_source, source_hashes


@final
@dataclass(frozen=True)
class SideInputs:
    """Inputs of the features beside the bars.

    Parameters
    ----------
    hashes : mapping of str to str
        SHA-256 of every file that they come from.
    settings : mapping of JSON values
        How the files are read.
    read : callable
        Returns the keyword arguments of ``FeatureGraph.push``: ``fine``, ``external``.
    """

    hashes: Mapping[str, str]
    settings: Mapping[str, Any]
    read: Callable[[], dict[str, Any]]


def side_inputs(config: RunConfig, columns: Columns, raw_interval: int) -> SideInputs:
    """Return what the columns need beside bars; nothing is read yet.

    Parameters
    ----------
    config : RunConfig
    columns : Columns
    raw_interval : int
        Interval of the source in nanoseconds.
    """
    finer = bool(finer_timeframes(config, columns))
    every = (inputs_of(name, columns.own or ()) for name in columns.names)
    outside = any(name.startswith(EXTERNAL) for names in every for name in names)

    def read() -> dict[str, Any]:
        found: dict[str, Any] = {}
        if finer:
            raw, _ = read_source(config)
            found["fine"], _ = build_bars(raw, config, config.traded(), raw_interval)
        if outside:
            found["external"] = read_tables(config)
        return found

    hashes: dict[str, str] = {}
    settings: dict[str, Any] = {}
    if finer:
        hashes |= source_hashes(config)
        settings["fine"] = raw_interval
    if outside:
        hashes |= table_hashes(config)
        settings["external"] = config.model_dump(mode="json")["external"]
    return SideInputs(hashes, settings, read)
