"""Event bars as a stage: trades or short bars in, a bar out when its rule is met."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import final

import numpy as np

from barwise.bars.bars import Bars
from barwise.bars.event_rule import EventRule
from barwise.bars.held import (
    NEVER,
    bars_from_arrays,
    bars_to_arrays,
    check_order,
    empty_bars,
)
from barwise.bars.ordering import numbered
from barwise.bars.sessions import SessionHours, SessionTable
from barwise.core.stage import Stage, State
from barwise.stream.event_bars import (
    BEGAN,
    END,
    FIRST,
    HELD,
    THETA,
    VOLUME,
    Out,
    Rows,
    build,
    fresh,
)

_FOREVER = np.iinfo(np.int64).max
_BLOCK = 1 << 16
"""Rows that are built at once: a row may end two bars, and room for both is taken."""


@final
class EventBuilder(Stage[Bars, Bars]):
    """Build event bars from rows that are never split.

    A row is a trade, or a short bar taken as one trade at its close whose value is the
    mean of its high, low and close times its volume. The row with which the rule is met
    is the bar's last; what it is too large by is not carried over, so a bar may hold far
    more than its size. Rows of unknown volume count for no rule of volume, and make the
    volume of their bar unknown. Filled rows are no trades and are left out.

    ``time`` is the time of the bar's last row, when the bar is known; several bars may
    have the same. A bar ends before its rule is met

    - where trading stops: it then closes with the session, and comes out with the first
      row after it or on ``advance``. Sessions without a break between them (crypto,
      forex within the week) are one; rows outside of all sessions stay among themselves;
    - at a change of contract: it then closes with the new contract's first row, when
      the change is known.

    A bar that is unfinished when the rows end is not emitted.

    Parameters
    ----------
    rule : EventRule
    sessions : SessionTable, optional
        Must cover every time that is pushed; without it nothing stops trading.
    hours : {"extended", "regular"}
        Which hours stop and start trading.

    References
    ----------
    Lopez de Prado (2018), Advances in Financial Machine Learning, ch. 2. How thresholds
    of imbalance bars are kept from running away: :mod:`barwise.stream.event_bars`.

    Examples
    --------
    >>> time = np.array([1, 2, 2, 3, 5])
    >>> price, size = np.array([10.0, 10.5, 10.0, 11.0, 12.0]), np.full(5, 2.0)
    >>> trades = Bars.of(time, price, price, price, price, size, interval=None)
    >>> builder = EventBuilder(EventRule("volume", 4))
    >>> bars = builder.push(trades)
    >>> bars.time.tolist(), bars.close.tolist(), bars.volume.tolist()
    ([2, 3], [10.5, 11.0], [4.0, 4.0])
    >>> builder.unfinished
    (1, 2.0)
    """

    def __init__(
        self,
        rule: EventRule,
        sessions: SessionTable | None = None,
        hours: SessionHours = "extended",
    ) -> None:
        self._rule = rule
        self._sessions = sessions
        self._edges = _edges(sessions, hours)
        self._whole, self._real = fresh(rule.size, rule.imbalance)
        self._first = empty_bars()  # the first row of the unfinished bar, or none
        self._contract = ""  # of the row before
        self._clock = NEVER
        self._last = (NEVER, -1)  # time and seq of the last bar

    @property
    def unfinished(self) -> tuple[int, float]:
        """Rows and volume of the bar that is not finished."""
        rows = int(self._whole[HELD])
        return rows, float(self._real[VOLUME]) if rows else 0.0

    def push(self, chunk: Bars) -> Bars:
        """Take rows in order of time and return the bars that they finish.

        Raises
        ------
        DataError
            If times go back, or lie beyond the session table.
        """
        check_order(chunk, self._clock, strictly=False)
        if self._sessions is not None:
            self._sessions.check(chunk.time)
        if len(chunk):
            self._clock = int(chunk.time[-1])
        traded = chunk[~chunk.filled] if chunk.filled.any() else chunk
        if not len(traded):
            return self._events(traded)
        return Bars.concat([self._build(block) for block in _blocks(traded)])

    def advance(self, to_time: int) -> Bars:
        """Return the unfinished bar if its session ends at or before ``to_time``."""
        # Every time up to to_time is over, and several rows may have the next one.
        self._clock = max(self._clock, to_time + 1)
        held, self._first = self._first, self._first[:0]
        if not len(held) or self._whole[END] > to_time:
            self._first = held
            return self._events(held[:0])
        whole = [self._whole[END], self._whole[BEGAN], -1]
        self._whole[HELD] = 0
        real = self._real[:THETA, None].copy()
        return self._finished(held, np.array(whole, np.int64)[:, None], real)

    def snapshot(self) -> State:
        """Return the unfinished bar, the expectations and what is over."""
        return {
            **bars_to_arrays(self._first),
            "whole": self._whole.copy(),
            "real": self._real.copy(),
            "of_contract": np.array(self._contract),
            "clock": np.array([self._clock, *self._last]),
        }

    def restore(self, state: State) -> None:
        """Go on from a snapshot of a builder with the same settings."""
        state = dict(state)
        self._whole, self._real = state.pop("whole").copy(), state.pop("real").copy()
        self._contract = str(state.pop("of_contract"))
        self._clock, *last = state.pop("clock").tolist()
        self._last = (last[0], last[1])
        self._first = bars_from_arrays(state)

    def _build(self, rows: Bars) -> Bars:
        room = 2 * len(rows)
        out = Out(np.empty((3, room), np.int64), np.empty((5, room)))
        rule = self._rule
        self._whole[FIRST] = -1
        made = build(
            self._columns(rows), rule.size, rule.imbalance, self._whole, self._real, out
        )
        whole, real = out.whole[:, :made], out.real[:, :made]
        first = whole[2]
        begun = rows[first[first >= 0]]
        if len(begun) < made:
            begun = Bars.concat([self._first, begun])
        if self._whole[HELD] == 0:
            self._first = rows[:0]
        elif self._whole[FIRST] >= 0:
            self._first = rows[self._whole[FIRST] : self._whole[FIRST] + 1]
        return self._finished(begun, whole, real)

    def _columns(self, rows: Bars) -> Rows:
        place = np.searchsorted(self._edges, rows.session_time, side="left")
        weight, end, rolled = self._weight(rows), self._edges[place], self._rolled(rows)
        for array in (weight, end, rolled):
            # Read-only like the columns of bars: the kernel compiles for one layout.
            array.flags.writeable = False
        return Rows(
            rows.time, rows.open_time, rows.open, rows.high, rows.low, rows.close,
            rows.volume, weight, end, rolled,
        )  # fmt: skip

    def _weight(self, rows: Bars) -> np.ndarray:
        if not self._rule.needs_volume:
            return np.ones(len(rows))
        if self._rule.kind.startswith("volume"):
            return rows.volume.copy()
        mean = (rows.high + rows.low + rows.close) / 3.0
        # Three times a price over three need not be the price.
        return rows.volume * np.where(rows.high == rows.low, rows.close, mean)

    def _rolled(self, rows: Bars) -> np.ndarray:
        """Rows of another contract than the row before; one without goes on in it."""
        rolled = np.zeros(len(rows), np.bool_)
        if rows.contract is None:
            return rolled
        named = np.flatnonzero(rows.contract != "")
        if len(named):
            names = rows.contract[named]
            before = np.concatenate([[self._contract or names[0]], names[:-1]])
            rolled[named] = names != before
            self._contract = str(names[-1])
        return rolled

    def _finished(self, begun: Bars, whole: np.ndarray, real: np.ndarray) -> Bars:
        """Return finished bars, from the first row of each and what the kernel wrote."""
        time, open_time, _ = whole
        seq = numbered(time, *self._last)
        if len(time):
            self._last = int(time[-1]), int(seq[-1])
        return self._events(
            begun.with_columns(
                time=time,
                open_time=open_time,
                seq=seq,
                **dict(zip(_PRICES, real, strict=True)),
            )
        )

    def _events(self, rows: Bars) -> Bars:
        return replace(rows, interval=None, rule=self._rule)


_PRICES = ("open", "high", "low", "close", "volume")


def _edges(sessions: SessionTable | None, hours: SessionHours) -> np.ndarray:
    """Return the moments between which trading is one: opens and closes, sorted."""
    if sessions is None:
        return np.array([_FOREVER])
    opens, closes = sessions.window(hours)
    some = opens < closes
    opens, closes = opens[some], closes[some]
    stops = np.setxor1d(opens, closes)  # a close that is the next open stops nothing
    return np.append(stops, _FOREVER)


def _blocks(chunk: Bars) -> Iterator[Bars]:
    for begin in range(0, len(chunk), _BLOCK):
        yield chunk[begin : begin + _BLOCK]
