"""Trades: read as they are, cleaned as they come, built into bars without a loss."""

import numpy as np
import polars as pl
import pytest

from barwise.bars import TRADES, EventRule, TradeCleaner, prepare, read_bars
from barwise.bars.clean import clean_file
from barwise.bars.prepare import sessions_of
from barwise.core.arrays import MINUTE
from barwise.core.errors import ConfigError, DataError

ROWS = {
    "time": ["2024-03-08 09:30:00.100", "2024-03-08 09:30:00.100", "2024-03-11 09:30:01.5"],
    "price": [10.0, 10.25, 10.5],
    "size": [3, 1, 2],
}  # fmt: skip
# Daylight saving begins in New York between the second row and the third.
MOMENTS = ["2024-03-08T14:30:00.1", "2024-03-08T14:30:00.1", "2024-03-11T13:30:01.5"]


def of(trades):
    return (trades.time.tolist(), trades.close.tolist(), trades.volume.tolist())


EXPECTED = (
    np.array(MOMENTS, "datetime64[ns]").astype(np.int64).tolist(),
    [10.0, 10.25, 10.5],
    [3.0, 1.0, 2.0],
)


@pytest.mark.parametrize(
    "names",
    [
        ("time", "price", "size"),
        ("Date and Time", "Price", "Volume"),
        ("transact_time", "p", "q"),
        ("ts_event", "px", "qty"),
        ("timestamp", "last_price", "last_size"),
    ],
    ids=lambda names: names[1],
)
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_usual_layouts(tmp_path, names, kind):
    frame = pl.DataFrame(dict(zip(names, ROWS.values(), strict=True)))
    path = tmp_path / f"trades.{kind}"
    getattr(frame, f"write_{kind}")(path)
    trades = read_bars(path, symbol="X", label="close", timezone="America/New_York")
    assert of(trades) == EXPECTED
    assert (trades.interval, trades.rule) == (None, TRADES)
    assert trades.seq.tolist() == [0, 1, 0]
    assert np.array_equal(trades.open_time, trades.time)


def test_columns_can_be_named():
    frame = pl.DataFrame({"when": ROWS["time"], "cents": ROWS["price"], "n": [3, 1, 2]})
    columns = {"timestamp": "when", "price": "cents", "volume": "n"}
    trades = read_bars(
        frame, symbol="X", label="close", timezone="America/New_York", columns=columns
    )
    assert of(trades) == EXPECTED
    del columns["volume"]
    trades = read_bars(frame, symbol="X", label="close", columns=columns)
    assert np.isnan(trades.volume).all()
    assert not trades.has_volume


def test_a_bar_with_a_price_column_is_a_bar():
    one = dict.fromkeys(("open", "high", "low", "close"), 1.0)
    frame = pl.DataFrame({"time": [1_600_000_000, 1_600_000_060], **one, "price": 1.0})
    assert read_bars(frame, symbol="X", label="close").interval == MINUTE


def test_trades_may_roll_between_sessions():
    frame = pl.DataFrame({**ROWS, "contract": ["H4", "H4", "M4"]})
    trades = read_bars(frame, symbol="ES", label="close")
    bars, _ = prepare(trades, interval=EventRule("tick", 2))
    assert (bars.contract.tolist(), bars.close.tolist()) == (["H4"], [10.25])


def spoiled():
    """A late trade, a repeated one, impossible prices and sizes."""
    frame = pl.DataFrame(
        {
            "time": np.array([5, 6, 6, 4, 7, 8, 9, 9]) * 1_000_000_000
            + 1_600_000_000_000_000_000,
            "price": [10.0, 11.0, 11.0, 10.0, np.nan, -1.0, 12.0, 12.5],
            "size": [1.0, 2.0, 2.0, 1.0, 1.0, 1.0, -4.0, 0.0],
        }
    )
    return read_bars(frame, symbol="X", label="close")


def test_what_is_no_trade_is_dropped_and_told():
    cleaner = TradeCleaner()
    kept = cleaner.push(spoiled())
    assert kept.close.tolist() == [10.0, 11.0, 11.0, 12.5]
    assert kept.seq.tolist() == [0, 0, 1, 0]
    told = {f.kind: (f.rows, f.action) for f in cleaner.report.findings}
    assert told == {
        "out_of_order": ((3,), "dropped"),
        "duplicate": ((2,), "kept"),
        "non_finite": ((4,), "dropped"),
        "non_positive": ((5,), "dropped"),
        "negative_volume": ((6,), "dropped"),
        "zero_volume": ((7,), "kept"),
    }


def test_a_file_is_sorted_first():
    kept, report = clean_file(spoiled())
    assert kept.time.tolist() == sorted(kept.time.tolist())
    assert kept.close.tolist() == [10.0, 10.0, 11.0, 11.0, 12.5]
    assert report["out_of_order"].action == "sorted"
    assert report["non_finite"].rows == (4,)


def test_policies_of_trades():
    assert len(TradeCleaner({"duplicate": "drop"}).push(spoiled())) == 3
    assert len(TradeCleaner("drop").push(spoiled())) == 4
    assert len(TradeCleaner({"non_positive": "keep"}).push(spoiled())) == 5
    cleaner = TradeCleaner({"negative_volume": "error"})
    with pytest.raises(DataError, match=r"row 6 .*negative_volume.*size -4"):
        cleaner.push(spoiled())
    assert cleaner.report.rows_in == 0


def test_volume_bars_need_a_volume():
    frame = pl.DataFrame({"timestamp": [1_600_000_000] * 3, "cents": 5.0})
    trades = read_bars(
        frame, symbol="BTCUSDT", label="close", columns={"price": "cents"}
    )
    with pytest.raises(ConfigError, match="need a traded volume"):
        prepare(trades, interval=EventRule("volume", 2))
    assert len(prepare(trades, interval=EventRule("tick", 2))[0]) == 1


# --- 500,000 real trades --------------------------------------------------------------


@pytest.fixture(scope="module")
def es(market_data):
    path = market_data / "ES_ticks_2013-09.parquet"
    return read_bars(path, symbol="ES", label="close")


@pytest.mark.parametrize(
    ("kind", "size"),
    [
        ("tick", 500),
        ("volume", 2_000),
        ("dollar", 3e6),
        ("tick_imbalance", 500),
        ("volume_imbalance", 500),
        ("dollar_imbalance", 500),
    ],
)
def test_real_trades_are_neither_lost_nor_made(es, kind, size):
    bars, report = prepare(es, interval=EventRule(kind, size))
    left = report.count("unfinished")
    used = len(es) - left
    assert bars.volume.sum() == es.volume[:used].sum()
    assert report["unfinished"].detail.startswith(
        f"the last rows, volume {es.volume[used:].sum():,.10g},"
    )
    # The bars cut the trades into consecutive pieces: open, close and extremes fit.
    ends = np.searchsorted(np.cumsum(es.volume), np.cumsum(bars.volume)) + 1
    starts = np.r_[0, ends[:-1]]
    assert ends[-1] == used
    np.testing.assert_array_equal(bars.open, es.close[starts])
    np.testing.assert_array_equal(bars.close, es.close[ends - 1])
    np.testing.assert_array_equal(
        bars.high, np.maximum.reduceat(es.close[:used], starts)
    )
    np.testing.assert_array_equal(bars.open_time, es.time[starts])
    # Labor Day: trading stopped at 11:30 Chicago and opened again at 17:00.
    sessions = sessions_of(es, "cme_equity")
    closes = np.isin(bars.time, sessions.close)
    assert np.array_equal(bars.time[~closes], es.time[ends - 1][~closes])
    assert closes.sum() == 1
    assert np.array_equal(
        sessions.index_of(es.time[starts] + 1), sessions.index_of(es.time[ends - 1])
    )
    # No threshold runs away: about one bar for every 500 trades.
    assert 700 < len(bars) < 1_400


def test_real_time_bars_are_those_of_polars(es):
    bars, _ = prepare(es, interval="5min", gaps="drop")
    frame = pl.DataFrame({"t": es.time, "p": es.close, "v": es.volume})
    frame = frame.with_columns(end=(pl.col("t") // (5 * MINUTE) + 1) * (5 * MINUTE))
    first, last = pl.col("p").first(), pl.col("p").last()
    made = frame.group_by("end", maintain_order=True).agg(
        open=first, high=pl.col("p").max(), low=pl.col("p").min(), close=last,
        volume=pl.col("v").sum(),
    )[:-1]  # fmt: skip
    for name in ("open", "high", "low", "close", "volume"):
        np.testing.assert_array_equal(getattr(bars, name), made[name].to_numpy())
    np.testing.assert_array_equal(bars.time, made["end"].to_numpy())
    assert (bars.interval, bars.rule) == (5 * MINUTE, None)
