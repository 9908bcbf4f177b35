"""What labels say about themselves."""

import numpy as np
import pytest

from barwise.bars import Bars
from barwise.core.errors import ConfigError
from barwise.labels import (
    concurrency,
    effective_samples,
    label_quality,
    label_uniqueness,
    quality_weight,
    triple_barrier,
)


def walk(seed: int, rows: int = 400) -> Bars:
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(rng.standard_normal(rows)) * 1e-3)
    start = np.r_[100.0, close[:-1]]
    reach = rng.random((2, rows)) * 0.1
    top, bottom = (
        np.maximum(start, close) + reach[0],
        np.minimum(start, close) - reach[1],
    )
    return Bars.of(np.arange(1, rows + 1) * 60, start, top, bottom, close, interval=60)


@pytest.fixture
def labels():
    return triple_barrier(walk(1), horizon=10, upper=1.0, lower=1.0, tick=0.01)


def test_weights_are_between_a_half_and_one_and_a_half(labels):
    weight = labels.weight
    assert weight.min() >= 0.5
    assert weight.max() <= 1.5
    assert np.ptp(weight[labels.valid]) > 0.5
    np.testing.assert_array_equal(weight, quality_weight(labels.quality))
    assert np.all(labels.quality[~labels.valid] == 0)


def test_quality_falls_with_time_excursion_and_doubt():
    def score(label=1, bars=1, adverse=0.0, truth=0, **more):
        return label_quality(
            label=np.array([label], np.int8),
            bars=np.array([bars]),
            horizon=10,
            adverse=np.array([adverse]),
            truth=np.array([truth], np.int8),
            **more,
        )[0]

    assert score() == 1.0
    assert score(bars=6) == pytest.approx((0.5 + 1.0) / 2)
    assert score(adverse=0.4) == pytest.approx((1.0 + 0.6) / 2)
    assert score(truth=1) == 1.0
    assert score(truth=2) == 0.0
    assert score(label=0, bars=10, adverse=0.25) == 0.75
    assert score(bars=6, adverse=0.4, truth=2, parts=("speed",)) == pytest.approx(0.5)
    assert score(bars=6, adverse=0.4, parts=("path",)) == pytest.approx(0.6)
    assert score(label=0, bars=10, parts=("speed",)) == 1.0
    assert score(bars=6, parts=("certainty",)) == 1.0
    with pytest.raises(ConfigError, match="speed, path, certainty"):
        score(parts=("luck",))


def test_parts_of_quality_can_be_switched_off(labels):
    speed = labels.with_quality("speed")
    touched = labels.valid & (labels.label != 0)
    used = labels.end_index[touched] - np.flatnonzero(touched)
    np.testing.assert_allclose(speed.quality[touched], 1 - (used - 1) / 10)
    assert labels.quality is labels.quality  # computed once
    assert speed.label is labels.label


def test_costs_flag_what_they_would_undo(labels):
    assert not labels.cost_fragile.any()
    cost = float(np.nanmedian(np.abs(labels.ret)))
    fragile = labels.with_costs(cost).cost_fragile
    np.testing.assert_array_equal(fragile, np.abs(labels.ret) < cost)
    assert not fragile[~labels.valid].any()
    with pytest.raises(ConfigError, match=r"labels\.cost"):
        labels.with_costs(-1.0)


def test_distribution_and_problems(labels):
    shares = labels.distribution()
    assert sum(shares.values()) == pytest.approx(1.0)
    counts = np.unique(labels.label[labels.valid], return_counts=True)[1]
    assert shares[-1] == pytest.approx(counts[0] / labels.valid.sum())
    wide = triple_barrier(walk(1), horizon=5, upper=20.0, lower=1.0, tick=0.01)
    assert any("class +1" in problem for problem in wide.problems())
    assert not any("class -1" in problem for problem in wide.problems())


def test_labels_show_themselves(labels):
    assert repr(labels).startswith("Labels(horizon 10, ")
    assert f"{labels.distribution()[1]:.1%}" in repr(labels)
    page = labels._repr_html_()
    assert "<table>" in page
    assert f"{labels.distribution()[-1]:.1%}" in page


def slow_uniqueness(valid, end):
    """Lopez de Prado's loops: count open labels per bar, then average 1 / count."""
    rows = len(valid)
    count = [0] * rows
    for t in range(rows):
        if valid[t]:
            for s in range(t + 1, end[t] + 1):
                count[s] += 1
    shares = [
        sum(1 / count[s] for s in range(t + 1, end[t] + 1)) / (end[t] - t)
        if valid[t]
        else float("nan")
        for t in range(rows)
    ]
    return count, shares


@pytest.mark.parametrize("seed", range(4))
def test_uniqueness_is_that_of_the_slow_loops(seed):
    rng = np.random.default_rng(seed)
    labels = triple_barrier(
        walk(seed), horizon=12, upper=1.5, lower=1.0, tick=0.01,
        sample=rng.random(400) < 0.4,
    )  # fmt: skip
    count, shares = slow_uniqueness(labels.valid.tolist(), labels.end_index.tolist())
    np.testing.assert_array_equal(concurrency(labels), count)
    np.testing.assert_allclose(label_uniqueness(labels), shares, rtol=1e-12)
    assert effective_samples(labels) == pytest.approx(np.nansum(shares))
    assert 0 < effective_samples(labels) < labels.valid.sum()


def test_labels_that_do_not_overlap_are_wholly_unique():
    labels = triple_barrier(
        walk(1), horizon=5, upper=50, lower=50, tick=0, sample=np.arange(400) % 5 == 0
    )
    assert effective_samples(labels) == pytest.approx(labels.valid.sum())
