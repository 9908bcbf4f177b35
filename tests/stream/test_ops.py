"""Every op against a slow definition or another library, in float64."""

import math
import statistics

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

from barwise.stream import column
from barwise.stream import expr as ex
from barwise.testing.evaluate import evaluate
from oracles.volume_profile import histogram, value_area

RNG = np.random.default_rng(11)
ROWS = 3000
X = 5000 + np.cumsum(RNG.standard_normal(ROWS))
Y = 0.3 * X + RNG.standard_normal(ROWS)
# Level jumps and constant stretches are where running sums lose their digits.
X[1000:1300] = X[1000]
X[2000:] += 1e6
S, T = pd.Series(X), pd.Series(Y)
x, y = column("x"), column("y")

WINDOWS = [2, 3, 7, 20, 100]


def value(expression, **columns):
    return evaluate({"out": expression}, columns or {"x": X, "y": Y})["out"]


def slow(window, function, *series):
    out = np.full(ROWS, np.nan)
    for i in range(window - 1, ROWS):
        out[i] = function(*(s[i - window + 1 : i + 1] for s in series))
    return out


@pytest.mark.parametrize("w", WINDOWS)
def test_rolling_sum_is_fsum(w):
    np.testing.assert_allclose(
        value(ex.rolling_sum(x, w)), slow(w, math.fsum, X), rtol=1e-14
    )


@pytest.mark.parametrize("w", WINDOWS)
def test_rolling_variance_is_the_exact_rational_one(w):
    """Within the rounding that a mean at this price level costs."""
    ours = value(ex.rolling_var(x, w))
    for i in range(w - 1, ROWS, 13):
        window = X[i - w + 1 : i + 1]
        exact = statistics.pvariance(window.tolist())
        rounding = 8 * np.finfo(float).eps * abs(window.mean()) * math.sqrt(exact)
        assert abs(ours[i] - exact) <= 1e-12 * exact + rounding
    assert (ours[1000 + w : 1300] == 0.0).all()


@pytest.mark.parametrize("w", WINDOWS)
def test_rolling_covariance_is_numpys(w):
    def covariance(a, b):
        return np.mean((a - a.mean()) * (b - b.mean()))

    expected = slow(w, covariance, X, Y)
    scale = np.nanmax(np.abs(expected))
    np.testing.assert_allclose(
        value(ex.rolling_cov(x, y, w)), expected, rtol=1e-8, atol=1e-13 * scale
    )


@pytest.mark.parametrize("w", WINDOWS)
def test_rolling_extremes_are_pandas(w):
    np.testing.assert_array_equal(value(ex.rolling_max(x, w)), S.rolling(w).max())
    np.testing.assert_array_equal(value(ex.rolling_min(x, w)), S.rolling(w).min())


@pytest.mark.parametrize("w", WINDOWS)
def test_age_of_an_extreme_takes_the_latest_of_equals(w):
    coarse = np.round(X / 3)
    latest = slow(w, lambda v: w - 1 - np.flatnonzero(v == v.max())[-1], coarse)
    np.testing.assert_array_equal(value(ex.rows_since_max(x, w), x=coarse), latest)
    latest = slow(w, lambda v: w - 1 - np.flatnonzero(v == v.min())[-1], coarse)
    np.testing.assert_array_equal(value(ex.rows_since_min(x, w), x=coarse), latest)


@pytest.mark.parametrize("w", WINDOWS)
def test_rank_is_scipys_percentile_of_the_others(w):
    coarse = np.round(X / 3)

    def rank(v):
        return stats.percentileofscore(v[:-1], v[-1], kind="mean") / 100.0

    np.testing.assert_allclose(
        value(ex.rolling_rank(x, w), x=coarse), slow(w, rank, coarse), atol=1e-12
    )


@pytest.mark.parametrize("w", WINDOWS)
@pytest.mark.parametrize("q", [0.0, 0.25, 0.5, 0.9, 1.0])
def test_quantile_is_numpys(w, q):
    expected = slow(w, lambda v: np.quantile(v, q), X)
    np.testing.assert_allclose(
        value(ex.rolling_quantile(x, w, q)), expected, rtol=1e-13
    )


@pytest.mark.parametrize("w", [2, 5, 14, 50])
def test_slope_is_polyfits(w):
    t = np.arange(w)
    expected = slow(w, lambda v: stats.linregress(t, v).slope, X)
    scale = np.nanmax(np.abs(expected))
    np.testing.assert_allclose(
        value(ex.rolling_slope(x, w)), expected, rtol=1e-8, atol=1e-12 * scale
    )


@pytest.mark.parametrize("w", [1, 2, 5, 14, 50])
def test_weighted_means_are_numpys(w):
    weights = np.arange(1.0, w + 1)
    expected = slow(w, lambda v: np.average(v, weights=weights), X)
    np.testing.assert_allclose(value(ex.wma(x, w)), expected, rtol=1e-12)
    ours = value(ex.fir(x, weights / weights.sum()))
    np.testing.assert_allclose(ours, expected, rtol=1e-12)


@pytest.mark.parametrize("w", [1, 3, 20])
def test_mean_absolute_deviation_is_the_loops(w):
    ours = value(ex.rolling_mad(x, ex.rolling_mean(x, w), w))
    expected = slow(w, lambda v: np.mean(np.abs(v - v.mean())), X)
    np.testing.assert_allclose(ours, expected, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("w", [1, 2, 20, 100])
def test_entropy_is_scipys_of_the_counts(w):
    kinds = RNG.integers(0, 5, ROWS).astype(float)
    expected = slow(w, lambda v: stats.entropy(np.bincount(v.astype(int))), kinds)
    ours = value(ex.rolling_entropy(x, w, 5), x=kinds)
    np.testing.assert_allclose(ours, expected, rtol=1e-12, atol=1e-14)


def test_entropy_skips_what_is_no_kind():
    odd = np.array([0.0, 5.0, np.nan, -1.0, 1.0, np.inf, 1.0])
    ours = value(ex.rolling_entropy(x, 2, 2), x=odd)
    expected = [np.nan, np.nan, np.nan, np.nan, math.log(2), np.nan, 0.0]
    np.testing.assert_allclose(ours, expected, atol=1e-15)


@pytest.mark.parametrize(("w", "bins", "share"), [(1, 2, 0.7), (7, 5, 0.5), (40, 8, 1)])
def test_volume_profile_is_the_exact_loops(w, bins, share):
    """Prices of a tick grid lie on the edges of bins: only exact arithmetic decides."""
    prices = 100 + 0.25 * np.cumsum(RNG.integers(-2, 3, ROWS))
    volumes = RNG.integers(0, 4, ROWS).astype(float)
    parts = ex.volume_profile(x, y, w, bins=bins, share=share)
    ours = [value(part, x=prices, y=volumes) for part in parts]
    for i in range(w - 1, ROWS, 7):
        window = slice(i - w + 1, i + 1)
        weights = histogram(prices[window], volumes[window], bins)
        got = [part[i] for part in ours]
        if sum(weights) == 0:
            assert np.isnan(got).all()
        else:
            assert got == list(value_area(weights, share))


@pytest.mark.parametrize("span", [1, 2, 10, 50])
def test_ema_is_pandas_after_a_seed_of_means(span):
    seeded = S.copy()
    seeded.iloc[span - 1] = S.iloc[:span].mean()
    expected = seeded.iloc[span - 1 :].ewm(span=span, adjust=False).mean()
    ours = value(ex.ema(x, span))
    assert np.isnan(ours[: span - 1]).all()
    np.testing.assert_allclose(ours[span - 1 :], expected, rtol=1e-12)


def test_lag_and_carry():
    gaps = X.copy()
    gaps[RNG.random(ROWS) < 0.2] = np.nan
    np.testing.assert_array_equal(value(ex.lag(x, 3), x=gaps), pd.Series(gaps).shift(3))
    np.testing.assert_array_equal(value(ex.carry(x), x=gaps), pd.Series(gaps).ffill())


def test_nan_is_skipped_by_windows_and_keeps_its_slot_in_lags():
    gaps = np.array([1.0, np.nan, 2.0, 3.0, np.nan, 4.0])
    nan = np.nan
    np.testing.assert_array_equal(
        value(ex.rolling_sum(x, 2), x=gaps), [nan, nan, 3, 5, nan, 7]
    )
    np.testing.assert_array_equal(value(ex.ema(x, 1), x=gaps), [1, nan, 2, 3, nan, 4])
    np.testing.assert_array_equal(
        value(ex.diff(x), x=gaps), [nan, nan, nan, 1, nan, nan]
    )


def test_accumulate_starts_anew_and_keeps_small_terms():
    big = np.tile([1e16, 1.0, -1e16, 1.0], 50)
    reset = (np.arange(200) % 40 == 0).astype(float)
    ours = value(ex.accumulate(x, column("r")), x=big, r=reset)
    expected = [math.fsum(big[i - i % 40 : i + 1]) for i in range(200)]
    np.testing.assert_allclose(ours, expected, rtol=1e-15)


def test_extremes_since_a_reset():
    reset = (np.arange(ROWS) % 50 == 7).astype(float)
    group = pd.Series(np.cumsum(reset))
    for function, name in ((ex.max_since, "cummax"), (ex.min_since, "cummin")):
        ours = value(function(x, column("r")), x=X, r=reset)
        np.testing.assert_array_equal(ours, getattr(S.groupby(group), name)())


def test_elementwise_functions_are_numpys():
    v = np.array([-2.0, -0.0, 0.0, 0.5, 3.0, np.nan, 1e300])
    with np.errstate(all="ignore"):
        for function, reference in [
            (ex.exp, np.exp),
            (ex.sin, np.sin),
            (ex.cos, np.cos),
            (ex.tanh, np.tanh),
            (ex.erf, special.erf),
            (ex.floor, np.floor),
            (abs, np.abs),
            (ex.sign, np.sign),
        ]:
            np.testing.assert_allclose(
                value(function(x), x=v), reference(v), rtol=1e-15
            )
        positive = np.where(v > 0, v, np.nan)
        np.testing.assert_allclose(value(ex.log(x), x=v), np.log(positive), rtol=1e-15)
        np.testing.assert_allclose(
            value(ex.sqrt(x), x=v), np.sqrt(np.where(v >= 0, v, np.nan)), rtol=1e-15
        )
    np.testing.assert_array_equal(value(ex.is_nan(x), x=v), np.isnan(v))


def test_a_ratio_without_a_denominator_is_missing():
    ours = value(x / y, x=np.array([0.0, 1.0, 1.0]), y=np.array([0.0, 0.0, 4.0]))
    np.testing.assert_array_equal(ours, [np.nan, np.nan, 0.25])


def test_a_ratio_may_say_what_holds_without_a_denominator():
    a, b = (
        np.array([0.0, 1.0, np.nan, 6.0, 1.0]),
        np.array([0.0, 0.0, 0.0, 4.0, np.nan]),
    )
    ours = value(ex.ratio(x, y, 7.0), x=a, y=b)
    np.testing.assert_array_equal(ours, [7.0, 7.0, 7.0, 1.5, np.nan])
    np.testing.assert_array_equal(value(ex.ratio(x, y), x=a, y=b)[:2], [0.0, 0.0])


def test_volume_profile_skips_what_is_no_trade():
    prices = np.array([1.0, np.nan, 2.0, np.inf, 3.0, 3.0])
    volumes = np.array([1.0, 1.0, 5.0, 5.0, -1.0, 1.0])
    heaviest, *_ = ex.volume_profile(x, y, 2, bins=2, share=0.7)
    ours = value(heaviest, x=prices, y=volumes)
    np.testing.assert_array_equal(ours, [np.nan, np.nan, 1.0, np.nan, np.nan, 0.0])


def test_conditions_know_a_missing_value():
    a = np.array([1.0, np.nan, 3.0])
    np.testing.assert_array_equal(value(x < 2.0, x=a), [1, np.nan, 0])
    np.testing.assert_array_equal(value(x >= 2.0, x=a), [0, np.nan, 1])
    np.testing.assert_array_equal(value(ex.where(x > 2.0, 5.0, x), x=a), [1, np.nan, 5])
    np.testing.assert_array_equal(value(ex.minimum(x, 2.0), x=a), [1, np.nan, 2])
    np.testing.assert_array_equal(value(ex.both(x > 0, x > 2), x=a), [0, np.nan, 1])
    np.testing.assert_array_equal(value(ex.either(x > 0, x > 2), x=a), [1, np.nan, 1])


def test_supertrend_is_the_plain_loop():
    high, low, close = X + 2, X - 2, X + RNG.standard_normal(ROWS)
    middle, reach = (high + low) / 2, 5.0
    upper, lower = middle + reach, middle - reach
    side, final_up, final_down = 1, upper[0], lower[0]
    expected = [lower[0]]
    for i in range(1, ROWS):
        if upper[i] < final_up or close[i - 1] > final_up:
            final_up = upper[i]
        if lower[i] > final_down or close[i - 1] < final_down:
            final_down = lower[i]
        if side == 1 and close[i] < final_down:
            side = -1
        elif side == -1 and close[i] > final_up:
            side = 1
        expected.append(final_down if side == 1 else final_up)
    ours = value(ex.supertrend(x, column("u"), column("l")), x=close, u=upper, l=lower)
    np.testing.assert_array_equal(ours, expected)
