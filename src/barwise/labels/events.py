"""Which rows are worth a label: events by the CUSUM filter, draws by uniqueness."""

from __future__ import annotations

from typing import Any

import numpy as np

from barwise.bars.bars import Bars
from barwise.bars.roll_adjust import RollAdjuster
from barwise.core.arrays import Flags
from barwise.core.errors import ConfigError, DataError
from barwise.stream import Graph, column
from barwise.stream.drawing import draw
from barwise.stream.expr import cusum, diff, lag, log, rolling_std

_MOST_BARS = 2**31
"""More than any market has: what is larger is a time."""


def cusum_graph(*, multiple: float, period: int) -> Graph:
    """Return the CUSUM filter as a resumable stage with one output, ``event``.

    Parameters and threshold are those of :func:`cusum_events`, which is one long push
    of this graph. It reads the column ``close``.

    Raises
    ------
    ConfigError
        If ``multiple`` is not above zero or ``period`` below 2.
    """
    if not 0 < multiple < np.inf:
        raise ConfigError(
            f"labels.events.multiple: {multiple!r} must be above 0: an event is a move "
            "of that many standard deviations"
        )
    if int(period) != period or period < 2:
        raise ConfigError(
            f"labels.events.period: {period!r} is not a whole number of bars >= 2"
        )
    step = diff(log(column("close")))
    # The volatility of the bars before: a jump does not raise its own threshold.
    threshold = multiple * lag(rolling_std(step, period), 1)
    return Graph({"event": cusum(step, threshold)})


def cusum_events(bars: Bars, *, multiple: float = 2.0, period: int = 100) -> Flags:
    """Mark the bars in which the price has moved enough since the last event.

    The log return since the last event is summed upwards and downwards apart, each sum
    held at zero; a row is an event when one of them reaches ``multiple`` times the
    standard deviation of the last ``period`` one-bar log returns, known a bar before.
    Events depend on the past alone, so they sample rows in live use too. The gap between
    two futures contracts is no move. An event begins both sums anew; in the source's
    listing the other one goes on.

    Parameters
    ----------
    bars : Bars
        In order.
    multiple : float
        Threshold in standard deviations.
    period : int
        Bars that the standard deviation covers.

    Returns
    -------
    ndarray of bool, shape (row,)
        For ``sample=`` of :func:`barwise.triple_barrier`.

    References
    ----------
    Lopez de Prado (2018), Advances in Financial Machine Learning, section 2.5.2.1.

    Examples
    --------
    Steps of alternating sign, then a steady rise:

    >>> import numpy as np
    >>> step = np.r_[np.tile([0.01, -0.01], 5), np.full(4, 0.01)]
    >>> price = 100 * np.exp(np.cumsum(step))
    >>> bars = Bars.of(np.arange(14), price, price, price, price, interval=1)
    >>> np.flatnonzero(cusum_events(bars, multiple=2.5, period=4))
    array([12])
    """
    close = RollAdjuster("ratio").push(bars).close
    event = cusum_graph(multiple=multiple, period=period).push({"close": close})
    return np.isin(event[:, 0], (-1.0, 1.0))


def sequential_bootstrap(
    entry: Any, end: Any, size: int, *, rng: np.random.Generator
) -> np.ndarray:
    """Draw rows with replacement, preferring labels that overlap the drawn ones least.

    Each draw takes a row with a chance proportional to the average uniqueness that its
    label would have among those drawn already. A plain bootstrap of overlapping labels
    draws the same bars again and again.

    Parameters
    ----------
    entry, end : ndarray of int64, shape (row,)
        Bar of the decision and bar in which the label ended, ``end > entry``; the
        label is open in the bars ``entry + 1..end``. Any order.
    size : int
        Rows to draw.
    rng : numpy.random.Generator
        Source of the draws.

    Returns
    -------
    ndarray of int64, shape (size,)
        Places in ``entry``.

    Raises
    ------
    ConfigError
        If ``entry`` and ``end`` are no numbers of bars, such as times.
    DataError
        If a label does not end after its entry.

    References
    ----------
    Lopez de Prado (2018), Advances in Financial Machine Learning, section 4.5.

    Examples
    --------
    Two labels of the same bars and one apart: the one apart is drawn more often than
    each of the others.

    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> start, end = np.array([0, 0, 9]), np.array([5, 5, 14])
    >>> drawn = [sequential_bootstrap(start, end, 3, rng=rng) for _ in range(500)]
    >>> counts = np.bincount(np.concatenate(drawn))
    >>> print(counts[2] > 1.2 * counts[0])
    True
    """
    entry, end = _bar_numbers(entry, "entry"), _bar_numbers(end, "end")
    if not len(entry) or (end <= entry).any():
        row = int(np.argmax(end <= entry)) if len(entry) else None
        raise DataError(
            "a sequential bootstrap needs at least one label, got none"
            if row is None
            else f"label of row {row} ends at bar {end[row]}, not after its entry "
            f"{entry[row]}; leave out rows without a valid label"
        )
    order = np.argsort(entry, kind="stable")
    first = entry[order] - entry.min()
    last = end[order] - entry.min() - 1
    return order[draw(first, last, rng.random(size))]


def _bar_numbers(values: Any, name: str) -> np.ndarray:
    found = np.asarray(values)
    if found.ndim == 1 and found.dtype.kind in "iu":
        bars = int(found.max() - found.min()) if len(found) else 0
        if bars < _MOST_BARS:
            return found.astype(np.int64, copy=False)
        what = f"they span {bars:,} bars"
    else:
        what = f"got {found.dtype} of shape {found.shape}"
    raise ConfigError(
        f"sequential_bootstrap: {name} holds numbers of bars, such as end_index of "
        f"labels, and not times; {what}"
    )
