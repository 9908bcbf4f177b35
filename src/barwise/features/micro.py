"""Microstructure features: spread, impact and order flow, guessed from bars.

Bars hold neither quotes nor the side of a trade; these are the literature's proxies.

Notation
--------
r : log return of one bar
b : sign of the last change of the close that was not 0 (the tick rule)
V : volume of the bar
"""

from __future__ import annotations

import math

from barwise.features.columns import BarColumns
from barwise.features.registry import feature
from barwise.stream import Expr
from barwise.stream.expr import (
    accumulate,
    carry,
    clip,
    constant,
    diff,
    equal,
    erf,
    lag,
    log,
    maximum,
    minimum,
    ratio,
    rolling_cov,
    rolling_mean,
    rolling_std,
    rolling_sum,
    rolling_var,
    sign,
    sqrt,
    tanh,
    where,
)

_SPREAD = "fraction of price, >= 0"


def _side(bars: BarColumns) -> Expr:
    """Sign of the last change of the close that was not 0; NaN where it is unknown."""
    change = diff(bars.close)
    last = carry(where(equal(change, 0.0), constant(float("nan")), sign(change)))
    return where(equal(change, 0.0), last, sign(change))


@feature(
    family="micro",
    unit=_SPREAD,
    full=({"period": 20}, {"period": 60}),
    columns=["micro_roll_{period}"],
)
def micro_roll(bars: BarColumns, *, period: int = 20) -> Expr:
    """Spread that the bounce between bid and ask explains (Roll, 1984).

    ``2 sqrt(-cov(r, r before))``; 0 where the covariance is not negative.
    """
    bounce = rolling_cov(bars.log_change, lag(bars.log_change, 1), period)
    return 2.0 * sqrt(clip(-bounce, lower=0.0))


@feature(
    family="micro",
    unit="fraction of price, 0..2",
    full=({"period": 20},),
    columns=["micro_corwin_schultz_{period}"],
)
def micro_corwin_schultz(bars: BarColumns, *, period: int = 20) -> Expr:
    """Mean spread from the highs and lows of pairs of bars (Corwin and Schultz, 2012).

    The range of two bars holds twice the variance of one but the spread only once.
    As in the paper, a bar that lies beyond the close before is moved to it, and a
    negative estimate counts as 0.
    """
    before = lag(bars.log_close, 1)
    gap = maximum(bars.log_low - before, 0.0) + minimum(bars.log_high - before, 0.0)
    high, low = bars.log_high - gap, bars.log_low - gap
    square = log(bars.high / bars.low) * log(bars.high / bars.low)
    beta = square + lag(square, 1)
    top = maximum(high, lag(bars.log_high, 1))
    both = top - minimum(low, lag(bars.log_low, 1))
    scale = 3.0 - 2.0 * math.sqrt(2.0)
    alpha = sqrt(beta) * ((math.sqrt(2.0) - 1.0) / scale) - both * scale**-0.5
    # 2 (e^a - 1) / (1 + e^a) is twice the hyperbolic tangent of half of a.
    return rolling_mean(2.0 * tanh(0.5 * clip(alpha, lower=0.0)), period)


@feature(
    family="micro",
    unit=_SPREAD,
    full=({"period": 20},),
    columns=["micro_abdi_ranaldo_{period}"],
)
def micro_abdi_ranaldo(bars: BarColumns, *, period: int = 20) -> Expr:
    """Mean spread from closes between the middles of ranges (Abdi and Ranaldo, 2017).

    ``2 sqrt((c - m)(c - m after))`` with c the log close and m the middle of log high
    and low, one bar late so that "after" is known; a negative product counts as 0.
    """
    middle = (bars.log_high + bars.log_low) * 0.5
    close = lag(bars.log_close, 1)
    product = (close - lag(middle, 1)) * (close - middle)
    return rolling_mean(2.0 * sqrt(clip(product, lower=0.0)), period)


@feature(
    family="micro",
    unit="0..1",
    full=({"period": 60},),
    columns=["micro_zero_share_{period}"],
)
def micro_zero_share(bars: BarColumns, *, period: int = 60) -> Expr:
    """Share of bars whose close did not change (Lesmond, Ogden and Trzcinka, 1999)."""
    return rolling_mean(equal(diff(bars.close), 0.0), period)


@feature(
    family="micro",
    unit="-1..1",
    full=({"period": 20},),
    columns=["micro_tick_balance_{period}"],
)
def micro_tick_balance(bars: BarColumns, *, period: int = 20) -> Expr:
    """Mean side of the bars by the tick rule (Lee and Ready, 1991)."""
    return rolling_mean(_side(bars), period)


@feature(family="micro", unit="bars, signed, unbounded", columns=["micro_run"])
def micro_run(bars: BarColumns) -> Expr:
    """Bars since the side of the tick rule last changed, with that side's sign."""
    side = _side(bars)
    return accumulate(side, 1.0 - equal(side, lag(side, 1)))


@feature(
    family="micro",
    unit="-1..1",
    full=({"period": 20},),
    columns=["micro_bulk_{period}"],
)
def micro_bulk(bars: BarColumns, *, period: int = 20) -> Expr:
    """Bought minus sold share of one bar by bulk classification; 0 where flat.

    ``2 N(r / sigma) - 1`` with N the normal distribution and sigma the deviation of r
    over the window (Easley, Lopez de Prado and O'Hara, 2012).
    """
    spread = rolling_std(bars.log_change, period)
    return erf(ratio(bars.log_change, spread) * math.sqrt(0.5))


@feature(
    family="micro",
    unit="-1..1",
    full=({"period": 20},),
    columns=["micro_bulk_imbalance_{period}"],
)
def micro_bulk_imbalance(bars: BarColumns, *, period: int = 20) -> Expr:
    """Bought minus sold over all volume of the window, by bulk classification.

    0 where nothing traded.
    """
    net = rolling_sum(micro_bulk(bars, period=period) * bars.volume, period)
    return ratio(net, rolling_sum(bars.volume, period))


@feature(
    family="micro", unit="0..1", full=({"period": 60},), columns=["micro_vpin_{period}"]
)
def micro_vpin(bars: BarColumns, *, period: int = 60) -> Expr:
    """Mean size of the bars' imbalance, by volume; 0 where nothing traded.

    The probability of informed trading of Easley, Lopez de Prado and O'Hara (2012)
    with bars in place of buckets of equal volume.
    """
    size = abs(micro_bulk(bars, period=period)) * bars.volume
    return ratio(rolling_sum(size, period), rolling_sum(bars.volume, period))


@feature(
    family="micro",
    unit="-1..1",
    full=({"period": 20}, {"period": 60}),
    columns=["micro_tick_imbalance_{period}"],
)
def micro_tick_imbalance(bars: BarColumns, *, period: int = 20) -> Expr:
    """Bought minus sold over all volume of the window, by the tick rule.

    A bar's whole volume has the side b (Lopez de Prado, 2018, ch. 2 and 19). 0 where
    nothing traded.
    """
    signed = rolling_sum(_side(bars) * bars.volume, period)
    return ratio(signed, rolling_sum(bars.volume, period))


@feature(
    family="micro",
    unit="log return per mean volume of a bar, >= 0",
    full=({"period": 20}, {"period": 60}),
    columns=["micro_amihud_{period}"],
)
def micro_amihud(bars: BarColumns, *, period: int = 20) -> Expr:
    """Illiquidity: mean of |r| / V over bars that traded (Amihud, 2002), times mean V.

    Amihud divides by money; by mean volume instead, the column follows neither the
    level of prices nor that of volume. 0 where nothing traded.
    """
    traded = bars.volume > 0.0
    impact = where(traded, abs(bars.log_change) / bars.volume, 0.0)
    count = rolling_sum(traded, period)
    volume = rolling_sum(bars.volume, period)
    return ratio(rolling_sum(impact, period) * volume, count * count)


def _impact(bars: BarColumns, signed: Expr, size: Expr, period: int) -> Expr:
    """Slope of r on a signed size, times the mean size; 0 where that does not vary."""
    slope = ratio(
        rolling_cov(bars.log_change, signed, period), rolling_var(signed, period)
    )
    return slope * rolling_mean(size, period)


@feature(
    family="micro",
    unit="log return per mean volume of a bar, unbounded",
    full=({"period": 60},),
    columns=["micro_kyle_{period}"],
)
def micro_kyle(bars: BarColumns, *, period: int = 60) -> Expr:
    """Kyle's lambda (1985): slope of r on b V, times the mean of V.

    As estimated in Lopez de Prado (2018, ch. 19). 0 where b V does not vary.
    """
    return _impact(bars, _side(bars) * bars.volume, bars.volume, period)


@feature(
    family="micro",
    unit="log return per mean root volume of a bar, unbounded",
    full=({"period": 60},),
    columns=["micro_hasbrouck_{period}"],
)
def micro_hasbrouck(bars: BarColumns, *, period: int = 60) -> Expr:
    """Hasbrouck's lambda (2009): slope of r on b sqrt(V), times the mean of sqrt(V).

    0 where b sqrt(V) does not vary.
    """
    size = sqrt(bars.volume)
    return _impact(bars, _side(bars) * size, size, period)
