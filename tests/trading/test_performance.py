import json
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from barwise.trading import (
    Account,
    BacktestResult,
    DecisionCounts,
    Trades,
    performance,
    period_moments,
    sharpe_interval,
    sharpe_ratio,
)
from barwise.trading.performance import max_drawdown, profit_factor


def result_of(daily, net, capital=10_000.0, days_per_year=258.0):
    n, k = len(daily), len(net)
    ints, floats = np.zeros(k, np.int64), np.zeros(k)
    trades = Trades(
        ints, ints, ints, ints, ints, np.ones(k, np.int8), floats, floats, floats,
        np.asarray(net), floats, np.asarray(net), np.full(k, "time"), np.zeros(k, bool),
    )  # fmt: skip
    equity = capital + np.cumsum(daily)
    return BacktestResult(
        trades,
        DecisionCounts(k, k, 0, 0),
        np.arange(n),
        equity,
        equity,
        np.arange(n),
        np.asarray(daily),
        np.asarray(daily),
        days_per_year,
        Account(capital),
    )


def test_the_metrics_are_those_of_pandas():
    g = np.random.default_rng(3)
    daily = np.where(g.random(400) < 0.3, 0.0, g.normal(20, 180, 400))
    net = g.normal(8, 60, 250)
    found = performance(result_of(daily, net), n_resamples=50)
    r = pd.Series(daily) / 10_000
    account = 1 + r.cumsum()
    fall = 1 - account / account.cummax().clip(lower=1)
    assert found.sharpe_ratio == pytest.approx(r.mean() / r.std() * 258**0.5)
    assert found.annualized_return == pytest.approx(r.mean() * 258)
    assert found.max_drawdown == pytest.approx(fall.max())
    assert found.win_rate == pytest.approx((net > 0).mean())
    assert found.profit_factor == pytest.approx(
        net[net > 0].sum() / -net[net < 0].sum()
    )
    assert found.num_trades == 250
    assert found.moments.skewness == pytest.approx(stats.skew(r))
    assert found.moments.kurtosis == pytest.approx(stats.kurtosis(r) + 3)
    assert found.moments.sharpe * 258**0.5 == pytest.approx(found.sharpe_ratio)
    assert found.sharpe_interval.value == found.sharpe_ratio


def test_undefined_metrics_are_none_in_json():
    scores = performance(result_of(np.zeros(5), [])).scores()
    assert scores == {
        "sharpe_ratio": None,
        "annualized_return": 0.0,
        "max_drawdown": 0.0,
        "win_rate": None,
        "profit_factor": None,
        "num_trades": 0,
    }
    assert json.loads(json.dumps(scores, allow_nan=False)) == scores
    one_day = performance(result_of([5.0], [5.0])).scores()
    assert (one_day["sharpe_ratio"], one_day["profit_factor"]) == (None, None)
    assert one_day["win_rate"] == 1.0


def test_holding_is_one_trade_without_a_win_rate():
    found = performance(result_of(np.array([1.0, -2.0, 3.0]), []), of="buy_and_hold")
    assert found.num_trades == 1
    assert math.isnan(found.win_rate)
    assert found.sharpe_ratio == pytest.approx(
        sharpe_ratio(np.array([1.0, -2.0, 3.0]), 258)
    )


def test_a_drawdown_starts_at_the_capital():
    # 1.0 -> 0.9 -> 0.8 -> 1.2 -> 0.9: first 20 %, then 1.2 to 0.9 = 25 %.
    assert max_drawdown(np.array([-0.1, -0.1, 0.4, -0.3])) == pytest.approx(0.25)
    assert max_drawdown(np.array([-0.2])) == pytest.approx(0.2)
    # An account that loses more than it has.
    assert max_drawdown(np.array([-1.5])) == pytest.approx(1.5)


def test_profit_factor_without_a_loss_is_undefined():
    assert math.isnan(profit_factor(np.array([1.0, 0.0])))
    assert profit_factor(np.array([-4.0])) == 0.0


def test_moments_of_too_few_periods_are_undefined():
    assert math.isnan(period_moments(np.zeros(0)).mean)
    constant = period_moments(np.full(3, 0.1))
    assert (constant.n_periods, constant.deviation) == (3, 0.0)
    assert math.isnan(constant.sharpe)


def test_the_interval_of_independent_days_is_the_one_of_theory():
    # Lo (2002): variance of the Sharpe of n independent normal periods (1 + s^2 / 2) / n.
    r = np.random.default_rng(8).normal(0.001, 0.01, 2000)
    found = sharpe_interval(r, 252, block_length=1)
    s = r.mean() / r.std(ddof=1)
    margin = 1.96 * math.sqrt((1 + s * s / 2) / len(r) * 252)
    assert found.upper - found.value == pytest.approx(margin, rel=0.06)


def test_the_interval_widens_when_days_follow_each_other():
    g = np.random.default_rng(9)
    noise = g.normal(size=3000)
    follow = np.convolve(noise, np.ones(5), mode="valid")
    plain = sharpe_interval(follow, 252, block_length=1)
    blocks = sharpe_interval(follow, 252)
    # Five days that share their news: the variance of the mean is up to five times.
    ratio = (blocks.upper - blocks.lower) / (plain.upper - plain.lower)
    assert 1.7 < ratio < 2.5
    assert math.isnan(sharpe_interval(np.zeros(10), 252).lower)
