"""Session tables against known schedules and against when real markets traded."""

from collections import Counter
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barwise.bars.calendars import CALENDARS
from barwise.bars.exchange_days import exchange_days
from barwise.bars.sessions import SessionTable, coverage, session_table
from barwise.core.arrays import DAY, HOUR, MINUTE
from barwise.core.errors import ConfigError, DataError
from barwise.core.hashing import hash_arrays

CHICAGO, NEW_YORK = "America/Chicago", "America/New_York"
every_calendar = pytest.mark.parametrize("name", CALENDARS)


def ns(text):
    return int(np.datetime64(text, "ns").astype(np.int64))


def whole(name):
    return session_table(name, *coverage(name))


def year(name, number):
    return session_table(name, ns(f"{number}-01-01"), ns(f"{number + 1}-01-01"))


def local(times, zone, pattern="%Y-%m-%d %H:%M"):
    return list(pd.DatetimeIndex(times, tz="UTC").tz_convert(zone).strftime(pattern))


def session_of(name, day):
    """The one session of an exchange date, as a dict of local clock times."""
    table = session_table(name, ns(day) - 3 * DAY, ns(day) + 3 * DAY)
    rows = np.flatnonzero(table.day == ns(day) // DAY)
    if not len(rows):
        return None
    zone = CALENDARS[name].timezone
    at = {
        edge: local(getattr(table, edge)[rows], zone, "%H:%M")[0]
        for edge in ("open", "close", "rth_open", "rth_close")
    }
    regular = table.rth_open[rows[0]] < table.rth_close[rows[0]]
    hours = f"{at['open']}-{at['close']}"
    return hours, f"{at['rth_open']}-{at['rth_close']}" if regular else None


@every_calendar
def test_tables_are_well_formed(name):
    table = whole(name)
    assert (table.open < table.close).all()
    assert (table.close[:-1] <= table.open[1:]).all()
    assert (table.close - table.open).max() <= DAY
    for start, end in (("rth_open", "rth_close"), ("halt_start", "halt_end")):
        starts, ends = getattr(table, start), getattr(table, end)
        assert (table.open <= starts).all()
        assert (starts <= ends).all()
        assert (ends <= table.close).all()
        assert ((starts < ends) | (ends == table.close)).all()
    assert (np.diff(table.day) > 0).all()
    # The exchange date is the local date of the last moment before the close.
    zone = CALENDARS[name].timezone
    named = local(table.close - 1, zone, "%Y-%m-%d")
    assert named == [str(d) for d in table.day.astype("datetime64[D]")]


@every_calendar
@pytest.mark.parametrize("number", [2013, 2018, 2024, 2025])
def test_clock_times_do_not_move_with_daylight_saving(name, number):
    table = year(name, number)
    zone = CALENDARS[name].timezone
    hours = next(
        one for one in reversed(CALENDARS[name].hours) if one.since.year <= number
    )
    assert set(local(table.open, zone, "%H:%M")) == {hours.open.strftime("%H:%M")}
    full = table.close[~table.half_day]
    assert set(local(full, zone, "%H:%M")) == {hours.close.strftime("%H:%M")}


def test_weeks_of_the_clock_change():
    """U.S. clocks changed on Sunday 2024-03-10 and 2024-11-03 at 02:00."""
    march = session_table("cme_equity", ns("2024-03-07T12:00"), ns("2024-03-12T12:00"))
    assert [str(t)[:16] for t in march.open.astype("datetime64[ns]")] == [
        "2024-03-06T23:00", "2024-03-07T23:00", "2024-03-10T22:00", "2024-03-11T22:00",
    ]  # fmt: skip
    november = session_table("forex", ns("2024-10-31T12:00"), ns("2024-11-05T12:00"))
    assert [str(t)[:16] for t in november.open.astype("datetime64[ns]")] == [
        "2024-10-30T21:00", "2024-10-31T21:00", "2024-11-03T22:00", "2024-11-04T22:00",
    ]  # fmt: skip
    assert (november.close[:2] - november.open[:2]).tolist() == [DAY, DAY]


# Local clock times. Seen in real bars: index and shares of 2024 and 2025, the mourning of
# 2018, the 16:15 close. Announced (vendors' notices of the exchanges' schedules): the
# fourth of July of 2013 and 2024. The rest is the exchanges' rule for such a day.
SCHEDULES = [
    ("cme_equity", "2025-01-09", ("17:00-08:30", None)),  # mourning for J. Carter
    ("us_equity", "2025-01-09", None),
    ("cme_metals", "2025-01-09", ("17:00-16:00", "07:20-12:30")),
    ("cme_fx", "2025-01-09", ("17:00-16:00", "07:20-14:00")),
    ("cme_equity", "2018-12-05", ("17:00-08:30", None)),  # mourning for G. H. W. Bush
    ("us_equity", "2018-12-05", None),
    ("cme_equity", "2025-04-18", None),  # Good Friday
    ("cme_metals", "2025-04-18", None),
    ("cme_fx", "2024-03-29", None),
    ("us_equity", "2024-03-29", None),
    ("cme_equity", "2023-04-07", ("17:00-08:15", None)),  # Good Friday with payrolls
    ("cme_fx", "2023-04-07", ("17:00-10:15", None)),
    ("cme_metals", "2023-04-07", None),
    ("cme_equity", "2024-07-03", ("17:00-12:15", "08:30-12:00")),
    ("us_equity", "2024-07-03", ("04:00-17:00", "09:30-13:00")),
    ("cme_metals", "2024-07-03", ("17:00-16:00", "07:20-12:30")),
    ("cme_equity", "2024-07-04", ("17:00-12:00", None)),
    ("cme_metals", "2024-07-04", ("17:00-13:30", None)),
    ("cme_fx", "2024-07-04", ("17:00-16:00", None)),
    ("us_equity", "2024-07-04", None),
    ("cme_equity", "2024-11-28", ("17:00-12:00", None)),  # Thanksgiving
    ("cme_equity", "2024-11-29", ("17:00-12:15", "08:30-12:00")),
    ("cme_metals", "2024-11-29", ("17:00-12:45", "07:20-12:30")),
    ("us_equity", "2024-11-29", ("04:00-17:00", "09:30-13:00")),
    ("cme_equity", "2024-12-24", ("17:00-12:15", "08:30-12:00")),
    ("cme_metals", "2024-12-24", ("17:00-12:45", "07:20-12:30")),
    ("cme_fx", "2024-12-24", ("17:00-12:15", "07:20-12:15")),
    ("cme_equity", "2024-12-25", None),
    ("forex", "2024-12-25", None),
    ("forex", "2025-01-01", None),
    ("forex", "2024-12-26", ("17:00-17:00", "08:00-17:00")),
    ("cme_equity", "2013-07-04", ("17:00-10:30", None)),
    ("cme_equity", "2014-09-02", ("17:00-16:15", "08:30-15:00")),
    ("cme_equity", "2015-09-21", ("17:00-16:00", "08:30-15:00")),
    ("crypto", "2024-12-25", ("00:00-00:00", "00:00-00:00")),
]


@pytest.mark.parametrize(("name", "day", "expected"), SCHEDULES)
def test_schedules_of_special_days(name, day, expected):
    assert session_of(name, day) == expected


def test_the_halt_of_the_index_ended_in_june_2021():
    before = session_table("cme_equity", ns("2021-06-25T12:00"), ns("2021-06-25T20:00"))
    after = session_table("cme_equity", ns("2021-06-28T12:00"), ns("2021-06-28T20:00"))
    assert local(before.halt_start, CHICAGO) == ["2021-06-25 15:15"]
    assert local(before.halt_end, CHICAGO) == ["2021-06-25 15:30"]
    assert (after.halt_start == after.close).all()


def test_holiday_adjacent_counts_scheduled_closures_only():
    table = year("us_equity", 2025)
    days = {
        str(day): bool(near)
        for day, near in zip(
            table.day.astype("datetime64[D]"), table.holiday_adjacent, strict=True
        )
    }
    assert days["2025-07-03"]  # before Independence Day
    assert days["2025-11-28"]  # after Thanksgiving
    assert days["2025-01-17"]  # the Friday before the Monday of M. L. King
    assert not days["2025-01-08"]  # before the day of mourning
    assert not days["2025-01-10"]
    assert not days["2025-03-05"]


def test_a_table_without_sessions_answers():
    table = session_table("forex", ns("2024-03-02"), ns("2024-03-03"))  # a Saturday
    assert len(table) == 0
    assert table.index_of(np.array([ns("2024-03-02T12:00")])).tolist() == [-1]


def test_own_corrections_still_correct_the_package():
    """A release that agrees with a correction makes it superfluous: drop it then."""
    for calendar in CALENDARS.values():
        if calendar.exchange is None:
            continue
        days = exchange_days(
            calendar.exchange, calendar.since.year, calendar.until.year
        )
        for day, close in calendar.corrections.items():
            number = ns(day.isoformat()) // DAY
            if close is None:
                assert number in days, f"{calendar.name} {day}: package agrees"
                continue
            stamp = pd.Timestamp(f"{day} {close}", tz=calendar.timezone)
            known = days.get(number, "closed")
            differs = known == "closed" or known != stamp.value
            assert differs, f"{calendar.name} {day}: package agrees"


def test_index_of_by_hand():
    table = session_table("cme_equity", ns("2020-01-06T00:00"), ns("2020-01-08T00:00"))
    clock = ["15:00", "15:01", "15:15", "15:16", "15:30", "15:31", "16:00", "16:01",
             "17:00", "17:01"]  # fmt: skip
    zone = ZoneInfo(CHICAGO)
    times = np.array(
        [pd.Timestamp(f"2020-01-06 {at}", tz=zone).value for at in clock], np.int64
    )
    first = int(table.index_of(times[:1])[0])
    extended = [first] * 3 + [-1] * 2 + [first] * 2 + [-1] * 2 + [first + 1]
    assert table.index_of(times).tolist() == extended
    regular = [first] + [-1] * 9
    assert table.index_of(times, hours="regular").tolist() == regular


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    name=st.sampled_from(sorted(CALENDARS)),
    start=st.integers(ns("2013-01-01") // MINUTE, ns("2030-01-01") // MINUTE),
    length=st.integers(0, 20 * 1440),
    offsets=st.lists(st.integers(0, 20 * 1440), min_size=1, max_size=30),
    hours=st.sampled_from(["extended", "regular"]),
)
def test_a_part_answers_like_the_whole(name, start, length, offsets, hours):
    start *= MINUTE
    part = session_table(name, start, start + length * MINUTE)
    times = start + np.array([offset % (length + 1) for offset in offsets]) * MINUTE
    every = whole(name)
    one, other = (t.index_of(times, hours=hours) for t in (part, every))
    np.testing.assert_array_equal(one >= 0, other >= 0)
    inside = one >= 0
    np.testing.assert_array_equal(part.day[one[inside]], every.day[other[inside]])
    opens, closes = every.window(hours)
    for t, k in zip(times, other, strict=True):
        held = np.flatnonzero((opens < t) & (t <= closes))
        halted = (every.halt_start < t) & (t <= every.halt_end)
        assert k == (-1 if not len(held) or halted.any() else held[0])


def test_bounds_are_explicit():
    table = session_table("forex", ns("2024-01-01"), ns("2024-02-01"))
    with pytest.raises(DataError, match=r"row 1 at 2024-02-01 00:00:01 .* wider"):
        table.index_of(np.array([ns("2024-01-15"), ns("2024-02-01T00:00:01")]))
    with pytest.raises(DataError, match=r"cme_equity asked for 2010.* known from 2012"):
        session_table("cme_equity", ns("2010-01-01"), ns("2013-01-01"))
    with pytest.raises(DataError, match="known from"):
        session_table("crypto", ns("2030-01-01"), ns("2031-06-01"))
    with pytest.raises(ConfigError, match="unknown calendar"):
        session_table("nyse", 0, 1)


@every_calendar
def test_a_table_can_be_stored(name):
    table = session_table(name, ns("2024-01-01"), ns("2024-12-31"))
    again = SessionTable.from_arrays(table.to_arrays())
    assert repr(again) == repr(table)
    assert hash_arrays(again.to_arrays()) == hash_arrays(table.to_arrays())
    assert not table.open.flags.writeable


# file: calendar, minutes a bar, label, bars outside, sessions without a bar
FILES = {
    # Quotes go on from 17:00 to 03:00 New York into the closed Christmas day.
    "EURUSD_1m_2018": ("forex", 1, "open", 578, 0),
    # A last tick within the minute after the close, on 132 of 258 days.
    "XAUUSD_1m_2018": ("cme_metals", 1, "open", 132, 0),
    # The same (at 16:15, before the halt, and at 17:00), and one stray first bar.
    "SPXUSD_1m_2018": ("cme_equity", 1, "open", 241, 0),
    # The source has no Monday 2025-06-30.
    "ES_5m_2024-05_2026-02": ("cme_equity", 5, "open", 0, 1),
    # A far month without trades for whole days of its first weeks.
    "NQ_1m_2025-07_2026-02": ("cme_equity", 1, "open", 0, 12),
    "AAPL_5m_2024-03_2026-02": ("us_equity", 5, "open", 0, 0),
    "6E_1m_2024-01": ("cme_fx", 1, "close", 0, 0),
    "BTCPERP_1m_2022-01": ("crypto", 1, "close", 0, 0),
    # 802 of each 1,002 minutes are missing, never a whole day.
    "LTCUSDT_1m_gappy_2024-09_2025-09": ("crypto", 1, "open", 0, 0),
    "BTCUSDT_1h_2017-08_2024-03": ("crypto", 60, "open", 0, 0),
}


def read(path, minutes, label):
    stamps = pd.read_parquet(path, columns=["timestamp"])["timestamp"]
    times = stamps.dt.tz_localize(None).to_numpy("datetime64[ns]").astype(np.int64)
    return times + minutes * MINUTE if label == "open" else times


@pytest.mark.parametrize("file", FILES)
def test_sessions_are_when_real_markets_traded(market_data, file):
    name, minutes, label, outside, empty = FILES[file]
    times = read(market_data / f"{file}.parquet", minutes, label)
    table = session_table(name, int(times[0]) - minutes * MINUTE, int(times[-1]))
    found = table.index_of(times)
    assert int((found < 0).sum()) == outside
    assert len(np.setdiff1d(np.arange(len(table)), found)) == empty


def test_why_real_bars_lie_outside(market_data):
    """Each reason given above, checked."""

    def stray(file):
        name, minutes, label, *_ = FILES[file]
        times = read(market_data / f"{file}.parquet", minutes, label)
        table = session_table(name, int(times[0]), int(times[-1]))
        return times[table.index_of(times) < 0]

    christmas = local(stray("EURUSD_1m_2018"), NEW_YORK)
    assert christmas[0] == "2018-12-24 17:07"
    assert christmas[-1] == "2018-12-25 02:59"
    closes = Counter(local(stray("XAUUSD_1m_2018"), NEW_YORK, "%H:%M"))
    assert set(closes) == {"17:01", "13:01", "13:46"}
    first, *late = local(stray("SPXUSD_1m_2018"), NEW_YORK)
    assert first == "2018-01-01 16:31"
    independence = [at for at in late if at.startswith("2018-07-04")]
    assert len(independence) <= 6
    ends = Counter(at[-5:] for at in late if at not in independence)
    assert set(ends) == {"16:16", "17:01", "13:01", "13:16", "09:31"}


def test_sample_days_of_2013_lie_in_the_hours_of_their_time(market_data):
    """16:15 closes and the 15:15 halt: hours that hold no more today."""
    for file, name in (("ES", "cme_equity"), ("GC", "cme_metals")):
        times = read(market_data / f"{file}_1m_sampledays_2013_2020.parquet", 1, "open")
        table = session_table(name, int(times[0]), int(times[-1]))
        assert (table.index_of(times) >= 0).all()


def test_brent_follows_new_york_between_the_clock_changes(market_data):
    """The raw file's clock is London less five hours; London changed on 2019-10-27."""
    path = market_data / "raw" / "DAT_ASCII_BCOUSD_M1_2019_oct20_nov08.csv"
    stamps = pd.read_csv(path, sep=";", header=None, usecols=[0])[0]
    naive = pd.to_datetime(stamps, format="%Y%m%d %H%M%S") + pd.Timedelta("5h")
    zoned = naive.dt.tz_localize("Europe/London")
    times = zoned.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy("datetime64[ns]")
    times = times.astype(np.int64) + MINUTE
    table = session_table("cfd_energy", int(times.min()) - HOUR, int(times.max()))
    found = table.index_of(times)
    assert (found >= 0).all()
    assert len(np.unique(found)) == len(table)


@pytest.mark.parametrize("hours", ["extended", "regular"])
def test_many_times_in_order_are_placed_as_one_by_one(hours):
    start, end = (
        int(np.datetime64(day, "ns").astype(np.int64))
        for day in ("2024-03-01", "2024-04-01")
    )
    table = session_table("cme_equity", start, end)
    edges = np.sort(np.concatenate(table.window(hours)))
    times = np.sort(np.r_[edges, edges - 1, edges + 1, edges[3], start, end])
    times = times.clip(start, end)
    counts = table.opened_before(times, hours=hours)
    opens = table.window(hours)[0]
    assert counts.tolist() == [int((opens < time).sum()) for time in times]
    mixed = times[::-1]
    assert (table.opened_before(mixed, hours=hours) == counts[::-1]).all()
