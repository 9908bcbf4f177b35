"""Every built-in set: its size with and without volume, and what may be in it."""

import numpy as np
import pytest

from barwise.bars.simulate import simulate_bars
from barwise.core.errors import ConfigError
from barwise.features import (
    FeatureGraph,
    find,
    full_names,
    needs_volume,
    set_columns,
    set_description,
    set_names,
)
from barwise.stream import compile_program

SIZES = {
    "full": (200, 400),
    "boosting_optimal": (80, 120),
    "neural_optimal": (40, 60),
    "transformer_raw": (10, 15),
    "ensemble_base": (60, 80),
    "hybrid_86": (86, 86),
    "itransformer_optimal": (30, 60),
    "linear_raw": (4, 5),
    "nbeats_raw": (1, 1),
    "chronos_raw": (1, 1),
}
SETS = [name for name in SIZES if name != "full"]


def members():
    """Every column of any set but the full one, with and without volume."""
    return sorted(
        {c for s in SETS for v in (True, False) for c in set_columns(s, has_volume=v)}
    )


def test_the_sets_are_these():
    assert set(set_names()) == set(SIZES)
    assert all(set_description(name).endswith(".") for name in SIZES)


@pytest.mark.parametrize("has_volume", [True, False])
@pytest.mark.parametrize("name", SIZES)
def test_a_set_has_its_size_with_and_without_volume(name, has_volume):
    columns = set_columns(name, has_volume=has_volume)
    low, high = SIZES[name]
    assert (low if has_volume or name != "full" else 150) <= len(columns) <= high
    assert len(set(columns)) == len(columns)
    assert set(columns) <= set(full_names())


@pytest.mark.parametrize("name", SETS)
def test_no_column_of_a_set_is_on_the_scale_of_the_price(name):
    columns = set_columns(name)
    assert [c for c in columns if find(c)[0].price_units] == []


@pytest.mark.parametrize("name", SIZES)
def test_without_volume_no_column_needs_it(name):
    kept = set_columns(name, has_volume=False)
    program = compile_program({column: find(column)[1] for column in kept})
    assert "volume" not in program.columns


def test_what_is_left_out_needs_volume():
    left_out = set(set_columns("full")) - set(set_columns("full", has_volume=False))
    assert {"mfi_14", "obv", "volume_ratio_20", "micro_kyle_60"} <= left_out
    assert all(needs_volume(name) for name in left_out)


def test_hybrid_86_names_what_stands_in_for_volume():
    with_volume = set_columns("hybrid_86")
    without = set_columns("hybrid_86", has_volume=False)
    swapped = [(a, b) for a, b in zip(with_volume, without, strict=True) if a != b]
    assert {a for a, _ in swapped} == {c for c in with_volume if needs_volume(c)}
    assert ("mfi_14", "cmo_14") in swapped


def test_an_unknown_set_names_the_known_ones():
    with pytest.raises(ConfigError, match=r"'half'.*full, boosting_optimal"):
        set_columns("half")
    assert set_names()[0] == "full"


def by_start(names, bars, starts):
    """Values of the last bars of streams that began at other bars."""
    last = 500
    graph = FeatureGraph(names).fit(bars)
    learned = graph.fitted_parameters
    return [
        graph.with_parameters(learned).push(bars[start:])[-last:] for start in starts
    ]


def test_no_column_of_a_set_depends_on_the_start_of_the_stream():
    """Two live starts, one in the middle of a session, agree with the whole history."""
    bars = simulate_bars("MES", days=32, seed=7)
    assert len(bars) > 8000
    names = [*members(), "obv", "ad_line"]
    whole, *others = by_start(names, bars, (0, 1000, 2345))
    spread = whole.std(axis=0)
    for other in others:
        apart = np.abs(other - whole).max(axis=0) / np.where(spread > 0, spread, 1.0)
        moved = {n for n, gap in zip(names, apart, strict=True) if not gap < 1e-4}
        # The test can tell: running sums carry their start for ever.
        assert moved == {"obv", "ad_line"}
