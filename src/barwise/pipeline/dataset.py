"""The data set of one horizon, from stored inputs."""

from __future__ import annotations

from pathlib import Path

from barwise.datasets import TimeSeriesDataContainer
from barwise.datasets.proposals import meta_container
from barwise.pipeline.candidates import candidates_of, seal_of
from barwise.pipeline.choices import check_choices, store_folder
from barwise.pipeline.config import RunConfig
from barwise.pipeline.inputs import Inputs, prepare_inputs
from barwise.pipeline.primary import primary_of
from barwise.pipeline.steps import Steps
from barwise.pipeline.store import ObjectStore


def build_dataset(
    config: RunConfig | str | Path, *, horizon: int
) -> TimeSeriesDataContainer:
    """Return the data set that a config stands for.

    Bars, features and labels are computed once and found again afterwards.

    Parameters
    ----------
    config : RunConfig or path
        Settings, or their YAML file.
    horizon : int
        One of the config's horizons.

    Raises
    ------
    ConfigError
        If the horizon is not in the config, or a setting cannot work.
    DataError
        If the data break a rule.
    """
    settings = config if isinstance(config, RunConfig) else RunConfig.read(config)
    check_choices(settings, [horizon])
    steps = Steps(ObjectStore(store_folder(settings)))
    inputs = prepare_inputs(settings, steps, lambda _: None)
    return container_of(inputs, horizon)


def container_of(inputs: Inputs, horizon: int) -> TimeSeriesDataContainer:
    """Return the data set of one horizon; all horizons share the parts' boundaries."""
    if horizon not in inputs.proposals:
        return candidates_of(inputs, horizon)
    return meta_container(
        primary_of(inputs, horizon),
        inputs.proposals[horizon],
        seal=seal_of(inputs.config),
    )
