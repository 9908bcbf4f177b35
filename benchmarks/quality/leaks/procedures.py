"""Ways of learning and predicting that see the rows that they answer for."""

import warnings
from dataclasses import replace

import numpy as np
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from benchmarks.quality.leaks.lab import Lab


def _parts(data, train, test):
    matrix = data.frame.matrix.astype(np.float64)
    y = data.frame.targets.label
    return matrix[train], y[train], matrix[test], y[test]


def _answers(data, model, X):
    p = np.full((len(X), len(data.classes)), 1e-6)
    p[:, np.searchsorted(data.classes, model.classes_)] = model.predict_proba(X)
    return p


def _fit(X, y, strength=0.1, steps=60):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it was stopped is meant
        return LogisticRegression(C=strength, max_iter=steps, tol=1e-3).fit(X, y)


def _scaled(X, Z):
    scaler = StandardScaler().fit(X)
    return scaler.transform(X), scaler.transform(Z)


def honest(data, train, test):
    """Scaler and model of the training rows."""
    X, y, Z, _ = _parts(data, train, test)
    X, Z = _scaled(X, Z)
    return _answers(data, _fit(X, y), Z)


def honest_tuning(data, train, test):
    """The strength that is best on a purged tail of the training rows."""
    X, y, Z, _ = _parts(data, train, test)
    X, Z = _scaled(X, Z)
    cut = int(0.8 * len(X))
    tail = slice(cut + 40, None)
    best = max(
        (0.001, 0.1), key=lambda c: _fit(X[:cut], y[:cut], c).score(X[tail], y[tail])
    )
    return _answers(data, _fit(X, y, best), Z)


def honest_encoding(data, train, test):
    """Mean label by hour, of the training rows."""
    return _encoded(data, train, test, train)


def calibrated_on_test(data, train, test):
    """Probabilities are brought to the class shares of the test rows."""
    p = honest(data, train, test)
    y = data.frame.targets.label[test]
    p = p * [(y == one).mean() + 1e-6 for one in data.classes]
    return p / p.sum(1, keepdims=True)


def tuned_on_test(data, train, test):
    """The strength that is best on the test rows."""
    X, y, Z, target = _parts(data, train, test)
    X, Z = _scaled(X, Z)
    strengths = np.geomspace(1e-4, 10, 8)
    best = max(strengths, key=lambda c: _fit(X, y, c).score(Z, target))
    return _answers(data, _fit(X, y, best), Z)


def stopped_on_test(data, train, test):
    """As many iterations as are best on the test rows."""
    X, y, Z, target = _parts(data, train, test)
    X, Z = _scaled(X, Z)
    fits = [_fit(X, y, 1.0, steps) for steps in range(1, 9)]
    return _answers(data, max(fits, key=lambda one: one.score(Z, target)), Z)


def threshold_on_test(data, train, test):
    """Answers are ones above the threshold that is best on the test rows."""
    p = honest(data, train, test)
    target = data.frame.targets.label[test] == data.classes[-1]
    cuts = np.quantile(p[:, -1], np.linspace(0.1, 0.9, 17))
    best = max(cuts, key=lambda cut: ((p[:, -1] > cut) == target).mean())
    return np.where(p[:, -1:] > best, [0.0] * (p.shape[1] - 1) + [1.0], p)


def selected_by_all_labels(data, train, test):
    """The columns that go best with the labels of all rows."""
    X, y, Z, target = _parts(data, train, test)
    X, Z = _scaled(X, Z)
    both, labels = np.vstack([X, Z]), np.append(y, target)
    strength = np.abs((both * (labels - labels.mean())[:, None]).mean(0))
    weights = strength / strength.max()
    return _answers(data, _fit(X * weights, y), Z * weights)


def encoded_by_all_labels(data, train, test):
    """Mean label by hour, of training and test rows."""
    return _encoded(data, train, test, np.concatenate([train, test]))


def _encoded(data, train, test, source):
    hour = data.frame.times // 3_600_000_000_000 % 24
    label = data.frame.targets.label.astype(float)
    count = np.bincount(hour[source], minlength=24)
    mean = np.bincount(hour[source], label[source], minlength=24) / np.maximum(count, 1)
    X, y, Z, _ = _parts(data, train, test)
    X, Z = _scaled(X, Z)
    X, Z = (
        np.column_stack([X, mean[hour[train]]]),
        np.column_stack([Z, mean[hour[test]]]),
    )
    return _answers(data, _fit(X, y, 10.0), Z)


def scaled_with_test(data, train, test):
    """A scaler that was fitted on training and test rows."""
    X, y, Z, _ = _parts(data, train, test)
    scaler = StandardScaler().fit(np.vstack([X, Z]))
    return _answers(data, _fit(scaler.transform(X), y), scaler.transform(Z))


def components_of_all_rows(data, train, test):
    """Principal components of training and test rows."""
    X, y, Z, _ = _parts(data, train, test)
    X, Z = _scaled(X, Z)
    pca = PCA(4, svd_solver="full").fit(np.vstack([X, Z]))
    return _answers(data, _fit(pca.transform(X), y), pca.transform(Z))


def clipped_by_test(data, train, test):
    """Winsor limits of training and test rows."""
    X, y, Z, _ = _parts(data, train, test)
    low, high = np.quantile(np.vstack([X, Z]), [0.01, 0.99], axis=0)
    X, Z = _scaled(np.clip(X, low, high), np.clip(Z, low, high))
    return _answers(data, _fit(X, y), Z)


def ranked_among_test(data, train, test):
    """Answers are ranked among all answers of the test part."""
    p = honest(data, train, test)
    ranks = (np.argsort(np.argsort(p[:, -1])) + 1) / len(p)
    p = p * np.column_stack([1.0 - 0.5 * ranks] * (p.shape[1] - 1) + [ranks])
    return p / p.sum(1, keepdims=True)


def fitted_on_everything(data, train, test):
    """The model that goes live is scored: it was fitted on the test rows too."""
    X, y, Z, target = _parts(data, train, test)
    X, Z = _scaled(X, Z)
    return _answers(data, _fit(np.vstack([X, Z]), np.append(y, target)), Z)


LEAKING = (
    calibrated_on_test,
    tuned_on_test,
    stopped_on_test,
    threshold_on_test,
    selected_by_all_labels,
    encoded_by_all_labels,
    scaled_with_test,
    components_of_all_rows,
    clipped_by_test,
    ranked_among_test,
    fitted_on_everything,
)
HONEST = (honest, honest_tuning, honest_encoding)


def setup(lab: Lab, procedure):
    """Return a clean data set with a procedure."""
    return replace(lab.setup(), procedure=procedure)
