"""A program together with the sources of its input columns: bars in, columns out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from types import MappingProxyType
from typing import Any, Literal, final

import numpy as np

from barwise.bars.bars import Bars
from barwise.bars.held import NEVER, check_order
from barwise.bars.intervals import parse_interval
from barwise.bars.sessions import SessionHours
from barwise.core.errors import ConfigError
from barwise.core.hashing import hash_json
from barwise.core.stage import State, part_of, with_prefix
from barwise.features.columns import CALENDAR_COLUMNS
from barwise.features.external import EXTERNAL
from barwise.features.external_source import ExternalSource, Tables
from barwise.features.frame_function import FrameFunction
from barwise.features.frame_source import FrameSource
from barwise.features.label_source import OWN_BARRIERS, LabelRule, source_of_labels
from barwise.features.lowering import lower, spell_timeframe
from barwise.features.row_inputs import RowInputs
from barwise.features.sources import CalendarSource, MarketSource, Source
from barwise.features.timeframe_source import TimeframeSource
from barwise.stream import Expr, Graph
from barwise.stream.learned import Parameters, waiting
from barwise.stream.program import Program

_BLOCK = 64 * 1024
"""Rows whose input columns stand in memory at a time."""


@final
@dataclass(frozen=True)
class Beside:
    """What may be pushed beside the bars.

    Parameters
    ----------
    fine : Bars or None
        Shorter bars.
    external : mapping of str to ExternalColumns
        Rows of tables, by name.
    traded : Bars or None
        The rows at the prices that they were traded at, for labels.
    """

    fine: Bars | None = None
    external: Tables = field(default_factory=dict)
    traded: Bars | None = None

    def __bool__(self) -> bool:
        return self.fine is not None or bool(self.external)


NOTHING = Beside()


@final
class SourcedGraph:
    """Expressions over one symbol's bars, those of other timeframes included.

    Parameters
    ----------
    outputs : mapping of str to Expr
        Column name to expression.
    calendar : str, optional
        Product calendar; by default that of the bars' symbol.
    hours : {"extended", "regular"}
        Hours that are cut into longer bars.
    interval : int, optional
        Length of the rows in nanoseconds, where it is known before they come.
    frames : sequence of FrameFunction
        Functions of data frames that expressions may read.
    labels : LabelRule
        What labels are, for columns of lagged ones.
    inside : bool
        Whether the rows are themselves bars of a timeframe.
    parameters : mapping of str to ndarray
        What fitted columns have learned, see :attr:`fitted_parameters`.

    Raises
    ------
    ConfigError
        If a timeframe cannot be made of such rows.
    """

    def __init__(
        self,
        outputs: Mapping[str, Expr],
        *,
        calendar: str | None = None,
        hours: SessionHours = "extended",
        interval: int | None = None,
        frames: Sequence[FrameFunction] = (),
        labels: LabelRule = OWN_BARRIERS,
        inside: bool = False,
        parameters: Parameters = MappingProxyType({}),
    ) -> None:
        self._outputs = outputs
        settings: dict[str, Any] = {
            "calendar": calendar,
            "hours": hours,
            "frames": frames,
            "labels": labels,
        }
        self._again = partial(
            SourcedGraph, outputs, interval=interval, inside=inside, **settings
        )
        self._interval = interval
        self._hours = hours
        self._clock = NEVER
        lowered = lower(outputs)
        self._graph = Graph(lowered.outputs).with_parameters(parameters)
        read = dict.fromkeys(self._graph.columns)
        self._sources: list[Source] = [MarketSource()]
        scheduled = [name for name in CALENDAR_COLUMNS if name in read]
        if scheduled:
            self._sources.append(CalendarSource(scheduled, calendar))
        self._frames = [one for one in frames if read.keys() & _inputs(one)]
        if self._frames:
            self._sources.append(FrameSource(self._frames))
        outside = [name for name in read if name.startswith(EXTERNAL)]
        self._external = ExternalSource(outside) if outside else None
        if self._external is not None:
            self._sources.append(self._external)
        self.labels = source_of_labels(read, labels, calendar, inside=inside)
        if self.labels is not None:
            self._sources.append(self.labels)
        self._timeframes: list[TimeframeSource] = []
        for timeframe, exprs in lowered.nested.items():
            length = parse_interval(timeframe)
            _check_nested(length, interval if inside else None)
            inner = SourcedGraph(
                exprs,
                interval=length,
                inside=True,
                parameters=part_of(dict(parameters), f"on {timeframe}"),
                **settings,
            )
            source = TimeframeSource(timeframe, exprs, inner, calendar, hours)
            source.check_base(interval)
            self._timeframes.append(source)
        self._sources += self._timeframes
        self._row = RowInputs(self._graph.program.columns)

    @cached_property
    def reads_tables(self) -> bool:
        """Whether there are columns of tables, on whatever timeframe."""
        nested = (source.inner.reads_tables for source in self._timeframes)
        return self._external is not None or any(nested)

    @cached_property
    def _is_timed(self) -> bool:
        """Whether the times of rows decide on anything."""
        return bool(self._timeframes) or self.reads_tables

    @property
    def program(self) -> Program:
        """What runs on the rows' own clock."""
        return self._graph.program

    @property
    def hash(self) -> str:
        """SHA-256 of the program, and of those on other timeframes."""
        if not self._timeframes:
            return self.program.hash()
        nested = {source.name: source.inner.hash for source in self._timeframes}
        return hash_json([self.program.hash(), nested, self._hours])

    @property
    def warmup(self) -> int | None:
        """Rows until every column is defined; None if rows cannot tell."""
        return self.program.rows_until("warmup", self._rows("warmup"))

    @property
    def settled(self) -> int | None:
        """Rows until any two origins agree in float32; None if never for sure."""
        return self.program.rows_until("settled", self._rows("settled"))

    @property
    def unfitted(self) -> tuple[str, ...]:
        """Columns that have something to learn."""
        inner = [source.inner.unfitted for source in self._timeframes]
        return waiting(self._outputs) if self._graph.unfitted or any(inner) else ()

    @property
    def fitted_parameters(self) -> dict[str, np.ndarray]:
        """What was learned, by a key of its own; timeframes stand before theirs."""
        found = self._graph.fitted_parameters
        for source in self._timeframes:
            found |= with_prefix(source.name, source.inner.fitted_parameters)
        return found

    @property
    def learned(self) -> dict[tuple[str, ...], str]:
        """What was learned, in words, by the columns that need it."""
        told = self._graph.learned
        for source in self._timeframes:
            for columns, what in source.inner.learned.items():
                told[self._graph.readers(columns)] = f"{source.name} bars, {what}"
        return told

    @property
    def libraries(self) -> tuple[str, ...]:
        """Packages whose version decides what is learned."""
        nested = (name for one in self._timeframes for name in one.inner.libraries)
        return tuple(sorted({*self._graph.libraries, *nested}))

    def with_parameters(self, parameters: Parameters) -> SourcedGraph:
        """Return a new graph with what was learned elsewhere."""
        return self._again(parameters=parameters)

    def fitted(
        self, bars: Bars, rows: np.ndarray | None, beside: Beside = NOTHING
    ) -> SourcedGraph:
        """Return a new graph with what its columns learn from some of the bars."""
        if not waiting(self._outputs):
            return self._again()
        first = self._again()
        first.check(bars, beside)
        first._accept(bars, beside)
        parameters: dict[str, np.ndarray] = {}
        for source in first._timeframes:
            made, known = source.bars_of(bars)
            chosen = None if rows is None else rows[known]
            inner = source.inner.fitted(made, chosen, Beside(None, beside.external))
            parameters |= with_prefix(source.name, inner.fitted_parameters)
        trial = self.with_parameters(parameters)
        trial._accept(bars, beside)
        learned = trial._graph.fit(trial._columns(bars), rows=rows).fitted_parameters
        return self.with_parameters(parameters | learned)

    def check(self, chunk: Bars, beside: Beside) -> None:
        """Refuse what cannot be pushed, before it changes anything.

        Raises
        ------
        ConfigError
            If a timeframe cannot be made of such bars, or an input is not there.
        DataError
            If rows are not in order of time, or come too late.
        """
        if not self._is_timed or not (len(chunk) or beside):
            return
        if self._interval not in (None, chunk.interval):
            raise ConfigError(
                f"the rows of this graph are of {_length(self._interval)}, got some of "
                f"{_length(chunk.interval)}"
            )
        check_order(chunk, self._clock, strictly=False)
        for source in self._timeframes:
            if chunk.interval != self._interval:
                source.check_base(chunk.interval)
            if source.is_finer(chunk.interval):
                source.check_fine(beside.fine, self._clock)
        if self.reads_tables:
            self.check_external(beside.external, self._clock)

    def check_external(self, tables: Tables, clock: int) -> None:
        """Refuse tables that lack a column, or come too late."""
        if self._external is not None:
            self._external.check(tables, clock)
        for source in self._timeframes:
            source.inner.check_external(tables, clock)

    def take_external(self, tables: Tables) -> None:
        """Take rows of tables; each counts once a bar's time has come."""
        if self._external is not None:
            self._external.accept(tables)
        for source in self._timeframes:
            source.inner.take_external(tables)

    def push(
        self,
        chunk: Bars,
        beside: Beside = NOTHING,
        *,
        out: np.ndarray | None = None,
        threads: int = 1,
    ) -> np.ndarray:
        """Return the float32 rows of the next bars; see ``FeatureGraph.push``."""
        self._accept(chunk, beside)
        if out is None and len(chunk) == 1:
            return self._graph.push_row(self._row.of(chunk, self._sources))
        if out is None:
            out = np.empty((len(chunk), len(self._graph.names)), np.float32)
        if not len(chunk):
            return out
        blocks = (
            (self._columns(chunk[start : start + _BLOCK]), out[start : start + _BLOCK])
            for start in range(0, len(chunk), _BLOCK)
        )
        self._graph.push_blocks(blocks, threads=threads)
        return out

    def push_exact(self, chunk: Bars) -> np.ndarray:
        """Return the float64 rows of the next bars."""
        return self._graph.push_exact(self._columns(chunk))

    def advance(self, to_time: int) -> None:
        """Learn that no row with ``time <= to_time`` is still to come."""
        for source in self._sources:
            source.advance(to_time)

    def snapshot(self) -> State:
        """Return everything that the next row depends on."""
        state = self._graph.snapshot()
        if self._is_timed:
            state["clock"] = np.array(self._clock)
        for source in self._sources:
            state |= with_prefix(source.name, source.snapshot())
        return state

    def restore(self, state: State) -> None:
        """Go on from a snapshot of a graph of the same expressions.

        Raises
        ------
        IntegrityError
            If the snapshot belongs to another program.
        """
        self._graph.restore(state)
        self._row = RowInputs(self._graph.program.columns)  # it may have learned
        if self._is_timed:
            self._clock = int(state["clock"])
        for source in self._sources:
            source.restore(part_of(state, source.name))

    def _rows(self, what: Literal["warmup", "settled"]) -> dict[str, int | None]:
        """Rows until the columns of the sources are defined, or settled."""
        found: dict[str, int | None] = {}
        for one in self._frames:
            found |= dict.fromkeys(_inputs(one), (one.lookback or 1) - 1)
        if self.labels is not None:
            first = self.labels.warmup if what == "warmup" else None
            found |= dict.fromkeys(self.labels.wanted, first)
        for source in self._timeframes:
            bars = getattr(source.inner, what)
            if bars is not None and self._interval is not None:
                # Its first bar began before the rows, perhaps: two origins may differ.
                whole = bars + (1 if what == "warmup" else 2)
                bars = -(-whole * source.length // self._interval) - 1
            else:
                bars = None
            found |= dict.fromkeys(source.names, bars)
        return found

    def _accept(self, chunk: Bars, beside: Beside) -> None:
        if self.labels is not None and beside.traded is not None:
            self.labels.accept(beside.traded)
        if not self._is_timed:
            return
        if beside.external:
            self.take_external(beside.external)
        if beside.fine is not None:
            for source in self._timeframes:
                if source.is_finer(chunk.interval):
                    source.accept(beside.fine)
        if len(chunk):
            self._clock = int(chunk.time[-1])
            self._interval = chunk.interval

    def _columns(self, chunk: Bars) -> dict[str, np.ndarray]:
        columns: dict[str, np.ndarray] = {}
        for source in self._sources:
            columns |= source.columns(chunk)
        return columns


def _check_nested(length: int, rows: int | None) -> None:
    if rows is not None and length < rows:
        raise ConfigError(
            f"{spell_timeframe(length)} bars inside {spell_timeframe(rows)} bars: a column "
            "of shorter bars cannot be read by one of longer bars"
        )


def _inputs(one: FrameFunction) -> list[str]:
    return [one.input_of(column) for column in one.columns]


def _length(interval: int | None) -> str:
    return "no fixed interval" if interval is None else spell_timeframe(interval)
