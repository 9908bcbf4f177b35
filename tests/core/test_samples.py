import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barwise.core.errors import ConfigError, DataError
from barwise.core.reach import reach_of
from barwise.core.samples import Run, Samples
from oracles import purge

PROFILE = settings(max_examples=60, deadline=None, derandomize=True)


class Doubled:
    """A scaler that anyone can check by eye."""

    def apply(self, block):
        return block * np.float32(2)


def samples_of(matrix, segments=None, index=None, **more):
    rows = np.arange(len(matrix))
    index = rows if index is None else index
    segments = np.zeros(len(matrix), int) if segments is None else segments
    names = tuple(f"x{c}" for c in range(matrix.shape[1]))
    return Samples(matrix, index, index * 10, index * 10 + 5, segments, names, **more)


@st.composite
def tables(draw):
    rows = draw(st.integers(1, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    matrix = rng.normal(size=(rows, 3)).astype(np.float32)
    for value in (np.nan, np.inf, -np.inf):
        bad = rng.random(rows) < draw(st.sampled_from([0, 0.1]))
        matrix[bad, rng.integers(0, 3, bad.sum())] = value
    segments = np.cumsum(rng.random(rows) < 0.1) % 3
    index = np.flatnonzero(rng.random(rows) < 0.8)
    return matrix, segments, rng.permutation(index)


def stacked(matrix, index, length, have, scale=1):
    """Windows by plain loops; missing rows come first and are zero."""
    out = np.zeros((len(index), length, matrix.shape[1]), np.float32)
    for number, row in enumerate(index):
        for back in range(min(length, have[row])):
            out[number, length - 1 - back] = scale * matrix[row - back]
    return out


@PROFILE
@given(table=tables())
def test_reach_is_the_walk_back_from_each_row(table):
    matrix, segments, _ = table
    reach = reach_of(matrix, segments)
    assert reach.tolist() == purge.run_lengths(matrix.tolist(), segments.tolist())


@PROFILE
@given(table=tables(), length=st.integers(1, 12), pad=st.booleans())
def test_windows_equal_naive_stacking(table, length, pad):
    matrix, segments, index = table
    have = purge.run_lengths(matrix.tolist(), segments.tolist())
    samples = samples_of(matrix, segments, index, scaler=Doubled())
    full = np.array([have[row] >= length for row in index], dtype=bool)
    np.testing.assert_array_equal(samples.windowable(length), full)
    if not pad:
        samples = samples.take(full)
    windows = samples.windows(length, pad=pad)
    wanted = stacked(matrix, samples.index, length, have, scale=2)
    assert windows.shape == wanted.shape
    np.testing.assert_array_equal(windows[:], wanted)
    order = np.random.default_rng(0).permutation(len(samples))
    np.testing.assert_array_equal(windows[order], wanted[order])
    np.testing.assert_array_equal(windows[1::2], wanted[1::2])
    real = np.array(
        [[k >= length - have[row] for k in range(length)] for row in samples.index]
    ).reshape(len(samples), length)
    np.testing.assert_array_equal(windows.mask(order), real[order])


@PROFILE
@given(table=tables(), context=st.integers(0, 6))
def test_runs_hold_every_complete_sample_once_and_only_complete_rows(table, context):
    matrix, segments, index = table
    samples = samples_of(matrix, segments, index)
    runs = samples.runs(context)
    held = [int(p) for run in runs for p in run.positions]
    assert sorted(held) == np.flatnonzero(samples.complete).tolist()
    for run in runs:
        assert np.isfinite(samples.block(run)).all()
        assert len(set(segments[run.start : run.stop])) == 1
        np.testing.assert_array_equal(run.start + run.steps, index[run.positions])
        assert run.steps[-1] == len(run) - 1
        assert run.steps[0] == min(context, samples.reach[index[run.positions[0]]] - 1)


def test_a_run_shows_the_same_rows_as_the_samples_in_it():
    matrix = np.arange(20, dtype=np.float32).reshape(10, 2)
    samples = samples_of(matrix, index=np.array([3, 4, 8]), scaler=Doubled())
    (run,) = samples.runs()
    assert (run.start, run.stop) == (3, 9)
    np.testing.assert_array_equal(samples.block(run)[run.steps], samples.rows)


def test_a_segment_id_that_comes_back_is_another_segment():
    samples = samples_of(np.ones((5, 1), np.float32), np.array([0, 0, 1, 0, 0]))
    assert samples.windowable(2).tolist() == [False, True, False, False, True]


def test_an_integer_gives_one_window_and_iteration_ends():
    samples = samples_of(np.arange(4, dtype=np.float32)[:, None])
    windows = samples.windows(2, pad=True)
    assert windows[-1].shape == (2, 1)
    assert windows[-1].ravel().tolist() == [2.0, 3.0]
    assert len(list(windows)) == 4
    with pytest.raises(IndexError, match="window 4 of 4"):
        windows[4]


def test_a_short_past_is_refused_without_padding():
    samples = samples_of(np.ones((5, 1), np.float32))
    with pytest.raises(ConfigError, match=r"2 of the 5 samples.*windowable\(3\)"):
        samples.windows(3)[:]
    with pytest.raises(ConfigError, match="length=0"):
        samples.windows(0)


def test_every_gather_is_a_fresh_writable_array():
    matrix = np.ones((6, 2), np.float32)
    samples = samples_of(matrix)
    samples.rows[:] = 7
    samples.windows(2, pad=True)[:][:] = 7
    samples.block(Run(0, 6, np.arange(6), np.arange(6)))[:] = 7
    assert (matrix == 1).all()


def test_the_matrix_is_shared_and_read_only():
    matrix = np.ones((6, 2), np.float32)
    samples = samples_of(matrix).take(np.array([1, 2])).scaled_by(Doubled())
    assert np.shares_memory(samples.matrix, matrix)
    assert samples.rows.tolist() == [[2, 2], [2, 2]]
    with pytest.raises(ValueError, match="read-only"):
        samples.matrix[0, 0] = 5


def test_windows_cost_a_tenth_of_the_matrix_at_most():
    rng = np.random.default_rng(1)
    matrix = rng.normal(size=(60_000, 80)).astype(np.float32)
    index, segments = np.arange(len(matrix)), np.zeros(len(matrix), int)
    names = tuple(map(str, range(80)))
    batch = rng.integers(100, 60_000, 64)
    tracemalloc.start()
    try:
        samples = Samples(matrix, index, index, index, segments, names)
        windows = samples.take(samples.windowable(60)).windows(60)
        assert windows[batch - 60].shape == (64, 60, 80)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(windows) * 60 * 80 * 4 > 50 * matrix.nbytes
    assert peak <= 0.1 * matrix.nbytes + 2 * 64 * 60 * 80 * 4


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"matrix": np.ones((3, 2))}, "float32"),
        ({"matrix": np.ones((2, 3), np.float32).T}, "C-contiguous"),
        ({"names": ("a",)}, "one different name"),
        ({"names": ("a", "a")}, "one different name"),
        ({"index": np.array([0, 3])}, "rows 0 to 2"),
        ({"index": np.array([-1, 2])}, "rows 0 to 2"),
        ({"times": np.arange(3)}, "times must hold 2 integers"),
        ({"segments": np.zeros(2, int)}, "segments must hold 3 integers"),
        ({"times": np.zeros(2)}, "float64"),
        ({"roles": ("observed",)}, "1 roles for 2 columns"),
    ],
)
def test_what_does_not_fit_is_refused(change, says):
    fields = {
        "matrix": np.ones((3, 2), np.float32),
        "index": np.array([0, 2]),
        "times": np.array([0, 20]),
        "label_end_times": np.array([5, 25]),
        "segments": np.zeros(3, int),
        "names": ("a", "b"),
    }
    Samples(**fields)
    with pytest.raises(ConfigError, match=says):
        Samples(**{**fields, **change})


def test_a_label_that_ends_before_its_time_is_refused():
    matrix, row = np.ones((2, 1), np.float32), np.arange(2)
    with pytest.raises(DataError, match="sample 1 ends before its own time"):
        Samples(matrix, row, np.array([0, 9]), np.array([5, 8]), row * 0, ("a",))


def test_no_samples_are_still_samples():
    samples = samples_of(np.ones((3, 2), np.float32), index=np.array([], int))
    assert samples.rows.shape == (0, 2)
    assert samples.windows(2)[:].shape == (0, 2, 2)
    assert samples.runs() == []
    assert "0 of 3 rows" in repr(samples)
