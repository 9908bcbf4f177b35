"""data convert and data append, as a person types them."""

import json

import numpy as np
import polars as pl
import pytest

from barwise.bars import EventRule, prepare, read_bars, simulate_bars, write_bars
from barwise.cli.app import run
from barwise.pipeline.config import RunConfig


def told(capsys):
    return json.loads(capsys.readouterr().out)


@pytest.fixture
def minutes(tmp_path, monkeypatch):
    """Minutes of MES as a vendor's CSV: Chicago time, stamped with the open."""
    monkeypatch.chdir(tmp_path)
    bars = simulate_bars("MES", days=4, seed=9)
    opened = pl.Series("Date", bars.open_time).cast(pl.Datetime("ns", "UTC"))
    columns = {n.title(): getattr(bars, n) for n in ("open", "high", "low", "close", "volume")}  # fmt: skip
    frame = pl.DataFrame(
        {
            "Date": opened.dt.convert_time_zone("America/Chicago").dt.to_string(
                "%Y-%m-%d %H:%M"
            ),
            **columns,
        }
    )
    frame.write_csv("mes.csv")
    return bars


TOLD = ["--label", "open", "--timezone", "America/Chicago"]


def test_convert_stores_what_was_read(minutes, capsys):
    words = ["data", "convert", "mes.csv", "-o", "mes.parquet", *TOLD, "--json"]
    assert run(words) == 0
    facts = told(capsys)
    assert (facts["rows"], facts["bars"]) == (len(minutes), "1 min")
    stored = read_bars("mes.parquet", symbol="MES", label="close")
    np.testing.assert_array_equal(stored.time, minutes.time)
    np.testing.assert_array_equal(stored.close, minutes.close)
    assert run(words) == 2
    assert "--force overwrites it" in capsys.readouterr().err
    assert run([*words, "--force", "--interval", "5min"]) == 0
    assert read_bars("mes.parquet", symbol="MES", label="close").length == "5 min"


def test_convert_builds_event_bars(minutes, capsys):
    words = ["data", "convert", "mes.csv", *TOLD, "--bars", "volume", "--bar-size"]
    assert run([*words, "3000", "-o", "v.parquet", "--json"]) == 0
    facts = told(capsys)
    expected, report = prepare(minutes, interval=EventRule("volume", 3000))
    assert facts["rows"] == len(expected)
    assert facts["bars"] == "3,000 traded volume"
    assert facts["bars_a_session"] > 10
    findings = {f["kind"]: f["count"] for f in facts["quality"]["findings"]}
    assert findings["unfinished"] == report.count("unfinished")
    stored = read_bars("v.parquet", symbol="MES", label="close")
    np.testing.assert_array_equal(stored.close, expected.close)
    assert stored.rule == expected.rule


@pytest.mark.usefixtures("minutes")
def test_convert_takes_a_config_at_its_word(capsys):
    with open("mes.yaml", "w") as file:
        file.write(
            "symbol: MES\ndata: {path: mes.csv, label: open, timezone: America/Chicago, "
            "bars: tick, bar_size: 30}\n"
        )
    assert run(["data", "convert", "mes.yaml", "-o", "t.parquet", "--json"]) == 0
    assert told(capsys)["bars"] == "30 trades"
    words = ["data", "convert", "mes.yaml", "-o", "u.parquet", "--bars", "volume"]
    assert run(words) == 2
    assert "says --bars itself" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--bars", "volume"], "needs --bar-size"),
        (["--bars", "tick", "--bar-size", "2.5"], "whole number"),
        (["--bar-size", "5"], "say --bars as well"),
        (["--bars", "tick", "--bar-size", "5", "--interval", "5min"], "no effect"),
        (["-o", "x.csv"], "written as .parquet"),
        (["-o", "none/x.parquet"], "there is no folder none"),
        (["--symbol", "XYZ"], "no known symbol"),
    ],
)
@pytest.mark.usefixtures("minutes")
def test_convert_says_what_is_wrong(words, said, capsys):
    output = [] if "-o" in words else ["-o", "x.parquet"]
    assert run(["data", "convert", "mes.csv", *TOLD, *output, *words]) == 2
    assert said in capsys.readouterr().err


def test_trades_are_looked_at_like_bars(market_data, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    path = str(market_data / "ES_ticks_2013-09.parquet")
    assert run(["data", "check", path, "--json"]) == 0
    report = told(capsys)
    assert report["errors"] == report["doubts"] == []
    assert run(["data", "describe", path, "--json"]) == 0
    facts = told(capsys)
    assert (facts["symbol"], facts["bars"], facts["interval"]) == (
        "ES",
        "1 trade",
        None,
    )
    assert run(["init", path, "--config", "es.yaml"]) == 0
    assert RunConfig.read("es.yaml").data.bars == "time"
    words = ["--bars", "dollar", "--bar-size", "5e6", "-o", "es.parquet"]
    assert run(["data", "convert", path, *words]) == 0
    assert "500,000 rows in" in capsys.readouterr().out
    assert run(["init", "es.parquet", "--config", "bars.yaml"]) == 0
    assert RunConfig.read("bars.yaml").target == EventRule("dollar", 5e6)
    assert run(["data", "convert", path, "--bars", "time", "-o", "t.parquet"]) == 2
    assert "--bars time needs --interval" in capsys.readouterr().err


# --- append ---------------------------------------------------------------------------


@pytest.fixture
def stored(minutes):
    """The first 3,000 minutes stored; what follows, with an overlap of 100, as a CSV."""
    write_bars(minutes.with_columns(simulated=False)[:3000], "stored.parquet")
    frame = pl.read_csv("mes.csv")
    frame[2900:].write_csv("new.csv")
    close = pl.col("Close")
    row = pl.int_range(pl.len())
    frame[2900:].with_columns(
        pl.when(row == 7).then(close + 0.25).otherwise(close).alias("Close"),
        pl.when(row == 7).then(pl.col("High") + 9).otherwise(pl.col("High")).alias("High"),
    ).write_csv("other.csv")  # fmt: skip
    return minutes


def test_append_adds_and_then_has_nothing_to_add(stored, capsys):
    words = ["data", "append", "stored.parquet", "new.csv", *TOLD]
    assert run([*words, "--json"]) == 0
    facts = told(capsys)
    assert (facts["added"], facts["identical"]) == (len(stored) - 3000, 100)
    assert facts["changed"]
    assert facts["gap"] is None
    with open("stored.parquet", "rb") as file:
        before = file.read()
    assert run(words) == 0
    assert "the file is as it was" in capsys.readouterr().out
    with open("stored.parquet", "rb") as file:
        assert file.read() == before


def test_append_lists_what_differs(stored, capsys):
    words = ["data", "append", "stored.parquet", "other.csv", *TOLD]
    assert run(words) == 3
    error = capsys.readouterr().err
    close = stored.close[2907]
    assert "1 of 100 rows of the overlap differ" in error
    assert f"close {close} stored, {close + 0.25} new" in error
    assert run([*words, "--keep", "new"]) == 0
    assert "the new ones stay" in capsys.readouterr().out
    kept = read_bars("stored.parquet", symbol="MES", label="close")
    assert kept.close[2907] == close + 0.25


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["new.csv", "--label", "open"], 2, "say --timezone"),
        (
            ["new.csv", "--label", "open", "--timezone", "Asia/Tokyo"],
            3,
            "does not keep",
        ),
        (["new.csv", "--label", "close", *TOLD[2:]], 3, "stamps bars with their open"),
        (["nq.csv", *TOLD], 3, "looks like NQ"),
        (["five.csv", *TOLD], 3, "at least 5 min apart"),
        (["none.csv", *TOLD], 3, "none.csv does not exist"),
    ],
)
def test_append_refuses_another_clock_symbol_or_length(words, code, said, capsys):
    frame = pl.read_csv("new.csv")
    frame.write_csv("nq.csv")
    frame[::5].write_csv("five.csv")
    assert run(["data", "append", "stored.parquet", *words]) == code
    assert said in capsys.readouterr().err


def test_a_run_sees_what_was_appended(place):
    bars = read_bars("mes.csv", symbol="MES", label="open")
    write_bars(bars[:1500], "part.parquet")
    text = (place / "run.yaml").read_text()
    text = text.replace("mes.csv", "part.parquet").replace(
        "label: open", "label: close"
    )
    (place / "run.yaml").write_text(text)
    assert run(["run", "run.yaml"]) == 0
    before = set((place / "experiments" / "runs").iterdir())
    write_bars(bars[1400:], "more.parquet")
    assert run(["data", "append", "part.parquet", "more.parquet"]) == 0
    assert run(["run", "run.yaml"]) == 0
    after = set((place / "experiments" / "runs").iterdir())
    assert len(after) == len(before) + 1
