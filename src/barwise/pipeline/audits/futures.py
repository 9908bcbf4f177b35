"""Other futures of the same bars: what comes after a row, taken away or changed."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from barwise.bars.bars import Bars

Future = Literal["gone", "higher", "lower"]
FUTURES: tuple[Future, ...] = get_args(Future)

_PAUSES, _MOVES, _MORE = 8, 32, 32
"""Places of each kind at which few rows may look ahead."""


def with_future(bars: Bars, cut: int, future: Future) -> Bars:
    """Return bars whose first ``cut`` rows are the same.

    Parameters
    ----------
    bars : Bars
    cut : int
        Rows that are kept.
    future : {"gone", "higher", "lower"}
        What happens to the others: none are left; or their prices move to a level that
        the past has never seen, on another path, with another volume. A row's prices
        stay in proportion.

    Examples
    --------
    >>> price = np.full(4, 100.0)
    >>> bars = Bars.of(np.arange(4), price, price, price, price, interval=1)
    >>> len(with_future(bars, 3, "gone"))
    3
    >>> with_future(bars, 3, "lower").close.round()
    array([100., 100., 100.,  60.])
    """
    if future == "gone":
        return bars[:cut]
    later = len(bars) - cut
    rng = np.random.default_rng([cut, later])
    level = 1.5 if future == "higher" else 0.6
    prices = np.ones(len(bars))
    prices[cut:] = level * np.exp(np.cumsum(rng.normal(0.0, 2e-3, later)))
    volume = np.ones(len(bars))
    volume[cut:] = (8.0 if future == "higher" else 0.1) * rng.uniform(0.5, 1.5, later)
    return bars.with_columns(
        open=bars.open * prices,
        high=bars.high * prices,
        low=bars.low * prices,
        close=bars.close * prices,
        volume=np.rint(bars.volume * volume),
    )


def cut_points(rows: int, count: int) -> list[int]:
    """Return places in the last two thirds of some rows, evenly but irregularly.

    Regular places could all be the end of an hour, where a forming bar is complete.
    """
    first, last = max(1, rows // 3), rows - 1
    if last <= first:
        return [first] if first < rows else []
    steps = np.linspace(first, last, min(count, last - first + 1) + 1)
    jitter = np.random.default_rng(rows).uniform(0.0, 1.0, len(steps) - 1)
    places = steps[:-1] + jitter * np.diff(steps)
    return sorted({int(place) for place in places} | {last})


def telling_points(bars: Bars) -> list[int]:
    """Return cuts behind rows in which a look ahead hides that few rows have.

    The last rows of sessions, the largest moves, and more places between: what looks one
    bar ahead on such rows alone is seen only where the bars end with one of them.
    """
    rows = len(bars)
    first = max(1, rows // 3)
    pause = np.flatnonzero(bars.open_time[1:] > bars.time[:-1])
    move = np.abs(np.diff(bars.close))
    places = [
        pause[:: max(1, len(pause) // _PAUSES)] + 1,
        np.argsort(-move, kind="stable")[:_MOVES] + 2,
        np.random.default_rng([rows, 1]).integers(first, rows, _MORE),
    ]
    return sorted({int(p) for p in np.concatenate(places) if first <= p < rows})
