"""Contracts joined as a plain loop would, each session of one contract."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from barwise.bars import Bars, read_bars
from barwise.bars.contracts import (
    contracts_of,
    in_order,
    join_contracts,
    name_in,
    rolls_by_expiry,
    rolls_by_volume,
    side_by_side,
)
from barwise.bars.prepare import prepare, sessions_of
from barwise.bars.roll_table import Roll
from barwise.bars.sessions import session_table
from barwise.bars.simulate import simulate_bars
from barwise.core.arrays import DAY, HOUR
from barwise.core.errors import ConfigError, DataError
from oracles import rolls as oracle

NAMES = ("ESH4", "ESM4", "ESU4")
START = int(np.datetime64("2024-01-08", "ns").astype(np.int64))
TABLE = session_table("cme_equity", START, START + 40 * DAY)


def contract(sessions, volume, price=5000.0, rows=3):
    """A few hourly rows in each of some sessions of the table."""
    times = (TABLE.open[sessions][:, None] + HOUR * np.arange(1, rows + 1)).ravel()
    close = price + np.arange(len(times)) * 0.25
    each = np.repeat(np.asarray(volume, float), rows) / rows
    return Bars.of(times, close, close, close, close, each, interval=HOUR, symbol="ES")


@st.composite
def chains(draw):
    """Three contracts that trade in some of 20 sessions, each longer than the last."""
    found, end = {}, 0
    for name in NAMES:
        end = draw(st.integers(max(end, 1), 20))
        sessions = sorted(draw(st.sets(st.integers(0, end - 1), min_size=1)))
        sessions = sorted({*sessions, end - 1})
        volume = draw(
            st.lists(
                st.integers(0, 3), min_size=len(sessions), max_size=len(sessions)
            ).filter(any)
        )
        found[name] = dict(zip(sessions, volume, strict=True))
    return found


@given(chains())
def test_by_volume_as_the_plain_loop(volumes):
    contracts = {
        name: contract(np.array(list(each)), [3 * v for v in each.values()])
        for name, each in volumes.items()
    }
    rolls = rolls_by_volume(contracts, TABLE)
    days = [np.datetime64(int(d), "D").item() for d in TABLE.day]
    expected = oracle.rolls_by_volume(
        [{s: 3 * v for s, v in each.items()} for each in volumes.values()], len(TABLE)
    )
    assert [(roll.session, roll.new) for roll in rolls] == [
        (days[session], NAMES[number]) for session, number in expected
    ]


@given(st.lists(st.integers(3, 12), min_size=2, max_size=2), st.integers(0, 9))
def test_by_expiry_as_the_plain_loop(steps, days):
    sessions = np.arange(20)
    contracts = {name: contract(sessions, np.ones(20)) for name in NAMES}
    ends = [date(2024, 1, 19)]
    ends += [ends[0] + timedelta(days=int(s)) for s in np.cumsum(steps)]
    rolls = rolls_by_expiry(
        contracts, dict(zip(NAMES, ends, strict=True)), TABLE, days=days
    )
    numbers = [(end - date(1970, 1, 1)).days for end in ends]
    expected = oracle.rolls_by_expiry(numbers, TABLE.day.tolist(), days)
    assert [(roll.session, roll.new) for roll in rolls] == [
        (np.datetime64(int(TABLE.day[session]), "D").item(), NAMES[number])
        for session, number in expected
    ]


@pytest.fixture(scope="module")
def pair():
    """One simulated future and the next one: 30 points higher, taking over slowly."""
    near = simulate_bars("MES", days=10, seed=3)
    sessions = sessions_of(near, "cme_equity")
    place = sessions.index_of(near.time)
    place -= place.min()
    share = np.clip((place - 2) / 6, 0, 1)
    prices = {n: getattr(near, n) + 30.0 for n in ("open", "high", "low", "close")}
    far = near.with_columns(**prices, volume=near.volume * share)
    near = near.with_columns(volume=near.volume * (1 - share))
    return {"MESH4": near, "MESM4": far}, sessions, place


def test_joined_bars_are_those_of_the_contract_held(pair):
    contracts, sessions, place = pair
    rolls = rolls_by_volume(contracts, sessions)
    joined = join_contracts(contracts, rolls, sessions)
    # The first session in which the next one trades more has number 6: 4/6 of all.
    held = np.where(place > 6, "MESM4", "MESH4")
    np.testing.assert_array_equal(joined.contract, held)
    for name in ("open", "close", "volume", "time"):
        both = [getattr(contracts[n], name) for n in ("MESH4", "MESM4")]
        expected = np.where(held == "MESM4", both[1], both[0])
        np.testing.assert_array_equal(getattr(joined, name), expected)
    last = contracts["MESH4"].close[place == 6][-1]
    later = held == "MESM4"
    assert np.isnan(joined.old_close[~later]).all()
    assert set(joined.old_close[later]) == {last}
    assert set(joined.new_close[later]) == {last + 30.0}


def test_closes_and_contracts_reach_the_resampled_bars(pair):
    contracts, sessions, _ = pair
    joined = join_contracts(contracts, rolls_by_volume(contracts, sessions), sessions)
    bars, report = prepare(joined, interval="1h")
    changes = np.flatnonzero(bars.contract[1:] != bars.contract[:-1]) + 1
    assert report["roll"].rows == tuple(changes) == (changes[0],)
    np.testing.assert_array_equal(np.isnan(bars.new_close), bars.contract == "MESH4")
    assert report["roll_gap"].count == 0


def test_a_contract_that_ends_is_followed_and_a_thin_one_skipped():
    ended = {
        "ESH4": contract(np.arange(5), [9] * 5),
        "ESM4": contract(np.arange(20), [1] * 20),
    }
    assert [str(r.session) for r in rolls_by_volume(ended, TABLE)] == [
        str(np.datetime64(int(TABLE.day[5]), "D"))
    ]
    thin = {
        "GCF4": contract(np.arange(20), [5] * 20),
        "GCG4": contract(np.arange(20), [1] * 20),
        "GCJ4": contract(np.arange(20), [2] * 10 + [7] * 10),
    }
    (roll,) = rolls_by_volume(thin, TABLE)
    assert (roll.old, roll.new) == ("GCF4", "GCJ4")


def test_a_new_contract_without_a_bar_that_day_has_no_close():
    contracts = {
        "ESH4": contract(np.arange(8), [9] * 8),
        "ESM4": contract(np.r_[0:5, 10:15], [1] * 10, price=5100.0),
    }
    roll = Roll.on(TABLE.day[8], "ESH4", "ESM4")
    joined = join_contracts(contracts, [roll], TABLE)
    later = joined.contract == "ESM4"
    assert later.sum() == 15
    assert joined.new_close is None or np.isnan(joined.new_close[later]).all()
    _, report = prepare(joined, interval="1h", gaps="drop")
    assert report["roll_gap"].rows == (int(np.argmax(later)),)


def test_contracts_that_do_not_fit_are_refused():
    whole, short = contract(np.arange(9), [1] * 9), contract(np.arange(5), [1] * 5)
    no_volume = whole.with_columns(volume=np.zeros(len(whole)))
    roll = Roll.on(TABLE.day[4], "ESH4", "ESM4")
    with pytest.raises(ConfigError, match=r"ESM4 ends before ESH4.*order of expiry"):
        rolls_by_volume({"ESH4": whole, "ESM4": short}, TABLE)
    with pytest.raises(ConfigError, match=r"ESM4 has no volume.*roll_by: expiry"):
        rolls_by_volume({"ESH4": short, "ESM4": no_volume}, TABLE)
    with pytest.raises(ConfigError, match=r"ESH4 has no expiry.*expiry: 2024-06-21"):
        rolls_by_expiry({"ESH4": short, "ESM4": whole}, {}, TABLE)
    both = dict.fromkeys(("ESH4", "ESM4"), date(2024, 1, 19))
    with pytest.raises(ConfigError, match=r"ESM4 expires on 2024-01-19, not after"):
        rolls_by_expiry(dict.fromkeys(NAMES, whole), both, TABLE)
    with pytest.raises(ConfigError, match=r"name contract ESM4.*there are ESH4: add"):
        join_contracts({"ESH4": whole}, [roll], TABLE)
    odd = Bars(**whole.columns(), interval=HOUR // 2, symbol="ES")
    with pytest.raises(ConfigError, match=r"ESH4 1 h, ESM4 30 min"):
        join_contracts({"ESH4": whole, "ESM4": odd}, [roll], TABLE)
    late = Roll.on(TABLE.day[15], "ESH4", "ESM4")
    with pytest.raises(DataError, match=r"ESM4 has no bar in its time.*bars from"):
        join_contracts({"ESH4": whole, "ESM4": whole}, [late], TABLE)


def test_order_and_names():
    first = dict.fromkeys(
        ("ESZ9", "ESH0", "ESM20", "ESU2020", "202012"), START - 1600 * DAY
    )
    mixed = ["202012", "ESH0", "ESU2020", "ESZ9", "ESM20"]
    assert in_order(mixed, first) == ["ESZ9", "ESH0", "ESM20", "ESU2020", "202012"]
    with pytest.raises(ConfigError, match=r"'front' says no month.*list them in order"):
        in_order(["front"], {"front": START})
    assert name_in("ES_M1_202406.csv") == "202406"
    assert name_in("GCQ5-minute.parquet") == "GCQ5"


def test_a_source_with_contracts_side_by_side(market_data):
    """A LEAN file holds every contract of the day: the most traded one is joined."""
    path = market_data / "raw" / "LEAN_20131008_trade_gc.zip"
    raw = read_bars(path, symbol="GC", label="open")
    assert side_by_side(raw)
    contracts = contracts_of(raw)
    assert list(contracts) == sorted(contracts)
    volumes = {name: bars.volume.sum() for name, bars in contracts.items()}
    first = next(iter(contracts))
    joined = join_contracts(
        {first: contracts[first]}, [], sessions_of(raw, "cme_metals")
    )
    assert not side_by_side(joined)
    assert joined.volume.sum() == volumes[first]
