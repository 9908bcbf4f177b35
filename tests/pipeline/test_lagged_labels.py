"""Lagged labels in a run: those of the config, known before they are used."""

import numpy as np
import pytest

from barwise.bars.simulate import simulate_bars
from barwise.bars.stored import write_bars
from barwise.pipeline import RunConfig
from barwise.pipeline.inputs import prepare_inputs
from barwise.pipeline.steps import Steps
from barwise.pipeline.store import ObjectStore


def prepared(folder, session="ETH", names=("rsi_14", "lag_10_label_h10"), **labels):
    config = RunConfig(
        symbol="MES",
        data={
            "path": folder / "mes.parquet",
            "label": "close",
            "interval": "5min",
            "session": session,
        },
        features={"set": None, "names": names},
        labels={"horizons": [5, 10], **labels},
        models=["logistic"],
        output=folder / "experiments",
    )
    return prepare_inputs(config, Steps(ObjectStore(folder / "store")), lambda _: None)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("lagged")
    write_bars(simulate_bars("MES", days=12, seed=3), path / "mes.parquet")
    return path


@pytest.mark.parametrize(
    ("session", "labels"),
    [
        ("ETH", {}),
        ("RTH", {}),
        ("RTH", {"upper": 2.5, "lower": 2.0, "sides": "both", "atr_period": 30}),
    ],
)
def test_the_column_is_the_label_of_the_run(folder, session, labels):
    inputs = prepared(folder, session, **labels)
    found = inputs.labels[10]
    ours, theirs = inputs.matrix[10:, 1], found.label[:-10]
    # A bar that ties is decided by minutes in the labels, and is a stop in the column.
    compared = found.valid[:-10] & (found.truth[:-10] == 0)
    assert compared.mean() > 0.85
    np.testing.assert_array_equal(ours[compared], theirs[compared])
    assert (found.known_at[:-10] <= inputs.bars.time[10:])[compared].all()


def test_other_labels_make_another_matrix_where_a_column_looks_back_at_them(folder):
    def address(names, **labels):
        return prepared(folder, names=names, **labels).addresses["features"]

    lagged, plain = ("rsi_14", "lag_10_label_h10"), ("rsi_14",)
    assert address(lagged) == address(lagged) != address(lagged, upper=3.0)
    assert address(plain) == address(plain, upper=3.0)
