"""Columns of a file without header: told by their place, and checked by content."""

from __future__ import annotations

import re
from collections.abc import Sequence

from barwise.core.errors import ConfigError

_KLINE_FIELDS = 12


def headerless_columns(rows: Sequence[Sequence[str]], name: str) -> dict[str, str]:
    """Map the columns of a file without header, by their content.

    Parameters
    ----------
    rows : sequence of sequences of str
        Some rows of the file.
    name : str
        What to call the file in a message.

    Returns
    -------
    dict of str to str
        Target to ``column_1`` ...

    Raises
    ------
    ConfigError
        If the order is not timestamp (or date, time), open, high, low, close.

    Examples
    --------
    >>> headerless_columns([["2018.01.02", "10:00", "1.2", "1.3", "1.1", "1.2"]], "x")
    {'date': 'column_1', 'time': 'column_2', 'open': 'column_3', 'high': 'column_4',
     'low': 'column_5', 'close': 'column_6'}
    """
    two = len(rows[0]) >= 6 and _is_time_of_day(rows[0][1], rows[0][0])
    targets = ["date", "time"] if two else ["timestamp"]
    targets += ["open", "high", "low", "close"]
    start = len(targets) - 4
    ordered = [_ordered(row[start : start + 4]) for row in rows]
    if len(rows[0]) < len(targets) or sum(ordered) * 2 < len(rows):
        raise ConfigError(
            f"{name} has no header and its {len(rows[0])} columns are not timestamp, open, "
            "high, low, close[, volume] in that order (high must be the largest, low the "
            "smallest); say which is which: columns={'timestamp': 'column_1', 'open': "
            "'column_2', ...} (data.columns in a config)"
        )
    if len(rows[0]) > len(targets):
        targets.append("volume")
    return {target: f"column_{i + 1}" for i, target in enumerate(targets)}


def is_klines(rows: Sequence[Sequence[str]]) -> bool:
    """Whether rows are Binance klines: 12 fields, open time first, close time seventh."""
    first = rows[0]
    return (
        len(first) == _KLINE_FIELDS
        and first[0].strip().isdigit()
        and first[6].strip().isdigit()
        and len(first[0].strip()) == len(first[6].strip()) >= 13
    )


def _is_time_of_day(field: str, before: str) -> bool:
    text = field.strip()
    if re.fullmatch(r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?[AaPp][Mm])?", text):
        return True
    return bool(
        re.fullmatch(r"\d{4}|\d{6}", text) and re.fullmatch(r"\d{8}", before.strip())
    )


def _ordered(fields: Sequence[str]) -> bool:
    try:
        first, high, low, last = (float(field.replace(",", ".")) for field in fields)
    except ValueError:
        return False
    return high >= max(first, last, low) and low <= min(first, last)
