"""Meta-labels in a run: a primary that is right in one known state only."""

from copy import copy
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError

import barwise as bw
from barwise.bars.stored import write_bars
from barwise.core.errors import ConfigError
from barwise.datasets import (
    PurgedKFold,
    WalkForward,
    fold_data,
    load_container,
    proposed_sides,
    save_container,
)
from barwise.pipeline import RunConfig, build_dataset
from barwise.pipeline.fold_run import evaluate
from barwise.pipeline.folding import Folding
from barwise.pipeline.importance_study import study_importance
from barwise.pipeline.label_tables import build_labels
from barwise.pipeline.label_trace import trace_at
from barwise.trading.barrier_rows import barrier_width
from barwise.training import load_out_of_fold, out_of_fold, plan_folds
from barwise.training.out_of_fold import predict_fold
from oracles import backtest as slow

pytestmark = pytest.mark.usefixtures("blank_figures")

HORIZON, DAYS = 4, 50
FOLDS = PurgedKFold(3, purge=12, embargo=20)


def market(seed=0):
    """Busy stretches in which the last returns go on, quiet ones in which they turn.

    Features know both: the last returns, and the volume that tells the stretches apart.
    """
    clock, _ = bw.prepare(
        bw.simulate_bars("MES", days=DAYS, seed=seed), interval="5min", session="RTH"
    )
    rng = np.random.default_rng(seed)
    rows = len(clock)
    busy = np.cumsum(rng.random(rows) < 1 / 25) % 3 > 0
    noise, close = rng.normal(0, 4, rows), np.full(rows + 6, 5000.0)
    for i in range(rows):
        last = np.sign(close[i + 5] - close[i])
        close[i + 6] = close[i + 5] + noise[i] + last * (2.5 if busy[i] else -2.5)
    close = np.round(close[6:] * 4) / 4
    open_ = np.r_[5000.0, close[:-1]]
    spread = np.abs(rng.normal(0, 2, (2, rows))).round()
    made = replace(
        clock,
        open=open_,
        high=np.maximum(open_, close) + spread[0],
        low=np.minimum(open_, close) - spread[1],
        close=close,
        volume=np.where(busy, 2000.0, 500.0) + rng.integers(0, 100, rows),
        filled=np.zeros(rows, bool),
    )
    return made, busy


BARS, BUSY = market()


def config(folder, **changes):
    given = {
        "symbol": "MES",
        "data": {"path": folder / "bars.parquet", "label": "close", "session": "RTH"},
        "features": {"set": None, "names": ["log_return_5", "volume_log"]},
        "labels": {
            "target": "meta",
            "horizons": [HORIZON],
            "upper": 1.4,
            "lower": 1.4,
            "primary": {"model": "logistic", "folds": 3, "embargo": 20},
        },
        "models": [{"name": "lightgbm", "config": {"max_rounds": 40}}],
        # 1.87 dollars a fill.
        "backtest": {"commission": 0.62, "slippage_ticks": 1.0},
        "output": folder / "experiments",
    }
    return RunConfig.model_validate(given | changes)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("meta")
    write_bars(BARS, place / "bars.parquet")
    return place


@pytest.fixture(scope="module")
def data(folder):
    return build_dataset(config(folder), horizon=HORIZON)


@pytest.fixture(scope="module")
def summary(folder):
    return bw.run(config(folder))


# --- what it finds ---------------------------------------------------------------------


def test_the_state_in_which_the_primary_is_right_is_found(data, summary):
    rows = data.rows("val")
    busy = BUSY[rows]
    assert data.y_val[busy].mean() > 0.7
    assert data.y_val[~busy].mean() < 0.4
    (outcome,) = summary.outcomes
    sure = outcome.arrays["probabilities"][:, 1]
    assert np.median(sure[busy]) > np.median(sure[~busy]) + 0.2
    taken = outcome.arrays["signal"] != 0
    assert taken[busy].mean() > 0.8
    assert taken[~busy].mean() < 0.2
    # Beside every trade of the primary, which is what "always" means here.
    scores = outcome.facts["evaluation"]
    every = scores["baselines"]["always_long"]["trading"]
    assert scores["trading"]["win_rate"] > every["win_rate"] + 0.05
    assert scores["trading"]["sharpe_ratio"] > every["sharpe_ratio"]
    scores = scores["classification"]
    assert scores["macro_f1"] > 0.62
    assert scores["roc_auc"] > 0.6


def test_a_trade_is_on_the_primarys_side_or_none(data, summary):
    arrays = summary.outcomes[0].arrays
    side = proposed_sides(data, data.rows("val"))
    assert set(np.unique(side)) == {-1, 1}
    taken = arrays["signal"] != 0
    np.testing.assert_array_equal(arrays["signal"][taken], side[taken])


def test_the_page_says_whose_trades_are_judged(summary):
    page = summary.report.read_text()
    assert "trades of logistic pay: +1.4 / -1.4 ATR(14)" in page


# --- the labels ------------------------------------------------------------------------


def test_a_label_is_what_the_trade_of_a_slow_account_earned(data):
    """Each proposed trade alone, bar by bar, its costs in money."""
    width = barrier_width(BARS, unit="atr", period=14)
    session = BARS.open_time // (24 * 3600 * 10**9)
    rows = [
        {
            "open": BARS.open[i],
            "high": BARS.high[i],
            "low": BARS.low[i],
            "close": BARS.close[i],
            "session": int(session[i]),
            "contract": 0,
            "filled": False,
        }
        for i in range(len(BARS))
    ]
    rule = {"horizon": HORIZON, "upper": 1.4, "lower": 1.4, "tick": 0.25}
    rule |= {"entry": "next_open", "session_end": "flat", "sides": "long"}
    rule |= {"touch": "high_low", "trade_through": False}
    found = np.concatenate([data.rows("train")[::9], data.rows("val")[::3]])
    sides = proposed_sides(data, found)
    for t, side in zip(found, sides, strict=True):
        signals = np.zeros(len(BARS), int)
        signals[t] = side
        cut = slice(0, t + HORIZON + 2)
        trades, _ = slow.run(rows[cut], signals, width, rule, (1.87, 1.87, 5.0), 1.0)
        (trade,) = trades
        assert data.frame.targets.label[t] == (trade["gross"] > trade["cost"])
        made = side * np.log(trade["exit"] / trade["entry"])
        assert data.frame.targets.ret[t] == pytest.approx(made, abs=1e-12)
        assert BARS.time[trade["exit_row"]] <= data.frame.targets.end_time[t]


def test_rows_that_the_primary_leaves_alone_are_no_samples(data):
    frame, primary = data.frame, data.frame.primary
    side = frame.matrix[:, frame.names.index("primary_side")]
    for part in ("train", "val"):
        candidates = primary.data.rows(part)
        np.testing.assert_array_equal(
            data.rows(part), candidates[np.isin(side[candidates], (-1.0, 1.0))]
        )
    assert data.dropped["no trade"] > 50
    columns = ["primary_side", "primary_short", "primary_neutral", "primary_long"]
    assert list(data.feature_names[-4:]) == columns
    p = frame.matrix[data.rows("val")][:, -3:]
    np.testing.assert_allclose(p.sum(axis=1), 1.0, atol=1e-6)
    # Their scale means something: no scaler touches them.
    np.testing.assert_array_equal(data.X_val[:, -3:], p)


# --- nobody has seen what it is asked --------------------------------------------------


def test_in_training_rows_the_primary_is_asked_out_of_fold(data):
    """By hand: folds within the training part, one fit of all of it for the rest."""
    primary, frame = data.frame.primary, data.frame
    train, val = primary.data.rows("train"), primary.data.rows("val")
    samples = primary.data.frame.samples(train)
    folds = PurgedKFold(3, purge=12, embargo=20).split(samples)
    parts = [(train[a], train[b]) for a, b in folds] + [(train, val)]
    for seen, asked in parts:
        ends = primary.data.frame.targets.end_time[seen]
        begins = frame.times[seen]
        for row in asked[:: len(asked) // 7]:
            end = primary.data.frame.targets.end_time[row]
            assert not ((begins <= end) & (ends >= frame.times[row])).any()
        said = predict_fold(primary.trainer, fold_data(primary.data, seen, asked))
        np.testing.assert_array_equal(
            frame.matrix[asked, -3:], said.probabilities.astype(np.float32)
        )
        np.testing.assert_array_equal(
            frame.matrix[asked, -4], said.probabilities.argmax(axis=1) - 1
        )


def with_other_labels(data, rows):
    """The same data set, the primary's outcomes turned round in some rows."""
    primary, own = data.frame.primary, data.frame.primary.data
    targets, labels = own.frame.targets, primary.labels
    turned = np.zeros(len(targets.label), bool)
    turned[rows] = True
    other = copy(own)
    other.frame = replace(
        own.frame,
        targets=replace(targets, label=np.where(turned, -targets.label, targets.label)),
    )
    both = {
        name: np.where(turned, -getattr(labels, name), getattr(labels, name))
        for name in ("long_ret", "short_ret")
    }
    made = replace(primary, data=other, labels=replace(labels, **both))
    changed = copy(data)
    changed.frame = replace(data.frame, primary=made)
    return changed


def test_no_outcome_outside_a_folds_training_rows_reaches_it(data):
    plan = plan_folds(data, FOLDS)
    train, test = plan.rows(1)
    outside = np.setdiff1d(np.arange(len(BARS)), train)
    mine, other = (
        fold_data(one, train, test) for one in (data, with_other_labels(data, outside))
    )
    assert mine.learned == other.learned
    np.testing.assert_array_equal(mine.asked, other.asked)
    np.testing.assert_array_equal(mine.container.X_train, other.container.X_train)
    np.testing.assert_array_equal(mine.container.X_val, other.container.X_val)
    np.testing.assert_array_equal(mine.container.y_train, other.container.y_train)
    assert (mine.container.y_val != other.container.y_val).any()
    # And it hangs on those of the training rows.
    moved = fold_data(with_other_labels(data, train), train, test)
    assert moved.learned != mine.learned


def test_each_fold_has_a_primary_of_its_own(data):
    made = out_of_fold("lightgbm", data, FOLDS)
    base = data.frame.matrix[:, data.frame.names.index("primary_side")]
    rows = made.plan.samples.index
    assert (made.sides != base[rows]).any()
    for number in range(len(made.plan)):
        train, test = made.plan.rows(number)
        primary = data.frame.primary
        said = predict_fold(primary.trainer, fold_data(primary.data, train, test))
        mine = made.plan.folds[number][1]
        side = said.probabilities.argmax(axis=1) - 1
        np.testing.assert_array_equal(made.sides[mine], side)
        wanted = primary.judge(made_side(len(base), test, side))
        np.testing.assert_array_equal(made.y[mine], wanted.label[test])
    assert np.isnan(made.probabilities[made.sides == 0]).all()
    assert np.isfinite(made.probabilities[made.sides != 0]).all()


def made_side(rows, test, predictions):
    side = np.zeros(rows, np.int8)
    side[test] = predictions
    return side


def test_later_prices_change_nothing_before_them(tmp_path, data):
    first = plan_folds(data, WalkForward(2, first_train=0.4)).rows(0)
    known = int(data.frame.targets.end_time[np.concatenate(first)].max())
    later = BARS.time > known
    prices = {
        n: np.where(later, 1.01 * getattr(BARS, n), getattr(BARS, n))
        for n in ("open", "high", "low", "close")
    }
    write_bars(BARS.with_columns(**prices), tmp_path / "bars.parquet")
    other = build_dataset(config(tmp_path), horizon=HORIZON)
    mine, theirs = (fold_data(one, *first) for one in (data, other))
    assert mine.learned == theirs.learned
    for name in ("X_train", "X_val", "y_train", "y_val"):
        np.testing.assert_array_equal(
            getattr(mine.container, name), getattr(theirs.container, name)
        )


# --- folds, and what is refused --------------------------------------------------------


def test_folds_of_a_config_ask_only_about_trades(folder):
    made = evaluate(config(folder), Folding("walk-forward", 2))
    (judged,) = made.judged
    arrays, sides = judged.outcome.arrays, judged.made.sides
    assert len(arrays["row"]) == np.count_nonzero(sides)
    assert set(np.unique(arrays["signal"])) <= {-1, 0, 1}
    aligned = load_out_of_fold(made.predictions[HORIZON])
    np.testing.assert_array_equal(aligned.sides, sides)
    np.testing.assert_array_equal(aligned.complete[0], sides != 0)
    taken = aligned.sides != 0
    np.testing.assert_array_equal(aligned.y[taken], arrays["label"])


def test_what_cannot_be_honest_is_refused(folder, data, tmp_path):
    with pytest.raises(ConfigError, match="lstm reads windows"):
        bw.run(config(folder, models=["lstm"]))
    with pytest.raises(ConfigError, match="lstm reads windows"):
        out_of_fold("lstm", data, FOLDS)
    with pytest.raises(ConfigError, match="several meta-labels"):
        evaluate(config(folder), Folding("combinatorial", 4, 2, embargo=20))
    with pytest.raises(ConfigError, match="study what the primary learns"):
        study_importance(config(folder))
    save_container(data, tmp_path / "saved")
    loaded = load_container(tmp_path / "saved")
    np.testing.assert_array_equal(loaded.X_val, data.X_val)
    with pytest.raises(ConfigError, match="a primary model that was fitted once"):
        out_of_fold("logistic", loaded, FOLDS)


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        ({"target": "meta"}, r"labels.primary: is missing"),
        (
            {"target": "direction", "primary": {"model": "logistic"}},
            "no effect with labels.target: direction",
        ),
        ({"target": "meta", "primary": {"model": "logistc"}}, "logistic"),
        (
            {
                "target": "meta",
                "primary": {
                    "model": {
                        "name": "lightgbm",
                        "config": {"early_stopping_on": "validation"},
                    }
                },
            },
            "would stop on a fold's own test samples",
        ),
    ],
)
def test_a_config_that_cannot_work_says_so(folder, labels, text):
    with pytest.raises((ConfigError, ValidationError), match=text):
        bw.run(config(folder, labels={"horizons": [HORIZON]} | labels))


# --- what is shown of them -------------------------------------------------------------


def test_tables_and_traces_hold_the_labels_of_the_data_set(folder, data, tmp_path):
    settings = config(folder)
    tables = build_labels(settings)
    (summary,) = tables.summaries
    part = np.concatenate([data.rows("train"), data.rows("val")])
    assert summary.samples >= len(part)
    (file,) = tables.write(tmp_path)
    table = pl.read_parquet(file)
    targets = data.frame.targets
    assert table["valid"].to_numpy()[part].all()
    np.testing.assert_array_equal(table["label"].to_numpy()[part], targets.label[part])
    for row in data.rows("val")[[0, -1]]:
        time = str(np.datetime64(int(BARS.time[row]), "ns"))[:19]
        trace, doubt, judged = trace_at(settings, time)
        assert doubt == ""
        assert (judged.side, judged.label) == (
            proposed_sides(data, np.array([row]))[0],
            targets.label[row],
        )
        assert judged.made == pytest.approx(targets.ret[row])
        assert judged.label == (judged.made > judged.cost)
        text = "\n".join(judged.lines())
        assert f"meta-label  {judged.label}" in text
        assert trace.label in (-1, 0, 1)
