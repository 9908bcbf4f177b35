from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from barwise.features.calendar_inputs import CalendarInputs, local_hours
from barwise.features.columns import CALENDAR_COLUMNS


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


def test_one_bar_at_a_time_gives_the_same():
    times = close("2018-12-31T15:00", "2019-01-02T15:00", "2025-01-09T14:00")
    together = CalendarInputs("cme_equity").columns(times, CALENDAR_COLUMNS)
    for row in range(len(times)):
        alone = CalendarInputs("cme_equity").columns(
            times[row : row + 1], CALENDAR_COLUMNS
        )
        for name, value in alone.items():
            np.testing.assert_array_equal(value[0], together[name][row])
