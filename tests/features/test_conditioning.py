"""Volume made fit: limits learned from training rows, logarithm, rank."""

import numpy as np
import pytest

from barwise.bars.simulate import simulate_bars
from barwise.core.errors import ConfigError
from barwise.features import FeatureGraph, find
from barwise.features.conditioning import Winsor
from oracles.market import assert_agrees

ORACLES = {
    "volume_log": lambda m: np.log1p(m.v),
    "volume_rank_100": lambda m: (m.v.rolling(100).rank() - 1) / 99,
}


@pytest.mark.parametrize("market", ["smooth", "coarse"])
@pytest.mark.parametrize("name", ORACLES)
def test_agrees_with_the_formula(name, market):
    assert_agrees(name, ORACLES[name], market)


BARS = simulate_bars("MES", days=3, seed=2)
TRAIN = 2000


@pytest.mark.parametrize(("percent", "share"), [("1", 0.01), ("2p5", 0.025)])
def test_volume_is_limited_to_the_quantiles_of_the_training_rows(percent, share):
    names = [f"volume_winsor_{percent}", f"volume_winsor_log_{percent}"]
    out = FeatureGraph(names).fit(BARS[:TRAIN]).push(BARS)
    limits = np.quantile(BARS.volume[:TRAIN], [share, 1 - share])
    expected = np.clip(BARS.volume, *limits)
    assert (expected != BARS.volume).any()
    np.testing.assert_array_equal(out[:, 0], expected.astype(np.float32))
    np.testing.assert_allclose(out[:, 1], np.log1p(expected), rtol=1e-6)


def test_later_volume_changes_no_limit_and_earlier_volume_does():
    def fitted(volume):
        bars = BARS.with_columns(volume=volume)
        return FeatureGraph(["volume_winsor_1"]).fit(bars[:TRAIN]).hash

    later, earlier = BARS.volume.copy(), BARS.volume.copy()
    later[TRAIN:] *= 100
    earlier[: TRAIN // 2] *= 100
    assert fitted(later) == fitted(BARS.volume) != fitted(earlier)


def test_what_was_learned_can_be_told():
    assert Winsor(0.01).describe(np.array([1.5, 90.0])) == "limits 1.5 to 90"


@pytest.mark.parametrize("percent", ["0", "50", "99"])
def test_a_share_that_leaves_nothing_is_refused(percent):
    with pytest.raises(ConfigError, match="more than 0 and less than 50 percent"):
        find(f"volume_winsor_{percent}")


def test_limits_that_are_none_are_refused():
    graph = FeatureGraph(["volume_winsor_1"]).fit(BARS[:TRAIN])
    broken = {key: vector[:1] for key, vector in graph.fitted_parameters.items()}
    with pytest.raises(ConfigError, match="has 2 finite limits"):
        graph.with_parameters(broken)
