"""How far apart rows must lie: a number of bars, or a length of time."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any, Literal, final

import numpy as np

from barwise.core.arrays import SECOND
from barwise.core.errors import ConfigError

Distance = int | datetime.timedelta | np.timedelta64
"""Bars as an int, or time as a timedelta (of the standard library, numpy or pandas)."""

_LARGEST = 2**62
_MICROSECOND = SECOND // 1_000_000


@final
@dataclass(frozen=True)
class Gap:
    """A distance on one of the two clocks of a timeline.

    Parameters
    ----------
    amount : int
        Bars or nanoseconds, >= 0.
    clock : {"bars", "times"}
        What the amount counts.
    """

    amount: int
    clock: Literal["bars", "times"]

    @classmethod
    def of(cls, value: Any, name: str) -> Gap:
        """Read what a user gave.

        Raises
        ------
        ConfigError
            If it is neither bars nor a timedelta, or negative.

        Examples
        --------
        >>> import numpy as np
        >>> Gap.of(60, "purge")
        Gap(amount=60, clock='bars')
        >>> str(Gap.of(np.timedelta64(2, "h"), "embargo"))
        '0 days 02:00:00'
        """
        gap = _read(value)
        if gap is None or not 0 <= gap.amount <= _LARGEST:
            raise ConfigError(
                f"{name} must be a number of bars (an int >= 0) or a timedelta that is "
                f"not negative, got {value!r}; for example {name}=60 or "
                f"{name}=datetime.timedelta(days=5)"
            )
        return gap

    def __str__(self) -> str:
        if self.clock == "bars":
            return f"{self.amount} bars"
        seconds, rest = divmod(self.amount, SECOND)
        days, seconds = divmod(seconds, 86_400)
        minutes, seconds = divmod(seconds, 60)
        hours, minutes = divmod(minutes, 60)
        text = f"{days} days {hours:02}:{minutes:02}:{seconds:02}"
        return f"{text}.{rest:09}" if rest else text


def _read(value: Any) -> Gap | None:
    if isinstance(value, np.timedelta64):
        nanoseconds = value.astype("timedelta64[ns]").astype(np.int64)
        return Gap(int(nanoseconds), "times")
    if isinstance(value, datetime.timedelta):
        whole = value // datetime.timedelta(microseconds=1) * _MICROSECOND
        # pandas' timedelta counts nanoseconds below the microsecond.
        return Gap(whole + getattr(value, "nanoseconds", 0), "times")
    if isinstance(value, int | np.integer) and not isinstance(value, bool):
        return Gap(int(value), "bars")
    return None
