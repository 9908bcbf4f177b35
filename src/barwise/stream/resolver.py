"""The barrier resolver: bars in, each label out at the moment it is known."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from typing import Literal, final

import numpy as np

from barwise.core.errors import ConfigError
from barwise.core.stage import Stage, State
from barwise.stream import barriers as kernels
from barwise.stream.barrier_data import BarrierInput, Resolved, ResolvedRows
from barwise.stream.barriers import Edge, Open, Out, Path, Rule

SessionEnd = Literal["flat", "carry", "invalid"]

_SESSION_END = {
    "carry": kernels.CARRY,
    "flat": kernels.FLAT,
    "invalid": kernels.INVALID,
}


@final
class BarrierResolver(Stage[BarrierInput, Resolved]):
    """Follow every entry until a barrier, the horizon or a session ends it.

    Decide at close t; enter at open[t+1] (or close[t]); barriers at ``upper`` and
    ``lower`` times the width of row t, rounded away from the entry to the tick; whole
    bars t+1..t+horizon are read. An open beyond a barrier fills at that open; a bar
    that reaches both is decided by finer bars, else the stop wins.

    Parameters
    ----------
    horizon : int
        Bars in a path.
    upper, lower : float
        Multiples of the width, above zero.
    tick : float
        Price step, 0 for none.
    touch : {"high_low", "close"}
        What is compared with the barriers.
    trade_through : bool
        Whether a target fills only when the price goes a tick beyond it.
    entry : {"next_open", "close"}
        Price at which a trade begins.
    sides : {"long", "both"}
        "long": +1 target, -1 stop of a long trade. "both": the trade, long or short,
        that reaches its target first; 0 when both have ended without one.
    session_end : {"flat", "carry", "invalid"}
        What a session's end does to an open path.
    times_repeat : bool
        True for event bars. Then a session ends on a later row or on ``advance``
        only, as a second bar may still close at the same time.
    interval : int
        Nanoseconds from row to row, 0 where they differ (event bars). With "invalid"
        it decides which rows may be samples: those whose whole horizon lies before
        their session's scheduled close. That is known at the decision. Without it a
        row near the close has a label if a barrier was reached, and none if not: its
        outcome chooses the sample.

    Raises
    ------
    ConfigError
        If an argument is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> price = np.array([10.0, 10.0, 11.0, 12.0])
    >>> rows = BarrierInput.of(np.arange(4), price, price, price, price, np.ones(4))
    >>> stage = BarrierResolver(horizon=3, upper=1.5, lower=1.0, tick=0.5)
    >>> known = stage.push(rows)
    >>> known.entry, known.label, known.end_index
    (array([0]), array([1], dtype=int8), array([3]))
    """

    def __init__(
        self,
        *,
        horizon: int,
        upper: float,
        lower: float,
        tick: float = 0.0,
        touch: Literal["high_low", "close"] = "high_low",
        trade_through: bool = False,
        entry: Literal["next_open", "close"] = "next_open",
        sides: Literal["long", "both"] = "long",
        session_end: SessionEnd = "flat",
        times_repeat: bool = False,
        interval: int = 0,
    ) -> None:
        _check("touch", touch, ("high_low", "close"))
        _check("entry", entry, ("next_open", "close"))
        _check("sides", sides, ("long", "both"))
        check_session_end(session_end)
        _check_numbers(horizon, upper, lower, tick, trade_through)
        per_tick = 1.0 / tick if tick else 0.0
        whole = round(per_tick) > 0 and abs(per_tick - round(per_tick)) < kernels.GRAIN
        self._closes_only = touch == "close"
        self._interval = int(interval) if session_end == "invalid" else 0
        self._rule = Rule(
            horizon=int(horizon),
            upper=float(upper),
            lower=float(lower),
            tick=float(tick),
            per_tick=float(round(per_tick)) if whole else per_tick,
            whole=bool(whole),
            slack=kernels.GRAIN * tick,
            through=float(tick) if trade_through else 0.0,
            both=sides == "both",
            at_close=entry == "close",
            session_end=_SESSION_END[session_end],
            instant=not times_repeat,
            room=int(horizon) * self._interval,
        )
        self._edge = Edge(0, 0, 0, 0, 0, 0.0)
        self._open = Open(
            np.empty((0, kernels.NUMBERS)), np.empty((0, kernels.MARKS), np.int64)
        )

    @property
    def pending(self) -> int:
        """How many entries wait for their label."""
        return len(self._open.marks)

    def levels(self, entry: float, width: float) -> dict[str, float]:
        """Return the targets and stops of an entry, rounded to the tick.

        Examples
        --------
        >>> stage = BarrierResolver(horizon=3, upper=1.5, lower=1.0, tick=0.25)
        >>> stage.levels(10.0, 0.9)
        {'target': 11.5, 'stop': 9.0}
        """
        trade = kernels.enter(entry, width, self._rule)
        if not self._rule.both:
            return {"target": trade.long_target, "stop": trade.long_stop}
        return {
            "long target": trade.long_target,
            "long stop": trade.long_stop,
            "short target": trade.short_target,
            "short stop": trade.short_stop,
        }

    def push(self, chunk: BarrierInput) -> Resolved:
        """Take the next rows; return the labels they decide, by (known at, entry)."""
        out, used = self._scan(chunk, closed=self._is_last(chunk))
        slots = out.whole[kernels.SLOT, :used]
        if used > 1 and np.any(slots[1:] < slots[:-1]):
            return _resolved(out, kernels.order(slots, 2 * len(chunk) + 1))
        return _resolved(out, slice(0, used))

    def resolve(self, chunk: BarrierInput, *, threads: int = 2) -> ResolvedRows:
        """Push a whole stream; return one row for each of its rows.

        Row i is the label of entry i. A row without one has ``valid`` False, label 0,
        ``end_index`` -1, its own time as ``end_time`` and NaN as ``ret``. Threads share
        out the entries; the bits do not depend on them.
        """
        return _rows(self._whole(chunk, threads), chunk)

    def resolve_horizons(
        self, chunk: BarrierInput, horizons: Sequence[int], *, threads: int = 2
    ) -> list[ResolvedRows]:
        """Resolve a whole stream at several horizons, the largest of them this one's.

        The paths of the largest horizon are read; what shorter ones came to follows from
        that. The labels are those of a resolver for each horizon, bit for bit, for any
        number of threads.

        Raises
        ------
        ConfigError
            If a horizon is beyond this resolver's, or below 1.
        """
        rule = self._rule
        for horizon in horizons:
            if not 1 <= horizon <= rule.horizon:
                raise ConfigError(
                    f"labels.horizon: {horizon!r} does not lie from 1 to {rule.horizon}, "
                    "the horizon of the resolver"
                )
        fresh = copy(self)
        longest = self._whole(chunk, threads)
        full = _rows(longest, chunk)

        def one(horizon: int) -> ResolvedRows:
            if horizon == rule.horizon:
                return full
            return fresh._shorter(chunk, horizon, longest)

        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(one, horizons))

    def _whole(self, chunk: BarrierInput, threads: int) -> Out:
        """Return one column a row, with ratios in place of log returns."""
        if self._edge.rows:
            raise ValueError("resolve() takes a whole stream, but rows were pushed")
        # Without sessions a label is known when it ends, and row i is entry i.
        out = self._out(1 if self._rule.session_end == kernels.CARRY else 2, chunk)
        path, closed = self._path(chunk), self._is_last(chunk)

        def scan(part: tuple[int, int]) -> Open:
            return kernels.scan_part(path, self._rule, part, closed, out)

        with ThreadPoolExecutor(threads) as pool:
            left = list(pool.map(scan, _parts(len(chunk), threads)))
        self._open = Open(*(np.concatenate(each) for each in zip(*left, strict=True)))
        self._end_with(chunk)
        _empty_without(out, chunk.time)
        return out

    def _shorter(self, chunk: BarrierInput, horizon: int, longest: Out) -> ResolvedRows:
        other = copy(self)
        room = int(horizon) * self._interval
        other._rule = self._rule._replace(horizon=int(horizon), room=room)
        if self._rule.both:
            # What either trade made by itself does not follow from a longer one's; the
            # horizons have the threads.
            return other.resolve(chunk, threads=1)
        whole, real, small = (columns.copy() for columns in longest[:3])
        out = Out(whole, real, small, dense=True)
        closed = self._is_last(chunk)
        rows = kernels.shorten(self._path(chunk), other._rule, closed, out)
        out.real[0, rows] = np.log(out.real[0, rows])
        _empty_without(out, chunk.time)
        return _rows(out, chunk, logged=True)

    def advance(self, to_time: int) -> Resolved:
        """End the session of the last row if its close is not after ``to_time``."""
        edge, rule = self._edge, self._rule
        in_session = rule.session_end != kernels.CARRY and edge.session >= 0
        closed = bool(in_session and edge.rows and edge.session_close <= to_time)
        out, used = self._scan(_NO_ROWS, closed=closed)
        return _resolved(out, slice(0, used))

    def snapshot(self) -> State:
        """Return the open entries and the last row."""
        return {
            "edge": np.array(self._edge[:-1], np.int64),
            "close": np.array([self._edge.close]),
            "numbers": self._open.numbers.copy(),
            "marks": self._open.marks.copy(),
        }

    def restore(self, state: State) -> None:
        """Go on from a snapshot of a resolver with the same settings."""
        rows, time, session, close_of_it, contract = map(int, state["edge"])
        close = float(state["close"][0])
        self._edge = Edge(rows, time, session, close_of_it, contract, close)
        self._open = Open(
            np.array(state["numbers"], np.float64), np.array(state["marks"], np.int64)
        )

    def _is_last(self, chunk: BarrierInput) -> bool:
        rule = self._rule
        if not len(chunk) or rule.session_end == kernels.CARRY or not rule.instant:
            return False
        ended = chunk.time[-1] >= chunk.session_close[-1]
        return bool(ended and chunk.session[-1] >= 0)

    def _scan(self, chunk: BarrierInput, *, closed: bool) -> tuple[Out, int]:
        out = self._out(5, chunk, dense=False)
        used, self._open = kernels.scan(
            self._path(chunk), self._rule, self._edge, closed, self._open, out
        )
        self._end_with(chunk)
        return out, used

    def _out(self, columns: int, chunk: BarrierInput, *, dense: bool = True) -> Out:
        size = len(chunk) + self.pending
        return Out(
            np.empty((columns, size), np.int64),
            np.empty((4 if self._rule.both else 2, size)),
            np.zeros((4, size), np.int8),
            dense,
        )

    def _end_with(self, chunk: BarrierInput) -> None:
        if len(chunk):
            self._edge = Edge(
                self._edge.rows + len(chunk),
                int(chunk.time[-1]),
                int(chunk.session[-1]),
                int(chunk.session_close[-1]),
                int(chunk.contract[-1]),
                float(chunk.close[-1]),
            )

    def _path(self, chunk: BarrierInput) -> Path:
        prices = (chunk.open, chunk.high, chunk.low)
        if self._closes_only:
            prices = (chunk.close, chunk.close, chunk.close)
        return Path(
            chunk.time, chunk.open, *prices, chunk.close, chunk.width, chunk.sample,
            chunk.session, chunk.session_close, chunk.contract,
            chunk.first_fine, chunk.fine,
        )  # fmt: skip


def _parts(rows: int, threads: int) -> list[tuple[int, int]]:
    """Cut rows into one part a thread, each of whole blocks but for the last one."""
    size = max(1, -(-rows // (threads * kernels.BLOCK))) * kernels.BLOCK
    return [(first, min(first + size, rows)) for first in range(0, max(rows, 1), size)]


def _empty_without(out: Out, time: np.ndarray) -> None:
    without = np.flatnonzero(out.small[3] == 0)
    out.whole[0, without] = -1
    out.whole[1:, without] = time[without]
    out.real[:, without] = np.nan


def _resolved(out: Out, rows: slice | np.ndarray) -> Resolved:
    whole, real, small = (_taken(columns, rows) for columns in out[:3])
    return Resolved(
        entry=whole[kernels.ENTRY],
        end_time=whole[kernels.END_TIME],
        known_at=whole[kernels.KNOWN_AT],
        **_common(whole, real, small, logged=False),
    )


def _rows(out: Out, chunk: BarrierInput, *, logged: bool = False) -> ResolvedRows:
    whole, real, small, _ = out
    return ResolvedRows(
        time=chunk.time,
        known=whole[kernels.KNOWN_AT] if len(whole) > kernels.KNOWN_AT else None,
        **_common(whole, real, small, logged=logged),
    )


def _common(
    whole: np.ndarray, real: np.ndarray, small: np.ndarray, *, logged: bool
) -> dict[str, np.ndarray]:
    sides = (np.log(real[2]), -np.log(real[3])) if len(real) > 2 else (_NONE, _NONE)
    return {
        "label": small[0],
        "touched": small[1],
        "truth": small[2],
        "valid": small[3].view(np.bool_),
        "end_index": whole[0],
        "ret": real[0] if logged else np.log(real[0], out=real[0]),
        "adverse": real[1],
        "long_ret": sides[0],
        "short_ret": sides[1],
    }


def _taken(columns: np.ndarray, rows: slice | np.ndarray) -> np.ndarray:
    if isinstance(rows, slice):
        return columns[:, rows]
    return np.take(columns, rows, axis=1)


def check_session_end(value: str) -> None:
    """Refuse what is no way to end with a session."""
    _check("session_end", value, tuple(_SESSION_END))


def _check(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ConfigError(
            f"labels.{name}: {value!r} is not known; choose one of {', '.join(allowed)}"
        )


def _check_numbers(
    horizon: int, upper: float, lower: float, tick: float, trade_through: bool
) -> None:
    if int(horizon) != horizon or horizon < 1:
        raise ConfigError(
            f"labels.horizon: {horizon!r} is not a whole number of bars >= 1"
        )
    for name, value in (("upper", upper), ("lower", lower)):
        if not 0 < value < np.inf:
            raise ConfigError(
                f"labels.{name}: {value!r} must be above 0 and finite: it is the "
                "distance of the barrier in multiples of the width"
            )
    if not 0 <= tick < np.inf:
        raise ConfigError(f"labels.tick: {tick!r} must be >= 0 (0 rounds nothing)")
    if trade_through and tick == 0:
        raise ConfigError(
            "labels.trade_through needs a tick: a target fills when the price goes one "
            "tick beyond it; give tick=, or turn trade_through off"
        )


_NONE = np.zeros(0)
_NO_ROWS = BarrierInput.of(_NONE, _NONE, _NONE, _NONE, _NONE, _NONE)
