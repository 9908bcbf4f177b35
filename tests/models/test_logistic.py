"""Logistic regression against scikit-learn."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from barwise.models import ModelRegistry


def make(rows=500, columns=6, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, columns))
    score = X @ rng.normal(size=columns) + rng.normal(size=rows)
    return X, np.digitize(score, [-1.5, 0.5]).astype(np.int8) - 1


@pytest.mark.parametrize("class_weight", ["balanced", None])
@pytest.mark.parametrize("classes", [(-1, 0, 1), (0, 1)])
def test_probabilities_are_scikit_learns(class_weight, classes):
    X, y = make()
    y = y if len(classes) == 3 else (y == 1).astype(np.int8)
    config = {"class_weight": class_weight, "classes": classes, "penalty_inverse": 0.5}
    model = ModelRegistry.create("logistic", {**config, "tolerance": 1e-8})
    model.fit(X, y)
    theirs = LogisticRegression(
        C=0.5, class_weight=class_weight, tol=1e-8, max_iter=500
    ).fit(X, y)
    expected = theirs.predict_proba(X)
    if class_weight is not None:
        # Bayes: what balanced classes did to the shares is taken out again.
        expected = expected * np.unique(y, return_counts=True)[1] / len(y)
        expected /= expected.sum(axis=1, keepdims=True)
    out = model.predict(X)
    np.testing.assert_allclose(out.class_probabilities, expected, atol=1e-10)
    np.testing.assert_array_equal(out.class_predictions, theirs.predict(X))


def test_class_weights_do_not_falsify_the_mean_probability():
    X, y = make(rows=4000)
    for config in ({"class_weight": "balanced"}, {"class_weight": None}):
        model = ModelRegistry.create("logistic", config)
        model.fit(X, y)
        mean = model.predict(X).class_probabilities.mean(axis=0)
        shares = np.unique(y, return_counts=True)[1] / len(y)
        np.testing.assert_allclose(mean, shares, atol=0.02)


def test_a_weight_of_two_is_a_row_twice():
    X, y = make()
    twice = np.arange(len(y)) % 3 == 0
    config = {"class_weight": None, "tolerance": 1e-9}
    weighted = ModelRegistry.create("logistic", config)
    weighted.fit(X, y, sample_weights=np.where(twice, 2.0, 1.0))
    doubled = ModelRegistry.create("logistic", config)
    doubled.fit(np.r_[X, X[twice]], np.r_[y, y[twice]])
    np.testing.assert_allclose(
        weighted.predict(X).class_probabilities,
        doubled.predict(X).class_probabilities,
        atol=1e-6,
    )


def test_rows_without_weight_do_not_count():
    X, y = make()
    silent = np.arange(len(y)) % 4 == 0
    shuffled = np.where(silent, -y, y).astype(np.int8)
    weights = np.where(silent, 0.0, 1.0)
    first, second = (ModelRegistry.create("logistic") for _ in range(2))
    first.fit(X, y, sample_weights=weights)
    second.fit(X, shuffled, sample_weights=weights)
    np.testing.assert_array_equal(
        first.predict(X).class_probabilities, second.predict(X).class_probabilities
    )


def test_importance_ranks_planted_coefficients():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(4000, 3))
    y = np.digitize(X @ [2.0, 0.0, 0.7], [-1, 1]) - 1
    model = ModelRegistry.create("logistic")
    model.fit(X, y)
    importance = model.get_feature_importance()
    assert sorted(importance, key=importance.get) == [
        "feature_1",
        "feature_2",
        "feature_0",
    ]
