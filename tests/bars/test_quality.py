"""Reports: what is said about real files is what their README counts."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from barwise.bars.clean import clean_file
from barwise.bars.quality import SHOWN, Finding, QualityReport
from barwise.bars.read import read_bars
from barwise.bars.sessions import session_table
from barwise.core.arrays import HOUR


def readme_rows(folder):
    """Parse the table of the data folder's README: one entry a Parquet file."""
    for line in (folder / "README.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 15 and cells[0].endswith(".parquet"):
            number = [int(re.sub(r"\D.*", "", c.replace(",", "")) or 0) for c in cells]
            gaps = [
                int(n.replace(",", ""))
                for n in re.findall(r"[\d,]+(?= /|\))", cells[8])
            ]
            yield (
                cells[0],
                {
                    "rows": number[2],
                    "duplicate": number[6],
                    "out_of_order": number[7],
                    "gap": number[8],
                    "zero_volume": number[9],
                    "flat": number[10],
                    "bad": number[11],
                    "split": gaps,
                },
            )


def test_counts_equal_the_readme(market_data):
    checked = 0
    for name, wanted in readme_rows(market_data):
        bars = read_bars(market_data / name, symbol="X", label="open")
        cleaned, report = clean_file(bars)
        assert report.rows_in == report.rows_out == len(cleaned) == wanted["rows"], name
        for kind in ("duplicate", "out_of_order", "gap", "zero_volume", "flat"):
            assert report.count(kind) == wanted[kind], (name, kind)
        assert (
            report.count("high_below_low") + report.count("open_close_outside")
            == wanted["bad"]
        )
        for kind in (
            "non_finite",
            "non_positive",
            "negative_volume",
            "conflict",
            "off_grid",
        ):
            assert report.count(kind) == 0, (name, kind)
        if wanted["gap"]:
            split = re.findall(r"([\d,]+) (?:under|of 1|over)", report["gap"].detail)
            assert [int(n.replace(",", "")) for n in split] == wanted["split"], name
        checked += 1
    assert checked == 12


def test_repeated_hour_of_brent(market_data):
    path = market_data / "raw" / "DAT_ASCII_BCOUSD_M1_2019_oct20_nov08.csv"
    bars = read_bars(path, symbol="BCOUSD", label="open")
    cleaned, report = clean_file(bars)
    lines = path.read_text().splitlines()
    stamps = [line[:15] for line in lines]
    seen, repeated, late, latest = set(), [], [], ""
    for row, stamp in enumerate(stamps):
        if stamp in seen:
            repeated.append(row)
        if stamp < latest:
            late.append(row)
        seen.add(stamp)
        latest = max(latest, stamp)
    assert report.offline
    assert (report["duplicate"].count, report["duplicate"].rows) == (
        len(repeated),
        tuple(repeated[:SHOWN]),
    )
    assert (report["out_of_order"].count, report["out_of_order"].rows) == (
        len(late),
        tuple(late[:SHOWN]),
    )
    assert len(cleaned) == len(seen)
    assert (np.diff(cleaned.time) > 0).all()


def test_outage_and_stale_stretch_are_seen(market_data):
    es = read_bars(
        market_data / "ES_5m_2024-05_2026-02.parquet", symbol="ES", label="open"
    )
    report = clean_file(es)[1]
    assert "the longest run has 129 bars" in report["stale"].detail
    (day,) = {
        str(es.time[row].astype("datetime64[ns]"))[:10]
        for row in report["zero_volume"].rows
    }
    assert day == "2025-11-28"


def test_bad_ticks_are_rare_in_real_data(market_data):
    for name, wanted in readme_rows(market_data):
        bars = read_bars(market_data / name, symbol="X", label="open")
        assert clean_file(bars)[1].count("bad_tick") < 3e-4 * wanted["rows"], name


def test_gaps_inside_sessions(market_data):
    es = read_bars(
        market_data / "ES_5m_2024-05_2026-02.parquet", symbol="ES", label="open"
    )
    table = session_table("cme_equity", int(es.time[0]) - HOUR, int(es.time[-1]) + HOUR)
    report = clean_file(es, sessions=table)[1]
    # Independent count: every 5-minute close of every session against the file.
    have = set(es.time.tolist())
    missing = 0
    for begin, end in zip(table.open.tolist(), table.close.tolist(), strict=True):
        due = np.arange(begin + es.interval, end + 1, es.interval)
        due = due[(table.index_of(due) >= 0) & (due > es.time[0]) & (due < es.time[-1])]
        missing += sum(int(t) not in have for t in due)
    found = re.search(r"([\d,]+) bars missing", report["gap"].detail)
    assert (int(found[1].replace(",", "")) if found else 0) == missing
    assert report.count("gap") < 452
    outside = int((table.index_of(es.time) < 0).sum())
    assert report.count("outside_session") == outside


REPORT = QualityReport(
    10,
    8,
    (
        Finding("duplicate", 2, (4, 5), "seen <before>", "dropped"),
        Finding("flat", 1, (7,)),
    ),
)


def test_report_as_values_text_and_html():
    assert json.loads(json.dumps(REPORT.to_dict()))["findings"][0] == {
        "kind": "duplicate",
        "count": 2,
        "rows": [4, 5],
        "detail": "seen <before>",
        "action": "dropped",
    }
    lines = str(REPORT).splitlines()
    assert lines[0] == "10 rows in, 8 rows out"
    assert lines[2].split() == [
        "duplicate",
        "2",
        "dropped",
        "4,",
        "5",
        "seen",
        "<before>",
    ]
    html = REPORT._repr_html_()
    assert "seen &lt;before&gt;" in html
    assert html.count("<tr>") == 3
    assert str(QualityReport(3, 3)) == "3 rows in, 3 rows out\nnothing found"


def test_merge_adds_up_and_keeps_the_first_rows():
    later = QualityReport(
        8,
        9,
        (Finding("flat", 30, tuple(range(SHOWN))), Finding("gap", 1, (2,))),
        offline=True,
    )
    both = REPORT.merge(later)
    assert (both.rows_in, both.rows_out, both.offline) == (10, 9, True)
    assert [f.kind for f in both.findings] == ["duplicate", "gap", "flat"]
    assert both["flat"].count == 31
    assert both["flat"].rows == tuple(range(SHOWN))
    assert both.count("stale") == 0


def test_findings_keep_twenty_rows():
    finding = Finding.of("flat", np.arange(100))
    assert finding.count == 100
    assert finding.rows == tuple(range(20))


@pytest.mark.parametrize("kind", ["flat", "gap"])
def test_findings_without_a_count_are_left_out(kind):
    assert QualityReport(1, 1).with_findings([Finding(kind, 0)]).findings == ()
