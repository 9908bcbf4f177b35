"""How many contracts a trade has: always the same number.

One position at a time of a fixed quantity keeps the P&L of a day independent of the
days before it, which is what the Sharpe ratio and its interval assume. Scaling and
limits of live positions belong to the risk limits on signals.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from barwise.core.errors import ConfigError


@final
@dataclass(frozen=True)
class Account:
    """Capital that one position of a fixed quantity is measured against.

    Parameters
    ----------
    capital : float
        Currency at the start; returns and drawdowns are shares of it.
    quantity : float
        Contracts (or units) in each trade.

    Examples
    --------
    >>> Account(10_000.0)
    Account(capital=10000.0, quantity=1.0)
    """

    capital: float
    quantity: float = 1.0

    def __post_init__(self) -> None:
        for name in ("capital", "quantity"):
            if not getattr(self, name) > 0:
                raise ConfigError(
                    f"trading.{name}: {getattr(self, name)!r} must be above 0"
                )
