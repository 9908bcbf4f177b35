"""The page as text: self-contained, escaped, bounded, the same every time."""

import base64
import dataclasses
import hashlib
import json
import math
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from barwise.core.assets import LIGHTWEIGHT_CHARTS, load_asset, metadata
from barwise.core.errors import IntegrityError
from barwise.report import render_report, write_report
from barwise.report.folds_data import FoldRow, Folds, FoldStudy, SliceRow
from barwise.report.ranking import entries

VOID = {"meta", "link", "br", "hr", "input", "img"}


class Reader(HTMLParser):
    """Collects elements and fails on tags that do not match."""

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.open, self.elements, self.scripts = [], [], []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "script":
            self.scripts.append("")

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.scripts[-1] += data


@pytest.fixture(scope="module")
def page(report):
    return render_report(report)


@pytest.fixture(scope="module")
def small(build_report):
    return build_report(days=12, models=("tcn", "prior"), horizons=(5,))


@pytest.fixture(scope="module")
def reader(page):
    return Reader(page)


@pytest.fixture(scope="module")
def numbers(reader):
    return json.loads(reader.scripts[0], parse_constant=pytest.fail)


def test_page_is_well_formed_and_links_to_its_parts(reader):
    ids = [attrs["id"] for _, attrs in reader.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    inside = [
        attrs["href"][1:]
        for tag, attrs in reader.elements
        if tag == "a" and attrs["href"].startswith("#")
    ]
    assert len(inside) >= 8
    assert set(inside) <= set(ids)


def test_verdict_comes_first(page):
    order = re.findall(r'<section id="(\w+)"', page)
    assert order == [
        "verdict",
        "leaderboard",
        "price",
        "data",
        "labels",
        "models",
        "backtest",
        "settings",
    ]


def folded():
    nan, roles = math.nan, np.zeros((2, 50), np.uint8)
    roles[0, :25] = roles[1, 25:] = 1
    made = FoldRow("fold 1", 10**18, 2 * 10**18, 25, 25, (0.41, 0.38, 0.44),
                   (1.2, nan, nan), 0.36, 0.3)  # fmt: skip
    lost = FoldRow(
        "fold 2", 0, 0, 25, None, (nan,) * 3, (nan,) * 3, nan, nan, "<no luck>"
    )
    calm = SliceRow(
        "volatility", "calm", 12, 3.5, (0.4, 0.3, 0.5), (0.1, 0.0, 0.2), 0.37
    )
    return Folds(
        "two purged folds",
        {5: roles},
        [FoldStudy("lstm · 5 bars", [made, lost], [calm])],
    )


def test_folds_have_a_part_of_their_own(build_report):
    report = build_report(days=10, models=("lstm",), horizons=(5,), folds=folded())
    page = render_report(report)
    reader = Reader(page)
    order = re.findall(r'<section id="(\w+)"', page)
    assert order[:4] == ["verdict", "leaderboard", "folds", "price"]
    assert any(attrs.get("href") == "#folds" for _, attrs in reader.elements)
    for text in ("0.410", "[0.380, 0.440]", "no interval", "calm", "[0.000, 0.200]"):
        assert text in page, text
    assert "fold 2 failed: &lt;no luck&gt;" in page
    told = json.loads(reader.scripts[0])["folds"]
    assert told[0]["rows"][0]["macro_f1"] == [0.41, 0.38, 0.44]
    assert told[0]["slices"][0]["over_prior"] == [0.1, 0.0, 0.2]


def test_nothing_is_loaded_from_elsewhere(reader):
    for tag, attrs in reader.elements:
        assert "src" not in attrs
        if tag == "link":
            assert attrs == {"rel": "icon", "href": "data:,"}
    outside = {
        attrs["href"]
        for tag, attrs in reader.elements
        if tag == "a" and not attrs["href"].startswith("#")
    }
    # The licence of the chart library asks for this one link.
    assert outside == {"https://www.tradingview.com/"}


def test_policy_allows_exactly_the_scripts_of_the_page(reader):
    policy = next(
        attrs["content"]
        for tag, attrs in reader.elements
        if tag == "meta" and "http-equiv" in attrs
    )
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "data:"
    runnable = reader.scripts[1:]
    hashes = {
        f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'"
        for s in runnable
    }
    assert len(hashes) == 2
    assert set(rules["script-src"].split()) == hashes


def test_page_is_small(page):
    assert len(page.encode()) < 5_000_000


def test_every_number_is_in_the_json(numbers, report):
    assert len(numbers["results"]) == len(report.results)
    for found, result in zip(numbers["results"], report.results, strict=True):
        for group in ("classification", "trading"):
            for key, value in result.metrics[group].items():
                written = found["metrics"][group][key]
                if isinstance(value, dict):
                    assert written == pytest.approx(value)
                else:
                    np.testing.assert_allclose(written, value)
        assert found["intervals"]["macro_f1"] == dataclasses.asdict(
            result.intervals["macro_f1"]
        )
        assert set(found["metrics"]["baselines"]) == set(result.metrics["baselines"])
        assert found["importance"] == dict(result.importance)
        assert len(found["equity"]["time"]) == len(result.equity.time)
    assert numbers["evidence"]["test_openings"] == report.evidence.test_openings
    assert [f["count"] for f in numbers["data"]["findings"]] == [
        f.count for f in report.data.findings
    ]
    assert numbers["candles"]["left_out"] == len(report.candles.time) - 5_000
    assert numbers["settings"]["labels"]["horizons"] == [5, 20]


def test_models_stand_beside_baselines_with_intervals(page, report):
    block = page[page.index('data-table="leaderboard-20"') :].split("</table>")[0]
    rows = re.findall(r"<tr(.*?)</tr>", block)[1:]
    kinds = [("baseline" in row.split(">")[0]) for row in rows]
    assert kinds == [False] * 2 + [True] * 4
    best = max(
        (r for r in report.results if r.horizon == 20),
        key=lambda r: r.metrics["classification"]["macro_f1"],
    )
    interval = best.intervals["macro_f1"]
    assert best.model in rows[0]
    assert f"[{interval.lower:.3f}, {interval.upper:.3f}]" in rows[0]


def test_missing_is_a_dash_and_never_zero(small):
    first = small.results[0]
    metrics = {
        **first.metrics,
        "trading": {**first.metrics["trading"], "sharpe_ratio": float("nan")},
    }
    gone = dataclasses.replace(
        first,
        metrics=metrics,
        intervals={
            "macro_f1": dataclasses.replace(
                first.intervals["macro_f1"], lower=math.nan, upper=math.nan
            )
        },
    )
    text = render_report(dataclasses.replace(small, results=[gone]))
    row = text[text.index('data-table="verdict"') :].split("</table>")[0]
    assert (
        '<td class="number">\N{EN DASH}</td><td class="number">no interval</td>' in row
    )
    found = json.loads(Reader(text).scripts[0])["results"][0]
    assert found["metrics"]["trading"]["sharpe_ratio"] is None


def test_baselines_on_other_rows_are_not_mixed_up(small):
    first, second = small.results
    other = {name: dict(m) for name, m in second.metrics["baselines"].items()}
    other["prior"]["classification"] = {"macro_f1": 0.2}
    changed = dataclasses.replace(
        second, metrics={**second.metrics, "baselines": other}
    )
    changed = dataclasses.replace(small, results=[first, changed])
    names = [entry.name for entry in entries(changed, 5) if entry.baseline]
    assert len(names) == 5
    assert f"prior (rows of {second.model})" in names


def test_simulated_bars_are_called_so_loudly(small, page):
    assert "SIMULATED" not in page
    loud = render_report(dataclasses.replace(small, simulated=True, results=[]))
    assert loud.index("SIMULATED") < loud.index("<h1>")


def test_rare_class_is_a_warning(small):
    summary = small.labels[0]
    counts = {"train": {"short": 3, "neutral": 500, "long": 497}}
    rare = dataclasses.replace(summary, counts=counts)
    text = render_report(dataclasses.replace(small, labels=[rare], results=[]))
    assert "5 bars, train: only 0.3% of the labels are short" in text


def test_user_text_is_escaped_everywhere(build_report):
    attack = '</script><script>alert(1)</script>"><img src=x onerror=alert(1)>&lt;--!>'
    base = build_report(days=12, models=(attack,), horizons=(5,))
    data = dataclasses.replace(base.data, source=attack, notes=[attack], session=attack)
    result = dataclasses.replace(
        base.results[0], importance={attack: 1.0, "b": 2.0}, notes=[attack]
    )
    hostile = dataclasses.replace(
        base,
        title=attack,
        symbol=attack,
        verdict=attack,
        scored_on=attack,
        data=data,
        results=[result],
        settings={attack: {attack: attack}},
        provenance={"path": attack},
    )
    found = Reader(render_report(hostile))
    assert len(found.scripts) == 3
    assert not [tag for tag, _ in found.elements if tag == "img"]
    assert json.loads(found.scripts[0])["symbol"] == attack


def test_written_page_is_the_rendered_one(report, page, tmp_path):
    path = tmp_path / "reports" / "20260101_000000" / "report.html"
    write_report(report, path)
    # The page was rendered twice: equal reports give equal bytes.
    assert path.read_text("utf-8") == page
    assert [p.name for p in path.parent.iterdir()] == ["report.html"]


def test_vendored_script_is_checked(monkeypatch):
    assert load_asset(LIGHTWEIGHT_CHARTS).startswith("/*!")
    record = metadata()[LIGHTWEIGHT_CHARTS]
    changed = {LIGHTWEIGHT_CHARTS: {**record, "sha256": "0" * 64}}
    monkeypatch.setattr("barwise.core.assets.metadata", lambda: changed)
    with pytest.raises(IntegrityError, match="install barwise again"):
        load_asset(LIGHTWEIGHT_CHARTS)
