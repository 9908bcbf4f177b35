"""Are there enough samples for so many columns? Counted in labels of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, final

import numpy as np

LEAST, BEST, ABSURD = 10.0, 20.0, 1.0
"""Effective samples a column: below which it is a warning, from which it is fine, and
below which a model cannot but remember its rows."""

_SAMPLES = (50_000, 100_000, 200_000, 500_000)
_COLUMNS = (100, 200, 400, 500)


@final
@dataclass(frozen=True)
class SampleRatio:
    """Training samples beside columns.

    Parameters
    ----------
    samples : int
        Rows of the training part.
    effective : float
        Sum of their labels' average uniqueness: labels that overlap count once.
    columns : int
        What the models see.

    Examples
    --------
    >>> ratio = SampleRatio(samples=20_000, effective=1_500.0, columns=100)
    >>> ratio.value, ratio.level, ratio.columns_that_fit
    (15.0, 'warning', 75)
    """

    samples: int
    effective: float
    columns: int

    @property
    def value(self) -> float:
        """Effective samples a column."""
        return self.effective / self.columns

    @property
    def most_columns(self) -> int:
        """Columns that so many effective samples bear, however good the ratio is.

        100, 200, 400 and 500 at 50, 100, 200 and 500 thousand, linear in between; no
        fewer than 100 and no more than 500.
        """
        return int(np.interp(self.effective, _SAMPLES, _COLUMNS))

    @property
    def columns_that_fit(self) -> int:
        """Columns with the best ratio, at most those that are borne at all."""
        return max(1, min(int(self.effective / BEST), self.most_columns))

    @property
    def level(self) -> Literal["fine", "warning", "error"]:
        """What a check says."""
        if self.value < ABSURD:
            return "error"
        short = self.value < BEST or self.columns > self.most_columns
        return "warning" if short else "fine"

    def __str__(self) -> str:
        counted = (
            f"{self.columns} columns on {self.effective:,.0f} effective samples "
            f"({self.samples:,} rows whose labels overlap), {self.value:.1f} to 1"
        )
        if self.level == "fine":
            return counted
        if self.value < ABSURD:
            why = "fewer than one a column: a model can remember its rows by heart"
        elif self.value < LEAST:
            why = f"under the least of {LEAST:g}"
        elif self.value < BEST:
            why = f"over the least of {LEAST:g}, under the {BEST:g} that are safe"
        else:
            why = f"more than the {self.most_columns} that so many samples bear"
        return (
            f"{counted}: {why}; take {self.columns_that_fit} columns or fewer (a smaller "
            "features.set, features.top, features.prune_correlated), shorter "
            "labels.horizons, or more data"
        )


def sample_ratio(uniqueness: np.ndarray, columns: int) -> SampleRatio:
    """Return the ratio for the uniqueness of each training label, shape (n,)."""
    return SampleRatio(len(uniqueness), float(uniqueness.sum()), columns)
