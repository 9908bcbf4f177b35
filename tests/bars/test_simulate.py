import numpy as np
import pytest
from scipy import stats

from barwise.bars.instruments import get_instrument
from barwise.bars.sessions import session_table
from barwise.bars.simulate import simulate, simulate_bars
from barwise.core.errors import ConfigError
from barwise.core.hashing import hash_arrays


def log_returns(simulation):
    return np.log(simulation.bars.close / simulation.bars.open)


def test_bars_are_valid_marked_and_inside_sessions():
    bars = simulate_bars("MES", days=30, seed=1)
    assert bars.simulated
    assert (bars.low <= np.minimum(bars.open, bars.close)).all()
    assert (bars.high >= np.maximum(bars.open, bars.close)).all()
    table = session_table("cme_equity", int(bars.time[0]), int(bars.time[-1]))
    assert (table.index_of(bars.time) >= 0).all()
    tick = get_instrument("MES").tick_size
    np.testing.assert_array_equal(np.round(bars.close / tick) * tick, bars.close)


def test_same_seed_same_bytes():
    one, two, other = (simulate_bars("GC", days=5, seed=s) for s in (3, 3, 4))
    assert hash_arrays(one.columns()) == hash_arrays(two.columns())
    assert hash_arrays(one.columns()) != hash_arrays(other.columns())


def test_without_signal_nothing_is_predictable():
    simulation = simulate("ES", days=250, signal=0.0, seed=2)
    assert not simulation.drift.any()
    r = log_returns(simulation)
    # Volatility clusters, so ranks. A rounded close is the next open, which alone
    # gives a correlation of some thousandths below zero.
    for rows in (1, 2, 5, 30):
        assert abs(stats.spearmanr(r[:-rows], r[rows:]).statistic) < 0.01


@pytest.mark.parametrize("signal", [0.1, 0.3])
def test_the_signal_is_what_was_asked_for(signal):
    simulation = simulate("ES", days=250, signal=signal, seed=2)
    assert simulation.drift.std() == pytest.approx(signal, rel=0.05)
    r = log_returns(simulation)
    at = (simulation.bars.volume > 50).nonzero()[0]
    rho = stats.spearmanr(simulation.drift[at], r[at]).statistic
    # Pearson's correlation is signal / sqrt(1 + signal**2); Spearman's of a bivariate
    # normal is 6/pi * asin(rho/2), which stands up to changing volatility; the tick
    # grid costs a little.
    pearson = signal / np.sqrt(1 + signal**2)
    assert rho == pytest.approx(6 / np.pi * np.arcsin(pearson / 2), abs=0.02)


def test_volatility_clusters_and_follows_the_day():
    simulation = simulate("ES", days=200, seed=5)
    size = np.abs(log_returns(simulation))
    assert stats.spearmanr(size[:-30], size[30:]).statistic > 0.1
    assert stats.spearmanr(size, simulation.bars.volume).statistic > 0.2


def test_no_volume_where_the_instrument_has_none():
    assert not simulate_bars("EURUSD", days=3).has_volume


@pytest.mark.parametrize(
    ("bad", "said"),
    [({"days": 0}, "days=0"), ({"days": 1, "signal": 1.5}, "signal=1.5")],
)
def test_settings_out_of_range_are_refused(bad, said):
    with pytest.raises(ConfigError, match=said):
        simulate("MES", **bad)
