import json

import numpy as np
import pytest
from sklearn import metrics as sk

from barwise.core.errors import DataError
from barwise.metrics import (
    class_names,
    classification_scores,
    macro_f1,
    touch_auc,
)

CLASSES = np.array([-1, 0, 1])


def sample(n=500, seed=0):
    g = np.random.default_rng(seed)
    y = g.choice(CLASSES, n, p=[0.3, 0.2, 0.5])
    p = g.dirichlet(np.ones(3), n) + 0.5 * (y[:, None] == CLASSES)
    return y, p / p.sum(axis=1, keepdims=True), g.uniform(0.5, 1.5, n)


@pytest.mark.parametrize("weighted", [False, True])
def test_every_score_is_scikit_learns(weighted):
    y, p, w = sample()
    w = w if weighted else None
    found = CLASSES[p.argmax(axis=1)]
    scores = classification_scores(y, p, weights=w)
    more = {"sample_weight": w}
    f1 = sk.f1_score(y, found, average=None, **more)
    expected = {
        "accuracy": sk.accuracy_score(y, found, **more),
        "macro_precision": sk.precision_score(y, found, average="macro", **more),
        "macro_recall": sk.recall_score(y, found, average="macro", **more),
        "macro_f1": sk.f1_score(y, found, average="macro", **more),
        "weighted_f1": sk.f1_score(y, found, average="weighted", **more),
        "roc_auc": sk.roc_auc_score(y, p, multi_class="ovr", **more),
        "log_loss": sk.log_loss(y, p, **more),
        "brier": sk.brier_score_loss(y, p, **more),
    }
    for name, value in expected.items():
        assert scores[name] == pytest.approx(value), name
    assert list(scores["per_class_f1"]) == ["short", "neutral", "long"]
    np.testing.assert_allclose(list(scores["per_class_f1"].values()), f1)
    assert scores["confusion_matrix"] == sk.confusion_matrix(y, found).tolist()
    touched = y != 0
    given = p[touched, 2] / (p[touched, 2] + p[touched, 0])
    w = None if w is None else w[touched]
    assert scores["touch_auc"] == pytest.approx(
        sk.roc_auc_score(y[touched], given, sample_weight=w)
    )


def test_the_keys_are_those_of_a_run_folder():
    y, p, _ = sample(20)
    assert set(classification_scores(y, p)) == {
        "accuracy", "macro_f1", "weighted_f1", "per_class_f1", "confusion_matrix",
        "roc_auc", "touch_auc", "log_loss", "brier", "ece",
        "macro_precision", "macro_recall", "n_scored", "n_rows",
    }  # fmt: skip


def test_binary_classes():
    g = np.random.default_rng(4)
    y, up = g.integers(0, 2, 300), g.uniform(size=300)
    p = np.stack([1 - up, up], axis=1)
    scores = classification_scores(y, p, classes=(0, 1))
    assert scores["roc_auc"] == pytest.approx(sk.roc_auc_score(y, up))
    assert scores["brier"] == pytest.approx(sk.brier_score_loss(y, up))
    assert scores["log_loss"] == pytest.approx(sk.log_loss(y, up))
    assert scores["touch_auc"] is None
    assert list(scores["per_class_f1"]) == ["negative", "positive"]


def test_rows_without_a_prediction_are_counted_and_not_scored():
    y, p, w = sample()
    holes = np.random.default_rng(1).random(len(y)) < 0.2
    partly = p.astype(np.float32)
    partly[holes, 1] = np.nan
    scores = classification_scores(y, partly, weights=w)
    kept = classification_scores(y[~holes], p[~holes], weights=w[~holes])
    assert scores["n_rows"] == len(y)
    assert scores["n_scored"] == np.count_nonzero(~holes) == kept["n_scored"]
    for name in (
        "accuracy",
        "macro_f1",
        "roc_auc",
        "touch_auc",
        "log_loss",
        "brier",
        "ece",
    ):
        assert scores[name] == pytest.approx(kept[name], abs=1e-5)


def test_a_class_that_no_row_has_still_counts():
    y = np.array([-1, 1, 1, -1])
    p = np.array([[0.7, 0.1, 0.2], [0.2, 0.1, 0.7], [0.1, 0.6, 0.3], [0.8, 0.1, 0.1]])
    scores = classification_scores(y, p)
    assert scores["roc_auc"] is None
    # Short: 2 of 2, F1 1. Neutral: predicted once, never true, F1 0. Long: precision 1,
    # recall 1/2, F1 2/3. Mean (1 + 0 + 2/3) / 3.
    assert scores["macro_f1"] == pytest.approx(5 / 9)
    assert scores["touch_auc"] == 1.0
    never = classification_scores(np.array([1, 1]), np.array([[0, 0.2, 0.8]] * 2))
    assert never["macro_f1"] == pytest.approx(1 / 3)


def test_predictions_of_their_own_replace_the_largest_probability():
    y, p, _ = sample()
    always = np.ones(len(y), np.int8)
    scores = classification_scores(y, p, predictions=always)
    assert scores["accuracy"] == pytest.approx(np.mean(y == 1))
    assert scores["log_loss"] == classification_scores(y, p)["log_loss"]
    same = classification_scores(y, p, predictions=CLASSES[p.argmax(axis=1)])
    assert same == classification_scores(y, p)
    with pytest.raises(DataError, match="prediction of row 0 is 2"):
        classification_scores(y, p, predictions=2 * always)


def test_no_scored_row_leaves_every_score_undefined():
    scores = classification_scores(np.array([0, 1]), np.full((2, 3), np.nan))
    assert (scores["n_scored"], scores["n_rows"]) == (0, 2)
    assert scores["accuracy"] is scores["ece"] is scores["per_class_f1"]["long"] is None
    assert scores["confusion_matrix"] == [[0] * 3] * 3


@pytest.mark.parametrize(
    ("labels", "given"), [((-1, 0, 1), None), ((-1, 0, 1), 1), ((0, 1), None)]
)
@pytest.mark.parametrize("missing", [0.0, 0.3, 1.0])
def test_macro_f1_alone_is_that_of_all_scores(labels, given, missing):
    y, p, _ = sample()
    holes = np.random.default_rng(2).random(len(y)) < missing
    p[holes] = np.nan
    y = np.where(holes & ~np.isin(y, labels), 9, np.where(np.isin(y, labels), y, 1))
    predictions = None if given is None else np.full(len(y), given)
    more = {"classes": labels, "predictions": predictions}
    if len(labels) == 2:
        p = p[:, 1:] / p[:, 1:].sum(axis=1, keepdims=True)
    assert macro_f1(y, p, **more) == classification_scores(y, p, **more)["macro_f1"]


def test_scores_are_json():
    y, p, _ = sample(5)
    scores = classification_scores(y, p)
    assert json.loads(json.dumps(scores, allow_nan=False)) == scores


def test_touch_auc_ignores_how_time_outs_are_foreseen():
    y, p, _ = sample()
    shifted = p.copy()
    shifted[:, 1] += np.random.default_rng(2).uniform(0, 3, len(y))
    shifted /= shifted.sum(axis=1, keepdims=True)
    assert touch_auc(y, shifted) == pytest.approx(touch_auc(y, p), abs=1e-9)
    # No probability on either side is no opinion.
    blind = np.tile([0.0, 1.0, 0.0], (len(y), 1))
    assert touch_auc(y, blind) == 0.5


@pytest.mark.parametrize(
    ("y", "p", "message"),
    [
        ([2, 0], [[0.2, 0.3, 0.5]] * 2, "label of row 0 is 2"),
        ([0, 0], [[0.2, 0.3, 0.5], [0.5, 0.5, 0.5]], "probabilities of row 1"),
        ([0, 0], [[0.2, 0.3, 0.5], [-0.5, 0.5, 1.0]], "probabilities of row 1"),
        ([0], [[0.5, 0.5]], "2 columns for the classes"),
    ],
)
def test_broken_rows_are_named(y, p, message):
    with pytest.raises(DataError, match=message):
        classification_scores(np.array(y), np.array(p))


def test_other_classes_are_named_by_number():
    assert class_names((-1, 1)) == ("short", "long")
    assert class_names((0, 7)) == ("neutral", "7")
