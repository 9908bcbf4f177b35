"""Reading: vendors' layouts, frames, clocks, and files of our own."""

from __future__ import annotations

import gzip
import io
import zipfile
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from barwise.bars.bars import Bars
from barwise.bars.read import UndecidedTimeWarning, read_bars, read_with_findings
from barwise.bars.stored import write_bars
from barwise.core.arrays import HOUR, MINUTE
from barwise.core.errors import ConfigError, DataError

# Three minutes from 2024-01-16 14:30 UTC; a day above 12 tells day from month.
START = datetime(2024, 1, 16, 14, 30, tzinfo=UTC)
EPOCH = int(START.timestamp())
PRICES = [(10.0, 12.0, 9.0, 11.0), (11.0, 13.0, 10.5, 12.5), (12.5, 12.5, 12.0, 12.25)]
VOLUME = [5.0, 0.0, 7.0]


def moments(form, zone="UTC"):
    local = [
        datetime.fromtimestamp(EPOCH + 60 * i, tz=ZoneInfo(zone)) for i in range(3)
    ]
    return [moment.strftime(form) for moment in local]


def table(stamps, *, header=None, separator=",", volume=True, extra=""):
    lines = [header] if header else []
    for stamp, prices, traded in zip(stamps, PRICES, VOLUME, strict=True):
        fields = [stamp, *map(str, prices), *([str(traded)] if volume else [])]
        lines.append(separator.join(fields) + extra)
    return "\n".join(lines) + "\n"


def kline_rows():
    return "".join(
        f"{(EPOCH + 60 * i) * 1000},{','.join(map(str, PRICES[i]))},{VOLUME[i]},"
        f"{(EPOCH + 60 * i + 60) * 1000 - 1},100.5,12,3.5,40.1,0\n"
        for i in range(3)
    )


OHLCV = "Open,High,Low,Close,Volume"
LAYOUTS = {
    "histdata": (table(moments("%Y%m%d %H%M%S"), separator=";"), {}),
    "iso with offset": (
        table(moments("%Y-%m-%dT%H:%M:%S+00:00"), header=f"time,{OHLCV}"),
        {},
    ),
    "iso with Z and fraction": (
        table(moments("%Y-%m-%dT%H:%M:%S.000Z"), header=f"Timestamp,{OHLCV}"),
        {},
    ),
    "offset of New York": (
        table(
            moments("%Y-%m-%d %H:%M:%S-05:00", "America/New_York"),
            header=f"Datetime,{OHLCV}",
        ),
        {},
    ),
    "naive Chicago": (
        table(moments("%Y-%m-%d %H:%M", "America/Chicago"), header=f"DATE,{OHLCV}"),
        {"timezone": "America/Chicago"},
    ),
    "MetaTrader 4": (table(moments("%Y.%m.%d,%H:%M")), {}),
    "MetaTrader 5": (
        table(
            moments("%Y.%m.%d\t%H:%M:%S"),
            header="<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<VOL>\t<SPREAD>",
            separator="\t",
            extra="\t3",
        ),
        {},
    ),
    "Stooq": (
        table(
            [f"ES.F,1,{s}" for s in moments("%Y%m%d,%H%M%S")],
            header="<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>",
        ),
        {},
    ),
    "TradingView": (
        table(moments("%s"), header="time,open,high,low,close,Volume"),
        {},
    ),
    "Binance klines": (kline_rows(), {}),
    "Dukascopy": (
        table(moments("%d.%m.%Y %H:%M:%S.000"), header=f"Gmt time,{OHLCV}"),
        {},
    ),
    "American order": (
        table(moments("%m/%d/%Y %I:%M %p"), header=f"Date,{OHLCV}"),
        {},
    ),
    "Sierra Chart": (
        table(
            moments("%Y/%m/%d, %H:%M:%S"),
            header="Date, Time, Open, High, Low, Last, Volume",
            separator=", ",
        ),
        {},
    ),
    "European decimals": (
        table(moments("%Y-%m-%d %H:%M"), separator=";").replace(".", ","),
        {},
    ),
    "CryptoDataDownload": (
        "https://www.example.com\n"
        + table(
            [f"{s},BTCUSD" for s in moments("%s")],
            header="unix,symbol,open,high,low,close,Volume BTC",
        ),
        {},
    ),
    "yfinance": (
        "Price,Open,High,Low,Close,Volume\nTicker,ES,ES,ES,ES,ES\nDatetime,,,,,\n"
        + table(moments("%Y-%m-%d %H:%M:%S+00:00")),
        {},
    ),
    "pandas index": (
        table(moments("%Y-%m-%d %H:%M:%S"), header="," + OHLCV),
        {},
    ),
    "named by the user": (
        table(moments("%d/%m/%y %H.%M"), header="when,a,b,c,d,e"),
        {
            "columns": {
                "timestamp": "when",
                "open": "a",
                "high": "b",
                "low": "C",
                "close": "d",
                "volume": "e",
                "timestamp_format": "%d/%m/%y %H.%M",
            }
        },
    ),
}


def check(bars: Bars, *, volume=VOLUME) -> None:
    assert bars.interval == MINUTE
    np.testing.assert_array_equal(bars.open_time, (EPOCH + 60 * np.arange(3)) * 10**9)
    np.testing.assert_array_equal(bars.time, bars.open_time + MINUTE)
    got = np.column_stack([bars.open, bars.high, bars.low, bars.close])
    np.testing.assert_array_equal(got, PRICES)
    np.testing.assert_array_equal(bars.volume, volume)


@pytest.mark.parametrize("name", LAYOUTS)
def test_vendor_layout(tmp_path, name):
    text, options = LAYOUTS[name]
    path = tmp_path / "bars.csv"
    path.write_text(text)
    check(read_bars(path, symbol="X", label="open", **options))


@pytest.mark.parametrize("unit", [1, 10**3, 10**6, 10**9])
def test_epochs_in_every_unit(unit):
    stamps = (EPOCH + 60 * np.arange(3)) * unit
    frame = _frame(stamps)
    check(read_bars(frame, symbol="X", label="open"))
    check(
        read_bars(frame.with_columns(pl.col("t").cast(str)), symbol="X", label="open")
    )


def test_unit_that_changes_within_a_file():
    stamps = [EPOCH * 10**3, (EPOCH + 60) * 10**3, (EPOCH + 120) * 10**6]
    check(read_bars(_frame(stamps), symbol="X", label="open"))


@pytest.mark.parametrize(
    "encode",
    [
        gzip.compress,
        zstandard.ZstdCompressor().compress,
        lambda b: zstandard.compress(b[:40]) + zstandard.compress(b[40:]),
        lambda b: b"\xef\xbb\xbf" + b,
        lambda b: b.decode().encode("utf-16"),
        lambda b: b.replace(b"\n", b"\r\n"),
        lambda b: b.replace(b"\n", b"\n\n", 2),
    ],
)
def test_encodings(tmp_path, encode):
    path = tmp_path / "any_name"
    path.write_bytes(encode(LAYOUTS["iso with offset"][0].encode()))
    check(read_bars(path, symbol="X", label="open"))


def test_volume_absent_is_nan_and_zero_stays_zero(tmp_path):
    path = tmp_path / "bars.csv"
    path.write_text(
        table(
            moments("%Y-%m-%d %H:%M"), header="time,open,high,low,close", volume=False
        )
    )
    bars = read_bars(path, symbol="X", label="open")
    check(bars, volume=[np.nan] * 3)
    zero = read_bars(_frame(volume=[0, 0, 0]), symbol="X", label="open")
    assert not bars.has_volume
    assert not zero.has_volume
    np.testing.assert_array_equal(zero.volume, 0.0)


def test_empty_cells_are_nan(tmp_path):
    path = tmp_path / "bars.csv"
    path.write_text(
        table(moments("%Y-%m-%d %H:%M"), header=f"t,{OHLCV}").replace("10.5", "")
    )
    bars = read_bars(path, symbol="X", label="open")
    assert np.isnan(bars.low[1])
    assert np.isfinite(bars.low[[0, 2]]).all()


def test_close_label():
    bars = read_bars(_frame(), symbol="X", label="close")
    np.testing.assert_array_equal(bars.time, (EPOCH + 60 * np.arange(3)) * 10**9)
    np.testing.assert_array_equal(bars.open_time, bars.time - MINUTE)


def test_sides_of_a_quote(tmp_path):
    path = tmp_path / "fxcm.csv"
    path.write_text(
        "DateTime,BidOpen,BidHigh,BidLow,BidClose,AskOpen,AskHigh,AskLow,AskClose\n"
        + "".join(f"2024-01-16 14:3{i},1,2,0.5,1.5,11,12,10.5,11.5\n" for i in range(3))
    )
    assert read_bars(path, symbol="X", label="open", prices="bid").close[0] == 1.5
    assert read_bars(path, symbol="X", label="open", prices="ask").close[0] == 11.5
    with pytest.raises(ConfigError, match="quotes bid and ask: pass prices='bid'"):
        read_bars(path, symbol="X", label="open")


def _frame(stamps=None, volume=VOLUME) -> pl.DataFrame:
    first, high, low, last = zip(*PRICES, strict=True)
    if stamps is None:
        stamps = [datetime.fromtimestamp(EPOCH + 60 * i, tz=UTC) for i in range(3)]
    return pl.DataFrame(
        {"t": stamps, "o": first, "h": high, "l": low, "c": last, "v": volume}
    )


def _pandas(index: bool) -> pd.DataFrame:
    frame = pd.DataFrame(_frame().to_dict(as_series=False))
    frame["t"] = frame["t"].dt.tz_convert("America/New_York")
    return frame.set_index("t").rename_axis(None) if index else frame


class ArrowOnly:
    """Something that only speaks the Arrow C stream interface."""

    def __arrow_c_stream__(self, requested_schema=None):
        return _frame().to_arrow().__arrow_c_stream__(requested_schema)


@pytest.mark.parametrize(
    "make",
    [
        _frame,
        lambda: _frame().lazy(),
        lambda: _frame().to_arrow(),
        lambda: _pandas(index=True),
        lambda: _pandas(index=False),
        ArrowOnly,
    ],
    ids=["polars", "lazy", "pyarrow", "pandas index", "pandas", "arrow stream"],
)
def test_frames(make):
    check(read_bars(make(), symbol="X", label="open"))


def test_duckdb_relation():
    duckdb = pytest.importorskip("duckdb")
    frame = _frame().to_arrow()  # noqa: F841 - DuckDB finds it by its name
    check(read_bars(duckdb.sql("select * from frame"), symbol="X", label="open"))


def test_yfinance_columns_of_one_and_of_several_tickers():
    frame = _pandas(index=True)
    frame.columns = pd.MultiIndex.from_product(
        [["Open", "High", "Low", "Close", "Volume"], ["ES"]]
    )
    check(read_bars(frame, symbol="ES", label="open"))
    other = frame.rename(columns={"ES": "NQ"}, level=1)
    with pytest.raises(DataError, match=r"several symbols \(ES, NQ\)"):
        read_bars(pd.concat([frame, other], axis=1), symbol="ES", label="open")


def test_arrow_and_parquet_files(tmp_path):
    arrow = _frame().to_arrow()
    pq.write_table(arrow, tmp_path / "a.parquet")
    _pandas(index=True).to_parquet(tmp_path / "b.parquet")
    with pa.ipc.new_file(tmp_path / "c.arrow", arrow.schema) as file:
        file.write_table(arrow)
    with pa.ipc.new_stream(tmp_path / "d", arrow.schema) as stream:
        stream.write_table(arrow)
    for path in sorted(tmp_path.iterdir()):
        check(read_bars(path, symbol="X", label="open"))


def test_date_and_time_columns_of_numbers_and_types():
    numbers = (
        _frame()
        .drop("t")
        .with_columns(date=20240116, time=pl.Series([93000, 93100, 93200]))
    )
    options = {"symbol": "X", "label": "open", "timezone": "America/New_York"}
    check(read_bars(numbers, **options))
    local = pl.col("t").dt.convert_time_zone("America/New_York")
    typed = _frame().with_columns(date=local.dt.date(), time=local.dt.time()).drop("t")
    check(read_bars(typed, **options))


def test_zip_of_one_csv(tmp_path):
    path = tmp_path / "HISTDATA.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("DAT.csv", LAYOUTS["histdata"][0])
        archive.writestr("DAT.txt", "status report")
    check(read_bars(path, symbol="X", label="open"))


def test_lean_equities_are_scaled(tmp_path):
    folder = tmp_path / "equity" / "usa" / "minute" / "spy"
    folder.mkdir(parents=True)
    rows = "".join(
        f"{52200000 + 60000 * i},{','.join(str(int(p * 10000)) for p in PRICES[i])},{VOLUME[i]}\n"
        for i in range(3)
    )
    with zipfile.ZipFile(folder / "20240116_trade.zip", "w") as archive:
        archive.writestr("20240116_spy_minute_trade.csv", rows)
    check(read_bars(folder / "20240116_trade.zip", symbol="SPY", label="open"))


def test_contracts_and_symbols():
    frame = _frame().with_columns(contract=pl.Series(["H4", "H4", "M4"]))
    assert read_bars(frame, symbol="ES", label="open").contract.tolist() == [
        "H4",
        "H4",
        "M4",
    ]
    one = _frame().with_columns(ticker=pl.lit("ES"))
    assert read_bars(one, symbol="ES", label="open").contract is None
    two = _frame().with_columns(ticker=pl.Series(["ES", "ES", "NQ"]))
    with pytest.raises(
        DataError, match=r"holds 2 symbols \(ES, NQ\).*keep the rows of ES"
    ):
        read_bars(two, symbol="ES", label="open")


def test_rows_stay_in_file_order():
    frame = pl.concat([_frame()[2:], _frame(), _frame()[:1]])
    bars = read_bars(frame, symbol="X", label="close")
    steps = (bars.time // 10**9 - EPOCH) // 60
    assert steps.tolist() == [2, 0, 1, 2, 0]


def test_spring_hour_does_not_exist():
    frame = _frame([f"2024-03-10 {t}" for t in ("01:59", "02:00", "03:00")])
    with pytest.raises(
        DataError, match=r"row 1: timestamp 2024-03-10 02:00:00 does not exist"
    ):
        read_bars(frame, symbol="X", label="open", timezone="America/New_York")


def test_autumn_hour_by_order_of_rows():
    passes = [f"2024-11-03 01:{m:02d}" for m in range(0, 60, 5)]
    stamps = ["2024-11-03 00:55", *passes, *passes, "2024-11-03 02:00"]
    rows = (
        pl.concat([_frame()] * 9)[: len(stamps)]
        .drop("t")
        .with_columns(t=pl.Series(stamps))
    )
    bars, findings = read_with_findings(
        rows, symbol="X", label="open", timezone="America/New_York"
    )
    assert findings == []
    # Midnight in New York is 04:00 UTC before the change: 26 steps of 5 minutes follow.
    start = pd.Timestamp("2024-11-03 00:55", tz="America/New_York").value
    np.testing.assert_array_equal(bars.open_time, start + np.arange(26) * 5 * MINUTE)


def test_autumn_hour_of_hourly_bars():
    stamps = [f"2024-11-03 {h}" for h in ("00:00", "01:00", "01:00", "02:00")]
    rows = pl.concat([_frame()] * 2)[:4].drop("t").with_columns(t=pl.Series(stamps))
    bars = read_bars(rows, symbol="X", label="open", timezone="America/New_York")
    np.testing.assert_array_equal(np.diff(bars.time), HOUR)


def test_autumn_hour_that_cannot_be_told_is_a_finding():
    stamps = ["2024-11-03 00:59", "2024-11-03 01:30", "2024-11-03 01:31"]
    with pytest.warns(UndecidedTimeWarning, match=r"2 rows, first \(1, 2\)"):
        bars = read_bars(
            _frame(stamps), symbol="X", label="open", timezone="America/New_York"
        )
    first_pass = pd.Timestamp("2024-11-03 01:30").tz_localize(
        "America/New_York", ambiguous=True
    )
    assert bars.open_time[1] == first_pass.value


def test_interval_is_the_most_common_step_unless_given():
    stamps = (EPOCH + 60 * np.array([0, 5, 10])) * 10**9
    assert read_bars(_frame(stamps), symbol="X", label="open").interval == 5 * MINUTE
    given = read_bars(_frame(stamps), symbol="X", label="open", interval="1min")
    assert given.interval == MINUTE
    one = read_bars(_frame()[:1], symbol="X", label="open", interval="1min")
    assert one.time[0] == (EPOCH + 60) * 10**9


def test_simulated_comment(tmp_path):
    path = tmp_path / "bars.csv"
    text = "# barwise simulated seed=7\n" + LAYOUTS["iso with offset"][0]
    path.write_text(text)
    bars = read_bars(path, symbol="X", label="open")
    check(bars)
    assert bars.simulated
    path.write_text(text.replace("barwise simulated", "downloaded"))
    assert not read_bars(path, symbol="X", label="open").simulated


def _stored() -> Bars:
    rng = np.random.default_rng(3)
    price = 100 + rng.normal(size=50).cumsum()
    time = EPOCH * 10**9 + np.arange(50) * MINUTE
    return Bars.of(
        time,
        price,
        price + 1,
        price - 1,
        price,
        interval=MINUTE,
        symbol="MES",
        prices="mid",
        simulated=True,
        contract=np.array(["H4"] * 25 + ["M4"] * 25),
    )


@pytest.mark.parametrize("interval", [MINUTE, None])
def test_stored_bars_come_back_exactly(tmp_path, interval):
    from dataclasses import replace

    bars = replace(_stored(), interval=interval)
    write_bars(bars, tmp_path / "x.parquet")
    again = read_bars(tmp_path / "x.parquet", symbol="MES", label="close")
    for name, column in bars.columns().items():
        np.testing.assert_array_equal(getattr(again, name), column, err_msg=name)
    facts = (again.symbol, again.interval, again.prices, again.simulated)
    assert facts == ("MES", interval, "mid", True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"label": "open"}, "label='open', but .* with label='close'"),
        ({"symbol": "ES"}, "symbol='ES', but .* with symbol='MES'"),
        ({"prices": "bid"}, "prices='bid', but .* with prices='mid'"),
        ({"interval": "5min"}, "interval='5 min', but .* with interval='1 min'"),
    ],
)
def test_stored_bars_refuse_what_contradicts_them(tmp_path, change, message):
    write_bars(_stored(), tmp_path / "x.parquet")
    with pytest.raises(ConfigError, match=message):
        read_bars(
            tmp_path / "x.parquet", **{"symbol": "MES", "label": "close", **change}
        )


def _reference(path):
    frame = pl.read_parquet(path)
    return frame.with_columns(pl.col("timestamp").cast(pl.Int64))


def _assert_same(bars: Bars, wanted: pl.DataFrame, shift: int) -> None:
    np.testing.assert_array_equal(bars.time, wanted["timestamp"].to_numpy() + shift)
    for name in ("open", "high", "low", "close", "volume"):
        np.testing.assert_array_equal(getattr(bars, name), wanted[name].to_numpy())


@pytest.mark.parametrize(
    ("raw", "parquet", "label"),
    [
        ("btc-perp-20211231-20220201_1m.csv", "BTCPERP_1m_2022-01.parquet", "close"),
        (
            "6EH4.XCME_1min_bars_20240101_20240131.csv.gz",
            "6E_1m_2024-01.parquet",
            "close",
        ),
    ],
)
def test_real_file_equals_its_conversion(market_data, raw, parquet, label):
    bars = read_bars(market_data / "raw" / raw, symbol="X", label=label)
    _assert_same(bars, _reference(market_data / parquet), 0)


def test_real_histdata_across_the_clock_change(market_data):
    path = market_data / "raw" / "DAT_ASCII_EURUSD_M1_2018_mar04_mar31.csv"
    bars = read_bars(
        path, symbol="EURUSD", label="open", timezone="America/New_York", prices="bid"
    )
    wanted = _reference(market_data / "EURUSD_1m_2018.parquet").filter(
        pl.col("timestamp").is_between(int(bars.open_time[0]), int(bars.open_time[-1]))
    )
    _assert_same(bars, wanted, MINUTE)
    assert not bars.has_volume


def test_real_lean_contract_equals_its_conversion(market_data):
    raw = read_bars(
        market_data / "raw" / "LEAN_20131008_trade_gc.zip", symbol="GC", label="open"
    )
    assert set(raw.contract) == {
        "201310",
        "201311",
        "201312",
        "201402",
        "201404",
        "201406",
        "201412",
        "201506",
    }
    bars = raw[raw.contract == "201312"]
    wanted = _reference(market_data / "GC_1m_sampledays_2013_2020.parquet").filter(
        pl.col("timestamp").is_between(int(bars.open_time[0]), int(bars.open_time[-1]))
    )
    _assert_same(bars, wanted, MINUTE)


def test_real_fxcm_without_volume(market_data):
    bars = read_bars(
        market_data / "raw" / "gbpusd-m1-bid-2012.csv", symbol="GBPUSD", label="open"
    )
    assert (len(bars), bars.interval) == (30_117, MINUTE)
    assert np.isnan(bars.volume).all()
    first = pd.Timestamp("2012-02-01 00:00", tz="UTC").value
    assert (bars.open_time[0], bars.open[0], bars.close[0]) == (first, 1.57597, 1.57576)


def test_string_io_is_no_source():
    with pytest.raises(ConfigError, match="cannot read bars from a StringIO"):
        read_bars(io.StringIO("a"), symbol="X", label="open")
