"""One fit of one registered model: the only place where training begins."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from barwise.core.errors import ConfigError
from barwise.datasets.container import TimeSeriesDataContainer
from barwise.models.base import BaseModel
from barwise.models.outputs import PredictionOutput, TrainingMetrics
from barwise.models.registry import ModelRegistry
from barwise.training.config import TrainerConfig


@final
@dataclass(frozen=True, eq=False)
class FittedModel:
    """A model that was fitted on a training part and asked for the validation part."""

    model: BaseModel
    metrics: TrainingMetrics
    output: PredictionOutput


def fit_model(
    config: TrainerConfig,
    data: TimeSeriesDataContainer,
    *,
    progress: Callable[..., None] | None = None,
) -> FittedModel:
    """Fit on the training part and predict the validation part.

    Parameters
    ----------
    config : TrainerConfig
    data : TimeSeriesDataContainer
        A whole data set, or that of one fold.
    progress : callable, optional
        Handed to models that report their epochs.

    Raises
    ------
    ConfigError
        If a model of windows is to learn meta-labels.
    """
    model = create_model(config, data.classes, progress=progress)
    if data.settings.side is not None and model.requires_sequences:
        raise ConfigError(refused_windows(config.model_name))
    metrics = model.fit(
        data.samples("train"),
        data.y_train,
        data.samples("val"),
        data.y_val,
        sample_weights=data.sample_weights,
    )
    return FittedModel(model, metrics, model.predict(data.samples("val")))


def refused_windows(name: str) -> str:
    """Say why a model of windows cannot learn meta-labels."""
    return (
        f"{name} reads windows. In a window of proposals each comes from the primary of "
        "its own fold, and that of the row before may have been trained on this row's "
        "outcome; take a model that reads single rows, such as lightgbm"
    )


def create_model(
    config: TrainerConfig,
    classes: tuple[int, ...],
    *,
    progress: Callable[..., None] | None = None,
) -> BaseModel:
    """Return the unfitted model that a trainer's settings stand for."""
    name, objects = config.model_name, dict[str, Any]()
    settings = config.for_model(ModelRegistry.get_model_info(name)["config"])
    settings.setdefault("classes", list(classes))
    if progress and "progress" in ModelRegistry.get_objects(name):
        objects["progress"] = progress
    return ModelRegistry.create(name, settings, **objects)


def model_files(model: BaseModel) -> dict[str, bytes]:
    """Return the files of a saved model, by name."""
    with tempfile.TemporaryDirectory() as folder:
        saved = Path(folder, "model")
        model.save(saved)
        return {path.name: path.read_bytes() for path in sorted(saved.iterdir())}
