"""An edge is claimed only where every condition holds."""

import dataclasses
import math

import pytest

from barwise.metrics import Interval
from barwise.report import ModelResult
from barwise.report.leaks_data import LeakCertificate, LeakEvidence
from barwise.report.verdict import headline, not_shown, read, remark, shown


def make(
    sharpe=(1.0, 3.0),
    f1=(0.40, 0.46),
    deflated=0.99,
    baseline_sharpe=0.4,
    baseline_f1=0.36,
    over_prior=(0.02, 0.20),
    over_clock=(0.01, 0.19),
):
    def middle(pair):
        return sum(pair) / 2 if pair else math.nan

    def group(s, f):
        return {"trading": {"sharpe_ratio": s}, "classification": {"macro_f1": f}}

    pairs = {
        "sharpe_ratio": sharpe,
        "macro_f1": f1,
        "appraisal_over_prior": over_prior,
        "appraisal_over_time_of_day": over_clock,
    }
    return ModelResult(
        "tcn",
        20,
        {
            **group(middle(sharpe), middle(f1)),
            "baselines": {
                "prior": group(None, 0.33),  # it never traded
                "time_of_day": group(baseline_sharpe, baseline_f1),
            },
        },
        {
            key: Interval(middle(pair), *pair, 0.95, 5, 2_000)
            for key, pair in pairs.items()
            if pair
        },
        deflated_sharpe=deflated,
    )


def test_edge_needs_everything_and_then_is_claimed():
    assert read(make()).claim
    assert "An edge is shown" in read(make()).text


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"sharpe": (-0.1, 3.0)}, "includes zero"),
        ({"sharpe": (0.0, 3.0)}, "includes zero"),
        ({"sharpe": (-3.0, -0.2)}, "loses money"),
        ({"sharpe": None}, "Sharpe ratio has no interval"),
        ({"sharpe": (math.nan, math.nan)}, "Sharpe ratio has no interval"),
        ({"baseline_sharpe": 2.0}, "time_of_day has a Sharpe ratio of 2.00"),
        (
            {"over_clock": (-0.01, 0.2)},
            "what the baseline time_of_day does not explain",
        ),
        ({"over_prior": (0.0, 0.2)}, "what the baseline prior does not explain"),
        ({"over_clock": None}, "were not compared with those of the baseline time_of"),
        ({"over_prior": (math.nan, math.nan)}, "were not compared with those of the"),
        ({"deflated": 0.90}, "after deflation"),
        ({"deflated": None}, "was not deflated"),
    ],
)
def test_one_missing_condition_is_enough(change, says):
    reading = read(make(**change))
    assert not reading.claim
    assert says in reading.text


def test_without_baselines_nothing_is_claimed():
    alone = dataclasses.replace(make(), metrics={"trading": {"sharpe_ratio": 2.0}})
    assert not read(alone).claim
    assert "no baseline" in read(alone).text


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, False),
        ({"baseline_f1": 0.41}, True),
        ({"baseline_f1": 0.60}, True),
        ({"f1": None}, False),
        ({"baseline_f1": math.nan}, False),
    ],
)
def test_classes_are_told_beside_a_claim_and_are_no_veto(change, told):
    reading = read(make(**change))
    assert reading.claim
    assert ("not told better than time_of_day" in reading.text) == told
    refused = read(make(**change, deflated=0.5))
    assert "classes" not in refused.text


def test_where_no_baseline_traded_the_interval_decides():
    result = make()
    for scores in result.metrics["baselines"].values():
        scores["trading"]["sharpe_ratio"] = None
    assert read(result).claim


def test_headline_counts_claims(report):
    assert headline(report) == "No edge is claimed for any of the 4 results."
    winner = dataclasses.replace(report, results=[make(), *report.results])
    assert headline(winner) == "An edge is shown for 1 of 5 results: tcn · 20 bars."


def test_a_leak_that_was_found_vetoes_every_claim():
    reading = read(dataclasses.replace(make(), leaks=True))
    assert not reading.claim
    assert "the leak audit of this very configuration" in reading.text


def test_a_claim_without_an_audit_says_that_none_was_made(report):
    told = "an edge and a leak look alike"
    claimed = dataclasses.replace(report, results=[make()], leaks=None)
    assert told in " ".join(not_shown(claimed))
    none = dataclasses.replace(claimed, results=[make(deflated=0.5)])
    assert told not in " ".join(not_shown(none))
    sound = LeakCertificate("MES", "no leak found", leaks=False, whole=True, checks=[])
    made = LeakEvidence(sound, "2026-01-02", "barwise audit leaks mes.yaml")
    audited = dataclasses.replace(claimed, leaks=made)
    assert told not in " ".join(not_shown(audited))
    stale = dataclasses.replace(made, certificate=None)
    unsure = dataclasses.replace(claimed, leaks=stale)
    assert "barwise audit leaks mes.yaml does" in " ".join(not_shown(unsure))


def test_simulated_bars_claim_nothing(report):
    made = dataclasses.replace(report, simulated=True, results=[make()])
    assert headline(made).startswith("Simulated bars")
    assert any("simulator" in line for line in not_shown(made))


def test_what_chance_reaches_is_told_for_as_many_classes(report):
    assert "about 0.4" in remark(report.results)
    assert "above one third" in " ".join(not_shown(report))
    two = {"classification": {"per_class_f1": {"negative": 0.5, "positive": 0.5}}}
    binary = [ModelResult("logistic", 20, two)]
    assert "a coin has a macro-F1 of about 0.5" in remark(binary)
    told = " ".join(not_shown(dataclasses.replace(report, results=binary)))
    assert "above one half" in told


def test_looks_at_the_data_are_told(report):
    lines = " ".join(shown(report))
    assert "48 configurations" in lines
    assert "opened once" in lines
    blind = dataclasses.replace(report, evidence=None)
    assert any("not known" in line for line in shown(blind))


def test_chance_grows_with_the_number_of_results(report):
    many = dataclasses.replace(report, results=[make()] * 40)
    assert any("about 1.0 of their intervals" in line for line in not_shown(many))
