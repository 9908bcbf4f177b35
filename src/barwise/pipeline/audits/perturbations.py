"""Other histories of the same market: rolls, clock, tick and vendor a little different."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import Any, Literal, final, get_args
from zoneinfo import ZoneInfo

import numpy as np

from barwise.bars.bars import Bars
from barwise.bars.calendars import get_calendar
from barwise.bars.instruments import Instrument
from barwise.bars.policies import resolve_policy
from barwise.bars.prepare import sessions_of
from barwise.bars.roll_adjust import RollAdjustment
from barwise.bars.roll_table import Roll
from barwise.bars.rolls import day_number, rolls_in
from barwise.bars.sessions import SessionTable
from barwise.core.arrays import DAY, HOUR, SECOND
from barwise.pipeline.audits.history import PRICES, History
from barwise.pipeline.building import build_bars
from barwise.pipeline.config import RunConfig
from barwise.pipeline.source import ONE, find_rolls, one_series, read_parts

_SESSIONS = 2
"""Sessions by which a roll is moved."""
_MOST_ROLLS = 8
"""Rolls that are moved one by one: the last ones."""
_TENTH = 0.1
_SCALE = 10.0
_SPAN = (0.1, 0.6)
"""Share of the rows in which a vendor's slips happen: what follows shows what lasts."""

Kind = Literal["roll", "price", "clock", "vendor"]


@final
@dataclass(frozen=True, eq=False)
class Perturbation:
    """One other history.

    Parameters
    ----------
    name : str
    text : str
        What is different, in words.
    kind : {"roll", "price", "clock", "vendor"}
    begin, end : int or None
        Nanoseconds UTC. Bars that close before ``begin`` are the same; after ``end``
        they are again, but for the scale that a roll leaves. None: no such time.
    history : callable
        Returns the bars, and finer ones; raises what preparing bars raises.
    roll_adjustment : str or None
        Where another one is used.
    """

    name: str
    text: str
    kind: Kind
    begin: int | None
    end: int | None
    history: Callable[[], History]
    roll_adjustment: RollAdjustment | None = None


@final
@dataclass(frozen=True, eq=False)
class Market:
    """What perturbations are made of.

    Parameters
    ----------
    config : RunConfig
    parts : mapping of str to Bars
        As :func:`barwise.pipeline.source.read_parts` returns them.
    rolls : tuple of Roll
    raw : Bars
        The parts as one series.
    history : History
        Bars, cleaned and built as a run uses them, with the finer bars and tables that
        its columns need. Finer bars are perturbed as the bars are, tables are not.
    """

    config: RunConfig
    parts: Mapping[str, Bars]
    rolls: tuple[Roll, ...]
    raw: Bars
    history: History

    @classmethod
    def of(
        cls,
        config: RunConfig,
        bars: Bars,
        beside: Mapping[str, Any] = MappingProxyType({}),
    ) -> Market:
        """Read the source of a config whose built bars are at hand.

        Parameters
        ----------
        config : RunConfig
        bars : Bars
        beside : mapping
            What columns need beside the bars, as arguments of ``FeatureGraph.push``.
        """
        parts, _ = read_parts(config)
        rolls = find_rolls(config, parts)
        raw = one_series(config, parts, rolls)
        return cls(config, parts, rolls, raw, History(bars, **beside))

    @property
    def bars(self) -> Bars:
        """The bars of the real history."""
        return self.history.bars

    @property
    def instrument(self) -> Instrument:
        """What is traded."""
        return self.config.traded()

    def built(
        self,
        raw: Bars,
        instrument: Instrument | None = None,
        policy: Mapping[str, str] = MappingProxyType({}),
    ) -> History:
        """Build bars from raw rows as a run does, but repair what a run refuses."""
        own: Any = self.config.data.policy  # its words were checked with the config
        resolved = resolve_policy(own)
        kept = {k: "repair" if v == "error" else v for k, v in resolved.items()}
        data = self.config.data.model_copy(update={"policy": kept | dict(policy)})
        config = self.config.replace(data=data)
        traded = instrument or self.instrument
        bars, _ = build_bars(raw, config, traded, config.target)
        fine = self.history.fine
        if fine is not None and fine.interval is not None:
            fine, _ = build_bars(raw, config, traded, fine.interval)
        return replace(self.history, bars=bars, fine=fine)


def perturbations(market: Market) -> list[Perturbation]:
    """Return every perturbation that the market allows.

    Rolls a few sessions earlier or later where each contract has bars of its own; other
    constants at each roll; the other ways to adjust; all prices ten times as large; a
    week of a clock that is an hour off; prices a tick off, bars missing and bars late.
    """
    return [
        *_moved_rolls(market),
        *_other_constants(market),
        *_other_adjustments(market),
        _tick_scale(market),
        _clock(market),
        *_vendor(market),
    ]


def _moved_rolls(market: Market) -> Iterator[Perturbation]:
    if ONE in market.parts or not market.rolls:
        return
    everything = Bars.concat(list(market.parts.values()))
    sessions = sessions_of(everything, market.instrument.calendar)
    places = [_place(roll, sessions) for roll in market.rolls]
    for number in range(len(places))[-_MOST_ROLLS:]:
        step = _SESSIONS if number % 2 == 0 else -_SESSIONS
        yield from _moved(
            market, sessions, places, {number: step}, f"roll_{number + 1}"
        )
    for name, step in (("rolls_earlier", -_SESSIONS), ("rolls_later", _SESSIONS)):
        steps = dict.fromkeys(range(len(places)), step)
        yield from _moved(market, sessions, places, steps, name)


def _moved(
    market: Market,
    sessions: SessionTable,
    places: list[int],
    steps: Mapping[int, int],
    name: str,
) -> Iterator[Perturbation]:
    at = [place + steps.get(number, 0) for number, place in enumerate(places)]
    inside = min(at) > 0 and max(at) < len(sessions) and (np.diff(at) > 0).all()
    if not inside:
        return
    rolls = tuple(
        Roll.on(sessions.day[place], roll.old, roll.new)
        for place, roll in zip(at, market.rolls, strict=True)
    )
    touched = [place for n in steps for place in (at[n], places[n])]
    step = next(iter(steps.values()))
    which = f"roll {next(iter(steps)) + 1}" if len(steps) == 1 else "every roll"
    text = f"{which} {abs(step)} sessions {'later' if step > 0 else 'earlier'}"
    opens = sessions.open[touched]
    yield Perturbation(
        f"{name}_moved" if len(steps) == 1 else name,
        text,
        "roll",
        int(opens.min()),
        _bar_after(market.bars, int(opens.max())),
        lambda: market.built(one_series(market.config, market.parts, rolls)),
    )


def _place(roll: Roll, sessions: SessionTable) -> int:
    return int(np.searchsorted(sessions.day, day_number(roll.session)))


def _other_constants(market: Market) -> Iterator[Perturbation]:
    bars = market.bars
    rows = rolls_in(bars)
    for number in range(len(rows))[-_MOST_ROLLS:]:
        row = int(rows[number])
        old, new = (
            float(fallback)
            if column is None or np.isnan(column[row])
            else float(column[row])
            for column, fallback in (
                (bars.old_close, bars.close[row - 1]),
                (bars.new_close, bars.open[row]),
            )
        )
        off = _TENTH * (new - old) or _SCALE * market.instrument.tick_size
        stop = int(rows[number + 1]) if number + 1 < len(rows) else None
        yield Perturbation(
            f"roll_{number + 1}_constant",
            f"the jump at roll {number + 1} {off:+.6g} larger",
            "roll",
            int(bars.time[row]),
            int(bars.time[row]),
            partial(
                _with_constant, market, _opens(bars, row, stop), old, new + off, off
            ),
        )


def _opens(bars: Bars, row: int, stop: int | None) -> tuple[int, int]:
    """Return when a contract's first bar opens, and that of the next contract."""
    end = np.iinfo(np.int64).max if stop is None else int(bars.open_time[stop])
    return int(bars.open_time[row]), end


def _with_constant(
    market: Market, opens: tuple[int, int], old: float, new: float, off: float
) -> History:
    def other(bars: Bars) -> Bars:
        start, stop = opens
        after = bars.open_time >= start
        if market.config.data.roll_adjustment == "none":  # the jump itself is seen
            later = np.where(after, off, 0.0)
            return bars.with_columns(**{n: getattr(bars, n) + later for n in PRICES})
        changed = {}
        for name, value in (("old_close", old), ("new_close", new)):
            column = getattr(bars, name)
            column = np.full(len(bars), np.nan) if column is None else column
            rows = after & (bars.open_time < stop)
            changed[name] = np.where(rows, value, column)
        return bars.with_columns(**changed)

    return market.history.with_bars(other)


def _other_adjustments(market: Market) -> Iterator[Perturbation]:
    rows = rolls_in(market.bars)
    mine = market.config.data.roll_adjustment
    for method in get_args(RollAdjustment) if len(rows) else ():
        if method in (mine, "none"):
            continue
        yield Perturbation(
            f"adjusted_by_{method}",
            f"rolls adjusted by {method} in place of {mine}",
            "roll",
            int(market.bars.time[rows[0]]),
            None,
            lambda: market.history,
            method,
        )


def _tick_scale(market: Market) -> Perturbation:
    raw, instrument = market.raw, market.instrument
    names = [n for n in (*PRICES, "old_close", "new_close") if n in raw.columns()]

    def history() -> History:
        larger = raw.with_columns(**{n: _SCALE * getattr(raw, n) for n in names})
        tick = _SCALE * instrument.tick_size
        return market.built(larger, replace(instrument, tick_size=tick))

    text = f"prices and tick {_SCALE:g} times as large"
    return Perturbation("tick_scale", text, "price", None, None, history)


def _clock(market: Market) -> Perturbation:
    raw = market.raw
    start, why = _odd_week(market)
    off = (raw.time >= start) & (raw.time < start + 7 * DAY)

    def history() -> History:
        later = np.where(off, HOUR, 0)
        moved = raw.with_columns(time=raw.time + later, open_time=raw.open_time + later)
        return market.built(moved[np.argsort(moved.time, kind="stable")])

    day = np.datetime64(start, "ns").astype("datetime64[D]")
    return Perturbation(
        "clock_week",
        f"the clock an hour late for the week from {day} ({why})",
        "clock",
        start,
        _bar_after(market.bars, start + 7 * DAY + HOUR),
        history,
    )


def _odd_week(market: Market) -> tuple[int, str]:
    """Start of the week behind a change of the clock, else of the middle week."""
    times = market.raw.time
    first, last = int(times.min()), int(times.max())
    name = market.config.data.timezone
    zone = ZoneInfo(name or get_calendar(market.instrument.calendar).timezone)
    day, before = first // DAY * DAY, _offset(first, zone)
    while (day := day + DAY) < last - 8 * DAY:
        now = _offset(day, zone)
        if now != before and day > first + 8 * DAY:
            return day, f"behind the change of {zone.key}"
        before = now
    middle = first + (last - first) // 2
    return int(
        np.sort(times)[np.searchsorted(np.sort(times), middle)]
    ), "the middle one"


def _offset(time: int, zone: ZoneInfo) -> timedelta | None:
    return datetime.fromtimestamp(time // SECOND, zone).utcoffset()


def _vendor(market: Market) -> Iterator[Perturbation]:
    raw = market.raw[np.argsort(market.raw.time, kind="stable")]
    rows = np.arange(*(int(share * len(raw)) for share in _SPAN))
    for name, text, each, change, policy in (
        ("tick_jitter", "a close in 20 a tick off", 20, _jittered, {}),
        ("missing_bars", "a row in 500 missing", 500, _without, {}),
        ("late_bars", "a row in 500 late", 500, _late, {"out_of_order": "drop"}),
    ):
        rng = np.random.default_rng(0)
        chosen = np.sort(rng.choice(rows, max(1, len(rows) // each), replace=False))

        def history(
            change: Callable[..., Bars] = change,
            chosen: np.ndarray = chosen,
            policy: Mapping[str, str] = policy,
        ) -> History:
            tick = market.instrument.tick_size
            return market.built(change(raw, chosen, tick), policy=policy)

        yield Perturbation(
            name,
            text,
            "vendor",
            int(raw.time[chosen[0]]),
            _bar_after(market.bars, int(raw.time[chosen[-1]])),
            history,
        )


def _jittered(raw: Bars, chosen: np.ndarray, tick: float) -> Bars:
    off = np.zeros(len(raw))
    off[chosen] = np.random.default_rng(1).choice([-tick, tick], len(chosen))
    close = raw.close + off
    return raw.with_columns(
        close=close, high=np.maximum(raw.high, close), low=np.minimum(raw.low, close)
    )


def _without(raw: Bars, chosen: np.ndarray, tick: float) -> Bars:  # noqa: ARG001
    return raw[np.setdiff1d(np.arange(len(raw)), chosen)]


def _late(raw: Bars, chosen: np.ndarray, tick: float) -> Bars:  # noqa: ARG001
    """Rows that come behind the next one; live, they are then dropped."""
    order = np.arange(len(raw))
    for row in chosen[chosen + 1 < len(raw)]:
        order[[row, row + 1]] = order[[row + 1, row]]
    return raw[order]


def _bar_after(bars: Bars, time: int) -> int:
    """Close of the first bar that ends at or after a time."""
    row = int(np.searchsorted(bars.time, time))
    return int(bars.time[min(row, len(bars) - 1)])
