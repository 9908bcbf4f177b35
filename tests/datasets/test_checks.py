import numpy as np
import pytest
from scipy.stats import pearsonr

from barwise.core.samples import Samples
from barwise.datasets import (
    CheckSettings,
    DatasetSettings,
    PreparationSettings,
    TestSeal,
    check_dataset,
    correlated_pairs,
)


def messages(verdict, check):
    return [f.message for f in verdict.findings if f.check == check]


def test_a_sound_data_set_is_ready(build, make_table):
    table = make_table()
    table.matrix = np.random.default_rng(0).normal(size=(2000, 5)).astype("f4")
    verdict = check_dataset(build(table))
    assert verdict.ready
    assert verdict.findings == ()
    assert str(verdict) == "ready for training: 0 errors, 0 warnings"
    assert set(verdict.overlaps.values()) == {0}
    assert list(verdict.balance) == list(verdict.clip_rates) == ["train", "val"]


def test_correlation_is_scipys():
    rng = np.random.default_rng(1)
    base = rng.normal(size=(20_000, 3))
    mixed = base @ rng.normal(size=(3, 12)) + 0.3 * rng.normal(size=(20_000, 12))
    matrix = (mixed * 1e3 + 1e5).astype(np.float32)
    matrix[:, 7] = 2.5
    row = np.arange(20_000)
    names = tuple(f"x{c}" for c in range(12))
    samples = Samples(matrix, row, row, row, row * 0, names)
    train = samples.take(rng.random(20_000) < 0.9)
    wanted = {}
    for a in range(12):
        for b in range(a + 1, 12):
            if 7 in (a, b):
                continue
            r = pearsonr(*(train.rows[:, c].astype(float) for c in (a, b))).statistic
            if abs(r) > 0.8:
                wanted[names[a], names[b]] = r
    found = {(a, b): r for a, b, r in correlated_pairs(train, 0.8)}
    assert len(wanted) > 3
    assert list(found) == list(wanted)
    assert found == pytest.approx(wanted, abs=1e-6)


def test_columns_that_deserve_a_word_are_named(build, table):
    table.matrix = table.matrix.copy()
    table.matrix[:, 1] = 4
    table.matrix[:, 3] = -2 * table.matrix[:, 2] + 1
    table.matrix[500:503, 4] = np.inf
    table.matrix[1999, 4] = np.nan
    verdict = check_dataset(build(table))
    assert verdict.ready
    assert verdict.constant == ("x1",)
    assert verdict.infinite == {"x4": 3}
    assert [pair[:2] for pair in verdict.correlated] == [("x2", "x3")]
    assert "x2 ~ x3 (-1.000)" in messages(verdict, "correlation")[0]
    assert "x1; leave it out" in messages(verdict, "constant")[0]
    assert "x4 (3)" in messages(verdict, "infinite")[0]
    stop = np.searchsorted(table.times, build(table).split.boundaries[1])
    assert verdict.missing["x0"] == pytest.approx(30 / stop)
    assert verdict.missing["x4"] == pytest.approx(30 / stop)
    assert verdict.missing["x1"] == 0


def test_correlation_is_of_training_rows_only(build, table):
    table.matrix = table.matrix.copy()
    later = build(table).split.train[-1] + 1
    table.matrix[later:, 3] = table.matrix[later:, 2]
    assert check_dataset(build(table)).correlated == ()


def test_a_rare_class_warns_and_an_absent_one_stops(build, table):
    rare = np.where(np.arange(2000) % 50 == 0, 1, -1).astype(np.int8)
    table.labels.label = np.where(np.arange(2000) % 3 == 0, 0, rare)
    verdict = check_dataset(build(table))
    assert verdict.ready
    assert "class 1 has 1." in messages(verdict, "classes")[0]
    settings = CheckSettings(rare_class=0.001, clip_rate=0.05)
    assert check_dataset(build(table), settings).findings == ()
    table.labels.label = np.where(table.labels.label == 1, 0, table.labels.label)
    verdict = check_dataset(build(table))
    assert not verdict.ready
    assert str(verdict).startswith("not ready for training: 1 error, ")
    assert "error: classes: class 1 has 0.00% of the train part" in str(verdict)


def test_labels_that_reach_into_the_next_part_stop(build, table):
    data = build(table)
    ends = data.frame.targets.end_time
    last = data.split.train[-3:]
    ends[last] = table.times[data.split.val[4]]
    ends[data.split.val[-1]] = table.times[data.split.test[0]]
    verdict = check_dataset(data)
    assert verdict.overlaps[("train", "val")] == 3
    assert verdict.overlaps[("val", "test")] == 1
    assert verdict.overlaps[("train", "test")] == 0
    assert not verdict.ready
    assert "3 labels of train end inside val" in messages(verdict, "overlap")[0]


def test_a_market_that_moved_away_raises_the_clip_alarm(build, make_table, tmp_path):
    table = make_table()
    rng = np.random.default_rng(0)
    table.matrix = rng.normal(size=(2000, 5)).astype("f4")
    data = build(table)
    rows = data.split.val[:30]
    table.matrix[rows, 2] = 1e6
    table.matrix[data.split.test, 4] = -1e6
    data = build(table, seal=TestSeal(tmp_path / "openings.jsonl"))
    verdict = check_dataset(data)
    share = 30 / len(data.y_val) / 5
    assert verdict.clip_rates["val"] == pytest.approx(share)
    assert verdict.clip_rates["train"] == 0
    (said,) = messages(verdict, "clipping")
    assert said.startswith(f"{share:.2%} of the values of val are clipped, over 1%: x2")
    data.open_test(reason="a test of this package")
    assert check_dataset(data).clip_rates["test"] == pytest.approx(0.2)
    assert "test" in check_dataset(data).balance
    raw = DatasetSettings(preparation=PreparationSettings(scaler="none"))
    assert check_dataset(build(table, settings=raw)).clip_rates["val"] == 0


def test_the_verdict_is_shown_as_html(build, table):
    table.names = ("a<b", "b", "c", "d", "e")
    table.matrix = table.matrix.copy()
    table.matrix[:, 0] = 1
    html = check_dataset(build(table))._repr_html_()
    assert "a&lt;b" in html
    assert "<td>warning</td><td>constant</td>" in html
