"""Timestamps of any common form to int64 nanoseconds UTC.

A column is text, a number or typed. Text and numbers become naive or UTC datetimes
(:func:`parse`); naive ones are localised (:func:`to_utc`), daylight saving included.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from barwise.bars.origin import Origin
from barwise.core.arrays import SECOND
from barwise.core.errors import ConfigError, DataError

if TYPE_CHECKING:
    import polars as pl

EARLIEST = int(np.datetime64("1980-01-01", "ns").astype(np.int64))
LATEST = int(np.datetime64("2100-01-01", "ns").astype(np.int64))
UNITS = {"s": SECOND, "ms": 1_000_000, "us": 1_000, "ns": 1}

_DATES = (
    (re.compile(r"(\d{4})([-/.])\d{1,2}\2\d{1,2}"), "%Y{1}%m{1}%d", 2),
    (re.compile(r"\d{1,2}([-/.])\d{1,2}\1\d{4}"), "{order}", 1),
    (re.compile(r"\d{1,2}([- ])[A-Za-z]{3}\1\d{4}"), "%d{1}%b{1}%Y", 1),
    (re.compile(r"(?:19|20|21)\d{6}(?=\D|$)"), "%Y%m%d", 0),
)
_TIME = re.compile(
    r"(?P<gap>T| |, |,|;)(?:"
    r"(?P<colon>\d{1,2}:\d{2})(?P<second>:\d{2}(?P<fraction>\.\d+)?)?"
    r"|(?P<six>\d{6})|(?P<four>\d{4}))(?P<half> ?[AaPp][Mm])?"
)
_ZONE = re.compile(
    r"(?P<word> ?(?:GMT|UTC)(?=[+-]))?(?P<space> ?)(?P<offset>[+-]\d{2}:?\d{2})"
)
_UTC_WORDS = ("Z", " UTC", " GMT", "UTC", " Z")
_WAY_OUT = (
    "give the form with columns={'timestamp_format': '%d/%m/%Y %H:%M'} "
    "(strftime codes; data.columns in a config), or pass a frame whose column is a "
    "datetime"
)


def parse(values: pl.Series, origin: Origin, written: str | None = None) -> pl.Series:
    """Turn a column into datetimes: naive, or UTC where it names the moment.

    Parameters
    ----------
    values : polars.Series, shape (n,)
        Text, integers, floats, dates or datetimes.
    origin : Origin
        For messages.
    written : str, optional
        strftime form of a text column; found by itself when left out.

    Returns
    -------
    polars.Series of datetime[ns], shape (n,)
        With time zone UTC if the source says which moment is meant.

    Raises
    ------
    DataError
        If a value cannot be read, day and month cannot be told apart, or a moment
        lies outside 1980 to 2100.

    Examples
    --------
    >>> import polars as pl
    >>> parse(pl.Series(["20180304 170000"]), Origin("x.csv"))[0]
    datetime.datetime(2018, 3, 4, 17, 0)
    """
    import polars as pl

    _refuse_nulls(values, origin)
    if values.dtype == pl.String:
        values = values.str.strip_chars()
        whole = values.head(1).str.contains(r"^\d+(\.\d*)?$").all()
        if written is None and whole and not _is_date_number(values[0]):
            return _epoch(_numbers(values, origin), origin)
        stamps = _text(values, origin, written)
        _check_range(stamps, origin, None)
        return stamps
    if values.dtype.is_numeric():
        text = values.cast(pl.Int64, strict=False).cast(pl.String)
        if written is not None or _is_date_number(text[0]):
            return parse(text, origin, written)
        return _epoch(values, origin)
    if values.dtype == pl.Date or isinstance(values.dtype, pl.Datetime):
        return _typed(values, origin)
    raise DataError(
        f"{origin.name}: column {values.name!r} has type {values.dtype}, which is not a "
        f"timestamp; {_WAY_OUT}"
    )


def describe_format(values: pl.Series, origin: Origin) -> str:
    """Say in a few words how a column writes its timestamps."""
    import polars as pl

    if values.dtype.is_numeric():
        values = values.cast(pl.Int64, strict=False).cast(pl.String)
    if values.dtype != pl.String:
        unit = getattr(values.dtype, "time_unit", "day")
        zone = getattr(values.dtype, "time_zone", None)
        return f"datetime[{unit}{f', {zone}' if zone else ''}]"
    values = values.str.strip_chars()
    if re.fullmatch(r"\d+(\.\d*)?", values[0]) and not _is_date_number(values[0]):
        unit = next((u for u, n in UNITS.items() if _fits(float(values[0]), n)), "?")
        return f"epoch {unit}"
    pattern, suffix = _pattern(values, origin)
    return pattern + suffix


def check_timezone(name: str) -> None:
    """Refuse a name that is not an IANA time zone.

    Raises
    ------
    ConfigError
        With the nearest known names.

    Examples
    --------
    >>> check_timezone("America/Chicago")
    """
    from difflib import get_close_matches
    from zoneinfo import available_timezones

    known = available_timezones()
    if name in known:
        return
    folded = {zone.lower(): zone for zone in known}
    near = get_close_matches(str(name).lower(), list(folded), n=3)
    hint = f"; did you mean {', '.join(folded[n] for n in near)}?" if near else ""
    raise ConfigError(
        f"timezone={name!r} is not an IANA time zone (such as America/Chicago or UTC)"
        f"{hint}"
    )


def _refuse_nulls(values: pl.Series, origin: Origin) -> None:
    missing = values.is_null()
    if values.dtype.is_float():
        missing = missing | values.is_nan()
    if missing.any():
        row = int(missing.arg_max() or 0)
        raise DataError(
            f"{origin.row(row)}: no timestamp in column {values.name!r} "
            f"({int(missing.sum())} rows have none); every bar needs one"
        )


def _is_date_number(value: str) -> bool:
    """Whether digits are YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS, not an epoch."""
    return bool(
        re.fullmatch(r"(19|20)\d{2}(0[1-9]|1[0-2])([0-2]\d|3[01])(\d{4}|\d{6})?", value)
    )


def _numbers(values: pl.Series, origin: Origin) -> pl.Series:
    import polars as pl

    kind = pl.Float64 if values.str.contains(".", literal=True).any() else pl.Int64
    numbers = values.cast(kind, strict=False)
    if numbers.null_count():
        row = int(numbers.is_null().arg_max() or 0)
        raise DataError(
            f"{origin.row(row)}: timestamp {values[row]!r} is not a number, "
            "as the rows before it are; a file needs one form of timestamp"
        )
    return numbers


def _fits(number: float, unit: int) -> bool:
    return EARLIEST <= number * unit < LATEST


def _epoch(values: pl.Series, origin: Origin) -> pl.Series:
    """Read epochs row by row: a source may have changed its unit (Binance did)."""
    import polars as pl

    numbers = values.to_numpy()
    times = np.zeros(len(numbers), dtype=np.int64)
    known = np.zeros(len(numbers), dtype=bool)
    # The ranges of the units from 1980 to 2100 do not touch: no number fits two.
    for unit in UNITS.values():
        fits = (numbers >= EARLIEST / unit) & (numbers < LATEST / unit)
        scaled = numbers[fits] * unit
        times[fits] = (
            np.round(scaled).astype(np.int64) if scaled.dtype.kind == "f" else scaled
        )
        known |= fits
    if not known.all():
        row = int(np.argmin(known))
        raise DataError(
            f"{origin.row(row)}: timestamp {values[row]} is no epoch between 1980 and "
            f"2100 in {', '.join(UNITS)}; {_WAY_OUT}"
        )
    return pl.Series(values.name, times).cast(pl.Datetime("ns", "UTC"))


def _text(values: pl.Series, origin: Origin, written: str | None) -> pl.Series:
    import polars as pl

    pattern, suffix = (written, "") if written else _pattern(values, origin)
    bare = values.str.strip_suffix(suffix) if suffix else values
    stamps = _strptime(bare, pattern)
    if stamps.null_count() and not written and "%.f" not in pattern:
        # Writers leave out a fraction of zero: the first row need not show one.
        stamps = _strptime(bare, pattern.replace("%S", "%S%.f"))
    if stamps.null_count():
        row = int(stamps.is_null().arg_max() or 0)
        raise DataError(
            f"{origin.row(row)}: timestamp {values[row]!r} does not have the form "
            + (
                f"{written!r} given as timestamp_format; correct it, or leave it out to "
                "have the form recognised"
                if written
                else f"{pattern + suffix!r} of the first row ({values[0]!r}); a file "
                f"needs one form. If it has another one, {_WAY_OUT}"
            )
        )
    aware = getattr(stamps.dtype, "time_zone", None) is not None
    if suffix and not aware:
        stamps = stamps.dt.replace_time_zone("UTC")
    return stamps.cast(pl.Datetime("ns", "UTC" if aware or suffix else None))


def _strptime(values: pl.Series, pattern: str) -> pl.Series:
    """Parse text; rows that do not fit become null."""
    import polars as pl

    if not re.search("%[HIcTRrsM]", pattern):
        values, pattern = values + " 00:00", pattern + " %H:%M"
    try:
        return values.str.to_datetime(pattern, time_unit="ns", strict=False)
    except pl.exceptions.PolarsError as problem:
        raise ConfigError(
            f"timestamp_format={pattern!r} cannot be used: {str(problem).splitlines()[0]}"
        ) from problem


def _pattern(values: pl.Series, origin: Origin) -> tuple[str, str]:
    """Find the strftime form of a column, and a suffix such as Z that means UTC."""
    sample = values[0]
    if re.fullmatch(r"\d{12}|\d{14}", sample):
        return ("%Y%m%d%H%M%S" if len(sample) == 14 else "%Y%m%d%H%M"), ""
    for expression, form, group in _DATES:
        match = expression.match(sample)
        if match is None:
            continue
        mark = match.group(group) if group else ""
        if form == "{order}":
            form = _day_or_month_first(values, mark, origin)
        rest = sample[match.end() :]
        tail = _tail(rest)
        if tail is not None:
            return form.replace("{1}", mark) + tail[0], tail[1]
    raise DataError(
        f"{origin.row(0)}: timestamp {sample!r} has no form that is recognised; {_WAY_OUT}"
    )


def _tail(rest: str) -> tuple[str, str] | None:
    """Return the form of what follows the date: time of day, then a zone."""
    pattern = ""
    clock = _TIME.match(rest)
    if clock is not None:
        pattern = clock["gap"] + _clock(clock)
        rest = rest[clock.end() :]
    if rest in ("", *_UTC_WORDS):
        return pattern, rest
    zone = _ZONE.fullmatch(rest)
    if zone is None:
        return None
    return pattern + (zone["word"] or "") + zone["space"] + "%z", ""


def _clock(match: re.Match[str]) -> str:
    if match["six"]:
        return "%H%M%S"
    if match["four"]:
        return "%H%M"
    half = match["half"]
    form = "%I:%M" if half else "%H:%M"
    if match["second"]:
        form += ":%S"
        form += "%.f" if match["fraction"] else ""
    return form + ((" " if half.startswith(" ") else "") + "%p" if half else "")


def _day_or_month_first(values: pl.Series, mark: str, origin: Origin) -> str:
    """Tell 03/04/2018 apart by a part above 12 anywhere in the column."""
    import polars as pl

    parts = values.str.extract_groups(r"^(\d{1,2})[-/.](\d{1,2})").struct.unnest()
    numbers = parts.cast(pl.Int64).drop_nulls().to_numpy().max(axis=0)
    first, second = (int(number) for number in numbers)
    if first > 12 and second <= 12:
        return f"%d{mark}%m{mark}%Y"
    if second > 12 and first <= 12:
        return f"%m{mark}%d{mark}%Y"
    why = (
        "day and month cannot be told apart: no part of any date is above 12"
        if first <= 12
        else f"both parts of the dates go above 12 ({first} and {second})"
    )
    raise DataError(f"{origin.row(0)}: timestamp {values[0]!r}: {why}; {_WAY_OUT}")


def _typed(values: pl.Series, origin: Origin) -> pl.Series:
    import polars as pl

    # A cast to nanoseconds would wrap round outside 1677 to 2262: look before.
    _check_range(values, origin, UNITS.get(getattr(values.dtype, "time_unit", "")))
    return values.cast(pl.Datetime("ns", getattr(values.dtype, "time_zone", None)))


def _check_range(stamps: pl.Series, origin: Origin, unit: int | None) -> None:
    """Refuse moments outside 1980 to 2100, and name the unit that would fit."""
    import polars as pl

    years = stamps.dt.year().to_numpy()
    outside = (years < 1980) | (years >= 2100)
    if not outside.any():
        return
    row = int(np.argmax(outside))
    number = int(stamps.cast(pl.Int64).to_numpy()[row])
    guess = next((u for u, n in UNITS.items() if unit and _fits(number, n)), None)
    way = (
        f"its number {number} is a time in {guess}, so the column was made with the "
        f"wrong unit: make it again from numbers in {guess}"
        if guess
        else _WAY_OUT
    )
    raise DataError(
        f"{origin.row(row)}: timestamp {stamps.dt.to_string()[row]} lies outside 1980 "
        f"to 2100; {way}"
    )
