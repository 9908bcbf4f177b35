import numpy as np
import pandas as pd
import pytest

from barwise.bars.sessions import session_table
from barwise.core.arrays import HOUR, MINUTE
from barwise.core.errors import DataError
from barwise.trading.days import daily_change, session_days_per_year


def nanoseconds(*stamps):
    return [pd.Timestamp(stamp, tz="UTC").value for stamp in stamps]


def test_days_are_sessions_and_days_without_bars_count():
    # Thursday 2025-07-03 closes early; Friday the 4th is a holiday session of CME.
    start, end = nanoseconds("2025-06-29", "2025-07-12")
    table = session_table("cme_equity", start, end)
    rows = np.arange(start, end, 30 * MINUTE)
    rows = rows[table.index_of(rows) >= 0]
    hole = table.day[table.index_of(rows)] == table.day[3]
    rows = rows[~hole]
    equity = np.random.default_rng(0).normal(size=len(rows)).cumsum()
    day, change = daily_change(rows, equity, table)
    # pandas: last value of each exchange date, carried over days without bars.
    last = (
        pd.Series(equity, index=table.day[table.index_of(rows)]).groupby(level=0).last()
    )
    first, final = table.index_of(rows)[[0, -1]]
    expected = last.reindex(table.day[first : final + 1]).ffill()
    np.testing.assert_array_equal(day, expected.index)
    np.testing.assert_allclose(change, expected.diff().fillna(expected.iloc[0]))
    assert change[day == table.day[3]] == [0.0]


def test_a_bar_outside_sessions_counts_to_the_next_one():
    start, end = nanoseconds("2025-06-29", "2025-07-05")
    table = session_table("cme_equity", start, end)
    rows = np.array([table.close[0], table.close[0] + MINUTE, table.close[1]])
    day, change = daily_change(rows, np.array([1.0, 3.0, 4.0]), table)
    np.testing.assert_array_equal(day, table.day[:2])
    np.testing.assert_array_equal(change, [1.0, 3.0])


def test_without_sessions_days_are_utc_days():
    rows = np.arange(1, 200) * HOUR
    equity = np.arange(199.0)
    day, change = daily_change(rows, equity)
    # A bar that closes at midnight belongs to the day that it ends.
    frame = pd.Series(equity, index=pd.to_datetime(rows - 1)).resample("D").last()
    assert len(day) == len(frame)
    np.testing.assert_array_equal(change, frame.diff().fillna(frame.iloc[0]))


def test_no_bars_have_no_days():
    day, change = daily_change(np.zeros(0, np.int64), np.zeros(0))
    assert len(day) == len(change) == 0


def test_a_table_without_sessions_is_refused():
    start, end = nanoseconds("2025-07-05 02:00", "2025-07-05 20:00")
    with pytest.raises(DataError, match="no session of cme_equity"):
        daily_change(
            np.array([start + 1]), np.zeros(1), session_table("cme_equity", start, end)
        )


@pytest.mark.parametrize(
    ("calendar", "low", "high"), [("us_equity", 250, 253), ("crypto", 365, 366)]
)
def test_days_of_a_year_do_not_depend_on_how_long_the_table_is(calendar, low, high):
    short = session_table(calendar, *nanoseconds("2023-12-20", "2023-12-29"))
    whole = session_table(calendar, *nanoseconds("2023-01-01", "2023-12-31"))
    assert session_days_per_year(short) == session_days_per_year(whole)
    assert low <= session_days_per_year(short) <= high
