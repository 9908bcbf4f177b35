import pytest

from barwise.bars.instruments import get_instrument
from barwise.core.errors import ConfigError
from barwise.trading import Costs
from barwise.trading.costs import BUY, SELL


@pytest.mark.parametrize(
    ("prices", "buyer", "seller"),
    # Commission 1, one tick of slippage = 10, spread of three ticks = 30.
    [("trade", 11, 11), ("bid", 41, 11), ("ask", 11, 41), ("mid", 26, 26)],
)
def test_who_pays_the_spread(prices, buyer, seller):
    costs = Costs(0.5, 20.0, 1.0, 1.0, spread_ticks=3, prices=prices)
    assert (costs.of_fill(BUY), costs.of_fill(SELL)) == (buyer, seller)
    assert costs.of_trade(BUY) == costs.of_trade(SELL) == buyer + seller
    assert costs.in_price(SELL) == (buyer + seller) / 20.0


def test_an_instrument_brings_its_costs():
    mes = get_instrument("MES")
    costs = Costs.for_instrument(mes, prices="mid", spread_ticks=1)
    slip = mes.slippage_ticks * mes.tick_value
    assert costs.of_fill(BUY) == mes.commission + slip + mes.tick_value / 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tick_size", 0.0),
        ("multiplier", -1.0),
        ("commission", -0.1),
        ("slippage_ticks", float("nan")),
        ("spread_ticks", -1.0),
        ("prices", "last"),
    ],
)
def test_impossible_costs_are_refused_by_name(name, value):
    with pytest.raises(ConfigError, match=f"costs.{name}"):
        Costs(**{"tick_size": 1.0, "multiplier": 1.0, name: value})
