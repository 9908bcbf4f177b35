"""``barwise labels`` on a small market."""

from __future__ import annotations

import json
import math

import numpy as np
import polars as pl
import pytest

from barwise.bars.prepare import prepare
from barwise.bars.simulate import simulate_bars
from barwise.bars.stored import write_bars
from barwise.cli.app import run
from barwise.pipeline import RunConfig
from barwise.pipeline.bar_inputs import prepare_bars, sample_mask
from barwise.pipeline.features import split_settings
from barwise.pipeline.labelling import prepare_labels
from barwise.pipeline.steps import Steps
from barwise.pipeline.store import ObjectStore


@pytest.fixture
def labelled(place):
    config = RunConfig.read(place / "run.yaml")
    steps = Steps(ObjectStore(place / "aside"))
    bars = prepare_bars(config, steps)
    return config, bars, prepare_labels(bars, steps).by_horizon[5]


def test_build_counts_what_lies_before_the_test_part(labelled, capsys):
    config, inputs, labels = labelled
    assert run(["labels", "build", "run.yaml", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    bars = inputs.bars
    mask = sample_mask(config, inputs.instrument, bars) & labels.valid
    rows = np.flatnonzero(mask)
    # The boundary is where 85 % of the samples are over.
    begins = bars.time[rows[math.floor(0.85 * len(rows))]]
    assert told["test_begins"] == str(np.datetime64(int(begins), "ns"))[:19] + "Z"
    (one,) = told["horizons"]
    seen = rows[bars.time[rows] < begins]
    assert one["samples"] == len(seen)
    assert one["counts"] == {
        name: int((labels.label[seen] == value).sum())
        for name, value in (("short", -1), ("neutral", 0), ("long", 1))
    }
    assert one["truth"] == {
        name: int((labels.truth[seen] == code).sum())
        for code, name in enumerate(("identified", "fine", "ambiguous"))
    }
    assert one["cost_fragile"] == pytest.approx(labels.cost_fragile[seen].mean())
    assert 0 < one["effective"] < len(seen) / 2
    assert split_settings(config).fractions == (0.7, 0.15, 0.15)
    assert (labels.known_at >= labels.end_time).all()


def test_build_writes_one_table_a_horizon(place, labelled, capsys):
    _, inputs, labels = labelled
    assert run(["labels", "build", "run.yaml", "--output", "tables"]) == 0
    told = capsys.readouterr()
    assert "+1.5 / -1 ATR(14)" in told.out
    assert "the test part is sealed" in told.out
    table = pl.read_parquet(place / "tables" / "labels_MES_5.parquet")
    assert len(table) == len(inputs.bars)
    for name in ("label", "ret", "valid", "weight", "quality"):
        np.testing.assert_array_equal(table[name], getattr(labels, name))
    words = ("identified", "fine", "ambiguous")
    assert table["truth"].to_list() == [
        words[code] if valid else None
        for code, valid in zip(labels.truth, labels.valid, strict=True)
    ]
    closes = table["time"].cast(pl.Datetime("ns")).cast(pl.Int64)
    np.testing.assert_array_equal(closes, inputs.bars.time)


def test_a_rare_class_is_a_warning(place, capsys):
    text = (place / "run.yaml").read_text()
    (place / "run.yaml").write_text(text.replace("[5]", "[5]\n  upper: 12.0"))
    assert run(["labels", "build", "run.yaml"]) == 0
    assert "horizon 5: class +1 has " in capsys.readouterr().err


def test_labels_that_end_in_holes_are_a_warning(place, capsys):
    head, *rows = (place / "mes.csv").read_text().splitlines()
    kept = [row for number, row in enumerate(rows) if number % 42 < 30]
    (place / "mes.csv").write_text("\n".join([head, *kept, ""]))
    assert run(["labels", "build", "run.yaml"]) == 0
    assert "% of the labels end in a bar that was filled in" in capsys.readouterr().err
    (place / "mes.csv").write_text("\n".join([head, *rows, ""]))
    assert run(["labels", "build", "run.yaml"]) == 0
    assert "filled in" not in capsys.readouterr().err


def test_a_trace_is_the_label_of_the_build(labelled, capsys):
    _, inputs, labels = labelled
    rows = np.flatnonzero(labels.valid)[::311]
    assert len(rows) >= 3
    for row in rows:
        when = str(np.datetime64(int(inputs.bars.time[row]), "ns"))[:19]
        assert run(["labels", "trace", when, "run.yaml", "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert told["time"] == when + "Z"
        assert told["label"] == labels.label[row]
        assert told["ret"] == pytest.approx(labels.ret[row])
        assert told["entry"] == inputs.bars.open[row + 1]
        assert math.log(told["exit"] / told["entry"]) == pytest.approx(told["ret"])
        assert len(told["steps"]) == labels.end_index[row] - row
        assert told["quality"] == pytest.approx(labels.quality[row])
        assert told["cost_fragile"] == labels.cost_fragile[row]
        assert told["cost_fragile"] == (abs(told["ret"]) < told["cost"])


def test_a_direction_is_traced_too(place, labelled, capsys):
    _, inputs, _ = labelled
    text = (place / "run.yaml").read_text()
    (place / "run.yaml").write_text(text.replace("[5]", "[5]\n  target: direction"))
    when = str(np.datetime64(int(inputs.bars.time[400]), "ns"))[:19]
    assert run(["labels", "trace", when + "Z", "run.yaml", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["levels"] == {}
    assert told["label"] == int(told["ret"] > 0)
    assert told["exit"] == pytest.approx(inputs.bars.close[405])


@pytest.mark.parametrize(
    ("time", "code", "word"),
    [
        ("yesterday", 2, "is no time; write the close of a bar"),
        ("1999-01-01", 2, "lies outside the bars, which close from"),
    ],
)
@pytest.mark.usefixtures("place")
def test_a_time_that_is_no_bars_is_named(capsys, time, code, word):
    assert run(["labels", "trace", time, "run.yaml"]) == code
    assert word in capsys.readouterr().err


def test_a_time_between_two_closes_names_both(labelled, capsys):
    _, inputs, _ = labelled
    at = np.datetime64(int(inputs.bars.time[400]), "ns")
    between = str(at + np.timedelta64(61, "s"))[:19]
    assert run(["labels", "trace", between, "run.yaml"]) == 2
    told = capsys.readouterr().err
    assert str(at)[:19] in told
    assert str(np.datetime64(int(inputs.bars.time[401]), "ns"))[:19] in told


def test_a_bar_without_label_says_why(labelled, capsys):
    _, inputs, _ = labelled
    for row, why in ((-1, "bars end before the path"), (3, "width is not defined yet")):
        when = str(np.datetime64(int(inputs.bars.time[row]), "ns"))[:19]
        assert run(["labels", "trace", when, "run.yaml"]) == 0
        told = capsys.readouterr().out
        assert "no label    " in told
        assert why in told
    when = str(np.datetime64(int(inputs.bars.time[400]), "ns"))[:19]
    assert run(["labels", "trace", when, "run.yaml", "--horizon", "7"]) == 2
    assert "labels.horizons: 7 is not among 5" in capsys.readouterr().err


def test_a_filled_bar_says_so(place, labelled, capsys):
    _, inputs, _ = labelled
    lines = (place / "mes.csv").read_text().splitlines()
    (place / "mes.csv").write_text("\n".join([*lines[:500], *lines[501:], ""]))
    # Line 501 is row 499, stamped with its open.
    when = str(np.datetime64(int(inputs.bars.time[499]), "ns"))[:19]
    assert run(["labels", "trace", when, "run.yaml"]) == 0
    told = capsys.readouterr()
    assert "a filled bar is no sample" in told.out
    assert "the bar is no sample" in told.err


def test_tune_tells_what_came_of_it_and_goes_on(place, capsys):
    bars, _ = prepare(simulate_bars("MES", days=60, seed=3), interval="30min")
    write_bars(bars, place / "mes.parquet")
    text = (place / "run.yaml").read_text().replace("mes.csv", "mes.parquet")
    text = text.replace("open\n  timezone: UTC", "close\n  interval: 30min")
    (place / "run.yaml").write_text(text)
    assert run(["labels", "tune", "run.yaml", "--trials", "2", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [one["trial"] for one in told["trials"]] == [1, 2]
    folder = place / told["folder"]
    assert {p.name for p in folder.iterdir()} >= {
        "study.csv",
        "study.json",
        "study.png",
    }
    assert run(["labels", "tune", "run.yaml", "--trials", "3"]) == 0
    out, err = capsys.readouterr()
    assert "MES: trial 1\n" not in err
    assert "MES: 3 trials on " in out
    table = pl.read_csv(folder / "study.csv")
    best = table.filter(pl.col("feasible")).sort("score").tail(1)
    if len(best):
        lost = best["sharpe"].item() <= 0
        assert ("Best (it lost money after costs), for the config:" in out) == lost
        assert f"  upper: {best['upper'].item():g}\n" in out
    else:
        assert "No trial has enough trades" in out
