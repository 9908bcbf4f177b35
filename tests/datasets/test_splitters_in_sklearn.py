"""Splitters where scikit-learn takes any: they run there, and they stop the leak."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    cross_val_predict,
    cross_val_score,
    cross_validate,
)
from sklearn.neighbors import KNeighborsRegressor

from barwise.datasets import (
    CombinatorialPurgedKFold,
    PurgedKFold,
    TimeSeriesSplit,
    WalkForward,
)

SPAN, WINDOW = 60, 60


@pytest.fixture(scope="module")
def walk():
    """A random walk: past returns as features, the next 60 steps as an overlapping target."""
    steps = np.random.default_rng(5).normal(size=1200)
    path = np.cumsum(steps)
    t = np.arange(WINDOW, len(path) - SPAN)
    X = np.stack([path[t] - path[t - k] for k in range(10, WINDOW + 1, 10)], axis=1)
    return X, path[t + SPAN] - path[t], t


def splitters(t, **more):
    options = {"times": t, "label_end_times": t + SPAN} | more
    return [
        PurgedKFold(5, **options, embargo=WINDOW),
        CombinatorialPurgedKFold(5, 2, **options, embargo=WINDOW),
        WalkForward(4, **options),
        WalkForward(4, expanding=False, first_train=0.4, **options),
        TimeSeriesSplit(4, times=t, label_end_times=t + SPAN),
    ]


def test_every_splitter_runs_in_cross_val_score(walk):
    X, y, t = walk
    for splitter in splitters(t):
        scores = cross_val_score(KNeighborsRegressor(5), X, y, cv=splitter)
        assert len(scores) == splitter.get_n_splits()
        assert np.isfinite(scores).all()


def test_grid_search_refits_on_purged_folds(walk):
    X, y, t = walk
    for splitter in splitters(t)[:3]:
        search = GridSearchCV(
            KNeighborsRegressor(), {"n_neighbors": [1, 50]}, cv=splitter
        )
        search = clone(search).fit(X, y)
        assert search.n_splits_ == splitter.get_n_splits()
        assert search.best_params_ == {"n_neighbors": 50}


def test_out_of_fold_predictions_cover_every_row_once(walk):
    X, y, t = walk
    shuffled = np.random.default_rng(0).permutation(len(t))
    X, y, t = X[shuffled], y[shuffled], t[shuffled]
    splitter = PurgedKFold(5, times=t, label_end_times=t + SPAN, embargo=WINDOW)
    predicted = cross_val_predict(KNeighborsRegressor(5), X, y, cv=splitter)
    train, test = list(splitter.split())[3]
    model = KNeighborsRegressor(5).fit(X[train], y[train])
    np.testing.assert_array_equal(predicted[test], model.predict(X[test]))


def test_what_shuffled_folds_find_in_noise_is_gone_with_purging(walk):
    """Steps are independent: nothing can be predicted. Shuffled folds train on labels
    that share most of their steps with those of the test."""
    X, y, t = walk
    model = KNeighborsRegressor(3)
    leaky = cross_validate(model, X, y, cv=KFold(5, shuffle=True, random_state=0))
    assert leaky["test_score"].mean() > 0.5
    for splitter in splitters(t):
        assert cross_val_score(model, X, y, cv=splitter).mean() < 0
