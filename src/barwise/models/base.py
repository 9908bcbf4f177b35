"""The one interface of all models: fit, predict, save, load.

``BaseModel`` checks what goes in and shapes what comes out; a model only learns from
clean examples, scores clean inputs, and names the data that it consists of.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any, ClassVar, final

import numpy as np

from barwise.core import clock
from barwise.core.errors import BarwiseError, DataError, IntegrityError
from barwise.models.artefacts import read_files, read_manifest, write_model
from barwise.models.examples import Examples, label_examples, none_usable
from barwise.models.inputs import Inputs, Rows, read_rows, read_windows
from barwise.models.outputs import PredictionOutput, TrainingMetrics
from barwise.models.prior_shift import at_true_prior, prior_ratio
from barwise.models.scores import Figures, figures
from barwise.models.settings import ModelCard, ModelSettings, settle

__all__ = [
    "BaseModel",
    "PredictionOutput",
    "Progress",
    "TrainingMetrics",
    "load_model",
]


@final
@dataclass(frozen=True)
class Progress:
    """How a fit went, as the model itself saw it.

    Parameters
    ----------
    epochs_trained, best_epoch : int
        Rounds run and the round kept, from 1; 0 for models without rounds.
    early_stopped : bool
        Whether training ended before its last round.
    history : mapping of str to list of float
        What was watched, per round.
    """

    epochs_trained: int = 0
    best_epoch: int = 0
    early_stopped: bool = False
    history: Mapping[str, list[float]] = field(default_factory=dict)


class BaseModel(ABC):
    """A classifier of bars.

    A subclass states its settings class, what it asks of its input, and five methods
    on clean data (``_fit``, ``_score``, ``_dump``, ``_restore`` and, where it has one,
    ``_importance``); it is entered under a name by ``ModelRegistry.register``.

    Parameters
    ----------
    config : mapping, optional
        Settings laid over the figures of the model's YAML file.

    Examples
    --------
    >>> from barwise.models import ModelRegistry
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(400, 3))
    >>> y = np.where(X[:, 0] > 0.4, 1, np.where(X[:, 0] < -0.4, -1, 0))
    >>> model = ModelRegistry.create("logistic")
    >>> metrics = model.fit(X[:300], y[:300], X[300:], y[300:])
    >>> metrics.val_accuracy > 0.8
    True
    >>> out = model.predict(X[300:])
    >>> out.class_probabilities.shape
    (100, 3)
    """

    card: ClassVar[ModelCard]
    settings_type: ClassVar[type[ModelSettings]]
    requires_scaling: ClassVar[bool]
    requires_sequences: ClassVar[bool] = False
    reads_missing: ClassVar[bool] = False
    batch_invariant: ClassVar[bool] = True
    settings: ModelSettings

    def __init__(self, config: Mapping[str, Any] | None = None) -> None:
        self._config = dict(config or {})
        self.settings = settle(self.settings_type, self.card, self._config)
        self._shape: tuple[int, tuple[str, ...] | None] | None = None
        self._prior_ratio = np.ones(0)

    # What a model is

    @property
    def name(self) -> str:
        """Registered name."""
        return self.card.name

    @property
    def model_family(self) -> str:
        """Group under which the model is listed."""
        return self.card.family

    @property
    def classes(self) -> tuple[int, ...]:
        """Configured classes, in the order of the probability columns."""
        return self.settings.classes

    @property
    def window_length(self) -> int | None:
        """Rows that one prediction reads, where that is a window; else None."""
        return None

    @property
    def fitted(self) -> bool:
        """Whether the model can predict."""
        return self._shape is not None

    @classmethod
    def get_default_config(cls) -> dict[str, Any]:
        """Return the figures of the model's YAML file."""
        return dict(cls.card.config)

    # What a user does

    def fit(
        self,
        X_train: Rows,
        y_train: np.ndarray,
        X_val: Rows | None = None,
        y_val: np.ndarray | None = None,
        sample_weights: np.ndarray | None = None,
        config: Mapping[str, Any] | None = None,
    ) -> TrainingMetrics:
        """Learn from the training rows; a fit starts anew each time.

        Parameters
        ----------
        X_train, X_val : Samples, or ndarray of shape (n, n_features)
            In order of time; sequence models also take (n, sequence_length,
            n_features). Rows with missing values are left out, unless the model reads
            them (``reads_missing``).
        y_train, y_val : ndarray of int, shape (n,)
            Classes.
        sample_weights : ndarray of float, shape (n,), optional
            Weights of the training rows; 1 when not given.
        config : mapping, optional
            Settings for this and later fits, laid over those of the constructor.

        Returns
        -------
        TrainingMetrics
            Unweighted figures on both parts.

        Raises
        ------
        ConfigError
            If a setting is unknown or out of range.
        DataError
            If shapes, labels or weights do not fit.
        """
        begun = clock.seconds()
        settings = settle(self.settings_type, self.card, self._config, config)
        self._config |= config or {}
        self.settings, self._shape = settings, None
        self._prior_ratio = np.ones(len(settings.classes))
        train = self._examples(X_train, y_train, sample_weights, "train")
        val = self._validation(X_val, y_val, train)
        progress = self._fit(train, val)
        if getattr(settings, "class_weight", None) is not None:
            self._prior_ratio = prior_ratio(train)
        self._shape = (train.inputs.n_features, train.inputs.names)
        on_train = self._figures(train)
        on_val = self._figures(val) if val is not None else Figures.nothing()
        return TrainingMetrics(
            train_loss=on_train.loss,
            val_loss=on_val.loss,
            train_accuracy=on_train.accuracy,
            val_accuracy=on_val.accuracy,
            train_f1=on_train.macro_f1,
            val_f1=on_val.macro_f1,
            epochs_trained=progress.epochs_trained,
            training_time_seconds=clock.seconds() - begun,
            early_stopped=progress.early_stopped,
            best_epoch=progress.best_epoch,
            history=progress.history,
        )

    def predict(self, X: Rows) -> PredictionOutput:
        """Score rows; those that cannot be scored are not valid.

        Raises
        ------
        BarwiseError
            If the model is not fitted.
        DataError
            If the features are not those of the fit.
        """
        n_features, names = self._fitted_shape()
        inputs = self._inputs(X)
        _same_features(inputs, n_features, names)
        return self._predict(inputs)

    def save(self, path: Path | str) -> None:
        """Write the fitted model into the folder ``path``; equal models, equal bytes.

        Raises
        ------
        BarwiseError
            If the model is not fitted, or ``path`` holds something else.
        """
        n_features, names = self._fitted_shape()
        state, files = self._dump()
        facts = {
            "name": self.name,
            "settings": self.settings.model_dump(mode="json"),
            "n_features": n_features,
            "feature_names": None if names is None else list(names),
            "state": state,
            "prior_ratio": self._prior_ratio.tolist(),
        }
        write_model(Path(path), facts, files)

    @classmethod
    def load(cls, path: Path | str) -> BaseModel:
        """Return the fitted model that was saved in the folder ``path``.

        Raises
        ------
        IntegrityError
            If a file is missing or changed, or another kind of model is there.
        """
        model = load_model(path)
        if not isinstance(model, cls):
            raise IntegrityError(
                f"{path} holds the model {model.name!r}, not a {cls.__name__}; use "
                "load_model"
            )
        return model

    def get_feature_importance(self) -> dict[str, float] | None:
        """Return how much each feature matters, in the model's own measure.

        Returns
        -------
        dict of str to float, or None
            By feature name (``feature_0``, ... for plain arrays); None for models
            without such a measure.
        """
        n_features, names = self._fitted_shape()
        importance = self._importance()
        if importance is None:
            return None
        known = names or tuple(f"feature_{i}" for i in range(n_features))
        return dict(zip(known, importance.astype(float).tolist(), strict=True))

    # What a model does, on clean data

    @abstractmethod
    def _fit(self, train: Examples, val: Examples | None) -> Progress:
        """Learn; every example can be scored."""

    @abstractmethod
    def _score(self, inputs: Inputs) -> np.ndarray:
        """Return probabilities (n, n_classes); NaN where this model knows nothing."""

    @abstractmethod
    def _dump(self) -> tuple[dict[str, Any], dict[str, bytes]]:
        """Return all that was learned: plain data, and files by name."""

    @abstractmethod
    def _restore(self, state: Mapping[str, Any], files: Mapping[str, bytes]) -> None:
        """Take what ``_dump`` returned."""

    def _choose(self, probabilities: np.ndarray, inputs: Inputs) -> np.ndarray:
        """Return the column of the chosen class of each row: the most probable."""
        del inputs
        return probabilities.argmax(axis=1)

    def _importance(self) -> np.ndarray | None:
        """Return one figure a feature, where the model has such."""
        return None

    # How both meet

    def _inputs(self, X: Rows) -> Inputs:
        if self.window_length is not None:
            return read_windows(X, self.window_length)
        return read_rows(X, missing_allowed=self.reads_missing)

    def _examples(
        self, X: Rows, y: np.ndarray, weights: np.ndarray | None, part: str
    ) -> Examples:
        examples = label_examples(self._inputs(X), y, weights, self.classes, part)
        if not len(examples):
            why = none_usable(self.name, part, len(y), self.window_length)
            raise DataError(why)
        return examples

    def _validation(
        self, X: Rows | None, y: np.ndarray | None, train: Examples
    ) -> Examples | None:
        if X is None or y is None:
            return None
        inputs = self._inputs(X)
        _same_features(inputs, train.inputs.n_features, train.inputs.names)
        examples = label_examples(inputs, y, None, self.classes, "val")
        return examples if len(examples) else None

    def _predict(self, inputs: Inputs) -> PredictionOutput:
        rows, width = len(inputs), len(self.classes)
        probabilities = np.full((rows, width), np.nan)
        predictions = np.zeros(rows, dtype=np.int8)
        confidence = np.full(rows, np.nan)
        valid = inputs.valid.copy()
        if valid.any():
            good = inputs if valid.all() else inputs.take(np.flatnonzero(valid))
            scores = self._score(good)
            known = ~np.isnan(scores).any(axis=1)
            valid[valid] = known
            scores = scores[known]
            chosen = self._choose(scores, good.take(np.flatnonzero(known)))
            scores = at_true_prior(scores, self._prior_ratio)
            probabilities[valid] = scores
            predictions[valid] = np.array(self.classes, dtype=np.int8)[chosen]
            confidence[valid] = scores[np.arange(len(scores)), chosen]
        metadata = {"model": self.name, "classes": self.classes}
        return PredictionOutput(predictions, probabilities, confidence, metadata, valid)

    def _figures(self, examples: Examples) -> Figures:
        out = self._predict(examples.inputs)
        labels = np.array(self.classes, dtype=np.int8)[examples.columns]
        return figures(labels, out, self.classes)

    def _fitted_shape(self) -> tuple[int, tuple[str, ...] | None]:
        if self._shape is None:
            raise BarwiseError(f"the model {self.name!r} is not fitted; call fit first")
        return self._shape

    def __repr__(self) -> str:
        state = "fitted" if self.fitted else "not fitted"
        return f"{type(self).__name__}({self.name!r}, {state})"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{escape(key)}</td><td>{escape(str(value))}</td></tr>"
            for key, value in self.settings.model_dump(mode="json").items()
        )
        return (
            f"<p>{escape(repr(self))}: {escape(self.card.description)}</p>"
            f"<table>{rows}</table>"
        )


def load_model(path: Path | str) -> BaseModel:
    """Return the fitted model that was saved in a folder, whatever its class.

    Raises
    ------
    IntegrityError
        If the folder is no saved model, or a file is missing or changed.
    ConfigError
        If the model's name is not registered here.
    """
    from barwise.models.registry import ModelRegistry

    manifest = read_manifest(Path(path))
    files = read_files(Path(path), manifest)
    model = ModelRegistry.create(manifest["name"], manifest["settings"])
    names = manifest["feature_names"]
    model._shape = (manifest["n_features"], None if names is None else tuple(names))
    model._prior_ratio = np.array(manifest["prior_ratio"])
    model._restore(manifest["state"], files)
    return model


def _same_features(
    inputs: Inputs, n_features: int, names: tuple[str, ...] | None
) -> None:
    if inputs.n_features != n_features:
        raise DataError(
            f"the model was fitted on {n_features} features, got {inputs.n_features}"
        )
    if names is None or inputs.names is None:
        return
    for column, (wanted, found) in enumerate(zip(names, inputs.names, strict=True)):
        if wanted != found:
            raise DataError(
                f"feature {column} was {wanted!r} in the fit and is {found!r} now; give "
                "the same features in the same order"
            )
