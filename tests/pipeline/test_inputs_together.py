"""Columns that learn, lagged labels, tables and finer bars at once: the laws still hold."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from barwise.bars.simulate import simulate_bars
from barwise.bars.stored import write_bars
from barwise.core.arrays import HOUR
from barwise.features import ExternalColumns
from barwise.pipeline import RunConfig
from barwise.pipeline.audits.futures import with_future
from barwise.pipeline.features import graph_of, parameters_of
from barwise.pipeline.inputs import prepare_inputs
from barwise.pipeline.journey import run
from barwise.pipeline.side import side_inputs
from barwise.pipeline.steps import Steps
from barwise.pipeline.store import ObjectStore

pytestmark = pytest.mark.usefixtures("blank_figures")

NAMES = (
    "regime_hmm_2_p1",
    "lag_2_regime_hmm_2_p1",
    "mtf_1h_regime_hmm_2_p0",
    "lag_10_label_h10",
    "lag_10_label_return_h10",
    "ext_vix_close",
    "lag_3_ext_vix_close",
    "mtf_1min_realized_vol_30",
    "lag_2_mtf_1min_realized_vol_30",
    "mtf_1h_rsi_14",
    "return_1",
)
BARS = simulate_bars("MES", days=14, seed=8)
KNOWN = BARS.time[::97]
VIX = 15.0 + np.cumsum(np.random.default_rng(1).normal(0.0, 0.1, len(KNOWN)))


def config(folder):
    return RunConfig(
        symbol="MES",
        data={"path": folder / "mes.parquet", "label": "close", "gaps": "ffill"},
        features={"set": None, "names": NAMES},
        external=[
            {
                "name": "vix",
                "path": folder / "vix.parquet",
                "known_at": "known",
                "columns": ["close"],
                "max_age": "3d",
            }
        ],
        labels={"horizons": [10]},
        models=["logistic"],
        output=folder / "experiments",
    )


def prepared(folder: Path, bars=BARS, vix=VIX):
    folder.mkdir(exist_ok=True)
    write_bars(bars, folder / "mes.parquet")
    known = KNOWN.astype("datetime64[ns]")
    pl.DataFrame({"known": known, "close": vix}).write_parquet(folder / "vix.parquet")
    settings, store = config(folder), ObjectStore(folder / "store")
    inputs = prepare_inputs(settings, Steps(store), lambda _text: None)
    learned = parameters_of(store.get(inputs.addresses["features"]))
    return inputs, learned


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    inputs, learned = prepared(tmp_path_factory.mktemp("together"))
    beside = side_inputs(inputs.config, inputs.columns, inputs.raw_interval).read()
    return SimpleNamespace(
        inputs=inputs,
        bars=inputs.bars,
        matrix=inputs.matrix,
        learned=learned,
        fine=beside["fine"],
        vix=beside["external"]["vix"],
        last=int(np.searchsorted(inputs.bars.time, inputs.fitted.last)),
    )


def fresh(made):
    graph = graph_of(made.inputs.config, made.inputs.columns)
    return graph.with_parameters(made.learned)


def pushed(made, graph, rows, lead=0):
    """Push some rows, what is beside them up to ``lead`` after the last one's close."""
    (start, stop), vix = rows, made.vix
    ends = [made.bars.time[row - 1] + lead if row else -1 for row in rows]
    fine, known = (np.searchsorted(t, ends, side="right") for t in
                   (made.fine.time, vix.known_at))  # fmt: skip
    return graph.push(
        made.bars[start:stop],
        fine=made.fine[fine[0] : fine[1]],
        external={"vix": vix[known[0] : known[1]]},
    )


def test_every_column_has_values(made):
    share = np.isfinite(made.matrix[300:]).mean(axis=0)
    assert dict(zip(NAMES, share > 0.5, strict=True)) == dict.fromkeys(NAMES, True)
    labels = made.inputs.labels[10]
    ours, theirs = made.matrix[10:, NAMES.index("lag_10_label_h10")], labels.label
    sure = labels.valid[:-10] & (labels.truth[:-10] == 0)
    np.testing.assert_array_equal(ours[sure], theirs[:-10][sure])
    assert (labels.known_at[:-10] <= made.bars.time[10:])[sure].all()


@pytest.mark.parametrize(
    ("share", "hours"), [(0.02, 0), (0.41, 0), (0.41, 3), (0.73, 3)]
)
def test_a_run_that_is_stopped_goes_on_from_its_snapshot(made, share, hours):
    """Backfilled, stopped, restored in a new graph, then live, bar by bar.

    Finer bars and tables may be ahead of the bars, and then they wait over the stop.
    """
    lead = hours * HOUR
    stop = int(share * len(made.bars))
    before, after = fresh(made), fresh(made)
    rows = [pushed(made, before, (0, stop), lead)]
    after.restore(before.snapshot())
    live = range(stop, stop + 150)
    rows += [pushed(made, after, (row, row + 1), lead) for row in live]
    rows.append(pushed(made, after, (live.stop, len(made.bars)), lead))
    np.testing.assert_array_equal(np.concatenate(rows), made.matrix)


@pytest.mark.parametrize("share", [0.2, 0.57, 0.9])
def test_other_inputs_after_a_row_change_no_row_before(made, share):
    """Tables may know more than the bars, and the finer bars may be ahead."""
    row = int(share * len(made.bars))
    time = made.bars.time[row - 1]
    ahead = int(np.searchsorted(made.fine.time, time, side="right"))
    vix = made.vix
    closes = np.where(vix.known_at > time, -1.0, vix.columns["close"])
    graph = fresh(made)
    first = graph.push(
        made.bars[:row],
        fine=with_future(made.fine, ahead, "higher"),
        external={"vix": ExternalColumns(vix.known_at, {"close": closes}, None, vix.max_age)},
    )  # fmt: skip
    np.testing.assert_array_equal(first, made.matrix[:row])
    rest = graph.push(made.bars[row:])
    assert not np.array_equal(rest, made.matrix[row:], equal_nan=True)


def test_what_comes_after_the_training_rows_teaches_nothing(made, tmp_path):
    end = made.inputs.fitted.last
    bars = with_future(
        BARS, int(np.searchsorted(BARS.time, end, side="right")), "lower"
    )
    vix = np.where(end < KNOWN, -1.0, VIX)
    other, learned = prepared(tmp_path, bars, vix)
    assert other.fitted == made.inputs.fitted
    assert list(learned) == list(made.learned)
    for one, two in zip(learned.values(), made.learned.values(), strict=True):
        np.testing.assert_array_equal(one, two)
    same = slice(0, made.last + 1)
    np.testing.assert_array_equal(other.matrix[same], made.matrix[same])
    after = slice(made.last + 20, None)
    assert not (other.matrix[after] == made.matrix[after]).all(axis=0).any()


def test_a_model_is_trained_on_them_and_the_report_says_what_was_learned(tmp_path):
    prepared(tmp_path)
    summary = run(config(tmp_path))
    assert summary.inputs.names == NAMES
    page = summary.report.read_text("utf-8")
    assert "regime_hmm_2_p1, lag_2_regime_hmm_2_p1. Learned: state 0:" in page
