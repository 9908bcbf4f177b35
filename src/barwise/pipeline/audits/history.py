"""A stretch of a market as columns are given it: bars, finer bars, rows of tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, final

import numpy as np

from barwise.bars.bars import Bars
from barwise.features.external import ExternalColumns
from barwise.pipeline.audits.futures import Future, with_future

PRICES = ("open", "high", "low", "close")


@final
@dataclass(frozen=True, eq=False)
class History:
    """Bars, and what is pushed beside them.

    Parameters
    ----------
    bars : Bars
    fine : Bars or None
        Finer bars, where columns need them.
    external : mapping of str to ExternalColumns
        Rows of tables, where columns need them.

    Examples
    --------
    >>> price = np.full(3, 100.0)
    >>> bars = Bars.of(np.array([10, 20, 30]), price, price, price, price, interval=10)
    >>> vix = ExternalColumns(
    ...     np.array([5, 15, 25]), {"close": np.array([14.0, 15, 16])}
    ... )
    >>> other = History(bars, external={"vix": vix}).with_future(2, "higher")
    >>> other.external["vix"].columns["close"].round()
    array([14., 15., 24.])
    """

    bars: Bars
    fine: Bars | None = None
    external: Mapping[str, ExternalColumns] = field(default_factory=dict)

    @property
    def beside(self) -> dict[str, Any]:
        """Keyword arguments of ``FeatureGraph.push``."""
        found: dict[str, Any] = {}
        if self.fine is not None:
            found["fine"] = self.fine
        if self.external:
            found["external"] = self.external
        return found

    def last(self, rows: int) -> History:
        """Return the last rows, and the finer bars inside them."""
        bars, fine = self.bars[-rows:], self.fine
        if fine is not None and len(bars):
            fine = fine[int(np.searchsorted(fine.time, bars.open_time[0], "right")) :]
        return replace(self, bars=bars, fine=fine)

    def pieces(self, cuts: Sequence[int] | range) -> Iterator[History]:
        """Yield it in pieces, each with what was known when its last bar closed."""
        ends = [0, *cuts, len(self.bars)]
        for place, (start, stop) in enumerate(pairwise(ends)):
            last = place == len(ends) - 2

            def known(
                times: np.ndarray,
                start: int = start,
                stop: int = stop,
                last: bool = last,
            ) -> slice:
                end = None if last else self._first_after(times, stop)
                return slice(self._first_after(times, start), end)

            yield History(
                self.bars[start:stop],
                None if self.fine is None else self.fine[known(self.fine.time)],
                {n: table[known(table.known_at)] for n, table in self.external.items()},
            )

    def with_future(self, cut: int, future: Future) -> History:
        """Return the same up to the close of row ``cut - 1``, and something else then.

        See :func:`barwise.pipeline.audits.futures.with_future`; numbers of tables move
        as prices do, and events that are announced later come later.
        """

        def other(table: ExternalColumns) -> ExternalColumns:
            return _with_future(table, self._first_after(table.known_at, cut), future)

        fine = self.fine
        if fine is not None:
            fine = with_future(fine, self._first_after(fine.time, cut), future)
        return History(
            with_future(self.bars, cut, future),
            fine,
            {name: other(table) for name, table in self.external.items()},
        )

    def with_bars(self, change: Callable[[Bars], Bars]) -> History:
        """Return it with bars and finer bars changed alike."""
        fine = None if self.fine is None else change(self.fine)
        return replace(self, bars=change(self.bars), fine=fine)

    def _first_after(self, times: np.ndarray, row: int) -> int:
        """First of some moments that is not known yet when row ``row - 1`` closes."""
        if row == 0:
            return 0
        return int(np.searchsorted(times, self.bars.time[row - 1], side="right"))


def at_prices(bars: Bars, factor: float) -> Bars:
    """Return bars at other prices."""
    return bars.with_columns(**{n: factor * getattr(bars, n) for n in PRICES})


def _with_future(table: ExternalColumns, cut: int, future: Future) -> ExternalColumns:
    if future == "gone":
        return table[:cut]
    later = np.arange(len(table)) >= cut
    level = 1.5 if future == "higher" else 0.6
    events = table.event_time
    if events is not None:
        after = np.rint((events - table.known_at) * level).astype(np.int64)
        events = np.where(later, table.known_at + after, events)
    return replace(
        table,
        columns={
            name: np.where(later, level * values, values)
            for name, values in table.columns.items()
        },
        event_time=events,
    )
