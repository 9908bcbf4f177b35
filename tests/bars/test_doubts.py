"""Bars that were described wrong are doubted, and right ones are not."""

import numpy as np
import pytest

from barwise.bars.doubts import clock_doubts
from barwise.bars.instruments import get_instrument
from barwise.bars.prepare import prepare, sessions_of
from barwise.bars.read import read_bars
from barwise.bars.simulate import simulate_bars
from barwise.core.arrays import HOUR, MINUTE

# Source files, whose label and zone their own notes establish in another way.
REAL = {
    "6E_1m_2024-01.parquet": ("6E", "close", None),
    "AAPL_5m_2024-03_2026-02.parquet": ("AAPL", "open", None),
    "BTCPERP_1m_2022-01.parquet": ("BTCPERP", "close", None),
    "ES_5m_2024-05_2026-02.parquet": ("ES", "open", None),
    "EURUSD_1m_2018.parquet": ("EURUSD", "open", None),
    "NQ_1m_2025-07_2026-02.parquet": ("NQ", "open", None),
    "SPXUSD_1m_2018.parquet": ("SPXUSD", "open", None),
    "XAUUSD_1m_2018.parquet": ("XAUUSD", "open", None),
    "raw/DAT_ASCII_EURUSD_M1_2018_mar04_mar31.csv": (
        "EURUSD",
        "open",
        "America/New_York",
    ),
}
# Too few first bars (NQ) or a source that has both ends (XAUUSD), or no pause at all.
MUTE = {"NQ_1m_2025-07_2026-02.parquet", "XAUUSD_1m_2018.parquet"}
MUTE |= {"BTCPERP_1m_2022-01.parquet"}


def doubts(bars, symbol):
    return clock_doubts(bars, sessions_of(bars, get_instrument(symbol).calendar))


@pytest.mark.parametrize("symbol", ["MES", "EURUSD", "AAPL", "BTCUSDT", "GC"])
@pytest.mark.parametrize("interval", ["1min", "5min", "1h"])
def test_right_bars_are_not_doubted(symbol, interval):
    bars, _ = prepare(simulate_bars(symbol, days=12, seed=1), interval=interval)
    assert doubts(bars, symbol) == []


@pytest.mark.parametrize("symbol", ["MES", "EURUSD", "AAPL", "GC"])
@pytest.mark.parametrize(
    ("step", "says"), [(-1, "data.label: open"), (1, "data.label: close")]
)
def test_wrong_label_is_doubted(symbol, step, says):
    bars = simulate_bars(symbol, days=12, seed=1)
    moved = bars.with_columns(time=bars.time + step * MINUTE)
    (doubt,) = doubts(moved, symbol)
    assert says in doubt


@pytest.mark.parametrize("symbol", ["MES", "GC", "AAPL"])
@pytest.mark.parametrize("hours", [-9, -5, -1, 1, 5, 9])
def test_wrong_clock_is_doubted(symbol, hours):
    bars = simulate_bars(symbol, days=12, seed=1)
    (doubt,) = doubts(bars.with_columns(time=bars.time + hours * HOUR), symbol)
    assert "data.timezone" in doubt


def test_count_of_rows_outside():
    bars = simulate_bars("MES", days=10)
    moved = bars.with_columns(time=bars.time + 5 * HOUR)
    sessions = sessions_of(moved, "cme_equity")
    # Counted by hand: a row is inside when some session holds it.
    inside = sum(
        np.count_nonzero((moved.time > begin) & (moved.time <= end))
        for begin, end in zip(sessions.open, sessions.close, strict=True)
    )
    (doubt,) = clock_doubts(moved, sessions)
    assert doubt.startswith(f"{len(moved) - inside:,} of {len(moved):,} rows")


def test_some_stray_rows_are_no_doubt():
    """A vendor's odd bar in the daily break."""
    bars = simulate_bars("MES", days=12)
    last = np.flatnonzero(np.diff(bars.time) > HOUR)[::3]
    time = bars.time.copy()
    time[last] += 30 * MINUTE
    assert doubts(bars.with_columns(time=time), "MES") == []


def test_no_rows_are_no_doubt():
    assert doubts(simulate_bars("MES", days=1)[:0], "MES") == []


@pytest.mark.parametrize("name", REAL)
def test_real_files_are_not_doubted(name, market_data):
    symbol, label, timezone = REAL[name]
    path = market_data / name
    bars = read_bars(path, symbol=symbol, label=label, timezone=timezone)
    assert doubts(bars, symbol) == []
    other = {"open": "close", "close": "open"}[label]
    wrong = read_bars(path, symbol=symbol, label=other, timezone=timezone)
    told = doubts(wrong, symbol)
    if name in MUTE:
        assert told == []
    else:
        assert f"data.label: {label}" in told[0]
