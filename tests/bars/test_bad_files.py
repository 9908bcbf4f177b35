"""Broken files: each is refused with the file, the place, the value and a way out."""

from __future__ import annotations

import gzip
import os
import re
import zipfile

import numpy as np
import polars as pl
import pytest
import zstandard

from barwise.bars.clean import clean_file
from barwise.bars.read import read_bars
from barwise.core.errors import BarwiseError, ConfigError, DataError

HEADER = "time,open,high,low,close,volume\n"
ROWS = [f"2024-01-16 14:3{i}:00,10,12,9,11,{i}\n" for i in range(6)]
GOOD = HEADER + "".join(ROWS)


def _parquet() -> bytes:
    import io

    buffer = io.BytesIO()
    pl.DataFrame(
        {"time": range(1_600_000_000, 1_600_000_600), "open": 1.0}
    ).write_parquet(buffer)
    return buffer.getvalue()


def _with_row(row: str, place: int = 3) -> str:
    return HEADER + "".join([*ROWS[:place], row + "\n", *ROWS[place:]])


# Content, error, and what the message must say.
FILES = {
    "empty": ("", DataError, "bars.csv is empty"),
    "blank lines": ("\n \n\n", DataError, "bars.csv is empty"),
    "header only": (HEADER, DataError, "has a header but no rows"),
    "comment only": ("# made by hand\n", DataError, "bars.csv is empty"),
    "prose": (
        "Dear Sir,\nplease find attached\nthe prices.\n",
        DataError,
        "no table of bars",
    ),
    "html page": (
        "<!DOCTYPE html>\n<html><body>404</body></html>\n",
        DataError,
        "no table of bars.*a line reads",
    ),
    "one price column": (
        "date,price\n" + "2024-01-16,10\n" * 3,
        ConfigError,
        "no column for open, high, low, close among 'date', 'price'.*one price a row",
    ),
    "no close": (
        GOOD.replace("close", "foo"),
        ConfigError,
        r"no column for close among .*'foo'.*columns=\{'close': '...'\}",
    ),
    "no timestamp": (
        GOOD.replace("time,", "alpha,"),
        ConfigError,
        r"no column for timestamp among 'alpha'.*columns=\{'timestamp': '...'\}",
    ),
    "short row": (
        _with_row("2024-01-16 14:40:00,10,12"),
        DataError,
        "line 5: 3 fields where the table has 6.*reads '2024-01-16 14:40:00,10,12'",
    ),
    "long row": (
        _with_row("2024-01-16 14:40:00,10,12,9,11,5,6"),
        DataError,
        "line 5: 7 fields where the table has 6",
    ),
    "mixed separators": (
        _with_row("2024-01-16 14:40:00;10;12;9;11;5"),
        DataError,
        r"line 5: 1 fields where the table has 6 \(separator ','\)",
    ),
    "cut off in the last row": (
        GOOD[:-12],
        DataError,
        "line 7: .* fields where the table has 6",
    ),
    "text in a price": (
        _with_row("2024-01-16 14:40:00,10,abc,9,11,5"),
        DataError,
        r"row 3 \(line 5\), column 'high': 'abc' is not a number \(1 such rows\)",
    ),
    "thousands separator": (
        _with_row('2024-01-16 14:40:00,"1,000.5",12,9,11,5'),
        DataError,
        r"row 3 \(line 5\), column 'open': '1,000.5' is not a number",
    ),
    "unclosed quote": (
        _with_row('2024-01-16 14:40:00,"10,12,9,11,5'),
        DataError,
        "bars.csv",
    ),
    "header again in the middle": (
        GOOD + GOOD,
        DataError,
        r"row 6 \(line 8\).*timestamp 'time' does not have the form",
    ),
    "two layouts joined": (
        GOOD + "20240117 000000;1;2;0;1;0\n" * 3,
        DataError,
        "line 8: 1 fields where the table has 6",
    ),
    "bad timestamp": (
        _with_row("2024-01-32 14:40:00,10,12,9,11,5"),
        DataError,
        r"row 3 \(line 5\): timestamp '2024-01-32 14:40:00' does not have the form",
    ),
    "empty timestamp": (
        _with_row(",10,12,9,11,5"),
        DataError,
        r"row 3 \(line 5\): no timestamp in column 'time' \(1 rows",
    ),
    "unknown form of timestamp": (
        GOOD.replace("2024-01-16 14:", "Tue 16th, "),
        BarwiseError,
        "bars.csv",
    ),
    "day or month first": (
        GOOD.replace("2024-01-16", "02/03/2024"),
        DataError,
        r"row 0 \(line 2\): timestamp '02/03/2024 14:30:00': day and month cannot "
        r"be told apart.*timestamp_format",
    ),
    "two-digit year": (
        GOOD.replace("2024-01-16", "16/01/24"),
        DataError,
        "'16/01/24 14:30:00' has no form that is recognised.*timestamp_format",
    ),
    "epoch in no unit": (
        HEADER + "".join(f"{17_000 + i},10,12,9,11,5\n" for i in range(4)),
        DataError,
        "timestamp 17000 is no epoch between 1980 and 2100 in s, ms, us, ns",
    ),
    "epoch of 1970": (
        HEADER + "".join(f"{60 * i},10,12,9,11,5\n" for i in range(4)),
        DataError,
        "timestamp 0 is no epoch between 1980 and 2100",
    ),
    "year 1970 in text": (
        GOOD.replace("2024", "1970"),
        DataError,
        "1970-01-16 14:30:00.* lies outside 1980 to 2100",
    ),
    "one row": (HEADER + ROWS[0], DataError, "has 1 rows .*pass interval='1min'"),
    "one time on every row": (
        HEADER + ROWS[0] * 5,
        DataError,
        "no two different timestamps",
    ),
    "headerless in another order": (
        "".join(f"2024-01-16 14:3{i}:00,11,10,9,12,5\n" for i in range(5)),
        ConfigError,
        "has no header and its 6 columns are not timestamp, open, high, low, close.*'column_1'",
    ),
    "not UTF-8": (
        GOOD.encode().replace(b"14:33", b"14:3\xff"),
        DataError,
        "line 5: byte 0xff is not UTF-8 text",
    ),
    "binary garbage": (
        np.random.default_rng(0).bytes(5000),
        DataError,
        "is binary and of no known kind",
    ),
    "truncated gzip": (
        gzip.compress(GOOD.encode() * 50)[:-20],
        DataError,
        "damaged compressed file .cut off",
    ),
    "damaged gzip": (
        gzip.compress(GOOD.encode())[:20] + b"\0" * 60,
        DataError,
        "damaged compressed file",
    ),
    "truncated zstd": (
        zstandard.compress(GOOD.encode() * 50)[:-9],
        DataError,
        "damaged compressed file",
    ),
    "truncated Parquet": (_parquet()[:-30], DataError, "damaged Parquet file"),
    "truncated Arrow": (b"ARROW1\0\0" + b"\xff" * 40, DataError, "damaged Arrow file"),
    "truncated zip": (
        b"PK\x03\x04" + b"\0" * 40,
        DataError,
        "damaged or locked zip file",
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_broken_file(tmp_path, name):
    content, error, message = FILES[name]
    path = tmp_path / "bars.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(error) as caught:
        read_bars(path, symbol="X", label="open")
    said = str(caught.value)
    assert re.search(message, said), said
    assert "bars.csv" in said
    assert "polars" not in said.lower()


def _good(tmp_path):
    path = tmp_path / "bars.csv"
    path.write_text(GOOD)
    return path


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"label": "opne"},
            "label='opne': allowed values are open, close; did you mean 'open'",
        ),
        ({"label": None}, "label=None: allowed values are open, close"),
        ({"prices": "last"}, "prices='last': allowed values are trade, bid, ask, mid"),
        ({"symbol": ""}, "symbol='' must be the name of the instrument"),
        (
            {"timezone": "Chicago"},
            "timezone='Chicago' is not an IANA time zone.*America/Chicago",
        ),
        ({"interval": "1 fortnight"}, "interval '1 fortnight' cannot be read"),
        (
            {"interval": "5min"},
            "interval=5 min, but the rows of bars.csv are mostly 1 min apart.*resample",
        ),
        (
            {"columns": {"close": "Last"}},
            "close='Last', but bars.csv has no such column; it has 'time', ",
        ),
        ({"columns": {"close": "clos"}}, "did you mean 'close'"),
        (
            {"columns": {"closing": "close"}},
            "'closing' is not something a bar has.*did you mean 'close'",
        ),
        (
            {"columns": {"time": "time"}},
            "'time' is the time of day beside a 'date' column.*timestamp='time'",
        ),
    ],
)
def test_wrong_argument(tmp_path, options, message):
    with pytest.raises(ConfigError, match=message):
        read_bars(_good(tmp_path), **{"symbol": "X", "label": "open", **options})


def test_format_that_is_none(tmp_path):
    with pytest.raises(
        DataError, match=r"does not have the form '%d.%m.%Y' given as timestamp_format"
    ):
        read_bars(
            _good(tmp_path),
            symbol="X",
            label="open",
            columns={"timestamp_format": "%d.%m.%Y"},
        )


def test_wrong_column_map_shows_in_the_report(tmp_path):
    wrong = {"open": "low", "low": "high", "high": "open"}
    bars = read_bars(_good(tmp_path), symbol="X", label="open", columns=wrong)
    report = clean_file(bars)[1]
    assert report.count("high_below_low") == len(ROWS)


def test_missing_file_and_folder(tmp_path):
    _good(tmp_path)
    for path, message in (
        (tmp_path / "bar.csv", "bar.csv does not exist; did you mean 'bars.csv'"),
        (tmp_path / "no" / "bars.csv", "does not exist: there is no folder .*no"),
        (tmp_path, "is a folder; pass one file"),
    ):
        with pytest.raises(DataError, match=message):
            read_bars(path, symbol="X", label="open")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_file_without_permission(tmp_path):
    path = _good(tmp_path)
    path.chmod(0)
    with pytest.raises(DataError, match="may not be read: change its rights"):
        read_bars(path, symbol="X", label="open")


def test_permission_error_is_explained(tmp_path, monkeypatch):
    def refuse(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.read_bytes", refuse)
    with pytest.raises(DataError, match="may not be read: change its rights"):
        read_bars(_good(tmp_path), symbol="X", label="open")


def test_name_and_content_disagree(tmp_path):
    path = tmp_path / "bars.parquet"
    path.write_text(GOOD)
    with pytest.raises(
        DataError, match=r"named .parquet, but its content is no parquet file"
    ):
        read_bars(path, symbol="X", label="open")


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"a.csv": GOOD, "b.csv": GOOD}, "holds a.csv, b.csv: a zip may hold one CSV"),
        ({"readme.txt": "hello"}, "holds readme.txt"),
        ({"20240116_es_minute_quote_202403.csv": "0,1,2,3,4,5"}, "holds LEAN quotes"),
        (
            {"20240116_es_minute_trade_202403.csv": "0,1,x,3,4,5\n" * 3},
            "rows that are not milliseconds",
        ),
    ],
)
def test_zips(tmp_path, members, message):
    path = tmp_path / "bars.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(DataError, match=message):
        read_bars(path, symbol="X", label="open")


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("open", [[1.0], [2.0]], "column 'open' has type List.*numbers are needed"),
        ("time", [None, 1_600_000_000], "row 0: no timestamp in column 'time'"),
        ("time", [b"a", b"b"], "has type Binary, which is not a timestamp"),
    ],
)
def test_frames_of_wrong_types(column, values, message):
    columns = {"time": [1_600_000_000, 1_600_000_060]}
    columns |= {name: [1.0, 2.0] for name in ("open", "high", "low", "close")}
    with pytest.raises(DataError, match=message):
        read_bars(pl.DataFrame({**columns, column: values}), symbol="X", label="open")


def test_frame_without_rows():
    with pytest.raises(DataError, match="the polars frame has no rows"):
        read_bars(pl.DataFrame(schema={"time": pl.Int64}), symbol="X", label="open")


def test_pandas_column_of_mixed_types():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"time": [1, "x"], "open": [1.0, 2.0]})
    with pytest.raises(DataError, match="column of mixed types"):
        read_bars(frame, symbol="X", label="open")


@pytest.mark.parametrize("source", [None, 7, [1, 2], b"time,open"])
def test_what_is_no_source(source):
    with pytest.raises(ConfigError, match="cannot read bars from a"):
        read_bars(source, symbol="X", label="open")


def test_bad_rows_are_read_and_reported(tmp_path):
    path = tmp_path / "bars.csv"
    rows = [
        ROWS[0],
        ROWS[2],
        ROWS[1],
        ROWS[1],
        ROWS[3].replace(",9,", ",nan,"),
        ROWS[4].replace(",9,", ",-9,"),
        ROWS[5].replace(",5\n", ",-5\n"),
    ]
    path.write_text(HEADER + "".join(rows))
    bars = read_bars(path, symbol="X", label="open")
    assert len(bars) == 7
    cleaned, report = clean_file(bars)
    found = {f.kind: f.rows for f in report.findings}
    assert found["out_of_order"] == (2, 3)
    assert found["duplicate"] == (3,)
    assert found["non_finite"] == (4,)
    assert found["non_positive"] == (5,)
    assert found["negative_volume"] == (6,)
    assert len(cleaned) == 4
