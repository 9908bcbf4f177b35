"""The data set of one horizon, from stored inputs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from barwise.bars.bars import Bars
from barwise.bars.rolls import rolls_in
from barwise.datasets import (
    DatasetSettings,
    PreparationSettings,
    TestSeal,
    TimeSeriesDataContainer,
)
from barwise.labels import Labels
from barwise.metrics import average_uniqueness
from barwise.pipeline.choices import check_choices, store_folder
from barwise.pipeline.config import RunConfig
from barwise.pipeline.features import known, split_settings
from barwise.pipeline.inputs import Inputs, prepare_inputs
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
    config = inputs.config
    wanted, longest = config.labels.weights, max(inputs.labels)
    labels = known(inputs.labels[horizon])
    if not wanted.quality:
        labels = labels.with_quality()
    settings = DatasetSettings(
        classes=labels.classes,
        time_decay=wanted.time_decay,
        split=split_settings(config),
        preparation=PreparationSettings(
            scaler=config.scaling.method,
            clip=config.scaling.clip,
            passthrough=tuple(
                n for n, role in inputs.roles.items() if role != "number"
            ),
            prune_correlated=config.features.prune_correlated,
        ),
    )
    data = TimeSeriesDataContainer.build(
        inputs.matrix,
        inputs.names,
        inputs.bars.time,
        labels,
        horizon=horizon,
        max_horizon=longest,
        longest=known(inputs.labels[longest]),
        segments=window_segments(inputs.bars, inputs.roll_invariant),
        sample_mask=inputs.sample_mask,
        uniqueness=_uniqueness(labels) if wanted.uniqueness else None,
        settings=settings,
        symbol=inputs.instrument.symbol,
        seal=TestSeal(config.output_path / "test_openings.jsonl"),
    )
    return data if inputs.learner is None else data.with_learner(inputs.learner)


def window_segments(bars: Bars, roll_invariant: Mapping[str, bool]) -> np.ndarray:
    """Number the stretches that a window may not leave.

    Over a roll it may reach if every column is invariant to rolls.
    """
    segments = np.zeros(len(bars), np.int64)
    if not all(roll_invariant.values()):
        segments[rolls_in(bars)] = 1
    return np.cumsum(segments)


def _uniqueness(labels: Labels) -> np.ndarray:
    rows = np.flatnonzero(labels.valid)
    unique = np.ones(len(labels.valid))
    unique[rows] = average_uniqueness(rows, labels.end_index[rows])
    return unique
