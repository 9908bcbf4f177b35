"""Regimes: in which state the market is, as far as the past shows."""

from __future__ import annotations

import math

from barwise.features.columns import BarColumns
from barwise.features.markov import HiddenMarkov
from barwise.features.registry import feature
from barwise.features.trend import adx
from barwise.features.volatility import hvol
from barwise.stream import Expr, constant
from barwise.stream.expr import (
    both,
    clip,
    diff,
    either,
    lag,
    log,
    maximum,
    ratio,
    rolling_rank,
    rolling_sum,
    sign,
    where,
)
from barwise.stream.learned import learned

FLAT = 1e-5
"""Log range of a bar without one: a tenth of a basis point."""


def _probabilities(bars: BarColumns, states: int) -> list[Expr]:
    if states not in (2, 3, 4):
        raise ValueError(f"a hidden Markov regime has 2 to 4 states, got {states:g}")
    change = log(bars.close / bars.previous_close)
    reach = log(maximum(log(bars.high / bars.low), FLAT))
    recipe = HiddenMarkov(int(states))
    return [learned(recipe, change, reach, output=i) for i in range(recipe.states)]


@feature(
    family="regime",
    unit="probability, 0..1",
    columns=["regime_hmm_{states}_p{state}"],
    role="probability",
    full=[{"states": 3, "state": state} for state in range(3)],
)
def regime_hmm_probability(
    bars: BarColumns, *, states: int = 3, state: int = 0
) -> Expr:
    """Chance that the market is in a state, the calmest being state 0; fitted.

    A Gaussian hidden Markov model of log return and log range is fitted on the training
    rows (:class:`barwise.features.markov.HiddenMarkov`) and filtered, never smoothed: a
    row's probabilities know that row and those before it.
    """
    chances = _probabilities(bars, states)
    if state not in range(len(chances)):
        raise ValueError(f"{states:g} states are counted from 0, got state {state:g}")
    return chances[int(state)]


@feature(
    family="regime",
    unit="number of the state, the calmest 0, >= 0",
    columns=["regime_hmm_{states}_state"],
)
def regime_hmm_state(bars: BarColumns, *, states: int = 3) -> Expr:
    """Likeliest state of the hidden Markov model; the calmer one of two; fitted."""
    best, *others = _probabilities(bars, states)
    state: Expr = constant(0.0)
    for number, chance in enumerate(others, start=1):
        state = where(chance > best, float(number), state)
        best = maximum(best, chance)
    return state


@feature(
    family="regime",
    unit="share of ignorance, 0..1",
    columns=["regime_hmm_{states}_entropy"],
    role="probability",
)
def regime_hmm_entropy(bars: BarColumns, *, states: int = 3) -> Expr:
    """Entropy of the states' probabilities over that of ignorance; fitted."""
    total: Expr = constant(0.0)
    for chance in _probabilities(bars, states):
        total = total - chance * log(maximum(chance, 1e-300))
    return total / math.log(states)


@feature(
    family="regime", unit="low, normal or high, -1..1", columns=["regime_volatility"]
)
def regime_volatility(bars: BarColumns) -> Expr:
    """Rank of hvol_20 in its last 250 rows: low below 0.25, high above 0.75."""
    rank = rolling_rank(hvol(bars, period=20), 250)
    return where(rank > 0.75, 1.0, where(rank < 0.25, -1.0, 0.0))


@feature(
    family="regime",
    unit="reversal, ranging or trending, -1..1",
    columns=["regime_trend"],
)
def regime_trend(bars: BarColumns) -> Expr:
    """Whether a trend is on, none is, or one has just turned (Wilder, 1978).

    Direction is the sign of +DI minus -DI over 14 bars. Reversal: the direction is not
    that of 5 bars ago, and ADX then was at least 20. Else trending: ADX is at least 25
    now. Else ranging.
    """
    strength, plus, minus = adx(bars, period=14)
    direction = sign(plus - minus)
    turned = either(direction < lag(direction, 5), direction > lag(direction, 5))
    reversal = both(turned, lag(strength, 5) >= 20.0)
    return where(reversal, -1.0, where(strength >= 25.0, 1.0, 0.0))


@feature(family="regime", unit="-1..1", columns=["regime_score"])
def regime_score(bars: BarColumns) -> Expr:
    """Signed efficiency of 20 bars, times the calm: hvol_250 / (hvol_20 + hvol_250).

    The efficiency is the way over the path, 1 in a straight rise and -1 in a straight
    fall (Kaufman, 1995); the calm is above 0.5 while volatility is below that of the last
    250 rows. So the score is far from 0 in calm, straight moves, near 0 where the path is
    crooked or the market turbulent, and 0 where nothing moved.
    """
    path = rolling_sum(abs(diff(bars.close)), 20)
    straight = ratio(diff(bars.close, 20), path)
    usual = hvol(bars, period=250)
    calm = ratio(usual, hvol(bars, period=20) + usual, otherwise=0.5)
    return clip(straight, lower=-1.0, upper=1.0) * calm
