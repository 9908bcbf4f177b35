import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.calibration import calibration_curve

from barwise.core.errors import DataError
from barwise.metrics import expected_calibration_error, reliability_curve


def sample(n=2000, seed=0):
    g = np.random.default_rng(seed)
    p = g.beta(2, 3, n)
    return g.random(n) < p**1.3, p


@pytest.mark.parametrize(
    ("binning", "strategy"), [("equal_width", "uniform"), ("equal_mass", "quantile")]
)
def test_the_curve_is_scikit_learns(binning, strategy):
    event, p = sample()
    curve = reliability_curve(event, p, n_bins=10, binning=binning)
    frequency, mean = calibration_curve(event, p, n_bins=10, strategy=strategy)
    # scikit-learn interpolates quantiles: a row may change bins.
    tolerance = 0.01 if binning == "equal_mass" else 1e-12
    np.testing.assert_allclose(curve.frequency, frequency, atol=tolerance)
    np.testing.assert_allclose(curve.probability, mean, atol=tolerance)
    assert curve.count.sum() == len(p)
    if binning == "equal_mass":
        assert np.ptp(curve.count) <= 1


def test_intervals_are_wilsons_and_shrink_to_independent_rows():
    event, p = sample(400)
    plain = reliability_curve(event, p, n_bins=4)
    for k in range(4):
        hits = round(plain.frequency[k] * plain.count[k])
        bounds = binomtest(hits, int(plain.count[k])).proportion_ci(method="wilson")
        assert (plain.lower[k], plain.upper[k]) == pytest.approx(
            (bounds.low, bounds.high)
        )
    # Labels that share nine tenths of their bars: a tenth of the rows counts.
    shared = reliability_curve(event, p, n_bins=4, uniqueness=np.full(400, 0.1))
    np.testing.assert_array_equal(shared.frequency, plain.frequency)
    ratio = (shared.upper - shared.lower) / (plain.upper - plain.lower)
    assert np.all((ratio > 2.4) & (ratio < np.sqrt(10) + 0.1))


def test_equal_probabilities_share_a_bin():
    event = np.array([True, False] * 50)
    curve = reliability_curve(event, np.full(100, 0.3), n_bins=10)
    assert curve.count.tolist() == [100]
    assert curve.frequency.tolist() == [0.5]


def test_calibration_error_by_a_plain_loop():
    right, p = sample(3000, seed=1)
    total = 0.0
    for k in range(15):
        inside = [i for i in range(3000) if k / 15 < p[i] <= (k + 1) / 15]
        if inside:
            accuracy = sum(bool(right[i]) for i in inside) / len(inside)
            confidence = sum(p[i] for i in inside) / len(inside)
            total += len(inside) / 3000 * abs(accuracy - confidence)
    assert expected_calibration_error(right, p) == pytest.approx(total)
    twice = expected_calibration_error(np.r_[right, right[:100]], np.r_[p, p[:100]])
    weight = np.where(np.arange(3000) < 100, 2.0, 1.0)
    assert expected_calibration_error(right, p, weights=weight) == pytest.approx(twice)


def test_honest_probabilities_have_a_small_error():
    g = np.random.default_rng(7)
    p = g.uniform(0.4, 1.0, 50_000)
    assert expected_calibration_error(g.random(50_000) < p, p) < 0.01
    assert expected_calibration_error(g.random(50_000) < p - 0.2, p) == pytest.approx(
        0.2, abs=0.01
    )


def test_no_rows_are_undefined_and_broken_ones_named():
    assert np.isnan(expected_calibration_error(np.zeros(0, bool), np.zeros(0)))
    with pytest.raises(DataError, match="probability of row 1 is nan"):
        expected_calibration_error(np.ones(2, bool), np.array([0.5, np.nan]))
    assert len(reliability_curve(np.zeros(0, bool), np.zeros(0)).count) == 0
