from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barwise.bars.instruments import get_instrument
from barwise.core.errors import ConfigError
from barwise.trading import Account, ExecutionContract


def exact_level(price, distance, tick):
    """The level in decimal arithmetic: no binary fractions."""
    price, distance, tick = (Decimal(str(x)) for x in (price, distance, tick))
    rounding = ROUND_CEILING if distance > 0 else ROUND_FLOOR
    steps = ((price + distance) / tick).to_integral_value(rounding)
    if steps * tick == price:
        steps += 1 if distance > 0 else -1
    return float(steps * tick)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    tick=st.sampled_from([0.25, 0.1, 0.01, 0.00001, 1.0, 5.0]),
    steps=st.integers(50_000, 500_000),
    width=st.integers(1, 4000),
    side=st.sampled_from([1, -1]),
    sides=st.sampled_from(["long", "both"]),
)
def test_levels_are_the_ticks_of_decimal_arithmetic(tick, steps, width, side, sides):
    price = float(Decimal(steps) * Decimal(str(tick)))
    # Widths in hundredths of a tick: on a tick, between ticks, under one.
    width = float(Decimal(width) / 100 * Decimal(str(tick)))
    rule = ExecutionContract(5, upper=1.5, lower=1.0, tick=tick, sides=sides)
    target, stop = rule.levels(np.array([price]), np.array([width]), side)
    wins, loses = rule.multiples(side)
    up, down = (Decimal(str(m)) * Decimal(str(width)) * side for m in (wins, -loses))
    assert target[0] == exact_level(price, up, tick)
    assert stop[0] == exact_level(price, down, tick)


def test_distances_are_those_of_the_levels_of_an_entry_on_a_tick():
    rule = ExecutionContract(5, upper=1.5, lower=1.0, tick=0.25)
    width = np.random.default_rng(0).uniform(0.01, 9, 500)
    entry = np.full(500, 4321.75)
    for side in (1, -1):
        target, stop = rule.levels(entry, width, side)
        wins, loses = rule.distances(width, side)
        np.testing.assert_array_equal(wins, np.abs(target - entry))
        np.testing.assert_array_equal(loses, np.abs(stop - entry))


def test_an_instrument_brings_its_barriers_and_tick():
    rule = ExecutionContract.for_instrument(get_instrument("MES"), horizon=20)
    assert (rule.horizon, rule.upper, rule.lower, rule.tick) == (20, 1.5, 1.0, 0.25)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("horizon", 0),
        ("horizon", 2.5),
        ("upper", 0.0),
        ("lower", float("nan")),
        ("tick", -1.0),
        ("entry", "open"),
        ("session_end", "invalid"),
        ("sides", "short"),
        ("touch", "low"),
    ],
)
def test_impossible_rules_are_refused_by_name(name, value):
    rule = {"horizon": 5, "upper": 1.0, "lower": 1.0, name: value}
    with pytest.raises(ConfigError, match=f"execution.{name}"):
        ExecutionContract(**rule)


def test_trade_through_needs_a_tick():
    with pytest.raises(ConfigError, match="trade_through"):
        ExecutionContract(5, 1.0, 1.0, trade_through=True)


@pytest.mark.parametrize("name", ["capital", "quantity"])
def test_an_account_needs_capital_and_quantity(name):
    with pytest.raises(ConfigError, match=f"trading.{name}"):
        Account(**{"capital": 1.0, name: 0.0})
