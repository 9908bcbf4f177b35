"""Splitters: equal to a loop over all pairs, in any order of rows, nothing leaks."""

import datetime
from itertools import combinations
from math import comb

import numpy as np
import pandas as pd
import purgedcv
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn import model_selection

from barwise.core.errors import ConfigError, DataError
from barwise.core.samples import Samples
from barwise.datasets import (
    CombinatorialPurgedKFold,
    PurgedKFold,
    TimeSeriesSplit,
    WalkForward,
)
from oracles import splits as oracle

EXAMPLES = settings(max_examples=150)
MINUTE = 60 * 10**9


@st.composite
def labelled(draw):
    """Times with repetitions in any order, label ends, and a clock of bars."""
    count = draw(st.integers(4, 30))
    steps = draw(st.lists(st.integers(0, 3), min_size=count, max_size=count))
    spans = draw(st.lists(st.integers(0, 9), min_size=count, max_size=count))
    skips = draw(st.lists(st.integers(1, 3), min_size=count, max_size=count))
    times = np.cumsum(steps)
    bars = np.cumsum(np.where(np.diff(times, prepend=-1) > 0, skips, 0))
    order = np.array(draw(st.permutations(range(count))))
    return times[order], (times + spans)[order], bars[order]


GAPS = st.one_of(
    st.integers(0, 4).map(lambda n: (n, ("bars", n))),
    st.integers(0, 4).map(lambda n: (np.timedelta64(n, "ns"), ("times", n))),
)


@EXAMPLES
@given(
    data=labelled(),
    shape=st.sampled_from([(2, 1), (3, 1), (4, 1), (3, 2), (4, 2), (5, 2), (5, 3)]),
    purge=GAPS,
    embargo=GAPS,
    known_bars=st.booleans(),
)
def test_folds_are_those_of_the_loop_over_all_pairs(
    data, shape, purge, embargo, known_bars
):
    times, ends, bars = data
    distinct = np.unique(times, return_inverse=True)[1]
    clock = bars if known_bars else distinct
    wanted = oracle.k_fold(
        times.tolist(), ends.tolist(), clock.tolist(), *shape, purge[1], embargo[1]
    )
    options = {
        "times": times,
        "label_end_times": ends,
        "bars": bars if known_bars else None,
        "purge": purge[0],
        "embargo": embargo[0],
    }
    if shape[1] == 1:
        folds = PurgedKFold(shape[0], **options)
    else:
        folds = CombinatorialPurgedKFold(*shape, **options)
    if wanted is None:
        with pytest.raises(ConfigError, match=r"distinct times|left without training"):
            list(folds.split())
        return
    found = [(train.tolist(), test.tolist()) for train, test in folds.split()]
    assert found == wanted
    for fold in folds.folds():
        parts = [fold.train, fold.test, fold.purged, fold.embargoed]
        assert np.array_equal(np.sort(np.concatenate(parts)), np.arange(len(times)))


@EXAMPLES
@given(data=labelled(), shape=st.sampled_from([(3, 1), (4, 2), (5, 3)]))
def test_every_sample_is_tested_equally_often_and_every_path_is_complete(data, shape):
    times, ends, _ = data
    groups, tested = shape
    folds = CombinatorialPurgedKFold(
        groups, tested, times=times, label_end_times=ends, embargo=0
    )
    try:
        tests = [test for _, test in folds.split()]
    except ConfigError:
        assume(False)
    assert len(tests) == folds.get_n_splits() == comb(groups, tested)
    counts = np.bincount(np.concatenate(tests), minlength=len(times))
    assert set(counts) == {comb(groups - 1, tested - 1)} == {folds.n_paths}
    # A value says which split and which row it is for.
    paths = folds.reconstruct([1000 * k + test for k, test in enumerate(tests)])
    assert paths.shape == (folds.n_paths, len(times))
    assert (paths % 1000 == np.arange(len(times))).all()
    for row in range(len(times)):
        assert sorted(paths[:, row] // 1000) == [
            k for k, test in enumerate(tests) if row in test
        ]


@EXAMPLES
@given(
    data=labelled(),
    windows=st.integers(1, 4),
    expanding=st.booleans(),
    share=st.sampled_from([None, 0.3, 0.5]),
    purge=GAPS,
    embargo=GAPS,
)
def test_walk_forward_trains_on_what_was_known(
    data, windows, expanding, share, purge, embargo
):
    times, ends, bars = data
    walk = WalkForward(
        windows,
        expanding=expanding,
        first_train=share,
        times=times,
        label_end_times=ends,
        bars=bars,
        purge=purge[0],
        embargo=embargo[0],
    )
    try:
        folds = list(walk.folds())
    except ConfigError:
        assume(False)
    gap = {"bars": bars, "times": times}[purge[1][0]]
    wait = {"bars": bars, "times": times}[embargo[1][0]]
    seen = np.concatenate([np.r_[fold.test, fold.embargoed] for fold in folds])
    assert len(seen) == len(set(seen))
    assert times[seen].min() > times[np.setdiff1d(np.arange(len(times)), seen)].max()
    first_size = np.count_nonzero(times < times[seen].min())
    for fold in folds:
        window = np.r_[fold.test, fold.embargoed]
        first = window[np.argmin(times[window])]
        before = np.flatnonzero(times < times[first])
        if not expanding:
            oldest = np.sort(times)[len(before) - first_size]
            before = before[times[before] >= oldest]
        kept = (ends[before] < times[first]) & (gap[first] - gap[before] > purge[1][1])
        assert set(fold.train) == set(before[kept])
        late = wait[window] - wait[window].min() >= embargo[1][1]
        assert set(fold.test) == set(window[late])


@EXAMPLES
@given(data=labelled(), seed=st.integers(0, 99))
def test_the_order_of_rows_does_not_matter(data, seed):
    times, ends, bars = data
    order = np.random.default_rng(seed).permutation(len(times))

    def folds(rows):
        options = {"times": times[rows], "label_end_times": ends[rows]}
        yield PurgedKFold(3, **options, bars=bars[rows], purge=1, embargo=1)
        yield CombinatorialPurgedKFold(4, 2, **options, embargo=np.timedelta64(1, "ns"))
        yield WalkForward(2, **options, purge=1)
        yield TimeSeriesSplit(2, **options)

    rows = np.arange(len(times))
    for given_order, shuffled in zip(folds(rows), folds(order), strict=True):
        try:
            wanted = list(given_order.split())
        except ConfigError:
            with pytest.raises(ConfigError):
                list(shuffled.split())
            continue
        if isinstance(given_order, TimeSeriesSplit) and len(set(times)) < len(times):
            continue  # scikit-learn's folds may part equal times
        for (train, test), (other_train, other_test) in zip(
            wanted, shuffled.split(), strict=True
        ):
            assert set(train) == set(order[other_train])
            assert set(test) == set(order[other_test])


def test_without_overlap_the_folds_are_scikit_learns():
    times = np.arange(103)
    plain = {"times": times, "label_end_times": times}
    X = times[:, None]
    pairs = [
        (PurgedKFold(5, **plain, embargo=0), model_selection.KFold(5)),
        (TimeSeriesSplit(5, **plain), model_selection.TimeSeriesSplit(5)),
        (
            TimeSeriesSplit(4, gap=3, max_train_size=20, test_size=9),
            model_selection.TimeSeriesSplit(4, gap=3, max_train_size=20, test_size=9),
        ),
    ]
    for ours, theirs in pairs:
        assert ours.get_n_splits(X) == theirs.get_n_splits(X)
        for one, other in zip(ours.split(X), theirs.split(X), strict=True):
            np.testing.assert_array_equal(one[0], other[0])
            np.testing.assert_array_equal(one[1], other[1])


@EXAMPLES
@given(data=labelled(), splits=st.integers(2, 4))
def test_time_series_split_drops_what_reaches_into_the_test(data, splits):
    times, ends, _ = data
    order = np.lexsort((np.arange(len(times)), times))
    times, ends = times[order], ends[order]
    ours = TimeSeriesSplit(splits, times=times, label_end_times=ends)
    plain = model_selection.TimeSeriesSplit(splits)
    try:
        found = list(ours.split())
    except ConfigError:
        assume(False)
    for one, other in zip(found, plain.split(times[:, None]), strict=True):
        np.testing.assert_array_equal(one[1], other[1])
        kept = [i for i in other[0] if ends[i] < times[other[1][0]]]
        np.testing.assert_array_equal(one[0], kept)


# --- published -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("groups", "tested", "splits", "paths"),
    [(6, 2, 15, 5), (5, 2, 10, 4), (10, 2, 45, 9), (6, 1, 6, 1), (16, 8, 12870, 6435)],
)
def test_numbers_of_splits_and_paths(groups, tested, splits, paths):
    """Lopez de Prado (2018), section 12.4.1: 15 splits and phi[6, 2] = 5 paths; with
    k = 2 there are N - 1 paths, with k = 1 one, and phi[N, N / 2] is the largest."""
    folds = CombinatorialPurgedKFold(groups, tested)
    assert (folds.get_n_splits(), folds.n_paths) == (splits, paths)


def test_paths_are_assigned_as_in_the_book():
    """Lopez de Prado (2018), figures 12.1 and 12.2: the splits S1..S15 of six groups,
    here counted from 0, and the path to which each tested group belongs."""
    folds = CombinatorialPurgedKFold(6, 2)
    pairs = list(combinations(range(6), 2))
    # Path 1 is (G1, S1), (G2, S1), (G3, S2), (G4, S3), (G5, S4), (G6, S5).
    assert folds.paths()[0].tolist() == [0, 0, 1, 2, 3, 4]
    # Path 2 is (G1, S2), (G2, S6), (G3, S6), (G4, S7), (G5, S8), (G6, S9).
    assert folds.paths()[1].tolist() == [1, 5, 5, 6, 7, 8]
    for group in range(6):
        assert [pairs[split] for split in folds.paths()[:, group]] == [
            pair for pair in pairs if group in pair
        ]


def test_purge_and_embargo_of_chapter_seven():
    """Lopez de Prado (2018), section 7.4: labels last h bars, so h training samples
    before the test and h behind it overlap it; the embargo takes h_E bars more."""
    t, h, embargo = np.arange(100), 5, 3
    folds = PurgedKFold(5, times=t, label_end_times=t + h, embargo=embargo)
    fold = list(folds.folds())[2]
    assert fold.test.tolist() == list(range(40, 60))
    assert fold.purged.tolist() == [*range(35, 40), *range(60, 65)]
    assert fold.embargoed.tolist() == [65, 66, 67]


# --- gaps, times, Samples ------------------------------------------------------------


def test_an_embargo_by_default_is_1440_bars_of_five_minutes_else_five_session_days():
    def embargoed(times):
        folds = PurgedKFold(2, times=times, label_end_times=times)
        return len(next(folds.folds()).embargoed)

    five = np.arange(6000) * 5 * MINUTE
    assert embargoed(five) == 1440
    # The same with 78 bars a day, as in regular hours of shares.
    day, bar = np.divmod(np.arange(6000), 78)
    assert embargoed((day * 288 + 162 + bar) * 5 * MINUTE) == 1440
    assert embargoed(np.arange(20_000) * MINUTE) == 5 * 1440
    # Hourly bars of a futures week: Sunday 22:00 to Friday 21:00, an hour off a day.
    hours = np.arange(40 * 7 * 24)
    weekday, hour = (hours // 24 + 3) % 7, hours % 24
    opened = (
        (weekday < 4) | ((weekday == 6) & (hour >= 22)) | ((weekday == 4) & (hour < 21))
    )
    assert embargoed(hours[opened & (hour != 21)] * 60 * MINUTE) == 5 * 23
    days = np.arange(300) * 1440 * MINUTE
    assert embargoed(days) == 5
    # Events, every thirtieth bar of five minutes.
    bars = np.arange(0, 60_000, 30)
    folds = PurgedKFold(
        2, times=bars * 5 * MINUTE, label_end_times=bars * 5 * MINUTE, bars=bars
    )
    assert len(next(folds.folds()).embargoed) == 1440 // 30


def test_timedeltas_of_every_library_and_dates_mean_the_same():
    times = np.arange(100) * 60 * MINUTE
    stamps = pd.DatetimeIndex(times.astype("datetime64[ns]"))
    folds = [
        PurgedKFold(4, times=at, label_end_times=at, purge=gap, embargo=gap)
        for at in (times, times.astype("datetime64[ns]"), stamps, times.tolist())
        for gap in (
            3,
            datetime.timedelta(hours=3),
            np.timedelta64(3, "h"),
            pd.Timedelta("3h"),
        )
    ]
    wanted = [train.tolist() for train, _ in folds[0].split()]
    for one in folds:
        assert [train.tolist() for train, _ in one.split()] == wanted


def samples_of(times, ends, index=None):
    rows = int(max(index)) + 1 if index is not None else len(times)
    return Samples(
        np.zeros((rows, 1), dtype=np.float32),
        np.arange(len(times)) if index is None else np.array(index),
        np.array(times),
        np.array(ends),
        np.zeros(rows, dtype=np.int64),
        ("x",),
    )


def test_samples_bring_their_times_label_ends_and_bars():
    bars = np.arange(0, 120, 3)
    samples = samples_of(bars, bars + 2, bars)
    given_all = PurgedKFold(
        3, times=bars, label_end_times=bars + 2, bars=bars, purge=6, embargo=6
    )
    unbound = PurgedKFold(3, purge=6, embargo=6)
    for one, other in zip(given_all.split(), unbound.split(samples), strict=True):
        np.testing.assert_array_equal(one[0], other[0])
        np.testing.assert_array_equal(one[1], other[1])
    # The same splitter splits the training rows of an outer fold.
    inner = samples.take(next(unbound.split(samples))[0])
    assert sum(len(test) for _, test in unbound.split(inner)) == len(inner)
    paths = CombinatorialPurgedKFold(4, 2, embargo=0)
    tests = [test for _, test in paths.split(samples)]
    assert (paths.reconstruct(tests, samples) == np.arange(len(bars))).all()


def test_rows_of_two_symbols_count_distinct_times():
    times = np.r_[np.arange(30), np.arange(30)]
    samples = samples_of(times, times)
    train, test = list(PurgedKFold(3, purge=2, embargo=4).split(samples))[1]
    assert sorted(times[test]) == sorted([*range(10, 20)] * 2)
    assert sorted(times[train]) == sorted([*range(8), *range(24, 30)] * 2)


# --- errors --------------------------------------------------------------------------

T = np.arange(40)
PLAIN = {"times": T, "label_end_times": T}


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: PurgedKFold(1, **PLAIN), "n_splits must be a whole number >= 2"),
        (lambda: CombinatorialPurgedKFold(4, 4, **PLAIN), "at most 3"),
        (lambda: WalkForward(0, **PLAIN), "n_windows"),
        (lambda: WalkForward(2, first_train=1.0, **PLAIN), "between 0 and 1"),
        (lambda: PurgedKFold(2, **PLAIN, purge=-1), r"purge must be .* got -1"),
        (lambda: PurgedKFold(2, **PLAIN, embargo=True), "embargo must be"),
        (lambda: PurgedKFold(2, **PLAIN, embargo=0.01), "embargo must be"),
        (lambda: PurgedKFold(2, **PLAIN, purge=np.timedelta64("NaT")), "purge must be"),
        (lambda: PurgedKFold(2, times=T), "both times and label_end_times"),
        (lambda: PurgedKFold(2, times=T, label_end_times=T[:9]), r"\(40,\), \(9,\)"),
        (
            lambda: PurgedKFold(2, times=T / 2, label_end_times=T),
            "times must be one row",
        ),
        (lambda: PurgedKFold(2).split(T[:, None]), "does not know when labels end"),
        (lambda: PurgedKFold(2).split(), "does not know when labels end"),
        (lambda: TimeSeriesSplit(2).split(), "does not know when labels end"),
        (lambda: TimeSeriesSplit(2, test_size=0), "test_size must be a whole number"),
        (lambda: TimeSeriesSplit(2, max_train_size=-1), "max_train_size must be"),
        (lambda: TimeSeriesSplit(50, **PLAIN).split(), "Cannot have number of folds"),
        (lambda: PurgedKFold(2, **PLAIN).split(T[:9, None]), "40 times, but X has 9"),
        (lambda: PurgedKFold(41, **PLAIN).split(), "cannot be cut into 41 parts"),
        (
            lambda: PurgedKFold(2, times=T // 30, label_end_times=T).split(),
            "2 distinct times cannot be cut",
        ),
        (
            lambda: PurgedKFold(2, **PLAIN, embargo=30).split(),
            "fold 1 of 2 .* embargo=30 bars takes 20",
        ),
        (
            lambda: PurgedKFold(2, **PLAIN, purge=np.timedelta64(1, "h")).split(),
            "20 more lie within purge=0 days 01:00:00",
        ),
        (
            lambda: PurgedKFold(2, times=T, label_end_times=T + 40, embargo=0).split(),
            "20 have a label that overlaps",
        ),
        (
            lambda: WalkForward(4, **PLAIN, purge=9).split(),
            r"fold 1 of 4 .* 8 more lie within purge=9 bars",
        ),
        (
            lambda: WalkForward(4, **PLAIN, embargo=9).split(),
            "left without test samples",
        ),
        (
            lambda: CombinatorialPurgedKFold(4, 2, **PLAIN).reconstruct([T]),
            "values of 6 splits, got 1",
        ),
        (
            lambda: CombinatorialPurgedKFold(4, 2, **PLAIN).reconstruct([T] * 6),
            "split 0 has 20 test samples, got 40 values",
        ),
    ],
)
def test_what_cannot_be_split_says_what_to_change(make, says):
    with pytest.raises(ConfigError, match=says):
        list(make())


def test_labels_that_end_before_they_begin_and_clocks_that_disagree_are_named():
    with pytest.raises(DataError, match="label of row 3 ends at 2"):
        PurgedKFold(2, times=T, label_end_times=np.where(T == 3, 2, T))
    with pytest.raises(DataError, match="bars must not decrease"):
        PurgedKFold(2, **PLAIN, bars=T[::-1])
    folds = PurgedKFold(2, **PLAIN, embargo=0)
    with pytest.raises(DataError, match="other times"):
        list(folds.split(samples_of(T + 1, T + 1)))
    with pytest.raises(DataError, match="NaT"):
        PurgedKFold(2, times=[np.datetime64("NaT")] * 40, label_end_times=T)


def test_times_that_were_given_are_those_of_the_samples_row_by_row():
    # Sorted by time, as nobody who pools symbols has them.
    folds = PurgedKFold(2, times=T, label_end_times=T + 1, embargo=0)
    samples = samples_of(T, T + 1)
    list(folds.split(samples))
    list(folds.split(samples_of(T, T)))
    with pytest.raises(DataError, match="in another order"):
        list(folds.split(samples.take(T[::-1])))
    with pytest.raises(DataError, match=r"other label ends \(40 are later\)"):
        list(folds.split(samples_of(T, T + 2)))


def test_a_splitter_says_what_it_does():
    folds = CombinatorialPurgedKFold(6, 2, purge=np.timedelta64(90, "s"))
    assert repr(folds) == (
        "CombinatorialPurgedKFold(n_groups=6, n_test_groups=2, "
        "purge=0 days 00:01:30, embargo=default)"
    )


@pytest.mark.parametrize("seed", range(3))
def test_a_peer_makes_the_same_folds(seed):
    """purgedcv counts a label up to its end, the end not included, and begins the
    embargo there: one nanosecond later it is ours."""
    rng = np.random.default_rng(seed)
    times = np.sort(rng.choice(400, 150, replace=False)) * 60 * MINUTE
    ends = times + rng.integers(0, 20, 150) * 60 * MINUTE
    X, wait = times[:, None], 7 * 60 * MINUTE
    ours = {
        "times": times,
        "label_end_times": ends,
        "embargo": np.timedelta64(wait, "ns"),
    }
    theirs = {
        "prediction_times": times.astype("datetime64[ns]"),
        "evaluation_times": (ends + 1).astype("datetime64[ns]"),
        "embargo": np.timedelta64(wait - 1, "ns"),
    }
    for one, other in (
        (PurgedKFold(4, **ours), purgedcv.PurgedKFold(4, **theirs)),
        (
            CombinatorialPurgedKFold(5, 2, **ours),
            purgedcv.CombinatorialPurgedCV(5, 2, **theirs),
        ),
    ):
        for mine, peers in zip(one.split(X), other.split(X), strict=True):
            np.testing.assert_array_equal(mine[0], peers[0])
            np.testing.assert_array_equal(mine[1], peers[1])
