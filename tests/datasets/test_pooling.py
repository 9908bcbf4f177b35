"""Several symbols as one set of samples: isolated by row, purged by time."""

import numpy as np
import pytest

from barwise.core.errors import ConfigError
from barwise.core.samples import Samples
from barwise.datasets import PurgedKFold, Scaler, pool_samples


def symbol(seed, rows, *, begin=0, names=("a", "b")):
    """Every row is told by its values: seed, row; some rows are missing or no samples."""
    rng = np.random.default_rng(seed)
    matrix = np.stack([np.full(rows, seed), np.arange(rows)], axis=1)
    matrix = matrix.astype(np.float32)
    matrix[rng.random(rows) < 0.02, 1] = np.nan
    index = np.flatnonzero(rng.random(rows) < 0.8)
    times = begin + index * 60
    segments = (np.arange(rows) >= rows // 2).astype(np.int64) * 7
    ends = times + rng.integers(60, 900, len(index))
    return Samples(matrix, index, times, ends, segments, names)


@pytest.fixture
def three():
    return {"ES": symbol(1, 400), "NQ": symbol(2, 300, begin=30), "GC": symbol(3, 350)}


def test_windows_are_those_of_each_symbol_alone(three):
    pooled = pool_samples(three)
    at = 0
    for alone in three.values():
        part = pooled.take(np.arange(at, at + len(alone)))
        at += len(alone)
        np.testing.assert_array_equal(part.times, alone.times)
        np.testing.assert_array_equal(part.label_end_times, alone.label_end_times)
        for length in (1, 5, 30):
            full = alone.windowable(length)
            np.testing.assert_array_equal(part.windowable(length), full)
            np.testing.assert_array_equal(
                part.take(full).windows(length)[:], alone.take(full).windows(length)[:]
            )
        padded, own = part.windows(30, pad=True), alone.windows(30, pad=True)
        rows = np.arange(len(alone))
        np.testing.assert_array_equal(padded.mask(rows), own.mask(rows))
        np.testing.assert_array_equal(padded[rows], own[rows])
    assert at == len(pooled)


def test_no_window_holds_two_symbols(three):
    pooled = pool_samples(three)
    whole = pooled.take(pooled.windowable(20)).windows(20)[:]
    assert (np.ptp(whole[:, :, 0], axis=1) == 0).all()
    assert set(np.unique(whole[:, :, 0])) == {1.0, 2.0, 3.0}


def test_folds_purge_over_all_symbols(three):
    pooled = pool_samples(three)
    folds = PurgedKFold(
        4,
        times=pooled.times,
        label_end_times=pooled.label_end_times,
        purge=0,
        embargo=0,
    )
    tested = np.zeros(len(pooled), int)
    for train, test in folds.split():
        tested[test] += 1
        begin, end = pooled.times[test], pooled.label_end_times[test]
        for row in train[::5]:
            apart = (pooled.label_end_times[row] < begin) | (pooled.times[row] > end)
            assert apart.all()
    assert (tested == 1).all()


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda _: {}, "no symbol"),
        (
            lambda s: s | {"GC": symbol(3, 9, names=("a", "c"))},
            "GC has other columns.*b",
        ),
        (lambda s: s | {"GC": symbol(3, 9, names=("b", "a"))}, "in another order"),
        (lambda s: s | {"GC": scaled(s["GC"])}, "GC: samples that are scaled"),
    ],
)
def test_what_cannot_be_pooled_is_named(three, change, word):
    with pytest.raises(ConfigError, match=word):
        pool_samples(change(three))


def scaled(samples):
    return samples.scaled_by(Scaler.fit(samples.matrix, samples.index, samples.names))
