"""Deflation for the trials of a ledger: by hand, on noise, and on other days."""

import numpy as np
import pytest
from scipy import stats

from barwise.datasets.ledger import Trial
from barwise.validation import deflate, deflated_sharpe_ratio, expected_maximum_sharpe
from barwise.validation.deflation import comparable

DAYS = np.arange(18_000, 18_300)


def trial(number, returns, days=DAYS):
    return Trial("model", "SP500", 0, 1, {"number": number}, {}, days, returns)


def noise(seed, count=20, days=DAYS):
    drawn = np.random.default_rng(seed).normal(0, 0.01, (count, len(days)))
    return [trial(number, row, days) for number, row in enumerate(drawn)]


def best_of(trials):
    return max(trials, key=lambda one: one.returns.mean() / one.returns.std())


def test_the_figure_is_that_of_the_formula():
    trials = noise(3)
    best = best_of(trials)
    found = deflate(DAYS, best.returns, trials)
    sharpes = [one.returns.mean() / one.returns.std(ddof=1) for one in trials]
    shared = np.corrcoef([one.returns for one in trials])[np.triu_indices(20, 1)].mean()
    r, variance = best.returns, np.var(sharpes, ddof=1) / (1 - shared)
    moments = (stats.skew(r), stats.kurtosis(r, fisher=False))
    wanted = deflated_sharpe_ratio(max(sharpes), 300, 20, variance, *moments)
    assert found.trials == 20
    assert found.effective_trials == pytest.approx(20, rel=0.1)
    assert found.sharpe_variance == pytest.approx(variance)
    # The paper's benchmark is an approximation, 1 % above the expected best of twenty.
    assert found.deflated == pytest.approx(wanted, abs=0.02)
    # By hand, without a line of the product.
    benchmark = expected_maximum_sharpe(20, variance)
    spread = 1 - moments[0] * max(sharpes) + (moments[1] - 1) / 4 * max(sharpes) ** 2
    z = (max(sharpes) - benchmark) * np.sqrt(299 / spread)
    assert found.deflated == pytest.approx(stats.norm.cdf(z), abs=0.02)


def test_the_best_of_noise_is_claimed_as_rarely_as_promised():
    chances = [
        deflate(DAYS, best_of(one).returns, one) for one in map(noise, range(100))
    ]
    undeflated = np.mean([one.probabilistic > 0.95 for one in chances])
    deflated = np.mean([one.deflated > 0.95 for one in chances])
    assert undeflated > 0.4
    assert deflated <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 100)


@pytest.mark.parametrize("correlation", [0.0, 0.3, 0.5, 0.7, 0.9])
def test_the_best_of_alike_noise_is_claimed_as_rarely_as_promised(correlation):
    rng, days, draws = np.random.default_rng(4), DAYS[:60], 150
    claims = 0
    for _ in range(draws):
        own, common = rng.normal(size=(8, 60)), rng.normal(size=60)
        returns = np.sqrt(1 - correlation) * own + np.sqrt(correlation) * common
        trials = [trial(k, row, days) for k, row in enumerate(returns)]
        claims += deflate(days, best_of(trials).returns, trials).deflated > 0.95
    assert claims / draws <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / draws)


def test_an_edge_survives_twenty_trials():
    trials = noise(5)
    edge = trial("edge", trials[0].returns + 0.003)
    assert deflate(DAYS, edge.returns, [*trials, edge]).deflated > 0.95


def test_variations_of_one_idea_count_once():
    base = noise(1)[0].returns
    rng = np.random.default_rng(2)
    alike = [trial(k, base + rng.normal(0, 0.001, 300)) for k in range(10)]
    found = deflate(DAYS, base, alike)
    assert found.trials == 10
    assert found.effective_trials == pytest.approx(1, abs=0.3)


def test_a_trial_on_other_days_counts_as_one_of_its_own():
    trials = noise(1, 3)
    elsewhere = noise(1, 4, DAYS + 250)
    idle = trial("idle", np.zeros(0), np.zeros(0, np.int64))
    found = deflate(DAYS, trials[0].returns, [*trials, *elsewhere, idle])
    assert found.trials == 8
    assert found.effective_trials == pytest.approx(8, rel=0.1)
    assert comparable(DAYS, [*trials, *elsewhere, idle]).shape == (300, 3)


def test_alike_trials_on_other_days_count_once():
    """A hundred trials of a tuning on the training part are not a hundred ideas."""
    rng, earlier = np.random.default_rng(2), DAYS - 400
    base = noise(1, 1, earlier)[0].returns
    tuned = [
        trial(("tuned", k), base + rng.normal(0, 0.001, 300), earlier)
        for k in range(30)
    ]
    trials = noise(4, 3)
    found = deflate(DAYS, trials[0].returns, [*trials, *tuned])
    assert found.trials == 33
    assert found.effective_trials == pytest.approx(4, abs=0.5)


def test_days_that_a_trial_lacks_are_days_without_a_trade():
    short = noise(1, 1, DAYS[100:])[0]
    table = comparable(DAYS, [short])
    np.testing.assert_array_equal(table[:100, 0], 0.0)
    np.testing.assert_array_equal(table[100:, 0], short.returns)


@pytest.mark.parametrize("days", [DAYS, DAYS[:2], DAYS[:0]], ids=len)
def test_a_result_without_varied_days_has_no_probability(days):
    found = deflate(days, np.zeros(len(days)), noise(1))
    assert np.isnan(found.deflated)
    assert found.trials == 20


def test_two_days_say_nothing():
    assert np.isnan(deflate(DAYS[:2], np.array([0.01, 0.02]), noise(1)).deflated)
