"""The backtest: signals at bar closes become trades, and trades an account."""

from __future__ import annotations

import numpy as np

from barwise.bars.bars import Bars
from barwise.bars.sessions import SessionTable
from barwise.core.errors import DataError
from barwise.trading.backtest import (
    TIME,
    Fills,
    Orders,
    Prices,
    mark_to_market,
    simulate,
)
from barwise.trading.costs import BUY, SELL, Costs
from barwise.trading.days import daily_change, session_days_per_year
from barwise.trading.execution import ExecutionContract, Paths, paths
from barwise.trading.result import BacktestResult, DecisionCounts, Trades
from barwise.trading.sizing import Account

_KINDS = np.array(["target", "stop", "time"])


def backtest(
    bars: Bars,
    signals: np.ndarray,
    execution: ExecutionContract,
    *,
    width: np.ndarray,
    costs: Costs,
    account: Account,
    sessions: SessionTable | None = None,
) -> BacktestResult:
    """Trade signals one position at a time under the execution contract.

    Signals while a position is open are ignored; that at the close of the exit's bar is
    not. Of a bar that touches target and stop the stop is taken.

    Parameters
    ----------
    bars : Bars
    signals : ndarray, shape (bar,)
        +1 long, -1 short, 0 or NaN nothing, at the close of each bar.
    execution : ExecutionContract
    width : ndarray of float64, shape (bar,)
        What the barrier multiples multiply (ATR); NaN or not above 0 trades nothing.
    costs : Costs
    account : Account
    sessions : SessionTable, optional
        End trades and make days; without it nothing ends and days are UTC days.

    Raises
    ------
    DataError
        If columns differ in length, a signal is none of +1, 0, -1, NaN, or a bar lies
        beyond the session table.

    Examples
    --------
    Long at 100, target 2 x 1 above, reached in the second bar; 10 dollars a point.

    >>> at = np.array([99.0, 100.0, 101.0, 103.0])
    >>> bars = Bars.of(np.arange(4), at, at, at, at, interval=1)
    >>> costs = Costs(tick_size=1.0, multiplier=10.0, commission=0.5)
    >>> rule, one = ExecutionContract(5, upper=2.0, lower=1.0), np.ones(4)
    >>> result = backtest(
    ...     bars, at == 99, rule, width=one, costs=costs, account=Account(1000.0)
    ... )
    >>> result.trades.net, result.equity
    (array([29.]), array([1000. , 999.5, 1009.5, 1029. ]))
    """
    wanted = _signals(bars, signals, width)
    ways = paths(bars, execution, sessions)
    may = ways.tradable & (width > 0) & np.isfinite(width)
    side = np.where(may, wanted, 0).astype(np.int8)
    orders = _orders(bars, side, execution, width, ways)
    fills = simulate(_prices(bars, execution), orders, execution.reach())
    trades = _trades(bars, orders, fills, ways, execution, costs, account.quantity)
    counts = _counts(wanted, side, trades)
    return _result(bars, trades, counts, costs, account, sessions)


def _counts(wanted: np.ndarray, side: np.ndarray, trades: Trades) -> DecisionCounts:
    asked, possible = (int(np.count_nonzero(column)) for column in (wanted, side))
    return DecisionCounts(asked, len(trades), possible - len(trades), asked - possible)


def _result(
    bars: Bars,
    trades: Trades,
    counts: DecisionCounts,
    costs: Costs,
    account: Account,
    sessions: SessionTable | None,
) -> BacktestResult:
    """Put the accounts of the trades and of holding beside them."""
    equity = _equity(bars, trades, costs, account)
    held = _buy_and_hold(bars, costs, account.quantity)
    day, daily_pnl = daily_change(bars.time, equity, sessions)
    return BacktestResult(
        trades,
        counts,
        bars.time,
        account.capital + equity,
        account.capital + held,
        day,
        daily_pnl,
        daily_change(bars.time, held, sessions)[1],
        session_days_per_year(sessions),
        account,
        bars.symbol,
    )


def _signals(bars: Bars, signals: np.ndarray, width: np.ndarray) -> np.ndarray:
    for name, column in (("signals", signals), ("width", width)):
        if np.shape(column) != (len(bars),):
            raise DataError(
                f"backtest needs one value a bar: {name} has shape {np.shape(column)}, "
                f"there are {len(bars)} bars"
            )
    if not len(bars):
        raise DataError("backtest needs at least one bar, got none")
    wanted = np.nan_to_num(np.asarray(signals, np.float64), nan=0.0)
    bad = ~np.isin(wanted, (-1.0, 0.0, 1.0))
    if bad.any():
        row = int(np.argmax(bad))
        raise DataError(
            f"signal of row {row} is {signals[row]!r}; a signal is +1 (long), -1 (short), "
            "or 0 or NaN for no trade"
        )
    return wanted.astype(np.int8)


def _prices(bars: Bars, execution: ExecutionContract) -> Prices:
    if execution.touch == "close":
        return Prices(bars.close, bars.close, bars.close, bars.close)
    return Prices(bars.open, bars.high, bars.low, bars.close)


def _orders(
    bars: Bars,
    side: np.ndarray,
    execution: ExecutionContract,
    width: np.ndarray,
    ways: Paths,
) -> Orders:
    entry = bars.close.copy()
    if execution.entry == "next_open":
        entry[:-1] = bars.open[1:]
    target, stop = entry.copy(), entry.copy()
    for each in (1, -1):
        rows = np.flatnonzero(side == each)
        target[rows], stop[rows] = execution.levels(entry[rows], width[rows], each)
    end = np.minimum(np.arange(len(bars)) + execution.horizon, ways.last)
    return Orders(side, entry, target, stop, end)


def _trades(
    bars: Bars,
    orders: Orders,
    fills: Fills,
    ways: Paths,
    execution: ExecutionContract,
    costs: Costs,
    quantity: float,
) -> Trades:
    decided = fills.decided
    at_close = execution.entry == "close"
    entry_row = decided if at_close else decided + 1
    side, entry = orders.side[decided], orders.entry[decided]
    gross = side * (fills.exit_price - entry) * (costs.multiplier * quantity)
    cost = np.where(side > 0, costs.of_trade(BUY), costs.of_trade(SELL)) * quantity
    return Trades(
        decision_index=decided,
        entry_index=entry_row,
        exit_index=fills.exit_row,
        entry_time=(bars.time if at_close else bars.open_time)[entry_row],
        exit_time=bars.time[fills.exit_row],
        side=side,
        entry_price=entry,
        exit_price=fills.exit_price,
        quantity=np.full(len(decided), float(quantity)),
        gross=gross,
        cost=cost,
        net=gross - cost,
        reason=_reasons(bars, fills, ways, decided + execution.horizon),
        ambiguous=fills.tied,
    )


def _reasons(bars: Bars, fills: Fills, ways: Paths, horizon: np.ndarray) -> np.ndarray:
    """Why each trade ended; what cut it short is known from the next row."""
    reason = _KINDS[fills.how].astype("U7")
    cut = (fills.how == TIME) & (fills.exit_row < horizon)
    ends_data = ways.ends_data[fills.exit_row]
    reason[cut & ends_data] = "data"
    reason[cut & ~ends_data] = "session"
    if bars.contract is not None:
        following = np.minimum(fills.exit_row + 1, len(bars) - 1)
        rolled = bars.contract[fills.exit_row] != bars.contract[following]
        reason[cut & rolled] = "roll"
    return reason


def _equity(bars: Bars, trades: Trades, costs: Costs, account: Account) -> np.ndarray:
    value = trades.side * (costs.multiplier * account.quantity)
    buy, sell = costs.of_fill(BUY), costs.of_fill(SELL)
    longs = trades.side > 0
    of_sides = np.where(longs, buy, sell), np.where(longs, sell, buy)
    cost = np.stack(of_sides, axis=1) * account.quantity
    return mark_to_market(
        bars.close,
        trades.entry_index,
        trades.exit_index,
        trades.entry_price,
        value,
        trades.gross,
        cost,
    )


def _buy_and_hold(bars: Bars, costs: Costs, quantity: float) -> np.ndarray:
    """Account of one long position from the first open to the last close, from 0."""
    before = np.append(bars.open[0], bars.close[:-1])
    paid = np.zeros(len(bars))
    if bars.contract is not None:
        rolls = np.flatnonzero(bars.contract[1:] != bars.contract[:-1]) + 1
        before[rolls] = bars.open[rolls]
        paid[rolls] = costs.of_trade(BUY)
    paid[0] += costs.of_fill(BUY)
    paid[-1] += costs.of_fill(SELL)
    return np.cumsum((bars.close - before) * costs.multiplier - paid) * quantity
