"""What a backtest returns: its trades, its account, and how decisions were used."""

from __future__ import annotations

from dataclasses import dataclass, fields
from html import escape
from typing import TYPE_CHECKING, final

import numpy as np

from barwise.trading.sizing import Account

if TYPE_CHECKING:
    import polars as pl

_SHOWN = 5


@final
@dataclass(frozen=True, eq=False, repr=False)
class Trades:
    """Closed trades in order, one row each.

    Parameters
    ----------
    decision_index, entry_index, exit_index : ndarray of int64, shape (trade,)
        Rows of the bars: whose close decided, that holds the entry, that holds the exit.
    entry_time, exit_time : ndarray of int64, shape (trade,)
        Nanoseconds UTC: the entry bar's open (its close when entered at the close), and
        the close of the exit's bar.
    side : ndarray of int8, shape (trade,)
        +1 long, -1 short.
    entry_price, exit_price : ndarray of float64, shape (trade,)
        Prices of the execution contract, before costs.
    quantity : ndarray of float64, shape (trade,)
        Contracts.
    gross, cost, net : ndarray of float64, shape (trade,)
        Currency; net = gross - cost.
    reason : ndarray of str, shape (trade,)
        ``target``, ``stop``, ``time`` (horizon), ``session``, ``roll`` or ``data`` (the
        bars end).
    ambiguous : ndarray of bool, shape (trade,)
        The exit's bar touched target and stop, and the stop was taken.
    """

    decision_index: np.ndarray
    entry_index: np.ndarray
    exit_index: np.ndarray
    entry_time: np.ndarray
    exit_time: np.ndarray
    side: np.ndarray
    entry_price: np.ndarray
    exit_price: np.ndarray
    quantity: np.ndarray
    gross: np.ndarray
    cost: np.ndarray
    net: np.ndarray
    reason: np.ndarray
    ambiguous: np.ndarray

    def __len__(self) -> int:
        return len(self.side)

    def __repr__(self) -> str:
        return f"Trades({len(self):,} trades, net {self.net.sum():,.2f})"

    def to_polars(self) -> pl.DataFrame:
        """The trades as a polars frame, times in UTC."""
        import polars as pl

        frame = pl.DataFrame(
            {field.name: getattr(self, field.name) for field in fields(self)}
        )
        times = [pl.from_epoch(f"{end}_time", "ns") for end in ("entry", "exit")]
        return frame.with_columns(time.dt.replace_time_zone("UTC") for time in times)


@final
@dataclass(frozen=True)
class DecisionCounts:
    """How the rows with a signal were used.

    Parameters
    ----------
    signals : int
        Rows that asked for a trade.
    taken : int
        Rows that became one.
    in_position : int
        Ignored: a position was open.
    untradable : int
        Ignored: no width, a filled row, outside sessions, or no row left to trade on.
    """

    signals: int
    taken: int
    in_position: int
    untradable: int


@final
@dataclass(frozen=True, eq=False, repr=False)
class BacktestResult:
    """Outcome of one backtest.

    Parameters
    ----------
    trades : Trades
    counts : DecisionCounts
    time : ndarray of int64, shape (bar,)
        Close of each bar, nanoseconds UTC.
    equity : ndarray of float64, shape (bar,)
        Account at each close, marked to market, net of the costs paid so far.
    buy_and_hold : ndarray of float64, shape (bar,)
        The same account if it held the same quantity long throughout; a roll closes at
        the old contract's last close and opens at the new one's first open.
    day : ndarray of int64, shape (day,)
        Session days in days since 1970-01-01, those without a trade included.
    daily_pnl, daily_buy_and_hold : ndarray of float64, shape (day,)
        Change of either account by session day.
    days_per_year : float
        Session days in a year of this market.
    account : Account
        Capital and quantity.
    symbol : str
    """

    trades: Trades
    counts: DecisionCounts
    time: np.ndarray
    equity: np.ndarray
    buy_and_hold: np.ndarray
    day: np.ndarray
    daily_pnl: np.ndarray
    daily_buy_and_hold: np.ndarray
    days_per_year: float
    account: Account
    symbol: str = ""

    @property
    def daily_returns(self) -> np.ndarray:
        """Change of the account by session day, as a share of the capital."""
        return self.daily_pnl / self.account.capital

    def __repr__(self) -> str:
        return (
            f"BacktestResult({self.symbol}, {len(self.trades):,} trades on "
            f"{len(self.day):,} days, net {self.trades.net.sum():,.2f})"
        )

    def _repr_html_(self) -> str:
        from barwise.trading.performance import performance

        scores = performance(self).scores()
        held = performance(self, of="buy_and_hold").scores()
        rows = "".join(
            f"<tr><th>{escape(name)}</th><td>{_cell(value)}</td>"
            f"<td>{_cell(held[name])}</td></tr>"
            for name, value in scores.items()
        )
        frame = self.trades.to_polars().tail(_SHOWN)
        return (
            f"<p>{escape(repr(self))}</p>"
            f"<table><tr><th></th><th>strategy</th><th>buy and hold</th></tr>{rows}</table>"
            f"<p>Last trades</p>{frame._repr_html_()}"
        )


def _cell(value: float | None) -> str:
    return "undefined" if value is None else f"{value:,.4g}"
