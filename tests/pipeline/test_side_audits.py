"""Audits of columns that read tables and finer bars."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from barwise.bars.held import NEVER
from barwise.bars.simulate import simulate_bars
from barwise.bars.stored import write_bars
from barwise.features import ExternalColumns
from barwise.features.timeframe_source import TimeframeSource
from barwise.pipeline import RunConfig
from barwise.pipeline.audits import GraphSubject, audit_config, audit_feature
from barwise.pipeline.audits.history import History
from barwise.pipeline.audits.within import Within

NAMES = (
    "ext_vix_close",
    "lag_3_ext_vix_close",
    "ext_fed_minutes_to",
    "mtf_1min_realized_vol_30",
    "mtf_1h_rsi_14",
    "lag_10_label_h10",
    "return_1",
    "above",
)
OWN = """\
import barwise as bw
from barwise.stream.expr import ema


@bw.feature
def above(bars):
    return bars.close / bw.on("1min", ema(bars.close, 30))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("side")
    raw = simulate_bars("MES", days=9, seed=5)
    write_bars(raw, path / "mes.parquet")
    known = raw.time[::150].astype("datetime64[ns]")
    values = np.random.default_rng(0).normal(15.0, 1.0, len(known))
    pl.DataFrame({"known": known, "close": values}).write_parquet(path / "vix.parquet")
    days = [f"2022-01-{day:02}" for day in range(4, 15)]
    lines = [f"{day} 10:00,{day} 19:00" for day in days]
    (path / "fed.csv").write_text("\n".join(["told,at", *lines, ""]))
    (path / "mine.py").write_text(OWN)
    return path


@pytest.fixture(scope="module")
def config(folder):
    tables = [
        {
            "name": "vix",
            "path": "vix.parquet",
            "known_at": "known",
            "columns": ["close"],
        },
        {"name": "fed", "path": "fed.csv", "known_at": "told", "event_time": "at"},
    ]
    for table in tables:
        table["path"] = folder / table["path"]
    return RunConfig(
        symbol="MES",
        data={
            "path": folder / "mes.parquet",
            "label": "close",
            "rolls": [{"session": "2022-01-07", "from": "H2", "to": "M2"}],
        },
        features={"set": None, "names": NAMES, "own": folder / "mine.py"},
        external=tables,
        labels={"horizons": [10]},
        models=["logistic"],
        output=folder / "experiments",
    )


@pytest.fixture(scope="module")
def within(config):
    return Within.of(config).last(500)


def subject_of(within):
    own = within.columns.own
    return GraphSubject(
        NAMES,
        within.bars,
        own=own,
        make=lambda names: within.graph(names, own),
        beside=within.beside(NAMES, own),
    )


def cheats(within):
    audit = audit_feature(subject_of(within), within.bars, cuts=6)
    assert not audit.honest
    return {f.column: f for f in audit.findings if f.check == "look_ahead"}


def test_columns_of_tables_and_finer_bars_are_honest(within):
    audit = audit_feature(subject_of(within), within.bars, cuts=6)
    assert audit.honest
    assert audit.columns == NAMES
    assert [f for f in audit.findings if f.check != "values"] == []


def test_a_table_that_is_read_too_early_is_caught(within, monkeypatch):
    whole = ExternalColumns.at
    early = 40 * 60 * 10**9

    def ahead(self, times):
        return whole(self, times + early)

    monkeypatch.setattr(ExternalColumns, "at", ahead)
    monkeypatch.setattr(ExternalColumns, "still_needed", lambda self, _time: self)
    found = cheats(within)
    assert {"ext_vix_close", "lag_3_ext_vix_close"} <= set(found)
    assert set(found) <= {n for n in NAMES if "ext_" in n}
    assert 1 < found["ext_vix_close"].ahead <= 8  # rows of 5 minutes


def test_finer_bars_that_are_read_too_early_are_caught(within, monkeypatch):
    def due(self, chunk):
        time = chunk.time[-1] + 5 * 60 * 10**9
        count = int(np.searchsorted(self._waiting.time, time, side="right"))
        made, self._waiting = self._waiting[:count], self._waiting[count:]
        return made

    def early(self, chunk):
        if self._resampler is None:
            self._resampler = self._resampler_for(chunk.symbol)
        if not self.is_finer(chunk.interval):
            return self._resampler.push_rows(chunk)
        bars = due(self, chunk)
        made, known = self._resampler.push_rows(bars)
        moment = bars.time[known] - 5 * 60 * 10**9
        return made, np.searchsorted(chunk.time, moment, side="left")

    monkeypatch.setattr(TimeframeSource, "bars_of", early)
    found = cheats(within)
    assert set(found) == {"mtf_1min_realized_vol_30", "above"}
    assert found["above"].ahead == 1


def test_pieces_hold_everything_once_and_nothing_early(within):
    whole = History(within.bars, **within.beside(NAMES, within.columns.own))
    cuts = [0, 7, 7, 200, 499]
    pieces = list(whole.pieces(cuts))
    for made, column in (
        ([p.bars.time for p in pieces], whole.bars.time),
        ([p.fine.time for p in pieces], whole.fine.time),
        ([p.external["vix"].known_at for p in pieces], whole.external["vix"].known_at),
    ):
        np.testing.assert_array_equal(np.concatenate(made), column)
    for piece, stop in zip(pieces[:-1], cuts, strict=True):
        close = whole.bars.time[stop - 1] if stop else NEVER
        assert (piece.fine.time <= close).all()
        assert (piece.external["vix"].known_at <= close).all()


@pytest.mark.parametrize("future", ["gone", "higher", "lower"])
def test_another_future_is_the_same_until_the_cut(within, future):
    whole = History(within.bars, **within.beside(NAMES, within.columns.own))
    other, close = whole.with_future(200, future), whole.bars.time[199]
    until = int(np.searchsorted(whole.fine.time, close, side="right"))
    np.testing.assert_array_equal(other.fine.close[:until], whole.fine.close[:until])
    for name, key in (("vix", "close"), ("fed", None)):
        one, two = whole.external[name], other.external[name]
        known = int(np.searchsorted(one.known_at, close, side="right"))
        assert 0 < known < len(one)
        a, b = (t.event_time if key is None else t.columns[key] for t in (one, two))
        np.testing.assert_array_equal(a[:known], b[:known])
        if future == "gone":
            assert len(two) == known
        else:
            assert (a[known:] != b[known:]).all()
            assert (other.fine.close[until:] != whole.fine.close[until:]).all()


def test_other_histories_move_finer_bars_with_the_bars_and_leave_tables(config):
    audit = audit_config(config)
    assert audit.skipped == {}
    assert audit.changed_by_later_rolls == []
    moved = {
        trial.name: {m.column: m.share for m in trial.moves if m.share > 0}
        for trial in audit.trials
    }
    assert not {"above", "mtf_1min_realized_vol_30"} & moved["tick_scale"].keys()
    # Both prices are of the new scale, so that only averages over the roll are others.
    assert 0.0 < moved["roll_1_constant"]["above"] < 0.05
    assert {"above", "mtf_1min_realized_vol_30"} <= moved["missing_bars"].keys()
    assert not any(n.startswith("ext_") for names in moved.values() for n in names)
    assert audit.roll_invariant["above"]
