"""The source of columns that are computed on longer or shorter bars."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol, final, runtime_checkable

import numpy as np

from barwise.bars.bars import Bars, format_interval
from barwise.bars.held import NEVER, bars_from_arrays, bars_to_arrays, check_order
from barwise.bars.instruments import get_instrument
from barwise.bars.intervals import parse_interval
from barwise.bars.resample import Resampler
from barwise.bars.sessions import SessionHours, coverage, session_table
from barwise.core.errors import ConfigError, DataError
from barwise.core.stage import State, part_of, with_prefix
from barwise.features.external_source import Tables
from barwise.features.lowering import is_longer, spell_timeframe
from barwise.features.sources import Source


@runtime_checkable
class Inner(Protocol):
    """What a timeframe's source needs of the graph inside it."""

    @property
    def hash(self) -> str:
        """SHA-256 of what it computes."""

    @property
    def unfitted(self) -> tuple[str, ...]:
        """Columns that have something to learn."""

    @property
    def fitted_parameters(self) -> dict[str, np.ndarray]:
        """What was learned."""

    @property
    def learned(self) -> dict[tuple[str, ...], str]:
        """The same in words, by its columns."""

    @property
    def libraries(self) -> tuple[str, ...]:
        """Packages whose version decides what is learned."""

    @property
    def reads_tables(self) -> bool:
        """Whether it has columns of tables from outside the bars."""

    def fitted(self, bars: Bars, rows: np.ndarray | None, beside: Any) -> Inner:
        """Return a new graph with what it learns."""

    def check_external(self, tables: Tables, clock: int) -> None:
        """Refuse tables from outside the bars that do not fit."""

    def take_external(self, tables: Tables) -> None:
        """Take rows from outside the bars."""

    @property
    def warmup(self) -> int | None:
        """Bars until every column is defined."""

    @property
    def settled(self) -> int | None:
        """Bars until any two origins agree."""

    def push_exact(self, chunk: Bars) -> np.ndarray:
        """Return the float64 rows of the next bars."""

    def snapshot(self) -> State:
        """Return what later rows depend on."""

    def restore(self, state: State) -> None:
        """Go on from a snapshot."""


@final
class TimeframeSource(Source):
    """Completed bars of another length, a graph over them, and its last row repeated.

    The graph runs only when a bar is complete. Longer bars are made of the rows
    themselves; bars shorter than the rows come in beside them, see :meth:`accept`.

    Parameters
    ----------
    timeframe : str
        Length of the bars.
    names : iterable of str
        Input columns that it makes: the outputs of ``inner``.
    inner : Inner
    calendar : str, optional
        Product calendar; by default that of the bars' symbol.
    hours : {"extended", "regular"}
        Hours that are cut into longer bars.
    """

    def __init__(
        self,
        timeframe: str,
        names: Iterable[str],
        inner: Inner,
        calendar: str | None,
        hours: SessionHours,
    ) -> None:
        self.name = f"on {timeframe}"
        self.length = parse_interval(timeframe)
        self.names = tuple(names)
        self.inner = inner
        self._calendar = calendar
        self._hours: SessionHours = hours
        self._resampler: Resampler | None = None
        self._waiting: Bars | None = None
        self._keep(np.full((1, len(self.names)), np.nan))

    def is_finer(self, interval: int | None) -> bool:
        """Whether its bars are shorter than the rows, so that they come in beside."""
        return interval is not None and self.length < interval

    def check_base(self, interval: int | None) -> None:
        """Refuse rows from which the timeframe cannot be made.

        Raises
        ------
        ConfigError
            If a timeframe is the rows' own interval, or does not fit it.
        """
        if interval is None or self.is_finer(interval):
            return
        if is_longer(self.length, interval):
            return
        own, rows = spell_timeframe(self.length), spell_timeframe(interval)
        raise ConfigError(
            f"columns on {own} bars cannot be made of {rows} bars: "
            + (
                "that is what the rows are already; name the column without mtf_"
                if self.length == interval
                else f"{own} is no multiple of {rows}; leave them out, or take rows of "
                "another interval"
            )
        )

    def check_fine(self, fine: Bars | None, clock: int) -> None:
        """Refuse shorter bars that never come, come too late or do not fit.

        Raises
        ------
        ConfigError
            If there are none, or its bars cannot be made of them.
        DataError
            If they are not in order, or a row of their time has been computed.
        """
        if fine is None:
            if self._waiting is not None:
                return
            raise ConfigError(
                f"columns on {spell_timeframe(self.length)} bars need bars finer than the "
                "rows, and there are none: push(bars, fine=...)"
            )
        if fine.interval is None or self.length % fine.interval:
            raise ConfigError(
                f"columns on {spell_timeframe(self.length)} bars cannot be made of the "
                "finer bars at hand, which are "
                + (
                    f"of {format_interval(fine.interval)}"
                    if fine.interval
                    else "event bars"
                )
            )
        if len(fine) and fine.time[0] <= clock:
            late, over = (
                str(np.datetime64(int(t), "ns")) for t in (fine.time[0], clock)
            )
            raise DataError(
                f"{fine.symbol}: the finer bar of {late} UTC comes after the row of {over} "
                "UTC was computed; push finer bars with the row in whose time they close, "
                "or before it"
            )
        held = self._waiting
        last = int(held.time[-1]) if held is not None and len(held) else NEVER
        check_order(fine, last, strictly=True)

    def accept(self, fine: Bars) -> None:
        """Take bars shorter than the rows; they count once a row's time has come."""
        held = self._waiting
        self._waiting = fine if held is None else Bars.concat([held, fine])

    def bars_of(self, chunk: Bars) -> tuple[Bars, np.ndarray]:
        """Return the bars that the next rows complete.

        Returns
        -------
        Bars
        ndarray of int64
            For each, the first row that knows it.
        """
        if self._resampler is None:
            self._resampler = self._resampler_for(chunk.symbol)
        if not self.is_finer(chunk.interval):
            return self._resampler.push_rows(chunk)
        due = self._due(chunk)
        made, known = self._resampler.push_rows(due)
        return made, np.searchsorted(chunk.time, due.time[known], side="left")

    def columns(self, chunk: Bars) -> dict[str, np.ndarray]:
        """Return the columns of the next rows."""
        made, known = self.bars_of(chunk)
        if not len(made):
            return self._carried(len(chunk))
        before, rows = self._row, self.inner.push_exact(made)
        self._keep(rows[-1:].copy())
        if len(chunk) == 1:
            return self._single
        # How many of the bars are known on each row.
        counts = np.cumsum(np.bincount(known, minlength=len(chunk)))
        seen = np.concatenate([before, rows]).T[:, counts]
        return dict(zip(self.names, seen, strict=True))

    def advance(self, to_time: int) -> None:
        """Close the bars that end at or before ``to_time``."""
        if self._resampler is None:
            return
        made = self._resampler.advance(to_time)
        if len(made):
            self._keep(self.inner.push_exact(made)[-1:].copy())

    def snapshot(self) -> State:
        """Return the unfinished bar, the graph's state and the row that is repeated."""
        state = with_prefix("inner", self.inner.snapshot()) | {"row": self._row.copy()}
        if self._resampler is not None:
            state |= with_prefix("bars", self._resampler.snapshot())
        if self._waiting is not None:
            state |= with_prefix("waiting", bars_to_arrays(self._waiting))
        return state

    def restore(self, state: State) -> None:
        """Go on from a snapshot of a source with the same settings."""
        self.inner.restore(part_of(state, "inner"))
        self._keep(state["row"].copy())
        bars, waiting = part_of(state, "bars"), part_of(state, "waiting")
        self._resampler = None
        if bars:
            self._resampler = self._resampler_for(str(bars["symbol"]))
            self._resampler.restore(bars)
        self._waiting = bars_from_arrays(waiting) if waiting else None

    def _keep(self, row: np.ndarray) -> None:
        self._row = row
        self._single = dict(zip(self.names, row.T, strict=True))

    def _carried(self, rows: int) -> dict[str, np.ndarray]:
        if rows == 1:
            return self._single
        return dict(zip(self.names, np.repeat(self._row.T, rows, axis=1), strict=True))

    def _due(self, chunk: Bars) -> Bars:
        """Return the waiting bars that close at or before the chunk's last row."""
        waiting = self._waiting
        assert waiting is not None, "checked before"
        due = int(np.searchsorted(waiting.time, chunk.time[-1], side="right"))
        self._waiting = waiting[due:]
        return waiting[:due]

    def _resampler_for(self, symbol: str) -> Resampler:
        calendar = self._calendar or get_instrument(symbol).calendar
        table = session_table(calendar, *coverage(calendar))
        return Resampler(self.length, table, self._hours, repeats=True)
