"""Runs on event bars: what they decide, what decides their ties, what is refused."""

import numpy as np
import pytest

from barwise.bars import EventRule, prepare, read_bars, simulate_bars, write_bars
from barwise.bars.clean import clean_file
from barwise.core.errors import ConfigError
from barwise.features import FeatureGraph
from barwise.labels import triple_barrier
from barwise.pipeline import RunConfig, build_dataset, run

pytestmark = pytest.mark.usefixtures("blank_figures")


def config(symbol, path, output, **data):
    return RunConfig.model_validate(
        {
            "symbol": symbol,
            "data": {"path": str(path), "label": "close", **data},
            "features": {"set": "neural_optimal"},
            "labels": {"horizons": [5]},
            "models": ["logistic"],
            "output": str(output),
        }
    )


@pytest.fixture(scope="module")
def summary(market_data, tmp_path_factory):
    path = market_data / "6E_1m_2024-01.parquet"
    return run(
        config("6E", path, tmp_path_factory.mktemp("x"), bars="volume", bar_size=4000)
    )


def test_real_volume_bars_go_through_a_run(summary):
    inputs = summary.inputs
    bars = inputs.bars
    assert bars.rule == EventRule("volume", 4000)
    sessions = inputs.sessions
    full = bars.volume >= 4000
    assert full.mean() > 0.95
    assert np.isin(bars.time[~full], sessions.close).all()
    for name in ("hour_sin", "session_progress"):
        column = inputs.matrix[:, inputs.names.index(name)]
        assert np.isfinite(column).all()
    trading = summary.outcomes[0].facts["evaluation"]["trading"]
    assert trading["num_trades"] > 0
    assert "bars of 4,000 traded volume" in summary.report.read_text()


def test_minutes_inside_an_event_bar_decide_its_ties(summary, market_data):
    inputs = summary.inputs
    raw = read_bars(market_data / "6E_1m_2024-01.parquet", symbol="6E", label="close")
    minutes, _ = prepare(raw, interval="1min")
    upper, lower = inputs.instrument.barriers
    settings = {"horizon": 5, "upper": upper, "lower": lower}
    alone = triple_barrier(inputs.bars, **settings)
    with_minutes = triple_barrier(inputs.bars, **settings, fine=minutes)
    np.testing.assert_array_equal(with_minutes.label, inputs.labels[5].label)
    assert np.count_nonzero(alone.truth == 2) > np.count_nonzero(
        with_minutes.truth == 2
    )
    assert np.count_nonzero(with_minutes.truth == 1) > 0
    # Nothing but ties is decided by them.
    same = alone.truth != 2
    np.testing.assert_array_equal(alone.label[same], with_minutes.label[same])


def test_finer_bars_that_an_event_bar_cuts_are_refused(market_data):
    trades = read_bars(
        market_data / "ES_ticks_2013-09.parquet", symbol="ES", label="close"
    )
    bars, _ = prepare(trades, interval=EventRule("tick", 5000))
    minutes, _ = prepare(trades, interval="1min")
    with pytest.raises(ConfigError, match="began in an earlier event bar"):
        triple_barrier(bars, horizon=3, upper=1.0, lower=1.0, fine=minutes)


def test_real_trades_go_through_a_run(market_data, tmp_path):
    path = market_data / "ES_ticks_2013-09.parquet"
    settings = config("ES", path, tmp_path, bars="dollar", bar_size=5e5)
    inputs = run(settings).inputs
    bars = inputs.bars
    assert np.count_nonzero(np.diff(bars.time) == 0) > 100
    np.testing.assert_array_equal(inputs.matrix, FeatureGraph(inputs.names).push(bars))
    labels = inputs.labels[5]
    assert np.all(labels.end_time[labels.valid] >= bars.time[labels.valid])
    data = build_dataset(settings, horizon=5)
    known = labels.known_at[data.rows("train")]
    assert known.max() < bars.time[data.rows("val")[0]]


@pytest.fixture
def market(tmp_path):
    write_bars(simulate_bars("MES", days=12, seed=2), tmp_path / "mes.parquet")
    return tmp_path


def test_stored_event_bars_are_taken_as_they_are(market):
    raw = config("MES", market / "mes.parquet", market / "a", bars="tick", bar_size=10)
    made = build_inputs(raw)
    write_bars(made.bars, market / "ticks.parquet")
    again = build_inputs(
        config("MES", market / "ticks.parquet", market / "b", bars="tick", bar_size=10)
    )
    for name, column in made.bars.columns().items():
        np.testing.assert_array_equal(again.bars.columns()[name], column, err_msg=name)
    np.testing.assert_array_equal(again.matrix, made.matrix)
    other = config("MES", market / "ticks.parquet", market / "b")
    with pytest.raises(ConfigError, match="write bars: tick and bar_size: 10"):
        build_inputs(other)


def build_inputs(settings):
    from barwise.pipeline.inputs import prepare_inputs
    from barwise.pipeline.steps import Steps
    from barwise.pipeline.store import ObjectStore

    steps = Steps(ObjectStore(settings.output_path))
    return prepare_inputs(settings, steps, lambda _: None)


def test_volume_bars_of_a_source_without_volume_are_refused(market):
    bars = read_bars(market / "mes.parquet", symbol="MES", label="close")
    silent = bars.with_columns(volume=np.zeros(len(bars)))
    write_bars(silent, market / "silent.parquet")
    settings = config(
        "MES", market / "silent.parquet", market / "c", bars="dollar", bar_size=10
    )
    with pytest.raises(ConfigError, match=r"data\.bars: bars of 10 traded value need"):
        build_inputs(settings)


def test_filled_minutes_are_no_trades(market):
    bars = read_bars(market / "mes.parquet", symbol="MES", label="close")
    holes = bars[np.random.default_rng(0).random(len(bars)) > 0.2]
    rule = EventRule("volume", 3000)
    plain, _ = prepare(clean_file(holes)[0], interval=rule)
    filled, _ = prepare(prepare(holes, interval="1min")[0], interval=rule)
    for name in ("time", "open", "high", "low", "close", "volume"):
        np.testing.assert_array_equal(getattr(plain, name), getattr(filled, name))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("  bars: volume\n", "2: data.bar_size: is missing, and data.bars: volume"),
        ("  bar_size: 5\n", "5: data.bar_size: 5 has no effect on time bars"),
        ("  bars: volumes\n", "5: data.bars: 'volumes' is not one of time, tick"),
        ("  bars: tick\n  bar_size: 2.5\n", "6: data.bar_size: .* whole number"),
        ("  bars: volume\n  bar_size: -5\n", "6: data.bar_size: -5 must be"),
        (
            "  bars: volume\n  bar_size: 5\n  gaps: interpolate\n",
            "7: data.gaps: 'interpolate' has no effect with data.bars: volume",
        ),
    ],
)
def test_the_config_names_line_key_and_way_out(market, data, said):
    path = market / "run.yaml"
    path.write_text(f"symbol: MES\ndata:\n  path: mes.parquet\n  label: close\n{data}")
    with pytest.raises(ConfigError, match=said):
        RunConfig.read(path)
