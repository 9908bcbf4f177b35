"""The source of columns from outside the bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import final

import numpy as np

from barwise.bars.bars import Bars
from barwise.core.errors import ConfigError, DataError
from barwise.core.stage import State, part_of, with_prefix
from barwise.features.external import EXTERNAL, ExternalColumns
from barwise.features.sources import Source

Tables = Mapping[str, ExternalColumns]


@final
class ExternalSource(Source):
    """Joins rows of tables to the bars, each from the moment at which it was known.

    Parameters
    ----------
    wanted : sequence of str
        Columns such as ``ext_vix_close``: the table's name and its column's.
    """

    name = "external"

    def __init__(self, wanted: Sequence[str]) -> None:
        self._wanted = tuple(wanted)
        self._tables: dict[str, ExternalColumns] = {}

    def check(self, tables: Tables, clock: int) -> None:
        """Refuse rows that come too late, and tables that lack a column.

        Raises
        ------
        ConfigError
            If a column is in no table, in two, or a table changed.
        DataError
            If a row was known before the last row of bars was computed.
        """
        if self._tables and not tables:
            return
        known = {**self._tables, **tables}
        for column in self._wanted:
            _table_of(column, known)
        for name, table in tables.items():
            before = self._tables.get(name)
            if before is None:
                continue
            if (before.names, before.max_age) != (table.names, table.max_age):
                raise ConfigError(
                    f"external table {name!r} had the columns {', '.join(before.names)} "
                    f"with max_age={before.max_age}, and now has {', '.join(table.names)} "
                    f"with max_age={table.max_age}; a table stays as it is"
                )
            if len(table) and table.known_at[0] <= clock:
                row, last = (
                    str(np.datetime64(int(t), "ns")) for t in (table.known_at[0], clock)
                )
                raise DataError(
                    f"external table {name!r}: a row known at {row} UTC comes after the "
                    f"bar of {last} UTC was computed; hand each row in once, with or "
                    "before the first bar that closes when it is known (table[a:b] cuts)"
                )

    def accept(self, tables: Tables) -> None:
        """Take more rows; each counts once a bar's time has come."""
        for name, table in tables.items():
            before = self._tables.get(name)
            self._tables[name] = table if before is None else before.followed_by(table)

    def columns(self, chunk: Bars) -> dict[str, np.ndarray]:
        """Return the columns of the next bars."""
        made: dict[str, np.ndarray] = {}
        for name, table in self._tables.items():
            found = table.at(chunk.time)
            made |= {f"{EXTERNAL}{name}_{key}": values for key, values in found.items()}
            self._tables[name] = table.still_needed(int(chunk.time[-1]))
        return {column: made[column] for column in self._wanted}

    def advance(self, to_time: int) -> None:
        """Nothing waits for a bar."""

    def snapshot(self) -> State:
        """Return the rows on which later bars can depend."""
        state: State = {}
        for name, table in self._tables.items():
            state |= with_prefix(name, table.to_arrays())
        return state

    def restore(self, state: State) -> None:
        """Go on from a snapshot of a source with the same columns."""
        names = dict.fromkeys(key.partition("/")[0] for key in state)
        self._tables = {
            name: ExternalColumns.from_arrays(part_of(state, name)) for name in names
        }


def _table_of(column: str, tables: Tables) -> str:
    """Return the table that has a column.

    Raises
    ------
    ConfigError
        If none has it, or more than one.
    """
    have = {
        f"{EXTERNAL}{name}_{key}": name
        for name, table in tables.items()
        for key in table.names
    }
    found = [
        name
        for name, table in tables.items()
        if column in (f"{EXTERNAL}{name}_{key}" for key in table.names)
    ]
    if len(found) == 1:
        return found[0]
    if found:
        raise ConfigError(
            f"{column!r} could be of the external tables {' and '.join(found)}; rename one"
        )
    near = get_close_matches(column, have, n=3)
    hint = (
        f"did you mean {', '.join(near)}?" if near else f"there are {', '.join(have)}."
    )
    raise ConfigError(
        f"{column!r} is in no external table: "
        + (hint if have else "none was handed in; push(bars, external={'name': table})")
    )
