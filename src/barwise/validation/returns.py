"""The table that statistics on several strategies take: one column of returns each."""

from __future__ import annotations

from typing import Any

import numpy as np

from barwise.core.arrays import Matrix
from barwise.core.errors import DataError


def returns_table(returns: Any, *, at_least: int, strategies: int = 1) -> Matrix:
    """Check returns of strategies and give them as float64.

    Parameters
    ----------
    returns : array of float, shape (n_periods, n_strategies)
        Oldest period first; a period without a trade is a zero, not a gap.
    at_least, strategies : int
        Fewest periods and fewest strategies.

    Raises
    ------
    DataError
        If it has another shape, is too small, or holds a value that is not finite.

    Examples
    --------
    >>> returns_table([[0.01, -0.01], [0.0, 0.02]], at_least=2).shape
    (2, 2)
    """
    try:
        # One layout in memory: sums of another one differ in the last bit.
        table = np.ascontiguousarray(returns, dtype=np.float64)
    except (ValueError, TypeError) as problem:
        raise DataError(
            f"returns must be a table of numbers (n_periods, n_strategies): {problem}"
        ) from problem
    if table.ndim != 2 or len(table) < at_least or table.shape[1] < strategies:
        raise DataError(
            "returns must be a table (n_periods, n_strategies) of at least "
            f"{at_least} periods and {strategies} strategies, got shape {table.shape}"
        )
    if not np.isfinite(table).all():
        row, column = np.argwhere(~np.isfinite(table))[0]
        raise DataError(
            f"returns[{row}, {column}] is {table[row, column]}: every strategy needs a "
            "return in every period; a period without a trade is 0"
        )
    return table
