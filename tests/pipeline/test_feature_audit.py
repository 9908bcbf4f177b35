"""The audit catches what looks ahead, says how far, and accuses nobody else."""

import itertools
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from barwise.bars.prepare import prepare
from barwise.bars.simulate import simulate_bars
from barwise.core.errors import ConfigError, DataError
from barwise.features import full_names, load_features
from barwise.features.frame_function import FrameFunction
from barwise.features.own import run_file
from barwise.pipeline.audits import FrameSubject, GraphSubject, audit_feature
from barwise.pipeline.audits.futures import FUTURES, cut_points
from barwise.pipeline.audits.history import History

HOWTO = Path(__file__).parents[2] / "docs" / "howto"
PAGE = (HOWTO / "own-features.md").read_text("utf-8")
SAID = dict(re.findall(r"^\| `(\w+)` \| .* \| (.+?) \|$", PAGE, re.M))
"""What the page says of each cheat."""
CHEATS = {one.name: one.frame for one in run_file(HOWTO / "cheats.py")}
HONEST = {one.name: one.frame for one in run_file(HOWTO / "honest.py")}


@pytest.fixture(scope="module")
def bars():
    """1,200 simulated 5-minute bars of MES."""
    made, _ = prepare(simulate_bars("MES", days=5, seed=0), interval="5min")
    return made[-1200:]


def shifted(frame):
    return frame["close"].shift(-1)


def audit_of(function, bars, kind="pandas", **more):
    subject = FrameSubject(FrameFunction(function.__name__, function, kind), bars)
    return audit_feature(subject, bars, cuts=12, **more)


def test_the_page_shows_every_cheat():
    assert list(SAID) == list(CHEATS)
    assert len(CHEATS) == len(HONEST) == 16


@pytest.mark.parametrize("name", CHEATS)
def test_a_cheat_is_caught_and_described(name, bars):
    subject = FrameSubject(CHEATS[name], bars)
    audit = audit_feature(subject, bars, cuts=12)
    assert not audit.honest
    (finding,) = audit.findings
    assert (finding.level, finding.check) == ("cheat", "look_ahead")
    assert SAID[name] in finding.message
    # What is said is true: the row changes when only later bars do.
    row, whole = finding.row, subject.values(History(bars))[:, 0]
    assert finding.time == bars.time[row]
    changed = [
        subject.values(History(bars).with_future(row + 1, future))[row, 0]
        for future in FUTURES
    ]
    assert not np.allclose(changed, whole[row], rtol=1e-9, atol=0)


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_look_alike_is_not_accused(name, bars):
    subject = FrameSubject(replace(HONEST[name], lookback=None), bars)
    assert audit_feature(subject, bars, cuts=12).honest


def test_no_built_in_column_is_accused(bars):
    audit = audit_feature(GraphSubject(full_names(), bars), bars, cuts=6)
    assert audit.honest
    assert len(audit.columns) == len(full_names())
    assert [f for f in audit.findings if f.check != "values"] == []


def test_no_built_in_column_is_accused_on_real_bars(market_data):
    from barwise.bars.read import read_bars

    path = market_data / "ES_5m_2024-05_2026-02.parquet"
    bars = read_bars(path, symbol="ES", label="open")[60_000:61_500]
    assert audit_feature(GraphSubject(full_names(), bars), bars, cuts=6).honest


def test_every_frame_kind_is_audited(bars):
    def in_polars(frame):
        return frame["close"].shift(-2)

    def in_numpy(arrays):
        return np.r_[arrays["close"][3:], [np.nan] * 3]

    assert audit_of(in_polars, bars, "polars").findings[0].ahead == 2
    assert audit_of(in_numpy, bars, "numpy").findings[0].ahead == 3


def test_several_columns_are_judged_one_by_one(bars):
    def pair(frame):
        return {"good": frame["close"].diff(), "bad": frame["close"].shift(-1)}

    audit = audit_of(pair, bars)
    assert [audit.verdict(column) for column in audit.columns] == ["doubtful", "cheats"]
    told = audit.to_dict()
    assert told["honest"] is False
    assert [one["verdict"] for one in told["columns"]] == ["doubtful", "cheats"]
    assert "bad: cheats" in str(audit)
    assert "bad: cheat: looks 1 row ahead" in audit._repr_html_()


def test_what_differs_from_call_to_call_is_told(bars):
    random, calls = np.random.default_rng(), itertools.count()

    def noisy(frame):
        return frame["close"] * random.normal(size=len(frame))

    def counting(frame):
        return frame["close"].diff() + next(calls)

    for function in (noisy, counting):
        (finding, *_) = audit_of(function, bars).findings
        assert finding.check == "repeat"
        assert "differs from call to call" in finding.message


def test_a_look_ahead_in_time_only_is_caught(bars):
    """Nothing but the clock of the next bar, which says that a session will end."""

    def next_gap(frame):
        step = frame.index.to_series().diff().shift(-1)
        return step.dt.total_seconds()

    finding = audit_of(next_gap, bars).findings[0]
    assert (finding.level, finding.ahead) == ("cheat", 1)


def test_a_cheat_behind_a_condition_on_the_length_is_caught(bars):
    def hiding(frame):
        ahead = frame["close"].shift(-1).ffill()
        return ahead if len(frame) > 1000 else frame["close"]

    assert not audit_of(hiding, bars).honest


def test_a_range_that_the_file_reached_early_is_caught(bars):
    """Without later bars it stays the same: only a market that goes further shows it."""
    factor = np.ones(len(bars))
    factor[10], factor[20] = 1.3, 0.8
    prices = {n: getattr(bars, n) * factor for n in ("open", "high", "low", "close")}
    early = bars.with_columns(**prices)

    def place_in_range(frame):
        close = frame["close"]
        return (close - close.min()) / (close.max() - close.min())

    assert np.allclose(
        audited(place_in_range, early)[:900], audited(place_in_range, early[:900])
    )
    (finding,) = audit_of(place_in_range, early).findings
    assert "depends on all later rows" in finding.message
    assert "with other bars" in finding.message


def audited(function, bars):
    return FrameSubject(FrameFunction("f", function), bars).values(History(bars))[:, 0]


def test_doubts_are_no_accusations(bars):
    def level(frame):
        return frame["close"] - frame["close"].rolling(20).mean()

    def since_the_start(frame):
        return frame["close"].pct_change().fillna(0.0).cumsum()

    def infinite(frame):
        return frame["close"].pct_change() / (frame.index.minute == 0)

    def empty(frame):
        return frame["close"].rolling(5000).mean()

    wanted = {
        level: ("price_units", "with all prices doubled"),
        since_the_start: ("origin", "never forgets where the file begins"),
        infinite: ("values", "is infinite on 1,"),
        empty: ("values", "has no value on 1,200 bars"),
    }
    for function, (check, said) in wanted.items():
        audit = audit_of(function, bars)
        assert audit.honest
        found = {finding.check: finding.message for finding in audit.findings}
        assert said in found[check], function.__name__


def test_a_look_back_that_is_too_short_is_told(bars):
    def average(frame):
        return frame["close"] / frame["close"].ewm(span=10).mean() - 1.0

    def finding(lookback):
        function = FrameFunction("average", average, lookback=lookback)
        audit = audit_feature(FrameSubject(function, bars), bars, cuts=4)
        return [f for f in audit.findings if f.check == "lookback"]

    (short,) = finding(30)
    assert "over its look-back of 30; a look-back of 120 bars gives" in short.message
    assert finding(120) == []


def test_the_price_unit_that_is_declared_is_no_doubt(bars):
    function = FrameFunction("level", lambda frame: frame["close"].shift(1))
    assert audit_feature(FrameSubject(function, bars), bars).findings != ()
    subject = FrameSubject(function, bars, price_units=True)
    assert audit_feature(subject, bars).findings == ()


def test_own_expressions_and_fitted_columns_are_audited(bars, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(
        "import barwise as bw\n"
        "@bw.feature\n"
        "def body(bars, rows=3):\n"
        "    return (bars.close - bars.open) / bars.true_range\n"
        "@bw.feature\n"
        "def level(bars):\n"
        "    return bars.close - bars.previous_close\n"
    )
    own = load_features(path)
    names = [*own.names, "regime_hmm_2_p1"]
    audit = audit_feature(GraphSubject(names, bars, own=own), bars, cuts=6)
    assert audit.honest
    assert [(f.column, f.check) for f in audit.findings] == [("level", "price_units")]


def test_an_engine_that_forgets_its_state_is_caught(bars, monkeypatch):
    """The audit tries the engine itself: it is not told that expressions are safe."""
    subject = GraphSubject(["ema_spread_5_20"], bars)
    push, whole = type(subject._graph).push, len(bars)

    def forgetful(graph, chunk, **more):
        made = push(graph, chunk, **more)
        return made if len(chunk) > whole // 4 else made * np.float32(1.5)

    monkeypatch.setattr(type(subject._graph), "push", forgetful)
    audit = audit_feature(subject, bars, cuts=4)
    assert {f.check for f in audit.findings} == {"chunks", "restart"}
    assert "differs between batch and bar by bar" in audit.findings[0].message


def test_what_cannot_be_audited_is_said(bars):
    def scalar(frame):
        return frame["close"].iloc[-1]

    with pytest.raises(ConfigError, match="returns the last bar's number alone"):
        audit_of(scalar, bars)
    windowed = FrameFunction("scalar", scalar, lookback=5)
    audit = audit_feature(FrameSubject(windowed, bars), bars)
    assert (audit.honest, audit.cuts) == (True, 0)
    with pytest.raises(DataError, match="needs at least 60 bars, got 59"):
        audit_of(shifted, bars[:59])

    def other_columns(frame):
        return {f"c{len(frame)}": frame["close"]}

    with pytest.raises(ConfigError, match="returns other columns for other bars"):
        audit_of(other_columns, bars)


def test_progress_counts_the_cuts(bars):
    seen = []
    audit_of(shifted, bars, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (len(seen), len(seen))


def test_cut_points_are_irregular_and_inside():
    places = cut_points(3000, 24)
    assert places == sorted(set(places))
    assert places[0] >= 1000
    assert places[-1] == 2999
    assert len({place % 12 for place in places}) > 6
