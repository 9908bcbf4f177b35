"""Hypothesis strategies for hostile bar streams. Needs the package hypothesis."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from barwise.bars.bars import Bars
from barwise.core.arrays import DAY, MINUTE

# A Sunday evening in New York, one week before the clock changes in spring 2024.
_START = int(np.datetime64("2024-03-03T23:00", "ns").astype(np.int64))

KINDS = (
    "constant",
    "zero_volume",
    "no_volume",
    "gap",
    "same_time",
    "jump",
    "nan",
    "roll",
)


@st.composite
def bar_streams(
    draw: st.DrawFn,
    *,
    max_rows: int = 200,
    kinds: tuple[str, ...] = KINDS,
    symbol: str = "MES",
    interval: int = 5 * MINUTE,
) -> Bars:
    """Draw bars with the faults of real feeds.

    Constant stretches, volume that is zero or missing, holes up to days, several rows
    at one time, level jumps, rows whose prices are NaN, and rolls from contract to
    contract, some with the closes of both.

    Parameters
    ----------
    max_rows : int
        Longest stream.
    kinds : tuple of str
        Faults to draw from.
    symbol : str
        Instrument of the bars.
    interval : int
        Bar length in nanoseconds.
    """
    rows = draw(st.integers(1, max_rows))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    events = draw(
        st.lists(
            st.tuples(
                st.sampled_from(kinds), st.integers(0, rows - 1), st.integers(1, 40)
            ),
            max_size=6,
        )
    )
    steps = np.full(rows, interval)
    close = 5000.0 + 0.25 * np.cumsum(rng.integers(-4, 5, rows))
    opens = close + 0.25 * rng.integers(-3, 4, rows)
    reach = 0.25 * rng.integers(0, 4, (2, rows))
    volume = rng.integers(0, 500, rows).astype(float)
    prices = np.stack([opens, np.maximum(opens, close) + reach[0], close])
    low = np.minimum(opens, close) - reach[1]
    for kind, start, length in events:
        span = slice(start, start + length)
        if kind == "constant":
            prices[:, span] = close[start]
            low[span] = close[start]
        elif kind == "zero_volume":
            volume[span] = 0.0
        elif kind == "no_volume":
            volume[span] = np.nan
        elif kind == "nan":
            prices[:, span], low[span] = np.nan, np.nan
        elif kind == "gap":
            steps[start] += interval * int(rng.integers(1, 3 * DAY // interval))
        elif kind == "same_time":
            steps[slice(start, start + min(length, 3))] = 0
    contracts = _raise(events, steps, prices, low)
    steps[0] = max(int(steps[0]), interval)
    return Bars.of(
        _START + np.cumsum(steps),
        prices[0],
        prices[1],
        low,
        prices[2],
        volume,
        interval=interval,
        symbol=symbol,
        open_time=_START + np.cumsum(steps) - interval,
        **contracts,
    )


def _raise(
    events: list[tuple[str, int, int]],
    steps: np.ndarray,
    prices: np.ndarray,
    low: np.ndarray,
) -> dict[str, np.ndarray]:
    """Raise prices from each jump or roll on; some rolls know the closes of both."""
    for start in (start for kind, start, _ in events if kind == "jump"):
        prices[:, start:] += 50.0
        low[start:] += 50.0
    # A series has one contract at a time.
    rolls = [(i, gap) for kind, i, gap in events if kind == "roll" and i and steps[i]]
    if not rolls:
        return {}
    number = np.zeros(len(steps), np.int64)
    closes = np.full((2, len(steps)), np.nan)
    for start, gap in sorted(rolls):
        number[start:] += 1
        prices[:, start:] += gap
        low[start:] += gap
        close = prices[2, start - 1]
        closes[:, start:] = [[close], [close + gap]] if gap % 2 else np.nan
    return {
        "contract": np.array(["H4", "M4", "U4", "Z4", "H5", "M5", "U5"])[number],
        "old_close": closes[0],
        "new_close": closes[1],
    }


def cuts(max_rows: int = 200) -> st.SearchStrategy[list[int]]:
    """Draw the places at which a stream is cut into chunks."""
    return st.lists(st.integers(0, max_rows), max_size=8)
