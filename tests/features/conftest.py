"""Bars for tests of features."""

import numpy as np
import pytest

from barwise.bars import Bars
from barwise.core.arrays import MINUTE


@pytest.fixture(scope="session")
def walk():
    """A random walk of 600 five-minute bars with volume, from 2024-03-04 15:00 UTC."""
    rng = np.random.default_rng(5)
    rows = 600
    close = 5000.0 + 0.25 * np.cumsum(rng.integers(-8, 9, rows))
    opened = close + 0.25 * rng.integers(-3, 4, rows)
    reach = 0.25 * rng.integers(0, 4, (2, rows))
    start = int(np.datetime64("2024-03-04T15:00", "ns").astype(np.int64))
    return Bars.of(
        start + 5 * MINUTE * np.arange(1, rows + 1),
        opened,
        np.maximum(opened, close) + reach[0],
        np.minimum(opened, close) - reach[1],
        close,
        rng.integers(1, 500, rows).astype(float),
        interval=5 * MINUTE,
        symbol="MES",
    )
