"""Effective number of trials, and planted groups that are found, whatever the order."""

import numpy as np
import pytest
from scipy import integrate, stats

from barwise.core.errors import ConfigError, DataError
from barwise.validation import cluster_trials, effective_number_of_trials


def variations(ideas, tries, noise, seed=0, periods=750):
    rng = np.random.default_rng(seed)
    base = np.repeat(rng.normal(size=(periods, ideas)), tries, axis=1)
    return base + noise * rng.normal(size=base.shape)


@pytest.mark.parametrize(
    ("ideas", "tries"), [(1, 40), (2, 10), (10, 20), (25, 4), (60, 1)]
)
def test_planted_ideas_are_found(ideas, tries):
    """As the block matrices of Lopez de Prado and Lewis (2019), exhibit 2; their method
    cannot return the first and the last case."""
    returns = variations(ideas, tries, noise=0.6)
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


def test_a_strategy_and_its_reverse_are_two_ideas():
    returns = variations(1, 4, noise=0.2)
    assert cluster_trials(np.c_[returns, -returns]).tolist() == [0] * 4 + [1] * 4
    # One of the two always gains: the mean of |z| is that of the best of almost three.
    count = effective_number_of_trials(np.c_[returns[:, 0], -returns[:, 0]])
    assert expected(count) == pytest.approx(np.sqrt(2 / np.pi), rel=0.03)


def test_strategies_that_never_trade_are_one():
    returns = np.c_[np.zeros((750, 3)), variations(2, 3, noise=0.2)]
    assert cluster_trials(returns).tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert effective_number_of_trials(np.zeros((10, 1))) == 1
    assert effective_number_of_trials(np.zeros((10, 4))) == 1


def test_a_higher_limit_finds_more_groups():
    returns = variations(5, 6, noise=1.0)
    counts = [cluster_trials(returns, limit).max() + 1 for limit in (0.2, 0.4, 0.9)]
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
    assert 3 <= cluster_trials(chain).max() + 1 <= 6


# --- how many independent ones -----------------------------------------------------------


def expected(count):
    """Expected maximum of normals, by SciPy's quadrature."""

    def term(x):
        return x * count * stats.norm.pdf(x) * stats.norm.cdf(x) ** (count - 1)

    return integrate.quad(term, -9, 9)[0]


def equally_correlated(count, correlation, periods=400):
    """Returns whose sample correlations are exactly these."""
    rng = np.random.default_rng(5)
    drawn = rng.normal(size=(periods, count + 1))
    own = np.linalg.qr(drawn - drawn.mean(axis=0))[0]
    shared = own[:, [count]] * np.sqrt(correlation)
    return shared + own[:, :count] * np.sqrt(1 - correlation)


@pytest.mark.parametrize("correlation", [0.0, 0.3, 0.7, 0.95])
@pytest.mark.parametrize("count", [2, 8, 50])
def test_the_best_of_correlated_trials_is_as_lucky_as_theory_says(count, correlation):
    """Of equally correlated normals the expected best is that of independent ones,
    times the root of what they do not share (Owen and Steck, 1962)."""
    returns = equally_correlated(count, correlation)
    wanted = np.sqrt(1 - correlation) * expected(count)
    found = effective_number_of_trials(returns)
    assert expected(found) == pytest.approx(wanted, rel=0.03)
    if not correlation:
        assert found == pytest.approx(count, rel=0.1)


def test_copies_are_no_further_trials():
    one = np.random.default_rng(1).normal(size=(300, 1))
    assert effective_number_of_trials(np.repeat(one, 30, axis=1)) == pytest.approx(1)
    few = equally_correlated(5, 0.0)
    count = effective_number_of_trials(np.repeat(few, 10, axis=1))
    assert count == pytest.approx(5, rel=0.06)
