"""Volume features. An instrument without volume has none of them."""

from __future__ import annotations

from barwise.features.columns import BarColumns
from barwise.features.price import close_location
from barwise.features.registry import feature
from barwise.stream import Expr
from barwise.stream.expr import (
    accumulate,
    clip,
    constant,
    diff,
    ema,
    equal,
    log,
    rolling_mean,
    rolling_std,
    rolling_sum,
    sign,
    where,
)


def _share(part: Expr, whole: Expr, otherwise: float) -> Expr:
    """Return part over whole, or ``otherwise`` where nothing traded."""
    return where(equal(whole, 0.0), otherwise, part / whole)


@feature(
    family="volume", unit="ratio", full=({"period": 10}, {"period": 20}, {"period": 60})
)
def volume_ratio(bars: BarColumns, *, period: int = 20) -> Expr:
    """Volume over its mean; 1 where nothing traded in the window."""
    return _share(bars.volume, rolling_mean(bars.volume, period), 1.0)


@feature(
    family="volume", unit="standard deviations", full=({"period": 20}, {"period": 60})
)
def volume_zscore(bars: BarColumns, *, period: int = 20) -> Expr:
    """Log volume in standard deviations from its mean; 0 where it does not vary."""
    size = log(1.0 + bars.volume)
    spread = rolling_std(size, period)
    return where(equal(spread, 0.0), 0.0, (size - rolling_mean(size, period)) / spread)


@feature(family="volume", unit="log", columns=["volume_change_{rows}"])
def volume_change(bars: BarColumns, *, rows: int = 1) -> Expr:
    """Change of log(1 + volume)."""
    return diff(log(1.0 + bars.volume), rows)


@feature(family="volume", unit="contracts", columns=["obv"])
def obv(bars: BarColumns) -> Expr:
    """On-balance volume since the start of the stream (Granville, 1963).

    The level depends on where the stream starts: of use in the full set only, where
    ``obv_ratio`` is the stationary form. TA-Lib adds the first bar's volume, which has
    no direction, and so differs by that constant.
    """
    signed = sign(diff(bars.close)) * bars.volume
    return accumulate(signed, constant(0.0))


@feature(
    family="volume",
    unit="-1..1",
    full=({"period": 20}, {"period": 60}),
    columns=["obv_ratio_{period}"],
)
def obv_ratio(bars: BarColumns, *, period: int = 20) -> Expr:
    """Signed over total volume of the window: on-balance volume without a start."""
    signed = rolling_sum(sign(diff(bars.close)) * bars.volume, period)
    return _share(signed, rolling_sum(bars.volume, period), 0.0)


@feature(
    family="volume", unit="-1..1", full=({"period": 20},), columns=["ad_ratio_{period}"]
)
def ad_ratio(bars: BarColumns, *, period: int = 20) -> Expr:
    """Accumulation/distribution over the window's volume (Chaikin money flow)."""
    flow = (2.0 * close_location(bars) - 1.0) * bars.volume
    return _share(rolling_sum(flow, period), rolling_sum(bars.volume, period), 0.0)


@feature(family="volume", unit="percent, 0..100", full=({"period": 14},))
def mfi(bars: BarColumns, *, period: int = 14) -> Expr:
    """Money flow index (Quong and Soudack, 1989); 50 where no money moved.

    A change of the typical price within rounding is no move. TA-Lib gives 0 where the
    window's flow is below 1, whatever the unit of volume.
    """
    flow = bars.typical * bars.volume
    move, rounding = diff(bars.typical), 1e-12 * bars.typical
    up = rolling_sum(where(move > rounding, flow, 0.0), period)
    down = rolling_sum(where(move < -rounding, flow, 0.0), period)
    return _share(100.0 * up, up + down, 50.0)


@feature(family="volume", unit="ATR-free index", full=({"period": 13},))
def efi(bars: BarColumns, *, period: int = 13) -> Expr:
    """Force index (Elder, 1993) per unit of price and of mean volume."""
    force = ema(diff(bars.close) * bars.volume, period)
    return _share(force, ema(bars.volume, period) * bars.close, 0.0)


@feature(
    family="volume",
    unit="price",
    columns=["vwap_session"],
    price_units=True,
)
def vwap_session(bars: BarColumns) -> Expr:
    """Volume-weighted mean of the typical price since the session's open."""
    traded = accumulate(bars.volume, bars.new_session)
    money = accumulate(bars.typical * bars.volume, bars.new_session)
    return where(equal(traded, 0.0), bars.close, money / traded)


@feature(family="volume", unit="fraction of close", columns=["vwap_session_distance"])
def vwap_session_distance(bars: BarColumns) -> Expr:
    """Close against the session's volume-weighted mean price."""
    return (bars.close - vwap_session(bars)) / bars.close


@feature(
    family="volume",
    unit="fraction of close",
    full=({"period": 20}, {"period": 60}),
    columns=["vwap_distance_{period}"],
)
def vwap_distance(bars: BarColumns, *, period: int = 20) -> Expr:
    """Close against the rolling volume-weighted mean price; 0 if nothing traded."""
    traded = rolling_sum(bars.volume, period)
    money = rolling_sum(bars.typical * bars.volume, period)
    mean = where(equal(traded, 0.0), bars.close, money / traded)
    return (bars.close - mean) / bars.close


@feature(
    family="volume",
    unit="log return per log volume",
    columns=["volume_price_trend_{period}"],
)
def volume_price_trend(bars: BarColumns, *, period: int = 20) -> Expr:
    """Volume-weighted sum of returns over the window's volume."""
    change = bars.close / bars.previous_close - 1.0
    weighted = rolling_sum(change * bars.volume, period)
    return _share(weighted, rolling_sum(bars.volume, period), 0.0)


@feature(
    family="volume",
    unit="0..1",
    full=({"period": 60},),
    columns=["volume_up_share_{period}"],
)
def volume_up_share(bars: BarColumns, *, period: int = 60) -> Expr:
    """Share of the volume that traded in rising bars; 0.5 if nothing traded."""
    up = where(bars.close > bars.open, bars.volume, 0.0)
    share = _share(rolling_sum(up, period), rolling_sum(bars.volume, period), 0.5)
    return clip(share, lower=0.0, upper=1.0)
