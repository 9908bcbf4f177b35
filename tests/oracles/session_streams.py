"""Bars around session edges, and ways to compare them with the reference loops."""

import numpy as np
from hypothesis import strategies as st

from barwise.bars.bars import Bars
from barwise.bars.sessions import session_table
from barwise.core.arrays import DAY, MINUTE

NAMES = ("open", "high", "low", "close", "volume")


def ns(text):
    return int(np.datetime64(text, "ns").astype(np.int64))


# Thanksgiving 2024: a holiday close at 12:00 and a half-day close at 12:15 Chicago.
START = ns("2024-11-27T12:00")
TABLE = session_table("cme_equity", START - 7 * DAY, START + 20 * DAY)
PAIRS = list(zip(TABLE.open.tolist(), TABLE.close.tolist(), strict=True))


def rows_of(bars):
    contract = bars.contract if bars.contract is not None else [None] * len(bars)
    return [
        {
            "time": int(bars.time[i]),
            "open_time": int(bars.open_time[i]),
            **{name: float(getattr(bars, name)[i]) for name in NAMES},
            "filled": bool(bars.filled[i]),
            "contract": None if contract[i] is None else str(contract[i]),
        }
        for i in range(len(bars))
    ]


def assert_rows(bars, expected):
    got = rows_of(bars)
    assert [r["time"] for r in got] == [r["time"] for r in expected]
    for one, other in zip(got, expected, strict=True):
        for key in one:
            same = one[key] == other[key] or (one[key] != one[key])
            assert same, (key, one, other)


def minutes(times, *, rng, volume=True, contract=None, interval=MINUTE):
    rows = len(times)
    close = 5000 + 0.25 * np.cumsum(rng.integers(-4, 5, rows))
    opens = close + 0.25 * rng.integers(-3, 4, rows)
    return Bars.of(
        times,
        opens,
        np.maximum(opens, close) + 0.25 * rng.integers(0, 4, rows),
        np.minimum(opens, close) - 0.25 * rng.integers(0, 4, rows),
        close,
        # Sums of such volumes depend on the order of addition.
        rng.gamma(2.0, 1e6, rows) ** 3 if volume else None,
        interval=interval,
        symbol="MES",
        open_time=times - interval,
        **({"contract": contract} if contract is not None else {}),
    )


@st.composite
def streams(draw, *, volume=None, contracts=None, unit=MINUTE, filled=True):
    """Bars of one ``unit`` in strict order, with holes up to days."""
    rows = draw(st.integers(1, 120))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scale = unit // MINUTE
    steps = np.ones(rows, np.int64)
    steps[0] = draw(st.integers(1, 5 * 1440 // scale))
    for place in draw(st.lists(st.integers(0, rows - 1), max_size=6)):
        steps[place] = max(2, int(rng.choice([2, 3, 7, 30, 61, 300, 1500])) // scale)
    times = START + np.cumsum(steps) * unit
    with_volume = draw(st.booleans()) if volume is None else volume
    names = None
    if draw(st.booleans()) if contracts is None else contracts:
        names = np.array(["ESZ4", "ESH5"])[np.cumsum(rng.random(rows) < 0.05) % 2]
    bars = minutes(times, rng=rng, volume=with_volume, contract=names, interval=unit)
    if filled:
        bars = bars.with_columns(filled=rng.random(rows) < 0.3)
    return bars


def cuts():
    return st.lists(st.integers(0, 120), max_size=8)
