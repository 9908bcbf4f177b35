"""Other histories: what moves, how far, how long, and what a later roll may not do."""

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from benchmarks.quality.real_rolls import ES_ROLLS
from hypothesis import given, settings
from hypothesis import strategies as st

from barwise.bars import label_contracts, read_bars, sessions_of
from barwise.bars.rolls import rolls_in
from barwise.bars.simulate import simulate_bars
from barwise.bars.stored import write_bars
from barwise.core.errors import ConfigError
from barwise.features import FeatureGraph, set_columns, set_names
from barwise.pipeline import RunConfig, run
from barwise.pipeline.audits import audit_config
from barwise.pipeline.audits.invariance import audit_invariance, compare
from barwise.pipeline.audits.perturbations import (
    Market,
    Perturbation,
    perturbations,
)
from barwise.testing.streams import bar_streams
from barwise.training.run_folder import read_run

COLUMNS = [
    "return_1",
    "rsi_14",
    "ema_20",
    "atr_ratio_14",
    "volume_ratio_20",
    "hour_sin",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three contracts of one market, 40 and 25 points apart."""
    path = tmp_path_factory.mktemp("invariance")
    bars = simulate_bars("MES", days=24, seed=9)
    day = (bars.time - bars.time[0]) // (24 * 3600 * 10**9)
    (path / "each").mkdir()
    for number, name in enumerate(("MESH2", "MESM2", "MESU2")):
        above = (0.0, 40.0, 65.0)[number]
        prices = {n: getattr(bars, n) + above for n in ("open", "high", "low", "close")}
        share = np.where(day // 12 == number, 0.8, 0.1)
        write_bars(
            bars.with_columns(**prices, volume=bars.volume * share),
            path / "each" / f"{name}.parquet",
        )
    return path


def config(folder, **changes):
    given = {
        "symbol": "MES",
        "data": {"contracts": str(folder / "each"), "label": "close"},
        "features": {"set": None, "names": COLUMNS},
        "labels": {"horizons": [5]},
        "models": ["logistic"],
        "output": folder / "experiments",
    }
    return RunConfig.model_validate(given | changes)


@pytest.fixture(scope="module")
def audit(folder):
    return audit_config(config(folder))


def trial(audit, name):
    return next(one for one in audit.trials if one.name == name)


def move(audit, name, column):
    return next(m for m in trial(audit, name).moves if m.column == column)


def test_every_kind_of_history_is_tried(audit):
    names = {one.name for one in audit.trials}
    assert {"roll_1_moved", "roll_2_moved", "rolls_earlier", "rolls_later"} <= names
    assert {"roll_1_constant", "adjusted_by_difference", "tick_scale"} <= names
    assert {"clock_week", "tick_jitter", "missing_bars", "late_bars"} <= names
    assert audit.skipped == {}
    assert {one.kind for one in audit.trials} == {"roll", "price", "clock", "vendor"}


def test_no_roll_changes_a_row_before_it(audit):
    assert audit.changed_by_later_rolls == []
    assert not any(m.early for one in audit.trials for m in one.moves)


def test_only_what_follows_the_price_keeps_a_moved_roll(audit):
    """The contracts lie a constant apart, so a moved roll leaves another factor."""
    assert audit.roll_invariant == {name: name != "ema_20" for name in COLUMNS}
    for name in ("rolls_earlier", "rolls_later", "roll_2_constant"):
        assert move(audit, name, "ema_20").lasting > 500
        for column in ("return_1", "volume_ratio_20", "hour_sin"):
            assert move(audit, name, column).lasting == 0
    assert move(audit, "roll_2_constant", "return_1").share > 0
    assert move(audit, "roll_2_constant", "hour_sin").share == 0


def test_ten_times_the_price_moves_the_price_alone(audit):
    moved = {m.column for m in trial(audit, "tick_scale").moves if m.share > 0.01}
    assert moved == {"ema_20"}
    assert move(audit, "tick_scale", "ema_20").share == 1.0
    assert move(audit, "tick_scale", "ema_20").lasting is None


def test_a_clock_that_is_off_moves_the_hour_for_a_week(audit):
    shifted = move(audit, "clock_week", "hour_sin")
    # The same times of the clock hold other bars: the hour is that of the row itself.
    assert shifted.share == 0.0
    assert 0.0 < move(audit, "clock_week", "return_1").share < 0.5
    assert move(audit, "clock_week", "return_1").lasting == 0


def test_a_late_bar_is_a_missing_bar(audit):
    for column in COLUMNS:
        one, other = (
            move(audit, name, column) for name in ("missing_bars", "late_bars")
        )
        assert (one.share > 0) == (other.share > 0)


def test_a_run_s_signals_are_compared(folder):
    summary = run(config(folder))
    trained = read_run(summary.runs[0].path)
    audit = audit_config(config(folder), run=trained)
    asked = {one.asked for one in audit.trials}
    assert all(count > 1000 for count in asked)
    assert trial(audit, "tick_scale").flipped > trial(audit, "roll_2_constant").flipped
    assert (
        trial(audit, "tick_jitter").flipped < 0.05 * trial(audit, "tick_jitter").asked
    )
    with pytest.raises(ConfigError, match="not the config's 5; name the config"):
        audit_config(
            config(folder, features={"set": None, "names": COLUMNS[1:]}), run=trained
        )


def test_one_series_has_no_rolls_to_move_but_their_constants(folder):
    data = {
        "path": folder / "each" / "MESH2.parquet",
        "label": "close",
        "rolls": [{"session": "2022-01-19", "from": "H2", "to": "M2"}],
    }
    settings = config(folder, data=data)
    names = [one.name for one in perturbations_of(settings)]
    assert names[:2] == ["roll_1_constant", "adjusted_by_difference"]
    none = config(folder, data={"path": data["path"], "label": "close"})
    assert [one.kind for one in perturbations_of(none)][:2] == ["price", "clock"]


def perturbations_of(settings):
    market = Market.of(settings, simulate_bars("MES", days=24, seed=9))
    return perturbations(replace(market, history=market.built(market.raw)))


# --- what a comparison says ----------------------------------------------------------


def test_a_comparison_is_what_pandas_counts():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 2)).astype(np.float32)
    x[:10, 1] = np.nan
    y = x.copy()
    y[100:150] += 3.0
    y[300, 1] += 1.0
    y[169, 1] += 1.0
    y[5, 0] += 0.5
    y[200, 1] = np.nan
    time = np.arange(400) * 60
    one = Perturbation("p", "", "roll", 100 * 60, 149 * 60, lambda: None)
    first, second = compare(x, y, time, one, ("a", "b"), {"a": 20, "b": None})
    frame, other = pd.DataFrame(x), pd.DataFrame(y)
    apart = (frame - other).abs() / frame.std(ddof=0)
    assert first.share == pytest.approx((apart[0] > 0).mean())
    assert second.share == pytest.approx(53 / 390)
    assert first.largest == pytest.approx(apart[0].max(), rel=1e-6)
    assert (first.first, second.first) == (5 * 60, 100 * 60)
    assert (first.early, second.early) == (1, 0)
    assert (first.lasting, second.lasting) == (0, None)
    (late,) = compare(x[:, 1:], y[:, 1:], time, one, ("b",), {"b": 20})
    assert late.lasting == 2


class Peeking:
    """A graph whose column knows the last close of all."""

    names = ("peek",)
    roll_adjustment = "ratio"
    fitted_parameters = None

    def push(self, bars):
        return np.full((len(bars), 1), bars.close[-1] * 1.0, np.float32) + np.float32(
            np.nan_to_num(bars.new_close).max() if bars.new_close is not None else 0
        )

    def with_parameters(self, _parameters):
        return self


def test_a_column_that_knows_a_later_roll_is_named(folder):
    settings = config(folder)
    market = Market.of(settings, simulate_bars("MES", days=1))
    market = replace(market, history=market.built(market.raw))
    audit = audit_invariance(market, lambda _: Peeking(), settled={"peek": 0})
    assert audit.changed_by_later_rolls == ["peek"]
    assert audit.to_dict()["changed_by_later_rolls"] == ["peek"]


# --- the built-in sets ---------------------------------------------------------------


def later_roll(bars, row, factor):
    """The same bars, but for a contract that follows at a row on another price."""
    after = np.arange(len(bars)) >= row
    names = np.full(len(bars), "") if bars.contract is None else bars.contract
    prices = {
        n: np.where(after, factor * getattr(bars, n), getattr(bars, n))
        for n in ("open", "high", "low", "close")
    }
    return bars.with_columns(
        **prices, contract=np.where(after, "X9", np.where(names == "", "A1", names))
    )


@cache
def fitted(name):
    graph = FeatureGraph(set_columns(name))
    return graph.fit(simulate_bars("MES", days=2)[::5]) if graph.unfitted else graph


@pytest.mark.parametrize("name", set_names())
@settings(max_examples=8)
@given(data=st.data())
def test_a_later_roll_changes_no_earlier_row_of_a_built_in_set(name, data):
    bars = data.draw(bar_streams(max_rows=120))
    row = data.draw(st.integers(0, len(bars)))
    other = later_roll(bars, row, data.draw(st.sampled_from([0.5, 0.97, 1.02, 3.0])))
    graph = fitted(name)
    one, two = (graph.with_parameters(graph.fitted_parameters) for _ in range(2))
    known = (
        bars
        if bars.contract is not None
        else bars.with_columns(contract=np.full(len(bars), "A1"))
    )
    np.testing.assert_array_equal(one.push(known)[:row], two.push(other)[:row])


def test_of_seven_real_rolls_each_changes_only_rows_behind_it(market_data):
    path = market_data / "ES_5m_2024-05_2026-02.parquet"
    bars = read_bars(path, symbol="ES", label="open")
    sessions = sessions_of(bars, "cme_equity")
    graph = FeatureGraph(set_columns("boosting_optimal"))
    graph.fit(bars[:10_000])

    def features(count):
        named = label_contracts(bars, ES_ROLLS[:count], sessions)
        return named, graph.with_parameters(graph.fitted_parameters).push(named)

    whole, seen = features(7)
    for count, row in zip((1, 4, 6), rolls_in(whole)[[1, 4, 6]], strict=True):
        _, fewer = features(count)
        np.testing.assert_array_equal(fewer[:row], seen[:row])
        assert np.any(fewer[row:] != seen[row:])


@pytest.mark.slow
def test_seven_real_rolls_change_no_earlier_row_of_any_column(market_data, tmp_path):
    path = market_data / "ES_5m_2024-05_2026-02.parquet"
    settings = RunConfig.model_validate(
        {
            "symbol": "ES",
            "data": {"path": path, "label": "open", "rolls": ES_ROLLS},
            "features": {"set": "full"},
            "labels": {"horizons": [10]},
            "output": tmp_path,
        }
    )
    audit = audit_config(settings)
    assert audit.skipped == {}
    assert len([one for one in audit.trials if one.kind == "roll"]) == 8
    assert audit.changed_by_later_rolls == []
    # Ties between moves of a tick are still ties on another contract's scale.
    for name in ("adx_14", "cci_20", "mfi_14", "aroon_osc_25"):
        assert move(audit, "roll_3_constant", name).lasting == 0
