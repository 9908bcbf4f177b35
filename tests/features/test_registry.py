import numpy as np
import pytest

from barwise.core.errors import ConfigError
from barwise.features import (
    FeatureGraph,
    choose,
    find,
    full_names,
    needs_volume,
    set_columns,
    set_names,
)
from barwise.stream import compile_program


def test_names_of_the_full_set_are_unique_and_lead_to_their_own_column():
    names = full_names()
    assert len(set(names)) == len(names) >= 60
    for name in names:
        one, expression = find(name)
        assert name in {n for p in one.full for n in one.columns(**p)}
        assert one.columns is not None
        assert expression is find(name)[1]


def test_any_period_can_be_asked_for():
    assert find("rsi_9")[1] is not find("rsi_14")[1]
    assert find("ema_spread_5_7")[0].name == "ema_spread"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("rsi_14x", "did you mean rsi_14"),
        ("quantum", "barwise features list"),
        ("rsi_0", "needs a whole number of rows >= 1, got 0"),
        ("rsi_-3", "unknown feature"),
        ("macd_histogram", "did you mean macd_hist"),
    ],
)
def test_a_wrong_name_says_the_way_out(name, said):
    with pytest.raises(ConfigError, match=said):
        FeatureGraph([name])


def test_a_graph_refuses_nothing_and_the_same_twice():
    with pytest.raises(ConfigError, match="at least one"):
        FeatureGraph([])
    with pytest.raises(ConfigError, match="named twice: rsi_14"):
        FeatureGraph(["rsi_14", "macd", "rsi_14"])


@pytest.mark.parametrize(
    ("name", "low", "high"), [("boosting_optimal", 80, 120), ("neural_optimal", 40, 60)]
)
@pytest.mark.parametrize("has_volume", [True, False])
def test_sets_are_inside_their_range_with_and_without_volume(
    name, low, high, has_volume
):
    columns = set_columns(name, has_volume=has_volume)
    assert low <= len(columns) <= high
    assert len(set(columns)) == len(columns)
    assert not any(find(column)[0].price_units for column in columns)


def test_an_unknown_set_names_the_known_ones():
    with pytest.raises(ConfigError, match=r"'half'.*full, boosting_optimal"):
        set_columns("half")
    assert set_names()[0] == "full"


def test_without_volume_no_column_needs_it():
    kept = set_columns("full", has_volume=False)
    program = compile_program({name: find(name)[1] for name in kept})
    assert "volume" not in program.columns
    left_out = set(set_columns("full")) - set(kept)
    assert {"mfi_14", "obv", "volume_ratio_20"} <= left_out
    assert all(needs_volume(name) for name in left_out)


def test_columns_in_price_units_scale_with_the_price_and_others_do_not():
    """Multiply all prices by 8 (exact in binary): only price columns may move."""
    from barwise.bars.simulate import simulate_bars

    bars = simulate_bars("ES", days=3, seed=4)
    dear = bars.with_columns(
        **{k: getattr(bars, k) * 8.0 for k in ("open", "high", "low", "close")}
    )
    names = full_names()
    one, other = (FeatureGraph(names).fit(b).push(b) for b in (bars, dear))
    settled = slice(500, None)
    for j, name in enumerate(names):
        a, b = one[settled, j], other[settled, j]
        if find(name)[0].price_units:
            np.testing.assert_allclose(b, 8 * a, rtol=1e-4, atol=1e-3, err_msg=name)
        else:
            np.testing.assert_allclose(b, a, rtol=1e-4, atol=1e-5, err_msg=name)


def test_prefixes_choose_and_an_empty_match_is_an_error():
    names = ["rsi_7", "rsi_14", "ema_20"]
    assert choose(names, include=["rsi"], exclude=["rsi_7"]) == ["rsi_14"]
    with pytest.raises(ConfigError, match="no column starts with 'bollinger'"):
        choose(names, include=["bollinger"])
    with pytest.raises(ConfigError, match="leave no feature"):
        choose(names, include=["ema"], exclude=["ema"])
