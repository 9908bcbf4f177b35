"""The column of signals that a config takes as its target."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from barwise.bars import Bars
from barwise.core.errors import ConfigError, DataError
from barwise.features.external_file import read_external
from barwise.pipeline.config import RunConfig


def signal_path(config: RunConfig) -> Path | None:
    """Return the file of the signal, from the working folder."""
    wanted = config.labels.signal
    return None if wanted is None else config.from_folder(wanted.path)


def signal_values(config: RunConfig, bars: Bars) -> np.ndarray:
    """Return the signal of every bar, NaN where there is none.

    A row of the file belongs to the bar that closes at its time, and to no other.

    Raises
    ------
    ConfigError
        If the file has not the columns that the config names.
    DataError
        If no row of it belongs to a bar, or two belong to one.
    """
    wanted, path = config.labels.signal, signal_path(config)
    if wanted is None or path is None:
        raise ValueError("the config has no signal")
    try:
        table = read_external(
            path,
            known_at=wanted.known_at,
            columns=[wanted.column],
            timezone=wanted.timezone,
            delay=wanted.delay,
        )
    except ConfigError as problem:
        raise ConfigError(f"{config.place('labels', 'signal')}: {problem}") from problem
    (column,) = table.columns.values()
    times = table.known_at
    twice = np.flatnonzero(times[1:] == times[:-1])
    if len(twice):
        raise DataError(
            f"{path}: two rows have the time {_utc(times[twice[0]])} UTC "
            f"({len(twice)} such pairs); a bar has one signal"
        )
    at = np.minimum(np.searchsorted(times, bars.time), len(times) - 1)
    found = times[at] == bars.time
    if not found.any():
        raise DataError(
            f"{path}: none of its {len(times):,} rows belongs to a bar: they run from "
            f"{_utc(times[0])} to {_utc(times[-1])} UTC, the bars close from "
            f"{_utc(bars.time[0])} to {_utc(bars.time[-1])}; if its stamps are the open "
            "of a bar, give the bar's length as labels.signal.delay"
        )
    return np.where(found, column[at], np.nan)


def _utc(time: int) -> str:
    return str(np.datetime64(int(time), "ns").astype("datetime64[s]"))
