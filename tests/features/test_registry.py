import numpy as np
import pytest

from barwise.core.errors import ConfigError
from barwise.features import (
    FeatureGraph,
    choose,
    feature,
    features,
    find,
    full_names,
)
from barwise.features.definition import shared_name


@pytest.fixture
def registry():
    """Forget what a test registers."""
    from barwise.features import registry as module

    full_names()
    before = dict(module._FEATURES)
    yield
    module._FEATURES.clear()
    module._FEATURES.update(before)
    module._PATTERNS.clear()


def test_names_of_the_full_set_are_unique_and_lead_to_their_own_column():
    names = full_names()
    assert len(set(names)) == len(names) >= 60
    for name in names:
        one, expression = find(name)
        assert name in {n for p in one.full for n in one.columns(**p)}
        assert one.columns is not None
        assert expression is find(name)[1]


@pytest.mark.usefixtures("registry")
def test_a_second_feature_of_a_name_is_refused():
    def rsi(bars):
        return bars.close

    def mine(bars):
        return bars.close

    def other(bars):
        return bars.open

    with pytest.raises(ConfigError, match="name 'rsi' is taken by the built-in"):
        feature(rsi)
    feature(mine)
    other.__name__ = "mine"
    with pytest.raises(ConfigError, match=r"'mine' \(.*test_registry.py:\d+\)"):
        feature(other)


@pytest.mark.usefixtures("registry")
def test_a_second_maker_of_a_column_is_refused():
    def strength(bars, *, n=9):
        return bars.close / n

    for template, name in (("rsi_{n}", "rsi_7"), ("rsi_21", "rsi_21")):
        with pytest.raises(ConfigError, match=f"{name!r} is taken by .* 'rsi'"):
            feature(columns=[template])(strength)


def test_no_two_built_in_features_answer_to_one_name():
    known = list(features())
    for place, one in enumerate(known):
        assert [o.name for o in known[:place] if shared_name(one, o)] == []


@pytest.mark.usefixtures("registry")
def test_a_module_that_is_loaded_again_keeps_its_features():
    def define(factor):
        def twice_loaded(bars):
            return bars.close * factor

        return feature(twice_loaded)

    define(2.0)
    define(3.0)
    assert repr(find("twice_loaded")[1]) == "mul(close, 3.0)"


@pytest.mark.usefixtures("registry")
def test_a_unit_for_each_column_or_one_for_all():
    def pair(bars):
        return bars.open, bars.close

    decorate = feature(unit=("0..1", "percent", "0..1"), columns=["pair_a", "pair_b"])
    with pytest.raises(ConfigError, match="has 2 columns and 3 units"):
        decorate(pair)
    bands = find("bb_width_20")[0]
    assert bands.unit_of("bb_width_20") == "fraction of the mean, >= 0"
    assert bands.unit.count(";") == 1


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
