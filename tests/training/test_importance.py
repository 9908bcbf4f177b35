"""Importance: columns whose worth is known, and the arithmetic of others."""

from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.inspection import permutation_importance as sk_permutation
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from barwise.datasets import PurgedKFold, TimeSeriesDataContainer, fold_data
from barwise.testing.toy_data import HORIZON, toy_container, toy_labels, toy_signal
from barwise.training import TrainerConfig, out_of_fold
from barwise.training.fold_plan import plan_folds
from barwise.training.importance import (
    ImportanceStudy,
    correlated_clusters,
    impurity_importance,
    permutation_importance,
    rank_columns,
)
from barwise.training.importance.fold import METHODS, FoldQuestion, fold_importance
from barwise.training.importance.held_out import HeldOut
from barwise.training.importance.loss import weighted_log_loss
from barwise.training.importance.noise import NOISE, noise_columns, with_noise

ROWS = 2000
FOLDS = PurgedKFold(3, embargo=20)
LIGHT = TrainerConfig(
    model_name="lightgbm",
    horizon=HORIZON,
    model={"max_rounds": 40, "leaves": 7, "learning_rate": 0.1},
)
NAMES = ("a", "copy", "minus", "b", "junk")


def slow(seed):
    """Move as the hidden figure does: a mean of five."""
    drawn = np.random.default_rng(seed).normal(size=ROWS + 4)
    return np.convolve(drawn, np.ones(5), "valid") / np.sqrt(5)


def planted():
    """Make two columns that decide the label, two copies of the first, and junk."""
    rng = np.random.default_rng(0)
    first, second = toy_signal(ROWS), slow(7)
    a = first + 0.5 * rng.normal(size=ROWS)
    near = a + 0.01 * rng.normal(size=ROWS)
    columns = np.column_stack([a, near, -2 * a, second, slow(9)])
    labels = toy_labels(ROWS)
    labels.label = np.clip(np.round(0.8 * (first + second)), -1, 1).astype(np.int8)
    return columns.astype(np.float32), labels


def container(names=NAMES):
    columns, labels = planted()
    kept = [NAMES.index(name) for name in names]
    return TimeSeriesDataContainer.build(
        np.ascontiguousarray(columns[:, kept]),
        names,
        np.arange(ROWS) * 60,
        labels,
        horizon=HORIZON,
        symbol="toy",
    )


def ask(data, method, trainer=LIGHT, permutations=3):
    """Return what a method says of each fold, and the clusters of the real columns."""
    noisy = with_noise(data, 1)
    plan = plan_folds(noisy, FOLDS)
    real = len(data.frame.names)
    found = correlated_clusters(plan.samples.rows[:, :real])
    alone = found.max() + 1 + np.arange(len(NOISE))
    clusters = np.concatenate([found, alone])
    folds = [
        fold_importance(
            FoldQuestion(method, trainer, clusters, permutations, 1, fold),
            noisy,
            *plan.rows(fold),
        )
        for fold in range(len(plan))
    ]
    return folds, found


@pytest.fixture(scope="module")
def study():
    data = container()
    asked = {method: ask(data, method) for method in METHODS}
    folds = {method: made for method, (made, _) in asked.items()}
    return ImportanceStudy.of(NAMES, folds, asked["mda"][1])


# --- the truth that was planted --------------------------------------------------------


def test_every_measure_finds_what_decides_the_label(study):
    for name, one in study.measures.items():
        assert one.rank[NAMES.index("b")] == 1, name
        assert one.rank[NAMES.index("junk")] == 5, name
        assert one.clear[:4].all(), name
        assert not one.clear[4], name
    assert study.doubtful == ["junk"]
    assert [row["feature"] for row in study.rows()][::4] == ["b", "junk"]
    assert not study.model_is_blind


def test_copies_hide_each_other_from_mda_and_clusters_do_not(study):
    """Lopez de Prado (2020), section 6.5: the substitution effect."""
    alone = ask(container(("a", "b", "junk")), "mda")[0]
    worth = np.mean([fold["mda"][0] for fold in alone])
    mda, clustered = study.measures["mda"], study.measures["clustered_mda"]
    assert study.clusters.tolist() == [0, 0, 0, 1, 2]
    assert mda.mean[:3].max() < worth / 2
    # Another forest of splits, and nearly the same worth.
    np.testing.assert_allclose(clustered.mean[:3], worth, rtol=0.2)
    # Columns that are alone in their cluster are asked about as ever.
    np.testing.assert_array_equal(clustered.mean[3:], mda.mean[3:])
    # Alone, or drawn by lot, a copy is worth what the original is.
    for name in ("sfi", "mdi"):
        np.testing.assert_allclose(
            study.measures[name].mean[:3], study.measures[name].mean[0], rtol=0.1
        )


def test_random_columns_stand_in_no_ranking(study):
    assert {row["feature"] for row in study.rows()} == set(NAMES)
    assert not any(name.isidentifier() for name in NOISE)
    assert [row["name"] for row in study.noise_rows()] == list(NOISE)


def test_chance_is_seldom_clear_of_noise():
    """A random column passes for something in fewer than one of six cases."""
    folds = np.random.default_rng(4).normal(size=(500, 5, 1 + len(NOISE)))
    passed = [rank_columns(one, len(NOISE))[0].clear[0] for one in folds]
    assert np.mean(passed) < 1 / 6


def test_noise_has_the_speeds_that_its_names_say():
    noise = noise_columns(60_000, 3)
    for name, column in zip(NOISE, noise.T, strict=True):
        phi = float(name.split()[-1].rstrip(")"))
        assert np.corrcoef(column[1:], column[:-1])[0, 1] == pytest.approx(
            phi, abs=0.01
        )
        assert column.std() == pytest.approx(1, abs=0.1)
    apart = np.corrcoef(noise, rowvar=False) - np.eye(len(NOISE))
    assert np.abs(apart).max() < 0.15


def test_every_fold_learns_anew_with_the_random_columns_beside():
    class Learner:
        columns = ("signal",)

        def learn(self, rows):
            matrix = base.frame.matrix.copy()
            matrix[:, 0] -= matrix[rows, 0].mean()
            return matrix, f"{rows.sum()} rows"

    base = toy_container()
    noisy = with_noise(toy_container(learner=Learner()), 1)
    plan = plan_folds(noisy, FOLDS)
    seen = []
    for fold in range(len(plan)):
        train, test = plan.rows(fold)
        made = fold_data(noisy, train, test)
        seen.append(made.learned)
        frame = made.container.frame
        assert frame.matrix[train, 0].mean() == pytest.approx(0, abs=1e-4)
        np.testing.assert_array_equal(frame.matrix[:, 3:], noisy.frame.matrix[:, 3:])
    assert len(set(seen)) == len(plan)


# --- someone else's arithmetic ---------------------------------------------------------


def test_mdi_is_that_of_a_loop_over_the_splits_of_each_tree():
    columns, labels = planted()
    X, y = columns[:600], labels.label[:600]
    weights = np.random.default_rng(1).uniform(0.5, 1.5, 600)
    mean, spread = impurity_importance(X, y, weights, seed=3, drawn=0.4, trees=20)
    forest = RandomForestClassifier(
        20,
        criterion="entropy",
        max_features=1,
        max_samples=240,
        min_weight_fraction_leaf=0.005,
        class_weight="balanced_subsample",
        random_state=3,
    ).fit(X, y, sample_weight=weights)
    shares = []
    for one in forest.estimators_:
        tree, gained = one.tree_, np.zeros(X.shape[1])
        for node in range(tree.node_count):
            left, right = tree.children_left[node], tree.children_right[node]
            if left < 0:
                continue
            mass = tree.weighted_n_node_samples
            kept = mass[left] * tree.impurity[left] + mass[right] * tree.impurity[right]
            gained[tree.feature[node]] += mass[node] * tree.impurity[node] - kept
        shares.append(gained / gained.sum())
    np.testing.assert_allclose(mean, np.mean(shares, axis=0), rtol=1e-10)
    np.testing.assert_allclose(spread, np.std(shares, axis=0), rtol=1e-10)
    np.testing.assert_allclose(mean, forest.feature_importances_, rtol=1e-10)


def test_a_tree_that_never_drew_a_column_does_not_count_as_zero():
    X = np.random.default_rng(0).normal(size=(80, 30)).astype(np.float32)
    y = (X[:, 0] > 0).astype(int)
    mean, _ = impurity_importance(X, y, np.ones(80), seed=0, drawn=0.1, trees=5)
    assert mean.sum() == pytest.approx(1)
    forest = RandomForestClassifier(
        5,
        criterion="entropy",
        max_features=1,
        max_samples=8,
        min_weight_fraction_leaf=0.005,
        class_weight="balanced_subsample",
        random_state=0,
    ).fit(X, y, sample_weight=np.ones(80))
    shares = np.array([tree.feature_importances_ for tree in forest.estimators_])
    drawn = (shares > 0).sum(axis=0)
    some = np.flatnonzero(drawn)
    wanted = shares.sum(axis=0)[some] / drawn[some]
    np.testing.assert_allclose(mean[some], wanted / wanted.sum())


def test_mda_is_that_of_scikit_learn():
    """The same model and rows; different permutations, so up to their chance."""
    columns, labels = planted()
    X, y = columns[:, [0, 3, 4]].astype(np.float64), labels.label
    w = np.random.default_rng(5).uniform(0.2, 1.8, ROWS)
    model = LogisticRegression().fit(X[:1000], y[:1000])
    held = HeldOut(X[1100:], np.searchsorted([-1, 0, 1], y[1100:]), w[1100:])
    ours = permutation_importance(
        lambda rows: held.loss(model.predict_proba(rows)),
        held.X,
        [np.array([column]) for column in range(3)],
        permutations=40,
        seed=[1],
    )
    theirs = sk_permutation(
        model,
        held.X,
        y[1100:],
        scoring="neg_log_loss",
        n_repeats=40,
        random_state=2,
        sample_weight=held.weights,
    ).importances
    chance = np.hypot(ours.std(axis=1), theirs.std(axis=1)) / np.sqrt(40)
    assert (np.abs(ours.mean(axis=1) - theirs.mean(axis=1)) < 4 * chance + 1e-9).all()
    assert ours[1].mean() > 20 * chance[1]


def test_columns_of_a_group_are_permuted_by_one_permutation():
    X = np.random.default_rng(0).normal(size=(50, 3))
    X[:, 1] = X[:, 0]
    seen = []
    permutation_importance(
        lambda rows: seen.append(rows.copy()) or 0.0,
        X,
        [np.array([0, 1]), np.array([2])],
        permutations=2,
        seed=[0],
    )
    for number, rows in enumerate(seen):
        np.testing.assert_array_equal(rows[:, 0], rows[:, 1])
        np.testing.assert_array_equal(np.sort(rows, axis=0), np.sort(X, axis=0))
        changed = (rows != X).any(axis=0).tolist()
        wanted = [[False] * 3, [True, True, False], [False, False, True]]
        assert changed == wanted[0 if number == 0 else 2 - number % 2]


def test_blocks_would_add_chance_and_change_no_mean():
    """Why values of a slow column are dealt out one by one."""
    rng = np.random.default_rng(2)
    x = np.cumsum(rng.normal(size=2000)) / 20
    y = x + rng.normal(size=2000)

    def lost(order):
        return np.mean((y - x[order]) ** 2) - np.mean((y - x) ** 2)

    blocks = np.array_split(np.arange(2000), 20)
    single = [lost(rng.permutation(2000)) for _ in range(400)]
    dealt = [
        lost(np.concatenate([blocks[i] for i in rng.permutation(20)]))
        for _ in range(400)
    ]
    error = np.hypot(np.std(single), np.std(dealt)) / np.sqrt(400)
    assert abs(np.mean(single) - np.mean(dealt)) < 4 * error
    assert np.std(dealt) > 4 * np.std(single)


def test_the_loss_is_that_of_scikit_learn():
    rng = np.random.default_rng(1)
    p, w = rng.dirichlet(np.ones(3), 200), rng.random(200)
    y = rng.integers(0, 3, 200)
    p[0] = np.eye(3)[(y[0] + 1) % 3]
    wanted = log_loss(y, p, sample_weight=w, labels=[0, 1, 2])
    assert weighted_log_loss(y, p, w) == pytest.approx(wanted, rel=1e-12)


def test_sfi_is_cross_validation_of_a_data_set_of_one_column():
    folds, _ = ask(container(), "sfi", TrainerConfig(model_name="logistic", horizon=5))
    for place, name in ((0, "a"), (4, "junk")):
        data = container((name,))
        made = out_of_fold("logistic", data, FOLDS)
        frame, rows = data.frame, made.plan.samples.index
        for number, (train, test) in enumerate(made.plan.folds):
            w = frame.targets.weight[rows] * frame.uniqueness[rows]
            shares = [w[train][made.y[train] == c].sum() for c in (-1, 0, 1)]
            prior = np.tile(np.array(shares) / np.sum(shares), (len(test), 1))
            told = {"sample_weight": w[test], "labels": [-1, 0, 1]}
            p = made.probabilities[test]
            wanted = log_loss(made.y[test], prior, **told) - log_loss(
                made.y[test], p, **told
            )
            assert folds[number]["sfi"][place] == pytest.approx(wanted, abs=1e-9)


def test_clusters_follow_ranks_and_not_signs_or_scales():
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(2, 400))
    values = np.column_stack(
        [y, np.exp(3 * x), -x, y + rng.normal(size=400) * 0.3, 0 * x]
    )
    assert correlated_clusters(values).tolist() == [0, 1, 1, 0, 2]
    assert correlated_clusters(values[:, ::-1]).tolist() == [0, 1, 2, 2, 1]
    assert correlated_clusters(values[:, :1]).tolist() == [0]


def test_weights_of_held_out_rows_are_those_of_training():
    labels = toy_labels()
    labels.weight = np.random.default_rng(0).uniform(0.5, 1.5, len(labels.weight))
    data = toy_container(labels=SimpleNamespace(**vars(labels)))
    plan = plan_folds(data, FOLDS)
    held = HeldOut.of(fold_data(data, *plan.rows(1)))
    rows = plan.rows(1)[1]
    wanted = labels.weight[rows] * data.frame.uniqueness[rows]
    np.testing.assert_allclose(held.weights, wanted / wanted.mean())
