"""LightGBM behind the interface."""

import lightgbm
import numpy as np
import pytest
from sklearn.metrics import log_loss

from barwise.core.errors import ConfigError
from barwise.models import ModelRegistry
from barwise.testing.models import ToyMarket

QUICK = {
    "max_rounds": 80,
    "min_rows_in_leaf": 10,
    "learning_rate": 0.2,
    "early_stopping_rounds": 8,
}


@pytest.fixture(scope="module")
def market():
    return ToyMarket.make(rows=1200)


def fit(market, y=None, **config):
    model = ModelRegistry.create("lightgbm", {**QUICK, **config})
    y = market.y_train if y is None else y
    return model, model.fit(market.train, y, market.val, market.y_val)


def text(model, tmp_path, name="model"):
    model.save(tmp_path / name)
    return (tmp_path / name / "booster.txt").read_text()


def test_refit_uses_all_rows_for_the_rounds_that_were_found(market, tmp_path):
    once, first = fit(market, refit=False)
    again, second = fit(market, refit=True)
    assert first.early_stopped
    assert first.best_epoch == second.best_epoch < first.epochs_trained < 80
    assert first.history == second.history
    for name, model in (("once", once), ("again", again)):
        booster = lightgbm.Booster(model_str=text(model, tmp_path, name))
        assert booster.num_trees() == 3 * first.best_epoch
    rows = [
        int(line.split("=")[1].split()[0])
        for model in ("once", "again")
        for line in (tmp_path / model / "booster.txt").read_text().splitlines()
        if line.startswith("internal_count=")
    ]
    half = len(rows) // 2
    assert max(rows[half:]) > max(rows[:half])


def test_the_best_round_has_the_lowest_loss(market):
    _, metrics = fit(market, early_stopping_min_delta=0.0)
    losses = metrics.history["stop_loss"]
    assert metrics.best_epoch == int(np.argmin(losses)) + 1


def test_validation_decides_only_when_asked(market):
    on_tail, _ = fit(market)
    other = ToyMarket(market.train, market.val, market.y_train, -market.y_val)
    same, _ = fit(other)
    np.testing.assert_array_equal(
        on_tail.predict(market.val).class_probabilities,
        same.predict(market.val).class_probabilities,
    )
    model = ModelRegistry.create("lightgbm", {**QUICK, "class_weight": None})
    metrics = model.fit(
        market.train,
        market.y_train,
        market.val,
        market.y_val,
        config={"early_stopping_on": "validation"},
    )
    out = model.predict(market.val).class_probabilities
    watched = metrics.history["stop_loss"][metrics.best_epoch - 1]
    assert log_loss(market.y_val, out) == pytest.approx(watched, rel=1e-9)
    with pytest.raises(ConfigError, match="needs X_val"):
        model.fit(market.train, market.y_train)


def test_purged_rows_teach_nothing(market, tmp_path):
    changed = market.y_train.copy()
    rows = len(changed)
    tail = rows - round(0.15 * rows)
    changed[tail - 60 : tail] *= -1
    first, _ = fit(market, refit=False)
    second, _ = fit(market, y=changed, refit=False)
    assert text(first, tmp_path, "a") == text(second, tmp_path, "b")
    changed[tail - 61] = -1 if changed[tail - 61] != -1 else 1
    third, _ = fit(market, y=changed, refit=False)
    assert text(third, tmp_path, "c") != text(first, tmp_path, "a")


def test_missing_values_are_information(market):
    matrix = np.random.default_rng(0).normal(size=market.train.matrix.shape)
    matrix = matrix.astype(np.float32)
    gone = np.random.default_rng(1).random(len(matrix)) < 0.5
    matrix[gone, 0] = np.nan
    samples = market.with_matrix(market.train, matrix)
    y = np.where(gone[market.train.index], 1, -1)
    model = ModelRegistry.create("lightgbm", QUICK)
    model.fit(samples, y)
    out = model.predict(samples)
    assert out.valid.all()
    np.testing.assert_array_equal(out.class_predictions, y)


def test_two_of_three_classes_are_a_binary_problem(market, tmp_path):
    kept = np.flatnonzero(market.y_train != 0)
    model = ModelRegistry.create("lightgbm", {**QUICK, "class_weight": None})
    model.fit(market.train.take(kept), market.y_train[kept])
    assert "objective=binary" in text(model, tmp_path)
    out = model.predict(market.val)
    assert (out.class_probabilities[:, 1] == 0).all()
    raw = lightgbm.Booster(model_str=text(model, tmp_path)).predict(market.val.rows)
    np.testing.assert_array_equal(out.class_probabilities[:, 2], raw)


def test_importance_is_the_boosters_gain(market, tmp_path):
    model, _ = fit(market)
    booster = lightgbm.Booster(model_str=text(model, tmp_path))
    gains = booster.feature_importance(importance_type="gain")
    assert list(model.get_feature_importance().values()) == gains.tolist()


# --- what columns contribute -----------------------------------------------------------


def raw(model, X):
    """LightGBM's own scores before they become probabilities."""
    return model._booster.predict(X, raw_score=True, num_threads=1)


@pytest.mark.parametrize("classes", [(-1, 0, 1), (0, 1)])
def test_contributions_add_up_to_the_raw_score(market, classes):
    y = market.y_train if len(classes) == 3 else (market.y_train > 0).astype(int)
    model = ModelRegistry.create("lightgbm", {**QUICK, "classes": list(classes)})
    model.fit(market.train, y)
    X = market.val.rows
    told, score = model.get_contributions(market.val), raw(model, X)
    assert told.shape == (len(X), len(classes), X.shape[1])
    if len(classes) == 2:
        np.testing.assert_array_equal(told[:, 0], -told[:, 1])
        told, score = told[:, 1:], score[:, None]
    rest = score - told.sum(axis=2)
    # What is left is the mean score, the same for every row.
    np.testing.assert_allclose(rest, np.tile(rest[0], (len(X), 1)), atol=1e-9)
    assert np.ptp(score) > 0.5


def test_contributions_are_those_of_the_shap_package(market):
    shap = pytest.importorskip("shap")
    model, _ = fit(market)
    X = market.val.rows.astype(np.float64)[:50]
    wanted = shap.TreeExplainer(model._booster).shap_values(X)
    np.testing.assert_allclose(
        model.get_contributions(X).transpose(0, 2, 1), wanted, atol=1e-9
    )


def test_a_class_that_training_lacks_is_contributed_nothing(market):
    y = np.where(market.y_train == 0, 1, market.y_train)
    model, _ = fit(market, y)
    told = model.get_contributions(market.val)
    assert not told[:, 1].any()
    np.testing.assert_array_equal(told[:, 0], -told[:, 2])
    assert np.abs(told).max() > 0.1
