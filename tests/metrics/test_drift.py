"""Drift: alarms at the stated rate where nothing moved, however slow a column is."""

import math

import numpy as np
import pytest
from scipy.signal import lfilter
from scipy.stats import binom, ks_2samp, wasserstein_distance

from barwise.metrics import drift_of, integrated_time

GAP = 60


def slow(rng, rows, phi):
    """Return a stationary AR(1) column of variance 1."""
    shocks = rng.normal(size=rows + 2000)
    return lfilter([1.0], [1.0, -phi], shocks)[2000:] * math.sqrt(1 - phi**2)


def parts(x, share=0.82):
    cut = int(share * len(x))
    return x[:cut], x[cut + GAP :]


@pytest.mark.parametrize(
    ("phi", "rows", "plain"), [(0.0, 3000, 0.0), (0.9, 8000, 0.5), (0.99, 24_000, 0.9)]
)
def test_a_column_that_did_not_move_alarms_at_the_stated_rate(phi, rows, plain):
    rng = np.random.default_rng(int(1000 * phi))
    times = 160
    series = [parts(slow(rng, rows, phi)) for _ in range(times)]
    found = [drift_of(*one, deals=500) for one in series]
    alarms = sum(one.p_value <= 0.05 for one in found)
    assert binom.ppf(0.001, times, 0.03) <= alarms <= binom.ppf(0.999, times, 0.05)
    assert np.mean([one.told for one in found]) > 0.7
    for one in found:
        # Threshold and p-value are two words for the same.
        if one.told:
            assert (one.psi > one.threshold) == (one.p_value <= 0.05)
    textbook = np.mean([ks_2samp(*one).pvalue <= 0.05 for one in series])
    assert textbook >= plain


@pytest.mark.parametrize("phi", [0.0, 0.9, 0.98])
def test_a_shift_of_one_deviation_is_found(phi):
    rng = np.random.default_rng(5)
    for _ in range(10):
        before, after = parts(slow(rng, 24_000, phi))
        found = drift_of(before, after + 1.0)
        assert found.p_value <= 0.05
        assert found.distance == pytest.approx(1.0, abs=0.5)


def test_quiet_and_wild_stretches_are_no_drift_and_more_of_the_wild_is():
    """Returns are not autocorrelated; how wild they are is."""
    rng = np.random.default_rng(2)
    alarms = 0
    for _ in range(60):
        wild = np.exp(slow(rng, 12_000, 0.98))
        returns = wild * rng.normal(size=len(wild))
        alarms += drift_of(*parts(returns), deals=500).p_value <= 0.05
    assert alarms <= binom.ppf(0.999, 60, 0.05)
    before, after = parts(rng.normal(size=12_000))
    assert drift_of(before, 1.5 * after).p_value < 0.001


def test_what_is_too_slow_is_not_judged():
    before, after = parts(slow(np.random.default_rng(1), 10_000, 0.999))
    found = drift_of(before, after + 3)
    assert not found.told
    assert math.isnan(found.p_value)
    assert math.isnan(found.threshold)
    assert found.psi > 1
    assert found.distance > 1


@pytest.mark.parametrize("phi", [0.0, 0.5, 0.9, 0.98])
def test_the_time_of_a_column_is_that_of_theory(phi):
    rng = np.random.default_rng(3)
    found = [integrated_time(slow(rng, 20_000, phi)) for _ in range(20)]
    assert np.mean(found) == pytest.approx((1 + phi) / (1 - phi), rel=0.15)
    long = slow(rng, 200_000, 0.99)
    assert integrated_time(long) == pytest.approx(199, rel=0.3)


def index_of(before, after, edges):
    """Population stability index by a loop; half a row in every bin."""
    total, bins = 0.0, range(len(edges) + 1)
    p = [sum(np.searchsorted(edges, before) == i) + 0.5 for i in bins]
    q = [sum(np.searchsorted(edges, after) == i) + 0.5 for i in bins]
    for one, other in zip(p, q, strict=True):
        share, new = one / sum(p), other / sum(q)
        total += (new - share) * math.log(new / share)
    return total


def test_index_and_p_value_are_those_of_a_loop_over_rows():
    rng = np.random.default_rng(4)
    before, after = rng.normal(size=400), rng.normal(0.35, 1, size=100)
    found = drift_of(before, after, deals=200, seed=7)
    both = np.concatenate([before, after])
    edges = np.quantile(both, np.arange(1, 10) / 10, method="higher")
    assert found.psi == pytest.approx(index_of(before, after, edges))
    assert found.distance == pytest.approx(
        wasserstein_distance(before, after) / before.std()
    )
    one, other = found.blocks
    cut = []
    for part, blocks in ((before, one), (after, other)):
        numbers = [row * blocks // len(part) for row in range(len(part))]
        cut += [part[np.array(numbers) == number] for number in range(blocks)]
    assert {len(block) for block in cut} <= {found.block, found.block + 1}
    seen = index_of(before, after, edges)
    ranks = np.random.default_rng(7).random((200, one + other)).argsort(axis=1)
    dealt = []
    for order in ranks:
        last = order < other
        groups = [
            np.concatenate(
                [part for part, mine in zip(cut, last, strict=True) if mine == late]
            )
            for late in (False, True)
        ]
        dealt.append(index_of(*groups, edges))
    wanted = (1 + sum(value >= seen - 1e-12 for value in dealt)) / 201
    assert found.p_value == pytest.approx(wanted)
    assert found.threshold == pytest.approx(np.quantile(dealt, 0.95, method="higher"))


def test_columns_of_few_values_are_compared_by_value():
    rng = np.random.default_rng(0)
    flag = (rng.random(5000) < 0.3).astype(np.float32)
    assert drift_of(flag[:4000], flag[4000:]).p_value > 0.05
    more = (rng.random(1000) < 0.5).astype(np.float32)
    assert drift_of(flag[:4000], more).p_value < 0.001
    found = drift_of(np.zeros(900), np.ones(300))
    assert found.p_value < 0.01
    assert math.isnan(found.distance)
