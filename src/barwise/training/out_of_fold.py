"""Out-of-fold predictions: every row is predicted by a model that never saw it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from barwise.core.errors import ConfigError
from barwise.core.hashing import hash_json
from barwise.datasets import TimeSeriesDataContainer, fold_data, proposed_sides
from barwise.datasets.fold_data import FoldData, check_unfitted
from barwise.models.base import BaseModel
from barwise.models.outputs import PredictionOutput
from barwise.training.config import TrainerConfig
from barwise.training.evaluation import Asked, blind_guesses, class_returns
from barwise.training.fitting import create_model, fit_model, model_files
from barwise.training.fold_plan import NO_FOLD, FoldPlan, plan_folds


@final
@dataclass(frozen=True, eq=False)
class FoldPrediction:
    """What the model of one fold says about its test samples.

    Parameters
    ----------
    probabilities : ndarray of float64, shape (n_test, n_classes)
        NaN where a row could not be scored.
    predictions : ndarray of int8, shape (n_test,)
        Chosen classes.
    class_returns : ndarray of float64, shape (class,)
        Mean log return of the fold's training labels of each class.
    learned : str
        SHA-256 of all that was learned in the fold: columns, selection, scaler, model.
    y, sides : ndarray of int8, shape (n_test,), or None
        Of meta-labels, what the fold's own primary makes of each test sample: its
        class, and the side of the trade; 0 where it trades nothing, which is no sample.
    """

    probabilities: np.ndarray
    predictions: np.ndarray
    class_returns: np.ndarray
    learned: str
    y: np.ndarray | None = None
    sides: np.ndarray | None = None

    @property
    def scored(self) -> float:
        """Share of the test samples that could be scored."""
        p = self.probabilities
        asked = p if self.sides is None else p[self.sides != 0]
        return float(np.isfinite(asked).all(axis=1).mean())


@final
@dataclass(frozen=True, eq=False)
class OutOfFold:
    """Predictions of every sample, and which fold made them.

    Parameters
    ----------
    plan : FoldPlan
        Samples, folds, paths.
    classes : tuple of int
        In the order of probability columns.
    y : ndarray of int8, shape (n,)
        True classes.
    folds : tuple of FoldPrediction or None
        One a fold; None where a fold failed.
    sides : ndarray of int8, shape (n,), or None
        Of meta-labels: the side of the trade that each judges, by the primary of the
        fold that tests it; 0 where there is none, and no sample.
    """

    plan: FoldPlan
    classes: tuple[int, ...]
    y: np.ndarray
    folds: tuple[FoldPrediction | None, ...]
    sides: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.plan.samples)

    def __repr__(self) -> str:
        scored = np.isfinite(self.probabilities).all(axis=1).sum()
        return (
            f"OutOfFold({scored:,} of {len(self):,} samples predicted by "
            f"{len(self.plan)} folds, {len(self.plan.paths)} paths)"
        )

    @property
    def fold(self) -> np.ndarray:
        """Int64 (n_paths, n): the fold that made each prediction; -1 for none."""
        return self.plan.paths

    @property
    def paths(self) -> np.ndarray:
        """Float64 (n_paths, n, n_classes): probabilities on every path."""
        shape = (*self.plan.paths.shape, len(self.classes))
        return self._gather(np.full(shape, np.nan), lambda one: one.probabilities)

    @property
    def probabilities(self) -> np.ndarray:
        """Float64 (n, n_classes): one row a sample, the mean over its paths."""
        return self.paths.mean(axis=0)

    @property
    def predictions(self) -> np.ndarray:
        """Int8 (n_paths, n): chosen classes; 0 where nothing could be scored."""
        empty = np.zeros(self.plan.paths.shape, dtype=np.int8)
        return self._gather(empty, lambda one: one.predictions)

    def output(self, path: int = 0) -> PredictionOutput:
        """Return a path's predictions as a model returns them."""
        p, chosen = self.paths[path], self.predictions[path]
        column = np.searchsorted(np.array(self.classes), chosen)
        valid = np.isfinite(p).all(axis=1)
        confidence = np.where(valid, p[np.arange(len(p)), column], np.nan)
        told = {"model": "out of fold", "classes": self.classes}
        return PredictionOutput(chosen, p, confidence, told, valid)

    def answered(self, path: int = 0) -> np.ndarray:
        """Bool (n,): samples on a path whose fold did not fail."""
        made = np.array([fold is not None for fold in self.folds])
        fold = self.plan.paths[path]
        found = np.where(fold == NO_FOLD, False, made[fold])
        return found if self.sides is None else found & (self.sides != 0)

    def asked(self, data: TimeSeriesDataContainer, path: int = 0) -> Asked:
        """Return the samples as questions, each with the mean returns of its fold."""
        rows = self.plan.samples.index
        none = np.zeros(len(self.classes))
        means = np.array([none if f is None else f.class_returns for f in self.folds])
        fold = self.plan.paths[path]
        return Asked(
            rows,
            self.y,
            data.frame.targets.end_index[rows],
            self.classes,
            np.where((fold == NO_FOLD)[:, None], 0.0, means[fold]),
            self.sides,
        )

    def check(self) -> None:
        """Prove again, from label ends alone, that no prediction is of a seen sample.

        Raises
        ------
        LeakError
            If the interval of a test label touches one of its fold's training labels.
        """
        self.plan.check()

    def _gather(
        self, into: np.ndarray, values: Callable[[FoldPrediction], np.ndarray]
    ) -> np.ndarray:
        for number, made in enumerate(self.folds):
            if made is None:
                continue
            test, found = self.plan.folds[number][1], values(made)
            for path, fold in enumerate(self.plan.paths):
                mine = np.flatnonzero(fold == number)
                into[path, mine] = found[np.searchsorted(test, mine)]
        return into


def out_of_fold(
    model: str | TrainerConfig | BaseModel,
    data: TimeSeriesDataContainer,
    splitter: Any,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> OutOfFold:
    """Predict every sample of training and validation part by a fold's own model.

    In each fold everything that learns is fitted anew on its purged training samples:
    columns that learn, the selection of columns, the scaler, and the model with the
    purged tail that stops it early. The test part is not touched.

    Parameters
    ----------
    model : str, TrainerConfig or BaseModel
        A registered name, a trainer's settings, or an unfitted model.
    data : TimeSeriesDataContainer
        Its matrix must be raw; what its own preparation has learned is not used.
    splitter : object
        One of ``barwise.datasets``, or any with scikit-learn's ``split(X)`` that keeps
        labels apart. A combinatorial one gives several paths.
    progress : callable, optional
        Told how many folds are done, of how many.

    Raises
    ------
    ConfigError
        If the model is fitted, the matrix is scaled or has learned, or the model stops
        on the validation part, which would be the fold's test samples.
    LeakError
        If a fold's training and test labels share time.

    References
    ----------
    Lopez de Prado (2018), Advances in Financial Machine Learning, ch. 7 and 12.

    Examples
    --------
    >>> from barwise.datasets import PurgedKFold
    >>> from barwise.testing.toy_data import toy_container
    >>> made = out_of_fold("logistic", toy_container(), PurgedKFold(4, embargo=10))
    >>> made
    OutOfFold(1,665 of 1,665 samples predicted by 4 folds, 1 paths)
    >>> made.probabilities.shape, np.unique(made.fold)
    ((1665, 3), array([0, 1, 2, 3]))
    """
    config = _config_of(model, data.horizon)
    check_unfitted(data)
    check_stopping(config, data.classes)
    plan = plan_folds(data, splitter)
    made = []
    for number in range(len(plan)):
        if progress is not None:
            progress(number, len(plan))
        fold = fold_data(data, *plan.rows(number))
        made.append(predict_fold(config, fold))
    return assemble(plan, data, made)


def predict_fold(config: TrainerConfig, fold: FoldData) -> FoldPrediction:
    """Fit a model on a fold's training samples and predict its test samples."""
    made = fit_model(config, fold.container)
    return _prediction(fold, made.output, learned_of(fold, made.model))


def learned_of(fold: FoldData, model: BaseModel) -> str:
    """Return the SHA-256 of all that was learned in a fold, its model included."""
    files = {
        name: hashlib.sha256(content).hexdigest()
        for name, content in model_files(model).items()
    }
    return hash_json([fold.learned, files])


def guess_fold(fold: FoldData) -> dict[str, FoldPrediction]:
    """Return what each baseline says about a fold's test samples."""
    return {
        name: _prediction(fold, output, fold.learned)
        for name, output in blind_guesses(fold.container).items()
    }


def _prediction(
    fold: FoldData, output: PredictionOutput, learned: str
) -> FoldPrediction:
    """Return what was said of a fold's samples as one row for each of its test rows."""
    data, asked = fold.container, fold.asked

    def spread(values: np.ndarray, nothing: float) -> np.ndarray:
        out = np.full((len(asked), *values.shape[1:]), nothing, values.dtype)
        out[asked] = values
        return out

    sides = proposed_sides(data, data.rows("val"))
    return FoldPrediction(
        spread(output.class_probabilities, np.nan),
        spread(output.class_predictions, 0),
        class_returns(data),
        learned,
        None if sides is None else spread(data.y_val, 0),
        None if sides is None else spread(sides, 0),
    )


def assemble(
    plan: FoldPlan,
    data: TimeSeriesDataContainer,
    folds: Sequence[FoldPrediction | None],
) -> OutOfFold:
    """Put the predictions of all folds together."""
    if data.settings.side is None:
        y = data.frame.targets.label[plan.samples.index]
        return OutOfFold(plan, data.classes, y, tuple(folds))
    y, sides = np.zeros((2, len(plan.samples)), np.int8)
    for (_, test), fold in zip(plan.folds, folds, strict=True):
        if fold is not None and fold.y is not None and fold.sides is not None:
            y[test], sides[test] = fold.y, fold.sides
    return OutOfFold(plan, data.classes, y, tuple(folds), sides)


def check_stopping(config: TrainerConfig, classes: tuple[int, ...]) -> None:
    """Refuse a model whose training would look at a fold's test samples.

    Raises
    ------
    ConfigError
        If it stops on the validation part.
    """
    settings = create_model(config, classes).settings
    if getattr(settings, "early_stopping_on", None) == "validation":
        raise ConfigError(
            f"{config.model_name}: early_stopping_on: validation would stop on a fold's "
            "own test samples; set early_stopping_on: train_tail"
        )


def _config_of(model: str | TrainerConfig | BaseModel, horizon: int) -> TrainerConfig:
    if isinstance(model, TrainerConfig):
        return model
    if isinstance(model, str):
        return TrainerConfig(model_name=model, horizon=horizon)
    if model.fitted:
        raise ConfigError(
            f"{model!r} is fitted: it may have learned from the rows that a fold tests; "
            f"give ModelRegistry.create({model.name!r}, ...), unfitted, or its name"
        )
    own = model.settings.model_dump(mode="json")
    return TrainerConfig(model_name=model.name, horizon=horizon, model=own)
