"""Where the input columns of a feature graph come from.

The program of a graph reads named columns. A source makes some of them from the pushed
bars, row by row and from the past alone; whatever it remembers is part of the graph's
snapshot.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import final

import numpy as np

from barwise.bars.bars import Bars
from barwise.bars.instruments import get_instrument
from barwise.core.stage import State
from barwise.features.calendar_inputs import CalendarInputs

MARKET_COLUMNS = ("open", "high", "low", "close", "volume")
"""Columns that every bar carries."""


class Source(ABC):
    """Makes input columns of a feature graph.

    A source obeys law 1 like a stage: the columns of a row are the same for any way
    of cutting the bars into chunks.
    """

    name: str
    """Under which its state stands in the graph's snapshot."""

    @abstractmethod
    def columns(self, chunk: Bars) -> dict[str, np.ndarray]:
        """Return the columns of the next bars.

        Returns
        -------
        mapping of str to ndarray of float64, shape (n,)
            NaN where a value is missing; always the same names. The same object again
            means the same values.
        """

    @abstractmethod
    def advance(self, to_time: int) -> None:
        """Learn that no row with ``time <= to_time`` is still to come."""

    @abstractmethod
    def snapshot(self) -> State:
        """Return a copy of what later rows depend on."""

    @abstractmethod
    def restore(self, state: State) -> None:
        """Go on from a snapshot of a source with the same settings."""


class MemorylessSource(Source):
    """A source whose columns depend on the row at hand alone."""

    @final
    def advance(self, to_time: int) -> None:
        """Nothing waits."""

    @final
    def snapshot(self) -> State:
        """Nothing is remembered."""
        return {}

    @final
    def restore(self, state: State) -> None:
        """Nothing is remembered."""


@final
class MarketSource(MemorylessSource):
    """Prices and volume as they stand in the bars."""

    name = "market"

    def columns(self, chunk: Bars) -> dict[str, np.ndarray]:
        """Return the columns of the next bars."""
        return {name: getattr(chunk, name) for name in MARKET_COLUMNS}


@final
class CalendarSource(MemorylessSource):
    """Local time and place in the session.

    Parameters
    ----------
    wanted : sequence of str
        Of :data:`barwise.features.columns.CALENDAR_COLUMNS`.
    calendar : str, optional
        Product calendar; by default that of the bars' symbol.
    """

    name = "calendar"

    def __init__(self, wanted: Sequence[str], calendar: str | None = None) -> None:
        self._wanted = tuple(wanted)
        self._in_session = any(name != "local_hour" for name in wanted)
        self._calendar = calendar
        self._inputs: CalendarInputs | None = None

    def columns(self, chunk: Bars) -> dict[str, np.ndarray]:
        """Return the columns of the next bars."""
        if self._inputs is None:
            named = self._calendar or get_instrument(chunk.symbol).calendar
            self._inputs = CalendarInputs(named)
        if len(chunk) == 1 and self._in_session:
            return self._inputs.of_one(chunk.row.time)
        return self._inputs.columns(chunk.time, self._wanted)
