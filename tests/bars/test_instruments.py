from dataclasses import replace

import pytest

from barwise.bars.calendars import CALENDARS, get_calendar
from barwise.bars.instruments import get_instrument, instruments
from barwise.core.errors import ConfigError

# Dollar value of one tick as the exchange publishes it.
TICK_VALUES = {
    "MES": 1.25, "ES": 12.5, "MNQ": 0.5, "NQ": 5.0, "MGC": 1.0, "GC": 10.0,
    "6E": 6.25, "EURUSD": 1.0, "GBPUSD": 1.0, "AAPL": 0.01,
}  # fmt: skip


@pytest.mark.parametrize("symbol", TICK_VALUES)
def test_tick_values_are_the_exchanges(symbol):
    assert get_instrument(symbol).tick_value == pytest.approx(TICK_VALUES[symbol])


@pytest.mark.parametrize("symbol", sorted(instruments()))
def test_every_instrument_is_whole(symbol):
    one = get_instrument(symbol)
    assert one.symbol == symbol
    assert one.calendar in CALENDARS
    for alias in one.aliases:
        assert get_instrument(alias.lower()) is one
    # A trade that costs more than ten ticks a side is a misplaced decimal point, save
    # where the spread is quoted in points of a thousandth or a fee in per cent.
    if one.kind in ("future", "equity"):
        ticks = one.commission / one.tick_value + one.slippage_ticks
        assert 0 < ticks < 4


def test_aliases_name_one_instrument_each():
    names = [n for one in instruments().values() for n in (one.symbol, *one.aliases)]
    assert len(names) == len(set(names))


def test_an_unknown_symbol_lists_those_known():
    with pytest.raises(ConfigError, match=r"'NOPE'; known are MES, ES, .*config"):
        get_instrument("NOPE")
    with pytest.raises(ConfigError, match=r"'mars'; known calendars are cme_equity"):
        get_calendar("mars")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"tick_size": 0.0}, "tick_size must be above 0"),
        ({"multiplier": float("nan")}, "multiplier must be above 0"),
        ({"barriers": (1.0, -1.0)}, r"barriers\[1\] must be above 0"),
        ({"commission": -1.0}, "commission must be >= 0"),
        ({"calendar": "nyse"}, "unknown calendar"),
        ({"kind": "bond"}, "kind 'bond' is not one of future"),
    ],
)
def test_impossible_figures_are_refused(change, said):
    with pytest.raises(ConfigError, match=said):
        replace(get_instrument("MES"), **change)
