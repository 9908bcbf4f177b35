"""The volume profile against numpy.histogram and a slow loop."""

import numpy as np
import pandas as pd
import pytest

from oracles.market import ROWS, assert_agrees
from oracles.volume_profile import value_area


def profile(m, n):
    out = np.full((3, ROWS), np.nan)
    for i in range(n - 1, ROWS):
        prices, volumes = m.tp[i - n + 1 : i + 1], m.v[i - n + 1 : i + 1]
        if volumes.sum() == 0 or np.ptp(prices) == 0:
            out[:, i] = 0.0, 0.0, 0.5
            continue
        weights, edges = np.histogram(prices, bins=24, weights=volumes)
        heaviest, lowest, highest = value_area(weights, 0.7)
        peak = (edges[heaviest] + edges[heaviest + 1]) / 2
        low, high = edges[lowest], edges[highest + 1]
        close = m.c[i]
        out[:, i] = 1 - peak / close, (high - low) / close, (close - low) / (high - low)
    return out


ORACLES = {
    "volume_profile_peak_distance_60": lambda m: pd.Series(profile(m, 60)[0]),
    "volume_profile_width_60": lambda m: pd.Series(profile(m, 60)[1]),
    "volume_profile_position_60": lambda m: pd.Series(profile(m, 60)[2]),
}


@pytest.mark.parametrize("name", ORACLES)
def test_agrees_with_the_histogram(name):
    assert_agrees(name, ORACLES[name], "smooth")


def test_nothing_traded_or_one_price_is_neutral():
    from barwise.features import find
    from barwise.testing.evaluate import evaluate

    columns = {k: np.full(200, 5.0) for k in ("high", "low", "close", "volume")}
    columns["volume"][:100] = 0.0
    made = evaluate({name: find(name)[1] for name in ORACLES}, columns)
    columns["close"] = 5.0 + np.arange(200) % 7
    columns["volume"][:] = 0.0
    made |= {
        f"{name} without volume": value
        for name, value in evaluate({n: find(n)[1] for n in ORACLES}, columns).items()
    }
    for name, value in made.items():
        expected = 0.5 if "position" in name else 0.0
        np.testing.assert_array_equal(value[59:], expected, err_msg=name)
