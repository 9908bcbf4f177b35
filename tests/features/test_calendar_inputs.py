from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from barwise.bars.sessions import coverage, session_table
from barwise.features.calendar_inputs import CalendarInputs
from barwise.features.columns import CALENDAR_COLUMNS
from barwise.features.local_time import local_hours


def close(*moments):
    return np.array(moments, "datetime64[ns]").astype(np.int64)


@pytest.mark.parametrize(
    "zone",
    ["America/New_York", "Europe/London", "Australia/Sydney", "UTC", "Asia/Kolkata"],
)
def test_local_hours_are_pandas(zone):
    times = pd.date_range("2017-01-01", "2026-01-01", freq="97min", tz="UTC")
    local = times.tz_convert(ZoneInfo(zone))
    expected = (local.hour + local.minute / 60).to_numpy()
    ours = local_hours(times.as_unit("ns").asi8, zone)
    np.testing.assert_allclose(ours, expected, atol=1e-12)


def test_a_day_of_globex():
    # Sunday evening belongs to Monday; the clock changed on 2024-03-10.
    times = close(
        "2024-03-10T22:05", "2024-03-11T14:00", "2024-03-11T21:00", "2024-03-11T21:30"
    )
    made = CalendarInputs("cme_equity").columns(times, CALENDAR_COLUMNS)
    np.testing.assert_array_equal(made["session_weekday"], [0, 0, 0, np.nan])
    np.testing.assert_array_equal(made["minutes_since_open"], [5, 960, 1380, np.nan])
    np.testing.assert_array_equal(made["minutes_to_close"], [1375, 420, 0, np.nan])
    np.testing.assert_array_equal(made["is_rth"], [0, 1, 0, np.nan])
    np.testing.assert_allclose(made["local_hour"], [17 + 5 / 60, 9, 16, 16.5])


def test_the_day_after_thanksgiving_is_beside_a_holiday():
    times = close("2023-11-22T15:00", "2023-11-24T15:00", "2023-11-28T15:00")
    made = CalendarInputs("us_equity").columns(times, CALENDAR_COLUMNS)
    np.testing.assert_array_equal(made["holiday_adjacent"], [1, 1, 0])
    # A half-day closes earlier, and the features know it beforehand.
    assert made["session_length"][1] < made["session_length"][2]


@pytest.mark.parametrize("calendar", ["cme_equity", "us_equity", "forex", "crypto"])
def test_one_bar_at_a_time_gives_the_same(calendar):
    """At every event of the schedule, a nanosecond before and after, and in between."""
    table = session_table(calendar, *coverage(calendar))
    rows = slice(len(table) // 2, len(table) // 2 + 60)
    events = [
        getattr(table, name)[rows]
        for name in ("open", "close", "rth_open", "rth_close", "halt_start", "halt_end")
    ]
    clock = close("2024-03-10T07:00", "2024-11-03T06:00", "2025-01-01", "2024-03-31T01")
    moments = np.concatenate([*events, clock])
    between = np.random.default_rng(6).integers(moments.min(), moments.max(), 300)
    times = np.concatenate([moments - 1, moments, moments + 1, between, between + 1])
    together = CalendarInputs(calendar).columns(times, CALENDAR_COLUMNS)
    single = CalendarInputs(calendar)
    for order in (np.argsort(times), np.random.default_rng(7).permutation(len(times))):
        alone = [single.of_one(int(times[r])) for r in order]
        for name, values in together.items():
            found = np.concatenate([columns[name] for columns in alone])
            np.testing.assert_array_equal(found, values[order], name)
