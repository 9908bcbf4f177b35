import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barwise.bars.session_filter import SessionFilter, session_mask
from barwise.bars.sessions import session_table
from barwise.core.arrays import MINUTE
from barwise.core.errors import DataError
from barwise.testing import stages
from oracles import session_streams as ss

PROFILE = settings(max_examples=30, deadline=None, derandomize=True)
SESSIONS = st.sampled_from(["all", "RTH", "ETH"])


def example(session):
    return stages.Example(lambda: SessionFilter(ss.TABLE, session), lambda bars: bars)


@PROFILE
@given(bars=ss.streams(), session=SESSIONS, places=ss.cuts())
def test_chunks_do_not_matter(bars, session, places):
    stages.check_chunks(example(session), bars, places)


@PROFILE
@given(bars=ss.streams(), session=SESSIONS, cut=st.integers(0, 120))
def test_a_restart_changes_nothing(bars, session, cut):
    stages.check_restore(example(session), bars, min(cut, len(bars)))


@PROFILE
@given(bars=ss.streams())
def test_hours_nest(bars):
    kept = {s: set(SessionFilter(ss.TABLE, s).push(bars).time) for s in ("RTH", "ETH")}
    assert kept["RTH"] <= kept["ETH"] <= set(bars.time)
    expected = {t for t in bars.time if any(a < t <= b for a, b in ss.PAIRS)}
    assert kept["ETH"] == expected


def test_regular_hours_of_a_half_day_end_with_the_cash_market():
    day = ss.ns("2024-11-29T00:00")
    times = day + np.arange(1, 24 * 60) * MINUTE
    kept = times[session_mask(times, ss.TABLE, "RTH")]
    clock = [str(t)[11:16] for t in kept[[0, -1]].astype("datetime64[ns]")]
    assert clock == ["14:31", "18:00"]  # 08:31 and 12:00 Chicago


def test_a_holiday_has_no_regular_hours_but_a_session():
    day = ss.ns("2024-11-28T00:00")
    times = day + np.arange(1, 24 * 60) * MINUTE
    assert not session_mask(times, ss.TABLE, "RTH").any()
    held = times[session_mask(times, ss.TABLE, "ETH")]
    assert str(held[held <= day + 20 * 60 * MINUTE][-1].astype("datetime64[ns]"))[
        11:16
    ] == ("18:00")


def test_bars_beyond_the_table_are_refused():
    table = session_table("crypto", ss.START, ss.START + MINUTE)
    bars = ss.minutes(ss.START + np.arange(1, 4) * MINUTE, rng=np.random.default_rng(0))
    with pytest.raises(DataError, match=r"row 1 at 2024-11-27 12:02.* wider bounds"):
        SessionFilter(table, "RTH").push(bars)
