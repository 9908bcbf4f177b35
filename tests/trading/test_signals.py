import numpy as np
import pytest

from barwise.core.errors import DataError
from barwise.trading import (
    Costs,
    ExecutionContract,
    expected_values,
    signals_from_probabilities,
)

MES = Costs(tick_size=0.25, multiplier=5.0, commission=0.62, slippage_ticks=1)
RULE = ExecutionContract(horizon=20, upper=1.5, lower=1.0, tick=0.25)


def test_expected_values_by_hand():
    # ATR 2.1: upper 3.15 -> 3.25, lower 2.10 -> 2.25 (away from the entry, on the tick).
    # A time-out of a long returns exp(0.0004) - 1 of 5000 = 2.0004 points; 3.74 dollars
    # of costs are 0.748 points.
    # long : 0.5 x 3.25 - 0.2 x 2.25 + 0.3 x 2.0004 - 0.748 = 1.02712
    # short: 0.2 x 2.25 - 0.5 x 3.25 - 0.3 x 2.0004 - 0.748 = -2.52312
    values = expected_values(
        np.array([[0.2, 0.3, 0.5]], np.float32),
        np.array([5000.0]),
        np.array([2.1]),
        RULE,
        MES,
        timeout_returns=(0.0004, 0.0004),
    )
    np.testing.assert_allclose(values, [[1.02712, -2.52312]], atol=1e-6)


def test_mirrored_barriers_have_their_own_values():
    # A short of both sides wins 3.25 and loses 2.25; its time-outs have their own mean.
    both = ExecutionContract(20, 1.5, 1.0, tick=0.25, sides="both")
    values = expected_values(
        np.array([[0.5, 0.3, 0.2]]),
        np.array([5000.0]),
        np.array([2.1]),
        both,
        MES,
        timeout_returns=(0.0, -0.0004),
    )
    short = 0.5 * 3.25 - 0.2 * 2.25 - 0.3 * 5000 * np.expm1(-0.0004) - 0.748
    np.testing.assert_allclose(values[0], [0.2 * 3.25 - 0.5 * 2.25 - 0.748, short])


def test_nothing_is_traded_where_something_is_missing():
    p = np.array([[0.0, 0.0, 1.0]] * 4 + [[1.0, 0.0, 0.0]])
    p[1] = np.nan
    width = np.array([4.0, 4.0, np.nan, 0.0, 4.0])
    found = signals_from_probabilities(p, np.full(5, 5000.0), width, RULE, MES)
    np.testing.assert_array_equal(found, [1, 0, 0, 0, -1])
    assert found.dtype == np.int8


def test_a_cost_above_the_barrier_stops_every_trade():
    p, close, width = np.eye(3), np.full(3, 5000.0), np.full(3, 0.25)
    assert not signals_from_probabilities(p, close, width, RULE, MES).any()


def test_each_signal_is_the_better_side_if_it_pays():
    g = np.random.default_rng(1)
    p, close = g.dirichlet(np.ones(3), 2000), np.full(2000, 5000.0)
    width = g.uniform(1, 10, 2000)
    values = expected_values(p, close, width, RULE, MES)
    found = signals_from_probabilities(p, close, width, RULE, MES)
    for (long, short), signal in zip(values, found, strict=True):
        best = max(long, short, 0.0)
        assert signal == {long: 1, short: -1, 0.0: 0}[best]
    assert set(found.tolist()) == {-1, 0, 1}


def test_a_binary_model_has_no_sides():
    with pytest.raises(DataError, match=r"shape \(1, 2\)"):
        expected_values(np.ones((1, 2)) / 2, np.ones(1), np.ones(1), RULE, MES)
