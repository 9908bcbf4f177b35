"""Reality check and SPA: a peer's p-values on the same resamples, right size, power."""

import numpy as np
import pytest
from arch.bootstrap import SPA, StationaryBootstrap
from scipy import stats

from barwise.core.errors import ConfigError, DataError
from barwise.metrics import stationary_sums, stationary_variance
from barwise.validation import (
    reality_check,
    snooping,
    superior_predictive_ability,
)
from oracles import overfitting as oracle

LENGTH, DRAWS = 6, 300


def returns_of(seed, periods=250, strategies=8):
    """Autocorrelated, correlated, of different size, some bad and one hopeless."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(size=(periods, strategies)) + 0.5 * rng.normal(size=(periods, 1))
    for row in range(1, periods):
        steps[row] += 0.3 * steps[row - 1]
    drift = np.linspace(-0.3, 0.1, strategies)
    drift[0] = -1.0
    return (steps + drift) * 0.01 * np.linspace(0.5, 3, strategies)


@pytest.mark.parametrize("length", [1, 4.5, 30])
def test_resampled_sums_are_those_of_drawn_rows(length):
    terms = np.random.default_rng(0).normal(size=(40, 3))
    sums = stationary_sums(terms, mean_block_length=length, n_resamples=25, seed=7)
    drawn = oracle.stationary_rows(40, length, 25, 7)
    np.testing.assert_allclose(sums, [terms[rows].sum(axis=0) for rows in drawn])


@pytest.mark.parametrize("length", [1, 4.5, 30])
def test_the_variance_is_hansens_and_that_of_many_resamples(length):
    x = returns_of(1, periods=120)
    found = stationary_variance(x, mean_block_length=length)
    wanted = [oracle.hansen_variance(column, length) for column in x.T]
    np.testing.assert_allclose(found, wanted, rtol=1e-9)
    sums = stationary_sums(x, mean_block_length=length, n_resamples=4000)
    np.testing.assert_allclose(sums.var(axis=0) / len(x), found, rtol=0.15)


@pytest.fixture
def drawn_by_arch(monkeypatch):
    """Let our tests see the resamples of the peer."""

    def sums(terms, *, mean_block_length, n_resamples, seed):
        bootstrap = StationaryBootstrap(mean_block_length, terms, seed=seed)
        return np.array(
            [data[0][0].sum(axis=0) for data in bootstrap.bootstrap(n_resamples)]
        )

    monkeypatch.setattr(snooping, "stationary_sums", sums)


def peer(excess):
    """P-values of the peer, counted as ours are: the observed one among them."""
    test = SPA(np.zeros(len(excess)), -excess, block_size=LENGTH, reps=DRAWS, seed=3)
    test.compute()
    return (test.pvalues.to_numpy() * DRAWS + 1) / (DRAWS + 1)


OPTIONS = {"mean_block_length": LENGTH, "n_resamples": DRAWS, "seed": 3}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.usefixtures("drawn_by_arch")
def test_the_reality_check_is_the_peers(seed):
    excess = returns_of(seed)
    found = reality_check(excess, **OPTIONS)
    lower, _, upper = peer(excess)
    assert (found.p_lower, found.p_value, found.p_upper) == (lower, upper, upper)
    assert found.best == excess.mean(axis=0).argmax()
    assert found.statistic == pytest.approx(np.sqrt(250) * excess.mean(axis=0).max())


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.usefixtures("drawn_by_arch")
def test_superior_predictive_ability_is_the_peers(seed):
    """The peer's statistic is not studentised (its variances only choose what is moved),
    so it is given returns in units of Hansen's deviation."""
    excess = returns_of(seed)
    deviation = np.sqrt([oracle.hansen_variance(x, LENGTH) for x in excess.T])
    found = superior_predictive_ability(excess, **OPTIONS)
    assert (found.p_lower, found.p_value, found.p_upper) == tuple(
        peer(excess / deviation)
    )
    observed = np.sqrt(250) * excess.mean(axis=0) / deviation
    assert found.best == observed.argmax()
    assert found.statistic == pytest.approx(observed.max())


def test_leverage_moves_the_reality_check_only():
    returns = returns_of(2)
    leverage = np.array([1, 1, 1, 1, 1, 1, 1, 8.0])
    one, other = (superior_predictive_ability(x) for x in (returns, returns * leverage))
    assert one.p_value == other.p_value
    assert one.statistic == pytest.approx(other.statistic)
    one, other = (reality_check(x) for x in (returns, returns * leverage))
    assert one.p_value != other.p_value


def test_a_benchmark_is_taken_off():
    returns, market = returns_of(4), returns_of(5)[:, 3]
    for test in (reality_check, superior_predictive_ability):
        assert test(returns, market) == test(returns - market[:, None])


def test_without_an_edge_a_test_of_five_percent_rejects_in_five_percent():
    rng = np.random.default_rng(11)
    draws = 150
    options = {"n_resamples": 200, "mean_block_length": 3}
    worst = stats.binom.ppf(0.995, draws, 0.05)
    rejected = np.zeros(3)
    for _ in range(draws):
        returns = rng.normal(size=(150, 12))
        alone = stats.ttest_1samp(returns, 0, alternative="greater").pvalue.min()
        rejected += [
            reality_check(returns, **options).p_value < 0.05,
            superior_predictive_ability(returns, **options).p_value < 0.05,
            alone < 0.05,
        ]
    assert rejected[0] <= worst
    assert rejected[1] <= worst
    # What one finds who does not count the trials.
    assert rejected[2] > 3 * worst


def test_hopeless_strategies_blunt_the_reality_check_only():
    """Hansen (2005): a poor strategy of large variance hides a good one."""
    rng = np.random.default_rng(5)
    returns = rng.normal(0, 0.01, (500, 30))
    returns[:, 0] += 0.0015
    returns[:, 1:] = (returns[:, 1:] - 0.005) * 10
    assert superior_predictive_ability(returns).p_value < 0.01
    assert reality_check(returns).p_value > 0.2


def test_idle_strategies_are_no_evidence():
    returns = returns_of(6)
    found = superior_predictive_ability(np.c_[np.zeros(250), returns])
    assert np.isfinite(found.p_value)
    losing = superior_predictive_ability(np.c_[np.zeros(250), returns - 0.1])
    assert (losing.best, losing.statistic, losing.p_value) == (0, 0.0, 1.0)


def test_what_cannot_be_tested_is_named():
    with pytest.raises(DataError, match="strategy 1 is always the same distance"):
        reality_check(np.c_[returns_of(0)[:, 0], np.full(250, 0.01)])
    with pytest.raises(DataError, match="at least 20 periods"):
        superior_predictive_ability(returns_of(0)[:10])
    with pytest.raises(DataError, match="each of 250 periods"):
        reality_check(returns_of(0), np.zeros(249))
    with pytest.raises(DataError, match="blocks of 300 rows do not fit 250"):
        reality_check(returns_of(0), mean_block_length=300)
    with pytest.raises(ConfigError, match="n_resamples must be a whole number >= 1"):
        reality_check(returns_of(0), n_resamples=0)
