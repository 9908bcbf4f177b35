"""Aligned out-of-fold predictions: equal rows, missing is missing, the file proves it."""

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from barwise.core.errors import ConfigError, IntegrityError, LeakError
from barwise.datasets import CombinatorialPurgedKFold, PurgedKFold, WalkForward
from barwise.testing.toy_data import toy_container, toy_matrix
from barwise.training import (
    TrainerConfig,
    align_out_of_fold,
    load_out_of_fold,
    out_of_fold,
    write_out_of_fold,
)
from barwise.training.aligned import NO_TIME
from barwise.training.out_of_fold import assemble

SMALL_LSTM = {"hidden_size": 2, "layers": 1, "max_epochs": 1}
LSTM = TrainerConfig(model_name="lstm", horizon=5, sequence_length=40, model=SMALL_LSTM)
CLASSES = ("short", "neutral", "long")


def made_of(splitter, *models):
    data = toy_container(600, matrix=with_holes())
    made = {getattr(m, "model_name", m): out_of_fold(m, data, splitter) for m in models}
    return data, made


def with_holes():
    """Features with a gap: windows over it are not complete, single rows are."""
    matrix = toy_matrix(600)
    matrix[250:253] = np.nan
    return matrix


@pytest.fixture(scope="module")
def purged():
    data, made = made_of(PurgedKFold(3, embargo=10), "logistic", LSTM)
    return data, made, align_out_of_fold(made, data, splitter="3 purged folds")


@pytest.fixture
def file(purged, tmp_path):
    path = tmp_path / "oof.parquet"
    write_out_of_fold(purged[2], path)
    return path


def slow_join(made):
    """A dictionary by time, filled fold by fold from what each fold itself returned."""
    rows = {}
    for name, one in made.items():
        for number, fold in enumerate(one.folds):
            train, test = one.plan.folds[number]
            for place, position in enumerate(test):
                time = int(one.plan.samples.times[position])
                row = rows.setdefault(time, {"fold": number})
                row[name] = None if fold is None else fold.probabilities[place]
                begins = [int(one.plan.samples.times[i]) for i in train]
                ends = [int(one.plan.samples.label_end_times[i]) for i in train]
                end = int(one.plan.samples.label_end_times[position])
                row["until"] = max((e for e in ends if e < time), default=None)
                row["from"] = min((b for b in begins if b > end), default=None)
    return rows


# --- the rows --------------------------------------------------------------------------


def test_every_model_has_the_rows_of_a_slow_join(purged, file):
    data, made, _ = purged
    wanted = slow_join(made)
    rows = pq.read_table(file).to_pylist()
    assert [row["time"].value for row in rows] == sorted(wanted)
    assert {row["symbol"] for row in rows} == {"toy"}
    for row in rows:
        other = wanted[row["time"].value]
        assert row["fold"] == other["fold"]
        for key in ("until", "from"):
            stamp = row[f"trained_{key}"]
            assert (stamp and stamp.value) == other[key]
        for name in made:
            found = [row[f"{name}_{each}"] for each in CLASSES]
            if np.isnan(other[name]).any():
                assert found == [None, None, None]
            else:
                np.testing.assert_array_equal(found, other[name])
        frame, bar = data.frame, row["bar"]
        assert row["time"].value == frame.times[bar]
        assert row["label"] == frame.targets.label[bar]
        assert row["label_end"].value == frame.targets.end_time[bar]


def test_a_model_that_needs_a_window_abstains_where_the_other_answers(purged):
    data, _, aligned = purged
    answers = {
        n: np.isfinite(p[0]).all(axis=1) for n, p in aligned.probabilities.items()
    }
    assert answers["logistic"].all()
    silent = aligned.rows[~answers["lstm"]]
    # The first rows of the data, and those whose window reaches over the gap.
    reach = data.frame.reach[aligned.rows]
    np.testing.assert_array_equal(silent, aligned.rows[reach < 40])
    assert len(silent) > 60
    assert aligned.facts["lstm"]["abstained"] == len(silent)
    assert aligned.facts["logistic"]["abstained"] == 0
    np.testing.assert_array_equal(aligned.complete[0], answers["lstm"])
    assert np.isnan(aligned.matrix()[~answers["lstm"], 3:]).all()


def test_a_fold_that_failed_is_missing_and_told(purged):
    data, made, _ = purged
    one = made["logistic"]
    broken = assemble(one.plan, data, [one.folds[0], None, one.folds[2]])
    aligned = align_out_of_fold(
        {"whole": one, "broken": broken},
        data,
        splitter="",
        failed={"broken": {1: "singular"}},
    )
    second = aligned.paths[0] == 1
    assert np.isnan(aligned.probabilities["broken"][0, second]).all()
    assert aligned.facts["broken"]["failed"] == {"1": "singular"}
    assert aligned.facts["broken"]["learned"][1] is None
    assert aligned.facts["broken"]["abstained"] == 0
    assert (aligned.complete[0] == ~second).all()


def test_weights_have_mean_one_and_the_labels_proportions(purged):
    data, _, aligned = purged
    raw = data.frame.targets.weight * data.frame.uniqueness
    np.testing.assert_allclose(
        aligned.sample_weights, raw[aligned.rows] / raw[aligned.rows].mean()
    )


def test_models_that_were_folded_differently_are_refused(purged):
    data, made, _ = purged
    other = out_of_fold("logistic", data, PurgedKFold(4, embargo=10))
    with pytest.raises(ConfigError, match="other and logistic were folded differently"):
        align_out_of_fold(made | {"other": other}, data, splitter="")


# --- the file --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("splitter", "paths"),
    [(CombinatorialPurgedKFold(4, 2, embargo=5), 3), (WalkForward(3), 1)],
    ids=["combinatorial", "walk-forward"],
)
def test_what_was_written_is_read_back(splitter, paths, tmp_path):
    data, made = made_of(splitter, "logistic")
    aligned = align_out_of_fold(made, data, splitter=str(splitter))
    for name in ("first", "again"):
        write_out_of_fold(aligned, tmp_path / name)
    assert (tmp_path / "first").read_bytes() == (tmp_path / "again").read_bytes()
    read = load_out_of_fold(tmp_path / "first")
    assert read.paths.shape == (paths, len(aligned))
    for name in ("rows", "times", "label_end_times", "y", "sample_weights", "paths"):
        np.testing.assert_array_equal(getattr(read, name), getattr(aligned, name))
    np.testing.assert_array_equal(
        read.probabilities["logistic"], made["logistic"].paths
    )
    for mine, theirs in zip(read.folds, made["logistic"].plan.folds, strict=True):
        np.testing.assert_array_equal(mine[0], theirs[0])
        np.testing.assert_array_equal(mine[1], theirs[1])
    assert read.facts == aligned.facts
    assert repr(read) == repr(aligned)
    untested = read.paths == -1
    assert (read.trained_until[untested] == NO_TIME).all()
    assert untested.any() == (paths == 1)


def rewritten(path, change):
    table = pq.read_table(path)
    pq.write_table(change(table), path)


def set_column(name, values):
    def change(table):
        place = table.column_names.index(name)
        kind = table.schema.field(name).type
        column = values(table.column(name).to_pylist())
        return table.set_column(place, name, pa.array(column, kind))

    return change


@pytest.mark.parametrize(
    ("column", "change"),
    [
        ("logistic_long", lambda v: [0.9, *v[1:]]),
        ("lstm_long", lambda v: [0.0 if one is None else one for one in v]),
        ("fold", lambda v: [(one + 1) % 3 for one in v]),
        ("symbol", lambda v: ["other", *v[1:]]),
        ("label", lambda v: [-one for one in v]),
    ],
)
def test_a_changed_value_is_refused(file, column, change):
    load_out_of_fold(file)
    rewritten(file, set_column(column, change))
    with pytest.raises(IntegrityError, match="was changed"):
        load_out_of_fold(file)


def test_changed_training_spans_are_refused(file):
    def change(table):
        told = json.loads(table.schema.metadata[b"barwise"])
        told["trained_on"][0] = [[0, len(table)]]
        return table.replace_schema_metadata({b"barwise": json.dumps(told).encode()})

    rewritten(file, change)
    with pytest.raises(IntegrityError, match="was changed"):
        load_out_of_fold(file)


def test_a_file_without_a_column_or_with_another_type_was_changed(file):
    table = pq.read_table(file)
    for name in table.column_names:
        for other in (
            table.drop_columns([name]),
            table.drop_columns([name]).append_column(
                name, pa.array(["x"] * len(table))
            ),
        ):
            pq.write_table(other, file)
            with pytest.raises(IntegrityError, match="was changed"):
                load_out_of_fold(file)


def test_a_cut_off_file_and_another_table_are_refused(file, tmp_path):
    file.write_bytes(file.read_bytes()[:-50])
    with pytest.raises(IntegrityError, match="cannot be read"):
        load_out_of_fold(file)
    pq.write_table(pa.table({"time": [1]}), file)
    with pytest.raises(ConfigError, match="holds no out-of-fold predictions"):
        load_out_of_fold(file)
    with pytest.raises(ConfigError, match="there is no file"):
        load_out_of_fold(tmp_path / "nothing")


def test_a_file_of_a_leaking_fold_is_refused(purged, tmp_path):
    """Whole, with the right hash, but written by someone who trained on a test row."""
    aligned = purged[2]
    (train, test), *rest = aligned.folds
    leaking = replace(aligned, folds=((np.union1d(train, test[-1:]), test), *rest))
    write_out_of_fold(leaking, tmp_path / "leak")
    with pytest.raises(LeakError, match="of fold 1 have a label"):
        load_out_of_fold(tmp_path / "leak")
