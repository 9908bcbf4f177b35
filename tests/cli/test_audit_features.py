"""barwise audit features: what it finds, and what it refuses."""

import json

import pytest

from barwise.cli.app import run

MINE = """\
import barwise as bw
from barwise.stream.expr import ema


@bw.feature
def edge(bars, period=20):
    return bars.close / ema(bars.close, period) - 1.0


@bw.frame_feature(lookback=20)
def gap(frame):
    return frame["close"] / frame["close"].rolling(20).mean() - 1.0


@bw.frame_feature(lookback=5)
def newest(frame):
    return frame["close"].iloc[-1] / frame["close"].mean()
"""
PEEK = """\

@bw.frame_feature(lookback=5)
def peek(frame):
    return frame["close"].pct_change().shift(-1)
"""
NOTEBOOK = """\
import pandas as pd


def edge(frame):
    return frame["close"] / frame["close"].mean()


def honest(frame):
    return frame["close"].pct_change()


def in_polars(frame):
    return frame["close"].shift(-2)


def reading(frame):
    return pd.read_csv("other.csv")
"""


@pytest.fixture
def files(place):
    (place / "mine.py").write_text(MINE)
    (place / "notebook.py").write_text(NOTEBOOK)
    return place


def audit(capsys, *words, code=0):
    assert run(["audit", "features", *words, "--rows", "400", "--json"]) == code
    told = json.loads(capsys.readouterr().out)
    columns = [column for one in told["audits"] for column in one["columns"]]
    return told, {column["column"]: column for column in columns}


@pytest.mark.usefixtures("files")
def test_honest_features_of_a_file_pass(capsys):
    told, columns = audit(capsys, "mine.py")
    assert told["bars"]["simulated"] is True
    assert told["honest"] is True
    assert {name: one["verdict"] for name, one in columns.items()} == {
        "edge_20": "honest",
        "gap": "honest",
        "newest": "honest",
    }
    assert told["remarks"] == []


def test_a_cheat_in_a_config_is_told_with_row_and_reach(files, capsys):
    (files / "mine.py").write_text(MINE + PEEK)
    text = (files / "run.yaml").read_text()
    own = "  own: mine.py\n  names: [edge_7, rsi_14, peek]\n"
    (files / "run.yaml").write_text(
        text.replace("  names: [rsi_14, return_1, hour_sin]\n", own)
    )
    told, columns = audit(capsys, "run.yaml", code=4)
    assert told["bars"] == {
        "symbol": "MES",
        "rows": 400,
        "simulated": False,
        "first": told["bars"]["first"],
        "last": told["bars"]["last"],
    }
    assert columns["edge_7"]["verdict"] == "honest"
    (finding,) = columns["peek"]["findings"]
    assert finding["check"] == "look_ahead"
    assert finding["ahead"] == 1
    assert 0 < finding["row"] < 400
    assert told["bars"]["first"] < finding["time"] < told["bars"]["last"]
    assert run(["audit", "features", "run.yaml", "--rows", "400"]) == 4
    shown = capsys.readouterr()
    assert "peek CHEATS\n  looks 1 row ahead: row " in shown.out
    assert "honest (4): edge_20, edge_7, gap, newest" in shown.out
    assert "1 of the features cheat: peek" in shown.err


@pytest.mark.usefixtures("files")
def test_the_columns_of_a_config_without_own_features_are_audited(capsys):
    _, columns = audit(capsys, "run.yaml")
    assert list(columns) == ["rsi_14", "return_1", "hour_sin"]


@pytest.mark.usefixtures("files")
def test_functions_of_a_notebook_are_audited_on_a_file_of_bars(capsys):
    words = ("notebook.py", "--bars", "mes.csv", "--symbol", "MES", "--label", "open")
    told, columns = audit(
        capsys, *words, "--function", "edge", "--function", "honest", code=4
    )
    assert told["bars"]["symbol"] == "MES"
    assert told["bars"]["simulated"] is False
    assert "of the whole file" in columns["edge"]["findings"][0]["message"]
    assert columns["honest"]["verdict"] == "honest"
    assert "read_csv() takes in other data" in told["remarks"][0]
    words = ("notebook.py", "--bars", "run.yaml", "--frame", "polars")
    _, columns = audit(capsys, *words, "--function", "in_polars", code=4)
    assert columns["in_polars"]["findings"][0]["ahead"] == 2


def test_a_built_in_set_is_honest(capsys):
    told, columns = audit(capsys, "--set", "neural_optimal")
    assert told["honest"] is True
    assert len(columns) > 40


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "barwise.yaml: does not exist"),
        (("none.py",), "none.py: does not exist; name the .py file"),
        (("none.yaml",), "none.yaml: does not exist"),
        (("notebook.py",), "name the functions of a data frame with --function (it"),
        (("notebook.py", "--function", "egde"), "no function 'egde'; it defines edge"),
        (("notebook.py", "--function", "reading"), "notebook.py:17: 'reading' raised"),
        (("run.yaml", "--function", "edge"), "--function needs the Python file"),
        (("mine.py", "--set", "full"), "use one of the two"),
        (("--set", "fuller"), "unknown feature set 'fuller'"),
        (("run.yaml", "--bars", "mes.csv"), "run.yaml names the bars itself"),
        (
            ("mine.py", "--symbol", "MES"),
            "describe a file of bars; name it with --bars",
        ),
        (
            ("mine.py", "--bars", "run.yaml", "--label", "open"),
            "is a config, which says",
        ),
    ],
)
@pytest.mark.usefixtures("files")
def test_what_cannot_be_audited_is_refused(words, said, capsys):
    assert run(["audit", "features", *words]) == 2
    told = capsys.readouterr()
    assert said in told.err
    assert "Traceback" not in told.err
    assert told.out == ""


SIDE = """\
data: {path: mes.csv, label: open, timezone: UTC, interval: 15min}
external:
  - {name: vix, path: vix.csv, known_at: known, columns: [close]}
"""
OUTSIDE = """\
import barwise as bw


@bw.feature
def fear(bars):
    return bw.external("vix_close") * bars.close / bw.on("5min", bars.open)
"""


@pytest.fixture
def beside(files):
    """Configs whose columns read a table and finer bars."""
    days = [f"2022-01-{day:02} 12:00,{day}" for day in range(3, 12)]
    (files / "vix.csv").write_text("\n".join(["known,close", *days, ""]))
    (files / "outside.py").write_text(OUTSIDE)
    text = (files / "run.yaml").read_text()
    text = text.replace(text[text.index("data:") : text.index("features:")], SIDE)
    names = "[rsi_14, ext_vix_close, mtf_5min_return_1]"
    text = text.replace("[rsi_14, return_1, hour_sin]", names)
    (files / "side.yaml").write_text(text)
    own = text.replace("names: [", "own: outside.py\n  names: [fear, ")
    (files / "own.yaml").write_text(own)
    return files


@pytest.mark.usefixtures("beside")
def test_columns_of_tables_and_finer_bars_are_audited(capsys):
    told, columns = audit(capsys, "side.yaml")
    assert {name: one["verdict"] for name, one in columns.items()} == {
        "rsi_14": "honest",
        "ext_vix_close": "honest",
        "mtf_5min_return_1": "honest",
    }
    (remark,) = told["remarks"]
    assert remark.startswith(
        "vix.csv: a row counts from its 'known' on; whether it was"
    )
    for words in (("own.yaml",), ("outside.py", "--bars", "side.yaml")):
        told, columns = audit(capsys, *words)
        assert {name: one["verdict"] for name, one in columns.items()} == {
            "fear": "honest"
        }
        assert told["remarks"] == [remark]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "'fear' reads ext_vix_close, and only a config names tables (external): "),
        (("--bars", "run.yaml"), "which no table under external makes; add it there"),
    ],
)
@pytest.mark.usefixtures("beside")
def test_what_only_a_config_has_is_asked_for(words, said, capsys):
    assert run(["audit", "features", "outside.py", *words]) == 2
    told = capsys.readouterr()
    assert said in told.err
    assert told.out == ""
