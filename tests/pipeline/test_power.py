"""A power study: the user's whole configuration, resumable, the same for any processes."""

import json
import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from barwise.bars.prepare import prepare
from barwise.bars.simulate import simulate_bars
from barwise.bars.stored import write_bars
from barwise.core.errors import ConfigError, IntegrityError
from barwise.pipeline import RunConfig, power, run
from barwise.pipeline.folding import Folding
from barwise.pipeline.power_plan import (
    FULL,
    QUICK,
    Judging,
    Plan,
    cheap_models,
    identity_of,
)
from barwise.pipeline.power_study import beside, known_study
from barwise.pipeline.trials import ledger_of
from barwise.testing.artefacts import artefacts

BARS, _ = prepare(simulate_bars("MES", days=12, signal=0.2, seed=8), interval="5min")
PLAN = Plan(null=3, planted=2, foresight=1, sizes=(1.0,))
SHARPES = (10.0,)
JUDGING = Judging(None, (3,))


def config(folder, **changes):
    settings = {
        "symbol": "MES",
        "data": {"path": folder / "mes.parquet", "label": "close", "interval": "10min"},
        "features": {"set": None, "names": ["return_3", "return_1"]},
        "labels": {"horizons": [3], "upper": 1.5, "lower": 1.5},
        "models": ["logistic"],
        "backtest": {"commission": 0.0, "slippage_ticks": 0.0},
        "output": folder / "experiments",
    }
    return RunConfig.model_validate(settings | changes)


@pytest.fixture(scope="module", autouse=True)
def _few_strengths():
    """Fewer of them are enough for edges that nobody could miss."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(power, "STRENGTHS", (0.2, 0.5))
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("power")
    write_bars(BARS, made / "mes.parquet")
    return made


@pytest.fixture(scope="module")
def made(folder):
    return power.power_study(config(folder), JUDGING, PLAN, sharpes=SHARPES)


def told(study):
    return json.dumps([study.facts(), study.repetitions], sort_keys=True, default=dict)


def test_every_surrogate_goes_to_the_verdict(made):
    study, _ = made
    assert [size.rates["verdict"].total for size in study.sizes] == [3, 2]
    assert [one["wanted"] for one in study.repetitions] == [0.0] * 3 + [10.0] * 2
    for one in study.repetitions:
        (result,) = one["results"]
        assert (result["model"], result["horizon"]) == ("logistic", 3)
        assert one["trials"] == 1  # of its own ledger
        assert result["says"]
        assert result["claim"] <= result["claim_undeflated"] <= result["positive"]
    # Other surrogates, other results.
    assert len({one["results"][0]["sharpe"] for one in study.repetitions}) == 5
    assert study.null.sharpe == 0.0
    assert study.sizes[1].strength > 0


def test_who_knows_the_edge_earns_about_what_was_asked_for(made):
    study, _ = made
    size = study.sizes[1]
    assert size.sharpe > 4
    known = [one["foresight"]["3"] for one in study.repetitions[3:]]
    assert size.sharpe == pytest.approx(np.mean(known))


@pytest.mark.usefixtures("made")
def test_the_users_own_ledger_and_runs_are_not_touched(folder):
    settings = config(folder)
    assert not ledger_of(settings).path.exists()
    assert not (settings.output_path / "runs").exists()
    left = [p for p in settings.output_path.rglob("*") if p.name.startswith(".tmp-")]
    assert left == []


def test_table_figure_and_page_lie_beside_the_summary(made):
    study, place = made
    table = pl.read_parquet(place / "repetitions.parquet")
    assert len(table) == 5
    claims = table.filter(pl.col("strength") == 0)["claim"].sum()
    facts = json.loads((place / "study.json").read_text())
    assert facts["sizes"][0]["rates"]["verdict"]["count"] == claims
    assert facts["years"] == pytest.approx(study.years)
    page = (place / "power.html").read_text()
    assert "on 3 surrogates without an edge (logistic at 3 bars)" in page
    # The bars that surrogates were drawn from are those of a simulator.
    assert facts["simulated"]
    assert "SIMULATED" in page
    assert (place / "power.png").read_bytes()[:4] == b"\x89PNG"


def test_the_number_of_processes_changes_no_byte(folder, made, tmp_path):
    plan = replace(PLAN, null=1, planted=1)
    one = config(folder, output=tmp_path / "one")
    two = config(folder, output=tmp_path / "two")
    studies = [
        power.power_study(c, JUDGING, plan, sharpes=SHARPES, jobs=jobs)[0]
        for c, jobs in ((one, 1), (two, 2))
    ]
    assert told(studies[0]) == told(studies[1])
    stored = [artefacts(c.output_path) for c in (one, two)]
    assert stored[0] == stored[1]
    # They are the first of the larger study, too.
    whole = {(r["number"], r["strength"]): r for r in made[0].repetitions}
    for each in studies[0].repetitions:
        assert each == whole[each["number"], each["strength"]]


def test_finished_surrogates_are_not_judged_again(folder, made, tmp_path, monkeypatch):
    settings, seen = config(folder, output=tmp_path / "again"), []
    judge = power.judge_surrogate

    def stops(judging, drawn):
        seen.append(drawn)
        if len(seen) == 4:
            raise KeyboardInterrupt
        return judge(judging, drawn)

    with monkeypatch.context() as patch:
        patch.setattr(power, "judge_surrogate", stops)
        with pytest.raises(KeyboardInterrupt):
            power.power_study(settings, JUDGING, PLAN, sharpes=SHARPES)
        study, _ = power.power_study(settings, JUDGING, PLAN, sharpes=SHARPES)
    assert len(seen) == 4 + 2
    assert told(study) == told(made[0])


def test_a_large_edge_is_claimed_and_none_where_none_is(tmp_path, monkeypatch):
    monkeypatch.setattr(power, "STRENGTHS", (0.3, 0.6))
    bars, _ = prepare(simulate_bars("MES", days=70, seed=3), interval="5min")
    write_bars(bars, tmp_path / "mes.parquet")
    settings = config(
        tmp_path,
        data={"path": tmp_path / "mes.parquet", "label": "close", "interval": "5min"},
        features={"set": None, "names": ["return_5", "return_20"]},
        labels={"horizons": [20]},
        split={"fractions": (0.5, 0.4, 0.1)},
        backtest={},
        output=tmp_path / "claims",
    )
    plan = Plan(null=4, planted=5, foresight=1, sizes=(1.0,))
    judging = Judging(None, (20,))
    study, place = power.power_study(settings, judging, plan, sharpes=(20.0,))
    assert study.null.rates["verdict"].count == 0
    large = study.sizes[1]
    assert large.sharpe > 12
    assert large.rates["verdict"].count >= 4
    says = [one["results"][0]["says"] for one in study.repetitions]
    assert all(text.startswith("No edge is claimed") for text in says[:4])
    claimed = [text for text in says[4:] if text.startswith("An edge is shown")]
    assert len(claimed) == large.rates["verdict"].count
    # By classes alone nobody would have found it.
    assert any("are not told better than" in text for text in claimed)
    assert 0 < study.detectable()[0] <= large.sharpe
    assert "is not told from chance" in (place / "power.html").read_text()


def test_barriers_are_tuned_on_each_surrogate(folder, tmp_path):
    settings = config(folder, output=tmp_path / "tuned")
    plan = Plan(null=1, planted=1, foresight=1, sizes=(1.0,))
    judging = Judging(None, (3,), tune=2)
    study, _ = power.power_study(settings, judging, plan, sharpes=SHARPES)
    assert study.tune == 2
    for one in study.repetitions:
        (result,) = one["results"]
        # Both trials of the tuning count in its ledger, beside the model.
        assert one["trials"] == 3
        assert result["horizon"] >= 1
    assert study.sizes[1].sharpe != 0
    assert not ledger_of(settings).path.exists()


@pytest.mark.slow
def test_a_killed_command_goes_on(tmp_path, folder, made):
    text = config(folder).model_dump_json(exclude={"output"}, exclude_defaults=True)
    (tmp_path / "run.yaml").write_text(text)
    few = ["--null", "3", "--planted", "1", "--sharpes", "1e6"]
    words = [sys.executable, "-m", "barwise", "power", "run.yaml", *few, "--json"]
    with subprocess.Popen(
        words,
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        # Told when the first of them is judged.
        assert "MES: surrogates\n" in iter(process.stderr.readline, "")
        process.kill()
    assert process.returncode == -signal.SIGKILL
    steps = tmp_path / "experiments" / ".barwise" / "store" / "steps"
    records = {path: path.stat().st_mtime_ns for path in steps.glob("*/*.json")}
    done = subprocess.run(
        words, cwd=tmp_path, capture_output=True, check=True, text=True
    )
    assert {path: path.stat().st_mtime_ns for path in records} == records
    assert len(records) in (2 + 32 + 1, 2 + 32 + 2)
    assert f"{len(records) - 34} of 3 of them done before" in done.stderr
    table = next(tmp_path.rglob("repetitions.parquet"))
    mine = pl.read_parquet(table).drop("sharpe_planted")
    whole = pl.read_parquet(made[1] / "repetitions.parquet").drop("sharpe_planted")
    assert mine.equals(whole[:3])
    assert not list((tmp_path / "experiments").rglob(".tmp-*"))


def test_by_folds_every_sample_before_the_test_part_is_judged(folder, made, tmp_path):
    settings = config(folder, output=tmp_path / "folds")
    judging = Judging(Folding("purged", 2, embargo=10), (3,))
    plan = Plan(null=1, planted=1, foresight=1, sizes=(1.0,))
    study, _ = power.power_study(settings, judging, plan, sharpes=(1e6,))
    assert study.judged == "2 purged folds"
    assert study.out_of_reach == (1e6,)
    assert len(study.sizes) == 1
    assert "which edge would be found, for none was planted" in beside(
        settings, str(judging)
    )
    assert study.years == pytest.approx(0.85 / 0.15 * made[0].years)


def test_what_cannot_be_judged_is_told_and_never_counted(folder, tmp_path, monkeypatch):
    judge, seen = power.judge_surrogate, []

    def second_fails(judging, drawn):
        seen.append(drawn)
        if len(seen) == 2:
            raise ConfigError("no luck")
        return judge(judging, drawn)

    monkeypatch.setattr(power, "judge_surrogate", second_fails)
    settings = config(folder, output=tmp_path / "failed")
    study, place = power.power_study(settings, JUDGING, PLAN, sharpes=(1e6,))
    assert study.null.rates["verdict"].total == 2
    assert study.failed == ("ConfigError: no luck",)
    assert "1 surrogate could not be judged" in (place / "power.html").read_text()


def test_a_report_says_what_a_study_of_the_same_configuration_found(folder, tmp_path):
    settings = config(folder, output=tmp_path / "beside")
    before = run(settings).evidence.power
    assert "is not known; barwise power CONFIG --quick tells" in before
    plan = replace(PLAN, null=2, planted=1)
    power.power_study(settings, JUDGING, plan, sharpes=SHARPES)
    summary = run(settings)
    assert "on 2 surrogates without an edge" in summary.evidence.power
    assert summary.evidence.power.split(";")[0] in summary.report.read_text("utf-8")
    # Judged in another way, or of other settings, it is another study.
    assert known_study(settings, "2 purged folds") is None
    other = config(folder, output=tmp_path / "beside", seed=1)
    assert known_study(other, "barwise run") is None
    (file,) = (tmp_path / "beside" / "power").glob("*/study.json")
    file.write_text("{")
    with pytest.raises(IntegrityError, match="is damaged; remove its folder"):
        known_study(settings, "barwise run")


def test_a_study_is_of_settings_and_bytes_not_of_models_or_places(folder, tmp_path):
    own = identity_of(config(folder))
    copy = tmp_path / "copy.parquet"
    copy.write_bytes((folder / "mes.parquet").read_bytes())
    data = {"path": copy, "label": "close", "interval": "10min"}
    assert identity_of(config(folder, data=data, models=["lightgbm"])) == own
    write_bars(BARS[:-1], copy)
    assert identity_of(config(folder, data=data)) != own
    assert identity_of(config(folder, scaling={"clip": None})) != own


def test_models_that_take_long_are_left_out_unless_named(folder):
    both = config(folder, models=["logistic", "lstm", "lightgbm"])
    kept, left = cheap_models(both)
    assert [choice.name for choice in kept.models] == ["logistic", "lightgbm"]
    assert left == ("lstm",)
    with pytest.raises(ConfigError, match="--models lstm"):
        cheap_models(config(folder, models=["lstm"]))


def test_quick_means_fewer_and_not_less():
    assert QUICK.null < FULL.null
    assert QUICK.planted < FULL.planted
    with pytest.raises(ConfigError, match="null: 0 is not at least 1"):
        replace(QUICK, null=0)


def test_signals_of_a_file_mean_nothing_on_surrogates(folder, tmp_path):
    text = "time,signal\n2022-01-04 10:00,1\n"
    (tmp_path / "signals.csv").write_text(text)
    signal = {
        "path": tmp_path / "signals.csv",
        "column": "signal",
        "known_at": "time",
        "known_after": 2,
        "side": "long",
    }
    labels = {"target": "signal", "signal": signal, "horizons": [3]}
    settings = config(folder, labels=labels, output=tmp_path / "signals")
    with pytest.raises(ConfigError, match="made from the real prices"):
        power.power_study(settings, JUDGING, PLAN)
