from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barwise.bars.bars import Bars
from barwise.bars.instruments import get_instrument
from barwise.bars.prepare import Preparer, prepare, sessions_of
from barwise.bars.read import read_bars
from barwise.bars.session_filter import session_mask
from barwise.core.arrays import DAY, MINUTE
from barwise.core.errors import ConfigError, DataError
from barwise.testing import stages
from oracles import resample_loop
from oracles import session_streams as ss

PROFILE = settings(max_examples=25, deadline=None, derandomize=True)
CHOICES = st.tuples(
    st.sampled_from(["1min", "5min", "1h", "1d"]),
    st.sampled_from(["all", "RTH", "ETH"]),
    st.sampled_from(["ffill", "drop"]),
)


def example(choice):
    interval, session, gaps = choice

    def make():
        return Preparer(
            interval=interval,
            sessions=ss.TABLE,
            session=session,
            gaps=gaps,
            tick_size=0.25,
        )

    return stages.Example(make, lambda bars: bars)


@st.composite
def faulty(draw):
    """Minutes with repeated, late, crossed and broken rows among them."""
    bars = draw(ss.streams(filled=False))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    order = np.arange(len(bars))
    for place in draw(st.lists(st.integers(0, len(bars) - 1), max_size=4)):
        order = np.insert(order, place, rng.integers(0, len(bars)))
    bars = bars[order]
    high = np.where(rng.random(len(bars)) < 0.05, bars.low - 1, bars.high)
    close = np.where(rng.random(len(bars)) < 0.05, np.nan, bars.close)
    return bars.with_columns(high=high, close=close)


@PROFILE
@given(bars=faulty(), choice=CHOICES, places=ss.cuts())
def test_chunks_do_not_matter(bars, choice, places):
    late = bars.time.max() + 1
    whole, cut, single = (example(choice).make() for _ in range(3))
    one = stages.joined([whole.push(bars), whole.advance(late)])
    pieces = [cut.push(piece) for piece in bars.split(places)]
    stages.assert_same(stages.joined([*pieces, cut.advance(late)]), one)
    rows = [single.push(row) for row in bars.split(range(1, len(bars)))]
    stages.assert_same(stages.joined([*rows, single.advance(late)]), one)
    assert str(whole.report) == str(cut.report) == str(single.report)


@PROFILE
@given(bars=faulty(), choice=CHOICES, cut=st.integers(0, 120))
def test_a_restart_changes_nothing(bars, choice, cut):
    stages.check_restore(example(choice), bars, min(cut, len(bars)))


@PROFILE
@given(
    bars=ss.streams(filled=False),
    choice=CHOICES,
    waits=st.lists(st.tuples(st.integers(0, 119), st.integers(0, 99)), max_size=6),
)
def test_an_advance_on_the_way_changes_no_row(bars, choice, waits):
    """Live clocks tick between rows; what they bring out early is the same."""
    steady, ticking = example(choice).make(), example(choice).make()
    whole = steady.push(bars)
    quiet = {min(i, len(bars) - 1): percent for i, percent in waits}
    parts = []
    for i in range(len(bars)):
        parts.append(ticking.push(bars[i : i + 1]))
        if i in quiet and i + 1 < len(bars):
            step = int(bars.time[i + 1] - bars.time[i]) - 1
            to = int(bars.time[i]) + step * quiet[i] // 100
            parts.append(ticking.advance(to))
            assert (parts[-1].time <= to).all()
    together = Bars.concat(parts)
    extra = len(together) - len(whole)
    # A fill whose interval passed before the last row may be known by advance only.
    assert extra >= 0
    stages.assert_same(together[: len(whole)].columns(), whole.columns())
    assert together[len(whole) :].filled.all()


@PROFILE
@given(
    bars=ss.streams(filled=False, contracts=False),
    session=st.sampled_from(["all", "RTH", "ETH"]),
)
def test_equals_the_reference_loops(bars, session):
    made, report = prepare(bars, interval="5min", session=session)
    edges = ("rth_open", "rth_close") if session == "RTH" else ("open", "close")
    pairs = list(zip(*(getattr(ss.TABLE, e).tolist() for e in edges), strict=True))
    rows = [
        row
        for row in ss.rows_of(bars)
        if session == "all" or any(a < row["time"] <= b for a, b in pairs)
    ]
    clock = rows[-1]["time"] if rows else 0
    longer = resample_loop.resample(rows, pairs, 5 * MINUTE, clock)
    known = longer[-1]["time"] if longer else 0
    ss.assert_rows(made, resample_loop.fill_gaps(longer, pairs, 5 * MINUTE, known))
    assert report.rows_in == len(bars)
    assert report.rows_out == len(made)
    assert report.count("filled") == made.filled.sum()
    assert not report.offline


def test_the_reference_loop_sees_the_end_of_a_session():
    """prepare knows of a session's end only from what follows; so does the loop."""
    times = np.array([ss.ns("2024-11-26T21:55"), ss.ns("2024-11-26T23:05")])
    bars = ss.minutes(times, rng=np.random.default_rng(0))
    made, _ = prepare(bars, interval="5min")
    clock = [str(t)[11:16] for t in made.time.astype("datetime64[ns]")]
    assert clock == ["21:55", "22:00", "23:05"]
    assert made.filled.tolist() == [False, True, False]


@pytest.mark.parametrize("gaps", ["ffill", "drop"])
def test_advance_carries_a_bar_through_all_stages(gaps):
    """A quiet minute ends a bar; quarter of an hour later two more have passed."""
    start = ss.ns("2024-11-26T15:00")
    bars = ss.minutes(
        start + np.array([1, 2, 3, 16]) * MINUTE, rng=np.random.default_rng(0)
    )
    stage = Preparer(interval="5min", sessions=ss.TABLE, gaps=gaps, tick_size=0.25)
    assert len(stage.push(bars[:3])) == 0
    assert len(stage.advance(start + 5 * MINUTE - 1)) == 0
    first = stage.advance(start + 5 * MINUTE)
    assert first.time.tolist() == [start + 5 * MINUTE]
    assert first.close.tolist() == [bars.close[2]]
    later = stage.advance(start + 15 * MINUTE)
    filled = [start + 10 * MINUTE, start + 15 * MINUTE] if gaps == "ffill" else []
    assert later.time.tolist() == filled
    assert len(stage.push(bars[3:])) == 0
    last = stage.advance(start + 20 * MINUTE)
    assert last.close.tolist() == [bars.close[3]]
    steady = Preparer(interval="5min", sessions=ss.TABLE, gaps=gaps, tick_size=0.25)
    whole = [steady.push(bars), steady.advance(start + 20 * MINUTE)]
    stages.assert_same(stages.joined([first, later, last]), stages.joined(whole))


def test_a_file_out_of_order_is_sorted_and_offline():
    bars = ss.minutes(
        ss.START + np.arange(1, 11) * MINUTE, rng=np.random.default_rng(0)
    )
    shuffled = bars[np.array([0, 2, 1, 3, 4, 5, 6, 7, 9, 8])]
    made, report = prepare(shuffled, interval="5min")
    stages.assert_same(made.columns(), prepare(bars, interval="5min")[0].columns())
    assert report["out_of_order"].rows == (2, 9)
    assert report.offline
    dropped, report = prepare(shuffled, interval="5min", policy="drop")
    assert report.count("out_of_order") == 2
    assert not report.offline
    # The late minutes are missing in their bars.
    assert (dropped.volume < made.volume).all()


def test_interpolation_is_offline_and_no_stage():
    times = ss.START + np.array([1, 5]) * MINUTE
    bars = ss.minutes(times, rng=np.random.default_rng(0))
    made, report = prepare(bars, interval="1min", gaps="interpolate")
    assert report.offline
    np.testing.assert_allclose(made.close, np.linspace(*bars.close, 5))
    with pytest.raises(ConfigError, match="gaps must be one of ffill, drop"):
        Preparer(interval="1min", sessions=ss.TABLE, gaps="interpolate")


def test_a_session_for_samples_keeps_all_bars():
    times = ss.ns("2024-11-26T14:00") + np.arange(1, 61) * MINUTE
    bars = ss.minutes(times, rng=np.random.default_rng(0))
    kept, _ = prepare(bars, interval="5min", session="RTH", session_applies="samples")
    assert len(kept) == 12
    mask = session_mask(kept.time, sessions_of(bars, "cme_equity"), "RTH")
    assert mask.tolist() == [False] * 6 + [True] * 6
    filtered, _ = prepare(bars, interval="5min", session="RTH")
    stages.assert_same(kept[mask].columns(), filtered.columns())


@pytest.mark.parametrize(
    ("settings_", "said"),
    [
        ({"session": "night"}, "session must be one of all, ETH, RTH, got 'night'"),
        ({"session_applies": "both"}, "session_applies must be one of bars, samples"),
        ({"gaps": "zero"}, "gaps must be one of ffill, drop, interpolate"),
        ({"interval": "7"}, "interval '7' cannot be read"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings_, said):
    bars = ss.minutes(ss.START + np.arange(1, 3) * MINUTE, rng=np.random.default_rng(0))
    with pytest.raises(ConfigError, match=said):
        prepare(bars, **{"interval": "5min", **settings_})


def test_data_beyond_the_calendar_are_refused():
    times = ss.ns("2005-01-05T15:00") + np.arange(1, 3) * MINUTE
    bars = ss.minutes(times, rng=np.random.default_rng(0))
    with pytest.raises(DataError, match="cme_equity asked for 2005-01-05"):
        prepare(bars, interval="5min")


def test_no_rows_give_no_rows():
    bars = ss.minutes(ss.START + np.arange(1, 3) * MINUTE, rng=np.random.default_rng(0))
    made, report = prepare(bars[:0], interval="5min")
    assert len(made) == 0
    assert report.rows_in == 0


def test_an_own_instrument_needs_no_known_symbol():
    bars = ss.minutes(
        ss.START + np.arange(1, 11) * MINUTE, rng=np.random.default_rng(0)
    )
    bars = replace(bars, symbol="OWN")
    with pytest.raises(ConfigError, match="unknown symbol 'OWN'"):
        prepare(bars, interval="5min")
    own = replace(get_instrument("GC"), symbol="OWN")
    made, _ = prepare(bars, interval="5min", instrument=own)
    assert len(made) == 2


def test_real_forex_equals_pandas(market_data):
    """A year of EUR/USD minutes: where nothing is filled, pandas says the same."""
    raw = read_bars(
        market_data / "EURUSD_1m_2018.parquet", symbol="EURUSD", label="open"
    )
    made, report = prepare(raw, interval="5min")
    real = made[~made.filled]
    series = pd.DataFrame(
        {n: getattr(raw, n) for n in ("open", "high", "low", "close")},
        pd.DatetimeIndex(raw.time),
    )
    how = {"open": "first", "high": "max", "low": "min", "close": "last"}
    theirs = series.resample("5min", label="right", closed="right").agg(how).dropna()
    np.testing.assert_array_equal(
        real.time, theirs.index.to_numpy("datetime64[ns]").astype(np.int64)
    )
    for name in how:
        np.testing.assert_array_equal(getattr(real, name), theirs[name].to_numpy())
    # No fill crosses a weekend, and none lies in the closed Christmas day.
    table = sessions_of(raw, "forex")
    assert (table.index_of(made.time[made.filled]) >= 0).all()
    assert report.count("outside_session") == 578
    assert report.count("filled") == made.filled.sum() == 4


def test_real_day_bars_of_gold_are_one_a_session(market_data):
    raw = read_bars(
        market_data / "XAUUSD_1m_2018.parquet", symbol="XAUUSD", label="open"
    )
    made, _ = prepare(raw, interval="1d", session="ETH")
    table = sessions_of(raw, "cme_metals")
    days = table.day[table.index_of(made.time)]
    assert len(np.unique(days)) == len(made) == 257  # the last has no last minute
    assert (np.diff(days) <= 5).all()
    assert not made.filled.any()
    assert (made.time - made.open_time <= DAY).all()
