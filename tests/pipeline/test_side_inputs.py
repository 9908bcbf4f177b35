"""Columns on other timeframes and from tables, from the config to the matrix."""

import numpy as np
import polars as pl
import pytest

from barwise.bars.prepare import prepare
from barwise.bars.simulate import simulate_bars
from barwise.bars.stored import write_bars
from barwise.core.errors import ConfigError
from barwise.features import ExternalColumns, FeatureGraph
from barwise.pipeline.columns import Refused, choose_columns
from barwise.pipeline.config import RunConfig
from barwise.pipeline.inputs import prepare_inputs
from barwise.pipeline.steps import Steps
from barwise.pipeline.store import ObjectStore

NAMES = [
    "mtf_1h_rsi_14",
    "mtf_1min_realized_vol_30",
    "ext_vix_close",
    "ext_fed_minutes_to",
    "lag_3_ext_vix_close",
    "log_return_1",
]


@pytest.fixture(scope="module")
def raw():
    return simulate_bars("MES", days=6, seed=8)


@pytest.fixture
def folder(tmp_path, raw):
    write_bars(raw, tmp_path / "mes.parquet")
    times = raw.time[::200].astype("datetime64[ns]")
    vix = pl.DataFrame({"Known": times, "Close": np.arange(float(len(times)))})
    vix.write_parquet(tmp_path / "vix.parquet")
    (tmp_path / "fed.csv").write_text("told,at\n2022-01-03 12:30,2022-01-06 19:00\n")
    return tmp_path


def config(folder, **features):
    return RunConfig(
        symbol="MES",
        data={"path": folder / "mes.parquet", "label": "close"},
        features={"set": None, "names": NAMES} | features,
        external=[
            {
                "name": "vix",
                "path": folder / "vix.parquet",
                "known_at": "Known",
                "columns": ["Close"],
                "max_age": "3d",
            },
            {
                "name": "fed",
                "path": folder / "fed.csv",
                "known_at": "told",
                "event_time": "at",
                "timezone": "America/New_York",
            },
        ],
        labels={"horizons": [5]},
    )


def inputs_of(settings, folder):
    steps = Steps(ObjectStore(folder / "store"))
    return prepare_inputs(settings, steps, lambda _text: None)


def test_a_run_has_the_rows_that_live_bars_will_have(folder, raw):
    """Bar by bar, with finer bars and rows of tables as they come."""
    made = inputs_of(config(folder), folder)
    bars = made.bars
    graph = FeatureGraph(made.names, calendar="cme_equity", interval="5min")
    table = pl.read_parquet(folder / "vix.parquet")
    moments = table["Known"].to_numpy().astype(np.int64)
    vix = ExternalColumns(
        moments, {"close": table["Close"].to_numpy()}, max_age=3 * 86_400 * 10**9
    )
    told, at = (
        np.datetime64(t, "ns").astype(np.int64)
        for t in ("2022-01-03T17:30", "2022-01-07T00:00")
    )
    fed = ExternalColumns(np.array([told]), {}, np.array([at]))
    fine_ends = np.searchsorted(raw.time, bars.time, side="right")
    vix_ends = np.searchsorted(moments, bars.time, side="right")
    rows, last, f, v = [], 0, 0, 0
    for i in (1000, *range(1001, 1200), len(bars)):  # a backfill, then live
        due, known = fine_ends[i - 1], vix_ends[i - 1]
        external = {"vix": vix[v:known], "fed": fed if last == 0 else fed[:0]}
        rows.append(graph.push(bars[last:i], fine=raw[f:due], external=external))
        last, f, v = i, due, known
    np.testing.assert_array_equal(np.concatenate(rows), made.matrix)
    known = np.isfinite(made.matrix[-1]).tolist()
    assert known == [True, True, True, False, True, True]  # the meeting is over
    assert made.matrix[0, 3] == np.float32((at - bars.time[0]) / 60e9)


def test_another_file_makes_another_matrix(folder):
    first = inputs_of(config(folder), folder)
    again = inputs_of(config(folder), folder)
    assert again.addresses == first.addresses
    (folder / "fed.csv").write_text("told,at\n2022-01-03 12:30,2022-01-06 19:05\n")
    other = inputs_of(config(folder), folder)
    assert other.addresses["features"] != first.addresses["features"]
    assert other.addresses["labels"] == first.addresses["labels"]


def refusal(settings, **more):
    with pytest.raises(Refused) as caught:
        choose_columns(settings, has_volume=True, without="", **more)
    ((place, text),) = caught.value.problems
    return ".".join(map(str, place)), text


def test_what_a_name_needs_has_to_be_there(folder):
    place, text = refusal(config(folder, names=["rsi_14", "ext_vix_clse"]))
    assert place == "features.names.1"
    assert "which no table under external makes; did you mean ext_vix_close?" in text
    place, text = refusal(config(folder, names=["mtf_5min_rsi_14"]))
    assert "needs bars of 5min, which those of 5min (data.interval) cannot make" in text
    five = 5 * 60 * 10**9
    place, text = refusal(config(folder, names=["mtf_1min_rsi_14"]), finest=five)
    assert text.endswith(
        "needs bars of 1min under those of 5min, and the source has of 5min"
    )


def test_a_source_without_finer_bars_is_told_at_the_name(folder, raw):
    write_bars(prepare(raw, interval="5min")[0], folder / "mes.parquet")
    with pytest.raises(ConfigError, match=r"features\.names\[1\]: 'mtf_1min_realized"):
        inputs_of(config(folder), folder)


def test_timeframes_that_the_bars_cannot_make_are_left_out_of_a_set(folder):
    settings = config(folder, set="full", names=[])
    hourly = settings.replace(
        data=settings.data.model_copy(update={"interval": "1h"}).model_dump()
    )
    columns = choose_columns(hourly, has_volume=True, without="")
    gone = {name for name in columns.left_out if name.startswith("mtf_")}
    assert "mtf_15min_rsi_14" in gone
    assert "mtf_alignment" in gone
    assert "mtf_4h_rsi_14" in columns.names
    assert "1h" in columns.left_out["mtf_1h_rsi_14"]


def test_regular_hours_make_longer_bars_of_their_own(folder):
    """Where only regular hours are kept, an hour begins at 08:30 Chicago."""
    settings = config(folder, names=["mtf_1h_return_1"])
    data = settings.data.model_dump() | {"session": "RTH"}
    made = inputs_of(settings.replace(data=data), folder)
    column = made.matrix[:, 0]
    changes = 1 + np.flatnonzero((column[1:] != column[:-1]) & ~np.isnan(column[1:]))
    minutes = made.bars.time[changes] // (60 * 10**9) % 60
    assert set(minutes.tolist()) == {0, 30}  # the last half hour closes at 15:00
    assert (minutes == 30).mean() > 0.8
