"""The one-sided transform against PyWavelets on each window alone."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
import pywt

from oracles.market import ROWS, assert_agrees, deviation, market, mean, ratio, windows

LONGEST = 64
"""Rows given to PyWavelets at a time: a multiple of 8, longer than the 50 in use."""


@cache
def transform(name):
    """Details 1 to 3 and approximation of the log close at each row.

    PyWavelets transforms the last 64 closes as if they were a circle. Its coefficients
    stand in the middle of their filters; at the places below no filter reaches over
    the ends, and the last value that it uses is the newest.
    """
    seen = windows(np.log(market(name).c), LONGEST)
    made = pywt.swt(np.nan_to_num(seen), "db4", 3, norm=True, trim_approx=True, axis=1)
    places = {1: LONGEST - 1 - 4, 2: LONGEST - 1 - 12, 3: LONGEST - 1 - 28}
    known = np.arange(ROWS) >= LONGEST - 1
    rows = [made[4 - level][:, places[level]] for level in (1, 2, 3)]
    return [
        pd.Series(np.where(known, row, np.nan))
        for row in (*rows, made[0][:, places[3]])
    ]


def transform_of(m):
    return transform("smooth" if m is market("smooth") else "coarse")


def energies(m):
    *details, smooth = transform_of(m)
    return [mean(detail**2, 32) for detail in details] + [deviation(smooth, 32) ** 2]


def share(m, part):
    parts = energies(m)
    return ratio(parts[part], sum(parts), 0.25)


def strength(m):
    noise = np.sqrt(sum(energies(m)[:3]))
    return ratio(transform_of(m)[3].diff(8), noise, 0.0)


ORACLES = {
    "wavelet_close_approx": lambda m: np.exp(transform_of(m)[3]),
    "wavelet_close_approx_distance": lambda m: np.log(m.c) - transform_of(m)[3],
    **{f"wavelet_close_d{k}": lambda m, k=k: transform_of(m)[k - 1] for k in (1, 2, 3)},
    **{f"wavelet_close_energy_d{k}": lambda m, k=k: share(m, k - 1) for k in (1, 2, 3)},
    "wavelet_close_energy_approx": lambda m: share(m, 3),
    "wavelet_close_trend_strength": strength,
}
START = LONGEST + 32


@pytest.mark.parametrize("name", ORACLES)
def test_agrees_with_pywavelets(name):
    assert_agrees(name, ORACLES[name], "smooth", START)


def test_a_level_is_forgotten_and_a_flat_market_has_equal_shares():
    from barwise.features import find
    from barwise.testing.evaluate import evaluate

    m = market("coarse")
    names = [name for name in ORACLES if "energy" in name]
    made = evaluate({name: find(name)[1] for name in names}, m.columns)
    assert np.allclose(sum(made.values())[120:], 1.0)
