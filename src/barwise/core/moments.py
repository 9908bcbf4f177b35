"""Times as users have them, as int64 nanoseconds UTC."""

from __future__ import annotations

from typing import Any

import numpy as np

from barwise.core.errors import ConfigError, DataError


def nanoseconds(values: Any, name: str) -> np.ndarray:
    """Return times as nanoseconds UTC, whatever unit or zone they come in.

    Parameters
    ----------
    values : array of int64 or datetime64, shape (n,)
        Nanoseconds UTC as integers; datetimes of any unit (pandas counts microseconds
        by default), with a time zone or naive, which is UTC.
    name : str
        What to call them in an error.

    Raises
    ------
    ConfigError
        If they are something else.
    DataError
        If one is missing (NaT).

    Examples
    --------
    >>> nanoseconds(np.array(["1970-01-01T00:00:01"], "datetime64[us]"), "times")
    array([1000000000])
    """
    if getattr(getattr(values, "dtype", None), "kind", "") == "M":
        # Of pandas, a zone is converted to UTC.
        array = np.asarray(values, dtype="datetime64[ns]")
    else:
        array = np.asarray(values)
    if array.dtype.kind == "M":
        array = array.astype("datetime64[ns]")
        missing = np.flatnonzero(np.isnat(array).ravel())
        if len(missing):
            raise DataError(
                f"{name} of row {missing[0]} is missing (NaT, {len(missing)} such rows); "
                "leave out rows without a time"
            )
        array = array.astype(np.int64)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise ConfigError(
            f"{name} must be one row of int64 (times: nanoseconds UTC) or datetime64, "
            f"got shape {array.shape}, {array.dtype}"
        )
    return array.astype(np.int64, copy=False)
