"""What models accept, and the figures of a fit."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, log_loss
from sklearn.utils.class_weight import compute_class_weight

from barwise.core.errors import DataError
from barwise.models import ModelRegistry
from barwise.models.examples import balanced_weights, label_examples
from barwise.models.inputs import read_rows, read_windows
from barwise.testing.models import ToyMarket


def test_figures_are_scikit_learns():
    market = ToyMarket.make()
    model = ModelRegistry.create("logistic")
    metrics = model.fit(market.train, market.y_train, market.val, market.y_val)
    out = model.predict(market.val)
    y = market.y_val
    assert metrics.val_loss == pytest.approx(log_loss(y, out.class_probabilities))
    assert metrics.val_accuracy == accuracy_score(y, out.class_predictions)
    assert metrics.val_f1 == pytest.approx(
        f1_score(y, out.class_predictions, average="macro", labels=[-1, 0, 1])
    )


def test_figures_with_a_class_that_is_nowhere():
    X, y = np.zeros((10, 1)), np.r_[np.full(6, 1), np.full(4, -1)]
    metrics = ModelRegistry.create("majority").fit(X, y)
    assert metrics.train_f1 == pytest.approx(
        f1_score(y, np.ones(10), average="macro", labels=[-1, 0, 1], zero_division=0)
    )
    assert np.isnan(metrics.val_loss)


def test_balanced_weights_are_scikit_learns():
    y = np.repeat([-1, 0, 1], [5, 20, 75])
    examples = label_examples(
        read_rows(np.zeros((100, 1)), missing_allowed=False),
        y,
        None,
        (-1, 0, 1),
        "train",
    )
    np.testing.assert_allclose(
        balanced_weights(examples),
        compute_class_weight("balanced", classes=np.array([-1, 0, 1]), y=y),
    )


def test_windows_of_a_matrix_are_its_last_rows():
    X = np.arange(20.0).reshape(10, 2)
    X[4, 1] = np.nan
    inputs = read_windows(X, 3)
    assert inputs.valid.tolist() == [
        False,
        False,
        True,
        True,
        *[False] * 3,
        *[True] * 3,
    ]
    window = inputs[np.array([9, 3])]
    np.testing.assert_array_equal(window, np.stack([X[7:10], X[1:4]]))
    assert window.dtype == np.float32
    taken = inputs.take(np.array([3, 9])).take(np.array([1]))
    np.testing.assert_array_equal(taken.gather()[0], X[7:10])


def test_rows_of_samples_are_gathered_where_the_index_says():
    market = ToyMarket.make()
    part = market.train.take(np.array([5, 3, 400]))
    inputs = read_rows(part, missing_allowed=False)
    np.testing.assert_array_equal(inputs.gather(), market.train.matrix[[5, 3, 400]])
    assert inputs.names == market.train.names


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros(5), "n_samples, n_features"),
        (np.zeros((5, 2, 2)), "n_samples, n_features"),
        (np.array([["a"]]), "numeric"),
    ],
)
def test_rows_of_a_wrong_shape(X, message):
    with pytest.raises(DataError, match=message):
        read_rows(X, missing_allowed=False)


def test_windows_of_a_wrong_length():
    with pytest.raises(DataError, match=r"windows of 4 rows.*\(5, 3, 2\)"):
        read_windows(np.zeros((5, 3, 2)), 4)


def test_another_number_of_features_is_refused():
    X, y = np.random.default_rng(0).normal(size=(30, 3)), np.tile([-1, 0, 1], 10)
    model = ModelRegistry.create("logistic")
    model.fit(X, y)
    with pytest.raises(DataError, match="fitted on 3 features, got 2"):
        model.predict(X[:, :2])
    with pytest.raises(DataError, match="fitted on 3 features, got 2"):
        model.fit(X, y, X[:, :2], y)


def test_only_missing_rows_are_refused():
    with pytest.raises(DataError, match="no row of X_train"):
        ModelRegistry.create("logistic").fit(np.full((5, 2), np.nan), np.zeros(5, int))


def test_missing_training_rows_are_left_out():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(200, 3)), rng.integers(-1, 2, 200)
    holes = X.copy()
    holes[::5, 1] = np.nan
    kept = np.flatnonzero(np.arange(200) % 5 != 0)
    first, second = (ModelRegistry.create("logistic") for _ in range(2))
    first.fit(holes, y)
    second.fit(X[kept], y[kept])
    np.testing.assert_array_equal(
        first.predict(X).class_probabilities, second.predict(X).class_probabilities
    )


def test_a_config_of_one_fit_stays():
    X, y = np.random.default_rng(0).normal(size=(30, 3)), np.tile([-1, 0, 1], 10)
    model = ModelRegistry.create("logistic", {"tolerance": 0.5})
    model.fit(X, y, config={"penalty_inverse": 3.0})
    assert (model.settings.penalty_inverse, model.settings.tolerance) == (3.0, 0.5)
