"""Continuous series with a roll table: labels, closes, and tables that are refused."""

import numpy as np
import pytest
from benchmarks.quality.real_rolls import ES_ROLLS

from barwise.bars import Bars, read_bars
from barwise.bars.doubts import source_doubts
from barwise.bars.instruments import get_instrument
from barwise.bars.prepare import prepare, sessions_of
from barwise.bars.roll_adjust import RollAdjuster
from barwise.bars.roll_table import Roll, check_chain, read_rolls
from barwise.bars.rolls import check_rolls, label_contracts
from barwise.bars.simulate import simulate_bars
from barwise.bars.stored import write_bars
from barwise.core.errors import ConfigError, DataError


def rolls_of(rows):
    keys = ("session", "from", "to", "jump")
    return tuple(Roll.model_validate(dict(zip(keys, r, strict=False))) for r in rows)


@pytest.fixture(scope="module")
def es(market_data):
    path = market_data / "ES_5m_2024-05_2026-02.parquet"
    return read_bars(path, symbol="ES", label="open")


@pytest.fixture(scope="module")
def labelled(es):
    return label_contracts(es, ES_ROLLS, sessions_of(es, "cme_equity"))


def test_seven_real_rolls_are_found_and_their_jumps_taken_out(es, labelled):
    rows = np.flatnonzero(labelled.contract[1:] != labelled.contract[:-1]) + 1
    # A session opens at 17:00 Chicago of the day before.
    opens = labelled.open_time[rows].astype("datetime64[ns]").astype("datetime64[h]")
    summer = ["2024-06-17T22", "2024-09-16T22", "2024-12-16T23", "2025-03-17T22"]
    summer += ["2025-06-16T22", "2025-09-15T22", "2025-12-15T23"]
    assert opens.astype(str).tolist() == summer
    assert labelled.contract[rows].tolist() == [roll.new for roll in ES_ROLLS]
    np.testing.assert_array_equal(labelled.close, es.close)
    assert "7 of 7 weeks" in source_doubts(es, get_instrument("ES"))[0]
    assert source_doubts(labelled, get_instrument("ES")) == []


def test_returns_at_real_rolls_are_those_of_the_table(es, labelled):
    rows = np.flatnonzero(labelled.contract[1:] != labelled.contract[:-1]) + 1
    jumps = np.array([roll.jump for roll in ES_ROLLS])
    # By hand: the new contract's own close before is the old one's plus the jump.
    own = es.close[rows - 1] + jumps
    ratio = RollAdjuster("ratio").push(labelled).close
    got = ratio[rows] / ratio[rows - 1] - 1
    np.testing.assert_allclose(got, es.close[rows] / own - 1, atol=1e-10)
    assert np.abs(got).max() < 0.0015 < (es.close[rows] / es.close[rows - 1] - 1).min()
    points = RollAdjuster("difference").push(labelled).close
    np.testing.assert_allclose(
        points[rows] - points[rows - 1], es.close[rows] - own, atol=1e-9
    )
    inside = np.setdiff1d(np.arange(1, len(es)), rows)
    np.testing.assert_allclose(
        ratio[inside] / ratio[inside - 1], es.close[inside] / es.close[inside - 1]
    )
    np.testing.assert_allclose(
        np.diff(points)[inside - 1], np.diff(es.close)[inside - 1]
    )


def test_contracts_and_closes_survive_a_file(labelled, tmp_path):
    some = labelled[7_000:9_000]
    write_bars(some, tmp_path / "es.parquet")
    back = read_bars(tmp_path / "es.parquet", symbol="ES", label="close")
    for name, column in some.columns().items():
        np.testing.assert_array_equal(getattr(back, name), column)


@pytest.mark.parametrize(
    ("name", "symbol", "label"),
    [
        ("NQ_1m_2025-07_2026-02.parquet", "NQ", "open"),
        ("6E_1m_2024-01.parquet", "6E", "close"),
    ],
)
def test_one_contract_is_not_doubted(name, symbol, label, market_data):
    bars = read_bars(market_data / name, symbol=symbol, label=label)
    assert source_doubts(bars, get_instrument(symbol)) == []


def test_without_the_jumps_the_open_follows_on_the_close(es):
    bare = tuple(roll.model_copy(update={"jump": None}) for roll in ES_ROLLS)
    named = label_contracts(es, bare, sessions_of(es, "cme_equity"))
    assert named.new_close is None
    rows = np.flatnonzero(named.contract[1:] != named.contract[:-1]) + 1
    adjusted = RollAdjuster("ratio").push(named)
    np.testing.assert_allclose(
        adjusted.open[rows], adjusted.close[rows - 1], rtol=1e-10
    )
    _, report = prepare(named, interval="5min")
    assert report["roll"].count == report["roll_gap"].count == 7


def test_regular_hours_keep_the_scale_of_the_roll(labelled):
    """The table's closes are of 16:00; the filter's last bar is of 15:00."""
    bars, report = prepare(labelled, interval="5min", session="RTH")
    assert report["roll_gap"].count == 0
    whole = RollAdjuster("ratio").push(labelled)
    some = RollAdjuster("ratio").push(bars)
    at = np.searchsorted(whole.time, some.time[~some.filled])
    np.testing.assert_array_equal(some.close[~some.filled], whole.close[at])


@pytest.fixture(scope="module")
def bars():
    return simulate_bars("MES", days=8, seed=2)


@pytest.fixture(scope="module")
def sessions(bars):
    return sessions_of(bars, "cme_equity")


def days(bars, sessions):
    held = sessions.index_of(bars.time)
    return [np.datetime64(int(d), "D").item() for d in sessions.day[np.unique(held)]]


def test_labels_are_those_of_a_plain_loop(bars, sessions):
    day = days(bars, sessions)
    rolls = rolls_of([(day[2], "H4", "M4"), (day[5], "M4", "U4", 4.5)])
    named = label_contracts(bars[::-1], rolls, sessions)[::-1]
    held = sessions.index_of(bars.time)
    for row in range(0, len(bars), 7):
        today = np.datetime64(int(sessions.day[held[row]]), "D").item()
        name = "H4" if today < day[2] else "M4" if today < day[5] else "U4"
        assert named.contract[row] == name
    last = bars.close[np.flatnonzero(named.contract == "M4")[-1]]
    later = named.contract == "U4"
    assert set(named.old_close[later]) == {last}
    assert set(named.new_close[later]) == {last + 4.5}
    assert np.isnan(named.new_close[~later]).all()


def test_a_bar_that_closes_at_the_open_is_of_the_contract_before(bars, sessions):
    day = days(bars, sessions)[4]
    place = int(np.searchsorted(sessions.day, np.datetime64(day, "D").astype(int)))
    stray = bars[:1].with_columns(time=sessions.open[place : place + 1])
    both = Bars.concat([bars, stray])
    named = label_contracts(both, rolls_of([(day, "H4", "M4")]), sessions)
    assert named.contract[-1] == "H4"


def test_tables_in_files(tmp_path):
    text = "session,from,to,old_close,new_close\n2024-06-18,M4,U4,5480.25,5548\n"
    (tmp_path / "rolls.csv").write_text(text + "2024-09-17,U4,Z4,,\n")
    (tmp_path / "rolls.yaml").write_text(
        "- {session: 2024-06-18, from: M4, to: U4, old_close: 5480.25, new_close: 5548}\n"
        "- {session: 2024-09-17, from: U4, to: Z4}\n"
    )
    one, other = (read_rolls(tmp_path / f"rolls.{kind}") for kind in ("csv", "yaml"))
    assert one == other
    assert (one[0].old_close, one[1].new_close) == (5480.25, None)


BAD_FILES = {
    "a day that is none": (
        "session,from,to\n18.06.2024,M4,U4\n",
        r"rolls.csv, roll 1: session '18.06.2024' cannot be read.*2024-06-18",
    ),
    "no contract": (
        "session,from,to\n2024-06-18,M4,\n",
        r"rolls.csv, roll 1: to is missing",
    ),
    "another column": (
        "session,from,to,price\n2024-06-18,M4,U4,3\n",
        r"roll 1: unknown column 'price'; a roll has session",
    ),
    "no number": (
        "session,from,to,jump\n2024-06-18,M4,U4,67\n2024-09-17,U4,Z4,many\n",
        r"roll 2: jump 'many' cannot be read",
    ),
    "no rows": ("session,from,to\n", r"rolls.csv, no roll is given"),
    "order": (
        "session,from,to\n2024-09-17,M4,U4\n2024-06-18,U4,Z4\n",
        r"roll 2 \(2024-06-18\): comes after that of 2024-09-17",
    ),
    "gap in the chain": (
        "session,from,to\n2024-06-18,M4,U4\n2024-09-17,Z4,H5\n",
        r"roll 2 .*leaves Z4, but the roll before led to U4",
    ),
    "back again": (
        "session,from,to\n2024-06-18,M4,U4\n2024-09-17,U4,M4\n",
        r"roll 2 .*leads to M4, which was traded before",
    ),
    "two ways to say it": (
        "session,from,to,new_close,jump\n2024-06-18,M4,U4,5548,67.75\n",
        r"has new_close and jump",
    ),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_tables_are_refused(name, tmp_path):
    text, says = BAD_FILES[name]
    (tmp_path / "rolls.csv").write_text(text)
    with pytest.raises(ConfigError, match=says):
        read_rolls(tmp_path / "rolls.csv")


def test_files_that_are_no_tables(tmp_path):
    (tmp_path / "rolls.yaml").write_text("session: 2024-06-18\n")
    with pytest.raises(ConfigError, match=r"is no roll table: a list of rolls"):
        read_rolls(tmp_path / "rolls.yaml")
    (tmp_path / "rolls.yaml").write_text("- {session: 2024-06-18\n")
    with pytest.raises(ConfigError, match=r"rolls.yaml is not valid YAML"):
        read_rolls(tmp_path / "rolls.yaml")
    with pytest.raises(DataError, match="does not exist"):
        read_rolls(tmp_path / "none.csv")
    with pytest.raises(ConfigError, match="no roll is given"):
        check_chain([])


def test_tables_that_do_not_fit_the_data_are_refused(bars, sessions):
    day = days(bars, sessions)
    with pytest.raises(DataError, match=r"roll 1 \(2021-12-28.*lies outside the data"):
        label_contracts(bars, rolls_of([("2021-12-28", "H2", "M2")]), sessions)
    for edge in (day[0], "2032-01-05"):
        with pytest.raises(DataError, match=r"sessions are 2022-01-04 to 2022-01-13"):
            label_contracts(bars, rolls_of([(edge, "H2", "M2")]), sessions)
    with pytest.raises(
        DataError, match=r"2022-01-08 is no session .*2022-01-07, 2022-01-10"
    ):
        label_contracts(bars, rolls_of([("2022-01-08", "H2", "M2")]), sessions)
    far = Roll.model_validate(
        {"session": day[3], "from": "H2", "to": "M2", "old_close": 52.0}
    )
    with pytest.raises(DataError, match=r"old_close 52 is far from the series"):
        label_contracts(bars, [far], sessions)
    with pytest.raises(DataError, match=r"new_close [\d.]+ is far from the series"):
        label_contracts(bars, rolls_of([(day[3], "H2", "M2", 3000)]), sessions)
    named = label_contracts(bars, rolls_of([(day[3], "H2", "M2")]), sessions)
    with pytest.raises(ConfigError, match=r"names its contracts itself \(H2, M2"):
        label_contracts(named, rolls_of([(day[3], "H2", "M2")]), sessions)


def test_a_contract_may_not_change_inside_a_session(bars):
    row = 2000
    names = np.where(np.arange(len(bars)) < row, "H2", "M2")
    says = rf"row {row} .*from H2 to M2 inside the session of 2022-01-05.*data.rolls"
    with pytest.raises(DataError, match=says):
        prepare(bars.with_columns(contract=names), interval="5min")


def test_a_contract_may_not_come_back(bars, sessions):
    held = sessions.index_of(bars.time) - sessions.index_of(bars.time)[0]
    names = np.where(held == 3, "M2", "H2")
    with pytest.raises(DataError, match=r"H2 comes back after M2"):
        prepare(bars.with_columns(contract=names), interval="5min")
    check_rolls(bars.with_columns(contract=np.where(held < 3, "H2", "M2")), sessions)
