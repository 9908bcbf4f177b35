"""Trading days and early closes of an exchange, from pandas-market-calendars."""

from __future__ import annotations

import warnings
from functools import lru_cache


@lru_cache(maxsize=8)
def exchange_days(name: str, first_year: int, last_year: int) -> dict[int, int | None]:
    """Return each trading day with its early close.

    Parameters
    ----------
    name : str
        A calendar of pandas-market-calendars.
    first_year, last_year : int
        Whole years, both included.

    Returns
    -------
    dict of int to int or None
        Days since 1970-01-01 (the trade date) to the early close in nanoseconds UTC;
        None for a day that closes at its usual time.

    Examples
    --------
    >>> import numpy as np
    >>> days = exchange_days("NYSE", 2025, 2025)
    >>> black_friday = int(np.datetime64("2025-11-28", "D").astype(int))
    >>> str(np.datetime64(days[black_friday], "ns").astype("datetime64[m]"))
    '2025-11-28T18:00'
    """
    with warnings.catch_warnings():
        # The package calls pandas attributes that are renamed in a later release.
        warnings.simplefilter("ignore")
        import pandas_market_calendars

        calendar = pandas_market_calendars.get_calendar(name)
        table = calendar.schedule(f"{first_year}-01-01", f"{last_year}-12-31", tz="UTC")
        closes = table["market_close"]
        local = closes.dt.tz_convert(calendar.tz).dt.time
        early = (local < calendar.close_time).to_numpy()
    days = table.index.to_numpy().astype("datetime64[D]").astype("int64").tolist()
    times = closes.dt.tz_localize(None).to_numpy().astype("datetime64[ns]")
    stamps = times.astype("int64").tolist()
    return {
        day: stamp if short else None
        for day, stamp, short in zip(days, stamps, early.tolist(), strict=True)
    }
