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
    log,
    ratio,
    rolling_cov,
    rolling_mean,
    rolling_std,
    rolling_sum,
    sign,
    where,
    wma,
)


@feature(
    family="volume",
    unit="ratio, >= 0",
    full=({"period": 10}, {"period": 20}, {"period": 60}),
)
def volume_ratio(bars: BarColumns, *, period: int = 20) -> Expr:
    """Volume over its mean; 1 where nothing traded in the window."""
    return ratio(bars.volume, rolling_mean(bars.volume, period), 1.0)


@feature(
    family="volume",
    unit="standard deviations, unbounded",
    full=({"period": 20}, {"period": 60}),
)
def volume_zscore(bars: BarColumns, *, period: int = 20) -> Expr:
    """Log volume in standard deviations from its mean; 0 where it does not vary."""
    size = log(1.0 + bars.volume)
    spread = rolling_std(size, period)
    return ratio(size - rolling_mean(size, period), spread)


@feature(
    family="volume", unit="log volume, unbounded", columns=["volume_change_{rows}"]
)
def volume_change(bars: BarColumns, *, rows: int = 1) -> Expr:
    """Change of log(1 + volume)."""
    return diff(log(1.0 + bars.volume), rows)


@feature(family="volume", unit="units of volume, unbounded", columns=["obv"])
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
    """Signed over total volume of the window: on-balance volume without a start.

    0 where nothing traded.
    """
    signed = rolling_sum(sign(diff(bars.close)) * bars.volume, period)
    return ratio(signed, rolling_sum(bars.volume, period))


@feature(
    family="volume", unit="-1..1", full=({"period": 20},), columns=["ad_ratio_{period}"]
)
def ad_ratio(bars: BarColumns, *, period: int = 20) -> Expr:
    """Accumulation/distribution over the window's volume (Chaikin money flow).

    0 where nothing traded.
    """
    flow = _money_flow(bars)
    return ratio(rolling_sum(flow, period), rolling_sum(bars.volume, period))


def _money_flow(bars: BarColumns) -> Expr:
    """Volume times the place of the close, -1 at the low and 1 at the high."""
    return (2.0 * close_location(bars) - 1.0) * bars.volume


@feature(family="volume", unit="units of volume, unbounded", columns=["ad_line"])
def ad_line(bars: BarColumns) -> Expr:
    """Accumulation/distribution since the start of the stream (Chaikin, 1970s).

    Like ``obv`` its level depends on where the stream starts; ``ad_ratio`` and
    ``ad_distance`` are stationary forms.
    """
    return accumulate(_money_flow(bars), constant(0.0))


@feature(
    family="volume",
    unit="mean volumes, unbounded",
    columns=["ad_oscillator_{fast}_{slow}"],
)
def ad_oscillator(bars: BarColumns, *, fast: int = 3, slow: int = 10) -> Expr:
    """Fast minus slow EMA of the A/D line, over the mean volume (Chaikin, 1970s).

    The EMA of a running sum trails it by (span - 1) / 2 times the EMA of its terms, so
    the oscillator needs no line and forgets where the stream began. 0 where nothing
    traded.
    """
    flow = _money_flow(bars)
    behind = ema(flow, slow) * ((slow - 1) / 2.0)
    ahead = ema(flow, fast) * ((fast - 1) / 2.0)
    return ratio(behind - ahead, ema(bars.volume, slow))


def _above_its_mean(change: Expr, period: int) -> Expr:
    """Return a running sum minus its mean over ``period`` rows, from its changes alone."""
    return wma(change, period - 1) * ((period - 1) / 2.0)


@feature(
    family="volume",
    unit="-1..1",
    full=({"period": 20},),
    columns=["obv_distance_{period}", "ad_distance_{period}"],
)
def flow_distance(bars: BarColumns, *, period: int = 20) -> tuple[Expr, Expr]:
    """OBV and A/D line minus their means of the window, over the window's volume.

    Computed from the window's flows, so that no level is subtracted. 0 where nothing
    traded.
    """
    traded = rolling_sum(bars.volume, period)
    signed = sign(diff(bars.close)) * bars.volume
    return (
        ratio(_above_its_mean(signed, period), traded),
        ratio(_above_its_mean(_money_flow(bars), period), traded),
    )


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
    return ratio(100.0 * up, up + down, 50.0)


@feature(
    family="volume",
    unit="fraction of close, unbounded",
    full=({"period": 2}, {"period": 13}),
)
def efi(bars: BarColumns, *, period: int = 13) -> Expr:
    """Force index (Elder, 1993) per unit of price and of mean volume.

    EMA of change times volume, over EMA of volume times close; 0 where nothing traded.
    """
    force = ema(diff(bars.close) * bars.volume, period)
    return ratio(force, ema(bars.volume, period) * bars.close)


@feature(
    family="volume",
    unit="price, > 0",
    columns=["vwap_session"],
    price_units=True,
)
def vwap_session(bars: BarColumns) -> Expr:
    """Volume-weighted mean of the typical price since the session's open.

    The close where nothing traded. In the first session of a stream the first row
    stands for the open.
    """
    traded = accumulate(bars.volume, bars.new_session)
    money = accumulate(bars.typical * bars.volume, bars.new_session)
    return ratio(money, traded, bars.close)


@feature(
    family="volume",
    unit="fraction of close, unbounded",
    columns=["vwap_session_distance"],
)
def vwap_session_distance(bars: BarColumns) -> Expr:
    """Close against the session's volume-weighted mean price."""
    return (bars.close - vwap_session(bars)) / bars.close


@feature(
    family="volume",
    unit="price, > 0",
    full=({"period": 20},),
    columns=["vwap_{period}"],
    price_units=True,
)
def vwap(bars: BarColumns, *, period: int = 20) -> Expr:
    """Volume-weighted mean of the typical price; the close where nothing traded."""
    traded = rolling_sum(bars.volume, period)
    money = rolling_sum(bars.typical * bars.volume, period)
    return ratio(money, traded, bars.close)


@feature(
    family="volume",
    unit="fraction of close, unbounded",
    full=({"period": 20}, {"period": 60}),
    columns=["vwap_distance_{period}"],
)
def vwap_distance(bars: BarColumns, *, period: int = 20) -> Expr:
    """Close against the rolling volume-weighted mean price; 0 where nothing traded."""
    return (bars.close - vwap(bars, period=period)) / bars.close


@feature(
    family="volume",
    unit="fraction, >= -1",
    columns=["volume_price_trend_{period}"],
)
def volume_price_trend(bars: BarColumns, *, period: int = 20) -> Expr:
    """Volume-weighted mean of the window's returns; 0 where nothing traded."""
    change = bars.close / bars.previous_close - 1.0
    weighted = rolling_sum(change * bars.volume, period)
    return ratio(weighted, rolling_sum(bars.volume, period))


@feature(
    family="volume",
    unit="0..1",
    full=({"period": 60},),
    columns=["volume_up_share_{period}"],
)
def volume_up_share(bars: BarColumns, *, period: int = 60) -> Expr:
    """Share of the volume that traded in rising bars; 0.5 if nothing traded."""
    up = where(bars.close > bars.open, bars.volume, 0.0)
    share = ratio(rolling_sum(up, period), rolling_sum(bars.volume, period), 0.5)
    return clip(share, lower=0.0, upper=1.0)


@feature(family="volume", unit="ratio, >= -1", columns=["volume_trend_{fast}_{slow}"])
def volume_trend(bars: BarColumns, *, fast: int = 10, slow: int = 60) -> Expr:
    """Fast over slow mean volume, minus one; 0 where nothing traded."""
    usual = rolling_mean(bars.volume, slow)
    return ratio(rolling_mean(bars.volume, fast), usual, 1.0) - 1.0


@feature(family="volume", unit="ratio, >= 0", full=({"period": 20},))
def volume_variation(bars: BarColumns, *, period: int = 20) -> Expr:
    """Standard deviation of the volume over its mean; 0 where nothing traded."""
    spread = rolling_std(bars.volume, period)
    return ratio(spread, rolling_mean(bars.volume, period))


@feature(
    family="volume",
    unit="-1..1",
    full=({"period": 60},),
    columns=["volume_move_corr_{period}"],
)
def volume_move_corr(bars: BarColumns, *, period: int = 60) -> Expr:
    """Correlation of volume and size of the log return; 0 where one does not vary.

    Large moves come with volume (Karpoff, 1987).
    """
    size = abs(bars.log_change)
    spread = rolling_std(bars.volume, period) * rolling_std(size, period)
    corr = ratio(rolling_cov(bars.volume, size, period), spread)
    return clip(corr, lower=-1.0, upper=1.0)


@feature(family="volume", unit="percent, >= -100", columns=["pvo_{fast}_{slow}"])
def pvo(bars: BarColumns, *, fast: int = 12, slow: int = 26) -> Expr:
    """Percentage volume oscillator (Appel): EMA difference over the slow EMA.

    0 where nothing traded.
    """
    base = ema(bars.volume, slow)
    return ratio(100.0 * (ema(bars.volume, fast) - base), base)
