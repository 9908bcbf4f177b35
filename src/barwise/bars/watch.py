"""What shows only beside earlier rows: gaps, wicks, stale stretches, stray stamps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from barwise.bars import checks
from barwise.bars.sessions import SessionTable


@final
@dataclass(frozen=True)
class Seen:
    """Flags of accepted rows, and the figures behind gaps and flat runs.

    Parameters
    ----------
    flags : dict of str to ndarray of bool, shape (n,)
        By kind of finding.
    steps, missing : ndarray of int64, shape (n,)
        Nanoseconds since the row before, and the bars missing between.
    runs : ndarray of int64, shape (n,)
        Length of the flat run that ends with each row.
    """

    flags: dict[str, np.ndarray]
    steps: np.ndarray
    missing: np.ndarray
    runs: np.ndarray


@final
class Watch:
    """Look at accepted rows one after the other, with the memory that needs.

    Parameters
    ----------
    slack : float
        Wicks up to this size are never suspect, in price units.
    sessions : SessionTable or None
        When the market trades.
    """

    def __init__(self, slack: float, sessions: SessionTable | None) -> None:
        self._slack = slack
        self._sessions = sessions
        self._last_time = checks.NEVER
        self._phase = -1
        self._run = 0
        self._last_close = np.nan
        self._recent = np.zeros(0)

    def check(
        self,
        time: np.ndarray,
        ohlc: np.ndarray,
        volume: np.ndarray,
        interval: int | None,
    ) -> Seen:
        """Flag rows that are accepted, repaired and in order.

        Parameters
        ----------
        time : ndarray of int64, shape (n,)
        ohlc : ndarray of float64, shape (4, n)
        volume : ndarray of float64, shape (n,)
        interval : int or None
            Length of a bar in ns; None for event bars, which have no gaps and no grid.
        """
        if not len(time):
            none = np.zeros(0, dtype=np.int64)
            return Seen({}, none, none, none)
        flat = ohlc[1] == ohlc[2]
        runs = checks.run_lengths(flat, ohlc[3], self._run, self._last_close)
        flags = {
            "bad_tick": self._wicks(ohlc),
            "stale": runs >= checks.STALE_ROWS,
            "zero_volume": volume == 0,
            "flat": flat,
        }
        if self._sessions is not None:
            flags["outside_session"] = self._sessions.index_of(time) < 0
        before = time[0] if self._last_time == checks.NEVER else self._last_time
        steps = time - np.concatenate([[before], time[:-1]])
        missing = np.zeros(len(time), dtype=np.int64)
        if interval is not None:
            wide = steps > interval
            missing[wide] = checks.missing_bars(
                time[wide] - steps[wide], time[wide], interval, self._sessions
            )
            flags["gap"] = wide if self._sessions is None else missing > 0
            flags["off_grid"] = self._off_grid(time, interval)
        self._last_time, self._last_close = int(time[-1]), float(ohlc[3, -1])
        self._run = int(runs[-1])
        return Seen(flags, steps, missing, runs)

    def _wicks(self, ohlc: np.ndarray) -> np.ndarray:
        start = ohlc[0, 0] if np.isnan(self._last_close) else self._last_close
        previous = np.concatenate([[start], ohlc[3, :-1]])
        ranges = checks.body_ranges(ohlc, previous)
        scale, self._recent = checks.trailing_scale(ranges, self._recent)
        return checks.wicks(ohlc, previous) > checks.WICK * scale + self._slack

    def _off_grid(self, time: np.ndarray, interval: int) -> np.ndarray:
        if self._phase < 0:
            self._phase = checks.grid_phase(int(time[0]), interval)
        return time % interval != self._phase

    def snapshot(self) -> dict[str, np.ndarray]:
        """Return what the next answer depends on."""
        return {
            "watch_numbers": np.array([self._last_time, self._phase, self._run]),
            "watch_close": np.array([self._last_close]),
            "watch_ranges": self._recent.copy(),
        }

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Go on from a snapshot."""
        self._last_time, self._phase, self._run = state["watch_numbers"].tolist()
        self._last_close = float(state["watch_close"][0])
        self._recent = state["watch_ranges"].copy()
