import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barwise.core.errors import DataError
from barwise.metrics import average_uniqueness, block_length, effective_sample_size


def plain_uniqueness(entry, end):
    """Lopez de Prado, snippets 4.1 and 4.2: bars after the entry, up to the end."""
    alive = {}
    for begin, stop in zip(entry, end, strict=True):
        for bar in range(begin + 1, stop + 1):
            alive[bar] = alive.get(bar, 0) + 1
    return [
        sum(1 / alive[bar] for bar in range(begin + 1, stop + 1)) / (stop - begin)
        for begin, stop in zip(entry, end, strict=True)
    ]


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(1, 20)), min_size=1, max_size=40)
)
def test_uniqueness_is_that_of_the_plain_loop(spans):
    entry = np.array([begin for begin, _ in spans])
    end = np.array([begin + length for begin, length in spans])
    expected = plain_uniqueness(entry.tolist(), end.tolist())
    found = average_uniqueness(entry, end)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    # The unit of time does not matter.
    np.testing.assert_allclose(average_uniqueness(entry * 10**12, end * 10**12), found)
    assert effective_sample_size(entry, end) == pytest.approx(sum(expected))


def test_the_effective_size_of_a_full_overlap_is_the_number_of_spans():
    bars = np.arange(10_000)
    # Every bar decides and every label lasts 20 bars: 10 000 / 20, and the edges.
    assert effective_sample_size(bars, bars + 20) == pytest.approx(500, rel=0.01)
    apart = np.arange(0, 1000, 20)
    assert effective_sample_size(apart, apart + 20) == pytest.approx(50)


def test_a_block_is_five_spans_of_rows():
    bars = np.arange(100_000)
    assert block_length(bars, bars + 20) == 100
    # One row in ten is sampled: a label of 20 bars spans two rows.
    sampled = bars[::10]
    assert block_length(sampled, sampled + 20) == 10
    assert block_length(np.zeros(0, np.int64), np.zeros(0, np.int64)) == 1


def test_broken_rows_are_named():
    with pytest.raises(DataError, match="row 1 ends at 3"):
        average_uniqueness(np.array([0, 3]), np.array([2, 3]))
    with pytest.raises(DataError, match="entry of row 1"):
        block_length(np.array([3, 1]), np.array([4, 4]))
