"""Out-of-fold predictions: every fold learns anew, and nothing that was seen is asked."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold
from sklearn.preprocessing import StandardScaler

from barwise.core.errors import ConfigError, LeakError
from barwise.core.hashing import hash_arrays
from barwise.datasets import (
    CombinatorialPurgedKFold,
    DatasetSettings,
    Preparation,
    PreparationSettings,
    PurgedKFold,
    TimeSeriesSplit,
    WalkForward,
    development,
    load_container,
    save_container,
)
from barwise.models import ModelRegistry
from barwise.testing.toy_data import toy_container, toy_labels, toy_matrix
from barwise.training import TrainerConfig, out_of_fold, plan_folds

FOLDS = PurgedKFold(4, embargo=10)
PLAIN = DatasetSettings(preparation=PreparationSettings(scaler="standard", clip=None))


def seen_by(plan, fold):
    """By a loop over all pairs: test samples whose label shares time with training."""
    samples, (train, test) = plan.samples, plan.folds[fold]
    found = 0
    for i in test:
        begin, end = samples.times[i], samples.label_end_times[i]
        touching = (samples.times[train] <= end) & (
            samples.label_end_times[train] >= begin
        )
        found += bool(touching.any())
    return found


# --- the numbers -----------------------------------------------------------------------


def test_a_logistic_fold_is_that_of_a_loop_written_by_hand():
    """scikit-learn alone: purge, scale, weigh, fit and predict, fold by fold."""
    data = toy_container(settings=PLAIN)
    made = out_of_fold(TrainerConfig(model_name="logistic", horizon=5), data, FOLDS)
    samples, frame = made.plan.samples, data.frame
    rows = samples.index
    settings = ModelRegistry.create("logistic").settings
    for number, (train, test) in enumerate(FOLDS.split(samples)):
        one, other = rows[train], rows[test]
        scaler = StandardScaler().fit(frame.matrix[one].astype(np.float64))
        y = frame.targets.label[one]
        weights = frame.targets.weight[one] * frame.uniqueness[one]
        counts = {c: weights[y == c].sum() for c in (-1, 0, 1)}
        balanced = weights / np.array([counts[c] for c in y])
        model = LogisticRegression(
            C=settings.penalty_inverse, tol=1e-10, max_iter=10_000
        )
        model.fit(scaler.transform(frame.matrix[one]), y, balanced * len(y) / 3)
        p = model.predict_proba(scaler.transform(frame.matrix[other]))
        prior = np.array([counts[c] for c in (-1, 0, 1)]) / sum(counts.values())
        p = p * prior / (p * prior).sum(axis=1, keepdims=True)
        np.testing.assert_allclose(made.probabilities[test], p, atol=2e-3)
        assert (made.fold[0, test] == number).all()


def test_a_signal_is_found_and_noise_is_not():
    data = toy_container()
    made = out_of_fold("logistic", data, FOLDS)
    assert (made.predictions[0] == made.y).mean() > 0.55
    blind = toy_container(labels=shuffled(toy_labels()))
    noise = out_of_fold("logistic", blind, FOLDS)
    assert abs((noise.predictions[0] == noise.y).mean() - 1 / 3) < 0.06


def shuffled(labels):
    order = np.random.default_rng(3).permutation(len(labels.label))
    return SimpleNamespace(**(vars(labels) | {"label": labels.label[order]}))


def test_combinatorial_folds_give_complete_paths_of_unseen_rows():
    splitter = CombinatorialPurgedKFold(5, 2, embargo=10)
    made = out_of_fold("logistic", toy_container(), splitter)
    assert made.paths.shape == (4, 1665, 3)
    assert np.isfinite(made.paths).all()
    for path in range(4):
        for number, (_, test) in enumerate(made.plan.folds):
            mine = np.flatnonzero(made.fold[path] == number)
            assert np.isin(mine, test).all()
            found = made.folds[number].probabilities[np.searchsorted(test, mine)]
            np.testing.assert_array_equal(made.paths[path, mine], found)
    # Models of different folds made them.
    assert np.ptp(made.paths, axis=0).max() > 0
    np.testing.assert_allclose(made.probabilities, made.paths.mean(axis=0))


def test_rows_before_the_first_window_have_no_prediction():
    made = out_of_fold("logistic", toy_container(), WalkForward(3))
    first = made.plan.folds[0][1][0]
    assert (made.fold[0, :first] == -1).all()
    assert np.isnan(made.probabilities[:first]).all()
    assert np.isfinite(made.probabilities[first:]).all()


# --- the proof -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "splitter",
    [
        FOLDS,
        WalkForward(3),
        TimeSeriesSplit(3),
        CombinatorialPurgedKFold(4, 2, embargo=0),
    ],
    ids=repr,
)
def test_the_proof_counts_as_a_loop_over_all_pairs_does(splitter):
    plan = plan_folds(toy_container(600), splitter)
    assert [seen_by(plan, fold) for fold in range(len(plan))] == [0] * len(plan)
    np.testing.assert_array_equal(plan.collisions(), 0)


@pytest.mark.parametrize(
    "splitter",
    [KFold(4), KFold(4, shuffle=True, random_state=0)],
    ids=["plain", "shuffled"],
)
def test_a_splitter_that_does_not_purge_is_refused(splitter):
    with pytest.raises(LeakError, match="shares time with a training label"):
        out_of_fold("logistic", toy_container(600), splitter)


def test_one_row_too_many_in_training_is_caught():
    class OffByOne:
        def split(self, X):
            del X
            for train, test in FOLDS.split(development(toy_container(600))):
                yield np.union1d(train, test[0] - 1) if test[0] else train, test

    with pytest.raises(LeakError, match="fold 2"):
        out_of_fold("logistic", toy_container(600), OffByOne())


def split_by(folds):
    return SimpleNamespace(split=lambda _: folds)


def test_folds_of_others_are_put_in_order():
    data = toy_container()
    train, test = np.arange(800, 1000), np.arange(300)
    plain = out_of_fold("logistic", data, split_by([(train, test)]))
    rng = np.random.default_rng(0)
    shuffled = [(rng.permutation(train).tolist(), rng.permutation(test))]
    mixed = out_of_fold("logistic", data, split_by(shuffled))
    np.testing.assert_array_equal(mixed.probabilities, plain.probabilities)


@pytest.mark.parametrize(
    "test",
    [
        np.arange(1665) < 300,
        [0.5, 1.5],
        [-1],
        [1665],
        [3, 3],
        ["a"],
        [[1, 2]],
    ],
)
def test_folds_of_others_are_positions(test):
    with pytest.raises(ConfigError, match="test samples of fold 1 must be positions"):
        plan_folds(toy_container(), split_by([(np.arange(800, 1000), test)]))


def test_a_splitter_without_a_fold_is_refused():
    with pytest.raises(ConfigError, match="makes no fold"):
        plan_folds(toy_container(), split_by([]))


def test_a_number_of_folds_is_no_splitter():
    with pytest.raises(ConfigError, match=r"5 splits nothing; .* PurgedKFold\(5\)"):
        out_of_fold("logistic", toy_container(600), 5)


def test_a_row_tested_twice_without_paths_is_refused():
    class Twice:
        def split(self, X):
            del X
            yield from FOLDS.split(development(toy_container(600)))
            yield from FOLDS.split(development(toy_container(600)))

    with pytest.raises(ConfigError, match="that an earlier fold tested"):
        out_of_fold("logistic", toy_container(600), Twice())


# --- nothing is learned outside a fold -----------------------------------------------


class Centred:
    """Columns that learn: everything minus its mean over the rows to learn from."""

    columns = ("signal",)

    def __init__(self, raw):
        self.raw = raw

    def learn(self, rows):
        mean = np.nanmean(self.raw[rows], axis=0)
        return (self.raw - mean).astype(np.float32), hash_arrays({"mean": mean})


class OnceCentred(Centred):
    """The leak: it has learned from all rows, and does not learn again."""

    def learn(self, rows):
        return super().learn(np.ones_like(rows))


def learned(raw, learner, settings=None):
    """Hash of all that the second fold learned."""
    data = toy_container(matrix=raw, learner=learner(raw), settings=settings)
    return out_of_fold("logistic", data, FOLDS).folds[1].learned


def changed_outside(fold=1):
    """Features that differ on every row but the fold's training rows."""
    raw = toy_matrix()
    plan = plan_folds(toy_container(), FOLDS)
    other = raw * np.float32(3.0) + np.float32(1.0)
    rows = plan.rows(fold)[0]
    other[rows] = raw[rows]
    return raw, other


def test_what_a_fold_learns_hangs_on_its_training_rows_alone():
    raw, other = changed_outside()
    assert learned(raw, Centred) == learned(other, Centred)
    mine = plan_folds(toy_container(), FOLDS).rows(1)[0]
    other[mine[7]] += 1.0
    assert learned(raw, Centred) != learned(other, Centred)


def test_a_column_that_was_fitted_once_is_caught():
    raw, other = changed_outside()
    assert learned(raw, OnceCentred) != learned(other, OnceCentred)


def test_a_scaler_that_was_fitted_once_is_caught(monkeypatch):
    """Plant it: a preparation that learns from all rows that it can reach."""
    raw, other = changed_outside()
    fit = Preparation.fit

    def once(self, samples):
        rows = np.arange(len(samples.matrix))[np.isfinite(samples.matrix).all(axis=1)]
        return fit(
            self, samples.take(np.zeros(0, int)) if not len(rows) else _all(samples)
        )

    monkeypatch.setattr(Preparation, "fit", once)
    assert learned(raw, Centred) != learned(other, Centred)


def _all(samples):

    rows = np.flatnonzero(np.isfinite(samples.matrix).all(axis=1))
    return replace(samples, index=rows, times=rows, label_end_times=rows)


def test_labels_outside_the_training_rows_change_nothing_that_is_learned():
    labels, mine = toy_labels(), plan_folds(toy_container(), FOLDS).rows(1)[0]
    other = SimpleNamespace(**vars(labels))
    other.label, other.weight = -labels.label, labels.weight * 2.0
    other.label[mine], other.weight[mine] = labels.label[mine], labels.weight[mine]
    made = [
        out_of_fold("lightgbm", toy_container(labels=one), FOLDS).folds[1]
        for one in (labels, other)
    ]
    assert made[0].learned == made[1].learned
    np.testing.assert_array_equal(made[0].probabilities, made[1].probabilities)


# --- what is refused -------------------------------------------------------------------


@pytest.mark.parametrize("rows", ["train", "development", "all"])
@pytest.mark.parametrize("kind", ["standard", "robust"])
def test_a_matrix_that_was_scaled_before_is_refused(rows, kind):
    raw, data = toy_matrix(), toy_container()
    known = {
        "train": data.rows("train"),
        "development": np.concatenate([data.rows("train"), data.rows("val")]),
        "all": np.arange(len(raw)),
    }[rows]
    x = raw[known].astype(np.float64)
    if kind == "standard":
        scaled = (raw - x.mean(axis=0)) / x.std(axis=0)
    else:
        low, middle, high = np.percentile(x, (25, 50, 75), axis=0)
        scaled = (raw - middle) / (high - low)
    with pytest.raises(ConfigError, match="its matrix was scaled before"):
        out_of_fold("logistic", toy_container(matrix=scaled.astype(np.float32)), FOLDS)


def test_columns_that_learned_and_cannot_learn_anew_are_refused(tmp_path):
    raw = toy_matrix()
    data = toy_container(matrix=raw, learner=Centred(raw))
    save_container(data, tmp_path / "data")
    with pytest.raises(ConfigError, match="signal learned from the training part"):
        out_of_fold("logistic", load_container(tmp_path / "data"), FOLDS)


def test_a_fitted_model_is_refused():
    data = toy_container(600)
    model = ModelRegistry.create("logistic")
    assert len(out_of_fold(model, data, FOLDS)) == len(plan_folds(data, FOLDS).samples)
    model.fit(data.X_train, data.y_train)
    with pytest.raises(ConfigError, match="is fitted"):
        out_of_fold(model, data, FOLDS)


def test_a_model_that_stops_on_the_folds_test_rows_is_refused():
    config = TrainerConfig(
        model_name="lightgbm", horizon=5, model={"early_stopping_on": "validation"}
    )
    with pytest.raises(ConfigError, match="early_stopping_on: train_tail"):
        out_of_fold(config, toy_container(600), FOLDS)


def test_the_test_part_stays_sealed():
    data = toy_container()
    plan = out_of_fold("logistic", data, FOLDS).plan
    assert plan.samples.index.max() < data.split.test.min()
    assert not data.is_open
