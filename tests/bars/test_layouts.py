"""What is said about a file before anyone configured it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from barwise.bars.bars import Bars
from barwise.bars.layouts import sniff
from barwise.bars.stored import write_bars
from barwise.core.arrays import MINUTE

# README of the data folder: kind of clock, label, volume.
REAL = {
    "EURUSD_1m_2018.parquet": ("UTC", False, "open", False),
    "ES_5m_2024-05_2026-02.parquet": ("UTC", False, "open", True),
    "AAPL_5m_2024-03_2026-02.parquet": ("UTC", False, "open", True),
    "6E_1m_2024-01.parquet": ("UTC", False, "close", True),
    "BTCPERP_1m_2022-01.parquet": ("UTC", False, None, True),
    "raw/DAT_ASCII_EURUSD_M1_2018_mar04_mar31.csv": (
        "America/New_York",
        True,
        "open",
        False,
    ),
    # London minus five hours is no clock of any place: nothing may be claimed.
    "raw/DAT_ASCII_BCOUSD_M1_2019_oct20_nov08.csv": (None, True, None, False),
    "raw/6EH4.XCME_1min_bars_20240101_20240131.csv.gz": ("UTC", True, "close", True),
    "raw/LEAN_20131008_trade_gc.zip": ("UTC", False, "open", True),
    "raw/btc-perp-20211231-20220201_1m.csv": (None, True, None, True),
    "raw/gbpusd-m1-bid-2012.csv": ("UTC", False, None, False),
}


@pytest.mark.parametrize("name", REAL)
def test_real_files(market_data, name):
    layout = sniff(market_data / name)
    got = (layout.timezone, layout.naive, layout.label, layout.has_volume)
    assert got == REAL[name]
    assert layout.evidence


def test_reasons_are_given_in_words(market_data):
    layout = sniff(market_data / "raw" / "DAT_ASCII_EURUSD_M1_2018_mar04_mar31.csv")
    text = "\n".join(layout.evidence)
    assert "weeks run from Sunday 17:00 to Friday 16:59" in text
    assert "forex week, looks like America/New_York wall clock (100%" in text
    assert (layout.separator, layout.header, layout.prices) == (";", False, "bid")
    assert layout.timestamp_format == "%Y%m%d %H%M%S"
    assert layout.interval == MINUTE


def week_file(path, zone_offset_hours: int, label_shift: int, weeks: int = 3):
    """Write a CME week (Sunday 18:00 to Friday 17:00 New York, summer) on some clock."""
    sunday = np.datetime64("2024-06-02T18:00") + np.timedelta64(zone_offset_hours, "h")
    minutes = np.concatenate([np.arange(119 * 60) + w * 7 * 1440 for w in range(weeks)])
    stamps = sunday + minutes + label_shift
    rows = "\n".join(f"{str(s).replace('T', ' ')},1,2,0.5,1.5,3" for s in stamps)
    path.write_text("time,open,high,low,close,volume\n" + rows)


@pytest.mark.parametrize(
    ("offset", "shift", "zone", "label"),
    [
        (0, 0, "America/New_York", "open"),
        (-1, 0, "America/Chicago", "open"),
        (-1, 1, "America/Chicago", "close"),
        (4, 1, "UTC", "close"),
        (6, 0, "Europe/Berlin", "open"),
    ],
)
def test_clock_and_label_of_a_globex_week(tmp_path, offset, shift, zone, label):
    week_file(tmp_path / "w.csv", offset, shift)
    layout = sniff(tmp_path / "w.csv")
    assert (layout.timezone, layout.label) == (zone, label)


@pytest.mark.parametrize(
    ("name", "label"), [("open_time", "open"), ("close_time", "close")]
)
def test_a_column_name_can_state_the_label(tmp_path, name, label):
    path = tmp_path / "k.csv"
    path.write_text(
        f"{name},open,high,low,close\n"
        + "".join(f"2024-01-16 14:3{i}:00,1,2,0.5,1.5\n" for i in range(3))
    )
    layout = sniff(path)
    assert layout.label == label
    assert any(f"named {name!r}: label {label}" in reason for reason in layout.evidence)


def test_sides_are_found(tmp_path):
    path = tmp_path / "q.csv"
    path.write_text(
        "DateTime,AskOpen,AskHigh,AskLow,AskClose\n"
        + "".join(f"2024-01-16 14:3{i}:00,1,2,0.5,1.5\n" for i in range(3))
    )
    assert sniff(path).prices == "ask"


def test_stored_file_tells_everything_itself(tmp_path):
    one = np.ones(3)
    time = 1_700_000_040_000_000_000 + MINUTE * np.arange(3)
    bars = Bars.of(
        time,
        one,
        one,
        one,
        one,
        one,
        interval=MINUTE,
        symbol="MES",
        prices="mid",
        simulated=True,
    )
    write_bars(bars, tmp_path / "x.parquet")
    layout = sniff(tmp_path / "x.parquet")
    assert (layout.symbol, layout.label, layout.prices) == ("MES", "close", "mid")
    assert layout.simulated
    with pytest.raises(dataclasses.FrozenInstanceError):
        layout.rows = 0
