"""Which rows come next in time, and which are late or repeat an earlier one."""

from __future__ import annotations

from typing import final

import numpy as np

from barwise.bars.bars import Bars
from barwise.bars.checks import NEVER
from barwise.core.errors import DataError

_COLUMNS = ("open", "high", "low", "close", "volume")


@final
class Ordering:
    """Accept rows in order of time; the first of a time wins.

    Compared is what the source wrote, before any repair. Event bars (no interval) may
    share a time: there only an exact repetition is refused.
    """

    def __init__(self) -> None:
        self._last_time = self._known_to = NEVER
        self._last_raw = np.full(len(_COLUMNS), np.nan)
        self._last_contract = ""

    def advance(self, to_time: int) -> None:
        """Make every later row up to ``to_time`` late."""
        self._known_to = max(self._known_to, to_time)

    def check(
        self, chunk: Bars, usable: np.ndarray
    ) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Return which rows are accepted, and flags of those that are not.

        Parameters
        ----------
        chunk : Bars
            The next rows in order of arrival.
        usable : ndarray of bool, shape (n,)
            Rows that may be accepted at all.

        Raises
        ------
        DataError
            If two contracts have a row at one time.
        """
        time = chunk.time
        latest = latest_before(time, usable, self._last_time)
        same = usable & (time == latest)
        late = usable & ~same & ((time < latest) | (time <= self._known_to))
        fresh = usable & ~same & ~late
        events = chunk.interval is None
        before = _last_true(fresh | same if events else fresh)
        raw = np.column_stack([getattr(chunk, name) for name in _COLUMNS])
        earlier = np.vstack([raw, self._last_raw])[before]
        equal = ((raw == earlier) | (np.isnan(raw) & np.isnan(earlier))).all(axis=1)
        self._check_contracts(chunk, same, before)
        repeated, other = same & equal, same & ~equal
        accepted = fresh | other if events else fresh
        self._remember(chunk, raw, accepted)
        return accepted, {
            "out_of_order": late,
            "duplicate": repeated,
            "conflict": other & (not events),
        }

    def _check_contracts(
        self, chunk: Bars, same: np.ndarray, before: np.ndarray
    ) -> None:
        if chunk.contract is None or not same.any():
            return
        earlier = np.append(chunk.contract, self._last_contract)[before]
        clash = same & (chunk.contract != earlier)
        if not clash.any():
            return
        row = int(np.argmax(clash))
        stamp = chunk.time[row].astype("datetime64[ns]").astype("datetime64[s]")
        raise DataError(
            f"contracts {str(earlier[row])!r} and {str(chunk.contract[row])!r} both have a "
            f"bar at {stamp} UTC: a series has one contract at a time. Keep one "
            f"(bars[bars.contract == {str(chunk.contract[row])!r}]), or join them by a "
            "roll rule first"
        )

    def _remember(self, chunk: Bars, raw: np.ndarray, accepted: np.ndarray) -> None:
        places = np.flatnonzero(accepted)
        if not len(places):
            return
        last = places[-1]
        self._last_time = int(chunk.time[last])
        self._last_raw = raw[last].copy()
        if chunk.contract is not None:
            self._last_contract = str(chunk.contract[last])

    def snapshot(self) -> dict[str, np.ndarray]:
        """Return what the next answer depends on."""
        return {
            "order_times": np.array([self._last_time, self._known_to]),
            "order_raw": self._last_raw.copy(),
            "order_contract": np.array([self._last_contract]),
        }

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Go on from a snapshot."""
        self._last_time, self._known_to = state["order_times"].tolist()
        self._last_raw = state["order_raw"].copy()
        self._last_contract = str(state["order_contract"][0])


def numbered(time: np.ndarray, last_time: int, last_seq: int) -> np.ndarray:
    """Number the rows of each time, going on from the row before the first.

    Examples
    --------
    >>> numbered(np.array([5, 5, 6]), last_time=5, last_seq=2)
    array([3, 4, 0])
    """
    if not len(time):
        return np.zeros(0, dtype=np.int64)
    places = np.arange(len(time))
    new = np.concatenate([[time[0] != last_time], time[1:] != time[:-1]])
    return places - np.maximum.accumulate(np.where(new, places, -1 - last_seq))


def latest_before(time: np.ndarray, usable: np.ndarray, last: int) -> np.ndarray:
    """Return, for each row, the largest time of usable rows before it."""
    if not len(time):
        return time
    seen = np.maximum.accumulate(np.where(usable, time, NEVER))
    return np.maximum(np.concatenate([[NEVER], seen[:-1]]), last)


def _last_true(flags: np.ndarray) -> np.ndarray:
    """Return, for each row, the last row before it with the flag; -1 where none."""
    if not len(flags):
        return np.zeros(0, dtype=np.int64)
    seen = np.maximum.accumulate(np.where(flags, np.arange(len(flags)), -1))
    return np.concatenate([[-1], seen[:-1]])
