"""Where there is no edge none is found, where there is one it is."""

import numpy as np
import pytest

from barwise.testing.known_markets import judge, known_market, with_shuffled_labels

HORIZON = 10
SMALL = {
    "logistic": {},
    "lightgbm": {
        "max_rounds": 150,
        "learning_rate": 0.05,
        "early_stopping_rounds": 20,
    },
    "lstm": {
        "hidden_size": 16,
        "layers": 1,
        "sequence_length": 20,
        "max_epochs": 6,
        "early_stopping_patience": 3,
    },
}
LARGER = {
    "logistic": {},
    "lightgbm": {},
    "lstm": {"hidden_size": 32, "layers": 1, "sequence_length": 30, "max_epochs": 12},
}


def by_name(judged):
    return {one.name: one for one in judged}


def finds_nothing(judged, models):
    for name in models:
        one = judged[name]
        assert one.over_baseline.lower <= 0, one
        assert one.touch_auc.contains(0.5), one
        assert not one.sharpe.lower > 0, one
        assert not one.claim, one


def finds_the_edge(judged, models, *, auc):
    for name in models:
        one = judged[name]
        assert one.touch_auc.lower > auc, one
        assert one.sharpe.value > 0, one
        assert one.log_loss < one.prior_log_loss - 0.05, one
        # More than the clock and volatility can tell.
        assert one.macro_f1.lower > judged["time_of_day"].macro_f1.upper, one


@pytest.fixture(scope="module")
def strong(tmp_path_factory):
    return known_market(tmp_path_factory.mktemp("m"), signal=0.3, seed=1, days=60)


@pytest.fixture(scope="module")
def found(strong):
    return by_name(judge(strong, SMALL))


def test_without_a_signal_nothing_is_found(tmp_path):
    judged = by_name(judge(known_market(tmp_path, signal=0.0, seed=1, days=60), SMALL))
    finds_nothing(judged, SMALL)
    # The clock alone is far above a blind guess: that is no edge either.
    assert judged["time_of_day"].macro_f1.lower > judged["prior"].macro_f1.value


def test_a_strong_signal_is_found(found):
    finds_the_edge(found, SMALL, auc=0.65)


def test_shuffled_labels_destroy_what_was_found(strong, found):
    judged = by_name(judge(with_shuffled_labels(strong, HORIZON, seed=0), SMALL))
    for name in SMALL:
        one = judged[name]
        # A net that learned nothing is still a function of the trend: not quite 0.5.
        assert one.touch_auc.upper < found[name].touch_auc.lower, one
        assert one.over_baseline.upper < 0, one
        assert not one.sharpe.lower > 0, one
        assert not one.claim, one


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_without_a_signal_nothing_is_found_in_a_long_market(tmp_path, seed):
    inputs = known_market(tmp_path, signal=0.0, seed=seed, days=250)
    finds_nothing(by_name(judge(inputs, LARGER, level=0.99)), LARGER)


@pytest.mark.slow
def test_over_many_markets_without_a_signal_the_mean_is_none(tmp_path):
    """An edge or a leak too small for one market would show in the mean of many."""
    models = {name: SMALL[name] for name in ("logistic", "lightgbm")}
    aucs, beaten = [], 0
    for seed in range(12):
        inputs = known_market(tmp_path / str(seed), signal=0.0, seed=seed, days=60)
        judged = by_name(judge(inputs, models))
        aucs.append([judged[name].touch_auc.value for name in models])
        beaten += sum(judged[name].over_baseline.lower > 0 for name in models)
        assert not any(judged[name].claim for name in models)
    mean, spread = np.mean(aucs, axis=0), np.std(aucs, axis=0, ddof=1)
    assert (np.abs(mean - 0.5) < 3 * spread / np.sqrt(len(aucs))).all()
    # 24 intervals of 95 %: less than one lies above by luck, and never a handful.
    assert beaten <= 3


@pytest.mark.slow
def test_a_strong_signal_makes_money_in_a_long_market(tmp_path):
    inputs = known_market(tmp_path, signal=0.3, seed=1, days=250)
    judged = by_name(judge(inputs, LARGER))
    finds_the_edge(judged, LARGER, auc=0.75)
    for name in LARGER:
        assert judged[name].sharpe.lower > 0
    # The weak link is macro-F1 against the label before, which rides the same trend.
    assert judged["lightgbm"].over_baseline.lower > 0


@pytest.mark.slow
def test_more_signal_is_more_found(tmp_path):
    models = {"lightgbm": LARGER["lightgbm"]}
    aucs = [
        judge(
            known_market(tmp_path / str(signal), signal=signal, seed=3, days=250),
            models,
        )[0].touch_auc
        for signal in (0.0, 0.1, 0.3)
    ]
    assert aucs[0].upper < aucs[1].lower
    assert aucs[1].upper < aucs[2].lower
