import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from barwise.core.errors import ConfigError, DataError
from barwise.datasets import PARTS, chronological_split
from oracles import purge as oracle

PROFILE = settings(max_examples=150, deadline=None, derandomize=True)
FRACTIONS = ((0.7, 0.15, 0.15), (0.6, 0.2, 0.2), (0.34, 0.33, 0.33))


@st.composite
def labelled(draw):
    count = draw(st.integers(1, 60))
    steps = draw(st.lists(st.integers(0, 3), min_size=count, max_size=count))
    spans = draw(st.lists(st.integers(0, 12), min_size=count, max_size=count))
    skips = draw(st.lists(st.integers(0, 3), min_size=count, max_size=count))
    times = np.cumsum(steps)
    # A later time is a later bar; bars of one time may differ.
    bars = np.cumsum(np.maximum(skips, np.array(steps) > 0))
    return times, times + spans, bars


@PROFILE
@given(
    data=labelled(),
    fractions=st.sampled_from(FRACTIONS),
    purge=st.integers(0, 8),
    embargo=st.integers(0, 5),
)
def test_equals_the_loop_over_single_samples(data, fractions, purge, embargo):
    times, ends, bars = data
    wanted = oracle.parts(
        times.tolist(), ends.tolist(), bars.tolist(), fractions, purge, embargo
    )
    options = {"fractions": fractions, "purge": purge, "embargo": embargo}
    if not all(wanted):
        with pytest.raises(ConfigError, match=r"split\.fractions"):
            chronological_split(times, ends, bars=bars, **options)
        return
    split = chronological_split(times, ends, bars=bars, **options)
    assert [split.part(name).tolist() for name in PARTS] == list(wanted)
    removed = sum(sum(counts.values()) for counts in split.removed.values())
    assert removed + sum(map(len, wanted)) == len(times)


@PROFILE
@given(data=labelled(), purge=st.integers(0, 8))
def test_no_label_touches_a_later_part(data, purge):
    times, ends, _ = data
    try:
        split = chronological_split(times, ends, purge=purge)
    except ConfigError:
        assume(False)
    order = [split.train, split.val, split.test]
    for early, late in ((0, 1), (0, 2), (1, 2)):
        for i in order[early]:
            for j in order[late]:
                spans = (times[i], ends[i], times[j], ends[j])
                assert not oracle.shares_time(*spans)
                assert j - i > purge


def test_equal_times_are_never_parted():
    times = np.repeat(np.arange(10), 10)
    split = chronological_split(times, times, fractions=(0.55, 0.2, 0.25), purge=0)
    seen = [set(times[split.part(name)]) for name in PARTS]
    assert sum(map(len, seen)) == len(set.union(*seen)) == 10
    assert split.boundaries == (5, 7)


def test_seventy_fifteen_fifteen_of_a_round_number():
    times = np.arange(100)
    split = chronological_split(times, times, purge=0)
    assert [len(split.part(name)) for name in PARTS] == [70, 15, 15]


def test_sparse_samples_are_purged_by_bars_not_by_samples():
    bars = np.arange(100) * 30
    split = chronological_split(bars, bars + 20, purge=60, bars=bars)
    assert split.removed["train"] == {"overlap": 0, "gap": 2, "embargo": 0}
    assert bars[split.val[0]] - bars[split.train[-1]] > 60


def test_removed_rows_are_counted_once_and_by_reason():
    times = np.arange(200)
    split = chronological_split(times, times + 10, purge=15, embargo=3)
    assert split.removed == {
        "train": {"overlap": 10, "gap": 5, "embargo": 0},
        "val": {"overlap": 10, "gap": 5, "embargo": 3},
        "test": {"overlap": 0, "gap": 0, "embargo": 3},
    }


@pytest.mark.parametrize(
    ("count", "options", "says"),
    [
        (100, {"purge": 60}, r"val part is empty.*15 more lie within split.purge=60"),
        (100, {"purge": 0, "embargo": 20}, r"split.embargo=20 takes 15"),
        (5, {"purge": 0}, "val part is empty: of its 1 samples 1 have"),
        (2, {"purge": 0}, "every part needs one"),
        (0, {"purge": 0}, "every part needs one"),
        (100, {"purge": -1}, "purge"),
        (100, {"purge": 0, "fractions": (0.7, 0.2, 0.2)}, "sum to 1"),
        (100, {"purge": 0, "fractions": (1.1, -0.2, 0.1)}, "positive"),
    ],
)
def test_what_cannot_be_split_says_what_to_change(count, options, says):
    times = np.arange(count)
    spans = 0 if options["purge"] else 1
    with pytest.raises(ConfigError, match=says):
        chronological_split(times, times + spans, **options)


def test_rows_out_of_order_are_named():
    times = np.array([0, 2, 1, 3])
    with pytest.raises(DataError, match="row 2 has 1 after 2"):
        chronological_split(times, times, purge=0)
    with pytest.raises(DataError, match="label of row 3 ends at 2"):
        chronological_split(np.arange(4), np.array([0, 1, 2, 2]), purge=0)
    with pytest.raises(ConfigError, match=r"\(4,\), \(3,\)"):
        chronological_split(np.arange(4), np.arange(3), purge=0)
