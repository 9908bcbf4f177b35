"""False alarms and power of a verdict, counted on repetitions with a known truth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from barwise.core.errors import ConfigError

WANTED_POWER = 0.8
"""An edge counts as detectable where it is found four times out of five."""


@final
@dataclass(frozen=True)
class Rate:
    """How often something happened.

    Parameters
    ----------
    count, total : int
    level : float
        Of the interval.

    References
    ----------
    Clopper and Pearson (1934): the interval covers at least the level, for any truth.

    Examples
    --------
    The rule of three: never in 100 trials is compatible with up to 3.6 %.

    >>> none = Rate(0, 100)
    >>> none.value, none.low, round(none.high, 3)
    (0.0, 0.0, 0.036)
    """

    count: int
    total: int
    level: float = 0.95

    def __post_init__(self) -> None:
        if not 0 <= self.count <= self.total:
            raise ConfigError(f"{self.count} of {self.total} is no share")

    @property
    def value(self) -> float:
        """Share of the total; NaN of none."""
        return self.count / self.total if self.total else math.nan

    @property
    def low(self) -> float:
        """Lower end of the interval."""
        return self._ends()[0]

    @property
    def high(self) -> float:
        """Upper end of the interval."""
        return self._ends()[1]

    def _ends(self) -> tuple[float, float]:
        from scipy.stats import binomtest

        if not self.total:
            return 0.0, 1.0
        found = binomtest(self.count, self.total).proportion_ci(self.level, "exact")
        return float(found.low), float(found.high)


def minimum_detectable(
    sizes: Sequence[float] | np.ndarray,
    shares: Sequence[float] | np.ndarray,
    weights: Sequence[float] | None = None,
    *,
    power: float = WANTED_POWER,
) -> float:
    """Smallest effect that is found with some probability.

    Parameters
    ----------
    sizes : array_like of float
        Effects, such as Sharpe ratios a year; zero among them.
    shares : array_like of float
        How often each was found.
    weights : sequence of float, optional
        Repetitions of each.
    power : float
        Probability that is asked for.

    Returns
    -------
    float
        On the straight lines through a rising fit of the shares; infinity where the
        largest effect was not found that often.

    References
    ----------
    Barlow and others (1972) for isotonic regression: it takes power to rise with the
    effect, and no shape for granted.

    Examples
    --------
    >>> minimum_detectable([0, 1, 2, 3], [0.0, 0.4, 0.3, 0.95])
    2.75
    >>> minimum_detectable([0, 1], [0.0, 0.4])
    inf
    """
    from sklearn.isotonic import IsotonicRegression

    x, y = np.asarray(sizes, np.float64), np.asarray(shares, np.float64)
    if not len(x) or x.shape != y.shape:
        raise ConfigError(f"{len(x)} sizes and {len(y)} shares do not belong together")
    order = np.argsort(x, kind="stable")
    heavy = None if weights is None else np.asarray(weights, np.float64)[order]
    x = x[order]
    risen = IsotonicRegression().fit_transform(x, y[order], sample_weight=heavy)
    if risen[-1] < power:
        return math.inf
    at = int(np.argmax(risen >= power))
    if at == 0:
        return float(x[0])
    part = (power - risen[at - 1]) / (risen[at] - risen[at - 1])
    return float(x[at - 1] + part * (x[at] - x[at - 1]))
