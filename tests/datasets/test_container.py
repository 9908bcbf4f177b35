import tracemalloc

import numpy as np
import pandas as pd
import pytest

from barwise.core.errors import ConfigError, DataError
from barwise.core.samples import Windows
from barwise.datasets import (
    PARTS,
    DatasetSettings,
    Preparation,
    PreparationSettings,
    SealedError,
    SplitSettings,
    TestSeal,
)
from oracles import purge as oracle

RAW = DatasetSettings(preparation=PreparationSettings(scaler="none"))


def opened(build, table, tmp_path, **more):
    data = build(table, seal=TestSeal(tmp_path / "openings.jsonl"), **more)
    data.open_test(reason="a test of this package")
    return data


def test_parts_are_rows_of_the_matrix_with_their_own_targets(build, table, tmp_path):
    data = opened(build, table, tmp_path, settings=RAW)
    good = table.labels.valid & np.isfinite(table.matrix).all(axis=1)
    for part in PARTS:
        rows = data.rows(part)
        X, y, w = data.get_sklearn_arrays(part)
        np.testing.assert_array_equal(X, table.matrix[rows])
        np.testing.assert_array_equal(y, table.labels.label[rows])
        np.testing.assert_array_equal(data.returns(part), table.labels.ret[rows])
        np.testing.assert_array_equal(data.times(part), table.times[rows])
        assert good[rows].all()
        assert X.dtype == np.float32
        assert len(w) == len(y) == len(rows)
    np.testing.assert_array_equal(data.X_val, table.matrix[data.rows("val")])
    np.testing.assert_array_equal(data.y_train, table.labels.label[data.rows("train")])


def test_by_default_three_of_the_largest_horizon_lie_between_the_parts(build, table):
    data = build(table, horizon=20)
    split = data.split
    assert split.val[0] - split.train[-1] > 60
    assert split.test[0] - split.val[-1] > 60
    ends = table.labels.end_time
    for early, late in ((split.train, split.val), (split.val, split.test)):
        start, stop = table.times[late[0]], table.times[late[-1]]
        for row in early:
            span = (table.times[row], ends[row])
            assert not oracle.shares_time(*span, start, stop)


def test_horizons_share_rows_boundaries_and_parts(build, make_table):
    long = make_table(horizon=20)
    short = make_table(horizon=5)
    short.labels.valid = long.labels.valid
    by_long = build(long, horizon=20)
    by_short = build(short, horizon=5, max_horizon=20, longest=long.labels)
    for part in PARTS:
        np.testing.assert_array_equal(
            by_long.split.part(part), by_short.split.part(part)
        )
    assert by_long.split.boundaries == by_short.split.boundaries
    with pytest.raises(ConfigError, match="horizon=20 and max_horizon=5"):
        build(long, horizon=20, max_horizon=5)


def test_boundaries_do_not_depend_on_the_feature_set(build, table):
    data = build(table)
    table.matrix = table.matrix.copy()
    table.matrix[:700, 2] = np.nan
    other = build(table)
    assert other.split.boundaries == data.split.boundaries
    np.testing.assert_array_equal(other.split.test, data.split.test)
    assert len(other.split.train) < len(data.split.train)


@pytest.mark.parametrize("scaler", ["robust", "standard"])
def test_later_rows_change_nothing_in_train(build, table, scaler):
    settings = DatasetSettings(preparation=PreparationSettings(scaler=scaler))
    data = build(table, settings=settings)
    X, w, state = data.X_train, data.sample_weights, data.preparation.to_dict()
    first = data.split.train[-1] + 1
    changed = table.matrix.copy()
    changed[first:] = np.random.default_rng(9).normal(1e5, 1e4, changed[first:].shape)
    table.matrix = changed
    table.labels.label[first:] = 1
    table.labels.ret[first:] = 0.5
    table.labels.weight[first:] = 1.5
    again = build(table, settings=settings)
    assert again.preparation.to_dict() == state
    assert again.X_train.tobytes() == X.tobytes()
    assert again.sample_weights.tobytes() == w.tobytes()
    assert again.X_val.tobytes() != data.X_val.tobytes()


def test_a_part_cannot_reach_beyond_its_own_last_row(build, table):
    data = build(table)
    for part in ("train", "val"):
        samples = data.samples(part)
        assert len(samples.matrix) == data.rows(part)[-1] + 1
        assert np.shares_memory(samples.matrix, table.matrix)


def test_weights_are_quality_times_uniqueness_with_mean_one(build, table):
    unique = np.random.default_rng(1).uniform(0.05, 1, len(table.times))
    data = build(table, uniqueness=unique)
    rows = data.rows("train")
    raw = [table.labels.weight[r] * unique[r] for r in rows]
    wanted = np.array(raw) / (sum(raw) / len(raw))
    np.testing.assert_allclose(data.sample_weights, wanted, rtol=1e-12)
    assert data.sample_weights.mean() == pytest.approx(1)
    assert (data.get_sklearn_arrays("val")[2] == 1).all()


def test_weights_that_are_all_zero_are_refused(build, table):
    table.labels.weight[:] = 0
    data = build(table)
    with pytest.raises(DataError, match="weigh 0"):
        _ = data.sample_weights


def test_sequences_are_windows_over_scaled_rows(build, table):
    data = build(table)
    windows, y, w = data.get_pytorch_sequences("val", 16)
    assert isinstance(windows, Windows)
    scaled = data.preparation.scaler.apply(table.matrix)
    rows = data.rows("val")
    wanted = np.stack([scaled[r - 15 : r + 1] for r in rows])
    np.testing.assert_array_equal(windows[:], wanted)
    np.testing.assert_array_equal(y, data.y_val)
    assert len(w) == len(windows)


def test_training_sequences_leave_out_samples_with_a_short_past(build, table):
    data = build(table)
    _, y, w = data.get_pytorch_sequences("train", 60)
    late = data.rows("train") >= 30 + 59
    assert 0 < late.sum() < len(late)
    np.testing.assert_array_equal(y, data.y_train[late])
    np.testing.assert_array_equal(w, data.sample_weights[late])
    padded, y, _ = data.get_pytorch_sequences("train", 60, pad=True)
    assert len(padded) == len(y) == len(late)
    assert padded.mask(np.array([0])).sum() == 1
    with pytest.raises(ConfigError, match=r"99999 complete rows.*the most is 1\d\d\d;"):
        data.get_pytorch_sequences("train", 99999)


def test_windows_stay_inside_a_contract(build, table):
    segments = (np.arange(2000) >= 700).astype(np.int64)
    windows, _, _ = build(table, segments=segments).get_pytorch_sequences("train", 30)
    rows = windows.samples.index
    assert (segments[rows - 29] == segments[rows]).all()
    assert 700 + 28 not in rows
    assert 700 + 29 in rows


def test_dense_runs_give_each_label_its_row(build, table):
    segments = (np.arange(2000) >= 700).astype(np.int64)
    data = build(table, segments=segments)
    runs = data.segments("val", context=50)
    samples = data.samples("val")
    assert [len(run.positions) for run in runs] == [len(data.y_val)]
    run = runs[0]
    assert run.steps[0] == 50
    np.testing.assert_array_equal(samples.block(run)[run.steps], data.X_val)
    train = data.segments("train")
    assert [run.start for run in train] == [30, 700]


def test_memory_stays_near_the_matrix(build, make_table):
    table = make_table(rows=40_000, columns=8)
    table.matrix = np.tile(table.matrix, (1, 10)).copy()
    table.names = tuple(f"x{c}" for c in range(80))
    tracemalloc.start()
    try:
        windows, y, w = build(table, settings=RAW).get_pytorch_sequences("train", 60)
        windows[:256]
        held = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert windows.shape[0] == len(y) == len(w)
    # Beside the matrix: targets, times and an index, a few numbers a row.
    assert held < 0.3 * table.matrix.nbytes


def test_binary_labels(build, make_table):
    table = make_table(classes=(0, 1))
    with_two = build(table, settings=DatasetSettings(classes=(0, 1)))
    assert with_two.classes == (0, 1)
    assert set(with_two.y_train) == {0, 1}
    three = make_table()
    with pytest.raises(DataError, match=r"is -1, but it must be one of \(0, 1\)"):
        build(three, settings=DatasetSettings(classes=(0, 1)))


def test_rows_that_are_no_samples_are_counted(build, table):
    mask = np.ones(2000, dtype=bool)
    mask[:100] = False
    table.matrix = table.matrix.copy()
    table.matrix[200:205] = np.nan
    table.labels.valid = table.labels.valid.copy()
    table.labels.valid[[300, 301]] = False
    data = build(table, sample_mask=mask)
    unlabelled = int((~table.labels.valid[100:]).sum())
    assert data.dropped == {
        "not a sample": 100,
        "no label": unlabelled,
        "missing features": 5,
    }
    used = np.concatenate([data.split.part(part) for part in PARTS])
    assert not np.isin(used, [*range(100), *range(200, 205), 300, 301]).any()


def test_roles_of_columns(build, table):
    settings = DatasetSettings(known=("x1",), static=("x3",))
    wanted = ("observed", "known", "observed", "static", "observed")
    assert build(table, settings=settings).samples("train").roles == wanted
    for wrong in ({"known": ("x9",)}, {"known": ("x1",), "static": ("x1",)}):
        with pytest.raises(ConfigError, match="known and static"):
            build(table, settings=DatasetSettings(**wrong))


def test_a_fold_is_prepared_on_its_own(build, table):
    data = build(table)
    fold = np.arange(400)
    again = Preparation(data.preparation.settings)
    again.fit(data.samples("train").take(fold))
    mine = Preparation(data.preparation.settings)
    mine.fit(data.samples("train").scaled_by(None).take(fold))
    assert again.to_dict() == mine.to_dict()
    assert again.to_dict() != data.preparation.to_dict()


def test_the_test_part_is_sealed(build, table, tmp_path):
    seal = TestSeal(tmp_path / "openings.jsonl")
    data = build(table, seal=seal)
    asks = (
        lambda: data.X_test,
        lambda: data.y_test,
        lambda: data.rows("test"),
        lambda: data.samples("test"),
        lambda: data.times("test"),
        lambda: data.returns("test"),
        lambda: data.weights("test"),
        lambda: data.segments("test"),
        lambda: data.get_sklearn_arrays("test"),
        lambda: data.get_pytorch_sequences("test", 10),
    )
    for ask in asks:
        with pytest.raises(SealedError, match=r"MES, horizon 20, is sealed.*open_test"):
            ask()
    assert "sealed" in repr(data)
    assert seal.openings() == []
    X, y = data.open_test(reason="final report")
    assert X.tobytes() == data.X_test.tobytes()
    np.testing.assert_array_equal(y, table.labels.label[data.split.test])
    for ask in asks:
        ask()
    data.open_test(reason="final report")
    assert data.times_opened == 1
    build(table, seal=seal).open_test(reason="another look")
    assert data.times_opened == 2
    (first, _) = seal.openings()
    assert first.configuration == data.configuration
    assert (first.start, first.end) == data.test_span
    assert "sealed" not in repr(data)


def test_without_a_record_the_test_part_stays_shut(build, table, tmp_path):
    data = build(table)
    assert data.times_opened == 0
    with pytest.raises(SealedError, match="seal=TestSeal"):
        data.open_test(reason="curious")
    data = build(table, seal=TestSeal(tmp_path / "openings.jsonl"))
    with pytest.raises(ConfigError, match="needs a reason"):
        data.open_test(reason="  ")
    with pytest.raises(SealedError):
        _ = data.X_test


def test_it_introduces_itself(build, table):
    data = build(table)
    text = repr(data)
    assert text.startswith("TimeSeriesDataContainer(MES, horizon 20, 5 features")
    assert f"{len(data.y_train):,} rows" in text
    share = np.mean(data.y_train == -1)
    assert f"-1: {share:.1%}" in text
    html = data._repr_html_()
    assert html.count("<tr>") == 4
    assert "1970-01-01 02:30 to" in html


def test_a_table_that_does_not_fit_is_refused(build, table):
    table.times = table.times[:-1]
    with pytest.raises(ConfigError, match=r"labels.label has shape \(2000,\)"):
        build(table)


def test_labels_that_break_a_rule_name_the_row(build, make_table):
    for name, value, says in (
        ("label", 7, r"labels.label of row 40 is 7"),
        ("end_time", 0, r"labels.end_time of row 40 is 0"),
        ("end_index", 39, r"labels.end_index of row 40 is 39"),
        ("end_index", 2000, r"labels.end_index of row 40 is 2000"),
        ("weight", np.nan, r"labels.weight of row 40 is nan"),
        ("weight", -1, r"labels.weight of row 40 is -1"),
    ):
        table = make_table()
        getattr(table.labels, name)[40] = value
        with pytest.raises(DataError, match=says):
            build(table)
        table.labels.valid[40] = False
        build(table)


def test_times_and_uniqueness_are_checked(build, table):
    unique = np.ones(2000)
    unique[50] = np.nan
    with pytest.raises(DataError, match="uniqueness of row 50 is nan"):
        build(table, uniqueness=unique)
    with pytest.raises(ConfigError, match="segments of shape"):
        build(table, segments=np.zeros(3, int))
    with pytest.raises(ConfigError, match="2000 booleans"):
        build(table, sample_mask=np.ones(3, dtype=bool))
    table.labels.end_time[:] = table.times[-1]
    table.times = table.times.copy()
    table.times[70] = 0
    with pytest.raises(DataError, match="row 70 is earlier"):
        build(table)


def test_a_part_without_complete_rows_names_the_empty_columns(build, table):
    table.matrix = table.matrix.copy()
    table.matrix[:1390, 3] = np.nan
    with pytest.raises(ConfigError, match=r"train part has .* x3 \(0 of \d+\), x0"):
        build(table)


def test_too_few_rows_say_so(build, make_table):
    with pytest.raises(ConfigError, match=r"val part is empty.*split.purge=60"):
        build(make_table(rows=300))
    small = DatasetSettings(split=SplitSettings(purge=0))
    assert len(build(make_table(rows=300), settings=small).y_val) > 10


def test_labels_that_are_known_later_than_they_end_are_purged_by_that(table, build):
    late = table.times[table.labels.end_index] + 600 * 60 * 10**9
    plain = build(table)
    table.labels.known_at = late
    data = build(table)
    rows = data.rows("train")
    np.testing.assert_array_equal(data.label_end_times, late[rows])
    assert late[rows].max() < table.times[data.rows("val")].min()
    assert len(rows) < len(plain.rows("train"))


def test_times_of_any_unit_and_zone_are_the_same_moments(build, table):
    want = build(table).split
    at = table.times.astype("datetime64[ns]")
    for unit in ("ns", "us", "s"):
        table.times = at.astype(f"datetime64[{unit}]")
        assert build(table).split.boundaries == want.boundaries
    table.times = pd.DatetimeIndex(at).tz_localize("UTC").tz_convert("Asia/Tokyo")
    ends = table.labels.end_time.astype("datetime64[ns]")
    table.labels.end_time = ends.astype("datetime64[us]")
    table.labels.end_time[~table.labels.valid] = np.datetime64("NaT")
    made = build(table)
    assert made.split.boundaries == want.boundaries
    np.testing.assert_array_equal(made.split.train, want.train)
    table.times = pd.Series(at)
    table.times[7] = pd.NaT
    with pytest.raises(DataError, match=r"times of row 7 is missing \(NaT"):
        build(table)
    table.times = at.astype(float)
    with pytest.raises(ConfigError, match="times must be one row of int64"):
        build(table)


@pytest.mark.parametrize("value", [np.nan, 0.5, 257.0])
def test_what_is_no_class_never_becomes_one(build, table, value):
    label = table.labels.label.astype(float)
    label[40] = value
    table.labels.label = label
    with pytest.raises(DataError, match=f"labels.label of row 40 is {value}"):
        build(table)
    table.labels.valid[40] = False
    made = build(table)
    assert 40 not in made.split.train


def test_flags_are_true_or_false_and_a_matrix_has_two_dimensions(build, table):
    want = build(table)
    table.labels.valid = table.labels.valid.astype(int)
    np.testing.assert_array_equal(build(table).X_train, want.X_train)
    table.labels.valid = np.where(table.labels.valid, 1.0, np.nan)
    with pytest.raises(ConfigError, match=r"labels\.valid must hold True or False"):
        build(table)
    table.labels.valid, table.matrix = want.frame.targets.valid, table.matrix[:, 0]
    with pytest.raises(ConfigError, match="C-contiguous float32 matrix"):
        build(table)


def test_horizons_and_windows_are_whole_numbers(build, table):
    data = build(table)
    with pytest.raises(ConfigError, match="horizon must be a whole number >= 1"):
        build(table, horizon=True)
    with pytest.raises(ConfigError, match="whole number of rows, at least 1"):
        data.get_pytorch_sequences("train", True)
    with pytest.raises(ConfigError, match="at least 0, got context=-1"):
        data.segments("train", context=-1)
