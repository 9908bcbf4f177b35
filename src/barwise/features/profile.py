"""Volume profile features: at which prices of the window the volume traded."""

from __future__ import annotations

from barwise.features.columns import BarColumns
from barwise.features.registry import feature
from barwise.stream import Expr
from barwise.stream.expr import (
    equal,
    rolling_max,
    rolling_min,
    rolling_sum,
    volume_profile,
    where,
)

BINS = 24
VALUE_SHARE = 0.7
"""Share of the volume in the value area, about one standard deviation each side."""


@feature(
    family="profile",
    unit=(
        "fraction of close, unbounded",
        "fraction of close, >= 0",
        "0 at the lower end and 1 at the upper, unbounded",
    ),
    full=({"period": 60},),
    columns=[
        "volume_profile_peak_distance_{period}",
        "volume_profile_width_{period}",
        "volume_profile_position_{period}",
    ],
)
def profile(bars: BarColumns, *, period: int = 60) -> tuple[Expr, Expr, Expr]:
    """Close against the price that traded most and the value area (Steidlmayer, 1986).

    A bar's volume counts at its typical price; the typical prices of the window,
    lowest to highest, are cut into 24 equal bins. The peak is the middle of the
    heaviest bin. The value area grows from there to the heavier neighbour until it
    holds 70 % of the volume; its width is over the close. Where nothing traded or
    all prices are equal: distance 0, width 0, position 0.5.
    """
    price = bars.typical
    heaviest, lowest, highest = volume_profile(
        price, bars.volume, period, bins=BINS, share=VALUE_SHARE
    )
    bottom = rolling_min(price, period)
    height = (rolling_max(price, period) - bottom) / BINS
    lower, width = bottom + height * lowest, height * (highest - lowest + 1.0)
    peak = bottom + height * (heaviest + 0.5)
    empty = equal(rolling_sum(bars.volume, period) * height, 0.0)
    return (
        where(empty, 0.0, (bars.close - peak) / bars.close),
        where(empty, 0.0, width / bars.close),
        where(empty, 0.5, (bars.close - lower) / width),
    )
