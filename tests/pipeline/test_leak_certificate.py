"""A report shows the leak audit of its very own configuration and data, or none."""

import json

import pytest

import barwise as bw
from barwise.bars.stored import write_bars
from barwise.pipeline import RunConfig
from barwise.pipeline.audits.leaks import Answer, Leak, LeakAudit
from barwise.pipeline.leak_certificate import leak_evidence, place_certificate

CLEAN = LeakAudit(
    "MES, horizon 5",
    (
        Answer("columns", "does a column's past change", "clean", canary=True),
        Answer("filling", "are gaps filled from the past", "not checked", why="no gap"),
    ),
    1000,
    700,
)
LEAKING = LeakAudit(
    "MES, horizon 5",
    (
        Answer(
            "near label",
            "can the label be read off a column",
            "leaks",
            (Leak("leak", "column <b>", "AUC 0.99", "leave it out"),),
        ),
    ),
    1000,
    700,
)


@pytest.fixture
def config(tmp_path):
    write_bars(bw.simulate_bars("MES", days=25, seed=1), tmp_path / "mes.parquet")
    return RunConfig.model_validate(
        {
            "symbol": "MES",
            "data": {"path": tmp_path / "mes.parquet", "label": "close"},
            "features": {"set": None, "names": ["rsi_14", "return_1"]},
            "labels": {"horizons": [5]},
            "models": ["logistic"],
            "output": tmp_path / "experiments",
        }
    )


def test_without_an_audit_the_report_says_how_to_make_one(config):
    page = bw.run(config).report.read_text()
    assert "no leak audit of exactly this configuration" in page
    assert "<code>barwise audit leaks CONFIG</code>" in page


def test_the_report_shows_outcome_and_date_of_its_own_audit(config):
    placed = place_certificate(config, LEAKING)
    made = placed.certificate.parent.name
    page = bw.run(config).report.read_text()
    assert "Not passed on " in page
    assert f"{made[:4]}-{made[4:6]}-{made[6:8]}" in page
    assert "near label: column &lt;b&gt;: AUC 0.99; leave it out" in page
    assert "no leak audit" not in page
    assert "the leak audit of this very configuration, data and code found" in page


def test_the_newest_audit_counts(config, monkeypatch):
    for stamp, audit in (("20260101_000000", LEAKING), ("20260102_000000", CLEAN)):
        monkeypatch.setattr("barwise.core.clock.stamp", lambda stamp=stamp: stamp)
        place_certificate(config, audit)
    found = leak_evidence(config)
    assert found.made == "2026-01-02 00:00:00 UTC"
    assert found.certificate.outcome == "passed in part"


def test_a_stale_certificate_is_never_shown(config, tmp_path, monkeypatch):
    placed = place_certificate(config, CLEAN)
    assert leak_evidence(config).certificate is not None
    # Another setting, a model more, other data, other code: each is another subject.
    for changes in (
        {"seed": 7},
        {"models": ["logistic", "lightgbm"]},
        {"labels": {"horizons": [5], "atr_period": 20}},
    ):
        assert leak_evidence(config.replace(**changes)).certificate is None
    with monkeypatch.context() as patch:
        patch.setattr(
            "barwise.pipeline.leak_certificate.source_version", lambda *_: "other"
        )
        assert leak_evidence(config).certificate is None
    # Where results go is no setting of the audit, but it is where one is looked for.
    assert leak_evidence(config.replace(output=tmp_path / "b")).certificate is None
    kept = placed.certificate.read_text()
    for edited in (
        json.dumps(json.loads(kept) | {"headline": "no leak at all"}),
        kept[: len(kept) // 2],
        "[]",
    ):
        placed.certificate.write_text(edited)
        assert leak_evidence(config).certificate is None
    placed.certificate.write_text(kept)
    assert leak_evidence(config).certificate is not None
    write_bars(bw.simulate_bars("MES", days=25, seed=2), tmp_path / "mes.parquet")
    assert leak_evidence(config).certificate is None
