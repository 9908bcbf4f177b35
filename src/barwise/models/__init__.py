"""Models: one registry, one interface.

>>> from barwise.models import ModelRegistry
>>> ModelRegistry.list_models()["baseline"]
['always_long', 'majority', 'previous_label', 'prior', 'time_of_day']
"""

from barwise.models.base import (
    BaseModel,
    PredictionOutput,
    TrainingMetrics,
    load_model,
)
from barwise.models.registry import ModelRegistry
from barwise.models.settings import ModelSettings

__all__ = [
    "BaseModel",
    "ModelRegistry",
    "ModelSettings",
    "PredictionOutput",
    "TrainingMetrics",
    "load_model",
]
