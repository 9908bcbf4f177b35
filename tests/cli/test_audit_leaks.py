"""barwise audit leaks: what it says of a whole config, and with which exit code."""

import json
from pathlib import Path

import polars as pl

from barwise.cli.app import run


def audit(capsys, *words, code=0):
    assert run(["audit", "leaks", "run.yaml", "--rows", "300", *words]) == code
    return capsys.readouterr()


def verdicts(told):
    return {one["check"]: one["verdict"] for one in told["checks"]}


def test_a_clean_config_gets_a_certificate(place, capsys):
    # Three columns that tell rows apart: with fewer, equal rows mean nothing.
    text = (place / "run.yaml").read_text()
    (place / "run.yaml").write_text(
        text.replace("hour_sin]", "realized_vol_30, hour_sin]")
    )
    told = json.loads(audit(capsys, "--json").out)
    assert set(verdicts(told).values()) == {"clean"}
    assert told["leaks"] is False
    assert told["whole"] is True
    # Each check, those of the source aside, found the leak that was planted for it.
    awake = {one["check"] for one in told["checks"] if one["canary"] is True}
    assert len(awake) >= 16
    page = Path(told["certificate"])
    kept = json.loads(page.read_text())
    assert kept["headline"] == told["headline"]
    assert all(len(one) == 64 for one in kept["files"].values())
    html = Path(told["page"]).read_text()
    assert "Passed on 20" in html
    assert kept["files"]["data.path"] in html
    # The certificate itself knows no clock: that stands beside it.
    assert "made" not in kept
    assert "made" in json.loads((page.parent / "provenance.json").read_text())


def test_an_external_table_that_is_a_bar_early_is_caught(place, capsys):
    bars = pl.read_csv(place / "mes.csv", try_parse_dates=True)
    # The next close, stamped with the time at which this bar closes.
    table = bars.select(
        pl.col("time").dt.offset_by("5m").alias("known"),
        pl.col("close").shift(-1).alias("value"),
    ).drop_nulls()
    table.write_csv(place / "early.csv")
    text = (place / "run.yaml").read_text()
    text = text.replace("hour_sin]", "hour_sin, ext_other_value]")
    text += "external:\n  - {name: other, path: early.csv, known_at: known, columns: [value]}\n"
    (place / "run.yaml").write_text(text)
    told = audit(capsys, code=4)
    assert "forward moves: ext_other_value:" in told.out
    assert "way out:" in told.out
    assert "leaks were found by: forward moves" in told.err


def test_a_source_with_the_wrong_stamp_is_caught(place, capsys):
    text = (place / "run.yaml").read_text().replace("label: open", "label: close")
    (place / "run.yaml").write_text(text)
    assert "leaks were found by: stamps" in audit(capsys, code=4).err
