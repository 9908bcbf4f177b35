"""Prices of several contracts brought to one scale, forward in time only."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Literal, final, get_args

import numpy as np

from barwise.bars.bars import Bars
from barwise.bars.held import empty_bars
from barwise.core.errors import ConfigError, DataError, IntegrityError
from barwise.core.stage import Stage, State

RollAdjustment = Literal["ratio", "difference", "none"]

_PRICES = ("open", "high", "low", "close")
_DIGITS = 34
"""Binary digits of a factor. A price of up to 131,000 ticks of a binary fraction (ES,
NQ, ZN) has 17, and a float 53: two are left for sums of three prices."""


@final
class RollAdjuster(Stage[Bars, Bars]):
    """Bring the prices of later contracts to the scale of the first one.

    At a roll the later prices are multiplied by (or shifted by the difference of) the
    old and the new contract's close at one moment, so that a return or a true range
    over the roll is measured from the new contract's own previous close. Earlier rows
    are never touched: unlike a back-adjusted series, a later roll changes nothing that
    was already known.

    Where the two closes are not known, the last close of the old contract and the
    first open of the new one stand for them: the move between them is lost with the
    gap, which :func:`barwise.bars.rolls.roll_findings` reports. A bar of the new
    contract without an open waits for that with prices that are NaN.

    A row without a contract (``""``) goes on in the contract before it.

    Parameters
    ----------
    method : {"ratio", "difference", "none"}
        ``ratio`` keeps returns, ``difference`` keeps moves in points, ``none`` leaves
        prices as they were traded, gaps included.

    Raises
    ------
    ConfigError
        If the method is unknown.

    Notes
    -----
    A factor is applied with 34 binary digits, 6e-11 of the price, while its product goes
    on unrounded. So a price of whole binary ticks (ES, NQ, ZN) times the factor is exact,
    and so are differences and sums of such prices: equal moves stay equal. With all
    digits, rounding would decide every comparison of moves that are equal in ticks.

    Examples
    --------
    The second contract trades 10 points higher; its own close before the roll was 111.

    >>> price = np.array([100.0, 101.0, 112.0, 113.0])
    >>> bars = Bars.of(np.arange(4), price, price, price, price, interval=1)
    >>> bars = bars.with_columns(
    ...     contract=np.array(["H4", "H4", "M4", "M4"]),
    ...     old_close=np.array([np.nan, np.nan, 101.0, 101.0]),
    ...     new_close=np.array([np.nan, np.nan, 111.0, 111.0]),
    ... )
    >>> RollAdjuster("difference").push(bars).close
    array([100., 101., 102., 103.])
    >>> ratio = RollAdjuster("ratio").push(bars).close
    >>> round(float(ratio[2] / ratio[1] * 111), 9)
    112.0
    """

    def __init__(self, method: RollAdjustment = "ratio") -> None:
        if method not in get_args(RollAdjustment):
            raise ConfigError(
                f"roll_adjustment={method!r} is not one of "
                f"{', '.join(get_args(RollAdjustment))}"
            )
        self._method = method
        self._contract = ""
        self._factor, self._shift = 1.0, 0.0
        self._last = np.nan  # traded close of the contract
        self._waiting = np.nan  # the old contract's close, until the new one opens
        self._pushed = empty_bars()

    def push(self, chunk: Bars) -> Bars:
        """Return the next rows with adjusted prices; all other columns stay.

        Raises
        ------
        DataError
            If a close at a roll is not above zero, or an adjusted price is not.
        """
        if self._method == "none" or not len(chunk):
            return chunk
        self._pushed = chunk
        if self._goes_on(chunk):
            return self._stretch(chunk)
        names = self._names(chunk)
        starts = [0, *(np.flatnonzero(names[1:] != names[:-1]) + 1)]
        parts = []
        for begin, end in pairwise([*starts, len(chunk)]):
            part, name = chunk[begin:end], str(names[begin])
            if self._contract and name != self._contract:
                self._roll(part)
            self._contract = name
            parts.append(self._stretch(part))
        return Bars.concat(parts)

    def advance(self, to_time: int) -> Bars:  # noqa: ARG002 - nothing waits
        """Return no rows: an output row belongs to an input row."""
        return self._pushed[:0]

    def snapshot(self) -> State:
        """Return the scale, the contract and its last close."""
        numbers = [self._factor, self._shift, self._last, self._waiting]
        return {
            "contract": np.array(self._contract),
            "method": np.array(self._method),
            "numbers": np.array(numbers),
        }

    def restore(self, state: State) -> None:
        """Go on from a snapshot.

        Raises
        ------
        IntegrityError
            If the snapshot was taken with another method.
        """
        if str(state["method"]) != self._method:
            raise IntegrityError(
                f"this snapshot was taken with roll adjustment {str(state['method'])!r}, "
                f"not {self._method!r}: its prices have another scale; use the same one "
                "(data.roll_adjustment), or start from a backfill"
            )
        self._contract = str(state["contract"])
        self._factor, self._shift, self._last, self._waiting = state["numbers"].tolist()

    def _goes_on(self, chunk: Bars) -> bool:
        names = chunk.contract
        if names is None:
            return True
        if len(names) == 1:
            return bool(names[0] in (self._contract, ""))
        return bool(np.isin(names, (self._contract, "")).all())

    def _names(self, chunk: Bars) -> np.ndarray:
        """Contract of each row; a row that names none goes on in the one before."""
        names = np.r_[[self._contract], chunk.contract]
        named = np.where(names != "", np.arange(len(names)), 0)
        return names[np.maximum.accumulate(named)][1:]

    def _roll(self, part: Bars) -> None:
        """Learn the new scale from the two closes, or begin to wait for an open."""
        if not math.isnan(self._waiting):
            return  # the contract before never opened, so the one before it counts
        old, new = (
            np.nan if column is None else float(column[0])
            for column in (part.old_close, part.new_close)
        )
        old = self._last if np.isnan(old) else old
        if np.isnan(old + new):
            self._waiting = self._last
        else:
            self._move(old, new, part)

    def _stretch(self, part: Bars) -> Bars:
        """Adjust rows of one contract."""
        if math.isnan(self._waiting):
            return self._scaled(part)
        there = np.flatnonzero(np.isfinite(part.open))
        opens = int(there[0]) if len(there) else len(part)
        nothing = np.full(opens, np.nan)
        before = part[:opens].with_columns(**dict.fromkeys(_PRICES, nothing))
        if opens == len(part):
            return before
        self._move(self._waiting, float(part.open[opens]), part)
        self._waiting = np.nan
        return Bars.concat([before, self._scaled(part[opens:])])

    def _scaled(self, part: Bars) -> Bars:
        last = part.close.item(-1)
        if not math.isfinite(last):
            known = part.close[np.isfinite(part.close)]
            last = float(known[-1]) if len(known) else self._last
        self._last = last
        if self._factor != 1.0:
            factor = _short(self._factor)
            return part.at_prices({n: getattr(part, n) * factor for n in _PRICES})
        if self._shift == 0.0:
            return part
        prices = {n: getattr(part, n) + self._shift for n in _PRICES}
        self._check_positive(part, prices["low"])
        return part.at_prices(prices)

    def _move(self, old: float, new: float, part: Bars) -> None:
        if self._method == "difference":
            self._shift += old - new
            return
        if old <= 0 or new <= 0:
            raise DataError(
                f"{_where(part, 0)}: the contracts closed at {old:g} and {new:g}, and a "
                "ratio needs prices above zero; use data.roll_adjustment: difference "
                "(RollAdjuster('difference') in Python), or none"
            )
        self._factor *= old / new

    def _check_positive(self, part: Bars, low: np.ndarray) -> None:
        if not (low <= 0).any():
            return
        row = int(np.argmax(low <= 0))
        raise DataError(
            f"{_where(part, row)}: shifted by {self._shift:g} since the first contract, "
            f"the low of {part.low[row]:g} becomes {low[row]:g}, and returns of such "
            "prices mean nothing; use data.roll_adjustment: ratio, or begin the data "
            "with a later contract"
        )


def _short(factor: float) -> float:
    """Return the nearest number with 34 binary digits, so that products are exact."""
    mantissa, exponent = math.frexp(factor)
    return math.ldexp(round(math.ldexp(mantissa, _DIGITS)), exponent - _DIGITS)


def _where(part: Bars, row: int) -> str:
    stamp = part.time[row].astype("datetime64[ns]").astype("datetime64[s]")
    name = "" if part.contract is None else f" {part.contract[row]}"
    return f"{part.symbol}{name}, bar that closes at {stamp} UTC"
