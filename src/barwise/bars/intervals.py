"""Lengths of bars: from the words people write to nanoseconds."""

from __future__ import annotations

import re

from barwise.core.arrays import DAY, HOUR, MINUTE, SECOND
from barwise.core.errors import ConfigError

_UNITS = {"s": SECOND, "min": MINUTE, "m": MINUTE, "h": HOUR, "d": DAY}


def parse_interval(text: str | int) -> int:
    """Return an interval in nanoseconds.

    Parameters
    ----------
    text : str or int
        A whole number with ``s``, ``min`` (or ``m``), ``h`` or ``d``; a bare int is
        nanoseconds already. ``1d`` is the exchange's session day.

    Raises
    ------
    ConfigError
        If it cannot be read, is not positive or is longer than a day.

    Examples
    --------
    >>> parse_interval("5min") // 60_000_000_000
    5
    """
    length = text if isinstance(text, int) else parse_duration(text, "interval")
    if not 0 < length <= DAY:
        raise ConfigError(
            f"interval {text!r} must be longer than nothing and at most 1d, the "
            "session day"
        )
    return length


def parse_duration(text: str, what: str) -> int:
    """Return a length of time in nanoseconds; ``1d`` is 24 hours.

    Parameters
    ----------
    text : str
        A whole number with ``s``, ``min`` (or ``m``), ``h`` or ``d``.
    what : str
        What it is, for a message.

    Raises
    ------
    ConfigError
        If it cannot be read.

    Examples
    --------
    >>> parse_duration("3d", "max_age") // 3_600_000_000_000
    72
    """
    match = re.fullmatch(r"(\d+)\s*([a-z]+)", text.strip().lower())
    if match is None or match[2] not in _UNITS:
        raise ConfigError(
            f"{what} {text!r} cannot be read; write a whole number and one of "
            "s, min, h, d, such as 5min, 1h or 1d"
        )
    return int(match[1]) * _UNITS[match[2]]
