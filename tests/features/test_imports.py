"""What is loaded before it is needed: nothing heavy."""

import json
import subprocess
import sys

import pytest

HEAVY = {
    "hmmlearn",
    "lightgbm",
    "matplotlib",
    "pandas",
    "pandas_market_calendars",
    "polars",
    "pyarrow",
    "pywt",
    "scipy.stats",
    "sklearn",
    "torch",
}
PUSH = """
import numpy as np
from barwise.bars import Bars
from barwise.features import FeatureGraph
price, time = np.linspace(10.0, 11.0, 50), np.arange(1, 51) * 300_000_000_000
bars = Bars.of(time, price, price, price, price, interval=300_000_000_000)
FeatureGraph(["rsi_14", "ema_20", "lag_2_return_1"]).push(bars)
"""


def loaded(code):
    code += "\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout))


@pytest.mark.parametrize("code", ["import barwise.features, barwise.trading", PUSH])
def test_features_load_no_library_that_they_do_not_compute_with(code):
    """Fits, scores, calendars and files bring their own when they are asked for."""
    found = loaded(code)
    assert "barwise.features.graph" in found
    assert not HEAVY & found


def test_the_package_alone_loads_next_to_nothing():
    found = loaded("import barwise\nassert barwise.__version__")
    assert not (HEAVY | {"numpy", "numba", "pydantic", "scipy"}) & found
