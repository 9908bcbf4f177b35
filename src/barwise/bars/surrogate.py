"""Surrogates of a user's own bars: the same hours, ticks and volatility, and no edge.

Whole sessions are drawn by a stationary bootstrap from sessions of the same weekday, so
that volatility keeps its day, its week and its clusters. Then a coin says of each bar
whether it goes on from the close before as it did, or as its mirror image. Sizes, ranges
and volumes are those of real bars; directions are coins, which nothing can predict.

Notation
--------
n : rows; move : price over the reference, less one; reference : the close before a bar,
    and at a roll what the new contract stood at then
d : (n,) +1 or -1, whether a bar goes up or down from its reference
s : (n,) +1 or -1, whether a bar keeps the direction that it had
source : (n,) row whose moves a row takes
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import final

import numpy as np

from barwise.bars.bars import Bars
from barwise.bars.rolls import rolls_in
from barwise.bars.sessions import SessionTable
from barwise.bars.ticks import on_grid, prices_of_ticks
from barwise.core.errors import ConfigError, DataError

_WEEK = 7
_PRICES = ("open", "high", "low", "close")

Directions = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Size of the move of each row's close, and a uniform number for it, to d."""


@final
class SurrogateMaker:
    """Draws surrogates of some bars.

    Parameters
    ----------
    bars : Bars
        Clean and in order of time, at the interval of the source. Event bars keep
        their own sizes, and draw directions only.
    sessions : SessionTable
        Must cover the bars.
    tick : float
        Prices stay on this grid where the bars are on it.
    mean_block : float
        Sessions in a block on average, >= 1.

    Raises
    ------
    ConfigError
        If the rows are single trades, or the block is too short.
    DataError
        If there are fewer than two rows, or a price is not above zero.

    Notes
    -----
    A mirrored bar has its move, not its log return, with the other sign: the expected
    price is the price, and holding earns nothing either. On a grid of ticks the step of
    each close is a whole number of ticks that the past decides, times a fair coin, so
    rounding adds no pattern that could be traded.

    A surrogate has the overnight gaps, the jumps at rolls and the missing bars of the
    original. It has no trend, no momentum, no bounce between bid and ask, and moves
    down are no wilder than moves up.

    References
    ----------
    Politis and Romano (1994), The Stationary Bootstrap; Wu (1986) and Liu (1988) for
    random signs. Phases are not randomised (Theiler et al., 1992): that keeps the
    autocorrelation of returns, which is the edge that must go, and destroys the
    clusters of volatility, which must stay.

    Examples
    --------
    >>> from barwise.bars.prepare import sessions_of
    >>> from barwise.bars.simulate import simulate_bars
    >>> bars = simulate_bars("MES", days=5, signal=0.5, seed=1)
    >>> maker = SurrogateMaker(bars, sessions_of(bars, "cme_equity"), tick=0.25)
    >>> drawn = maker.draw(np.random.default_rng(0))
    >>> bool((drawn.time == bars.time).all()), drawn.simulated
    (True, True)
    >>> def memory(b):
    ...     r = np.diff(np.log(b.close))
    ...     return float(np.corrcoef(r[1:], r[:-1])[0, 1])
    >>> memory(bars) > 0.1, abs(memory(drawn)) < 0.05
    (True, True)
    """

    def __init__(
        self,
        bars: Bars,
        sessions: SessionTable,
        *,
        tick: float,
        mean_block: float = 5.0,
    ) -> None:
        _check(bars, mean_block)
        self._bars = bars
        self._mean_block = mean_block
        self._tick = tick if all(on_grid(p, tick) for p in _prices(bars)) else None
        held = np.searchsorted(sessions.close, bars.session_time)
        numbers, place = np.unique(
            held.clip(max=len(sessions) - 1), return_inverse=True
        )
        self._session = place
        self._opened = sessions.open[numbers]
        self._weekday = sessions.day[numbers] % _WEEK
        self.first = np.r_[True, place[1:] != place[:-1]]
        before = np.r_[bars.open[:1], bars.close[:-1]]
        reference = _references(bars, before)
        self._jump = reference / before - 1.0
        self._moves = {name: getattr(bars, name) / reference - 1.0 for name in _PRICES}

    def draw(
        self, rng: np.random.Generator, directions: Directions | None = None
    ) -> Bars:
        """Return a surrogate, marked as simulated.

        Parameters
        ----------
        rng : numpy.random.Generator
        directions : callable, optional
            Chooses d in place of a fair coin, to plant an edge; it may look at the moves
            of earlier rows.
        """
        source = self._sources(rng)
        coins = rng.random(len(source))
        moves = {name: each[source] for name, each in self._moves.items()}
        d = (directions or _fair)(np.abs(moves["close"]), coins)
        prices = self._paths(moves, np.where(moves["close"] < 0, -d, d))
        columns = prices | self._roll_closes(prices["close"])
        columns["volume"] = self._bars.volume[source]
        return replace(self._bars.with_columns(**columns), simulated=True)

    def _sources(self, rng: np.random.Generator) -> np.ndarray:
        """Draw the row whose moves each row takes: the same time of another session."""
        own = np.arange(len(self._bars))
        if self._bars.interval is None:
            return own
        time = self._bars.time
        drawn = self._drawn_sessions(rng)[self._session]
        wanted = time - self._opened[self._session] + self._opened[drawn]
        found = np.searchsorted(time, wanted).clip(max=len(time) - 1)
        # A session without a bar at that time leaves a row its own; and what happened
        # over night stays there.
        alike = (time[found] == wanted) & (self._session[found] == drawn)
        return np.where(alike & (self.first[found] == self.first), found, own)

    def _drawn_sessions(self, rng: np.random.Generator) -> np.ndarray:
        total = len(self._weekday)
        fresh = rng.random(total) < 1.0 / self._mean_block
        drawn = np.empty(total, np.int64)
        at = total
        for target, weekday in enumerate(self._weekday):
            at += 1
            if target == 0 or fresh[target] or at >= total:
                at = int(rng.choice(np.flatnonzero(self._weekday == weekday)))
            drawn[target] = at
        return drawn

    def _paths(
        self, moves: dict[str, np.ndarray], s: np.ndarray
    ) -> dict[str, np.ndarray]:
        """Chain bars into a path from the first open on."""
        level = np.cumprod((1.0 + self._jump) * (1.0 + s * moves["close"]))
        level = self._bars.open[0] * np.r_[1.0, level[:-1]]
        jump = level * self._jump
        steps = {n: s * (level + jump) * each for n, each in moves.items()}
        start = self._bars.open[0]
        if self._tick is not None:
            start = np.rint(start / self._tick)
            jump = np.rint(jump / self._tick)
            steps = {n: np.rint(each / self._tick) for n, each in steps.items()}
        closes = start + np.cumsum(jump + steps["close"])
        base = np.r_[start, closes[:-1]] + jump
        opened, one, other = (base + steps[n] for n in ("open", "high", "low"))
        found = {
            "open": opened,
            "high": np.maximum(one, other),
            "low": np.minimum(one, other),
            "close": closes,
        }
        if not found["low"].min() > 0:
            raise DataError(
                f"{self._bars.symbol}: moves are so large that a surrogate falls below "
                "zero; use bars from a later date, or a shorter file"
            )
        if self._tick is None:
            return found
        return {n: prices_of_ticks(each, self._tick) for n, each in found.items()}

    def _roll_closes(self, closes: np.ndarray) -> dict[str, np.ndarray]:
        """Closes of both contracts at each roll, where the original knows them."""
        old, new = self._bars.old_close, self._bars.new_close
        rows = rolls_in(self._bars)
        if old is None or new is None or not len(rows):
            return {}
        contract = np.searchsorted(rows, np.arange(len(closes)), side="right")
        told = np.full((2, len(rows) + 1), np.nan)
        told[:, 0] = old[0], new[0]
        scale = closes[rows - 1] / self._bars.close[rows - 1]
        for place, each in enumerate((old, new)):
            told[place, 1:] = each[rows] * scale
        if self._tick is not None:
            told = prices_of_ticks(np.rint(told / self._tick), self._tick)
        return {"old_close": told[0][contract], "new_close": told[1][contract]}


def _fair(sizes: np.ndarray, coins: np.ndarray) -> np.ndarray:
    del sizes
    return np.where(coins < 0.5, 1.0, -1.0)


def _references(bars: Bars, before: np.ndarray) -> np.ndarray:
    """What each bar's moves are counted from."""
    reference, rows = before.copy(), rolls_in(bars)
    known = bars.open[rows] if bars.new_close is None else bars.new_close[rows]
    reference[rows] = np.where(np.isfinite(known), known, bars.open[rows])
    return reference


def _prices(bars: Bars) -> list[np.ndarray]:
    return [getattr(bars, name) for name in _PRICES]


def _check(bars: Bars, mean_block: float) -> None:
    if bars.are_trades:
        raise ConfigError(
            f"{bars.symbol}: single trades jump between bid and ask, which coins would "
            "turn into volatility; build bars of the trades first (barwise data convert) "
            "and name their file"
        )
    if not mean_block >= 1:
        raise ConfigError(f"a block needs at least one session, got {mean_block:g}")
    if len(bars) < 2:
        raise DataError(f"{bars.symbol}: a surrogate needs two bars or more")
    if not min(float(each.min()) for each in _prices(bars)) > 0:
        raise DataError(
            f"{bars.symbol}: a surrogate is made of relative moves, and a price is not "
            "above zero"
        )
