"""The source of lagged labels: the resolver of the labels, fed with the rows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, final

import numpy as np

from barwise.bars.bars import Bars
from barwise.bars.instruments import get_instrument
from barwise.bars.prepare import sessions_of
from barwise.bars.sessions import SessionHours, SessionTable, coverage, session_table
from barwise.core.errors import ConfigError
from barwise.core.stage import State, part_of, with_prefix
from barwise.features.sources import Source
from barwise.stream.barrier_data import Resolved
from barwise.stream.resolver import BarrierResolver, SessionEnd
from barwise.trading.barrier_rows import BarrierRows, Unit


@final
@dataclass(frozen=True)
class LabelRule:
    """The labels that lagged-label columns are made of: as ``triple_barrier`` has them.

    A bar that reaches both barriers counts as a stop: finer bars are not looked at.

    Parameters
    ----------
    upper, lower : float, optional
        Multiples of the width; None takes the symbol's own.
    atr_period, unit, touch, trade_through, entry, sides, session_end
        As in :func:`barwise.labels.triple_barrier`.
    tick : float, optional
        Price step; None takes the symbol's, 0 rounds nothing.
    hours : {"extended", "regular"}
        Hours whose end ends a trade.
    """

    upper: float | None = None
    lower: float | None = None
    atr_period: int = 14
    unit: Unit = "atr"
    touch: Literal["high_low", "close"] = "high_low"
    trade_through: bool = False
    entry: Literal["next_open", "close"] = "next_open"
    sides: Literal["long", "both"] = "long"
    session_end: SessionEnd = "flat"
    tick: float | None = None
    hours: SessionHours = "extended"


OWN_BARRIERS = LabelRule()
"""Labels of the symbol's own barriers."""


def label_input(horizon: int, *, ret: bool = False) -> str:
    """Return the input column of the label, or its return, ``horizon`` rows ago."""
    return f"label{'_return' if ret else ''}_h{horizon}"


_INPUT = re.compile(r"label_(return_)?h\d+")


@final
class LabelSource(Source):
    """Makes columns of labels that are known for certain.

    A path has at most ``horizon`` bars, so the label of the decision ``horizon`` rows
    ago is known on every row, and none of a later decision needs to be: that one is the
    column, NaN where the decision has no label (a filled bar, a width that is not known
    yet, a path over a roll).

    Parameters
    ----------
    wanted : sequence of str
        Columns, see :func:`label_input`.
    rule : LabelRule
    calendar : str, optional
        Product calendar; by default that of the bars' symbol.
    """

    name = "labels"

    def __init__(
        self, wanted: Sequence[str], rule: LabelRule, calendar: str | None = None
    ) -> None:
        self.wanted = tuple(wanted)
        self.rule = rule
        self.horizons = sorted({int(name.rpartition("h")[2]) for name in wanted})
        self._calendar = calendar
        self._last = 0
        self._of: tuple[str, int] | None = None  # symbol, interval
        self._ready: dict[str, np.ndarray] = {}

    @property
    def warmup(self) -> int:
        """Rows until every column is defined."""
        width = 0 if self.rule.unit == "fixed" else self.rule.atr_period
        return width + max(self.horizons)

    def accept(self, traded: Bars) -> None:
        """Take the next rows, at the prices they were traded at.

        Raises
        ------
        ConfigError
            If the symbol is not known and the rule leaves something to it.
        DataError
            If the rows lie beyond the trading calendar, or a price is not finite.
        """
        if not len(traded):
            return
        if self._of is None:
            self._begin(traded.symbol, traded.interval or 0)
        if self._calendar_end is not None and traded.time[-1] > self._calendar_end[1]:
            sessions_of(traded, self._calendar_end[0])
        rows = self._rows.push(traded)
        for horizon in self.horizons:
            found = self._resolvers[horizon].push(rows)
            held = self._held[horizon]
            held = np.concatenate([held, np.full((2, len(traded)), np.nan)], axis=1)
            _fill(held, found, self._last - horizon)
            self._held[horizon] = held[:, len(traded) :]
            for ret in (False, True):
                name = label_input(horizon, ret=ret)
                if name in self.wanted:
                    self._ready[name] = held[int(ret), : len(traded)]
        self._last += len(traded)

    def columns(self, chunk: Bars) -> dict[str, np.ndarray]:
        """Return the columns of the next rows that were accepted."""
        made = {name: values[: len(chunk)] for name, values in self._ready.items()}
        self._ready = {n: values[len(chunk) :] for n, values in self._ready.items()}
        return made

    def advance(self, to_time: int) -> None:
        """End the session of the last row if its close is not after ``to_time``."""
        if self._of is None:
            return
        for horizon in self.horizons:
            found = self._resolvers[horizon].advance(to_time)
            _fill(self._held[horizon], found, self._last - horizon)

    def snapshot(self) -> State:
        """Return the open labels and those that are known but not due yet."""
        if self._of is None:
            return {}
        state = with_prefix("rows", self._rows.snapshot())
        for horizon in self.horizons:
            state[f"held {horizon}"] = self._held[horizon].copy()
            resolver = self._resolvers[horizon].snapshot()
            state |= with_prefix(f"resolver {horizon}", resolver)
        symbol, interval = self._of
        return state | {
            "symbol": np.array(symbol),
            "last": np.array([self._last, interval], np.int64),
        }

    def restore(self, state: State) -> None:
        """Go on from a snapshot of a source with the same settings."""
        self._ready, self._of, self._last = {}, None, 0
        if not state:
            return
        self._begin(str(state["symbol"]), int(state["last"][1]))
        self._last = int(state["last"][0])
        self._rows.restore(part_of(state, "rows"))
        for horizon in self.horizons:
            self._held[horizon] = state[f"held {horizon}"].copy()
            resolver = part_of(state, f"resolver {horizon}")
            self._resolvers[horizon].restore(resolver)

    def _begin(self, symbol: str, interval: int) -> None:
        rule = self.rule
        upper, lower, tick = _numbers(rule, symbol)
        sessions = self._sessions(symbol)
        self._rows = BarrierRows(
            unit=rule.unit, period=rule.atr_period, sessions=sessions
        )
        self._resolvers = {
            horizon: BarrierResolver(
                horizon=horizon,
                upper=upper,
                lower=lower,
                tick=tick,
                touch=rule.touch,
                trade_through=rule.trade_through,
                entry=rule.entry,
                sides=rule.sides,
                session_end="carry" if sessions is None else rule.session_end,
                times_repeat=interval == 0,
                interval=interval,
            )
            for horizon in self.horizons
        }
        self._held = {h: np.full((2, h), np.nan) for h in self.horizons}
        self._of = (symbol, interval)

    def _sessions(self, symbol: str) -> SessionTable | None:
        self._calendar_end: tuple[str, int] | None = None
        if self.rule.session_end == "carry":
            return None
        named = self._calendar
        if named is None:
            try:
                named = get_instrument(symbol).calendar
            except ConfigError:
                return None  # as triple_barrier: nothing is known that would end
        table = session_table(named, *coverage(named))
        self._calendar_end = (named, table.end)
        return table.regular() if self.rule.hours == "regular" else table


def _numbers(rule: LabelRule, symbol: str) -> tuple[float, float, float]:
    """Return the multiples and the price step, the symbol's where the rule has none."""
    if rule.upper is not None and rule.lower is not None and rule.tick is not None:
        return rule.upper, rule.lower, rule.tick
    try:
        own = get_instrument(symbol)
    except ConfigError as unknown:
        raise ConfigError(
            f"lagged labels need the barriers and the price step of {symbol!r}, which "
            "are not known; say them: FeatureGraph(names, labels=LabelRule(upper=1.5, "
            "lower=1.0, tick=0.25))"
        ) from unknown
    return (
        own.barriers[0] if rule.upper is None else rule.upper,
        own.barriers[1] if rule.lower is None else rule.lower,
        own.tick_size if rule.tick is None else rule.tick,
    )


def _fill(held: np.ndarray, found: Resolved, first: int) -> None:
    """Write labels that became known to the places of their decisions."""
    places = found.entry - first
    held[0, places] = np.where(found.valid, found.label, np.nan)
    held[1, places] = found.ret


def source_of_labels(
    read: Iterable[str], rule: LabelRule, calendar: str | None, *, inside: bool
) -> LabelSource | None:
    """Return the source of the labels that a program reads, None if it reads none.

    Parameters
    ----------
    read : iterable of str
        Input columns of a program.
    rule : LabelRule
    calendar : str, optional
        Product calendar; by default that of the bars' symbol.
    inside : bool
        Whether the rows are bars of another timeframe.

    Raises
    ------
    ConfigError
        If labels are read on another timeframe: a decision is made on rows.
    """
    wanted = [name for name in read if _INPUT.fullmatch(name)]
    if wanted and inside:
        raise ConfigError(
            "a lagged label is one of the rows' own and has no value on bars of another "
            "timeframe; name it without mtf_"
        )
    return LabelSource(wanted, rule, calendar) if wanted else None
