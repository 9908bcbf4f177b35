"""``barwise features build`` on a small market."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

from barwise.bars import prepare, read_bars
from barwise.cli.app import run
from barwise.features import FeatureGraph


def test_the_table_is_what_a_graph_gives_bar_by_bar(place, capsys):
    assert run(["features", "build", "run.yaml", "--output", "f/table.parquet"]) == 0
    told = capsys.readouterr().out
    assert "3 columns" in told
    assert "f/table.parquet" in told
    table = pl.read_parquet(place / "f" / "table.parquet")
    raw = read_bars(place / "mes.csv", symbol="MES", label="open", timezone="UTC")
    bars, _ = prepare(raw, interval="5min")
    graph = FeatureGraph(["rsi_14", "return_1", "hour_sin"], calendar="cme_equity")
    rows = [graph.push(bars[i : i + 1]) for i in range(len(bars))]
    assert table.columns == ["time", *graph.names]
    assert table.dtypes[1:] == [pl.Float32] * 3
    np.testing.assert_array_equal(table[:, 1:].to_numpy(), np.concatenate(rows))
    closes = table["time"].cast(pl.Datetime("ns")).cast(pl.Int64)
    np.testing.assert_array_equal(closes, bars.time)


@pytest.mark.usefixtures("place")
def test_what_a_column_covers_is_told(capsys):
    assert run(["features", "build", "run.yaml", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    by_name = {one["column"]: one for one in told["columns"]}
    assert by_name["hour_sin"]["share"] == 1.0
    bars = told["bars"]
    assert by_name["rsi_14"]["share"] == (bars - 14) / bars
    assert by_name["rsi_14"]["first"] > by_name["return_1"]["first"]


def test_another_kind_of_file_is_refused(place, capsys):
    assert run(["features", "build", "run.yaml", "--output", "table.csv"]) == 2
    assert "table.parquet" in capsys.readouterr().err
    assert not (place / "table.csv").exists()
