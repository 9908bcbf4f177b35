"""Hidden Markov regimes against a forward algorithm in log space and hmmlearn's own."""

import numpy as np
import pytest
from hmmlearn.hmm import GaussianHMM

from barwise import Bars
from barwise.core.arrays import MINUTE
from barwise.core.errors import ConfigError
from barwise.features import FeatureGraph, find, markov
from barwise.features.markov import HiddenMarkov, MarkovModel
from barwise.stream import column
from barwise.stream.evaluate import evaluate
from barwise.stream.expr import hidden_markov
from oracles import forward

MOVES = np.array([[0.97, 0.02, 0.01], [0.02, 0.95, 0.03], [0.01, 0.05, 0.94]])
SPREAD = np.array([0.0003, 0.001, 0.003])


def market(rows=6000, seed=3, spread=SPREAD, moves=MOVES):
    """Bars whose volatility jumps between known states."""
    rng = np.random.default_rng(seed)
    state = np.zeros(rows, int)
    for i in range(1, rows):
        state[i] = rng.choice(len(moves), p=moves[state[i - 1]])
    size = spread[state]
    close = 5000 * np.exp(np.cumsum(size * rng.standard_normal(rows)))
    opens = np.r_[5000.0, close[:-1]]
    reach = size * np.abs(rng.standard_normal((2, rows)))
    bars = Bars.of(
        np.arange(1, rows + 1) * 5 * MINUTE,
        opens,
        np.maximum(opens, close) * np.exp(reach[0]),
        np.minimum(opens, close) * np.exp(-reach[1]),
        close,
        interval=5 * MINUTE,
    )
    return bars, state


def model_of(graph, states):
    (vector,) = graph.fitted_parameters.values()
    return MarkovModel.of(vector, states)


def observations(bars):
    reach = np.log(np.maximum(np.log(bars.high / bars.low), 1e-5))
    return np.column_stack([np.diff(np.log(bars.close)), reach[1:]])


def names(states):
    return [f"regime_hmm_{states}_p{i}" for i in range(states)]


@pytest.mark.parametrize("states", [2, 3, 4])
def test_the_live_filter_is_the_forward_algorithm_and_hmmlearns(states):
    bars, _ = market(1500)
    graph = FeatureGraph(names(states)).fit(bars[:1000])
    model = model_of(graph, states)
    ours = graph.push(bars)
    assert np.isnan(ours[0]).all()
    rows = model.scaled(observations(bars))
    slow = forward.filtered(
        rows.tolist(), model.share, model.moves, model.means, model.variances
    )
    np.testing.assert_allclose(ours[1:], slow, rtol=1e-6, atol=1e-7)
    theirs = GaussianHMM(states, "diag")
    theirs.startprob_, theirs.transmat_ = model.share, model.moves
    theirs.means_, theirs.covars_ = model.means, model.variances
    # The last row of a prefix is not smoothed by anything.
    for end in (1, 2, 50, 700, 1499):
        np.testing.assert_allclose(
            ours[end], theirs.predict_proba(rows[:end])[-1], rtol=1e-5, atol=1e-6
        )


def test_the_filter_survives_what_underflows():
    numbers = [2, *(-1e6, 1e6, 0, 1) * 2]
    numbers += [0.5, 0.5, 1 - 1e-12, 1e-12, 0.0, 1.0]
    numbers += [0, 50, 0, 50, 1e4, 1e4, 1e4, 1e4, 0, 0]
    chance = [hidden_markov(column("x"), column("y"), i, numbers) for i in (0, 1)]
    x = np.r_[np.zeros(50), np.full(50, 50.0), np.nan, np.zeros(20)]
    found = evaluate({"0": chance[0], "1": chance[1]}, {"x": x, "y": x})
    slow = forward.filtered(
        np.column_stack([x, x])[~np.isnan(x)].tolist(),
        numbers[9:11],
        [numbers[11:13], numbers[13:15]],
        [[0, 0], [50, 50]],
        [[1e-4, 1e-4], [1e-4, 1e-4]],
    )
    slow = np.insert(np.array(slow), 100, np.nan, axis=0)
    np.testing.assert_allclose(found["0"], slow[:, 0], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found["1"], slow[:, 1], rtol=1e-9, atol=1e-12)


def test_known_regimes_are_found_and_ordered_by_volatility():
    bars, state = market()
    graph = FeatureGraph([*names(3), "regime_hmm_3_state", "regime_hmm_3_entropy"])
    out = graph.fit(bars[:4000]).push(bars)
    model = model_of(graph, 3)
    np.testing.assert_allclose(model.moves, MOVES, atol=0.07)
    returns = np.sqrt((model.means**2 + model.variances)[:, 0])
    assert (np.diff(model.means[:, 1]) > 0).all()
    assert (np.diff(returns) > 0).all()
    later = slice(4000, None)
    assert (out[later, 3] == state[later]).mean() > 0.85
    np.testing.assert_array_equal(out[1:, 3], out[1:, :3].argmax(axis=1))
    chances = np.clip(out[1:, :3].astype(float), 1e-30, None)
    entropy = -(chances * np.log(chances)).sum(axis=1) / np.log(3)
    np.testing.assert_allclose(out[1:, 4], entropy, atol=1e-5)


def test_the_likelihood_is_no_worse_than_hmmlearns_own_fit():
    bars, _ = market(1500)
    model = model_of(FeatureGraph(names(3)).fit(bars), 3)
    rows = model.scaled(observations(bars))
    ours = GaussianHMM(3, "diag")
    ours.startprob_, ours.transmat_ = model.share, model.moves
    ours.means_, ours.covars_ = model.means, model.variances
    theirs = [
        GaussianHMM(3, "diag", n_iter=100, random_state=seed).fit(rows).score(rows)
        for seed in range(2)
    ]
    assert ours.score(rows) > max(theirs) - 5.0


def test_the_same_rows_give_the_same_bytes():
    bars, _ = market(2000)
    first, second = (FeatureGraph(names(3)).fit(bars) for _ in range(2))
    assert first.hash == second.hash
    assert first.hash != FeatureGraph(names(3)).fit(bars[:1999]).hash


def two_kinds():
    rng = np.random.default_rng(0)
    rows = rng.normal(0, 1, (4000, 2))
    rows[:, 1] += np.where(rng.random(4000) < 0.5, 0.0, 12.0)
    return rows


def shares(rows, states):
    return MarkovModel.of(HiddenMarkov(states).learn(rows), states).share


def test_rows_that_are_too_rare_get_no_state_of_their_own():
    rows = two_kinds()
    rows[::125] = 60.0
    np.testing.assert_allclose(shares(rows, 2), 0.5, atol=0.02)
    rows[::33] = 60.0
    np.testing.assert_allclose(shares(rows, 3)[2], 1 / 33, atol=0.01)


def test_a_state_that_hardly_occurs_is_given_up(monkeypatch):
    monkeypatch.setattr(markov, "LEAST_SHARE", 0.3)
    found = shares(two_kinds(), 3)
    assert found[2] == 0
    np.testing.assert_allclose(found[:2], 0.5, atol=0.02)


@pytest.mark.parametrize("rows", [1, 30, 120])
def test_few_rows_give_fewer_states_and_the_missing_ones_never_occur(rows):
    bars, _ = market(rows + 1)
    graph = FeatureGraph([*names(4), "regime_hmm_4_entropy"]).fit(bars)
    out = graph.push(bars)[1:]
    assert np.isfinite(out).all()
    np.testing.assert_allclose(out[:, :4].sum(axis=1), 1.0, rtol=1e-6)
    least = 1 if rows < 100 else 2
    assert (model_of(graph, 4).share > 0).sum() == least
    assert (out[:, least:4] == 0).all()


def test_a_market_that_stands_still_has_one_state():
    price = np.full(500, 100.0)
    bars = Bars.of(
        np.arange(1, 501) * MINUTE, price, price, price, price, interval=MINUTE
    )
    out = FeatureGraph(names(2)).fit(bars).push(bars)
    assert np.isfinite(out[1:]).all()


def test_what_was_learned_can_be_told():
    bars, _ = market(2000)
    (vector,) = FeatureGraph(names(2)).fit(bars).fitted_parameters.values()
    told = HiddenMarkov(2).describe(vector)
    assert told.startswith("state 0: ")
    assert "% of the rows, " in told


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("regime_hmm_5_p0", "2 to 4 states, got 5"),
        ("regime_hmm_3_p3", "counted from 0, got state 3"),
    ],
)
def test_states_that_do_not_exist_are_refused(name, said):
    with pytest.raises(ConfigError, match=said):
        find(name)


def test_parameters_of_another_model_are_refused():
    bars, _ = market(400)
    learned = FeatureGraph(names(2)).fit(bars).fitted_parameters
    broken = {key: vector[:-1] for key, vector in learned.items()}
    with pytest.raises(ConfigError, match="with 2 states are 22 finite numbers"):
        FeatureGraph(names(2)).with_parameters(broken)


def test_a_graph_that_learned_nothing_goes_on_row_by_row_from_one_that_did():
    bars = market(rows=1200)[0]
    names = ["rsi_14", "regime_hmm_2_p1", "return_1", "volume_ratio_20"]
    graph = FeatureGraph(names).fit(bars[:1000])
    graph.push(bars[:1000])
    other = FeatureGraph(names)
    other.restore(graph.snapshot())
    together = graph.push(bars[1000:])
    alone = [other.push(bars[row : row + 1]) for row in range(1000, 1200)]
    np.testing.assert_array_equal(np.concatenate(alone), together)


def test_more_states_than_a_register_holds_are_refused():
    with pytest.raises(ValueError, match="at most 16 states, got 17"):
        hidden_markov(column("x"), column("y"), 0, [17.0])
