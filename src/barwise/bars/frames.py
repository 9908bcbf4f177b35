"""Frames of other libraries as tables of raw columns."""

from __future__ import annotations

from typing import Any

from barwise.bars.raw import RawTable, from_arrow, from_polars
from barwise.core.errors import ConfigError, DataError


def load_frame(source: Any) -> RawTable:
    """Read a frame of any library that narwhals or the Arrow C stream knows.

    Parameters
    ----------
    source : frame
        Timestamps may stand in a column or in a pandas index.

    Raises
    ------
    ConfigError
        If it is no frame.
    DataError
        If it has no rows, or columns of several symbols.

    Examples
    --------
    >>> import polars as pl
    >>> load_frame(pl.DataFrame({"time": [1], "open": [2.0]})).frame.columns
    ['time', 'open']
    """
    import narwhals as nw

    try:
        frame = nw.from_native(_with_index(source))
    except TypeError:
        if hasattr(source, "__arrow_c_stream__"):
            return _from_stream(source)
        raise ConfigError(
            f"cannot read bars from a {type(source).__name__}: pass a path, or a frame of "
            "pandas, polars, pyarrow or DuckDB"
        ) from None
    eager = frame.collect() if isinstance(frame, nw.LazyFrame) else frame
    library = type(source).__module__.partition(".")[0]
    name = f"the {library} frame"
    if library == "polars":
        return from_polars(eager.to_polars(), name)
    return from_arrow(eager.to_arrow(), name, "frame")


def _from_stream(source: Any) -> RawTable:
    import pyarrow as pa

    name = f"the {type(source).__module__.partition('.')[0]} frame"
    return from_arrow(pa.table(source), name, "frame")


def _with_index(source: Any) -> Any:
    """Turn a pandas index that holds the timestamps into a column."""
    from narwhals.dependencies import is_pandas_dataframe

    if not is_pandas_dataframe(source):
        return source
    frame = source.copy(deep=False)
    if frame.columns.nlevels > 1:
        frame.columns = _one_level(frame.columns)
    if type(frame.index).__name__ != "RangeIndex":
        if frame.index.name is None:
            frame = frame.rename_axis(index="index")
        frame = frame.reset_index()
    return _to_arrow(frame)


def _to_arrow(frame: Any) -> Any:
    """Convert a pandas frame; zones are taken off first and put on again as UTC.

    The way through pandas' own values of zoned columns is deprecated there.
    """
    import pyarrow as pa

    zoned = [
        place
        for place, dtype in enumerate(frame.dtypes)
        if getattr(dtype, "tz", None) is not None
    ]
    for place in zoned:
        moments = frame.iloc[:, place].dt.tz_convert("UTC").dt.tz_localize(None)
        frame = frame.assign(**{frame.columns[place]: moments})
    try:
        table = pa.Table.from_pandas(frame, preserve_index=False)
    except pa.ArrowException as problem:
        raise DataError(
            f"the pandas frame has a column of mixed types: {problem}; convert it first "
            "(pandas.to_numeric, pandas.to_datetime)"
        ) from problem
    for place in zoned:
        unit = table.schema.field(place).type.unit
        column = table.column(place).cast(pa.timestamp(unit, tz="UTC"))
        table = table.set_column(place, table.column_names[place], column)
    return table.replace_schema_metadata()


def _one_level(columns: Any) -> list[str]:
    """Flatten the two-level columns of yfinance when they hold one ticker."""
    fields = list(columns.get_level_values(0))
    if len(set(fields)) == len(fields):
        return [str(name) for name in fields]
    tickers = sorted({str(name) for name in columns.get_level_values(1)})
    raise DataError(
        f"the pandas frame holds several symbols ({', '.join(tickers)}): pass one of them, "
        f"such as frame.xs({tickers[0]!r}, axis=1, level=1)"
    )
