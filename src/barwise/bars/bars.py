"""Bars: one symbol's market data as immutable columns, in order of acceptance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from itertools import pairwise
from typing import Any, Literal, NamedTuple, final

import numpy as np

from barwise.bars.event_rule import TRADES, EventRule
from barwise.core.arrays import DAY, HOUR, MINUTE, SECOND
from barwise.core.errors import DataError

PriceKind = Literal["trade", "bid", "ask", "mid"]

_INT = ("time", "open_time", "seq")
_FLOAT = ("open", "high", "low", "close", "volume")
_ROLL = ("contract", "old_close", "new_close")


class Row(NamedTuple):
    """One row as plain numbers: a live bar goes through several stages."""

    time: int
    session_time: int
    open_time: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    filled: bool
    contract: str | None


@final
@dataclass(frozen=True, eq=False, repr=False)
class Bars:
    """One symbol's bars; a row is known at its ``time``.

    Arrays are taken over, not copied: do not write to them afterwards.

    Parameters
    ----------
    time : ndarray of int64, shape (n,)
        Close of each bar in nanoseconds UTC: the moment at which the row is known.
        Never decreasing; times may repeat for event bars.
    open, high, low, close : ndarray of float64, shape (n,)
        Prices in the quote currency.
    volume : ndarray of float64, shape (n,)
        As the source gives it; NaN on every row where the source has no volume.
    open_time : ndarray of int64, shape (n,)
        Start of each bar in nanoseconds UTC.
    seq : ndarray of int64, shape (n,)
        Order among rows of one time; ``(time, seq)`` is strictly increasing.
    filled : ndarray of bool, shape (n,)
        Rows made by a gap policy. They are never samples.
    contract : ndarray of str, shape (n,), or None
        Futures contract of each row, where the source names it. Prices are always
        those of that contract, as they were traded.
    old_close, new_close : ndarray of float64, shape (n,), or None
        Closes of the contract before and of the row's own contract at the moment of
        the roll into it, the same on every row of a contract; NaN where unknown.
    symbol : str
        Name of the instrument.
    interval : int or None
        Length of a bar in nanoseconds; None for event bars.
    prices : {"trade", "bid", "ask", "mid"}
        What the source quotes.
    simulated : bool
        True when a simulator made the rows.
    rule : EventRule or None
        What ended each event bar, where that is known; None for bars of one interval.
    """

    time: np.ndarray
    open: np.ndarray
    high: np.ndarray
    low: np.ndarray
    close: np.ndarray
    volume: np.ndarray
    open_time: np.ndarray
    seq: np.ndarray
    filled: np.ndarray
    contract: np.ndarray | None = None
    old_close: np.ndarray | None = None
    new_close: np.ndarray | None = None
    symbol: str = ""
    interval: int | None = None
    prices: PriceKind = "trade"
    simulated: bool = False
    rule: EventRule | None = None

    def __post_init__(self) -> None:
        rows = len(self.time)
        for name, array in self.columns().items():
            wanted = _dtype(name)
            fixed = np.ascontiguousarray(array, dtype=wanted)
            if fixed.shape != (rows,):
                raise DataError(
                    f"Bars need columns of one length: {name} has shape {fixed.shape}, "
                    f"time has {rows} rows"
                )
            if fixed is array and array.flags.writeable:
                fixed = array.view()
            fixed.flags.writeable = False
            object.__setattr__(self, name, fixed)

    @classmethod
    def of(
        cls,
        time: np.ndarray,
        open: np.ndarray,
        high: np.ndarray,
        low: np.ndarray,
        close: np.ndarray,
        volume: np.ndarray | None = None,
        *,
        interval: int | None,
        **more: Any,
    ) -> Bars:
        """Build bars from prices and close times; the other columns follow.

        Examples
        --------
        >>> import numpy as np
        >>> one = np.ones(2)
        >>> Bars.of(np.array([60, 120]), one, one, one, one, interval=60, symbol="X")
        Bars(X, 2 rows of 60 ns, 1970-01-01 00:00 to 1970-01-01 00:00 UTC)
        """
        time = np.asarray(time, dtype=np.int64)
        rows = len(time)
        first = np.r_[True, time[1:] != time[:-1]] if rows else np.zeros(0, bool)
        starts = np.maximum.accumulate(np.where(first, np.arange(rows), 0))
        columns: dict[str, Any] = {
            "volume": np.full(rows, np.nan) if volume is None else volume,
            "open_time": time - interval if interval else np.r_[time[:1], time[:-1]],
            "seq": np.arange(rows) - starts,
            "filled": np.zeros(rows, bool),
        }
        columns.update(more)
        return cls(time, open, high, low, close, interval=interval, **columns)

    def columns(self) -> dict[str, np.ndarray]:
        """Return the columns that are present, by name."""
        named = {f.name: getattr(self, f.name) for f in fields(self)}
        return {
            name: named[name]
            for name in (*_INT, *_FLOAT, "filled", *_ROLL)
            if named[name] is not None
        }

    def roll_columns(self) -> dict[str, np.ndarray]:
        """Return the columns that say which contract a row belongs to, by name."""
        named = {name: getattr(self, name) for name in _ROLL}
        return {name: column for name, column in named.items() if column is not None}

    def __len__(self) -> int:
        return len(self.time)

    def __getitem__(self, rows: slice | np.ndarray) -> Bars:
        """Return the rows of a slice, a mask or an index array."""
        taken: dict[str, Any] = {
            name: array[rows] for name, array in self.columns().items()
        }
        return replace(self, **taken)

    def with_columns(self, **columns: np.ndarray) -> Bars:
        """Return the same bars with some columns replaced."""
        changed: dict[str, Any] = dict(columns)
        return replace(self, **changed)

    def at_prices(self, prices: Mapping[str, np.ndarray]) -> Bars:
        """Return the same bars at other prices, unchecked: the path of a live bar.

        Parameters
        ----------
        prices : mapping of str to ndarray of float64, shape (n,)
            New arrays, which are taken over.
        """
        for column in prices.values():
            column.flags.writeable = False
        other = object.__new__(Bars)
        other.__dict__.update(self.__dict__ | dict(prices))
        other.__dict__.pop("row", None)
        return other

    def split(self, cuts: Sequence[int]) -> Iterator[Bars]:
        """Yield consecutive pieces, cut at the given rows (sorted and clipped)."""
        edges = [0, *sorted(min(max(cut, 0), len(self)) for cut in cuts), len(self)]
        for begin, end in pairwise(edges):
            yield self[begin:end]

    @property
    def has_volume(self) -> bool:
        """Whether any row carries a traded volume."""
        return bool(np.any(self.volume > 0))

    @property
    def are_trades(self) -> bool:
        """Whether every row is one trade."""
        return self.rule is not None and self.rule == TRADES

    @property
    def session_time(self) -> np.ndarray:
        """Times by which rows lie in ``open < time <= close`` of a session or interval.

        A bar lies where it closes. A trade is a moment: one at the very open lies
        inside, one at the close does not.
        """
        return self.time + 1 if self.are_trades else self.time

    @cached_property
    def row(self) -> Row:
        """The only row, as plain numbers."""
        return Row(
            self.time.item(),
            self.session_time.item(),
            self.open_time.item(),
            self.open.item(),
            self.high.item(),
            self.low.item(),
            self.close.item(),
            self.volume.item(),
            self.filled.item(),
            None if self.contract is None else self.contract.item(),
        )

    @property
    def length(self) -> str:
        """What one bar holds, in words: an interval, or what ends an event bar."""
        if self.interval is not None:
            return format_interval(self.interval)
        return "events" if self.rule is None else self.rule.text

    @staticmethod
    def concat(parts: Sequence[Bars]) -> Bars:
        """Join consecutive pieces of one series."""
        if not parts:
            raise ValueError("Bars.concat needs at least one piece, got none")
        names = set.union(*(set(part.columns()) for part in parts))
        joined: dict[str, Any] = {}
        for name in names:
            columns = [getattr(part, name) for part in parts]
            if any(column is None for column in columns):
                unknown = "" if name == "contract" else np.nan
                columns = [
                    np.full(len(part), unknown) if column is None else column
                    for part, column in zip(parts, columns, strict=True)
                ]
            joined[name] = np.concatenate(columns)
        return replace(parts[0], **joined)

    def __repr__(self) -> str:
        if not len(self):
            return f"Bars({self.symbol}, no rows)"
        first, last = (
            str(np.datetime64(int(t), "ns").astype("datetime64[m]")).replace("T", " ")
            for t in (self.time[0], self.time[-1])
        )
        made = ", simulated" if self.simulated else ""
        return (
            f"Bars({self.symbol}, {len(self):,} rows of {self.length}, {first} to {last} "
            f"UTC{made})"
        )

    def _repr_html_(self) -> str:
        from html import escape

        head = (
            [0, 1, 2, len(self) - 2, len(self) - 1]
            if len(self) > 5
            else range(len(self))
        )
        names = ("time", *_FLOAT)
        rows = "".join(
            "<tr>"
            + "".join(
                f"<td>{np.datetime64(int(getattr(self, n)[i]), 'ns').astype('datetime64[s]')}</td>"
                if n == "time"
                else f"<td>{getattr(self, n)[i]:g}</td>"
                for n in names
            )
            + "</tr>"
            for i in head
        )
        titles = "".join(f"<th>{name}</th>" for name in names)
        return f"<p>{escape(repr(self))}</p><table><tr>{titles}</tr>{rows}</table>"


_UNITS = (("d", DAY), ("h", HOUR), ("min", MINUTE), ("s", SECOND), ("ns", 1))


def format_interval(nanoseconds: int) -> str:
    """Write an interval with the largest unit that fits.

    Examples
    --------
    >>> format_interval(300_000_000_000)
    '5 min'
    """
    for unit, length in _UNITS:
        if nanoseconds % length == 0:
            return f"{nanoseconds // length} {unit}"
    raise AssertionError(nanoseconds)


def _dtype(name: str) -> Any:
    if name in _INT:
        return np.int64
    if name == "filled":
        return np.bool_
    return np.str_ if name == "contract" else np.float64
