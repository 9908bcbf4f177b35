"""What must hold for every column of the full set, whoever adds it."""

import re
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest

from barwise.bars import get_instrument, read_bars
from barwise.bars.simulate import simulate_bars
from barwise.features import FeatureGraph, features, find, full_names, set_columns

HERE = Path(__file__).parent

PREFIXES = [
    "return_",
    "log_return_",
    "roc_",
    "rsi_",
    "macd_",
    "stoch_",
    "williams_",
    "cci_",
    "mfi_",
    "efi_",
    "adx_",
    "aroon_",
    "ichimoku_",
    "supertrend",
    "psar",
    "atr_",
    "atr_ratio",
    "hvol_",
    "parkinson_",
    "garman_",
    "rogers_",
    "yangzhang_",
    "bb_width",
    "bb_position",
    "kc_position",
    "sma_",
    "ema_",
    "wma_",
    "dema_",
    "tema_",
    "kama_",
    "hma_",
    "vwap",
    "volume_ratio",
    "volume_zscore",
    "volume_",
    "obv",
    "ad_",
    "micro_",
    "wavelet_",
    "hour_",
    "dayofweek_",
    "session_",
    "mtf_",
]


def oracles():
    """Names of the columns for which a test file of this folder has an oracle."""
    for path in sorted(HERE.glob("test_*.py")):
        if "\nORACLES = {" in path.read_text("utf-8"):
            spec = spec_from_file_location(f"oracles_of_{path.stem}", path)
            module = module_from_spec(spec)
            spec.loader.exec_module(module)
            yield from module.ORACLES


def test_every_column_of_the_full_set_has_an_oracle():
    # What a fitted column learns is no formula: test_markov.py, test_conditioning.py.
    fitted = set(FeatureGraph(full_names()).unfitted)
    assert set(full_names()) - set(oracles()) - fitted == set()


def test_the_families_are_whole():
    names = full_names()
    assert len(names) >= 200
    missing = [p for p in PREFIXES if not any(name.startswith(p) for name in names)]
    assert missing == []


def test_every_feature_says_what_it_is():
    for one in features():
        assert one.summary.endswith("."), one.name
        assert one.role in ("number", "cyclic", "binary", "probability")


RANGES = {
    "unbounded": (-np.inf, np.inf),
    "0 or 1": (0, 1),
    "-1 or 1": (-1, 1),
    "> 0": (np.nextafter(0, 1), np.inf),
}


def range_of(unit):
    """Ends of the range with which a unit ends."""
    for words, ends in RANGES.items():
        if unit.endswith(words):
            return ends
    if match := re.search(r">= (-?\d+)$", unit):
        return float(match[1]), np.inf
    match = re.search(r"(-?\d+)\.\.(-?\d+)$", unit)
    assert match, f"the unit {unit!r} does not end with a range"
    return float(match[1]), float(match[2])


@pytest.fixture(scope="module")
def simulated():
    bars = simulate_bars("MES", days=40, seed=4)
    names = full_names()
    return bars, names, FeatureGraph(names).fit(bars[:4000]).push(bars)


def test_every_column_stays_in_the_range_that_it_states(simulated):
    _, names, matrix = simulated
    assert_in_range(names, matrix)


REAL = {
    "NQ_1m_2025-07_2026-02": ("NQ", "open"),  # thin: most bars are flat, untraded
    "6E_1m_2024-01": ("6E", "close"),
    "BTCUSDT_1h_2017-08_2024-03": ("BTCUSDT", "open"),
    "EURUSD_1m_2018": ("EURUSD", "open"),  # no volume
}


@pytest.mark.parametrize("file", REAL)
def test_real_bars_leave_no_hole_and_no_value_beyond_its_range(file, market_data):
    symbol, label = REAL[file]
    bars = read_bars(market_data / f"{file}.parquet", symbol=symbol, label=label)
    every = set_columns("full", has_volume=get_instrument(symbol).has_volume)
    # What learns, or waits for days of longer bars, has tests of its own.
    names = [name for name in every if is_plain(name)]
    assert len(names) > 150
    matrix = FeatureGraph(names).push(bars[:20_000])
    assert np.isfinite(matrix[3000:]).all()
    assert_in_range(names, matrix)


def is_plain(name):
    graph = FeatureGraph([name])
    return not graph.unfitted and graph.warmup is not None


def assert_in_range(names, matrix):
    for name, column in zip(names, matrix.T, strict=True):
        low, high = range_of(find(name)[0].unit_of(name))
        rounding = 1e-5 * max(1.0, abs(high) if np.isfinite(high) else 1.0)
        known = column[np.isfinite(column)]
        assert known.min() >= low - rounding, name
        assert known.max() <= high + rounding, name


def test_every_column_is_defined_where_it_says_and_varies(simulated):
    bars, names, matrix = simulated
    first = np.flatnonzero(np.diff(bars.time) > 3_600_000_000_000)[1] + 1
    for name, column in zip(names, matrix.T, strict=True):
        start = max(FeatureGraph([name], interval=bars.interval).warmup, first)
        assert np.isfinite(column[start:]).all(), name
        # The few days of a simulation have no holiday beside them.
        assert name == "session_holiday_adjacent" or np.ptp(column[start:]) > 0, name


def test_no_two_columns_are_the_same(simulated):
    _, names, matrix = simulated
    seen = {}
    for name, column in zip(names, matrix[500:].T, strict=True):
        twin = seen.setdefault(column.tobytes(), name)
        assert twin == name
