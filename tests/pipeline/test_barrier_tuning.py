"""Barriers tuned on the training part: what is seen, what is kept, what is counted."""

import json
from dataclasses import replace

import numpy as np
import optuna
import polars as pl
import pytest

import barwise as bw
from barwise.bars.stored import write_bars
from barwise.core.errors import ConfigError
from barwise.datasets.ledger import Ledger
from barwise.pipeline import RunConfig
from barwise.pipeline.bar_inputs import prepare_bars
from barwise.pipeline.barrier_trial import Choice
from barwise.pipeline.barrier_tuning import training_span, tune_barriers
from barwise.pipeline.inputs import prepare_inputs
from barwise.pipeline.steps import Steps
from barwise.pipeline.store import ObjectStore

WANTED = 5


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    place = tmp_path_factory.mktemp("tuning")
    bars, _ = bw.prepare(
        bw.simulate_bars("MES", days=12, signal=0.5, seed=2), interval="5min"
    )
    write_bars(bars, place / "bars.parquet")
    return place


def config(market, output, **changes):
    given = {
        "symbol": "MES",
        "data": {"path": market / "bars.parquet", "label": "close"},
        "features": {"set": None, "names": ["rsi_14", "return_1", "atr_14"]},
        "labels": {"horizons": [5, 10]},
        "output": output,
    }
    return RunConfig.model_validate(given | changes)


@pytest.fixture(scope="module")
def whole(market, tmp_path_factory):
    settings = config(market, tmp_path_factory.mktemp("whole"))
    return settings, tune_barriers(settings, trials=WANTED)


def span_of(settings):
    steps = Steps(ObjectStore(settings.output_path / "aside"))
    inputs = prepare_inputs(settings, steps, lambda _: None)
    return training_span(inputs, prepare_bars(settings, steps).finer_bars())[0], inputs


def count(settings):
    return Ledger(settings.output_path / "ledger.sqlite").count("SP500", 0, 2**62)


def test_the_study_is_a_table_a_figure_and_an_answer(whole):
    settings, made = whole
    assert len(made.trials) == WANTED
    table = pl.read_csv(made.folder / "study.csv")
    assert table["trial"].to_list() == [1, 2, 3, 4, 5]
    assert table["score"].to_list() == pytest.approx([v.score for _, v in made.trials])
    told = json.loads((made.folder / "study.json").read_text())
    assert [row["upper"] for row in told["trials"]] == table["upper"].to_list()
    assert (made.folder / "study.png").read_bytes().startswith(b"\x89PNG")
    assert made.best is not None
    usable = [v.score for _, v in made.trials if v.feasible]
    assert made.best[1].score == max(usable)
    assert {c.horizon for c, _ in made.trials} <= set(settings.labels.horizons)


def test_every_trial_is_in_the_ledger_with_its_daily_returns(whole):
    settings, made = whole
    trials = Ledger(settings.output_path / "ledger.sqlite").trials("SP500", 0, 2**62)
    assert len(trials) == len({choice for choice, _ in made.trials})
    for trial in trials:
        assert trial.kind == "tuning"
        assert (trial.start, trial.end) == made.span
        assert len(trial.returns) == len(trial.days) > 3
    barriers = [dict(trial.configuration["barriers"]) for trial in trials]
    assert {"upper", "lower", "horizon"} == set(barriers[0])


def test_the_same_command_again_adds_nothing(whole):
    settings, made = whole
    before = (made.folder / "study.csv").read_bytes(), count(settings)
    again = tune_barriers(settings, trials=WANTED)
    assert again.trials == made.trials
    assert ((made.folder / "study.csv").read_bytes(), count(settings)) == before


def test_a_killed_study_goes_on_as_if_there_had_been_no_kill(
    market, whole, tmp_path, monkeypatch
):
    settings = config(market, tmp_path)
    tell, told = optuna.Study.tell, []

    def dying(self, trial, *values, **named):
        if len(told) == 2:  # evaluated and in the ledger, but not finished
            raise KeyboardInterrupt
        told.append(1)
        return tell(self, trial, *values, **named)

    monkeypatch.setattr(optuna.Study, "tell", dying)
    with pytest.raises(KeyboardInterrupt):
        tune_barriers(settings, trials=WANTED)
    monkeypatch.undo()
    assert count(settings) == 3
    made = tune_barriers(settings, trials=WANTED)
    assert made.trials == whole[1].trials
    assert count(settings) == count(whole[0])


def test_two_processes_finish_as_many_trials(market, tmp_path):
    settings = config(market, tmp_path)
    made = tune_barriers(settings, trials=3, jobs=2)
    assert len(made.trials) == 3
    span, _ = span_of(settings)
    for choice, verdict in made.trials:
        assert span.judge(choice)[0] == verdict


def test_nothing_behind_the_training_part_is_seen(whole, tmp_path):
    settings, made = whole
    data = bw.build_dataset(settings, horizon=10)
    span, inputs = span_of(settings)
    last = data.rows("train")[-1]
    assert made.span[1] == int(span.bars.time[-1]) <= data.times("val")[0]
    assert len(span.bars) <= last + 1
    labels = span._labels(Choice(1.5, 1.0, 10))
    assert labels.known_at[labels.valid].max() <= span.bars.time[-1]
    # Other prices behind it, the same study.
    bars = inputs.bars
    cut = len(span.bars)
    changed = {
        name: np.r_[getattr(bars, name)[:cut], getattr(bars, name)[cut:] * 1.5]
        for name in ("open", "high", "low", "close")
    }
    write_bars(replace(bars, **changed), tmp_path / "bars.parquet")
    other, _ = span_of(config(tmp_path, tmp_path / "out"))
    choice = Choice(1.5, 1.0, 10)
    ours, theirs = span.judge(choice), other.judge(choice)
    assert len(other.bars) == cut
    np.testing.assert_array_equal(ours[1].daily_pnl, theirs[1].daily_pnl)
    assert ours[0] == theirs[0]


def test_no_model_predicts_what_it_has_seen(whole, monkeypatch):
    span, _ = span_of(whole[0])
    from barwise.models.boosting import LightGBMModel

    seen = []
    fit = LightGBMModel.fit

    def watched(self, X, y, *given, **named):
        seen.append(X)
        return fit(self, X, y, *given, **named)

    predict = LightGBMModel.predict

    def checked(self, X):
        train = seen[-1]
        for place in range(len(X)):
            begin, end = X.times[place], X.label_end_times[place]
            overlap = (train.times <= end) & (train.label_end_times >= begin)
            assert not overlap.any()
        return predict(self, X)

    monkeypatch.setattr(LightGBMModel, "fit", watched)
    monkeypatch.setattr(LightGBMModel, "predict", checked)
    span.judge(Choice(1.5, 1.0, 5))
    assert len(seen) == 5


def test_the_score_is_the_sharpe_less_the_penalties(whole):
    for _, verdict in whole[1].trials:
        entropy = -sum(s * np.log(s) for s in verdict.shares if s)
        assert verdict.imbalance == pytest.approx(1 - entropy / np.log(3))
        expected = verdict.sharpe - verdict.imbalance - 10 * verdict.ambiguous
        assert verdict.score == pytest.approx(expected)


@pytest.mark.parametrize(
    ("labels", "word"),
    [
        (
            {"target": "direction", "horizons": [5]},
            r"labels\.target: 'direction' cannot",
        ),
        ({"unit": "fixed", "upper": 2, "lower": 2}, r"labels\.unit: 'fixed' cannot"),
    ],
)
def test_what_has_no_multiples_is_not_tuned(market, tmp_path, labels, word):
    with pytest.raises(ConfigError, match=word):
        tune_barriers(config(market, tmp_path, labels=labels))
