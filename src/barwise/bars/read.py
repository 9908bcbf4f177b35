"""Read one symbol's bars or trades from a file or a frame."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from barwise.bars.bars import Bars, PriceKind, format_interval
from barwise.bars.columns import FORMAT, PRICES, recognise, ticker_column
from barwise.bars.event_rule import TRADES
from barwise.bars.intervals import parse_interval
from barwise.bars.origin import Origin
from barwise.bars.placed import headerless_columns
from barwise.bars.quality import Finding
from barwise.bars.raw import RawTable
from barwise.bars.sources import load
from barwise.bars.stored import is_stored, restore
from barwise.bars.timestamps import parse
from barwise.bars.zones import to_utc
from barwise.core.errors import ConfigError, DataError

if TYPE_CHECKING:
    import polars as pl

LabelSide = Literal["open", "close"]

_NO_VALUE = ("", "nan", "null", "none", "na", "n/a")


class UndecidedTimeWarning(UserWarning):
    """Rows of an hour that a clock shows twice could not be told apart."""


def read_bars(
    source: Any,
    *,
    symbol: str,
    label: LabelSide,
    timezone: str | None = None,
    columns: Mapping[str, str] | None = None,
    prices: PriceKind = "trade",
    interval: str | int | None = None,
) -> Bars:
    """Read one symbol's bars as they are: nothing is sorted, dropped or repaired.

    A source with a price and a size a row, and no open, high and low, holds trades: they
    come as bars of one trade, which :func:`barwise.prepare` builds bars from.

    Parameters
    ----------
    source : path or frame
        CSV (plain, gzip, zstd), Parquet, Arrow or Feather, a LEAN zip, a zip of one
        CSV, or a frame of pandas, polars, pyarrow, DuckDB or anything else that
        narwhals takes. What a file is, is told by its content.
    symbol : str
        Name of the instrument.
    label : {"open", "close"}
        Which end of a bar the source's timestamp is; of no effect on trades.
    timezone : str, optional
        IANA name of the clock of timestamps without zone, daylight saving included.
        None: the column's own zone, and UTC where it has none.
    columns : mapping of str to str, optional
        Target (``timestamp``, or ``date`` and ``time``; ``open``, ``high``, ``low``,
        ``close``, ``volume``, ``contract``; ``price`` and ``volume`` of trades) to the
        source's name, where it is not recognised; columns of a file without header are ``column_1`` ... . The key
        ``timestamp_format`` gives the strftime form of the timestamps.
    prices : {"trade", "bid", "ask", "mid"}
        What the source quotes; it chooses the columns where there are several sides.
    interval : str or int, optional
        Length of a bar (``"1min"``, or nanoseconds); the most common step between
        rows when left out.

    Returns
    -------
    Bars
        Rows in file order. ``time`` is the close in nanoseconds UTC. ``volume`` is NaN
        where the source has none; zeros of a source that always writes zero stay.

    Raises
    ------
    ConfigError
        If an argument is wrong or contradicts the source.
    DataError
        If the source is absent or damaged, or a row cannot be read; the message names
        the row.

    Warns
    -----
    UndecidedTimeWarning
        If rows of an hour that the clock shows twice cannot be told apart.

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame(
    ...     {
    ...         "Date": ["2024-01-02 17:00", "2024-01-02 17:01", "2024-01-02 17:02"],
    ...         "Open": [1.0, 1.1, 1.2],
    ...         "High": [1.2, 1.3, 1.4],
    ...         "Low": [0.9, 1.0, 1.1],
    ...         "Close": [1.1, 1.2, 1.3],
    ...     }
    ... )
    >>> read_bars(frame, symbol="X", label="open", timezone="America/Chicago")
    Bars(X, 3 rows of 1 min, 2024-01-02 23:01 to 2024-01-02 23:03 UTC)
    >>> trades = pl.DataFrame({"time": [1_600_000_000] * 2, "price": 5.0, "size": 3})
    >>> read_bars(trades, symbol="X", label="close")
    Bars(X, 2 rows of 1 trade, 2020-09-13 12:26 to 2020-09-13 12:26 UTC)
    """
    bars, findings = read_with_findings(
        source,
        symbol=symbol,
        label=label,
        timezone=timezone,
        columns=columns,
        prices=prices,
        interval=interval,
    )
    for found in findings:
        message = (
            f"{symbol}: {found.count} rows, first {found.rows[:5]}: {found.detail}"
        )
        warnings.warn(message, UndecidedTimeWarning, stacklevel=2)
    return bars


def read_with_findings(
    source: Any,
    *,
    symbol: str,
    label: LabelSide,
    timezone: str | None = None,
    columns: Mapping[str, str] | None = None,
    prices: PriceKind = "trade",
    interval: str | int | None = None,
) -> tuple[Bars, list[Finding]]:
    """Do what :func:`read_bars` does, and return findings in place of a warning.

    Examples
    --------
    >>> import polars as pl
    >>> one = {name: [1.0, 1.0] for name in ("open", "high", "low", "close")}
    >>> frame = pl.DataFrame({"time": [1_600_000_000, 1_600_000_060], **one})
    >>> bars, findings = read_with_findings(frame, symbol="X", label="close")
    >>> len(bars), findings
    (2, [])
    """
    _check_choice("label", label, get_args(LabelSide))
    _check_choice("prices", prices, get_args(PriceKind))
    if not symbol or symbol != symbol.strip():
        raise ConfigError(f"symbol={symbol!r} must be the name of the instrument")
    length = None if interval is None else parse_interval(interval)
    table = load(source)
    if is_stored(table):
        return restore(
            table, symbol=symbol, label=label, prices=prices, interval=length
        ), []
    chosen = choose_columns(table, prices, columns)
    stamps = read_stamps(table, chosen, (columns or {}).get(FORMAT))
    moments, findings = to_utc(stamps, timezone, table.origin)
    values = {
        name: read_numbers(table.frame[chosen[name]], table.origin)
        for name in (*PRICES, "price", "volume")
        if name in chosen
    }
    facts: dict[str, Any] = {
        "symbol": symbol,
        "prices": prices,
        "contract": _contracts(table, chosen, symbol),
        "simulated": table.dialect is not None and table.dialect.simulated,
    }
    if "price" in chosen:
        return _trades(moments, values, facts), findings
    length = infer_interval(moments, table.origin, length)
    time = moments + length if label == "open" else moments
    return Bars.of(time, **values, interval=length, **facts), findings


def _trades(
    time: np.ndarray, values: dict[str, np.ndarray], facts: dict[str, Any]
) -> Bars:
    price = values.pop("price")
    ohlc = dict.fromkeys(PRICES, price)
    return Bars.of(
        time, **ohlc, **values, interval=None, open_time=time, rule=TRADES, **facts
    )


def choose_columns(
    table: RawTable, prices: str, given: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Map what a bar needs to the columns of a table, by name or by place.

    Raises
    ------
    ConfigError
        If something is missing; see :func:`barwise.bars.columns.recognise`.
    """
    own = dict(given or {})
    dialect = table.dialect
    if dialect is not None and not dialect.header and not set(PRICES) <= set(own):
        rows = [[cell or "" for cell in row] for row in table.frame.head(100).rows()]
        placed = headerless_columns(rows, table.origin.name)
        if {"timestamp", "date"} & set(own):
            placed = {t: n for t, n in placed.items() if t not in ("date", "time")}
        own = {**placed, **own}
    names = table.frame.columns
    return recognise(names, source=table.origin.name, prices=prices, given=own)


def read_stamps(
    table: RawTable, chosen: Mapping[str, str], written: str | None = None
) -> pl.Series:
    """Return the timestamps of a table: datetimes, naive or in UTC."""
    if "date" not in chosen or "time" not in chosen:
        name = chosen["timestamp" if "timestamp" in chosen else "date"]
        return parse(table.frame[name], table.origin, written)
    both = joined_stamps(table.frame[chosen["date"]], table.frame[chosen["time"]])
    return parse(both, table.origin, written)


def joined_stamps(date: pl.Series, time: pl.Series) -> pl.Series:
    """Join a date column and a time-of-day column into one.

    Examples
    --------
    >>> import polars as pl
    >>> joined_stamps(pl.Series([20180102]), pl.Series([93000]))[0]
    '20180102 093000'
    """
    import polars as pl

    if date.dtype in (pl.Date, pl.Datetime) and time.dtype == pl.Time:
        days = date.cast(pl.Date)
        both = pl.select(days.alias("d"), time.alias("t")).select(
            pl.col("d").dt.combine(pl.col("t"), time_unit="ns")
        )
        return both.to_series().alias(f"{date.name} + {time.name}")
    clock = time.cast(pl.String).str.strip_chars()
    if clock.str.contains(r"^\d+$").all():
        width = 6 if clock.str.len_chars().to_numpy().max() > 4 else 4
        clock = clock.str.zfill(width)
    day = date.cast(pl.String).str.strip_chars()
    return (day + " " + clock).alias(f"{date.name} + {time.name}")


def infer_interval(times: np.ndarray, origin: Origin, given: int | None = None) -> int:
    """Return the length of a bar in ns: the most common step of a source.

    Parameters
    ----------
    times : ndarray of int64, shape (n,)
        Moments in file order.
    origin : Origin
        For messages.
    given : int, optional
        What the user says, in ns; it must not be longer than the rows are apart.

    Raises
    ------
    DataError
        If there is no step to go by.
    ConfigError
        If the rows are closer together than ``given``.

    Examples
    --------
    >>> infer_interval(np.array([0, 60, 120, 300]), Origin("x.csv"))
    60
    """
    # Some vendors write the newest row first.
    steps = np.abs(np.diff(times))
    steps = steps[steps > 0]
    if not len(steps):
        if given is not None:
            return given
        raise DataError(
            f"{origin.name} has {len(times):,} rows and no two different timestamps, so "
            "the length of a bar cannot be told; take more rows, or in Python pass "
            "interval='1min'"
        )
    lengths, counts = np.unique(steps, return_counts=True)
    common = int(lengths[np.argmax(counts)])
    if given is None:
        return common
    if common < given:
        raise ConfigError(
            f"interval={format_interval(given)}, but the rows of {origin.name} are mostly "
            f"{format_interval(common)} apart; read them as they are and resample "
            "(barwise.prepare)"
        )
    return given


def _check_choice(name: str, value: object, allowed: tuple[str, ...]) -> None:
    if value in allowed:
        return
    near = get_close_matches(str(value).lower(), allowed, n=1, cutoff=0.4)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise ConfigError(
        f"{name}={value!r}: allowed values are {', '.join(allowed)}{hint}"
    )


def read_numbers(values: pl.Series, origin: Origin) -> np.ndarray:
    """Return a column as float64; an empty cell is NaN, other text an error."""
    import polars as pl

    if not (values.dtype.is_numeric() or values.dtype in (pl.String, pl.Null)):
        raise DataError(
            f"{origin.name}: column {values.name!r} has type {values.dtype}, and "
            "numbers are needed; name the right one with columns={...} "
            "(data.columns in a config)"
        )
    numbers = values.cast(pl.Float64, strict=False)
    wrong = numbers.is_null() & values.is_not_null()
    if values.dtype == pl.String and wrong.any():
        wrong = wrong & ~values.str.to_lowercase().is_in(_NO_VALUE)
    if wrong.any():
        row = int(wrong.arg_max() or 0)
        raise DataError(
            f"{origin.row(row)}, column {values.name!r}: {values[row]!r} is not a number "
            f"({int(wrong.sum())} such rows); prices and volume are plain numbers such as "
            "1234.5; if the column holds something else, name the right one with "
            "columns={...} (data.columns in a config)"
        )
    return numbers.fill_null(float("nan")).to_numpy()


def _contracts(
    table: RawTable, chosen: Mapping[str, str], symbol: str
) -> np.ndarray | None:
    import polars as pl

    name = chosen.get("contract") or ticker_column(table.frame.columns)
    if name is None:
        return None
    values = table.frame[name].cast(pl.String).fill_null("")
    if "contract" not in chosen:
        tickers = values.unique().sort().to_list()
        if len(tickers) == 1:
            return None
        if symbol.upper() in {ticker.upper() for ticker in tickers}:
            listed = ", ".join(tickers[:10])
            raise DataError(
                f"{table.origin.name}: column {name!r} holds {len(tickers)} symbols "
                f"({listed}); a run reads one: keep the rows of {symbol} and read again"
            )
    return values.to_numpy().astype(np.str_)
