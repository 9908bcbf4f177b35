"""Effective number of trials: planted groups are found, whatever the order."""

import numpy as np
import pytest

from barwise.core.errors import ConfigError, DataError
from barwise.validation import cluster_trials, effective_number_of_trials


def variations(ideas, tries, noise, seed=0, periods=750):
    rng = np.random.default_rng(seed)
    base = np.repeat(rng.normal(size=(periods, ideas)), tries, axis=1)
    return base + noise * rng.normal(size=base.shape)


@pytest.mark.parametrize(
    ("ideas", "tries"), [(1, 40), (2, 10), (10, 20), (25, 4), (60, 1)]
)
def test_planted_ideas_are_counted(ideas, tries):
    """As the block matrices of Lopez de Prado and Lewis (2019), exhibit 2; their method
    cannot return the first and the last case."""
    returns = variations(ideas, tries, noise=0.6)
    assert effective_number_of_trials(returns) == ideas
    np.testing.assert_array_equal(
        cluster_trials(returns), np.repeat(np.arange(ideas), tries)
    )


def test_order_scale_and_drift_do_not_matter():
    returns = variations(6, 5, noise=0.6)
    order = np.random.default_rng(1).permutation(30)
    changed = (returns * np.linspace(0.1, 9, 30) + np.linspace(-1, 1, 30))[:, order]
    one, other = cluster_trials(returns)[order], cluster_trials(changed)
    assert ((one[:, None] == one) == (other[:, None] == other)).all()
    assert other[0] == 0
    assert [k for i, k in enumerate(other) if k not in other[:i]] == list(range(6))


def test_a_strategy_and_its_reverse_are_two():
    returns = variations(1, 4, noise=0.2)
    assert effective_number_of_trials(np.c_[returns, -returns]) == 2


def test_strategies_that_never_trade_are_one():
    returns = np.c_[np.zeros((750, 3)), variations(2, 3, noise=0.2)]
    assert cluster_trials(returns).tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert effective_number_of_trials(np.zeros((10, 1))) == 1


def test_a_higher_limit_counts_more_trials():
    returns = variations(5, 6, noise=1.0)
    counts = [effective_number_of_trials(returns, limit) for limit in (0.2, 0.4, 0.9)]
    assert counts == [5, 5, 30]


def test_what_cannot_be_clustered_is_named():
    with pytest.raises(ConfigError, match="below 1, got 1"):
        cluster_trials(np.zeros((10, 2)), 1.0)
    with pytest.raises(DataError, match="at least 3 periods"):
        cluster_trials(np.zeros((2, 2)))


def test_a_chain_of_variations_is_not_one_trial():
    """Each strategy resembles the next, with a correlation of 0.8; the ends differ."""
    fresh = np.random.default_rng(2).normal(size=(2000, 12))
    chain = fresh.copy()
    for column in range(1, 12):
        chain[:, column] = 0.8 * chain[:, column - 1] + 0.6 * fresh[:, column]
    assert np.corrcoef(chain[:, 0], chain[:, -1])[0, 1] < 0.2
    assert 3 <= effective_number_of_trials(chain) <= 6
