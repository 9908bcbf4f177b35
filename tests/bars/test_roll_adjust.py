"""Adjusted prices: what a plain loop of exact fractions says, forward in time only."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from barwise.bars import Bars
from barwise.bars.prepare import prepare
from barwise.bars.roll_adjust import RollAdjuster
from barwise.bars.simulate import simulate_bars
from barwise.core.errors import ConfigError, DataError, IntegrityError
from barwise.features import FeatureGraph, full_names
from barwise.testing.streams import bar_streams

PRICES = ("open", "high", "low", "close")
DIGITS = 2.0**-34
"""A factor is rounded to 34 binary digits."""


def bars_of(close, contract, *, closes=None, opens=None):
    close = np.asarray(close, float)
    opens = close if opens is None else np.asarray(opens, float)
    more = {"contract": np.asarray(contract)}
    if closes is not None:
        more |= dict(zip(("old_close", "new_close"), np.array(closes).T, strict=True))
    high, low = np.fmax(opens, close), np.fmin(opens, close)
    time = np.arange(1, len(close) + 1)
    return Bars.of(time, opens, high, low, close, interval=1, symbol="ES", **more)


def by_hand(bars, method):
    """Rows of adjusted prices, each as exact fractions; None for a price that waits."""
    scale = Fraction(1) if method == "ratio" else Fraction(0)
    contract, last, anchor, rows = "", None, None, []
    for i in range(len(bars)):
        name = "" if bars.contract is None else str(bars.contract[i])
        name = name or contract
        if contract and name != contract and anchor is None:
            pair = [None, None]
            if bars.new_close is not None and np.isfinite(bars.new_close[i]):
                pair = [bars.old_close[i], bars.new_close[i]]
            old = last if pair[0] is None or np.isnan(pair[0]) else pair[0]
            if old is not None and pair[1] is not None:
                scale = moved(scale, old, pair[1], method)
            else:
                anchor = last
        contract = name
        if anchor is not None and np.isfinite(bars.open[i]):
            scale, anchor = moved(scale, anchor, bars.open[i], method), None
        if anchor is None and np.isfinite(bars.close[i]):
            last = bars.close[i]
        prices = [float(getattr(bars, name)[i]) for name in PRICES]
        rows.append(
            [
                None
                if anchor is not None or np.isnan(p)
                else Fraction(p) * scale
                if method == "ratio"
                else Fraction(p) + scale
                for p in prices
            ]
        )
    return rows


def moved(scale, old, new, method):
    old, new = Fraction(float(old)), Fraction(float(new))
    return scale * old / new if method == "ratio" else scale + old - new


@pytest.mark.parametrize("method", ["ratio", "difference"])
@given(bars=bar_streams(kinds=("constant", "gap", "jump", "nan", "roll"), max_rows=60))
def test_prices_are_those_of_exact_fractions(method, bars):
    adjusted = RollAdjuster(method).push(bars)
    for i, row in enumerate(by_hand(bars, method)):
        for name, exact in zip(PRICES, row, strict=True):
            got = getattr(adjusted, name)[i]
            if exact is None:
                assert np.isnan(got)
            else:
                assert got == pytest.approx(float(exact), rel=DIGITS)
    for name in ("time", "volume", "seq", "filled", "open_time"):
        np.testing.assert_array_equal(getattr(adjusted, name), getattr(bars, name))


def test_the_move_over_a_roll_is_the_new_contracts_own():
    closes = [[np.nan, np.nan]] * 2 + [[101.0, 111.0]] * 2
    bars = bars_of([100, 101, 112, 113], ["H", "H", "M", "M"], closes=closes)
    ratio = RollAdjuster("ratio").push(bars).close
    assert ratio[2] / ratio[1] == pytest.approx(112 / 111, rel=DIGITS)
    points = RollAdjuster("difference").push(bars).close
    assert points[2] - points[1] == 112 - 111
    assert RollAdjuster("none").push(bars).close.tolist() == [100, 101, 112, 113]


def test_without_closes_the_gap_goes():
    bars = bars_of([100, 101, 112], ["H", "H", "M"], opens=[100, 100, 111])
    points = RollAdjuster("difference").push(bars)
    assert points.open[2] == 101
    assert points.close[2] == 102
    ratio = RollAdjuster("ratio").push(bars)
    assert ratio.open[2] == pytest.approx(101, rel=DIGITS)


def test_without_the_old_close_the_last_bar_has_it():
    closes = [[np.nan, np.nan]] * 2 + [[np.nan, 111.0]]
    bars = bars_of([100, 101, 112], ["H", "H", "M"], closes=closes)
    assert RollAdjuster("difference").push(bars).close[2] == 102


def test_a_new_contract_that_has_not_opened_waits():
    bars = bars_of(
        [100, np.nan, np.nan, 121, 122],
        ["H", "M", "M", "M", "M"],
        opens=[100, np.nan, np.nan, 120, 121],
    )
    close = RollAdjuster("difference").push(bars).close
    np.testing.assert_array_equal(close, [100, np.nan, np.nan, 101, 102])
    # A contract that never opens is skipped: the next one follows on the first.
    skipped = bars_of([100, np.nan, 131], ["H", "M", "U"], opens=[100, np.nan, 130])
    close = RollAdjuster("difference").push(skipped).close
    np.testing.assert_array_equal(close, [100, np.nan, 101])


def test_closes_of_a_contract_that_never_opened_tell_nothing():
    closes = [[np.nan] * 2, [100.0, 120.0], [121.0, 131.0]]
    bars = bars_of([100, np.nan, 131], ["H", "M", "U"], closes=closes)
    known = RollAdjuster("difference").push(bars).close
    np.testing.assert_array_equal(known, [100, np.nan, 101])
    bare = bars.with_columns(new_close=np.array([np.nan, np.nan, 131.0]))
    waited = RollAdjuster("difference").push(bare).close
    np.testing.assert_array_equal(waited, [100, np.nan, 100])


def test_rows_without_a_contract_go_on_in_the_one_before():
    bars = bars_of([100, 101, 50, 51], ["", "H", "", "M"])
    assert RollAdjuster("difference").push(bars).close.tolist() == [100, 101, 50, 50]
    unnamed = bars_of([100, 101], ["", ""])
    assert RollAdjuster("ratio").push(unnamed).close.tolist() == [100, 101]


def test_a_thousand_rolls_lose_no_precision():
    rng = np.random.default_rng(4)
    close = np.round(5000 * np.exp(np.cumsum(rng.normal(0, 0.02, 1001))) / 0.25) * 0.25
    new = np.r_[np.nan, close[:-1] * rng.uniform(0.97, 1.03, 1000)]
    closes = np.stack([np.r_[np.nan, close[:-1]], new], axis=1)
    names = [f"C{i}" for i in range(1001)]
    adjusted = RollAdjuster("ratio").push(bars_of(close, names, closes=closes))
    exact = Fraction(1)
    for i in range(1, 1001):
        exact *= Fraction(float(closes[i, 0])) / Fraction(float(closes[i, 1]))
    assert adjusted.close[-1] == pytest.approx(
        float(exact * Fraction(close[-1])), rel=DIGITS
    )


@given(st.data())
def test_equal_moves_in_ticks_stay_equal(data):
    """What is compared with what (directional movement, typical prices) keeps its ties."""
    ticks = data.draw(st.lists(st.integers(10_000, 120_000), min_size=12, max_size=40))
    close = 0.25 * np.array(ticks)
    new = data.draw(st.floats(0.5, 2.0)) * close[1]
    closes = [[np.nan] * 2] * 2 + [[close[1], new]] * (len(ticks) - 2)
    names = ["H", "H"] + ["M"] * (len(ticks) - 2)
    adjusted = (
        RollAdjuster("ratio").push(bars_of(close, names, closes=closes)).close[2:]
    )
    factor = adjusted[0] / close[2]
    traded = np.array(ticks[2:])
    moves = np.subtract.outer(traded, traded).ravel()
    seen = np.subtract.outer(adjusted, adjusted).ravel()
    for move in np.unique(moves):
        assert len({*seen[moves == move]}) == 1
    assert np.allclose(seen, 0.25 * factor * moves)


def test_difference_refuses_prices_that_are_no_prices():
    closes = [[np.nan, np.nan], [100.0, 300.0]]
    with pytest.raises(DataError, match=r"ES M, bar .* low of 150 becomes -50.*ratio"):
        RollAdjuster("difference").push(bars_of([100, 150], ["H", "M"], closes=closes))


def test_ratio_refuses_closes_that_are_no_prices():
    bars = bars_of([-3, 20], ["H", "M"])
    with pytest.raises(DataError, match=r"closed at -3 and 20.*difference"):
        RollAdjuster("ratio").push(bars)


def test_settings_are_checked():
    with pytest.raises(ConfigError, match="'panama' is not one of ratio, difference"):
        RollAdjuster("panama")
    state = RollAdjuster("ratio").snapshot()
    with pytest.raises(IntegrityError, match=r"'ratio', not 'none'.*backfill"):
        RollAdjuster("none").restore(state)


def test_features_at_a_roll_are_those_of_the_new_contract_alone():
    """Two contracts 40 points apart in every bar: the roll must leave no trace."""
    one, _ = prepare(simulate_bars("MES", days=6, seed=8), interval="5min")
    # A roll is at a session's open: the first bar behind a pause.
    roll = int(np.flatnonzero(one.open_time[1:] > one.time[:-1])[3]) + 1
    after = np.arange(len(one)) >= roll
    known = np.where(after, one.close[roll - 1], np.nan)
    joined = one.with_columns(
        **{name: getattr(one, name) + 40.0 * after for name in PRICES},
        contract=np.where(after, "M4", "H4"),
        old_close=known,
        new_close=known + 40.0,
    )

    def features(bars, method):
        graph = FeatureGraph(full_names(), roll_adjustment=method).fit(one)
        return graph.push(bars)

    seen = features(joined, "difference")
    np.testing.assert_array_equal(seen, features(one, "difference"))
    unadjusted = features(joined, "none")
    assert np.nanmax(np.abs(unadjusted[roll] - seen[roll])) > 1.0
