"""Other targets than barriers, events and weights: through whole runs."""

import math

import numpy as np
import polars as pl
import pytest

import barwise as bw
from barwise.bars.stored import write_bars
from barwise.core.errors import ConfigError, DataError
from barwise.labels import cusum_events, direction_labels
from barwise.pipeline import RunConfig
from barwise.pipeline.bar_inputs import prepare_bars
from barwise.pipeline.inputs import prepare_inputs
from barwise.pipeline.labelling import prepare_labels
from barwise.pipeline.steps import Steps
from barwise.pipeline.store import ObjectStore

pytestmark = pytest.mark.usefixtures("blank_figures")

QUICK = {
    "lightgbm": {"max_rounds": 20},
    "lstm": {"max_epochs": 1, "hidden_size": 4},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("targets")
    bars, _ = bw.prepare(
        bw.simulate_bars("MES", days=20, signal=0.3, seed=5), interval="5min"
    )
    write_bars(bars, place / "bars.parquet")
    # The signal: the bar's own close is above its open; stamped with the open.
    stamps = pl.Series("when", bars.open_time).cast(pl.Datetime("ns"))
    up = pl.Series("Long Signal", (bars.close > bars.open).astype(np.int8))
    pl.DataFrame([stamps, up]).write_csv(place / "signal.csv")
    return place


def config(folder, labels, **changes):
    given = {
        "symbol": "MES",
        "data": {"path": folder / "bars.parquet", "label": "close"},
        "features": {"set": None, "names": ["rsi_14", "return_1", "atr_14"]},
        "labels": labels,
        "models": ["logistic"],
        "output": folder / "experiments",
    }
    return RunConfig.model_validate(given | changes)


def signal(folder, **changes):
    given = {
        "path": folder / "signal.csv",
        "column": "Long Signal",
        "known_at": "when",
        "delay": "5min",
    }
    return {"target": "signal", "horizons": [1], "signal": given | changes}


def labels_of(settings):
    steps = Steps(ObjectStore(settings.output_path / "store"))
    return prepare_labels(prepare_bars(settings, steps), steps)


def test_directions_run_through_every_kind_of_model(folder):
    models = [{"name": name, "config": QUICK.get(name, {})} for name in QUICK]
    settings = config(
        folder,
        {"target": "direction", "horizons": [3]},
        models=["logistic", *models],
        sequence_length=8,
    )
    summary = bw.run(settings)
    for outcome in summary.outcomes:
        assert outcome.arrays["probabilities"].shape[1] == 2
        assert set(np.unique(outcome.arrays["label"])) == {0, 1}
        scores = outcome.facts["evaluation"]
        assert set(scores["classification"]["per_class_f1"]) == {"negative", "positive"}
        for one in (scores, *scores["baselines"].values()):
            assert one["trading"]["num_trades"] is not None
            assert set(one["trading"]) == set(scores["trading"])
        long = scores["baselines"]["always_long"]["classification"]["confusion_matrix"]
        assert long[0][0] == long[1][0] == 0
    page = summary.report.read_text()
    assert "price above the entry" in page
    assert "negative" in page


def test_a_trade_on_a_direction_earns_what_its_label_says(folder):
    settings = config(folder, {"target": "direction", "horizons": [3]})
    settings = settings.replace(backtest={"commission": 0.0, "slippage_ticks": 0.0})
    inputs = prepare_inputs(
        settings,
        Steps(ObjectStore(settings.output_path / "store")),
        lambda _: None,
    )
    from barwise.pipeline.training import market_of

    labels = inputs.labels[3]
    rows = np.flatnonzero(labels.valid & (np.arange(len(labels)) % 9 == 0))
    p = np.stack([1.0 - labels.label[rows], labels.label[rows]], axis=1)
    signals, traded = market_of(inputs, 3).trade(rows, p, class_returns=(-0.001, 0.001))
    np.testing.assert_array_equal(signals, np.where(labels.label[rows] == 1, 1, -1))
    np.testing.assert_allclose(
        np.log(traded.trades.exit_price / traded.trades.entry_price),
        labels.ret[rows[: len(traded.trades)]],
        atol=1e-12,
    )
    assert len(traded.trades) >= len(rows) - 1
    assert (traded.trades.net >= 0).all()


def test_a_signal_of_ones_own_is_the_target_of_the_bar_before(folder):
    settings = config(folder, signal(folder))
    labels = labels_of(settings)
    found = labels.by_horizon[1]
    bars = prepare_bars(settings, Steps(ObjectStore(folder / "other"))).bars
    rows = np.flatnonzero(found.valid)
    assert len(rows) > 0.9 * len(bars)
    up = bars.close[rows + 1] > bars.open[rows + 1]
    np.testing.assert_array_equal(found.label[rows], up)
    np.testing.assert_array_equal(found.end_time[rows], bars.time[rows + 1])
    summary = bw.run(settings)
    (outcome,) = summary.outcomes
    assert set(np.unique(outcome.arrays["signal"])) <= {0, 1}
    assert "next Long Signal" in summary.report.read_text()


def test_a_signal_to_go_short_is_never_bought(folder):
    settings = config(
        folder,
        signal(folder, side="short"),
        backtest={"commission": 0.0, "slippage_ticks": 0.0},
    )
    (outcome,) = bw.run(settings).outcomes
    assert set(np.unique(outcome.arrays["signal"])) <= {-1, 0}


def test_a_signal_file_that_does_not_fit_is_refused(folder):
    with pytest.raises(DataError, match=r"none of its .* labels\.signal\.delay"):
        labels_of(config(folder, signal(folder, delay="7s")))
    with pytest.raises(ConfigError, match=r"labels\.signal: .*no column 'short'"):
        labels_of(config(folder, signal(folder, column="short")))
    with pytest.raises(ConfigError, match=r"labels\.signal\.path: there is no file"):
        bw.run(config(folder, signal(folder, path="nowhere.csv")))
    lines = (folder / "signal.csv").read_text().splitlines()
    (folder / "twice.csv").write_text("\n".join([*lines, lines[-1]]))
    with pytest.raises(DataError, match="two rows have the time"):
        labels_of(config(folder, signal(folder, path=folder / "twice.csv")))


def test_only_events_are_samples(folder):
    every = config(folder, {"target": "direction", "horizons": [3]})
    some = every.replace(
        labels={
            "target": "direction",
            "horizons": [3],
            "events": "cusum",
            "event_threshold": 3.0,
            "event_period": 50,
        }
    )
    data, all_data = (bw.build_dataset(one, horizon=3) for one in (some, every))
    bars = prepare_bars(some, Steps(ObjectStore(folder / "other"))).bars
    events = cusum_events(bars, multiple=3.0, period=50)
    rows = np.concatenate([data.rows("train"), data.rows("val")])
    assert 50 < len(rows) < 0.5 * len(all_data.rows("train"))
    assert events[rows].all()
    # Fewer labels overlap, so each is more its own.
    train = data.rows("train")
    apart = data.frame.uniqueness[train].mean()
    assert apart > 1.2 * all_data.frame.uniqueness[all_data.rows("train")].mean()


def test_a_threshold_that_nothing_reaches_is_refused(folder):
    labels = {"events": "cusum", "event_threshold": 1e6, "horizons": [3]}
    with pytest.raises(ConfigError, match=r"labels\.event_threshold: no bar"):
        labels_of(config(folder, labels))


@pytest.mark.parametrize("quality", [True, False])
@pytest.mark.parametrize("uniqueness", [True, False])
@pytest.mark.parametrize("decay", [1.0, 0.25])
def test_weights_are_the_product_of_what_is_switched_on(
    folder, quality, uniqueness, decay
):
    weights = {"quality": quality, "uniqueness": uniqueness, "time_decay": decay}
    settings = config(folder, {"horizons": [4], "weights": weights})
    data = bw.build_dataset(settings, horizon=4)
    rows = data.rows("train")
    labels = labels_of(settings).by_horizon[4]
    expected = np.ones(len(rows))
    if quality:
        expected = labels.weight[rows]
    alone = np.ones(len(rows))
    if uniqueness:
        open_at = np.zeros(len(labels) + 1)
        for row in np.flatnonzero(labels.valid):
            open_at[row + 1 : labels.end_index[row] + 1] += 1
        alone = np.array(
            [(1 / open_at[r + 1 : labels.end_index[r] + 1]).mean() for r in rows]
        )
    expected = expected * alone
    passed = np.cumsum(alone)
    expected = expected * (decay + (1 - decay) * passed / passed[-1])
    np.testing.assert_allclose(data.sample_weights, expected / expected.mean())
    assert math.isclose(data.sample_weights.mean(), 1.0)


@pytest.mark.parametrize(
    ("labels", "word"),
    [
        ({"target": "direction", "upper": 2.0}, "upper would have no effect"),
        ({"target": "signal"}, r"labels\.signal: is missing"),
        ({"signal": {"path": "x", "column": "y", "known_at": "z"}}, "no effect"),
        (
            {
                "target": "signal",
                "signal": {
                    "path": "x",
                    "column": "y",
                    "known_at": "z",
                    "known_after": 2,
                },
            },
            r"use horizons: \[3\]",
        ),
        ({"event_threshold": 3.0}, "use events: cusum"),
        ({"weights": {"time_decay": 0.0}}, "greater than 0"),
    ],
)
def test_labels_that_contradict_themselves_are_named(tmp_path, labels, word):
    with pytest.raises(ValueError, match=word):
        config(tmp_path, labels)
    path = tmp_path / "run.yaml"
    path.write_text(
        f"symbol: MES\ndata: {{path: x.csv, label: open}}\nlabels: {labels}\n".replace(
            "'", ""
        )
    )
    with pytest.raises(ConfigError, match=r"run\.yaml:3: labels"):
        RunConfig.read(path)


def test_direction_labels_of_a_run_are_those_of_the_function(folder):
    settings = config(folder, {"target": "direction", "horizons": [2, 5]})
    bars = prepare_bars(settings, Steps(ObjectStore(folder / "other"))).bars
    for horizon, found in labels_of(settings).by_horizon.items():
        plain = direction_labels(bars, horizon=horizon)
        np.testing.assert_array_equal(found.label, plain.label)
        np.testing.assert_array_equal(found.known_at, plain.known_at)
        assert found.classes == (0, 1)


def test_bars_that_nobody_decides_on_take_nothing_of_a_labels_uniqueness(folder):
    wanted = config(
        folder,
        {"horizons": [20], "session_end": "carry"},
        data={
            "path": folder / "bars.parquet",
            "label": "close",
            "session": "RTH",
            "session_applies": "samples",
        },
    )
    data = bw.build_dataset(wanted, horizon=20)
    targets, bars = data.frame.targets, data.frame.times
    inputs = prepare_inputs(
        wanted, Steps(ObjectStore(folder / "experiments" / "store")), lambda _: None
    )
    decided = np.flatnonzero(targets.valid & inputs.sample_mask)
    # The night has labels of its own, which run into the morning.
    assert np.count_nonzero(targets.valid) > 2 * len(decided)
    alive, all_alive = np.zeros((2, len(bars)))
    for row in np.flatnonzero(targets.valid):
        life = slice(row + 1, targets.end_index[row] + 1)
        all_alive[life] += 1
        alive[life] += row in decided
    met = 0
    for row in data.rows("train"):
        life = slice(row + 1, targets.end_index[row] + 1)
        met += (alive[life] != all_alive[life]).any()
        expected = np.mean(1 / alive[life])
        assert data.frame.uniqueness[row] == pytest.approx(expected)
    assert met > 10
