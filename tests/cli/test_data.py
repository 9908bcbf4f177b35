"""data check, data describe and init, on files of known content."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from barwise.cli.app import run
from barwise.core.errors import ConfigError
from barwise.pipeline.config import RunConfig
from barwise.pipeline.marked_yaml import parse

MINUTE = 60_000_000_000


def weeks(number=3, seed=4):
    """Minutes of the forex week on a New York clock, stamped with their open."""
    rng = np.random.default_rng(seed)
    start = np.datetime64("2018-06-03T17:00", "ns").astype(np.int64)
    week = start + np.arange(5 * 24 * 60) * MINUTE
    time = np.concatenate([week + i * 7 * 24 * 60 * MINUTE for i in range(number)])
    close = 1.2 + 1e-5 * np.cumsum(rng.integers(-3, 4, len(time)))
    opened = np.r_[close[0], close[:-1]]
    return pl.DataFrame(
        {
            "Date": time.astype("datetime64[ns]"),
            "Open": opened,
            "High": np.maximum(opened, close) + 1e-5,
            "Low": np.minimum(opened, close) - 1e-5,
            "Close": close,
            "Volume": rng.integers(1, 90, len(time)),
        }
    ).with_columns(pl.col("Date").dt.to_string("%Y-%m-%d %H:%M"))


@pytest.fixture
def eurusd(tmp_path):
    path = tmp_path / "eurusd_1m.csv"
    weeks().write_csv(path, float_precision=5)
    return path


@pytest.fixture
def spoiled(tmp_path):
    """Row 10 stands twice, row 20 has its high below its low."""
    frame = weeks(2)
    high = frame["High"].to_numpy().copy()
    high[20] = frame["Low"][20] - 0.01
    frame = frame.with_columns(pl.Series("High", high))
    frame = pl.concat([frame[:11], frame[10:11], frame[11:]])
    path = tmp_path / "eurusd_bad.csv"
    frame.write_csv(path, float_precision=5)
    return path


def test_check_of_a_good_file(eurusd, capsys):
    assert run(["data", "check", str(eurusd), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["rows_in"] == report["rows_out"] == 3 * 5 * 24 * 60
    assert report["errors"] == []


def test_check_of_a_bad_file_is_3_and_names_the_rows(spoiled, capsys):
    assert run(["data", "check", str(spoiled), "--json"]) == 3
    told = capsys.readouterr()
    report = json.loads(told.out)
    rows = {finding["kind"]: finding["rows"] for finding in report["findings"]}
    assert rows["duplicate"] == [11]
    assert rows["high_below_low"] == [21]
    assert {"duplicate", "high_below_low"} <= set(report["errors"])
    assert "mend the file, or let a run repair them" in told.err


def test_check_as_text(spoiled, capsys):
    assert run(["data", "check", str(spoiled)]) == 3
    assert "high_below_low" in capsys.readouterr().out


def test_check_of_a_config_follows_its_policy(spoiled, capsys):
    config = spoiled.with_suffix(".yaml")
    base = (
        "symbol: EURUSD\ndata:\n  path: eurusd_bad.csv\n  label: open\n"
        "  timezone: America/New_York\n"
    )
    config.write_text(base)
    assert run(["data", "check", str(config)]) == 0
    capsys.readouterr()
    config.write_text(base + "  policy: {high_below_low: error}\n")
    assert run(["data", "check", str(config), "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["errors"] == ["high_below_low"]


def test_options_do_not_contradict_a_config(eurusd, capsys):
    run(["init", str(eurusd)])
    config = str(eurusd.with_suffix(".yaml"))
    assert run(["data", "check", config, "--label", "close"]) == 2
    assert "change them there" in capsys.readouterr().err


def test_check_of_an_unknown_symbol_says_what_it_cannot_know(eurusd, capsys):
    assert run(["data", "check", str(eurusd), "--symbol", "XYZ"]) == 0
    assert "XYZ is no known symbol" in capsys.readouterr().err


def test_file_that_does_not_tell_its_label(tmp_path, capsys):
    path = tmp_path / "eurusd.csv"
    weeks(1)[:500].write_csv(path)
    assert run(["data", "check", str(path)]) == 2
    assert "--label open or --label close" in capsys.readouterr().err
    assert run(["data", "check", str(path), "--label", "open"]) == 0


def test_missing_file_is_3(tmp_path, capsys):
    assert run(["data", "check", str(tmp_path / "none.csv")]) == 3
    assert "none.csv" in capsys.readouterr().err


def test_describe(eurusd, capsys):
    assert run(["data", "describe", str(eurusd), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    frame = weeks()
    assert facts["symbol"] == "EURUSD"
    assert facts["rows"] == len(frame)
    assert (facts["label"], facts["timezone"]) == ("open", "America/New_York")
    # 17:00 New York summer time is 21:00 UTC; a bar is known at its close.
    assert facts["first"] == "2018-06-03T21:01:00Z"
    assert facts["interval"] == "1 min"
    lows = facts["columns"]["low"]
    assert lows["lowest"] == pytest.approx(frame["Low"].min(), abs=1e-5)
    assert lows["missing"] == 0
    assert facts["evidence"]


def test_describe_as_text(eurusd, capsys):
    assert run(["data", "describe", str(eurusd)]) == 0
    shown = capsys.readouterr().out
    assert "America/New_York" in shown
    assert "column" in shown


def test_init_writes_a_config_that_can_be_read(eurusd, capsys):
    assert run(["init", str(eurusd)]) == 0
    path = eurusd.with_suffix(".yaml")
    assert capsys.readouterr().out == f"{path}\n"
    config = RunConfig.read(path)
    assert config.symbol == "EURUSD"
    assert config.data_path == eurusd
    assert (config.data.label, config.data.timezone) == ("open", "America/New_York")
    # Nothing but what was seen differs from the defaults.
    plain = RunConfig(symbol="EURUSD", data={"path": eurusd.name, "label": "open"})
    seen = {"timezone": config.data.timezone, "prices": config.data.prices}
    assert config.hash() == plain.replace(data=plain.data.model_dump() | seen).hash()


def test_init_asks_for_rolls_where_there_are_some(eurusd, market_text):
    run(["init", str(eurusd)])
    assert "roll_by" not in eurusd.with_suffix(".yaml").read_text()
    future = eurusd.with_name("mes.csv")
    future.write_text(market_text)
    run(["init", str(future), "--label", "open"])
    assert "  roll_adjustment: ratio\n" in future.with_suffix(".yaml").read_text()


def test_check_and_describe_read_contracts_of_their_own(tmp_path, market_text, capsys):
    (tmp_path / "each").mkdir()
    for name in ("MESH2", "MESM2"):
        (tmp_path / "each" / f"{name}.csv").write_text(market_text)
    path = tmp_path / "mes.yaml"
    path.write_text(
        "symbol: MES\ndata:\n  contracts: each\n  label: open\n"
        "  rolls: [{session: 2022-01-07, from: MESH2, to: MESM2}]\n"
    )
    assert run(["data", "describe", str(path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["rows"] == len(market_text.splitlines()) - 1
    assert run(["data", "check", str(path)]) == 0
    (tmp_path / "each" / "front.csv").write_text(market_text)
    assert run(["data", "check", str(path)]) == 2
    said = capsys.readouterr().err
    assert "mes.yaml:3: data.contracts: the name of" in said
    assert "front.csv says no contract" in said


def test_init_explains_every_setting_and_shows_its_evidence(eurusd):
    run(["init", str(eurusd)])
    lines = eurusd.with_suffix(".yaml").read_text().splitlines()
    for number, line in enumerate(lines):
        if ":" in line and not line.lstrip().startswith("#"):
            assert lines[number - 1].lstrip().startswith("#"), line
    text = " ".join(line.strip().lstrip("# ") for line in lines)
    assert "looks like America/New_York wall clock" in text
    assert max(map(len, lines[4:])) <= 88


def test_init_writes_a_schema_for_editors(eurusd):
    run(["init", str(eurusd)])
    first = eurusd.with_suffix(".yaml").read_text().splitlines()[0]
    named = Path(first.removeprefix("# yaml-language-server: $schema="))
    schema = json.loads((eurusd.parent / named).read_text())
    assert schema == RunConfig.model_json_schema()


def test_init_does_not_overwrite(eurusd, capsys):
    path = eurusd.with_suffix(".yaml")
    path.write_text("mine")
    assert run(["init", str(eurusd)]) == 2
    assert path.read_text() == "mine"
    assert "--force overwrites it" in capsys.readouterr().err
    assert run(["init", str(eurusd), "--force"]) == 0
    assert path.read_text() != "mine"


def test_init_into_another_folder(eurusd, tmp_path):
    path = tmp_path / "configs" / "run.yaml"
    assert run(["init", str(eurusd), "--config", str(path)]) == 0
    assert RunConfig.read(path).data_path.resolve() == eurusd.resolve()


def test_init_leaves_open_what_a_file_does_not_tell(tmp_path, capsys):
    file = tmp_path / "xyz.csv"
    weeks(1)[:500].write_csv(file, float_precision=5)
    assert run(["init", str(file), "--json"]) == 0
    told = capsys.readouterr()
    undecided = json.loads(told.out)["undecided"]
    assert undecided == ["data.label", "instrument.kind", "instrument.calendar"]
    assert "data.label could not be told" in told.err
    path = file.with_suffix(".yaml")
    values = parse(path.read_text()).value
    assert values["symbol"] == "XYZ"
    assert values["instrument"]["tick_size"] == 1e-5
    with pytest.raises(ConfigError) as caught:
        RunConfig.read(path)
    assert [line.split(": ")[1] for line in str(caught.value).splitlines()] == undecided
    text = path.read_text().replace("  label:\n", "  label: open\n")
    text = text.replace("  kind:\n", "  kind: forex\n")
    text = text.replace("  calendar:\n", "  calendar: forex\n")
    path.write_text(text)
    assert RunConfig.read(path).traded().tick_size == 1e-5


def test_init_takes_what_a_person_says(eurusd):
    words = ["init", str(eurusd), "--symbol", "GBPUSD", "--label", "close"]
    assert run(words) == 0
    config = RunConfig.read(eurusd.with_suffix(".yaml"))
    assert (config.symbol, config.data.label) == ("GBPUSD", "close")


def test_init_on_real_files(market_data, tmp_path):
    expected = {
        "raw/DAT_ASCII_EURUSD_M1_2018_mar04_mar31.csv": ("EURUSD", "5min"),
        "ES_5m_2024-05_2026-02.parquet": ("ES", "5min"),
        "SPXUSD_1m_2018.parquet": ("SPXUSD", "5min"),
    }
    for name, (symbol, interval) in expected.items():
        path = tmp_path / f"{symbol}.yaml"
        words = [
            "init",
            str(market_data / name),
            "--config",
            str(path),
            "--label",
            "open",
        ]
        assert run(words) == 0
        config = RunConfig.read(path)
        assert (config.symbol, config.data.interval) == (symbol, interval)
        assert config.data_path.is_file()
