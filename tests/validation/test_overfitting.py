"""Probability of backtest overfitting: equal to the loop, right on known strategies."""

import math

import numpy as np
import purgedcv
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barwise.core.errors import ConfigError, DataError
from barwise.validation import overfitting, probability_of_backtest_overfitting
from oracles.overfitting import cscv


def noise(seed, periods=400, strategies=10):
    return np.random.default_rng(seed).normal(0, 0.01, (periods, strategies))


@settings(max_examples=40)
@given(
    seed=st.integers(0, 10**6),
    periods=st.integers(12, 40),
    strategies=st.integers(2, 6),
    blocks=st.sampled_from([2, 4, 6]),
    idle=st.booleans(),
)
def test_equals_the_loop_over_splits(seed, periods, strategies, blocks, idle):
    returns = noise(seed, periods, strategies)
    if idle:
        returns[:, 0] = 0.0
        returns[: periods // 2, 1] = 0.01
    found = probability_of_backtest_overfitting(returns, blocks)
    wanted = np.array(sorted(cscv(returns, blocks)))
    ours = np.stack([found.logits, found.in_sample, found.out_of_sample], axis=1)
    order = np.lexsort(np.round(ours, 9).T[::-1])
    theirs = np.lexsort(np.round(wanted, 9).T[::-1])
    np.testing.assert_allclose(ours[order], wanted[theirs], rtol=1e-9, atol=1e-12)
    assert found.pbo == np.mean(wanted[:, 0] <= 0)
    assert found.probability_of_loss == np.mean(wanted[:, 2] < 0)
    if np.ptp(found.in_sample) < 1e-9:
        return
    slope, intercept = np.polyfit(found.in_sample, found.out_of_sample, 1)
    assert (found.slope, found.intercept) == pytest.approx((slope, intercept), rel=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_a_peer_finds_the_same(seed):
    returns = noise(seed)
    returns[:, 0] += 0.001
    ours = probability_of_backtest_overfitting(returns, 8)
    # With an even number of strategies no rank is the median itself.
    theirs = purgedcv.probability_of_backtest_overfitting(returns.T, n_splits=8)
    assert len(ours.logits) == theirs.n_combos == 70
    assert ours.pbo == pytest.approx(theirs.pbo)
    assert ours.slope == pytest.approx(theirs.slope)
    np.testing.assert_allclose(np.sort(ours.logits), np.sort(theirs.logits))


def test_noise_is_overfitted_in_half_of_the_splits():
    """Bailey, Borwein, Lopez de Prado and Zhu (2017), section 6: without skill the
    choice says nothing about the rank out of sample."""
    found = [probability_of_backtest_overfitting(noise(k), 10).pbo for k in range(40)]
    assert 0.4 < np.mean(found) < 0.6


def test_a_true_strategy_is_not_overfitted():
    returns = noise(0, 1000, 50)
    returns[:, 17] += 0.003
    found = probability_of_backtest_overfitting(returns)
    assert len(found.logits) == math.comb(16, 8) == 12_870
    assert found.pbo < 0.001
    assert found.probability_of_loss < 0.001
    assert found.dominance.first_order
    assert found.dominance.second_order


def test_where_all_do_equally_well_in_the_end_the_best_half_is_followed_by_the_worst():
    """The same paper, section 6: strategies with one mean over all periods lose in one
    half what they gain in the other."""
    returns = noise(1, 800, 20)
    returns -= returns.mean(axis=0)
    found = probability_of_backtest_overfitting(returns, 10)
    assert found.pbo > 0.95
    assert found.slope < -0.8
    assert not found.dominance.second_order


def test_the_order_and_the_leverage_of_strategies_do_not_matter():
    returns = noise(5)
    found = probability_of_backtest_overfitting(returns, 8)
    order = np.random.default_rng(0).permutation(returns.shape[1])
    leverage = 2.0 ** np.arange(returns.shape[1])
    other = probability_of_backtest_overfitting((returns * leverage)[:, order], 8)
    np.testing.assert_array_equal(found.logits, other.logits)
    np.testing.assert_array_equal(found.out_of_sample, other.out_of_sample)


def test_chunks_do_not_matter(monkeypatch):
    returns = noise(6)
    whole = probability_of_backtest_overfitting(returns, 8)
    monkeypatch.setattr(overfitting, "_VALUES_A_CHUNK", 30)
    pieces = probability_of_backtest_overfitting(returns, 8)
    np.testing.assert_array_equal(np.sort(whole.logits), np.sort(pieces.logits))
    assert (whole.pbo, whole.dominance.second_order) == (
        pieces.pbo,
        pieces.dominance.second_order,
    )
    np.testing.assert_array_equal(
        whole.dominance.any_strategy, pieces.dominance.any_strategy
    )


def test_distributions_are_those_of_all_splits():
    returns = noise(8, 120, 3)
    found = probability_of_backtest_overfitting(returns, 4).dominance
    blocks = np.array_split(np.arange(120), 4)
    values = []
    for one in range(4):
        for other in range(one):
            rows = np.r_[blocks[one], blocks[other]]
            values += list(
                returns[rows].mean(axis=0) / returns[rows].std(axis=0, ddof=1)
            )
    share = [np.mean(np.array(values) <= x + 1e-12) for x in found.sharpe]
    np.testing.assert_allclose(found.any_strategy, share, atol=0.03)
    assert found.chosen[-1] == found.any_strategy[-1] == 1
    assert (np.diff(found.chosen) >= 0).all()


def test_strategies_that_never_trade_decide_nothing():
    returns = noise(2, 200, 6)
    idle = np.zeros((200, 3))
    found = probability_of_backtest_overfitting(np.c_[idle, returns - 1], 4)
    assert np.isfinite(found.logits).all()
    # All others lose, so one of the idle ones is chosen; it is never beaten by them.
    assert (found.out_of_sample == 0).all()
    assert found.pbo == 0
    assert math.isnan(found.slope)


@pytest.mark.parametrize(
    ("returns", "blocks", "error", "says"),
    [
        (noise(0), 7, ConfigError, "even, from 2 to 24, got 7"),
        (noise(0), 0, ConfigError, "n_blocks must be a whole number >= 2, got 0"),
        (noise(0), True, ConfigError, "n_blocks must be a whole number"),
        ([["a", "b"]] * 40, 4, DataError, "must be a table of numbers"),
        (noise(0), 26, ConfigError, "even, from 2 to 24"),
        (noise(0)[:31], 16, DataError, "at least 32 periods and 2 strategies"),
        (noise(0)[:, :1], 16, DataError, r"got shape \(400, 1\)"),
        (noise(0)[:, 0], 16, DataError, r"got shape \(400,\)"),
        (
            np.where(noise(0) > 0.03, np.nan, 0),
            16,
            DataError,
            r"returns\[\d+, \d+\] is nan",
        ),
    ],
)
def test_what_cannot_be_judged_is_named(returns, blocks, error, says):
    with pytest.raises(error, match=says):
        probability_of_backtest_overfitting(returns, blocks)
