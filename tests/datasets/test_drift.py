"""Drift of a data set's columns and classes, and what it does to the verdict."""

import numpy as np
import pytest
from scipy.stats import binom

from barwise.datasets import CheckSettings, TestSeal, check_dataset
from barwise.datasets.drift import class_stretches, column_drift


def quiet(table, columns=5, seed=0):
    """Give the table columns that stay where they are."""
    rows = len(table.matrix)
    rng = np.random.default_rng(seed)
    table.matrix = rng.normal(size=(rows, columns)).astype("f4")
    table.names = tuple(f"x{c}" for c in range(columns))
    return table


def moved_in(verdict, part="val"):
    return [one.name for one in verdict.drift[part] if one.moved]


def findings(verdict, check):
    return [(f.level, f.message) for f in verdict.findings if f.check == check]


def test_the_column_that_moved_is_named_and_no_other(build, table):
    table = quiet(table)
    val = build(table).split.val
    table.matrix[val, 3] += 0.8
    verdict = check_dataset(build(table))
    assert moved_in(verdict) == ["x3"]
    ((level, message),) = findings(verdict, "drift")
    assert level == "warning"
    assert message.startswith("1 of 5 columns moved from train to val, at a false")
    assert "x3 (PSI 0." in message
    assert verdict.ready
    # The raw column is looked at, so that scaling hides nothing.
    plain = verdict.to_dict()["drift"]["val"][3]
    assert plain["moved"]
    assert plain["drift"]["distance"] == pytest.approx(0.8, abs=0.15)


def test_too_many_columns_that_moved_close_the_gate(build, table):
    table = quiet(table)
    table.matrix[build(table).split.val, 1:4] += 0.8
    verdict = check_dataset(build(table))
    assert moved_in(verdict) == ["x1", "x2", "x3"]
    assert findings(verdict, "drift")[0][0] == "error"
    assert not verdict.ready
    assert verdict.headline.startswith("not ready for training: 1 error,")
    assert check_dataset(build(table), CheckSettings(drifting=0.6)).ready


def test_among_many_columns_none_alarms_by_chance_more_often_than_stated(build, table):
    """The false discovery rate over all columns, where none moved."""
    alarms = 0
    for seed in range(24):
        data = build(quiet(table, columns=16, seed=seed))
        alarms += any(one.moved for one in column_drift(data, "val", 0.05))
    assert alarms <= binom.ppf(0.999, 24, 0.05)


def test_a_column_that_is_too_slow_is_told_and_is_no_warning(build, table):
    table = quiet(table)
    table.matrix[:, 2] = np.cumsum(table.matrix[:, 2])
    verdict = check_dataset(build(table))
    ((level, message),) = findings(verdict, "drift")
    assert level == "note"
    assert "whether 1 of 5 columns moved from train to val cannot be told" in message
    assert message.endswith("x2")
    assert verdict.headline == "ready for training: 0 errors, 0 warnings"


def test_the_test_part_is_compared_only_once_it_is_open(build, table, tmp_path):
    table = quiet(table)
    table.matrix[build(table).split.test, 0] += 0.8
    data = build(table, seal=TestSeal(tmp_path / "openings.jsonl"))
    verdict = check_dataset(data)
    assert list(verdict.drift) == list(verdict.class_drift) == ["val"]
    assert findings(verdict, "drift") == []
    data.open_test(reason="the last look")
    assert moved_in(check_dataset(data), "test") == ["x0"]


def test_a_constant_column_is_not_looked_at(build, table):
    table = quiet(table)
    table.matrix[:, 1] = 4
    verdict = check_dataset(build(table))
    assert [one.name for one in verdict.drift["val"]] == ["x0", "x2", "x3", "x4"]


def test_classes_that_move_are_told_with_their_shares(build, table):
    table = quiet(table)
    val = build(table).split.val
    label = table.labels.label.copy()
    label[val[::2]] = 1
    table.labels.label = label
    verdict = check_dataset(build(table))
    ((level, message),) = findings(verdict, "class drift")
    assert level == "warning"
    share = (label[val] == 1).mean()
    assert f" to {share:.1%} (blocks of train" in message
    assert verdict.class_drift["val"].p_value <= 0.05


def test_stretches_hold_all_samples_and_their_intervals_the_share(build, make_table):
    table = quiet(make_table(rows=6000))
    data = build(table)
    stretches = class_stretches(data)
    rows = np.concatenate([data.rows("train"), data.rows("val")])
    assert sum(one.samples for one in stretches) == len(rows)
    assert stretches[0].first == data.times("train")[0]
    assert stretches[-1].last == data.times("val")[-1]
    held, total = 0, 0
    for one, mine in zip(stretches, np.array_split(rows, 10), strict=True):
        label = data.frame.targets.label[mine]
        for name, (share, low, high) in one.shares.items():
            assert share == pytest.approx((label == name).mean())
            held, total = held + (low <= 1 / 3 <= high), total + 1
            assert 0 < high - low < 0.3
    assert held >= binom.ppf(0.001, total, 0.9)
