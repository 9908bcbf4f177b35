"""What the bars of a source show by themselves: lines, shifts, prices off the grid.

Notation
--------
tick : smallest step between two closes
"""

from __future__ import annotations

import numpy as np

from barwise.bars.bars import Bars
from barwise.bars.instruments import Instrument
from barwise.bars.prepare import sessions_of
from barwise.pipeline.audits.leaks.association import rank_correlation

_EXACT = 1e-9
_STRAIGHT = 3
"""Bars in a row, each on the line through its neighbours in all four prices."""
_LINES = 5
_OFF = 1e-4
"""Part of a tick by which a price on the grid may be off."""
_LEAD = 0.05
_MANY = 1_000
_BLOCKS = 40
_FINER = (1, 2, 4, 5, 10)
"""Grids that a market may have had before: a tick, or a part of it."""
_RUN = 5
_ELSEWHERE = 0.2


def straight_lines(bars: Bars) -> list[int]:
    """Return rows at which stretches begin that were drawn with a ruler.

    All four prices run straight from bar to bar, by steps that are no whole ticks: a
    gap was filled on the line to the next real price.

    Examples
    --------
    >>> from barwise.bars.simulate import simulate_bars
    >>> straight_lines(simulate_bars("MES", days=2))
    []
    """
    if len(bars) < _MANY:
        return []
    on = np.ones(len(bars) - 2, dtype=bool)
    for prices in (bars.open, bars.high, bars.low, bars.close):
        bend = np.abs(prices[2:] - 2 * prices[1:-1] + prices[:-2])
        on &= bend <= _EXACT * np.abs(prices[1:-1])
    step = np.abs(np.diff(bars.close))
    on &= step[1:] > _EXACT * bars.close[2:]
    on &= np.diff(bars.time)[1:] == np.diff(bars.time)[:-1]
    edge = np.flatnonzero(np.diff(np.concatenate([[0], on.astype(int), [0]])))
    starts, stops = edge[::2], edge[1::2]
    starts = starts[stops - starts >= _STRAIGHT]
    if not len(starts):
        return []
    drawn = np.zeros(len(step), dtype=bool)
    for start in starts:
        drawn[start : start + _STRAIGHT + 2] = True
    tick = _tick(np.where(drawn, 0.0, step))
    off = np.abs(step[starts] / tick - np.rint(step[starts] / tick)) > _OFF
    found: list[int] = starts[off].tolist()
    return found if len(found) >= _LINES else []


def _tick(step: np.ndarray) -> float:
    live = step[step > 0]
    return float(live.min()) if len(live) else 1.0


def volume_lead(bars: Bars) -> tuple[float, float] | None:
    """Return how volume goes with the next bar's range and with its own, if more so.

    In every market volume goes with the range of its own bar at least as much as with
    the next one (Karpoff, 1987); in thin ones by far.
    """
    ranges = np.log(bars.high / bars.low)
    live = (bars.open_time[1:] <= bars.time[:-1]) & (bars.volume[:-1] > 0)
    live &= ~bars.filled[:-1] & ~bars.filled[1:]
    if live.sum() < _MANY:
        return None
    own = rank_correlation(bars.volume[:-1][live], ranges[:-1][live])
    later = rank_correlation(bars.volume[:-1][live], ranges[1:][live])
    return (later, own) if later - own > _LEAD else None


def off_the_grid(bars: Bars) -> int | None:
    """Return the row up to which prices lie off the grid that they lie on later.

    So do prices that were multiplied by the ratio of a later roll or split. Where the
    tick was finer once, they lie on that finer grid.

    Examples
    --------
    >>> from barwise.bars.simulate import simulate_bars
    >>> bars = simulate_bars("MES", days=2)
    >>> off_the_grid(bars)
    >>> ratio = np.where(np.arange(len(bars)) < 2000, 1.0123, 1.0)
    >>> off_the_grid(bars.with_columns(close=bars.close * ratio))
    2000
    """
    blocks = np.array_split(np.arange(len(bars)), _BLOCKS)
    last = blocks[-1]
    if len(last) < 2:
        return None
    tick = _tick(np.abs(np.diff(bars.close[last])))
    on = _on_grid(bars.close, tick)
    share = np.array([on[block].mean() for block in blocks])
    if share[-1] < 1.0 or share[0] > 0.5:
        return None
    early = np.flatnonzero(share <= 0.5)
    if any(_on_grid(bars.close[blocks[0]], tick / k).all() for k in _FINER):
        return None
    if len(early) != early[-1] + 1:
        return None  # now on the grid, now off it: averages, not an adjustment
    return int(np.flatnonzero(~on)[-1]) + 1


def _on_grid(prices: np.ndarray, tick: float) -> np.ndarray:
    ticks = prices / tick
    near: np.ndarray = np.abs(ticks - np.rint(ticks)) < _OFF
    return near


def stamp_doubts(bars: Bars, instrument: Instrument) -> list[str]:
    """Say from when to when the bars of a source are stamped otherwise than elsewhere.

    Parameters
    ----------
    bars : Bars
        As read.
    instrument : Instrument

    Examples
    --------
    >>> from barwise.bars.instruments import get_instrument
    >>> from barwise.bars.simulate import simulate_bars
    >>> bars, mes = simulate_bars("MES", days=12), get_instrument("MES")
    >>> stamp_doubts(bars, mes)
    []
    >>> early = bars.interval * (bars.time > bars.time[8_300])
    >>> moved = bars.with_columns(
    ...     time=bars.time - early, open_time=bars.open_time - early
    ... )
    >>> stamp_doubts(moved, mes)[0][:42]
    'from 2022-01-12 to 2022-01-18 every openin'
    """
    if not len(bars) or not bars.interval:
        return []
    sessions = sessions_of(bars, instrument.calendar)
    pause = np.flatnonzero(sessions.open[1:] > sessions.close[:-1]) + 1
    opens = sessions.open[pause]
    opens = opens[(opens >= bars.time.min()) & (opens <= bars.time.max())]
    early = np.isin(opens, bars.time)
    edge = np.flatnonzero(np.diff(np.concatenate([[0], early.astype(int), [0]])))
    if not len(edge):
        return []
    run = int(np.argmax(edge[1::2] - edge[::2]))
    start, stop = int(edge[2 * run]), int(edge[2 * run + 1])
    outside = np.concatenate([early[:start], early[stop:]])
    if stop - start < _RUN or len(outside) < _RUN or outside.mean() > _ELSEWHERE:
        return []
    first, last = (
        str(opens[i].astype("datetime64[ns]"))[:10] for i in (start, stop - 1)
    )
    return [
        f"from {first} to {last} every opening of the market has a bar that closes at that "
        f"very moment, and on other days {outside.mean():.0%} of them: the source stamps "
        "bars with their open there, and with their close elsewhere (data.label)"
    ]
