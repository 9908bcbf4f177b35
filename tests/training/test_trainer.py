"""The trainer on a toy market: scores, baselines, run folder, against scikit-learn."""

import json

import numpy as np
import polars as pl
import pytest
from sklearn import metrics as sk

from barwise.bars.simulate import simulate_bars
from barwise.core.errors import ConfigError
from barwise.datasets import TestSeal, TimeSeriesDataContainer
from barwise.features import FeatureGraph
from barwise.labels import triple_barrier
from barwise.models import load_model
from barwise.trading import Account, Costs, ExecutionContract
from barwise.trading.barrier_rows import barrier_width
from barwise.trading.market import Market
from barwise.training import BASELINES, Trainer, TrainerConfig, write_run

HORIZON = 10
NAMES = ("log_return_1", "log_return_5", "rsi_14", "atr_ratio_14", "hour_sin")


@pytest.fixture(scope="module")
def bars():
    from barwise.bars import prepare

    made, _ = prepare(
        simulate_bars("MES", days=12, signal=0.3, seed=3), interval="5min"
    )
    return made


@pytest.fixture(scope="module")
def data(bars, tmp_path_factory):
    labels = triple_barrier(bars, horizon=HORIZON, upper=1.5, lower=1.0)
    return TimeSeriesDataContainer.build(
        FeatureGraph(NAMES).push(bars),
        NAMES,
        bars.time,
        labels,
        horizon=HORIZON,
        sample_mask=~bars.filled,
        symbol="MES",
        seal=TestSeal(tmp_path_factory.mktemp("seal") / "openings.jsonl"),
    )


@pytest.fixture(scope="module")
def market(bars):
    return Market(
        bars,
        barrier_width(bars, unit="atr", period=14),
        ExecutionContract(HORIZON, 1.5, 1.0, tick=0.25),
        Costs(tick_size=0.25, multiplier=5.0, commission=0.62, slippage_ticks=1.0),
        Account(10_000.0),
    )


def config(**more):
    return TrainerConfig(model_name="logistic", horizon=HORIZON, **more)


@pytest.fixture(scope="module")
def outcome(data, market):
    return Trainer(config(), market=market).fit(data)


def test_scores_are_those_of_the_predictions(outcome, data):
    scores = outcome.facts["evaluation"]["classification"]
    arrays = outcome.arrays
    np.testing.assert_array_equal(arrays["label"], data.y_val)
    assert scores["macro_f1"] == pytest.approx(
        sk.f1_score(arrays["label"], arrays["prediction"], average="macro")
    )
    assert scores["log_loss"] == pytest.approx(
        sk.log_loss(arrays["label"], arrays["probabilities"], labels=[-1, 0, 1])
    )


def test_every_baseline_stands_beside_the_model_with_the_same_keys(outcome):
    evaluation = outcome.facts["evaluation"]
    assert tuple(evaluation["baselines"]) == BASELINES
    for scores in evaluation["baselines"].values():
        assert scores["classification"].keys() == evaluation["classification"].keys()
        assert scores["trading"].keys() == evaluation["trading"].keys()


def test_the_prior_baseline_is_sampled_not_the_majority(outcome):
    blind = outcome.facts["evaluation"]["baselines"]["prior"]["classification"]
    predicted = np.sum(blind["confusion_matrix"], axis=0)
    assert (predicted > 0).all()


def test_the_account_is_the_trades_of_the_signals(outcome, market, data):
    arrays = outcome.arrays
    signals, traded = market.trade(
        arrays["row"],
        arrays["probabilities"],
        timeout_returns=(timeout(data), timeout(data)),
    )
    np.testing.assert_array_equal(signals, arrays["signal"])
    np.testing.assert_array_equal(traded.equity, arrays["equity"])
    final = traded.account.capital + traded.trades.net.sum()
    assert traded.equity[-1] == pytest.approx(final)


def timeout(data):
    return float(data.returns("train")[data.y_train == 0].mean())


def test_without_a_market_there_are_no_trading_metrics(data):
    outcome = Trainer(config()).fit(data)
    assert outcome.facts["evaluation"]["trading"] == {}
    assert "equity" not in outcome.arrays


def test_a_run_folder_holds_what_is_promised(outcome, tmp_path):
    from barwise.report.run_plots import plot_run

    run = write_run(outcome, tmp_path, plotter=plot_run, identity="abc")
    there = {str(p.relative_to(run.path)) for p in run.path.rglob("*") if p.is_file()}
    assert {
        "config/training_config.yaml",
        "config/model_config.yaml",
        "config/feature_config.yaml",
        "predictions/val_predictions.parquet",
        "predictions/val_probabilities.npy",
        "metrics/training_metrics.json",
        "metrics/evaluation_metrics.json",
        "metrics/feature_importance.json",
        "plots/confusion_matrix.png",
        "plots/feature_importance.png",
        "logs/training.log",
        "provenance.json",
    } <= there
    assert run.path.name.startswith(f"logistic_{HORIZON}_")
    assert run.provenance["identity"] == "abc"
    assert run.provenance["training_time_seconds"] > 0
    metrics = json.loads((run.path / "metrics/evaluation_metrics.json").read_text())
    assert metrics == json.loads(json.dumps(outcome.facts["evaluation"]))
    frame = pl.read_parquet(run.path / "predictions/val_predictions.parquet")
    assert frame["time"].dtype == pl.Datetime("ns", "UTC")
    assert frame["label"].to_list() == outcome.arrays["label"].tolist()


def test_the_saved_model_predicts_the_same(outcome, data, tmp_path):
    run = write_run(outcome, tmp_path)
    model = load_model(run.path / "checkpoints")
    again = model.predict(data.samples("val")).class_probabilities
    np.testing.assert_array_equal(again, outcome.arrays["probabilities"])


def test_run_full_pipeline_writes_the_run(data, tmp_path):
    run = Trainer(config(output_dir=tmp_path)).run_full_pipeline(data)
    assert run.path.parent == tmp_path
    assert run.metrics["model_name"] == "logistic"


def test_the_test_part_stays_sealed(data, outcome):
    assert outcome.facts
    assert data.times_opened == 0


def test_a_field_that_is_not_set_takes_the_models_own():
    defaults = {"random_seed": 1, "batch_size": 8, "layers": 2}
    assert config().for_model(defaults) == {}
    assert config(batch_size=64).for_model(defaults) == {"batch_size": 64}
    assert config(max_epochs=3).for_model(defaults) == {}
    assert config(model={"layers": 3}).for_model(defaults) == {"layers": 3}


def test_an_unknown_setting_of_the_model_is_refused(data):
    with pytest.raises(ConfigError, match="penalti"):
        Trainer(config(model={"penalti": 1.0})).fit(data)
