"""A user's function of a data frame of bars: how it is called and what it may return."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any, Literal, final

import numpy as np

from barwise.bars.bars import Bars
from barwise.core.errors import ConfigError
from barwise.features.user_code import file_of, place_of, raised_at

FrameKind = Literal["pandas", "polars", "numpy"]

FRAME_INPUT = "frame:"
"""How the names of a program's inputs begin that a user's function makes."""

_COLUMNS = ("open", "high", "low", "close", "volume")


@final
@dataclass(frozen=True)
class FrameFunction:
    """A function of a frame of bars, oldest first.

    A pandas frame is indexed by the close times (UTC), a polars frame has them in the
    column ``time``, and for ``numpy`` it is a dict of arrays with ``time`` in it.

    Parameters
    ----------
    name : str
        Of the function.
    function : callable
        Returns a series or an array with one value a bar, or the last bar's number
        alone; several columns are a frame, a dict or a tuple of those.
    kind : {"pandas", "polars", "numpy"}
        What it is given.
    columns : tuple of str
        Names of what it returns; empty takes them from the result.
    lookback : int or None
        Bars that it is given for each row of a feature matrix.
    version : str
        Changes with the code.
    """

    name: str
    function: Callable[[Any], Any]
    kind: FrameKind = "pandas"
    columns: tuple[str, ...] = ()
    lookback: int | None = None
    version: str = ""

    def input_of(self, column: str) -> str:
        """Return under which name a program reads one of the columns."""
        return f"{FRAME_INPUT}{column}@{self.version}"

    def over(self, bars: Bars) -> dict[str, np.ndarray]:
        """Call the function on some bars.

        Returns
        -------
        dict of str to ndarray of float64
            One value a bar; or one value in all, where the function returns numbers.

        Raises
        ------
        ConfigError
            Naming file and line, if it raises or returns something else.
        """
        frame = frame_of(bars, self.kind)
        try:
            with redirect_stdout(sys.stderr):
                made = self.function(frame)
                parts = _parts(made, bars, self.name)
        except _NoColumnError as problem:
            where = place_of(self.function)
            raise ConfigError(f"{where}: {self.name!r} {problem}") from problem
        except Exception as problem:
            where = raised_at(problem, file_of(self.function))
            raise ConfigError(
                f"{where}: {self.name!r} raised "
                f"{type(problem).__name__} on {len(bars):,} bars: {problem}"
            ) from problem
        if not self.columns:
            return parts
        if len(parts) != len(self.columns):
            raise ConfigError(
                f"{place_of(self.function)}: {self.name!r} returns {len(parts)} columns and names "
                f"{len(self.columns)} ({', '.join(self.columns)}); name each one in "
                "columns=[...]"
            )
        return dict(zip(self.columns, parts.values(), strict=True))

    def last(self, bars: Bars) -> np.ndarray:
        """Return the values of the last of some bars: float64 (n_columns,)."""
        return np.array([values[-1] for values in self.over(bars).values()])


def frame_of(bars: Bars, kind: FrameKind) -> Any:
    """Return bars as a data frame of its own, which a function may change."""
    columns = {name: getattr(bars, name).copy() for name in _COLUMNS}
    time = bars.time.astype("datetime64[ns]")
    if kind == "numpy":
        return {"time": time, **columns}
    if kind == "polars":
        import polars as pl

        stamps = pl.Series("time", time).dt.replace_time_zone("UTC")
        return pl.DataFrame({"time": stamps, **columns})
    import pandas as pd

    return pd.DataFrame(columns, index=pd.DatetimeIndex(time, tz="UTC", name="time"))


class _NoColumnError(Exception):
    """The result cannot be read as columns; the text says why."""


def _parts(made: Any, bars: Bars, name: str) -> dict[str, np.ndarray]:
    """Return a result as named columns, one value a bar or one value in all."""
    parts = {key: _values(each, bars) for key, each in _named(made, name).items()}
    lengths = {len(values) for values in parts.values()}
    if len(lengths) != 1 or not lengths <= {1, len(bars)}:
        found = ", ".join(f"{length:,}" for length in sorted(lengths)) or "no"
        raise _NoColumnError(
            f"returns {found} values for {len(bars):,} bars; return one for each bar (in "
            "pandas: .reindex(frame.index)) or the last bar's alone"
        )
    return parts


def _named(made: Any, name: str) -> Mapping[str, Any]:
    if made is None:
        raise _NoColumnError("returns nothing; is a return missing?")
    if isinstance(made, Mapping):
        return {str(key): value for key, value in made.items()}
    if isinstance(made, tuple):
        return {f"{name}_{i}": each for i, each in enumerate(made)}
    if hasattr(made, "columns"):
        return {str(column): made[column] for column in made.columns}
    if isinstance(made, np.ndarray) and made.ndim == 2:
        return {f"{name}_{i}": column for i, column in enumerate(made.T)}
    return {name: made}


def _values(part: Any, bars: Bars) -> np.ndarray:
    part = _in_order_of(bars, part)
    try:
        values = np.atleast_1d(np.asarray(part, dtype=np.float64))
    except (TypeError, ValueError) as problem:
        shown = next(iter(np.atleast_1d(np.asarray(part, dtype=object)).tolist()), None)
        raise _NoColumnError(
            f"returns values that are no numbers, such as {shown!r}; return numbers"
        ) from problem
    if values.ndim != 1:
        raise _NoColumnError(f"returns an array of shape {values.shape}")
    return values


def _in_order_of(bars: Bars, part: Any) -> Any:
    """Bring a pandas series into the order of the bars; rows that it lacks are NaN."""
    index: Any = getattr(part, "index", None)
    if not str(getattr(index, "dtype", "")).startswith("datetime64"):
        return part
    import pandas as pd

    wanted = pd.DatetimeIndex(bars.time.astype("datetime64[ns]"), tz="UTC")
    if index.equals(wanted) or not (index.is_unique and wanted.is_unique):
        return part
    return part.reindex(wanted)
