"""Baselines against slow loops."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from barwise.core.errors import ConfigError, DataError
from barwise.core.samples import Samples
from barwise.models import ModelRegistry
from barwise.models.baselines import LabelHistory

MINUTE = 60_000_000_000


def make(rows=300, seed=0, names=("hvol_20", "x"), start=0):
    rng = np.random.default_rng(seed)
    times = start + np.cumsum(rng.integers(1, 90, rows)) * MINUTE
    ends = times + rng.integers(1, 400, rows) * MINUTE
    matrix = rng.normal(size=(rows, len(names))).astype(np.float32)
    index = np.arange(rows)
    samples = Samples(matrix, index, times, ends, np.zeros(rows, int), names)
    return samples, rng.integers(-1, 2, rows).astype(np.int8)


def known_before(time, ends, labels):
    """The label with the latest end not after ``time``; of equal ends the later row."""
    best = None
    for end, label in zip(ends, labels, strict=True):
        if end <= time and (best is None or end >= best[0]):
            best = (end, label)
    return None if best is None else best[1]


def test_prior_is_the_weighted_frequencies():
    samples, y = make()
    weights = np.random.default_rng(1).random(len(y))
    model = ModelRegistry.create("prior")
    model.fit(samples, y, sample_weights=weights)
    row = model.predict(samples).class_probabilities[17]
    for column, name in enumerate((-1, 0, 1)):
        assert row[column] == pytest.approx(
            sum(weights[y == name]) / sum(weights), rel=1e-12
        )


def test_prior_draws_classes_at_their_frequencies():
    samples, _ = make(rows=20_000)
    y = np.where(
        np.arange(20_000) % 10 < 7, 1, np.where(np.arange(20_000) % 10 < 9, 0, -1)
    )
    model = ModelRegistry.create("prior")
    model.fit(samples, y)
    drawn = model.predict(samples).class_predictions
    share = [(drawn == name).mean() for name in (-1, 0, 1)]
    # Four standard errors of a share of 20,000 draws are below 0.014.
    np.testing.assert_allclose(share, [0.1, 0.2, 0.7], atol=0.014)
    other = ModelRegistry.create("prior", {"random_seed": 7})
    other.fit(samples, y)
    assert (other.predict(samples).class_predictions != drawn).mean() > 0.3


def test_majority_and_always_long():
    samples, _ = make(rows=50)
    y = np.r_[np.full(30, -1), np.full(20, 1)]
    majority, long = (
        ModelRegistry.create("majority"),
        ModelRegistry.create("always_long"),
    )
    majority.fit(samples, y)
    long.fit(samples, y)
    assert set(majority.predict(samples).class_predictions) == {-1}
    assert set(long.predict(samples).class_predictions) == {1}


def test_previous_label_is_the_last_one_known():
    samples, y = make()
    model = ModelRegistry.create("previous_label")
    model.fit(samples, y)
    out = model.predict(samples)
    expected = [known_before(t, samples.label_end_times, y) for t in samples.times]
    assert expected[0] is None
    for row, label in enumerate(expected):
        assert out.valid[row] == (label is not None)
        assert out.class_predictions[row] == (label or 0)


def test_previous_label_probabilities_are_what_followed():
    samples, y = make()
    model = ModelRegistry.create("previous_label", {"smoothing": 1e-12})
    model.fit(samples, y)
    out = model.predict(samples)
    before = [known_before(t, samples.label_end_times, y) for t in samples.times]
    after_short = [y[i] for i in range(len(y)) if before[i] == -1]
    expected = [after_short.count(name) / len(after_short) for name in (-1, 0, 1)]
    row = before.index(-1)
    np.testing.assert_allclose(out.class_probabilities[row], expected, rtol=1e-9)


def test_previous_label_takes_later_labels_from_a_history_only_once_known():
    samples, y = make(rows=400)
    older, newer = np.arange(250), np.arange(260, 400)
    train, val = samples.take(older), samples.take(newer)
    without = ModelRegistry.create("previous_label")
    without.fit(train, y[older])
    history = LabelHistory(val.label_end_times, y[newer])
    model = ModelRegistry.create("previous_label", history=history)
    model.fit(train, y[older])
    ends = np.r_[train.label_end_times, val.label_end_times]
    labels = np.r_[y[older], y[newer]]
    expected = [known_before(t, ends, labels) for t in val.times]
    assert model.predict(val).class_predictions.tolist() == expected
    assert without.predict(val).class_predictions.tolist() != expected

    middle = 70
    unknown = val.label_end_times > val.times[middle]
    changed = LabelHistory(
        val.label_end_times, np.where(unknown, -y[newer], y[newer]).astype(np.int8)
    )
    again = ModelRegistry.create("previous_label", history=changed)
    again.fit(train, y[older])
    np.testing.assert_array_equal(
        again.predict(val).class_predictions[: middle + 1],
        model.predict(val).class_predictions[: middle + 1],
    )


def test_history_with_a_foreign_class_is_refused():
    samples, y = make()
    history = LabelHistory(samples.label_end_times, y + 5)
    model = ModelRegistry.create("previous_label", history=history)
    with pytest.raises(DataError, match=r"history.labels\[0\]"):
        model.fit(samples, y)


@pytest.mark.parametrize("name", ["previous_label", "time_of_day"])
def test_an_array_has_no_times(name):
    samples, y = make()
    with pytest.raises(DataError, match="Samples"):
        ModelRegistry.create(name).fit(samples.rows, y)


def test_time_of_day_counts_cells():
    # March 2024: daylight saving begins in New York on the 10th.
    start = int(datetime(2024, 3, 4, tzinfo=UTC).timestamp()) * 1_000_000_000
    samples, y = make(rows=600, start=start)
    weights = np.random.default_rng(2).random(len(y)) + 0.1
    config = {"smoothing": 5.0, "bucket_minutes": 240, "volatility_groups": 3}
    model = ModelRegistry.create("time_of_day", config)
    model.fit(samples, y, sample_weights=weights)
    got = model.predict(samples).class_probabilities

    volatility = samples.rows[:, 0].astype(np.float64)
    low, high = np.percentile(volatility, [100 / 3, 200 / 3])
    zone = ZoneInfo("America/New_York")
    cells = []
    for time, value in zip(samples.times, volatility, strict=True):
        clock = datetime.fromtimestamp(time // 1_000_000_000, zone)
        bucket = (clock.hour * 60 + clock.minute) // 240
        cells.append((bucket, int(value >= low) + int(value >= high)))
    totals = [sum(weights[y == name]) / sum(weights) for name in (-1, 0, 1)]
    for row in range(0, len(y), 11):
        mates = [i for i in range(len(y)) if cells[i] == cells[row]]
        counts = [
            sum(weights[i] for i in mates if y[i] == name) + 5.0 * share
            for name, share in zip((-1, 0, 1), totals, strict=True)
        ]
        np.testing.assert_allclose(got[row], np.array(counts) / sum(counts), rtol=1e-9)


def test_time_of_day_follows_the_clock_of_its_zone():
    def row_at(month):
        moment = datetime(2024, month, 15, 9, 45, tzinfo=ZoneInfo("America/New_York"))
        time = np.array([int(moment.timestamp()) * 1_000_000_000])
        one = np.ones((1, 1), dtype=np.float32)
        return Samples(one, np.arange(1), time, time, np.zeros(1, int), ("x",))

    samples, y = make(rows=2000, names=("x",))
    model = ModelRegistry.create("time_of_day")
    model.fit(samples, y)
    winter, summer = (
        model.predict(row_at(month)).class_probabilities for month in (1, 7)
    )
    np.testing.assert_array_equal(winter, summer)
    fixed = ModelRegistry.create("time_of_day", {"timezone": "UTC"})
    fixed.fit(samples, y)
    winter, summer = (
        fixed.predict(row_at(month)).class_probabilities for month in (1, 7)
    )
    assert (winter != summer).any()


def test_unknown_zone_is_refused():
    with pytest.raises(ConfigError, match="no such time zone"):
        ModelRegistry.create("time_of_day", {"timezone": "Mars/Olympus"})
