import hashlib
import json
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barwise.core.errors import BarwiseError, ConfigError, IntegrityError
from barwise.datasets import Opening, TestSeal

PROFILE = settings(max_examples=60, deadline=None, derandomize=True)


def opening(number=0, **more):
    fields = {
        "symbol": "ES",
        "start": 100,
        "end": 200,
        "reason": f"report {number}",
        "configuration": "c0ffee",
    }
    return Opening(**{**fields, **more})


@pytest.fixture
def seal(tmp_path):
    return TestSeal(tmp_path / "ledger" / "openings.jsonl")


def test_an_opening_is_written_once(seal):
    assert seal.openings() == []
    assert seal.head == "0" * 64
    assert seal.record(opening(1))
    content = seal.path.read_bytes()
    assert not seal.record(opening(1))
    assert seal.path.read_bytes() == content
    assert seal.record(opening(1, configuration="decaf"))
    assert seal.record(opening(2))
    assert len(seal.openings()) == 3


def test_the_chain_can_be_checked_by_anyone(seal):
    for number in range(3):
        seal.record(opening(number))
    previous = "0" * 64
    for number, line in enumerate(seal.path.read_text().splitlines(), start=1):
        row = json.loads(line)
        said = row.pop("hash")
        assert row.pop("recorded_at").endswith("+00:00")
        assert (row["number"], row["previous"]) == (number, previous)
        text = json.dumps(row, sort_keys=True, separators=(",", ":"))
        assert hashlib.sha256(text.encode()).hexdigest() == said
        previous = said
    assert seal.head == previous


def test_wall_time_is_outside_the_hash(seal):
    seal.record(opening())
    row = json.loads(seal.path.read_text())
    row["recorded_at"] = "2001-01-01T00:00:00+00:00"
    seal.path.write_text(json.dumps(row) + "\n")
    assert seal.openings() == [opening()]


@PROFILE
@given(data=st.data())
def test_any_changed_byte_of_a_row_is_noticed(tmp_path_factory, data):
    seal = TestSeal(tmp_path_factory.mktemp("seal") / "openings.jsonl")
    for number in range(3):
        seal.record(opening(number))
    lines = seal.path.read_bytes().splitlines(keepends=True)
    which = data.draw(st.integers(0, 2))
    row = json.loads(lines[which])
    name = data.draw(st.sampled_from(sorted(set(row) - {"recorded_at"})))
    row[name] = row[name] + 1 if isinstance(row[name], int) else row[name] + "x"
    lines[which] = json.dumps(row).encode() + b"\n"
    seal.path.write_bytes(b"".join(lines))
    with pytest.raises(IntegrityError, match=rf"openings.jsonl:{which + 1}: this row"):
        seal.openings()
    with pytest.raises(IntegrityError):
        seal.record(opening(9))


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: lines[1:],
        lambda lines: [lines[0], lines[2]],
        lambda lines: [lines[1], lines[0], lines[2]],
        lambda lines: [lines[0], lines[0], *lines[1:]],
        lambda lines: [lines[0], b"\n", *lines[1:]],
        lambda lines: [lines[0], b"[]\n", *lines[1:]],
        lambda lines: [lines[0], b'{"number": NaN}\n', *lines[1:]],
        lambda lines: [lines[0], b"\xff\n", *lines[1:]],
    ],
)
def test_removed_moved_or_strange_rows_are_noticed(seal, change):
    for number in range(3):
        seal.record(opening(number))
    lines = seal.path.read_bytes().splitlines(keepends=True)
    seal.path.write_bytes(b"".join(change(lines)))
    with pytest.raises(IntegrityError, match="append-only"):
        _ = seal.head


def test_a_row_cut_short_by_a_crash_is_written_again(seal):
    seal.record(opening(1))
    kept = seal.path.read_bytes()
    seal.record(opening(2))
    for cut in (len(kept) + 1, len(kept) + 40):
        seal.path.write_bytes(seal.path.read_bytes()[:cut])
        assert seal.openings() == [opening(1)]
        assert seal.record(opening(2))
        assert seal.openings() == [opening(1), opening(2)]


def test_openings_are_counted_by_symbol_and_overlapping_time(seal):
    seal.record(opening(1))
    seal.record(opening(2, start=200, end=300))
    seal.record(opening(3, symbol="GC"))
    assert seal.count("ES", 0, 99) == 0
    assert seal.count("ES", 0, 100) == 1
    assert seal.count("ES", 200, 200) == 2
    assert seal.count("GC", 150, 400) == 1


def test_symbols_that_move_together_share_their_openings(build, table, tmp_path):
    file, span = tmp_path / "openings.jsonl", None
    for number, symbol in enumerate(("MES", "ES"), 1):
        data = build(table, symbol=symbol, seal=TestSeal(file, underlying="SP500"))
        data.open_test(reason=f"look at {symbol}")
        assert data.times_opened == number
        span = data.test_span
    assert TestSeal(file).count("SP500", *span) == 2
    assert TestSeal(file).count("ES", *span) == 0


def test_a_reason_is_needed_and_a_place_to_write(seal, tmp_path):
    with pytest.raises(ConfigError, match="needs a reason"):
        seal.record(opening(reason=" "))
    assert not seal.path.exists()
    (tmp_path / "file").write_text("")
    with pytest.raises(BarwiseError, match="stays sealed"):
        TestSeal(tmp_path / "file" / "openings.jsonl").record(opening())


_WRITER = """
import sys
from pathlib import Path
from barwise.datasets import Opening, TestSeal
for number in range(10):
    reason = f"{sys.argv[2]} {number}"
    TestSeal(Path(sys.argv[1])).record(Opening("ES", 1, 2, reason, "c0ffee"))
"""


def test_two_processes_write_one_chain(seal):
    command = [sys.executable, "-c", _WRITER, str(seal.path)]
    writers = [subprocess.Popen([*command, name]) for name in ("a", "b")]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    reasons = [opening.reason for opening in seal.openings()]
    assert sorted(reasons) == [f"{name} {n}" for name in "ab" for n in range(10)]
