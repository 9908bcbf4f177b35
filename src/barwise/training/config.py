"""What to train, on what, and where the result goes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, final

from pydantic import Field

from barwise.core.config import Settings

Count = Annotated[int, Field(ge=1)]

_OF_THE_MODEL = (
    "sequence_length",
    "batch_size",
    "max_epochs",
    "early_stopping_patience",
    "random_seed",
)


@final
class TrainerConfig(Settings):
    """Settings of one training.

    A field that is not set takes the figure of the model's YAML file; a field that the
    model does not have (a tree has no batch) is left aside, so that one set of settings
    trains several models.

    Parameters
    ----------
    model_name : str
        Registered name.
    horizon : int
        Horizon of the labels, bars.
    feature_set : str
        What the columns are called in the run's records.
    sequence_length, batch_size, max_epochs, early_stopping_patience, random_seed : int
        As in the model's YAML file.
    experiment_name : str
        For trackers and records.
    output_dir : Path
        Folder of runs.
    model : mapping
        Further settings of the model.

    Examples
    --------
    >>> config = TrainerConfig(model_name="lstm", horizon=20, max_epochs=5)
    >>> config.for_model({"max_epochs": 100, "layers": 2, "random_seed": 42})
    {'max_epochs': 5}
    """

    model_name: str
    horizon: Count
    feature_set: str = "full"
    sequence_length: Count = 60
    batch_size: Count = 256
    max_epochs: Count = 100
    early_stopping_patience: Count = 10
    random_seed: Annotated[int, Field(ge=0, lt=2**32)] = 42
    experiment_name: str = "barwise"
    output_dir: Path = Path("experiments/runs")
    model: dict[str, Any] = Field(default_factory=dict)

    def for_model(self, defaults: Mapping[str, Any]) -> dict[str, Any]:
        """Return the settings to lay over a model's defaults."""
        given = {
            name: getattr(self, name)
            for name in _OF_THE_MODEL
            if name in self.model_fields_set and name in defaults
        }
        return given | self.model
