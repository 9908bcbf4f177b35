"""``barwise audit dataset``: a gate before training, and what a run says of it."""

import json

import polars as pl
import pytest

from barwise.cli.app import run

pytestmark = pytest.mark.usefixtures("place")


def test_a_sound_data_set_passes(capsys):
    assert run(["audit", "dataset", "run.yaml"]) == 0
    out = capsys.readouterr().out
    assert "MES, 5 bars: ready for training: 0 errors" in out
    assert "by itself below" in out
    assert run(["audit", "dataset", "run.yaml", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["ready"]
    assert {one["name"] for one in told["drift"]["val"]} == {
        "rsi_14",
        "return_1",
        "hour_sin",
    }
    assert len(told["stretches"]) == 10


def test_columns_that_moved_close_the_gate_and_a_run_tells(place, capsys):
    """Ten times the volatility from three quarters of the file on."""
    bars = pl.read_csv(place / "mes.csv")
    prices = ("open", "high", "low", "close")
    late = pl.int_range(pl.len()) >= int(0.74 * len(bars))
    level = bars["close"][int(0.74 * len(bars))]
    wild = [
        pl.when(late)
        .then(level + 10 * (pl.col(n) - level))
        .otherwise(pl.col(n))
        .alias(n)
        for n in prices
    ]
    bars.with_columns(wild).write_csv(place / "mes.csv")
    text = (place / "run.yaml").read_text()
    text = text.replace("return_1, hour_sin", "return_1, log_return_1")
    (place / "run.yaml").write_text(text)
    assert run(["audit", "dataset", "run.yaml"]) == 4
    out, err = capsys.readouterr()
    assert "NOT" in out.upper()
    assert "return_1" in out
    rows = [line.split() for line in out.splitlines() if line.endswith("  yes")]
    sizes = [float(row[1]) for row in rows]
    assert len(sizes) == 2
    assert sizes == sorted(sizes, reverse=True)
    assert "not ready for training" in err
    words = ["audit", "dataset", "run.yaml", "--max-drifting", "1"]
    assert run(words) == 0
    capsys.readouterr()
    assert run(["run", "run.yaml"]) == 0
    out, err = capsys.readouterr()
    assert "barwise: 5 bars: error: 2 of 3 columns moved from train to val" in err
    page = next((place / "experiments").rglob("report.html")).read_text("utf-8")
    assert "Data set of 5 bars: not ready for training" in page
    assert "Drift from the training to the validation part" in page


def test_an_unknown_horizon_is_told(capsys):
    assert run(["audit", "dataset", "run.yaml", "--horizon", "7"]) == 2
    assert "7 is not among 5" in capsys.readouterr().err
