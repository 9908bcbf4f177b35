"""What a fill costs, in ticks and in currency."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from barwise.bars.bars import PriceKind
from barwise.bars.instruments import Instrument
from barwise.core.errors import ConfigError

BUY, SELL = 1, -1

# Share of the spread that a buyer and a seller pay on top of the quoted price.
_PAYS: dict[PriceKind, dict[int, float]] = {
    "trade": {BUY: 0.0, SELL: 0.0},
    "bid": {BUY: 1.0, SELL: 0.0},
    "ask": {BUY: 0.0, SELL: 1.0},
    "mid": {BUY: 0.5, SELL: 0.5},
}


@final
@dataclass(frozen=True)
class Costs:
    """Costs of trading one contract (or unit) of an instrument.

    Parameters
    ----------
    tick_size : float
        Price step, above zero.
    multiplier : float
        Currency per point of price and contract.
    commission : float
        Currency per contract and side.
    slippage_ticks : float
        Ticks lost on each side.
    spread_ticks : float
        Distance of ask and bid. Where the source quotes bids only, a buyer pays it: a
        long on the way in, a short on the way out; with mid prices each fill pays half.
        Prices of trades already hold it.
    prices : {"trade", "bid", "ask", "mid"}
        What the source quotes.

    Raises
    ------
    ConfigError
        If a cost is negative, or a tick or multiplier is not above zero.

    Examples
    --------
    MES: one tick is 0.25 points of 5 dollars.

    >>> mes = Costs(tick_size=0.25, multiplier=5.0, commission=0.62, slippage_ticks=1)
    >>> mes.of_fill(BUY), mes.of_trade(BUY)
    (1.87, 3.74)
    >>> mes.in_price(BUY)
    0.748
    """

    tick_size: float
    multiplier: float
    commission: float = 0.0
    slippage_ticks: float = 0.0
    spread_ticks: float = 0.0
    prices: PriceKind = "trade"

    def __post_init__(self) -> None:
        for name in ("tick_size", "multiplier"):
            if not getattr(self, name) > 0:
                raise ConfigError(
                    f"costs.{name}: {getattr(self, name)!r} must be above 0"
                )
        for name in ("commission", "slippage_ticks", "spread_ticks"):
            if not getattr(self, name) >= 0:
                raise ConfigError(
                    f"costs.{name}: {getattr(self, name)!r} must be at least 0; a "
                    "rebate is not modelled"
                )
        if self.prices not in _PAYS:
            raise ConfigError(
                f"costs.prices: {self.prices!r} is not known; choose one of "
                f"{', '.join(_PAYS)}"
            )

    @classmethod
    def for_instrument(
        cls,
        instrument: Instrument,
        *,
        prices: PriceKind = "trade",
        spread_ticks: float = 0.0,
    ) -> Costs:
        """Costs of an instrument, for bars that quote ``prices``.

        The slippage of a known instrument holds half its usual spread on each side, so
        ``spread_ticks`` is what a source of one side's prices adds to that, if anything.
        """
        return cls(
            tick_size=instrument.tick_size,
            multiplier=instrument.multiplier,
            commission=instrument.commission,
            slippage_ticks=instrument.slippage_ticks,
            spread_ticks=spread_ticks,
            prices=prices,
        )

    def of_fill(self, direction: int) -> float:
        """Currency that a buy (+1) or a sale (-1) of one contract costs."""
        ticks = self.slippage_ticks + self.spread_ticks * _PAYS[self.prices][direction]
        return self.commission + ticks * self.tick_size * self.multiplier

    def of_trade(self, side: int) -> float:
        """Currency that a long (+1) or a short (-1) costs from entry to exit."""
        return self.of_fill(side) + self.of_fill(-side)

    def in_price(self, side: int) -> float:
        """Points of price that a trade must make to pay its costs."""
        return self.of_trade(side) / self.multiplier
