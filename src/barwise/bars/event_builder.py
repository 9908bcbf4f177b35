"""Event bars as a stage: trades or short bars in, a bar out when its rule is met."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, final

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
    HELD,
    RUN,
    THETA,
    TRADED,
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
    volume of their bar unknown. Filled rows count for none.

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
        self._none = replace(empty_bars(), rule=rule)
        self._contract = ""  # of the row before
        self._clock = NEVER
        self._last = (NEVER, -1)  # time and seq of the last bar

    @property
    def unfinished(self) -> tuple[int, float]:
        """Traded rows and volume of the bar that is not finished."""
        held = self._whole[HELD] > 0
        return int(self._whole[TRADED]), float(self._real[VOLUME]) if held else 0.0

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
        if chunk.symbol != self._none.symbol:
            self._none = replace(
                self._none,
                symbol=chunk.symbol,
                prices=chunk.prices,
                simulated=chunk.simulated,
            )
        parts = [self._build(block) for block in _blocks(chunk)]
        return Bars.concat(parts) if parts else self._empty(chunk)

    def advance(self, to_time: int) -> Bars:
        """Return the unfinished bar if its session ends at or before ``to_time``."""
        # Every time up to to_time is over, and several rows may have the next one.
        self._clock = max(self._clock, to_time + 1)
        none = self._empty(None)
        if not self._whole[HELD] or self._whole[END] > to_time:
            return none
        real = self._real[:THETA]
        bar = self._bars(
            np.array([self._whole[END]]),
            np.array([self._whole[BEGAN]]),
            np.array([self._whole[TRADED] == 0]),
            np.ascontiguousarray(real[:, None]),
            np.array([self._contract]) if self._contract else None,
        )
        self._whole[HELD] = self._whole[TRADED] = 0
        return bar

    def snapshot(self) -> State:
        """Return the unfinished bar, the expectations and what is over."""
        return {
            **bars_to_arrays(self._none),
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
        self._none = bars_from_arrays(state)

    def _build(self, rows: Bars) -> Bars:
        names, run = self._contracts(rows)
        out = Out(np.empty((4, 2 * len(rows)), np.int64), np.empty((5, 2 * len(rows))))
        rule = self._rule
        columns = self._columns(rows, run)
        made = build(columns, rule.size, rule.imbalance, self._whole, self._real, out)
        self._whole[RUN] = 0
        self._clock = int(rows.time[-1])
        contract = None
        if rows.contract is not None:
            contract = names[out.whole[2, :made]]
            self._contract = str(rows.contract[-1])
        time, began, _, filled = out.whole[:, :made].copy()
        return self._bars(time, began, filled, out.real[:, :made].copy(), contract)

    def _columns(self, rows: Bars, run: np.ndarray) -> Rows:
        place = np.searchsorted(self._edges, rows.session_time, side="left")
        weight, end = self._weight(rows), self._edges[place]
        for array in (weight, end, run):
            # Read-only like the columns of bars: the kernel compiles for one layout.
            array.flags.writeable = False
        return Rows(
            rows.time, rows.open_time, rows.open, rows.high, rows.low, rows.close,
            rows.volume, weight, rows.filled, end, run,
        )  # fmt: skip

    def _weight(self, rows: Bars) -> np.ndarray:
        if not self._rule.needs_volume:
            return np.ones(len(rows))
        if self._rule.kind.startswith("volume"):
            return rows.volume.copy()
        mean = (rows.high + rows.low + rows.close) / 3.0
        # Three times a price over three need not be the price.
        return rows.volume * np.where(rows.high == rows.low, rows.close, mean)

    def _contracts(self, rows: Bars) -> tuple[np.ndarray, np.ndarray]:
        """Return the contracts of the rows in turn, and which of them each row has."""
        if rows.contract is None:
            return np.array([""]), np.zeros(len(rows), np.int64)
        before = np.concatenate([[self._contract], rows.contract[:-1]])
        changed = rows.contract != before
        names = np.concatenate([[self._contract], rows.contract[changed]])
        return names, np.cumsum(changed)

    def _bars(
        self,
        time: np.ndarray,
        began: np.ndarray,
        filled: np.ndarray,
        prices: np.ndarray,
        contract: np.ndarray | None,
    ) -> Bars:
        seq = numbered(time, *self._last)
        if len(time):
            self._last = int(time[-1]), int(seq[-1])
        columns: dict[str, Any] = dict(zip(_PRICES, prices, strict=True))
        return replace(
            self._none,
            time=time,
            open_time=began,
            seq=seq,
            filled=filled.astype(np.bool_),
            contract=contract,
            **columns,
        )

    def _empty(self, chunk: Bars | None) -> Bars:
        has_contract = self._contract or (
            chunk is not None and chunk.contract is not None
        )
        return replace(self._none, contract=np.zeros(0, "U1") if has_contract else None)


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
