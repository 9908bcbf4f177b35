"""Intervals against theory, against each other, and on walks without an edge."""

import math

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sk

from barwise.core.errors import DataError
from barwise.metrics import (
    block_length,
    bootstrap_interval,
    difference_interval,
    resampled_sums,
    score_intervals,
)
from barwise.metrics.intervals import block_starts, interval_of

CLASSES = np.array([-1, 0, 1])


def one_hot(classes):
    return np.eye(3)[classes + 1]


def moves(g, n, span):
    """Classes of the moves of a driftless walk over ``span`` bars, one a bar."""
    walk = np.cumsum(g.standard_normal(n + span))
    move = walk[span:] - walk[:-span]
    return np.where(np.abs(move) > 0.6 * math.sqrt(span), np.sign(move), 0).astype(int)


def coverage(length, replicates=300, n=3000, span=10):
    """Share of 95 % intervals of a difference that is zero which cover zero."""
    covered = {"accuracy": 0, "macro_f1": 0}
    for seed in range(replicates):
        g = np.random.default_rng(seed)
        # The model trades on the last move, the baseline on another market's: neither
        # knows what comes.
        classes = moves(g, n + span, span)
        model, y, baseline = classes[:n], classes[span : n + span], moves(g, n, span)
        found = score_intervals(
            y,
            one_hot(model),
            baseline=one_hot(baseline),
            block_length=length(n, span),
            n_resamples=200,
            seed=replicates + seed,
        )
        for name in covered:
            covered[name] += found[name].contains(0.0)
    return {name: hits / replicates for name, hits in covered.items()}


def test_without_an_edge_the_interval_covers_zero_as_often_as_it_says():
    def blocks(n, span):
        return block_length(np.arange(n), np.arange(n) + span)

    # 95 % of 300 replicates, three standard errors of a binomial.
    band = stats.binom(300, 0.95).std() / 300 * 3
    for name, share in coverage(blocks).items():
        assert abs(share - 0.95) < band, name


def test_an_interval_of_independent_rows_is_far_too_sure():
    for name, share in coverage(lambda *_: 1, replicates=80, n=1000).items():
        assert share < 0.85, name


def test_the_margin_is_the_one_of_theory_for_independent_rows():
    x = np.random.default_rng(3).exponential(size=3000)
    found = bootstrap_interval(np.mean, x, block_length=1, n_resamples=2000)
    assert found.upper - found.value == pytest.approx(
        1.96 * x.std() / math.sqrt(3000), rel=0.05
    )


@pytest.mark.parametrize("share", [0.02, 0.05, 0.1, 0.2])
def test_few_blocks_widen_the_interval_as_fixed_b_theory_says(share):
    # Kiefer and Vogelsang (2005), table 1: 97.5 % points of t with a Bartlett estimate
    # of bandwidth b x n are 1.9600 + 2.9694 b + 0.4160 b^2 - 0.5324 b^3.
    exact = 1.9600 + 2.9694 * share + 0.4160 * share**2 - 0.5324 * share**3
    draws = np.random.default_rng(0).normal(size=1000)
    found = interval_of(0.0, draws, 10_000, round(share * 10_000), 0.95)
    assert found.upper / draws.std(ddof=1) == pytest.approx(exact, rel=0.02)


@pytest.mark.parametrize("length", [1, 7, 50])
def test_sums_of_blocks_are_sums_of_drawn_rows(length):
    terms = np.random.default_rng(1).normal(size=(203, 2))
    # More than are drawn at once.
    sums = resampled_sums(terms, block_length=length, n_resamples=50, seed=5)
    for found, first in zip(sums, block_starts(203, length, 50, 5), strict=True):
        drawn = [(start + k) % 203 for start in first for k in range(length)][:203]
        np.testing.assert_allclose(found, terms[drawn].sum(axis=0), atol=1e-9)


@pytest.mark.parametrize("against", [False, True])
def test_score_intervals_are_those_of_scikit_learns_metrics(against):
    g = np.random.default_rng(6)
    y = g.choice(CLASSES, 400)
    p, q = (g.dirichlet(np.ones(3), 400) for _ in range(2))
    holes = g.random(400) < 0.1
    p[holes] = np.nan
    more = {"block_length": 12, "n_resamples": 60, "seed": 2}
    found = score_intervals(y, p, baseline=q if against else None, **more)
    measures = {
        "accuracy": lambda t, s: sk.accuracy_score(t, CLASSES[s.argmax(axis=1)]),
        "macro_f1": lambda t, s: sk.f1_score(
            t, CLASSES[s.argmax(axis=1)], average="macro", labels=CLASSES
        ),
        "log_loss": lambda t, s: sk.log_loss(t, s, labels=CLASSES),
        "brier": lambda t, s: sk.brier_score_loss(t, s, labels=CLASSES),
    }
    for name, measure in measures.items():
        args = (y[~holes], p[~holes])
        expected = (
            difference_interval(measure, *args, q[~holes], **more)
            if against
            else bootstrap_interval(measure, *args, **more)
        )
        assert found[name].value == pytest.approx(expected.value), name
        assert found[name].lower == pytest.approx(expected.lower), name
        assert found[name].upper == pytest.approx(expected.upper), name


def test_predictions_of_their_own_are_compared():
    g = np.random.default_rng(0)
    y, p = g.choice(CLASSES, 300), g.dirichlet(np.ones(3), 300)
    always = np.ones(300, np.int8)
    found = score_intervals(
        y, p, baseline=p, predictions=y, baseline_predictions=always, block_length=5
    )
    assert found["accuracy"].value == pytest.approx(1 - np.mean(y == 1))
    assert found["log_loss"].value == found["log_loss"].upper == 0.0


def test_a_paired_difference_is_narrower_than_two_intervals():
    g = np.random.default_rng(0)
    truth = g.normal(size=500)
    one = truth + g.normal(size=500)
    other = one + 0.1 * g.normal(size=500)

    def error(y, p):
        return float(np.mean((y - p) ** 2))

    apart = [bootstrap_interval(error, truth, p, block_length=10) for p in (one, other)]
    paired = difference_interval(error, truth, one, other, block_length=10)
    assert paired.value == pytest.approx(apart[0].value - apart[1].value)
    assert paired.upper - paired.lower < 0.3 * (apart[0].upper - apart[0].lower)


def test_the_same_seed_gives_the_same_interval():
    x = np.random.default_rng(0).normal(size=200)
    first, again, other = (
        bootstrap_interval(np.median, x, block_length=5, seed=seed)
        for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_resamples_without_a_value_are_left_out_and_counted():
    x = np.arange(100.0)

    def sometimes(drawn):
        return float(drawn.mean()) if drawn[0] >= 5 else math.nan

    found = bootstrap_interval(sometimes, x, block_length=5, n_resamples=400)
    assert math.isnan(found.value)
    assert 350 < found.n_resamples < 400

    def seldom(drawn):
        return float(drawn.mean()) if drawn[0] >= 50 else math.nan

    found = bootstrap_interval(seldom, x, block_length=5, n_resamples=400)
    assert math.isnan(found.lower)
    assert found.to_dict()["lower"] is None


def test_more_rows_than_a_block_are_needed():
    with pytest.raises(DataError, match="blocks of 9 rows do not fit 5 rows"):
        bootstrap_interval(np.mean, np.ones(5), block_length=9)
    with pytest.raises(DataError, match="none of 2 rows"):
        score_intervals(np.zeros(2, int), np.full((2, 3), np.nan), block_length=1)
