"""Surrogates have the user's hours, ticks and volatility, and no direction."""

import numpy as np
import pytest

from barwise.bars import EventRule, prepare, simulate_bars
from barwise.bars.clean import Cleaner
from barwise.bars.planted import Reversal
from barwise.bars.prepare import sessions_of
from barwise.bars.roll_table import Roll
from barwise.bars.rolls import label_contracts
from barwise.bars.surrogate import SurrogateMaker
from barwise.core.errors import ConfigError, DataError
from barwise.features.local_time import local_hours

RAW = simulate_bars("MES", days=40, signal=0.4, seed=2)
# Holes, as every real file has them.
HOLES = np.random.default_rng(9).random(len(RAW)) < 0.03
HOLES[:10] = False
BARS = RAW[~HOLES]
SESSIONS = sessions_of(BARS, "cme_equity")


def maker(bars=BARS, **more):
    sessions = sessions_of(bars, "cme_equity")
    return SurrogateMaker(bars, sessions, tick=0.25, **more)


def draw(seed, bars=BARS, **more):
    return maker(bars, **more).draw(np.random.default_rng(seed))


DRAWN = [draw(seed) for seed in range(6)]


def returns(bars):
    return np.diff(np.log(bars.close))


def memory(values, lag):
    return np.corrcoef(values[lag:], values[:-lag])[0, 1]


def test_times_and_holes_are_exactly_those_of_the_bars():
    for drawn in DRAWN:
        for name in ("time", "open_time", "seq", "filled"):
            np.testing.assert_array_equal(getattr(drawn, name), getattr(BARS, name))
        assert (drawn.symbol, drawn.interval) == (BARS.symbol, BARS.interval)
        assert drawn.simulated
        assert not np.array_equal(drawn.close, BARS.close)


def test_a_surrogate_is_clean_and_on_the_grid():
    def findings(bars):
        cleaner = Cleaner("error", 0.25, SESSIONS)
        assert len(cleaner.push(bars)) == len(bars)
        return {f.kind: f.count for f in cleaner.report.findings if f.count}

    own = findings(BARS)
    for drawn in DRAWN:
        found = findings(drawn)
        assert found.keys() <= own.keys()
        assert found["gap"] == own["gap"]
        for name in ("open", "high", "low", "close"):
            prices = getattr(drawn, name)
            np.testing.assert_array_equal(prices, np.rint(4 * prices) / 4)
        assert (drawn.high >= np.maximum(drawn.open, drawn.close)).all()
        assert (drawn.low <= np.minimum(drawn.open, drawn.close)).all()


def test_prices_that_were_on_no_grid_stay_free():
    free = BARS.with_columns(
        **{n: getattr(BARS, n) * np.pi for n in ("open", "high", "low", "close")}
    )
    drawn = draw(0, free)
    sizes = np.abs(drawn.close / np.r_[free.open[0], drawn.close[:-1]] - 1)
    own = np.abs(free.close / np.r_[free.open[0], free.close[:-1]] - 1)
    # Every size is one of the user's own, to the last digits.
    assert np.isin(np.round(sizes, 12), np.round(own, 12)).mean() > 0.999


def test_volatility_keeps_its_hours_and_its_clusters():
    hours = local_hours(BARS.time, "America/Chicago").astype(int)[1:]

    def by_hour(bars):
        size = np.abs(returns(bars))
        return np.array([size[hours == h].mean() for h in np.unique(hours)])

    own = by_hour(BARS)
    np.testing.assert_allclose(
        np.mean([by_hour(d) for d in DRAWN], axis=0), own, rtol=0.12
    )
    # Quiet hours are less than half as wild as the wildest: there is something to keep.
    assert own.min() < 0.5 * own.max()
    for lag in (1, 5, 30, 240):
        drawn = np.mean([memory(np.abs(returns(d)), lag) for d in DRAWN])
        assert drawn == pytest.approx(memory(np.abs(returns(BARS)), lag), abs=0.05)
    volume = np.mean(
        [np.corrcoef(d.volume[1:], np.abs(returns(d)))[0, 1] for d in DRAWN]
    )
    own = np.corrcoef(BARS.volume[1:], np.abs(returns(BARS)))[0, 1]
    assert volume == pytest.approx(own, abs=0.05)


def test_the_predictability_of_a_known_series_is_gone():
    lags = (1, 2, 5, 20)
    assert all(memory(returns(BARS), lag) > 0.08 for lag in lags)
    # Of signs, whose autocorrelation has a standard error of one over root n whatever
    # the volatility does.
    error = 1 / np.sqrt(len(BARS))
    for lag in lags:
        found = np.array([memory(np.sign(returns(d)), lag) for d in DRAWN])
        assert (np.abs(found) < 4 * error).all()
        assert abs(found.mean()) < 3.5 * error / np.sqrt(len(DRAWN))


def test_half_an_hour_of_past_says_nothing_of_the_next():
    """A straight line through past moves, fitted on one half and asked on the other."""

    def explained(bars):
        closes = np.log(bars.close)
        x = np.stack(
            [closes[60:-30] - closes[60 - k : -30 - k] for k in (5, 15, 30, 60)]
        )
        y = closes[90:] - closes[60:-30]
        half = len(y) // 2
        beta, *_ = np.linalg.lstsq(x[:, :half].T, y[:half], rcond=None)
        return np.corrcoef(beta @ x[:, half:], y[half:])[0, 1]

    assert explained(BARS) > 0.15
    found = [explained(d) for d in DRAWN]
    assert abs(np.mean(found)) < 0.06
    assert max(found) < 0.12


def test_nights_stay_nights():
    """A move over the night is drawn for the first bar of a session and no other."""
    place = np.searchsorted(SESSIONS.close, BARS.time)
    first = np.r_[False, place[1:] != place[:-1]]
    gaps = [np.abs(d.open[1:] / d.close[:-1] - 1) for d in (BARS, *DRAWN)]
    own, *drawn = [(g[first[1:]].mean(), g[~first[1:]].mean()) for g in gaps]
    assert own[0] > 20 * own[1]
    np.testing.assert_allclose(np.mean(drawn, axis=0), own, rtol=0.35, atol=1e-6)
    # On short days and in holes a row has moves of its own time of day.
    assert max(g[~first[1:]].max() for g in gaps[1:]) < 2 * gaps[0][~first[1:]].max()


def test_same_seed_same_bytes_and_another_seed_another_path():
    again = draw(3)
    for name, column in DRAWN[3].columns().items():
        np.testing.assert_array_equal(getattr(again, name), column)
    closes = np.array([d.close for d in DRAWN])
    apart = np.abs(np.corrcoef(np.diff(np.log(closes), axis=1))[np.triu_indices(6, 1)])
    assert apart.max() < 0.02


def test_holding_earns_nothing():
    ends = np.array([draw(seed).close[-1] for seed in range(100, 200)]) / BARS.open[0]
    error = ends.std(ddof=1) / np.sqrt(len(ends))
    assert abs(ends.mean() - 1) < 3 * error
    assert error < 0.01


def rolled(jump):
    day = np.unique(SESSIONS.day[np.searchsorted(SESSIONS.close, BARS.time)])[20]
    date = str(np.datetime64(int(day), "D"))
    told = {"session": date, "from": "H4", "to": "M4"}
    roll = Roll.model_validate(told | ({"jump": jump} if jump else {}))
    return label_contracts(BARS, [roll], SESSIONS)


@pytest.mark.parametrize("jump", [None, 400.0])
def test_contracts_stay_and_no_move_is_drawn_across_a_roll(jump):
    bars = rolled(jump)
    row = int(np.flatnonzero(bars.contract[1:] != bars.contract[:-1])[0]) + 1
    # The new contract stands elsewhere: a jump that is no move of anyone's account.
    far = {
        n: np.where(np.arange(len(bars)) >= row, 400.0, 0.0) + getattr(bars, n)
        for n in ("open", "high", "low", "close")
    }
    bars = bars.with_columns(**far)
    for seed in range(20):
        drawn = draw(seed, bars)
        np.testing.assert_array_equal(drawn.contract, bars.contract)
        moves = np.abs(drawn.close[1:] / drawn.close[:-1] - 1)
        own = np.abs(bars.close[1:] / bars.close[:-1] - 1)
        assert moves[row - 1] > 0.06  # the jump is where it was
        assert np.delete(moves, row - 1).max() < 1.5 * np.delete(own, row - 1).max()
        if jump:
            apart = drawn.new_close[row] / drawn.old_close[row]
            assert apart == pytest.approx(
                bars.new_close[row] / bars.old_close[row], 1e-3
            )
            assert drawn.old_close[row] == pytest.approx(drawn.close[row - 1], rel=0.02)
            assert np.isnan(drawn.new_close[:row]).all()


def test_event_bars_keep_their_sizes():
    bars, _ = prepare(RAW[:20_000], interval=EventRule("volume", 3000))
    drawn = draw(1, bars)
    np.testing.assert_array_equal(drawn.volume, bars.volume)
    assert drawn.rule == bars.rule
    np.testing.assert_allclose(
        (drawn.high - drawn.low) / drawn.close,
        (bars.high - bars.low) / bars.close,
        rtol=0.1,
        atol=3e-4,
    )
    assert abs(memory(np.sign(returns(drawn)), 1)) < 4 / np.sqrt(len(bars))


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ConfigError, match="at least one session, got 0"):
        maker(mean_block=0.0)
    with pytest.raises(DataError, match="two bars or more"):
        maker(BARS[:1])
    with pytest.raises(DataError, match="not above zero"):
        maker(BARS.with_columns(low=BARS.low - 1e6))
    tick = EventRule("tick", 1)
    trades = prepare(RAW[:500], interval=EventRule("tick", 2))[0]
    assert not trades.are_trades
    from dataclasses import replace

    with pytest.raises(ConfigError, match="single trades jump"):
        maker(replace(trades, rule=tick))


# --- planted edges ---------------------------------------------------------------------


def planted(strength, seed=4, window=5):
    bar_of = np.searchsorted(
        np.unique(BARS.time // 300_000_000_000), BARS.time // 300_000_000_000
    )
    one, told = maker(), []

    def push(sizes, coins):
        rule = Reversal(bar_of, one.first, window, strength)
        d, z = rule.directions(sizes, coins)
        told.append(z)
        return d

    return one.draw(np.random.default_rng(seed), push), told[0], bar_of


def test_an_edge_is_in_directions_alone():
    plain, leaning = draw(4), planted(0.3)[0]
    same = (plain.high - plain.low)[:2000], (leaning.high - leaning.low)[:2000]
    np.testing.assert_allclose(*same, atol=0.51)
    np.testing.assert_array_equal(plain.volume, leaning.volume)


def test_a_bar_goes_where_it_leans_as_often_as_was_asked_for():
    drawn, z, bar_of = planted(0.4)
    up = np.sign(np.diff(drawn.close, prepend=drawn.open[0]))
    lean = z[bar_of - 1] * (bar_of > 0)
    at = (lean != 0) & (up != 0) & ~maker().first
    share = np.mean(up[at] == lean[at])
    assert share == pytest.approx(0.7, abs=0.01)
    rest = (lean == 0) & (up != 0)
    assert np.mean(up[rest] > 0) == pytest.approx(0.5, abs=0.02)


def test_where_it_leans_can_be_told_from_the_past():
    """Changing later sizes changes no earlier lean."""
    rng = np.random.default_rng(0)
    sizes, coins, bar_of = rng.random(600), rng.random(600), np.arange(600) // 3
    rule = Reversal(bar_of, np.zeros(600, bool), 4, 0.5)
    d, z = rule.directions(sizes, coins)
    later = sizes.copy()
    later[300:] *= 7
    d2, z2 = rule.directions(later, coins)
    np.testing.assert_array_equal(d[:300], d2[:300])
    np.testing.assert_array_equal(z[:100], z2[:100])
    assert (z != z2).any()


def test_no_strength_is_a_fair_coin():
    np.testing.assert_array_equal(planted(0.0)[0].close, draw(4).close)
