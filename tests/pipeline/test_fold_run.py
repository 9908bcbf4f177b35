"""Folds of a config: resumable, the same bytes for any number of processes."""

import json
import os
import signal
import subprocess
import sys
from contextlib import nullcontext, suppress
from dataclasses import replace

import numpy as np
import pytest
from sklearn import metrics as sk

from barwise.bars.simulate import simulate_bars
from barwise.bars.stored import write_bars
from barwise.core.errors import BarwiseError, ConfigError
from barwise.datasets import PurgedKFold, WalkForward
from barwise.pipeline import RunConfig, build_dataset, fold_steps
from barwise.pipeline.column_learner import GraphLearner
from barwise.pipeline.executors import on_ray
from barwise.pipeline.fold_run import evaluate
from barwise.pipeline.folding import Folding
from barwise.testing.artefacts import artefacts
from barwise.training import TrainerConfig, load_out_of_fold, out_of_fold

pytestmark = pytest.mark.usefixtures("blank_figures")

BARS = simulate_bars("MES", days=10, signal=0.2, seed=8)
FOLDS = Folding("purged", 5, embargo=60)
LSTM = {"hidden_size": 4, "layers": 1, "sequence_length": 8, "max_epochs": 1}


def config(folder, **changes):
    settings = {
        "symbol": "MES",
        "data": {"path": folder / "mes.parquet", "label": "close", "interval": "5min"},
        "features": {"set": None, "names": ["rsi_14", "hour_sin", "regime_hmm_2_p1"]},
        "labels": {"horizons": [5]},
        "models": ["logistic"],
        "output": folder / "experiments",
    }
    return RunConfig.model_validate(settings | changes)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("folds")
    write_bars(BARS, made / "mes.parquet")
    return made


@pytest.fixture(scope="module")
def summary(folder):
    return evaluate(config(folder), FOLDS)


def stored(output):
    return {k: v for k, v in artefacts(output).items() if k[:3] in ("ste", "obj")}


# --- what comes out --------------------------------------------------------------------


def test_a_commands_folds_are_those_of_the_function(folder, summary):
    data = build_dataset(config(folder), horizon=5)
    trainer = TrainerConfig(model_name="logistic", horizon=5, random_seed=42)
    made = out_of_fold(trainer, data, PurgedKFold(5, purge=15, embargo=60))
    (judged,) = summary.judged
    np.testing.assert_array_equal(judged.made.probabilities, made.probabilities)
    assert [f.learned for f in judged.made.folds] == [f.learned for f in made.folds]
    # Every fold has learned something else.
    assert len({fold.learned for fold in made.folds}) == 5


def test_the_models_predictions_lie_aligned_beside_the_report(folder):
    settings = config(
        folder,
        models=["logistic", {"name": "lstm", "config": LSTM}],
        labels={"horizons": [3, 5]},
    )
    summary = evaluate(settings, Folding("walk-forward", 2))
    assert list(summary.predictions) == [3, 5]
    for horizon, path in summary.predictions.items():
        assert path.parent == summary.report.parent
        aligned = load_out_of_fold(path)
        assert aligned.models == ("logistic", "lstm")
        data = build_dataset(settings, horizon=horizon)
        np.testing.assert_array_equal(aligned.times, data.frame.times[aligned.rows])
        for one in summary.judged:
            if one.outcome.horizon == horizon:
                found = aligned.probabilities[one.outcome.model_name]
                np.testing.assert_array_equal(found, one.made.paths)
                learned = [fold.learned for fold in one.made.folds]
                assert aligned.facts[one.outcome.model_name]["learned"] == learned


def test_pooled_scores_are_those_of_all_predictions(summary):
    outcome = summary.judged[0].outcome
    scores, arrays = outcome.facts["evaluation"]["classification"], outcome.arrays
    y, p = arrays["label"], arrays["probabilities"]
    assert scores["log_loss"] == pytest.approx(sk.log_loss(y, p, labels=[-1, 0, 1]))
    assert scores["macro_f1"] == pytest.approx(
        sk.f1_score(y, arrays["prediction"], average="macro")
    )
    windows = outcome.facts["windows"]
    assert [window["name"] for window in windows] == [f"fold {k}" for k in range(1, 6)]
    assert sum(window["samples"] for window in windows) == len(y)
    shares = [window["samples"] / len(y) for window in windows]
    losses = [window["classification"]["log_loss"] for window in windows]
    assert np.dot(shares, losses) == pytest.approx(scores["log_loss"])


def test_baselines_stand_beside_every_score(summary):
    facts = summary.judged[0].outcome.facts
    for scores in (facts["evaluation"], *facts["windows"]):
        assert set(scores["baselines"]) >= {"prior", "time_of_day", "previous_label"}
        for one in scores["baselines"].values():
            assert one["trading"].keys() == scores["trading"].keys()
            assert one["classification"]["n_scored"] == pytest.approx(
                scores["classification"]["n_scored"], abs=5
            )


def test_combinatorial_folds_are_judged_path_by_path(folder):
    made = evaluate(config(folder), Folding("combinatorial", 4, 2, embargo=50))
    facts = made.judged[0].outcome.facts
    assert [w["name"] for w in facts["windows"]] == ["path 1", "path 2", "path 3"]
    each = [w["classification"]["macro_f1"] for w in facts["windows"]]
    pooled = facts["evaluation"]["classification"]["macro_f1"]
    assert pooled == pytest.approx(np.mean(each))
    assert np.ptp(each) > 0


def test_scores_are_cut_by_regime_and_by_hour_of_the_exchange(summary):
    (judged,) = summary.judged
    arrays = judged.outcome.arrays
    groups = dict.fromkeys(one.group for one in judged.slices)
    assert list(groups) == ["volatility", "hour (America/Chicago)"]
    local = arrays["time"].astype("datetime64[ns]") - np.timedelta64(6, "h")
    hours = local.astype("datetime64[h]").astype(int) % 24
    seen = [one for one in judged.slices if one.group.startswith("hour")]
    for one in seen:
        mine = hours == int(one.name)
        assert one.samples == mine.sum()
        y, said = arrays["label"][mine], arrays["prediction"][mine]
        wanted = sk.f1_score(y, said, average="macro", labels=[-1, 0, 1])
        assert one.macro_f1 == pytest.approx(wanted)
        interval = one.intervals["macro_f1"]
        assert interval["lower"] < one.macro_f1 < interval["upper"]
        # Labels overlap: fewer of them are independent, and blocks hold several.
        assert one.effective_samples < one.samples
        assert interval["block_length"] > 1
        assert one.baselines.keys() >= {"prior", "time_of_day"}
    assert len(seen) > 5
    regimes = [one for one in judged.slices if one.group == "volatility"]
    assert sum(one.samples for one in regimes) == len(arrays["row"])


def test_the_page_says_what_was_scored(summary):
    page = summary.report.read_text("utf-8")
    assert "pooled out-of-fold predictions of 5 purged folds" in page
    assert '<section id="folds"' in page
    assert "folds share their luck" in page
    assert "Macro-F1 by volatility" in page


def learned_by_the_first_window(folder, bars):
    """Hash of columns, scaler and model of a window that ends before the change."""
    folder.mkdir(exist_ok=True)
    write_bars(bars, folder / "mes.parquet")
    data = build_dataset(config(folder), horizon=5)
    made = out_of_fold("logistic", data, WalkForward(2, first_train=0.4))
    train = made.plan.folds[0][0]
    return made.folds[0].learned, int(made.plan.samples.label_end_times[train].max())


def changed(rows):
    """The same bars with other prices on some rows."""
    prices = ("open", "high", "low", "close")
    return BARS.with_columns(
        **{n: np.where(rows, 1.01 * getattr(BARS, n), getattr(BARS, n)) for n in prices}
    )


def test_later_prices_change_nothing_that_an_earlier_window_learned(
    tmp_path, monkeypatch
):
    mine, known = learned_by_the_first_window(tmp_path / "as they are", BARS)
    later = changed(BARS.time > known + 600_000_000_000)
    assert learned_by_the_first_window(tmp_path / "later", later)[0] == mine
    early = changed(np.abs(np.arange(len(BARS)) - len(BARS) // 8) < 30)
    assert learned_by_the_first_window(tmp_path / "early", early)[0] != mine
    # Plant the leak: a hidden Markov model that was fitted once, on everything.
    learn = GraphLearner.learn
    monkeypatch.setattr(
        GraphLearner, "learn", lambda self, rows: learn(self, np.ones_like(rows))
    )
    leaky = [
        learned_by_the_first_window(tmp_path / f"leaky {n}", bars)[0]
        for n, bars in enumerate((BARS, later))
    ]
    assert leaky[0] != leaky[1]


# --- the same bytes --------------------------------------------------------------------


@pytest.mark.parametrize(
    "model",
    [
        {"name": "lightgbm", "config": {"max_rounds": 5}},
        pytest.param({"name": "lstm", "config": LSTM}, marks=pytest.mark.slow),
    ],
    ids=["lightgbm", "lstm"],
)
def test_the_number_of_processes_changes_no_byte(tmp_path, folder, model):
    folds = Folding("walk-forward", 2)
    made = [
        evaluate(
            config(folder, models=[model], output=tmp_path / str(jobs)),
            folds,
            jobs=jobs,
        )
        for jobs in (1, 2)
    ]
    one, other = (stored(tmp_path / str(jobs)) for jobs in (1, 2))
    assert one == other
    # Bars, features, labels; two folds of the model and of the baselines.
    assert sum(name.startswith("steps/") for name in one) == 3 + 2 * 2
    for first, second in zip(made[0].judged, made[1].judged, strict=True):
        told = [json.dumps(each.outcome.facts) for each in (first, second)]
        assert told[0] == told[1]


def test_without_ray_the_way_out_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ConfigError, match=r"barwise\[scale\]"), on_ray():
        pass


@pytest.mark.slow
def test_a_ray_cluster_changes_no_byte(tmp_path, folder):
    pytest.importorskip("ray", reason="the extra 'scale' is not installed")
    for place in ("here", "ray"):
        with on_ray() if place == "ray" else nullcontext():
            evaluate(
                config(folder, output=tmp_path / place),
                Folding("walk-forward", 2),
                jobs=2,
            )
    assert stored(tmp_path / "here") == stored(tmp_path / "ray")


# --- killed and run again --------------------------------------------------------------


def counted(monkeypatch, stops_at=None):
    """Count the folds that are computed; one of them may be interrupted."""
    seen, compute = [], fold_steps.compute_fold

    def watched(trainer, data, train, test):
        seen.append(trainer)
        if len(seen) == stops_at:
            raise KeyboardInterrupt
        return compute(trainer, data, train, test)

    monkeypatch.setattr(fold_steps, "compute_fold", watched)
    return seen


def test_finished_folds_are_not_computed_again(tmp_path, folder, summary, monkeypatch):
    settings = config(folder, output=tmp_path / "experiments")
    with monkeypatch.context() as patch:
        seen = counted(patch, stops_at=8)
        with pytest.raises(KeyboardInterrupt):
            evaluate(settings, FOLDS)
    with monkeypatch.context() as patch:
        seen = counted(patch)
        made = evaluate(settings, FOLDS)
        assert len(seen) == 10 - 7
        evaluate(settings, FOLDS)
        assert len(seen) == 10 - 7
    told = [json.dumps(one.judged[0].outcome.facts) for one in (summary, made)]
    assert told[0] == told[1]


@pytest.mark.slow
def test_a_killed_command_goes_on(tmp_path, folder, summary):
    text = config(folder).model_dump_json(exclude={"output"}, exclude_defaults=True)
    (tmp_path / "run.yaml").write_text(text)
    words = ["cv", "run.yaml", "--embargo", "60", "--json", "--jobs", "2"]
    command = [sys.executable, "-m", "barwise", *words]
    run = {"cwd": tmp_path, "env": os.environ, "text": True}
    process = subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
        **run,
    )
    for line in process.stderr:
        if line.startswith("MES: fits"):
            process.kill()
            break
    assert process.wait() == -signal.SIGKILL
    process.stderr.close()
    output = tmp_path / "experiments"
    records = {path: path.stat().st_mtime_ns for path in output.rglob("steps/*/*.json")}
    assert len(records) > 3
    done = subprocess.run(command, capture_output=True, check=True, **run)
    # The killed command's own processes wait for more to do: nobody else ends them.
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    assert {path: path.stat().st_mtime_ns for path in records} == records
    facts = json.loads(json.dumps(summary.judged[0].outcome.facts))
    assert json.loads(done.stdout)["results"][0]["pooled"] == facts["evaluation"]
    assert f"{len(records) - 3} of them done before" in done.stderr


# --- folds that fail -------------------------------------------------------------------


def test_a_model_whose_folds_fail_is_skipped_and_reported(folder, tmp_path):
    hopeless = {"name": "lightgbm", "config": {"tail_purge": 100_000}}
    both = config(folder, models=["logistic", hopeless], output=tmp_path / "both")
    made = evaluate(both, FOLDS)
    assert [one.outcome.model_name for one in made.judged] == ["logistic"]
    (skipped,) = made.skipped
    assert skipped.model == "lightgbm"
    assert "5 of 5 folds failed" in skipped.why
    assert "lower tail_purge" in skipped.why
    alone = config(folder, models=[hopeless], output=tmp_path / "both")
    with pytest.raises(BarwiseError, match="no model could be judged: lightgbm at 5"):
        evaluate(alone, FOLDS)


def raises(made):
    raise ValueError("no luck" if made.probabilities.any() else "")


def scores_a_third(made):
    p = made.probabilities.copy()
    p[len(p) // 3 :] = np.nan
    return replace(made, probabilities=p)


@pytest.mark.parametrize(
    ("goes_wrong", "why"),
    [
        (raises, "ValueError: no luck"),
        (scores_a_third, "only 33% of its rows could be scored"),
    ],
)
def test_a_failed_fold_is_left_out_and_never_averaged_over(
    folder, tmp_path, monkeypatch, summary, goes_wrong, why
):
    predict, called = fold_steps.predict_fold, []

    def second_fails(trainer, fold):
        called.append(fold)
        made = predict(trainer, fold)
        return goes_wrong(made) if len(called) == 2 else made

    monkeypatch.setattr(fold_steps, "predict_fold", second_fails)
    made = evaluate(config(folder, output=tmp_path / "experiments"), FOLDS)
    (judged,) = made.judged
    assert judged.failed == {1: why}
    windows = judged.outcome.facts["windows"]
    assert [window["failed"] for window in windows] == [False, True, *[False] * 3]
    rows, whole = judged.outcome.arrays["row"], summary.judged[0].made
    kept = np.delete(np.arange(len(whole)), whole.plan.folds[1][1])
    np.testing.assert_array_equal(rows, whole.plan.samples.index[kept])
    # The baselines are judged on the same rows.
    boards = [{row.name: row for row in one.leaderboard} for one in (made, summary)]
    assert boards[0]["prior"].macro_f1 != boards[1]["prior"].macro_f1
    evaluation = judged.outcome.facts["evaluation"]
    assert evaluation["classification"]["n_scored"] == len(rows)


def test_a_model_that_stops_on_test_rows_is_refused_at_once(folder):
    peeking = {"name": "lightgbm", "config": {"early_stopping_on": "validation"}}
    with pytest.raises(ConfigError, match="early_stopping_on: train_tail"):
        evaluate(config(folder, models=[peeking]), FOLDS)
