"""Forms of timestamps, against Python's own datetime."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import numpy as np
import polars as pl
import pytest

from barwise.bars.origin import Origin
from barwise.bars.timestamps import check_timezone, describe_format, parse
from barwise.bars.zones import to_utc
from barwise.core.errors import ConfigError, DataError

HERE = Origin("x.csv", first_line=2)
NAIVE = datetime(2024, 1, 16, 9, 30)  # noqa: DTZ001 - naive on purpose

FORMS = {
    "%Y-%m-%d %H:%M": "%Y-%m-%d %H:%M",
    "%Y/%m/%d %H:%M:%S": "%Y/%m/%d %H:%M:%S",
    "%Y.%m.%dT%H:%M": "%Y.%m.%dT%H:%M",
    "%Y%m%d %H%M%S": "%Y%m%d %H%M%S",
    "%Y%m%d %H%M": "%Y%m%d %H%M",
    "%Y%m%d %H:%M:%S": "%Y%m%d %H:%M:%S",
    "%Y%m%d%H%M%S": "%Y%m%d%H%M%S",
    "%Y%m%d%H%M": "%Y%m%d%H%M",
    "%d.%m.%Y %H:%M:%S": "%d.%m.%Y %H:%M:%S",
    "%m/%d/%Y %H:%M": "%m/%d/%Y %H:%M",
    "%d-%m-%Y %H:%M": "%d-%m-%Y %H:%M",
    "%d-%b-%Y %H:%M": "%d-%b-%Y %H:%M",
    "%d %b %Y %H:%M:%S": "%d %b %Y %H:%M:%S",
    "%Y-%m-%d, %I:%M %p": "%Y-%m-%d, %I:%M %p",
    "%m/%d/%Y %I:%M:%S%p": "%m/%d/%Y %I:%M:%S%p",
}


@pytest.mark.parametrize("form", FORMS)
def test_naive_text(form):
    values = pl.Series(
        [NAIVE.strftime(form), (NAIVE + timedelta(hours=7)).strftime(form)]
    )
    assert parse(values, HERE).to_list() == [NAIVE, NAIVE + timedelta(hours=7)]
    assert describe_format(values, HERE) == FORMS[form]


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("2024-01-16T09:30:00Z", 0),
        ("2024-01-16 09:30:00 UTC", 0),
        ("2024-01-16T09:30:00.000000Z", 0),
        ("2024-01-16 09:30:00-05:00", -5),
        ("2024-01-16T09:30+0530", 5.5),
        ("16.01.2024 09:30:00.000 GMT+0100", 1),
    ],
)
def test_text_with_a_zone(text, offset):
    zone = timezone(timedelta(hours=offset))
    (got,) = parse(pl.Series([text]), HERE).to_list()
    assert got == NAIVE.replace(tzinfo=zone)


def test_padding_and_fractions_may_differ_between_rows():
    values = pl.Series(["2024/1/2 9:30:00", "2024/11/12 19:30:00.25"])
    wanted = [datetime(2024, 1, 2, 9, 30), datetime(2024, 11, 12, 19, 30, 0, 250_000)]  # noqa: DTZ001
    assert parse(values, HERE).to_list() == wanted


def test_nanoseconds_survive():
    text = pl.Series(["2024-01-02T09:30:00.123456789Z"])
    assert parse(text, HERE).cast(pl.Int64)[0] % 10**9 == 123_456_789
    number = 1_704_187_800_123_456_789
    assert parse(pl.Series([number]), HERE).cast(pl.Int64)[0] == number


def test_float_epochs_keep_their_fraction():
    assert (
        parse(pl.Series([1_704_187_800.5]), HERE).cast(pl.Int64)[0]
        == 1_704_187_800_500_000_000
    )


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            ["01/02/2024", "03/04/2024"],
            "row 0 .line 2.*day and month cannot be told apart",
        ),
        (
            ["13/02/2024", "03/14/2024"],
            r"both parts of the dates go above 12 \(13 and 14\)",
        ),
        (
            ["2024-01-02", "2024-02-30"],
            r"row 1 \(line 3\): timestamp '2024-02-30' does not have",
        ),
        (["2024-01-02", "02.01.2024"], r"row 1 .*does not have the form '%Y-%m-%d'"),
        (["yesterday"], r"'yesterday' has no form that is recognised"),
        (["2024-01-02 09:30 EST"], r"has no form that is recognised.*timestamp_format"),
        (["1704187800", "n/a"], r"row 1 .*'n/a' is not a number"),
        (
            ["1704187800", "17041878"],
            r"row 1 .*17041878 is no epoch between 1980 and 2100",
        ),
        (["1804-01-02"], r"1804-01-02 .* lies outside 1980 to 2100"),
        (["2024-01-02", None], r"row 1 \(line 3\): no timestamp in column 't'"),
        ([1_704_187_800.0, float("nan")], r"row 1 .*no timestamp"),
        ([True], "has type Boolean, which is not a timestamp"),
    ],
)
def test_what_cannot_be_read(values, message):
    with pytest.raises(DataError, match=message):
        parse(pl.Series("t", values), HERE)


@pytest.mark.parametrize("unit", ["s", "ms", "us"])
def test_wrong_unit_is_named(unit):
    scale = {"s": 1, "ms": 10**3, "us": 10**6}[unit]
    wrong = pl.Series([1_704_187_800 * scale]).cast(pl.Datetime("ns"))
    with pytest.raises(
        DataError, match=f"1970-01-.* is a time in {unit}, so the column"
    ):
        parse(wrong, HERE)


def test_dates_beyond_nanoseconds_do_not_wrap_round():
    far = pl.Series([datetime(2600, 1, 1)])  # noqa: DTZ001
    with pytest.raises(DataError, match=r"2600-01-01.* lies outside 1980 to 2100"):
        parse(far, HERE)


def test_given_format():
    assert parse(pl.Series(["160124 0930"]), HERE, "%d%m%y %H%M").to_list() == [NAIVE]
    with pytest.raises(DataError, match="does not have the form '%d%m%y' given"):
        parse(pl.Series(["2024-01-16"]), HERE, "%d%m%y")


def test_timezone_names():
    check_timezone("Europe/London")
    with pytest.raises(ConfigError, match="did you mean America/New_York"):
        check_timezone("America/NewYork")
    with pytest.raises(ConfigError, match="'EDT' is not an IANA time zone"):
        check_timezone("EDT")


def test_zone_of_stamps_and_timezone_must_not_disagree():
    stamps = parse(pl.Series(["2024-01-16T09:30:00Z"]), HERE)
    assert to_utc(stamps, "UTC", HERE)[0] == to_utc(stamps, None, HERE)[0]
    with pytest.raises(ConfigError, match=r"zone UTC\); leave timezone out"):
        to_utc(stamps, "America/Chicago", HERE)


@pytest.mark.parametrize(
    "zone", ["America/New_York", "Europe/London", "Australia/Lord_Howe"]
)
def test_every_half_hour_of_a_year_against_zoneinfo(zone):
    from zoneinfo import ZoneInfo

    start = int(datetime(2024, 1, 1, tzinfo=timezone.utc).timestamp())  # noqa: UP017
    seconds = start + 1800 * np.arange(366 * 48)
    place = ZoneInfo(zone)
    local = [
        datetime.fromtimestamp(s, tz=place).replace(tzinfo=None)
        for s in seconds.tolist()
    ]
    stamps = pl.Series("t", local).cast(pl.Datetime("ns"))
    times, findings = to_utc(stamps, zone, HERE)
    assert findings == []
    np.testing.assert_array_equal(times, seconds * 10**9)
