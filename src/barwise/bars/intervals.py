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
    if isinstance(text, int):
        length = text
    else:
        match = re.fullmatch(r"(\d+)\s*([a-z]+)", text.strip().lower())
        if match is None or match[2] not in _UNITS:
            raise ConfigError(
                f"interval {text!r} cannot be read; write a whole number and one of "
                "s, min, h, d, such as 5min, 1h or 1d"
            )
        length = int(match[1]) * _UNITS[match[2]]
    if not 0 < length <= DAY:
        raise ConfigError(
            f"interval {text!r} must be longer than nothing and at most 1d, the "
            "session day"
        )
    return length
