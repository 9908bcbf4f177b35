"""Columns from outside the bars: known when they were known, and never before."""

from itertools import pairwise

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barwise.core.arrays import DAY, HOUR, MINUTE
from barwise.core.errors import ConfigError, DataError
from barwise.features import BarColumns, FeatureGraph, on
from barwise.features.external import ExternalColumns, external
from barwise.features.external_file import read_external
from barwise.features.sourced import Beside, SourcedGraph
from barwise.testing.streams import bar_streams

PROFILE = settings(max_examples=30, deadline=None, derandomize=True)
NAMES = (
    "ext_vix_close",
    "ext_fomc_minutes_to",
    "ext_fomc_minutes_since",
    "lag_2_ext_vix_close",
    "mtf_1h_ext_vix_close",
    "rsi_14",
)


@st.composite
def cases(draw):
    """Bars, a table with values and one of scheduled events around them."""
    bars = draw(bar_streams(max_rows=120))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    first, last = int(bars.time[0]) - DAY, int(bars.time[-1]) + DAY
    known = np.sort(rng.integers(first // MINUTE, last // MINUTE, 60)) * MINUTE
    known[::3] = rng.choice(bars.time, len(known[::3]))  # ties with closes
    close = rng.normal(20.0, 2.0, 60)
    close[rng.random(60) < 0.1] = np.nan
    age = draw(st.sampled_from([None, 30 * MINUTE, 6 * HOUR]))
    events = known[:20]
    ahead = rng.integers(0, 3 * DAY // MINUTE, 20) * MINUTE
    return bars, {
        "vix": ExternalColumns(known, {"close": close}, max_age=age),
        "fomc": ExternalColumns(events, {}, events + ahead),
    }


def whole(bars, tables):
    return FeatureGraph(NAMES).push(bars, external=tables)


@PROFILE
@given(case=cases(), data=st.data())
def test_neither_stream_may_be_cut_so_that_it_matters(case, data):
    """Rows of the tables come in pieces, each in time, some far too early."""
    bars, tables = case
    expected = whole(bars, tables)
    graph = FeatureGraph(NAMES)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(bars)), max_size=5)))
    given_rows = dict.fromkeys(tables, 0)
    made = []
    for i, piece in enumerate(bars.split(cuts)):
        parts = {}
        for name, table in tables.items():
            end = int(piece.time[-1]) if len(piece) else -1
            due = int(np.searchsorted(table.known_at, end, side="right"))
            due = max(given_rows[name], due, data.draw(st.integers(0, len(table))))
            parts[name] = table[given_rows[name] : due]
            given_rows[name] = due
        made.append(graph.push(piece, external=parts))
        if i == 1:
            revived = FeatureGraph(NAMES)
            revived.restore(graph.snapshot())
            graph = revived
    np.testing.assert_array_equal(np.concatenate(made), expected)


@PROFILE
@given(case=cases(), share=st.floats(0, 1))
def test_the_future_of_a_table_changes_no_row(case, share):
    bars, tables = case
    cut = int(bars.time[0] + share * (bars.time[-1] - bars.time[0]))
    changed = {}
    for name, table in tables.items():
        later = table.known_at > cut
        values = {k: np.where(later, v + 100.0, v) for k, v in table.columns.items()}
        events = table.event_time
        if events is not None:
            events = np.where(later, events + 7 * MINUTE, events)
        changed[name] = ExternalColumns(
            table.known_at, values, events, max_age=table.max_age
        )
    seen = bars.time <= cut
    np.testing.assert_array_equal(whole(bars, changed)[seen], whole(bars, tables)[seen])


@PROFILE
@given(case=cases())
def test_equals_pandas_merge_asof(case):
    bars, tables = case
    ours = FeatureGraph(["ext_vix_close"]).push(bars, external=tables)[:, 0]
    table = tables["vix"]
    left = pd.DataFrame({"time": bars.time})
    right = pd.DataFrame({"time": table.known_at, "close": table.columns["close"]})
    age = {} if table.max_age is None else {"tolerance": table.max_age}
    theirs = pd.merge_asof(left, right, on="time", **age)["close"]
    np.testing.assert_array_equal(ours, theirs.to_numpy(np.float32))


@PROFILE
@given(case=cases())
def test_minutes_equal_a_loop_over_events(case):
    bars, tables = case
    names = ["ext_fomc_minutes_to", "ext_fomc_minutes_since"]
    ours = FeatureGraph(names).push(bars, external=tables)
    known, event = tables["fomc"].known_at, tables["fomc"].event_time
    for row, time in enumerate(bars.time.tolist()):
        pairs = list(zip(known.tolist(), event.tolist(), strict=True))
        ahead = [e - time for k, e in pairs if k <= time < e]
        past = [time - e for _, e in pairs if e <= time]
        wanted = [min(part, default=np.nan) / MINUTE for part in (ahead, past)]
        np.testing.assert_array_equal(ours[row], np.array(wanted, np.float32))


def test_a_row_is_seen_by_the_bar_that_closes_with_it(walk):
    table = ExternalColumns(walk.time[3:4], {"x": np.array([7.0])})
    made = FeatureGraph(["ext_t_x"]).push(walk[:6], external={"t": table})
    assert np.isnan(made[:3]).all()
    assert made[3:, 0].tolist() == [7.0, 7.0, 7.0]


def test_a_late_row_is_refused_and_changes_nothing(walk):
    table = ExternalColumns(walk.time[:20] - 1, {"x": np.arange(20.0)})
    graph, steady = FeatureGraph(["ext_t_x"]), FeatureGraph(["ext_t_x"])
    graph.push(walk[:10], external={"t": table[:10]})
    steady.push(walk[:10], external={"t": table[:10]})
    with pytest.raises(
        DataError, match=r"'t': a row known at .* comes after the bar of"
    ):
        graph.push(walk[10:12], external={"t": table[9:]})
    rest = {"t": table[10:]}
    np.testing.assert_array_equal(
        graph.push(walk[10:20], external=rest), steady.push(walk[10:20], external=rest)
    )


def test_values_are_combined_with_bars_and_read_on_longer_ones(walk):
    """An hour sees what was known when it closed, not what its row knows."""
    bars = BarColumns()
    table = ExternalColumns(walk.time, {"x": np.arange(600.0)})
    exprs = {
        "ratio": bars.close / external("t_x"),
        "hour": on("1h", external("t_x")),
    }
    made = SourcedGraph(exprs).push(walk, Beside(None, {"t": table}))
    close = walk.close[1:].astype(np.float64)
    np.testing.assert_array_equal(
        made[1:, 0], (close / np.arange(1.0, 600.0)).astype(np.float32)
    )
    ends = np.flatnonzero(walk.time % HOUR == 0)
    for first, last in pairwise(ends):
        if walk.time[last] - walk.time[first] == HOUR:
            assert set(made[first:last, 1].tolist()) == {float(first)}


def test_an_old_value_does_not_count(walk):
    table = ExternalColumns(walk.time[:1], {"x": np.ones(1)}, max_age=10 * MINUTE)
    made = FeatureGraph(["ext_t_x"]).push(walk[:5], external={"t": table})[:, 0]
    np.testing.assert_array_equal(made, [1.0, 1.0, 1.0, np.nan, np.nan])


def test_what_does_not_fit_is_refused(walk):
    one = ExternalColumns(walk.time[:1], {"b_c": np.ones(1)})
    other = ExternalColumns(walk.time[:1], {"c": np.ones(1)})
    graph = FeatureGraph(["ext_a_b_c"])
    with pytest.raises(ConfigError, match=r"none was handed in; push\(bars, external="):
        graph.push(walk)
    with pytest.raises(ConfigError, match="did you mean ext_a_b_d"):
        graph.push(
            walk, external={"a": ExternalColumns(one.known_at, {"b_d": np.ones(1)})}
        )
    with pytest.raises(
        ConfigError, match="of the external tables a and a_b; rename one"
    ):
        graph.push(walk, external={"a": one, "a_b": other})
    graph.push(walk[:5], external={"a": one})
    with pytest.raises(ConfigError, match="a table stays as it is"):
        graph.push(
            walk[5:],
            external={
                "a": ExternalColumns(one.known_at, {"b_c": np.ones(1)}, max_age=5)
            },
        )
    with pytest.raises(DataError, match=r"became known at .* after it happened"):
        ExternalColumns(np.array([5]), {}, np.array([4]))
    with pytest.raises(DataError, match="x has shape"):
        ExternalColumns(np.array([5]), {"x": np.ones(2)})


CSV = """Released,At,Surprise Index
2024-03-04 09:30,2024-03-06 13:00,1.5
2024-03-11 09:30,2024-03-12 08:30,
"""


def test_a_file_is_read_by_its_own_clock(tmp_path):
    path = tmp_path / "events.csv"
    path.write_text(CSV)
    table = read_external(
        path,
        known_at="Released",
        columns=["Surprise Index"],
        timezone="America/New_York",
        delay="5min",
        event_time="At",
        max_age="3d",
    )
    stamps = table.known_at.astype("datetime64[ns]").astype("datetime64[m]").astype(str)
    # The clock changed in between.
    assert stamps.tolist() == ["2024-03-04T14:35", "2024-03-11T13:35"]
    assert table.names == ("surprise_index", "minutes_to", "minutes_since")
    assert (table.event_time - table.known_at)[1] == 23 * HOUR - 5 * MINUTE
    assert table.max_age == 3 * DAY
    np.testing.assert_array_equal(table.columns["surprise_index"], [1.5, np.nan])


@pytest.mark.parametrize(
    ("frame", "settings", "message"),
    [
        ({"when": ["2024-01-02 10:00"], "x": [1]}, {"known_at": "time"}, "no column 'time'"),
        ({"day": ["2024-01-02"], "x": [1]}, {"known_at": "day"}, "delay, such as 16h"),
        ({"t": ["2024-01-02 10:00"], "x": [1]}, {"known_at": "t", "columns": []}, "nothing would be read"),
        ({"t": ["2024-01-02 10:00"], "x": ["high"]}, {"known_at": "t"}, "not a number"),
        ({"t": ["2024-11-03 01:30"], "x": [1]}, {"known_at": "t", "timezone": "America/New_York"}, "moments in UTC"),
        ({"t": ["2024-01-02 10:00"], "x": [1]}, {"known_at": "t", "max_age": "soon"}, "max_age 'soon'"),
        ({"t": ["2024-01-02 10:00"], "X": [1], "x": [1]}, {"known_at": "t", "columns": ["x", "X"]}, "two columns"),
        ({"t": ["2024-01-02 10:00"], "minutes to": [1]}, {"known_at": "t", "columns": ["minutes to"]}, "cannot be called"),
    ],
)  # fmt: skip
def test_what_is_not_said_is_not_guessed(frame, settings, message):
    with pytest.raises((ConfigError, DataError), match=message):
        read_external(pl.DataFrame(frame), **({"columns": ["x"]} | settings))


def test_days_count_from_when_they_are_known():
    frame = pl.DataFrame({"day": ["2024-01-02", "2024-01-03"], "close": [13.2, 14.0]})
    table = read_external(
        frame,
        known_at="day",
        columns=["close"],
        timezone="America/Chicago",
        delay="15h",
    )
    first = table.known_at[:1].astype("datetime64[ns]").astype("datetime64[m]")
    assert str(first[0]) == "2024-01-02T21:00"
