"""Which column of a source is which: vendor names, and the user's own map."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from barwise.core.errors import ConfigError

PRICES = ("open", "high", "low", "close")
TARGETS = ("timestamp", "date", "time", *PRICES, "price", "volume", "contract")
FORMAT = "timestamp_format"
"""Key of a column map that is not a column: how its timestamps are written."""

# First match wins, so the names that leave least doubt come first.
_STAMPS = [
    "timestamp",
    "datetime",
    "date_time",
    "date_and_time",
    "ts_event",
    "transact_time",
    "trade_time",
    "timestamp_utc",
    "datetime_utc",
    "time_utc",
    "utc_time",
    "utc",
    "gmt_time",
    "local_time",
    "window_start",
    "open_time",
    "opentime",
    "kline_open_time",
    "bar_time",
    "start_time",
    "begins_at",
    "unix",
    "unix_timestamp",
    "unix_time",
    "epoch",
    "timestamp_ms",
    "ts",
    "time",
    "date",
    "t",
    "close_time",
    "index",
    "index_level_0",
    "unnamed_0",
]
_NAMES: dict[str, tuple[str, ...]] = {
    "open": ("open", "o", "open_price", "openprice", "px_open", "first"),
    "high": ("high", "h", "high_price", "highprice", "px_high", "max"),
    "low": ("low", "l", "low_price", "lowprice", "px_low", "min"),
    "close": (
        "close",
        "c",
        "close_price",
        "closeprice",
        "px_last",
        "last",
        "close_last",
    ),
    "volume": (
        "volume",
        "vol",
        "v",
        "volume_contracts",
        "traded_volume",
        "total_volume",
        "base_volume",
        "px_volume",
        "tick_volume",
        "tickvol",
        "tickqty",
    ),
    "contract": ("contract", "contract_month", "local_symbol", "raw_symbol", "expiry"),
}
# A row with one of each, and without open, high and low, is a trade.
_TRADE = {
    "price": ("price", "trade_price", "last_price", "px", "p"),
    "volume": ("size", "qty", "quantity", "trade_size", "last_size", "sz", "q"),
}
_TICKERS = ("symbol", "ticker", "instrument")
_SIDES = ("bid", "ask", "mid")


def plain(name: str) -> str:
    """Return a column name in the form in which names are compared.

    Examples
    --------
    >>> [plain(n) for n in ("<DATE>", "Gmt time", "1. open", "Close/Last", "BidOpen")]
    ['date', 'gmt_time', 'open', 'close_last', 'bidopen']
    """
    words = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    return re.sub(r"^\d+_(?=[a-z])", "", words)


def is_known(name: str) -> bool:
    """Whether a name is one by which vendors call a timestamp, a price or a volume.

    Examples
    --------
    >>> is_known("<DATE>"), is_known("Dear Sir")
    (True, False)
    """
    tables = (*_NAMES.values(), *_TRADE.values())
    aliases = {alias for names in tables for alias in names}
    return plain(name) in aliases.union(_STAMPS)


def recognise(
    names: Sequence[str],
    *,
    source: str,
    prices: str = "trade",
    given: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Map what a bar or a trade needs to the columns that a source has.

    Parameters
    ----------
    names : sequence of str
        Columns of the source.
    source : str
        What to call the source in a message.
    prices : {"trade", "bid", "ask", "mid"}
        Chooses the columns of a source that quotes several sides.
    given : mapping of str to str, optional
        Target to source name; it overrides what would be recognised.

    Returns
    -------
    dict of str to str
        ``timestamp`` (or ``date`` and ``time``), the four prices, and ``volume`` and
        ``contract`` where the source has them. For trades ``price`` and ``volume`` in
        place of the four prices.

    Raises
    ------
    ConfigError
        If a target is unknown, a named column is absent, or a price or the timestamp
        cannot be found.

    Examples
    --------
    >>> recognise(["Date", "Time", "O", "H", "L", "C"], source="my.csv")
    {'date': 'Date', 'time': 'Time', 'open': 'O', 'high': 'H', 'low': 'L', 'close': 'C'}
    """
    chosen = {
        t: n for t, n in _given(names, source, given or {}).items() if t != FORMAT
    }
    have: dict[str, str] = {}
    for name in names:
        have.setdefault(plain(name), name)
    found = dict(chosen)
    if not {"timestamp", "date"} & set(chosen):
        found = {**_stamps(have), **found}
    for target, aliases in _NAMES.items():
        if target not in found:
            wanted = (
                (*aliases, *_sided(target, prices)) if target in PRICES else aliases
            )
            name = next((have[a] for a in wanted if a in have), "")
            if not name and target == "volume":
                name = _volume(have)
            if name:
                found[target] = name
    found = _as_trades(found, chosen, have)
    _check_complete(found, names, source, have)
    return {t: found[t] for t in TARGETS if t in found}


def _as_trades(
    found: dict[str, str], chosen: Mapping[str, str], have: Mapping[str, str]
) -> dict[str, str]:
    """Return the columns of trades where each row is one, else ``found``."""
    if any(price in found for price in ("open", "high", "low")):
        return found
    named = {
        target: next((have[alias] for alias in aliases if alias in have), "")
        for target, aliases in _TRADE.items()
    }
    price = chosen.get("price") or named["price"]
    size = found.get("volume") or named["volume"]
    if not price or not (size or "price" in chosen):
        return found
    both = {"price": price, **({"volume": size} if size else {})}
    return {t: n for t, n in found.items() if t not in PRICES} | both


def ticker_column(names: Sequence[str]) -> str | None:
    """Return the column that names an instrument on each row, if there is one."""
    have = {plain(name): name for name in names}
    return next((have[alias] for alias in _TICKERS if alias in have), None)


def _given(
    names: Sequence[str], source: str, given: Mapping[str, str]
) -> dict[str, str]:
    """Check the user's map and return it with the source's own spelling."""
    folded = {name.lower(): name for name in names}
    checked = {}
    for target, name in given.items():
        if target not in (*TARGETS, FORMAT):
            near = get_close_matches(str(target), (*TARGETS, FORMAT), n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ConfigError(
                f"columns: {target!r} is not something a bar has; allowed keys are "
                f"{', '.join((*TARGETS, FORMAT))}{hint}"
            )
        if target != FORMAT and name not in names and str(name).lower() not in folded:
            near = get_close_matches(str(name), list(names), n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ConfigError(
                f"columns: {target}={name!r}, but {source} has no such column; it has "
                f"{', '.join(map(repr, names))}{hint}"
            )
        known = target == FORMAT or name in names
        checked[target] = name if known else folded[str(name).lower()]
    if "time" in checked and "date" not in checked:
        raise ConfigError(
            "columns: 'time' is the time of day beside a 'date' column; for one column "
            f"that holds both write timestamp={checked['time']!r}"
        )
    return checked


def _stamps(have: Mapping[str, str]) -> dict[str, str]:
    """Return the timestamp column, or the date and time columns."""
    both = "date" in have and "time" in have
    first = next((alias for alias in _STAMPS if alias in have), None)
    if both and first in ("time", "date"):
        return {"date": have["date"], "time": have["time"]}
    if first is None:
        return {"timestamp": have[""]} if "" in have else {}
    return {"timestamp": have[first]}


def _sided(target: str, prices: str) -> tuple[str, ...]:
    """Return the names of one side of a quote: BidOpen, open_bid, ..."""
    if prices not in _SIDES:
        return ()
    return (
        f"{prices}{target}",
        f"{prices}_{target}",
        f"{target}{prices}",
        f"{target}_{prices}",
    )


def _volume(have: Mapping[str, str]) -> str:
    """Return the first column like ``Volume BTC``: base volume comes before quote."""
    return next((name for key, name in have.items() if key.startswith("volume_")), "")


def _check_complete(
    found: Mapping[str, str], names: Sequence[str], source: str, have: Mapping[str, str]
) -> None:
    missing = [price for price in PRICES if price not in found]
    if "price" in found:
        missing = []
    if not {"timestamp", "date"} & set(found):
        missing.insert(0, "timestamp")
    if not missing:
        return
    listed = ", ".join(map(repr, names))
    sides = [s for s in _SIDES if any(n in have for n in _sided("close", s))]
    if sides:
        way = f"it quotes {' and '.join(sides)}: pass prices={sides[0]!r} (data.prices)"
    elif len(missing) >= len(PRICES) - 1 and "timestamp" not in missing:
        way = (
            "that is one price a row: bars need open, high, low and close, trades a "
            "price and a size"
        )
    else:
        example = ", ".join(f"{target!r}: '...'" for target in missing)
        way = f"name them with columns={{{example}}} (data.columns in a config)"
    raise ConfigError(
        f"{source}: no column for {', '.join(missing)} among {listed}; {way}"
    )
