"""Futures in a run: contracts joined or named, and nothing that crosses a roll."""

import numpy as np
import pytest

from barwise.bars.simulate import simulate_bars
from barwise.bars.stored import write_bars
from barwise.core.errors import ConfigError
from barwise.features import FeatureGraph
from barwise.pipeline import RunConfig, build_dataset, run
from barwise.pipeline.inputs import prepare_inputs
from barwise.pipeline.source import read_source
from barwise.pipeline.steps import Steps
from barwise.pipeline.store import ObjectStore
from barwise.pipeline.training import market_of

pytestmark = pytest.mark.usefixtures("blank_figures")

DAYS = 20
# Sessions of the simulated bars, which begin on 2022-01-04.
ROLLS = [
    {"session": "2022-01-12", "from": "MESH2", "to": "MESM2", "jump": 40.0},
    {"session": "2022-01-24", "from": "MESM2", "to": "MESU2"},
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One continuous file, and a file a contract of the same market."""
    path = tmp_path_factory.mktemp("rolls")
    bars = simulate_bars("MES", days=DAYS, seed=6)
    write_bars(bars, path / "mes.parquet")
    later = bars.time > np.datetime64("2022-01-11T23", "ns").astype(np.int64)
    (path / "each").mkdir()
    for number, name in enumerate(("MESH2", "MESM2")):
        prices = {n: getattr(bars, n) + 40.0 * number for n in ("open", "high", "low")}
        prices["close"] = bars.close + 40.0 * number
        share = np.where(later == bool(number), 0.9, 0.1)
        one = bars.with_columns(**prices, volume=bars.volume * share)
        write_bars(one, path / "each" / f"{name}_1m.parquet")
    return path


def config(folder, **data):
    settings = {
        "symbol": "MES",
        "data": {"path": folder / "mes.parquet", "label": "close"} | data,
        "features": {"set": "neural_optimal"},
        "labels": {"horizons": [5, 10]},
        "models": ["logistic"],
        "output": folder / "experiments",
    }
    return RunConfig.model_validate(settings)


def inputs_of(settings):
    """What a run makes before it trains."""
    store = ObjectStore(settings.output_path / ".barwise" / "store")
    return prepare_inputs(settings, Steps(store), lambda _: None)


@pytest.fixture(scope="module")
def summary(folder):
    return run(config(folder, rolls=ROLLS))


def test_a_run_with_a_roll_table(summary):
    bars, inputs = summary.inputs.bars, summary.inputs
    changes = np.flatnonzero(bars.contract[1:] != bars.contract[:-1]) + 1
    assert bars.contract[changes].tolist() == ["MESM2", "MESU2"]
    assert inputs.quality["roll"].rows == tuple(changes)
    assert inputs.quality["roll_gap"].rows == (changes[1],)
    expected = FeatureGraph(inputs.names).push(bars)
    np.testing.assert_array_equal(inputs.matrix, expected)
    for row in changes:
        assert len(inputs.labels) == 2
        for horizon, labels in inputs.labels.items():
            valid = np.flatnonzero(labels.valid)
            crossing = (valid < row) & (labels.end_index[valid] >= row)
            assert not crossing.any()
            assert not labels.valid[row - 1]
            # A label that its barrier has decided before the roll stands.
            near = slice(row - horizon, row)
            assert labels.valid[near].any() or horizon == 5


def test_windows_reach_over_a_roll_if_no_column_keeps_its_scale(folder, summary):
    roll = summary.inputs.quality["roll"].rows[0]
    assert all(summary.inputs.roll_invariant.values())
    for names, over in ((), True), (("ema_20",), False):
        features = {"set": "neural_optimal", "names": names}
        settings = config(folder, rolls=ROLLS).replace(features=features)
        data = build_dataset(settings, horizon=5)
        windows, _, _ = data.get_pytorch_sequences("train", 30)
        rows = windows.samples.index
        assert (((rows >= roll) & (rows < roll + 29)).any()) == over


def test_no_trade_is_held_over_a_roll(summary):
    market = market_of(summary.inputs, 10)
    bars = summary.inputs.bars
    long = np.tile([0.0, 0.0, 1.0], (len(bars), 1))
    _, result = market.trade(np.arange(len(bars)), long)
    entry, end = result.trades.entry_index, result.trades.exit_index
    assert len(entry) > 100
    assert (bars.contract[entry] == bars.contract[end]).all()


def test_a_roll_table_of_a_later_roll_changes_no_earlier_row(folder, summary):
    matrix = inputs_of(config(folder, rolls=ROLLS[:1])).matrix
    bars = summary.inputs.bars
    row = int(np.argmax(bars.contract == "MESU2"))
    np.testing.assert_array_equal(matrix[:row], summary.inputs.matrix[:row])
    assert np.any(matrix[row:] != summary.inputs.matrix[row:])


def test_contracts_of_a_folder_are_joined_by_volume(folder):
    bars, _ = read_source(config(folder, path=None, contracts=str(folder / "each")))
    names, counts = np.unique(bars.contract, return_counts=True)
    assert names.tolist() == ["MESH2", "MESM2"]
    roll = bars.time[counts[0] - 1].astype("datetime64[ns]").astype("datetime64[D]")
    # It trades more in the session of the 12th, so it is taken from the 13th on.
    assert str(roll) == "2022-01-12"
    whole, _ = read_source(config(folder))
    np.testing.assert_array_equal(bars.time, whole.time)
    shift = np.where(bars.contract == "MESM2", 40.0, 0.0)
    np.testing.assert_array_equal(bars.close, whole.close + shift)


def test_contracts_by_a_list_with_expiries_or_a_table(folder):
    files = [
        {
            "contract": "H",
            "path": folder / "each/MESH2_1m.parquet",
            "expiry": "2022-01-21",
        },
        {"contract": "M", "path": folder / "each/MESM2_1m.parquet"},
    ]
    given = {"path": None, "contracts": files}
    by_expiry, _ = read_source(config(folder, **given, roll_by="expiry", roll_days=7))
    rolls = [{"session": "2022-01-14", "from": "H", "to": "M"}]
    by_table, _ = read_source(config(folder, **given, rolls=rolls))
    assert by_expiry.contract.tolist() == by_table.contract.tolist()
    assert (by_table.contract == "M").any()
    assert np.isfinite(by_table.new_close[by_table.contract == "M"]).all()


def test_another_adjustment_reads_the_bars_once(folder, summary):
    other = inputs_of(config(folder, rolls=ROLLS, roll_adjustment="difference"))
    mine, theirs = summary.inputs.addresses, other.addresses
    assert mine["bars"] == theirs["bars"]
    assert mine["labels"] == theirs["labels"]
    assert mine["features"] != theirs["features"]


BAD = {
    "no source": (
        {"path": None},
        r"data.path: is missing; add it \(file of bars\), or data.contracts",
    ),
    "two sources": (
        {"contracts": "each"},
        r"data.path: .* stands beside data.contracts; keep the one",
    ),
    "no expiry": (
        {"path": None, "contracts": "each", "roll_by": "expiry"},
        r"data.roll_by: 'expiry' needs the last trading day of each contract",
    ),
    "expiry of one": (
        {
            "path": None,
            "roll_by": "expiry",
            "contracts": [{"contract": c, "path": c} for c in ("H", "M")],
        },
        r"data.roll_by: 'expiry' needs the last trading day of H;",
    ),
    "a contract twice": (
        {"path": None, "contracts": [{"contract": "H", "path": p} for p in "ab"]},
        r"data.contracts.*entries 1 and 2 are the same",
    ),
    "rolls in disorder": (
        {"rolls": ROLLS[::-1]},
        r"data.rolls.*roll 2 \(2022-01-12\): comes after that of 2022-01-24",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_settings_that_contradict_each_other(name, folder):
    data, says = BAD[name]
    with pytest.raises(Exception, match=r"(?s)" + says):
        config(folder, **data)


def test_places_in_a_config_file_are_named(folder, tmp_path):
    path = tmp_path / "mes.yaml"
    head = f"symbol: MES\ndata:\n  path: {folder / 'mes.parquet'}\n  label: close\n"
    path.write_text(head + "  rolls:\n    - {session: 2022-13-01, from: a, to: b}\n")
    with pytest.raises(ConfigError, match=r"mes.yaml:6: data.rolls\[0\].session"):
        RunConfig.read(path)
    path.write_text(head + "  rolls:\n    - {session: 2022-01-12, from: a}\n")
    with pytest.raises(
        ConfigError, match=r"mes.yaml:6: data.rolls\[0\].to: is missing"
    ):
        RunConfig.read(path)
    path.write_text(head + "  rolls: rolls.csv\n")
    with pytest.raises(ConfigError, match=r"mes.yaml:5: data.rolls: there is no file"):
        build_dataset(RunConfig.read(path), horizon=5)
    (tmp_path / "rolls.csv").write_text("session,from,to\n2022-01-12,H,M\n")
    bars, _ = read_source(RunConfig.read(path))
    assert set(bars.contract) == {"H", "M"}
    text = head.replace(f"path: {folder / 'mes.parquet'}", "contracts: nowhere")
    path.write_text(text)
    with pytest.raises(
        ConfigError, match=r"mes.yaml:3: data.contracts: there is no file"
    ):
        build_dataset(RunConfig.read(path), horizon=5)
