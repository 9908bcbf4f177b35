"""Simulated 1-minute bars with a known edge, zero included.

Notation
--------
n : number of minutes
sigma : (n,) volatility of a minute's log return
drift : (n,) predictable part of a minute's log return, in units of sigma
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from barwise.bars.bars import Bars
from barwise.bars.instruments import Instrument, get_instrument
from barwise.bars.sessions import SessionTable, coverage, session_table
from barwise.bars.ticks import prices_of_ticks
from barwise.core.arrays import DAY, MINUTE
from barwise.core.errors import ConfigError

_ANNUAL = {"future": 0.16, "cfd": 0.16, "forex": 0.07, "equity": 0.25, "crypto": 0.60}
"""Volatility a year, as a fraction, by kind of instrument."""

_LEVEL = {"forex": 110_000}
"""First price in ticks, where 20,000 would be far from the market."""

_STEPS = 12
"""Steps of the path inside a minute: highs and lows come from it."""


@final
@dataclass(frozen=True)
class Simulation:
    """Bars, and the truth behind them.

    Parameters
    ----------
    bars : Bars
        Marked as simulated.
    drift : ndarray of float64, shape (n,)
        What could be known before each bar: the expected log return over its
        volatility. Its standard deviation is the signal.
    """

    bars: Bars
    drift: np.ndarray


def simulate_bars(
    symbol: str, *, days: int, signal: float = 0.0, seed: int = 0
) -> Bars:
    """Return simulated 1-minute bars of a symbol; see :func:`simulate`."""
    return simulate(symbol, days=days, signal=signal, seed=seed).bars


def simulate(
    symbol: str,
    *,
    days: int,
    signal: float = 0.0,
    seed: int = 0,
    start: str = "2022-01-03",
) -> Simulation:
    """Simulate a symbol's 1-minute bars over its real sessions.

    Volatility clusters (an autoregression of its logarithm) and follows the day, volume
    follows volatility, prices are on the tick grid and jump between sessions. A hidden
    drift with a half-life of an hour carries the edge: it shows in past returns, so
    features can find it.

    Parameters
    ----------
    symbol : str
        Instrument; its calendar, tick and volume are used.
    days : int
        Sessions.
    signal : float
        Standard deviation of a minute's expected return over its volatility. With 0
        prices are a martingale and no model has an edge; the best possible R squared
        of a minute's return is ``signal**2 / (1 + signal**2)``.
    seed : int
        Same seed, same bytes.
    start : str
        First date.

    Raises
    ------
    ConfigError
        If ``days``, ``seed`` or ``signal`` is out of range.

    Examples
    --------
    >>> simulate("MES", days=2, seed=7).bars
    Bars(MES, 2,760 rows of 1 min, 2022-01-03 23:01 to 2022-01-05 22:00 UTC, simulated)
    """
    if days < 1:
        raise ConfigError(f"a simulation needs days >= 1, got days={days}")
    if seed < 0:
        raise ConfigError(f"a simulation needs seed >= 0, got seed={seed}")
    if not 0.0 <= signal < 1.0:
        raise ConfigError(
            f"signal is a share of volatility: 0 <= signal < 1, got signal={signal}"
        )
    instrument = get_instrument(symbol)
    rng = np.random.default_rng(seed)
    time, session, place = _minutes(_sessions(instrument, start, days))
    n = len(time)
    yearly = len(time) / days * 252.0
    shape = _day_shape(place)
    cluster = np.exp(0.5 * _ar1(rng, n, half_life=6 * 60.0) - 0.125)
    sigma = _ANNUAL[instrument.kind] / np.sqrt(yearly) * shape * cluster
    drift = signal * _ar1(rng, n, half_life=60.0)
    steps = rng.standard_normal((n, _STEPS)) / np.sqrt(_STEPS)
    steps += (drift / _STEPS)[:, None]
    path = np.cumsum(sigma[:, None] * steps, axis=1)
    gaps = np.where(np.r_[False, session[1:] != session[:-1]], 6.0, 0.0)
    opens = gaps * sigma * rng.standard_normal(n)
    # The convexity of the exponential is taken out: no signal, no expected return.
    carried = path[:, -1] + opens - 0.5 * sigma**2 * (1.0 + gaps**2)
    before = np.r_[0.0, np.cumsum(carried)[:-1]] + opens
    level = _LEVEL.get(instrument.kind, 20_000)
    inside = np.concatenate([np.zeros((n, 1)), path], axis=1)
    ticks = np.rint(level * np.exp(before[:, None] + inside)).clip(1.0)
    prices = np.stack([ticks[:, 0], ticks.max(1), ticks.min(1), ticks[:, -1]])
    prices = prices_of_ticks(prices, instrument.tick_size)
    volume = None
    if instrument.has_volume:
        busy = 120.0 * shape**2 * cluster**2
        volume = rng.poisson(busy * rng.gamma(4.0, 0.25, n)).astype(np.float64)
    opened, high, low, close = prices
    bars = Bars.of(
        time,
        opened,
        high,
        low,
        close,
        volume,
        interval=MINUTE,
        symbol=symbol,
        simulated=True,
    )
    return Simulation(bars, drift)


def _sessions(instrument: Instrument, start: str, days: int) -> SessionTable:
    first = int(np.datetime64(start, "ns").astype(np.int64))
    known = coverage(instrument.calendar)[1]
    # Two calendar days a session are more than any calendar's holidays take.
    table = session_table(
        instrument.calendar, first, min(first + (2 * days + 14) * DAY, known)
    )
    whole = np.flatnonzero(table.open >= first)[:days]
    if len(whole) < days:
        raise ConfigError(
            f"a simulation of {days:,} sessions from {start} reaches beyond the calendar "
            f"of {instrument.symbol}, which knows {len(whole):,}; use fewer days"
        )
    arrays = table.to_arrays()
    rows = {
        name: array[whole] if array.ndim and len(array) == len(table) else array
        for name, array in arrays.items()
    }
    return SessionTable.from_arrays(rows)


def _minutes(table: SessionTable) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Close of every minute, its session, and its place in the session (0..1)."""
    times = np.concatenate(
        [
            np.arange(begin + MINUTE, end + 1, MINUTE)
            for begin, end in zip(table.open, table.close, strict=True)
        ]
    )
    at = table.index_of(times)
    times, at = times[at >= 0], at[at >= 0]
    place = (times - table.open[at]) / (table.close[at] - table.open[at])
    return times, at, place


def _day_shape(place: np.ndarray) -> np.ndarray:
    """Volatility over the session: quiet first, two humps, mean square one."""
    shape = 0.5 + np.exp(-(((place - 0.68) / 0.05) ** 2))
    shape += 0.8 * np.exp(-(((place - 0.93) / 0.05) ** 2))
    return shape / np.sqrt(np.mean(shape**2))


def _ar1(rng: np.random.Generator, n: int, *, half_life: float) -> np.ndarray:
    """Stationary first-order autoregression with variance one."""
    from scipy.signal import lfilter

    phi = 0.5 ** (1.0 / half_life)
    shocks = np.sqrt(1.0 - phi**2) * rng.standard_normal(n)
    start = rng.standard_normal() * phi
    series, _ = lfilter([1.0], [1.0, -phi], shocks, zi=np.array([start]))
    return np.asarray(series)
