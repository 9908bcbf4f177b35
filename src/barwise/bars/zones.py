"""From a source's clock to UTC, daylight saving included."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from barwise.bars.origin import Origin
from barwise.bars.quality import Finding
from barwise.bars.timestamps import check_timezone
from barwise.core.arrays import DAY
from barwise.core.errors import ConfigError, DataError

if TYPE_CHECKING:
    import polars as pl

_UTC_NAMES = ("UTC", "Etc/UTC", "GMT", "Etc/GMT")


def to_utc(
    stamps: pl.Series, timezone: str | None, origin: Origin
) -> tuple[np.ndarray, list[Finding]]:
    """Return moments as int64 nanoseconds UTC, and what could not be decided.

    Parameters
    ----------
    stamps : polars.Series of datetime[ns], shape (n,)
        As :func:`barwise.bars.timestamps.parse` returns them, in file order.
    timezone : str or None
        IANA name of the clock of naive stamps; None means UTC.
    origin : Origin
        For messages.

    Returns
    -------
    times : ndarray of int64, shape (n,)
    findings : list of Finding
        ``ambiguous_time`` where an hour that the clock shows twice in autumn cannot
        be placed by the order of rows; those rows are taken as the first pass.

    Raises
    ------
    ConfigError
        If ``timezone`` is no IANA name, or contradicts stamps that carry a zone.
    DataError
        If the clock never shows a stamp (the hour skipped in spring).

    Examples
    --------
    >>> from datetime import datetime
    >>> import polars as pl
    >>> winter = pl.Series([datetime(2018, 1, 2, 17)]).cast(pl.Datetime("ns"))
    >>> times, _ = to_utc(winter, "America/New_York", Origin("x.csv"))
    >>> times.astype("datetime64[ns]").astype("datetime64[m]")
    array(['2018-01-02T22:00'], dtype='datetime64[m]')
    """
    import polars as pl

    zone = getattr(stamps.dtype, "time_zone", None)
    if timezone is not None:
        check_timezone(timezone)
    if zone is not None:
        _check_no_contradiction(zone, timezone, origin)
        return _ints(stamps), []
    if timezone is None or timezone in _UTC_NAMES:
        return _ints(stamps), []

    def localised(which: str) -> pl.Series:
        return stamps.dt.replace_time_zone(
            timezone, ambiguous=pl.Series([which] * 1), non_existent="null"
        )

    first = localised("earliest")
    if first.null_count():
        row = int(first.is_null().arg_max() or 0)
        raise DataError(
            f"{origin.row(row)}: timestamp {stamps[row]} does not exist on the clock of "
            f"{timezone}: daylight saving skips that hour; the source probably runs on "
            "another clock (UTC, or a fixed offset such as Etc/GMT+5 for EST all year)"
        )
    early, late = _ints(first), _ints(localised("latest"))
    rows = np.flatnonzero(early != late)
    if not len(rows):
        return early, []
    second, unclear = _second_pass(_ints(stamps), rows)
    early[second] = late[second]
    return early, _finding(unclear, timezone)


def _ints(stamps: pl.Series) -> np.ndarray:
    import polars as pl

    return stamps.cast(pl.Int64).to_numpy().astype(np.int64)


def _check_no_contradiction(zone: str, timezone: str | None, origin: Origin) -> None:
    if timezone is None or timezone == zone or timezone in _UTC_NAMES:
        return
    raise ConfigError(
        f"timezone={timezone!r}, but the timestamps of {origin.name} say themselves "
        f"which moment they mean (zone {zone}); leave timezone out. If that zone is "
        "wrong, remove it from the column first, so that the stamps are naive"
    )


def _second_pass(local: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Split the rows of each repeated hour into second-pass rows and unclear ones."""
    second: list[np.ndarray] = []
    unclear: list[np.ndarray] = []
    days = local[rows] // DAY
    for day in np.unique(days):
        block = rows[days == day]
        steps = np.diff(local[block])
        back = np.flatnonzero(steps < 0)
        # One stamp an hour: the repeated hour shows as two equal stamps.
        hourly = len(block) == 2 and steps[0] == 0
        if len(back) == 1 or hourly:
            second.append(block[(0 if hourly else int(back[0])) + 1 :])
        else:
            unclear.append(block)
    empty = np.empty(0, dtype=np.int64)
    return np.concatenate([empty, *second]), np.concatenate([empty, *unclear])


def _finding(rows: np.ndarray, timezone: str) -> list[Finding]:
    if not len(rows):
        return []
    return [
        Finding.of(
            "ambiguous_time",
            np.sort(rows),
            f"the clock of {timezone} shows this hour twice and the order of rows does "
            "not tell which is meant; taken as the first pass (daylight saving time)",
        )
    ]
