"""Which columns keep nothing of the scale that prices have after a roll."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from barwise.bars.bars import Bars

if TYPE_CHECKING:
    from barwise.features.external_source import Tables
    from barwise.features.graph import FeatureGraph

_ROWS = 50_000
"""Bars that are tried at most: a column that follows the price shows it on any."""
_SHARE = 1e-3
"""Share of rows that rounding may move where a column compares two equal numbers."""
_PRICES = ("open", "high", "low", "close", "old_close", "new_close")


def roll_invariant(
    graph: FeatureGraph,
    bars: Bars,
    *,
    fine: Bars | None = None,
    external: Tables | None = None,
) -> dict[str, bool]:
    """Say of each column whether its values are the same on any contract's scale.

    After a roll, adjusted prices differ from those of another first contract (or of
    another roll day) by a constant: a factor with ``ratio``, a shift with
    ``difference``. A column is invariant if such a constant changes none of its values
    beyond rounding. It can be compared over any number of rolls, and a window over
    one is a window like any other. With ``none`` a gap stays inside the series, so a
    column is invariant only if it looks at no two rows' prices together.

    The answer is not declared by a feature but tried: prices are moved and the columns
    computed again.

    Parameters
    ----------
    graph : FeatureGraph
        Fitted where it has to be; it is not pushed itself.
    bars : Bars
        Of the series in question; the first 50,000 are used.
    fine, external
        As in ``FeatureGraph.push``.

    Returns
    -------
    dict of str to bool
        False also for a column without a value on these bars.

    Examples
    --------
    >>> from barwise.bars.simulate import simulate_bars
    >>> from barwise.features import FeatureGraph
    >>> bars = simulate_bars("MES", days=1)
    >>> roll_invariant(FeatureGraph(["rsi_14", "ema_20"]), bars)
    {'rsi_14': True, 'ema_20': False}
    >>> points = FeatureGraph(["macd", "return_1"], roll_adjustment="difference")
    >>> roll_invariant(points, bars)
    {'macd': True, 'return_1': False}
    """
    some = bars[:_ROWS]
    method = graph.roll_adjustment
    beside: dict[str, Any] = {} if external is None else {"external": external}
    both = [(some, beside), (_moved(some, method), beside)]
    if fine is not None:
        finer = (fine, _moved(fine, method))
        both = [(p, b | {"fine": f}) for (p, b), f in zip(both, finer, strict=True)]
    one, other = (
        graph.with_parameters(graph.fitted_parameters)
        .push(part, **given)
        .astype(np.float64)
        for part, given in both
    )
    there = np.isfinite(one)
    with np.errstate(invalid="ignore"):  # infinity less infinity
        near = np.abs(one - other) <= 1e-4 * spread(one) + 1e-5 * np.abs(one)
    same = near | (np.isnan(one) & np.isnan(other)) | (one == other)
    allowed = 0.0 if method == "none" else _SHARE * len(some)
    kept = (np.count_nonzero(~same, axis=0) <= allowed) & there.any(axis=0)
    return dict(zip(graph.names, kept.tolist(), strict=True))


def spread(values: np.ndarray) -> np.ndarray:
    """Return the standard deviation of each column's known values; 0 without any.

    Examples
    --------
    >>> spread(np.array([[1.0, np.nan], [3.0, np.nan]]))
    array([1., 0.])
    """
    there = np.isfinite(values)
    count = np.maximum(there.sum(axis=0), 1)
    mean = np.where(there, values, 0.0).sum(axis=0) / count
    apart = np.where(there, values - mean, 0.0)
    return np.sqrt((apart * apart).sum(axis=0) / count)


def _moved(bars: Bars, method: str) -> Bars:
    """Bars with prices moved by what the roll adjustment leaves in a series."""
    columns = {
        name: column for name, column in bars.columns().items() if name in _PRICES
    }
    if method == "ratio":  # powers of two, so that nothing but logarithms is rounded
        return bars.with_columns(**{n: 2.0 * column for n, column in columns.items()})
    if method == "difference":
        known = bars.close[np.isfinite(bars.close) & (bars.close > 0)]
        shift = 2.0 ** np.round(np.log2(np.median(known))) if len(known) else 1.0
        return bars.with_columns(**{n: column + shift for n, column in columns.items()})
    # Gaps at one row in twenty, and after every pause: some columns look there only.
    gaps = np.random.default_rng(0).random(len(bars)) < 0.05
    gaps[1:] |= bars.open_time[1:] > bars.time[:-1]
    scale = 1.0 + np.cumsum(gaps) % 2
    return bars.with_columns(**{n: scale * column for n, column in columns.items()})
