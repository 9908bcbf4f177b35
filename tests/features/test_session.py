"""Session and clock features against pandas groups."""

import numpy as np
import pytest

from oracles.market import assert_agrees, ratio


def so_far(m):
    return m.h.groupby(m.day).cummax(), m.l.groupby(m.day).cummin()


def session_return(m):
    return np.log(m.c / m.o.groupby(m.day).transform("first"))


def session_range(m):
    high, low = so_far(m)
    return (high - low) / m.c


def session_position(m):
    high, low = so_far(m)
    return ratio(m.c - low, high - low, 0.5)


def from_last(m, extreme):
    """Distance to the extreme of the session before."""
    last = m.day.map(extreme.groupby(m.day).last().shift(1))
    return 1 - last / m.c


ORACLES = {
    "session_return": session_return,
    "session_range": session_range,
    "session_position": session_position,
    "session_last_high_distance": lambda m: from_last(m, so_far(m)[0]),
    "session_last_low_distance": lambda m: from_last(m, so_far(m)[1]),
    "hour_sin": lambda m: np.sin(2 * np.pi * m.columns["local_hour"] / 24),
    "hour_cos": lambda m: np.cos(2 * np.pi * m.columns["local_hour"] / 24),
    "dayofweek_sin": lambda m: np.sin(2 * np.pi * m.columns["session_weekday"] / 7),
    "dayofweek_cos": lambda m: np.cos(2 * np.pi * m.columns["session_weekday"] / 7),
    "session_progress": lambda m: m.columns["minutes_since_open"] / 1250,
    "session_hours_to_close": lambda m: np.minimum(
        m.columns["minutes_to_close"] / 60, 6
    ),
    "session_hours_since_open": lambda m: np.minimum(
        m.columns["minutes_since_open"] / 60, 6
    ),
    "session_first_hour": lambda m: m.columns["minutes_since_open"] <= 60,
    "session_last_hour": lambda m: m.columns["minutes_to_close"] < 60,
    "session_is_rth": lambda m: m.columns["is_rth"],
    "session_holiday_adjacent": lambda m: m.columns["holiday_adjacent"],
}


@pytest.mark.parametrize("market", ["smooth", "coarse"])
@pytest.mark.parametrize("name", ORACLES)
def test_agrees_with_the_formula(name, market):
    assert_agrees(name, ORACLES[name], market)
