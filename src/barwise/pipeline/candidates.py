"""The samples of one horizon, from stored inputs: before any primary model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

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
from barwise.pipeline.config import RunConfig
from barwise.pipeline.features import split_settings

if TYPE_CHECKING:
    from barwise.pipeline.inputs import Inputs


def candidates_of(inputs: Inputs, horizon: int) -> TimeSeriesDataContainer:
    """Return the data set of one horizon; all horizons share the parts' boundaries.

    With ``target: meta`` it is the primary model's: every row that it may trade.
    """
    config = inputs.config
    wanted, longest = config.labels.weights, max(inputs.labels)
    labels = labels_of(inputs, horizon)
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
    # Bars that nobody decides on share nothing with a sample's label.
    mask = inputs.sample_mask
    data = TimeSeriesDataContainer.build(
        inputs.matrix,
        inputs.names,
        inputs.bars.time,
        labels,
        horizon=horizon,
        max_horizon=longest,
        longest=inputs.labels[longest],
        segments=window_segments(inputs.bars, inputs.roll_invariant),
        sample_mask=mask,
        uniqueness=_uniqueness(labels.only(mask)) if wanted.uniqueness else None,
        settings=settings,
        symbol=inputs.instrument.symbol,
        seal=seal_of(config),
    )
    return data if inputs.learner is None else data.with_learner(inputs.learner)


def labels_of(inputs: Inputs, horizon: int) -> Labels:
    """Return the labels of one horizon, weighed as the config says."""
    labels = inputs.labels[horizon]
    return labels if inputs.config.labels.weights.quality else labels.with_quality()


def seal_of(config: RunConfig) -> TestSeal:
    """Return where openings of the test part are recorded."""
    file = config.output_path / "test_openings.jsonl"
    return TestSeal(file, underlying=config.traded().underlying)


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
