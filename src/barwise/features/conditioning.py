"""Volume made fit for models: logarithm, limits learned on training rows, rank."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from barwise.core.errors import ConfigError
from barwise.features.columns import BarColumns
from barwise.features.registry import feature
from barwise.stream import Expr
from barwise.stream.expr import clip, log, rolling_rank
from barwise.stream.learned import Recipe, learned


@final
@dataclass(frozen=True)
class Winsor(Recipe):
    """Limits of a column: quantiles of the training rows, as numpy.quantile gives them.

    Parameters
    ----------
    share : float
        Share of the training rows beyond each of the two limits, 0..0.5.
    """

    share: float

    def learn(self, inputs: np.ndarray) -> np.ndarray:
        """Return the two quantiles."""
        return np.quantile(inputs[:, 0], [self.share, 1.0 - self.share])

    def expressions(
        self, inputs: tuple[Expr, ...], parameters: np.ndarray
    ) -> tuple[Expr, ...]:
        """Return the limited column."""
        if parameters.shape != (2,) or not np.isfinite(parameters).all():
            raise ConfigError(
                "a winsorised column has 2 finite limits, got an array of shape "
                f"{parameters.shape}; fit the columns again"
            )
        lower, upper = map(float, parameters)
        return (clip(inputs[0], lower=lower, upper=upper),)

    def describe(self, parameters: np.ndarray) -> str:
        """Say the two limits."""
        return f"limits {parameters[0]:g} to {parameters[1]:g}"


def _limited_volume(bars: BarColumns, percent: float) -> Expr:
    if not 0 < percent < 50:
        raise ValueError(
            f"winsorising takes off more than 0 and less than 50 percent, got {percent:g}"
        )
    return learned(Winsor(percent / 100.0), bars.volume)


@feature(family="conditioning", unit="log volume, >= 0")
def volume_log(bars: BarColumns) -> Expr:
    """Logarithm of one plus the volume."""
    return log(1.0 + bars.volume)


@feature(
    family="conditioning",
    unit="units of volume, >= 0",
    columns=["volume_winsor_{percent}"],
    full=({"percent": 1},),
)
def volume_winsor(bars: BarColumns, *, percent: float = 1) -> Expr:
    """Volume within its quantiles of the training rows, a percentage off each end; fitted.

    The levels are those of the training rows: where an instrument's volume drifts, most
    later rows may lie at a limit, and a rolling rank says more.
    """
    return _limited_volume(bars, percent)


@feature(
    family="conditioning",
    unit="log volume, >= 0",
    columns=["volume_winsor_log_{percent}"],
    full=({"percent": 1},),
)
def volume_winsor_log(bars: BarColumns, *, percent: float = 1) -> Expr:
    """Logarithm of one plus the winsorised volume; fitted."""
    return log(1.0 + _limited_volume(bars, percent))


@feature(
    family="conditioning",
    unit="0..1",
    columns=["volume_rank_{period}"],
    full=({"period": 100},),
)
def volume_rank(bars: BarColumns, *, period: int = 100) -> Expr:
    """Share of the other volumes of the window below the bar's, ties half."""
    return rolling_rank(bars.volume, period)
