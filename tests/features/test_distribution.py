"""Shape and memory of returns, against SciPy, NumPy and plain counting."""

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from oracles.market import ROWS, assert_agrees, covariance, deviation, ratio, windows


def moment(m, n, function):
    seen = windows(m.r, n)
    return pd.Series(function(seen, axis=1)).mask(deviation(m.r, n) == 0, 0.0)


def autocorr(m, rows, n):
    before = m.r.shift(rows)
    spread = deviation(m.r, n) * deviation(before, n)
    return ratio(covariance(m.r, before, n), spread, 0.0).clip(-1, 1)


def efficiency(m, n):
    path = windows(m.c.diff().abs(), n).sum(axis=1)
    return ratio(m.c.diff(n).abs(), pd.Series(path), 0.0)


def variance_ratio(m, rows, n):
    several = deviation(np.log(m.c / m.c.shift(rows)), n) ** 2
    return ratio(several, rows * deviation(m.r, n) ** 2, 1.0)


def hurst(m, n):
    lengths = 2 ** np.arange(5)
    sizes = [
        (windows(np.log(m.c / m.c.shift(k)), n) ** 2).mean(axis=1) for k in lengths
    ]
    out = np.full(ROWS, np.nan)
    known = np.isfinite(sizes).all(axis=0)
    flat = known & (np.min(sizes, axis=0) == 0)
    fit = known & ~flat
    logs = 0.5 * np.log(np.array(sizes)[:, fit])
    out[fit] = np.polyfit(np.log(lengths), logs, 1)[0]
    out[flat] = 0.5
    return pd.Series(out)


def permutation_entropy(m, n):
    triples = windows(m.c, 3)[2:]
    # A stable sort of the reversed triple: of equal closes the later is the lower.
    orders = [tuple(np.argsort(t[::-1], kind="stable")) for t in triples]
    kinds = list(permutations(range(3)))
    names = np.array([kinds.index(order) for order in orders])
    out = np.full(ROWS, np.nan)
    for i in range(n + 1, ROWS):
        counts = np.bincount(names[i - n - 1 : i - 1], minlength=6)
        out[i] = stats.entropy(counts, base=6)
    return pd.Series(out)


def up_share(m, n):
    return windows(np.sign(m.c.diff()) / 2 + 0.5, n).mean(axis=1)


ORACLES = {
    "skew_60": lambda m: moment(m, 60, stats.skew),
    "kurtosis_60": lambda m: moment(m, 60, stats.kurtosis),
    **{f"autocorr_{k}_60": lambda m, k=k: autocorr(m, k, 60) for k in (1, 2)},
    **{f"efficiency_ratio_{n}": lambda m, n=n: efficiency(m, n) for n in (10, 20, 60)},
    "variance_ratio_5_60": lambda m: variance_ratio(m, 5, 60),
    "hurst_100": lambda m: hurst(m, 100),
    "permutation_entropy_60": lambda m: permutation_entropy(m, 60),
    "up_share_20": lambda m: up_share(m, 20),
}


@pytest.mark.filterwarnings("ignore:Precision loss:RuntimeWarning")
@pytest.mark.parametrize("market", ["smooth", "coarse"])
@pytest.mark.parametrize("name", ORACLES)
def test_agrees_with_the_formula(name, market):
    assert_agrees(name, ORACLES[name], market)
