"""Values from outside the bars: a second symbol, an index, a calendar of events.

A row counts from the moment at which it was known, and from no other: that moment is
a column of the table and is never guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import final

import numpy as np

from barwise.bars.held import NEVER
from barwise.core.arrays import MINUTE
from barwise.core.errors import DataError
from barwise.core.stage import State
from barwise.stream import Expr, column

EXTERNAL = "ext_"
"""How the names of columns from outside begin."""

EVENT_COLUMNS = ("minutes_to", "minutes_since")
"""Columns of a table of scheduled events, beside its own."""


def external(name: str) -> Expr:
    """Return a column from outside the bars, for features of your own.

    Parameters
    ----------
    name : str
        Name of the table and of its column: ``vix_close``.

    Examples
    --------
    >>> external("vix_close")
    ext_vix_close
    """
    return column(f"{EXTERNAL}{name}")


@final
@dataclass(frozen=True, eq=False, repr=False)
class ExternalColumns:
    """A table whose rows became known at moments of their own.

    A row of bars sees the last row of the table that was known when it closed
    (``known_at <= time``); of several known at one moment, the last.

    Parameters
    ----------
    known_at : ndarray of int64, shape (n,)
        When each row was known, nanoseconds UTC. Rows are put in this order.
    columns : mapping of str to ndarray of float64, shape (n,)
        NaN where a row has no value; it does not fall back on an earlier one.
    event_time : ndarray of int64, shape (n,), optional
        For scheduled events: when each is to happen, no earlier than it was announced.
        Such a table has the columns ``minutes_to`` (to the next event that is known,
        NaN without one) and ``minutes_since`` (since the last one) as well.
    max_age : int, optional
        Nanoseconds after which a row does not count any more: its values are NaN.

    Raises
    ------
    DataError
        If columns differ in length, or an event was known after it happened.

    Examples
    --------
    >>> table = ExternalColumns(np.array([20, 10]), {"close": np.array([15.5, 14.0])})
    >>> table.columns["close"]
    array([14. , 15.5])
    """

    known_at: np.ndarray
    columns: Mapping[str, np.ndarray]
    event_time: np.ndarray | None = None
    max_age: int | None = None

    def __post_init__(self) -> None:
        known = np.asarray(self.known_at, np.int64)
        order = np.argsort(known, kind="stable")
        named = {k: np.asarray(v, np.float64) for k, v in self.columns.items()}
        events = None
        if self.event_time is not None:
            events = np.asarray(self.event_time, np.int64)
        shapes = {k: v.shape for k, v in named.items()}
        shapes |= {} if events is None else {"event_time": events.shape}
        for name, shape in shapes.items():
            if shape != known.shape:
                raise DataError(
                    f"external columns need one length: {name} has shape {shape}, "
                    f"known_at has {len(known)} rows"
                )
        if events is not None and (events < known).any():
            row = int(np.argmax(events < known))
            raise DataError(
                f"row {row}: the event of {_stamp(int(events[row]))} became known at "
                f"{_stamp(int(known[row]))}, after it happened; a scheduled event has the time of "
                "its announcement. If it was not scheduled, leave out event_time: it is a "
                "row like any other"
            )
        object.__setattr__(self, "known_at", known[order])
        columns = {name: values[order] for name, values in named.items()}
        object.__setattr__(self, "columns", MappingProxyType(columns))
        if events is not None:
            object.__setattr__(self, "event_time", events[order])

    def __len__(self) -> int:
        return len(self.known_at)

    def __getitem__(self, rows: slice | np.ndarray) -> ExternalColumns:
        """Return the rows of a slice, a mask or an index array."""
        return replace(
            self,
            known_at=self.known_at[rows],
            columns={name: values[rows] for name, values in self.columns.items()},
            event_time=None if self.event_time is None else self.event_time[rows],
        )

    def __repr__(self) -> str:
        names = ", ".join(self.names)
        if not len(self):
            return f"ExternalColumns({names}; no rows)"
        first, last = self.known_at[[0, -1]].tolist()
        return (
            f"ExternalColumns({names}; {len(self):,} rows known from {_stamp(first)} to "
            f"{_stamp(last)})"
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Columns that it makes, those of its events included."""
        events = () if self.event_time is None else EVENT_COLUMNS
        return (*self.columns, *events)

    def followed_by(self, later: ExternalColumns) -> ExternalColumns:
        """Return both as one table."""
        events = None
        if self.event_time is not None and later.event_time is not None:
            events = np.concatenate([self.event_time, later.event_time])
        return replace(
            self,
            known_at=np.concatenate([self.known_at, later.known_at]),
            columns={
                name: np.concatenate([values, later.columns[name]])
                for name, values in self.columns.items()
            },
            event_time=events,
        )

    def at(self, times: np.ndarray) -> dict[str, np.ndarray]:
        """Return what was known at some moments.

        Parameters
        ----------
        times : ndarray of int64, shape (m,)
            Nanoseconds UTC, in order.

        Returns
        -------
        mapping of str to ndarray of float64, shape (m,)
            NaN where nothing is known, or what is known is too old.

        Examples
        --------
        >>> vix = ExternalColumns(
        ...     np.array([10]), {"close": np.array([14.0])}, max_age=5
        ... )
        >>> vix.at(np.array([9, 10, 15, 16]))["close"]
        array([nan, 14., 14., nan])
        """
        row = np.searchsorted(self.known_at, times, side="right") - 1
        known = row >= 0
        if self.max_age is not None and len(self):
            known &= times - self.known_at[row] <= self.max_age
        row = np.where(known, row, len(self))
        made = {
            name: np.append(values, np.nan)[row]
            for name, values in self.columns.items()
        }
        if self.event_time is not None:
            made |= _minutes(self.known_at, self.event_time, times)
        return made

    def still_needed(self, time: int) -> ExternalColumns:
        """Return the rows on which later moments than ``time`` can depend."""
        last = int(np.searchsorted(self.known_at, time, side="right")) - 1
        needed = np.arange(len(self)) >= last
        if self.event_time is not None and len(self):
            past = np.where(self.event_time <= time, self.event_time, NEVER)
            needed |= self.event_time > time
            needed[int(np.argmax(past))] = True
        return self if needed.all() else self[needed]

    def to_arrays(self) -> State:
        """Return a copy as named arrays."""
        state = {f"column/{name}": v.copy() for name, v in self.columns.items()}
        state["known_at"] = self.known_at.copy()
        state["max_age"] = np.array(-1 if self.max_age is None else self.max_age)
        if self.event_time is not None:
            state["event_time"] = self.event_time.copy()
        return state

    @classmethod
    def from_arrays(cls, state: State) -> ExternalColumns:
        """Rebuild a table from :meth:`to_arrays`."""
        age = int(state["max_age"])
        start = "column/"
        return cls(
            state["known_at"],
            {k[len(start) :]: v for k, v in state.items() if k.startswith(start)},
            state.get("event_time"),
            None if age < 0 else age,
        )


def _minutes(
    known_at: np.ndarray, event_time: np.ndarray, times: np.ndarray
) -> dict[str, np.ndarray]:
    """Minutes to the next known event and since the last one, at some moments."""
    happened = np.sort(event_time)
    row = np.searchsorted(happened, times, side="right") - 1
    since = np.where(row >= 0, (times - np.append(happened, 0)[row]) / MINUTE, np.nan)
    following = np.full(len(times), np.nan)
    if len(times) == 1:
        ahead = event_time[(known_at <= times) & (event_time > times)]
        if len(ahead):
            following[0] = (int(ahead.min()) - times[0]) / MINUTE
        return dict(zip(EVENT_COLUMNS, (following, since), strict=True))
    # Later events first: where several are ahead, the next one is written last.
    order = np.argsort(-event_time, kind="stable")
    starts = np.searchsorted(times, known_at[order], side="left")
    ends = np.searchsorted(times, event_time[order], side="left")
    for begin, end, event in zip(starts, ends, event_time[order], strict=True):
        following[begin:end] = (event - times[begin:end]) / MINUTE
    return dict(zip(EVENT_COLUMNS, (following, since), strict=True))


def _stamp(nanoseconds: int) -> str:
    text = str(np.datetime64(nanoseconds, "ns").astype("datetime64[s]"))
    return text.replace("T", " ") + " UTC"
