"""The tail that decides about stopping shares no label with the rows before it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barwise.core.errors import ConfigError
from barwise.models.fitting.tail import purged_tail


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**16),
    rows=st.integers(20, 80),
    share=st.floats(0.1, 0.6),
    purge=st.integers(0, 6),
)
def test_no_label_reaches_the_tail(seed, rows, share, purge):
    rng = np.random.default_rng(seed)
    times = rng.integers(0, rows, rows)
    ends = times + rng.integers(0, 8, rows)
    moments = sorted(set(times.tolist()))
    cut = len(moments) - round(share * len(moments))
    first = moments[cut] if cut < len(moments) else None
    expected_newer = [i for i in range(rows) if first is not None and times[i] >= first]
    forbidden = moments[max(cut - purge, 0) : cut]
    expected_older = [
        i
        for i in range(rows)
        if first is not None
        and times[i] < first
        and ends[i] < first
        and times[i] not in forbidden
    ]
    if not expected_newer or not expected_older:
        with pytest.raises(ConfigError, match="tail_share"):
            purged_tail(times, ends, share, purge)
        return
    older, newer = purged_tail(times, ends, share, purge)
    assert older.tolist() == expected_older
    assert newer.tolist() == expected_newer


def test_a_tail_that_empties_the_rest_is_a_config_error():
    times = np.arange(50)
    with pytest.raises(ConfigError, match=r"50 training rows.*lower tail_purge"):
        purged_tail(times, times, share=0.2, purge=60)
