"""A config's models as the trainer reads them."""

from __future__ import annotations

from typing import Any

from barwise.models.registry import ModelRegistry
from barwise.pipeline.config import RunConfig
from barwise.pipeline.config_groups import ModelChoice
from barwise.training.config import TrainerConfig


def trainer_config(
    config: RunConfig, choice: ModelChoice, horizon: int
) -> TrainerConfig:
    """Return the trainer's settings for one of a config's models."""
    given: dict[str, Any] = {
        "model_name": choice.name,
        "horizon": horizon,
        "feature_set": config.features.set or "own",
        "random_seed": config.seed,
        "model": dict(choice.config),
    }
    if "sequence_length" in config.model_fields_set:
        given["sequence_length"] = config.sequence_length
    defaults = ModelRegistry.get_model_info(choice.name)["config"]
    if config.threads is not None and "threads" in defaults:
        given["model"].setdefault("threads", config.threads)
    return TrainerConfig(**given)
