import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import numpy as np
import pytest

from barwise.bars.instruments import get_instrument
from barwise.core.errors import DataError, IntegrityError
from barwise.datasets.ledger import FIRST, Ledger, Trial


def trial(number=1, **changes):
    days = np.arange(19_000, 19_005)
    settings = {
        "kind": "model",
        "underlying": "SP500",
        "start": 100,
        "end": 200,
        "configuration": {"model": "lightgbm", "depth": number},
        "figures": {"sharpe": 0.1 * number, "auc": None},
        "days": days,
        "returns": 0.001 * number * np.ones(5),
    }
    return Trial(**(settings | changes))


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "deep" / "ledger.sqlite")


def test_a_trial_comes_back_as_it_was(ledger):
    assert (ledger.head, ledger.count("SP500", 0, 1000)) == (FIRST, 0)
    assert ledger.record(trial())
    (found,) = ledger.trials("SP500", 0, 1000)
    assert found.configuration == {"model": "lightgbm", "depth": 1}
    assert found.figures == {"sharpe": 0.1, "auc": None}
    np.testing.assert_array_equal(found.days, trial().days)
    np.testing.assert_array_equal(found.returns, trial().returns)


def test_a_rerun_adds_no_row_and_another_span_does(ledger):
    assert ledger.record(trial())
    head = ledger.head
    assert not ledger.record(trial(figures={"sharpe": 9.0}))
    assert ledger.head == head
    assert ledger.record(trial(end=201))
    assert ledger.head != head


@pytest.mark.parametrize(
    ("underlying", "start", "end", "seen"),
    [("SP500", 200, 300, 1), ("SP500", 201, 300, 0), ("GOLD", 0, 999, 0)],
)
def test_what_counts_is_underlying_and_time(ledger, underlying, start, end, seen):
    ledger.record(trial())
    assert ledger.count(underlying, start, end) == seen


def test_symbols_that_move_together_share_their_trials():
    shared = {get_instrument(s).underlying for s in ("MES", "ES", "SPXUSD")}
    assert len(shared) == 1
    assert get_instrument("GC").underlying == get_instrument("MGC").underlying
    assert get_instrument("AAPL").underlying == "AAPL"


@pytest.mark.parametrize(
    "statement",
    ["UPDATE trials SET kind = 'x'", "DELETE FROM trials WHERE number = 1"],
)
def test_the_file_itself_refuses_changes(ledger, statement):
    ledger.record(trial())
    refused = pytest.raises(sqlite3.IntegrityError, match="append-only")
    with closing(sqlite3.connect(ledger.path)) as db, refused:
        db.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE trials SET figures = '{}' WHERE number = 2",
        "UPDATE trials SET returns = zeroblob(40) WHERE number = 2",
        "UPDATE trials SET configuration = '{}' WHERE number = 2",
        "DELETE FROM trials WHERE number = 2",
        "UPDATE trials SET number = 9 WHERE number = 3",
        "UPDATE trials SET days = x'00' WHERE number = 2",
        "UPDATE trials SET days = 'text' WHERE number = 2",
        "UPDATE trials SET days = x'0000000000000000' WHERE number = 2",
        "UPDATE trials SET configuration = '{' WHERE number = 2",
        "UPDATE trials SET configuration = '[1]' WHERE number = 2",
        "UPDATE trials SET configuration = x'ff' WHERE number = 2",
        "UPDATE trials SET figures = '3' WHERE number = 2",
    ],
)
def test_whoever_gets_past_that_breaks_the_chain(ledger, statement):
    for number in (1, 2, 3):
        ledger.record(trial(number))
    with closing(sqlite3.connect(ledger.path)) as db, db:
        db.execute("DROP TRIGGER no_change")
        db.execute("DROP TRIGGER no_removal")
        db.execute(statement)
    with pytest.raises(IntegrityError, match=r"ledger.sqlite: trial [23] is not"):
        ledger.count("SP500", 0, 1000)


def test_a_file_that_is_no_database(ledger):
    ledger.path.parent.mkdir()
    ledger.path.write_bytes(b"not a database, and long enough to be looked at" * 40)
    with pytest.raises(IntegrityError, match="damaged"):
        ledger.record(trial())


def _write(path, first):
    return [Ledger(path).record(trial(n)) for n in range(first, first + 5)]


def test_writers_at_one_time_share_one_chain(ledger):
    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(_write, ledger.path, first) for first in (0, 3)]
        added = [made for job in jobs for made in job.result()]
    # 0..4 and 3..7: two were there already for one of both.
    assert sum(added) == 8
    assert ledger.count("SP500", 0, 1000) == 8


def test_a_table_of_another_shape_is_no_ledger(ledger):
    ledger.record(trial())
    with closing(sqlite3.connect(ledger.path)) as db, db:
        db.execute("ALTER TABLE trials ADD COLUMN more")
    with pytest.raises(IntegrityError, match="trial 1 is not"):
        ledger.count("SP500", 0, 1000)


def test_a_file_that_a_dead_process_left_empty_has_no_trial(ledger):
    ledger.path.parent.mkdir()
    ledger.path.touch()
    assert ledger.count("SP500", 0, 1000) == 0
    assert ledger.record(trial())
    assert ledger.count("SP500", 0, 1000) == 1


def test_a_trial_has_one_return_a_day():
    with pytest.raises(DataError, match="one return a day"):
        trial(returns=np.zeros(4))
    with pytest.raises(DataError, match="a finite return and a whole number"):
        trial(returns=np.array([0.1, 0.2, np.nan, 0.0, 0.0]))
    with pytest.raises(DataError, match="a finite return and a whole number"):
        trial(days=np.arange(5) + 0.5)


def test_no_type_of_array_breaks_the_chain(ledger):
    ledger.record(trial(days=np.arange(5, dtype=np.int32)))
    ledger.record(trial(2, days=np.arange(5.0), returns=np.ones(5, np.float32)))
    assert ledger.count("SP500", 0, 1000) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"figures": {"sharpe": float("nan")}},
        {"configuration": {"depth": np.int64(3)}},
        {"configuration": {"depth": {3}}},
    ],
)
def test_what_is_no_json_is_refused_before_anything_is_written(ledger, changes):
    with pytest.raises(DataError, match="'SP500' cannot be recorded"):
        ledger.record(trial(**changes))
    assert not ledger.path.exists()
