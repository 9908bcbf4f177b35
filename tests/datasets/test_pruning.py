"""Columns that repeat an earlier one are left out, fold by fold, on training rows."""

import json

import numpy as np
import pandas as pd
import pytest

from barwise.core.samples import Samples
from barwise.datasets import (
    DatasetSettings,
    Preparation,
    PreparationSettings,
    check_dataset,
    load_container,
    prune,
    save_container,
)

PRUNED = PreparationSettings(prune_correlated=0.95)


def samples_of(matrix, names=None):
    row = np.arange(len(matrix))
    names = names or tuple(f"x{c}" for c in range(matrix.shape[1]))
    matrix = np.ascontiguousarray(matrix, dtype=np.float32)
    return Samples(matrix, row, row, row + 1, row * 0, names)


@pytest.fixture
def similar():
    """Columns of three families, each a noisy copy of its first one or close to it."""
    rng = np.random.default_rng(3)
    base = rng.normal(size=(4000, 3))
    noise = rng.normal(size=(4000, 9)) * np.tile([0.0, 0.1, 0.5], 3)
    matrix = np.repeat(base, 3, axis=1) * np.tile([1.0, -3.0, 2.0], 3) + noise
    return matrix[:, rng.permutation(9)]


def greedy_by_pandas(matrix, threshold):
    """The same rule over pandas' correlations: an earlier column that stays wins."""
    table = pd.DataFrame(matrix).corr().abs().to_numpy()
    kept = []
    for column in range(matrix.shape[1]):
        if not any(table[column, early] > threshold for early in kept):
            kept.append(column)
    return kept


@pytest.mark.parametrize("threshold", [0.5, 0.9, 0.95, 0.9999])
def test_what_stays_is_what_a_plain_loop_keeps(similar, threshold):
    found = prune(samples_of(similar), threshold)
    gone = {one.column for one in found}
    wanted = greedy_by_pandas(similar.astype(np.float32), threshold)
    assert [c for c in range(9) if f"x{c}" not in gone] == wanted
    for one in found:
        assert one.kept not in gone
        assert int(one.kept[1:]) < int(one.column[1:])
        assert abs(one.correlation) > threshold


def test_a_chain_loses_only_what_is_close_to_what_stays():
    """a ~ b ~ c, but not a ~ c: without b, c says something of its own."""
    rng = np.random.default_rng(0)
    a, noise = rng.normal(size=(2, 20_000))
    turned = [np.cos(angle) * a + np.sin(angle) * noise for angle in (0.0, 0.25, 0.5)]
    found = prune(samples_of(np.column_stack(turned), ("a", "b", "c")), 0.95)
    assert [(one.column, one.kept) for one in found] == [("b", "a")]


def test_the_order_of_the_columns_says_which_one_stays(similar):
    pair = np.column_stack([similar[:, 0]] * 2)
    forward = samples_of(pair, ("first", "later"))
    assert [(p.column, p.kept) for p in prune(forward, 0.95)] == [("later", "first")]
    backward = samples_of(pair, ("later", "first"))
    assert [(p.column, p.kept) for p in prune(backward, 0.95)] == [("first", "later")]


def test_a_fold_prunes_by_its_own_rows(similar):
    """Two columns that are equal in one half of the rows only."""
    matrix = similar[:, :2].copy()
    rng = np.random.default_rng(1)
    matrix[:2000, 1] = matrix[:2000, 0]
    matrix[2000:, 1] = rng.normal(size=2000)
    samples = samples_of(matrix)
    first, second = Preparation(PRUNED), Preparation(PRUNED)
    early = first.fit(samples.take(np.arange(2000)))
    late = second.fit(samples.take(np.arange(2000, 4000)))
    assert (first.columns, early.rows.shape) == (("x0",), (2000, 1))
    assert (second.columns, late.rows.shape) == (("x0", "x1"), (2000, 2))
    changed = matrix.copy()
    changed[2000:] = rng.normal(size=(2000, 2)) * 50
    other = Preparation(PRUNED)
    other.fit(samples_of(changed).take(np.arange(2000)))
    assert other.to_dict() == first.to_dict()


def test_a_fold_inherits_no_selection(similar):
    """The column that one fold leaves out is what another one has to look at."""
    matrix = similar[:, :3].copy()
    rng = np.random.default_rng(2)
    matrix[:] = rng.normal(size=matrix.shape)
    matrix[:2000, 1] = matrix[:2000, 0]
    matrix[2000:, 2] = matrix[2000:, 1]
    samples, later = samples_of(matrix), np.arange(2000, 4000)
    first, second = Preparation(PRUNED), Preparation(PRUNED)
    carried = first.fit(samples.take(np.arange(2000)))
    assert first.columns == ("x0", "x2")
    second.fit(first.apply(samples).take(later))
    assert carried.columns == first.columns
    assert second.columns == ("x0", "x1")
    alone = Preparation(PRUNED)
    alone.fit(samples.take(later))
    assert second.to_dict() == alone.to_dict()


def test_rows_windows_and_dense_runs_have_the_kept_columns(similar):
    samples = samples_of(similar)
    preparation = Preparation(PRUNED)
    ready = preparation.fit(samples)
    plain = Preparation(PreparationSettings()).fit(samples)
    kept = [samples.names.index(name) for name in preparation.columns]
    assert 3 <= len(kept) < 9
    assert ready.columns == preparation.columns
    np.testing.assert_array_equal(ready.rows, plain.rows[:, kept])
    windows, whole = ready.windows(5, pad=True), plain.windows(5, pad=True)
    assert windows.shape == (4000, 5, len(kept))
    np.testing.assert_array_equal(windows[:50], whole[:50][:, :, kept])
    (run,) = ready.runs()
    np.testing.assert_array_equal(ready.block(run), plain.block(run)[:, kept])
    assert ready.rows.flags.c_contiguous
    assert windows[:50].flags.c_contiguous
    assert np.shares_memory(ready.matrix, samples.matrix)


def test_a_container_shows_and_stores_what_it_keeps(build, make_table, tmp_path):
    table = make_table()
    table.matrix[:, 3] = -2 * table.matrix[:, 1] + 1
    settings = DatasetSettings(preparation=PRUNED)
    data = build(table, settings=settings)
    assert data.feature_names == ("x0", "x1", "x2", "x4")
    assert data.X_train.shape[1] == data.X_val.shape[1] == 4
    (pruned,) = data.preparation.pruned
    assert (pruned.column, pruned.kept) == ("x3", "x1")
    assert check_dataset(data).correlated == ()
    assert set(check_dataset(data).missing) == set(table.names)
    save_container(data, tmp_path / "data")
    back = load_container(tmp_path / "data")
    assert back.feature_names == data.feature_names
    assert back.preparation.pruned == data.preparation.pruned
    assert back.X_val.tobytes() == data.X_val.tobytes()
    plain = build(table)
    assert [len(plain.rows(p)) for p in ("train", "val")] == [
        len(data.rows(p)) for p in ("train", "val")
    ]


def test_later_rows_change_nothing_that_is_pruned(build, make_table):
    table, settings = make_table(), DatasetSettings(preparation=PRUNED)
    before = build(table, settings=settings)
    later = before.split.train[-1] + 1
    table.matrix[later:, 2] = table.matrix[later:, 1]
    after = build(table, settings=settings)
    assert after.preparation.to_dict() == before.preparation.to_dict()


def test_it_survives_json(similar):
    preparation = Preparation(PRUNED)
    rows = preparation.fit(samples_of(similar)).rows
    back = Preparation.from_dict(json.loads(json.dumps(preparation.to_dict())))
    assert back.apply(samples_of(similar)).rows.tobytes() == rows.tobytes()
    assert back.pruned == preparation.pruned
    assert "columns pruned" in repr(back)
