"""One label's arithmetic, bar by bar, as a person would check it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Unpack, final

import numpy as np

from barwise.bars.bars import Bars
from barwise.core.errors import DataError
from barwise.labels.labels import Labels
from barwise.labels.triple_barrier import BarrierOptions, price_step, triple_barrier
from barwise.stream.resolver import BarrierResolver
from barwise.trading.barrier_rows import barrier_width

_TRUTH = ("identified", "decided by finer bars", "ambiguous: the stop was taken")


@final
@dataclass(frozen=True)
class TraceStep:
    """One bar of a label's path, or one finer bar inside it.

    Parameters
    ----------
    time : int
        Close of the bar, nanoseconds UTC.
    open, high, low, close : float
        Prices.
    reached : tuple of str
        Names of the levels that the bar's range reaches.
    finer : bool
        Whether it is a finer bar inside the base bar that follows.
    """

    time: int
    open: float
    high: float
    low: float
    close: float
    reached: tuple[str, ...]
    finer: bool = False


@final
@dataclass(frozen=True)
class LabelTrace:
    """How one row came by its label.

    Parameters
    ----------
    time : int
        Close of the bar of the decision, nanoseconds UTC.
    width : float
        What the barrier multiples multiply, in price.
    unit : str
        What the width is, such as ``ATR(14)``.
    entry : float or None
        Price of the entry; None where the bars end before it.
    levels : dict of str to float
        Targets and stops on the price grid.
    multiples : dict of str to float
        Widths from the entry to each of them before they are rounded, below it negative.
    tick : float
        Step of that grid; 0 rounds nothing.
    steps : tuple of TraceStep
        The path up to the exit.
    label : int or None
        None where the row has no label; ``truth`` then says why.
    exit : float or None
        Price of the exit.
    ret : float or None
        Log return from entry to exit.
    end_time : int or None
        Close of the exit's bar, nanoseconds UTC.
    truth : str
        How sure the label is.
    quality, weight : float or None
        Clearness 0..1 and the training weight that follows.
    ending : str
        What ended the trade; empty without a label.
    cost : float or None
        What a round trip costs, as a log return; None where it is not known. A label
        whose return is smaller is cost-fragile.
    """

    time: int
    width: float
    unit: str
    entry: float | None
    levels: dict[str, float]
    multiples: dict[str, float]
    tick: float
    steps: tuple[TraceStep, ...]
    label: int | None
    exit: float | None
    ret: float | None
    end_time: int | None
    truth: str
    quality: float | None
    weight: float | None
    ending: str = ""
    cost: float | None = None

    @property
    def cost_fragile(self) -> bool | None:
        """Whether costs would undo the return; None where either is not known."""
        if self.ret is None or self.cost is None:
            return None
        return abs(self.ret) < self.cost

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return asdict(self) | {"cost_fragile": self.cost_fragile}

    def lines(self) -> Iterator[str]:
        """Yield the trace as text, one line a fact."""
        yield f"decided     {_utc(self.time)} UTC, {self.unit} {self.width:.6g}"
        if self.entry is not None:
            yield f"entry       {self.entry:.10g}"
            for name, level in self.levels.items():
                yield f"{name:<11} {level:.10g}{self._reckoned(name)}"
        if self.steps:
            yield "path        close of the bar, UTC  open high low close"
        for step in self.steps:
            prices = f"{step.open:.10g} {step.high:.10g} {step.low:.10g}"
            marks = f"  <- {', '.join(step.reached)}" if step.reached else ""
            indent = "    finer   " if step.finer else "bar         "
            yield f"{indent}{_utc(step.time)}    {prices} {step.close:.10g}{marks}"
        if self.label is None:
            yield f"no label    {self.truth}"
            return
        assert self.end_time is not None
        yield f"exit        {self.exit:.10g} at {_utc(self.end_time)} UTC, {self.ending}"
        side = f"{self.label:+d}" if self.label else "0"
        yield f"label       {side}, log return {self.ret:+.6f}, {self.truth}"
        if self.cost is not None:
            undone = "cost-fragile: they exceed" if self.cost_fragile else "less than"
            yield f"costs       {self.cost:.6f} a round trip, {undone} the return"
        yield f"quality     {self.quality:.3f}, training weight {self.weight:.3f}"

    def _reckoned(self, name: str) -> str:
        """Say how a level comes from the entry."""
        multiple = self.multiples[name]
        sign = "+" if multiple > 0 else "-"
        text = f" = entry {sign} {abs(multiple):g} x {self.width:.6g}"
        if self.tick:
            text += f", rounded away from it to ticks of {self.tick:g}"
        return text


def unit_name(unit: str, period: int) -> str:
    """Name what barriers are multiples of.

    Examples
    --------
    >>> unit_name("atr", 14), unit_name("fixed", 14)
    ('ATR(14)', 'points')
    """
    return {"atr": f"ATR({period})", "volatility": f"volatility({period})"}.get(
        unit, "points"
    )


def trace_label(
    bars: Bars,
    row: int,
    *,
    horizon: int,
    upper: float,
    lower: float,
    **options: Unpack[BarrierOptions],
) -> LabelTrace:
    """Show how the triple barrier labels one row.

    Parameters
    ----------
    bars : Bars
        In order; all of them, since the barrier width remembers the past.
    row : int
        The bar at whose close the trade is decided.
    horizon, upper, lower, **options
        As in :func:`barwise.triple_barrier`.

    Raises
    ------
    DataError
        If there is no such row.

    Examples
    --------
    >>> import numpy as np
    >>> o = np.array([10.0, 10.0, 10.5, 11.0, 9.5])
    >>> bars = Bars.of(np.arange(1, 6) * 60, o, o + 0.75, o - 0.5, o, interval=60)
    >>> trace = trace_label(
    ...     bars, 0, horizon=3, upper=1.5, lower=1.0, unit="fixed", tick=0.25
    ... )
    >>> trace.entry, trace.levels, trace.label, trace.exit
    (10.0, {'target': 11.5, 'stop': 9.0}, 1, 11.5)
    >>> [step.reached for step in trace.steps]
    [(), (), ('target',)]
    """
    if not 0 <= row < len(bars):
        raise DataError(f"there is no row {row}: the bars have {len(bars)} rows")
    labels = triple_barrier(
        bars,
        horizon=horizon,
        upper=upper,
        lower=lower,
        **(options | {"sample": np.arange(len(bars)) == row}),
    )
    unit, period = options.get("unit", "atr"), options.get("atr_period", 14)
    width = float(barrier_width(bars, unit=unit, period=period)[row])
    found = bool(labels.valid[row])
    last = int(labels.end_index[row]) if found else min(row + horizon, len(bars) - 1)
    entry = _entry(bars, row, options.get("entry", "next_open"))
    tick = price_step(bars.symbol, options.get("tick"))
    levels: dict[str, float] = {}
    if entry is not None and width > 0:
        levels = BarrierResolver(
            horizon=horizon,
            upper=upper,
            lower=lower,
            tick=tick,
            sides=options.get("sides", "long"),
        ).levels(entry, width)
    steps = tuple(_steps(bars, row, last, entry or 0.0, levels, labels, options))
    return LabelTrace(
        time=int(bars.time[row]),
        width=width,
        unit=unit_name(unit, period),
        entry=entry,
        levels=levels,
        multiples={
            name: _away(
                upper if name.endswith("target") else lower, level, entry or 0.0
            )
            for name, level in levels.items()
        },
        tick=tick,
        steps=steps,
        ending=(
            _ending(bool(labels.touched[row]), last - row, horizon, steps[-1])
            if found
            else ""
        ),
        **_outcome(labels, row, entry, _why_not(bars, row, width, horizon, options)),
    )


def _away(multiple: float, level: float, entry: float) -> float:
    return multiple if level > entry else -multiple


def _ending(touched: bool, bars: int, horizon: int, last: TraceStep) -> str:
    if touched:
        return "a level was reached"
    if bars == horizon:
        return f"the horizon of {horizon} bars"
    return "the trades of both sides are over" if last.reached else "the session ends"


def _entry(bars: Bars, row: int, at: str) -> float | None:
    if at == "close":
        return float(bars.close[row])
    return float(bars.open[row + 1]) if row + 1 < len(bars) else None


def _outcome(
    labels: Labels, row: int, entry: float | None, why_not: str
) -> dict[str, Any]:
    if not labels.valid[row] or entry is None:
        empty = ("label", "exit", "ret", "end_time", "quality", "weight")
        return dict.fromkeys(empty) | {"truth": why_not}
    ret = float(labels.ret[row])
    return {
        "label": int(labels.label[row]),
        "exit": float(entry * np.exp(ret)),
        "ret": ret,
        "end_time": int(labels.end_time[row]),
        "truth": _TRUTH[labels.truth[row]],
        "quality": float(labels.quality[row]),
        "weight": float(labels.weight[row]),
    }


def _why_not(
    bars: Bars, row: int, width: float, horizon: int, options: BarrierOptions
) -> str:
    if not width > 0:
        return "the barrier width is not defined yet, or zero"
    if bars.filled[row]:
        return "the bar was filled in, and a filled bar is no sample"
    sample = options.get("sample")
    if sample is not None and not sample[row]:
        return "the bar is none of the rows that labels are asked for, such as events"
    after = slice(row, row + horizon + 1)
    contract = bars.contract
    if contract is not None and len(set(contract[after].tolist())) > 1:
        return "the path crosses a roll"
    if row + horizon >= len(bars):
        return "the bars end before the path does"
    end = options.get("session_end", "flat")
    return (
        f"the row lies outside every session, or its session ends (session_end: {end})"
    )


def _steps(
    bars: Bars,
    row: int,
    last: int,
    entry: float,
    levels: dict[str, float],
    labels: Labels,
    options: BarrierOptions,
) -> Iterator[TraceStep]:
    closes = options.get("touch", "high_low") == "close"
    fine = options.get("fine")
    for s in range(row + 1, last + 1):
        if fine is not None and s == last and labels.truth[row]:
            inside = (fine.time > bars.open_time[s]) & (fine.time <= bars.time[s])
            for f in np.flatnonzero(inside):
                yield _step(fine, int(f), entry, levels, closes=False, finer=True)
        yield _step(bars, s, entry, levels, closes=closes, finer=False)


def _step(
    bars: Bars,
    s: int,
    entry: float,
    levels: dict[str, float],
    *,
    closes: bool,
    finer: bool,
) -> TraceStep:
    high, low, close = float(bars.high[s]), float(bars.low[s]), float(bars.close[s])
    top, bottom = (close, close) if closes else (high, low)
    reached = tuple(
        name
        for name, level in levels.items()
        if (top >= level if level > entry else bottom <= level)
    )
    first = float(bars.open[s])
    return TraceStep(int(bars.time[s]), first, high, low, close, reached, finer)


def _utc(time: int) -> str:
    return str(np.datetime64(time, "ns").astype("datetime64[s]")).replace("T", " ")
