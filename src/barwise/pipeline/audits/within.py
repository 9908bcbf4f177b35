"""The config that columns are audited in: its bars, finer bars and tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

from barwise.bars.bars import Bars
from barwise.bars.intervals import parse_interval
from barwise.features import FeatureGraph, OwnFeatures
from barwise.features.definition import Feature
from barwise.features.external import EXTERNAL
from barwise.features.sets import inputs_of, too_short
from barwise.pipeline.audits.history import History
from barwise.pipeline.building import build_bars, check_target
from barwise.pipeline.columns import Columns, input_problem
from barwise.pipeline.config import RunConfig
from barwise.pipeline.external import table_files
from barwise.pipeline.features import graph_of
from barwise.pipeline.inputs import columns_of
from barwise.pipeline.side import side_inputs
from barwise.pipeline.source import read_source


@final
@dataclass(frozen=True, eq=False)
class Within:
    """Bars as a run of a config would compute features from, without a store.

    Parameters
    ----------
    config : RunConfig
    bars : Bars
        Cleaned and built; perhaps only the last of them.
    raw_interval : int
        Interval of the source in nanoseconds; 0 if it has none.
    """

    config: RunConfig
    bars: Bars
    raw_interval: int

    @classmethod
    def of(cls, config: RunConfig) -> Within:
        """Read the source of a config.

        Raises
        ------
        ConfigError
            If a setting contradicts the source.
        DataError
            If the source cannot be read.
        """
        raw, _ = read_source(config)
        check_target(config, raw)
        bars, _ = build_bars(raw, config, config.traded(), config.target)
        return cls(config, bars, raw.interval or 0)

    def last(self, rows: int) -> Within:
        """Return it with the last bars only."""
        return replace(self, bars=self.bars[-rows:])

    @property
    def columns(self) -> Columns:
        """The config's columns for these bars."""
        return columns_of(
            self.config, self.config.traded(), self.bars, self.raw_interval
        )

    def graph(self, names: Sequence[str], own: OwnFeatures | None) -> FeatureGraph:
        """Return a graph as a run would have it, not fitted."""
        return graph_of(self.config, Columns(tuple(names), {}, own, ()))

    def beside(self, names: Sequence[str], own: OwnFeatures | None) -> dict[str, Any]:
        """Return the finer bars and tables that columns need, as far as bars go."""
        columns = Columns(tuple(names), {}, own, ())
        found = side_inputs(self.config, columns, self.raw_interval).read()
        return History(self.bars, **found).last(len(self.bars)).beside

    def problem(self, name: str, own: OwnFeatures | None) -> str | None:
        """Say why a column cannot be had from the config's bars and tables."""
        return input_problem(self.config, name, own, self.raw_interval)

    def remarks(self) -> list[str]:
        """Say what no audit of the tables can see."""
        files = table_files(self.config).values()
        return [
            f"{path}: a row counts from its {table.known_at!r} on; whether it was really "
            "known then is not audited, since the file cannot tell"
            for table, path in zip(self.config.external, files, strict=True)
        ]


def needs_config(name: str, own: Iterable[Feature], bars: Bars) -> str | None:
    """Say what a column needs that bars alone do not have."""
    own = tuple(own)
    outside = sorted(c for c in inputs_of(name, own) if c.startswith(EXTERNAL))
    if outside:
        return f"reads {', '.join(outside)}, and only a config names tables (external)"
    if bars.interval is None:
        return None
    finer = [
        timeframe
        for timeframe in too_short(name, bars.interval, own)
        if parse_interval(timeframe) < bars.interval
    ]
    if finer:
        return (
            f"reads bars of {', '.join(finer)}, which are finer than those that are "
            "audited, and only a config's source has both"
        )
    return None
