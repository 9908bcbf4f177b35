"""From a config to bars, features and labels: stored steps, each computed once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import final

import numpy as np

from barwise.bars import Bars, Instrument, QualityReport, SessionTable
from barwise.core.errors import ConfigError
from barwise.datasets import Proposals
from barwise.features.definition import Role
from barwise.labels import Labels
from barwise.pipeline.bar_inputs import prepare_bars, sample_mask, trading_sessions
from barwise.pipeline.column_learner import GraphLearner
from barwise.pipeline.columns import Columns, Refused, choose_columns
from barwise.pipeline.config import RunConfig
from barwise.pipeline.features import (
    Fitted,
    features_step,
    fitted_of,
    fitting_rows,
    graph_of,
)
from barwise.pipeline.labelling import prepare_labels
from barwise.pipeline.primary import proposals_of
from barwise.pipeline.side import side_inputs
from barwise.pipeline.steps import Steps

Notify = Callable[[str], None]


@final
@dataclass(frozen=True, eq=False)
class Inputs:
    """What every model of a run is trained on.

    Parameters
    ----------
    config : RunConfig
    instrument : Instrument
    bars : Bars
        Cleaned and resampled.
    quality : QualityReport
    raw_rows, raw_interval : int
        Rows of the source, and its interval in nanoseconds; 0 for trades and event bars.
    matrix : ndarray of float32, shape (bar, feature)
    columns : Columns
        Names of the matrix's columns, and how they were chosen.
    roles : mapping of str to str
        What scalers may do with each column.
    fitted : Fitted or None
        What columns have learned, and from which bars; None if none does.
    labels : mapping of int to Labels
        By horizon.
    events : ndarray of bool, shape (bar,)
        Bars that the config takes as events.
    width : ndarray of float64, shape (bar,)
        What the barrier multiples multiply, known at each close.
    addresses : mapping of str to str
        Of the stored ``bars``, ``features`` and ``labels``.
    doubts : tuple of str
        What speaks against the time zone or the label of the source.
    roll_invariant : mapping of str to bool
        Columns that a roll leaves no mark in; empty where the contract never changes.
    learner : GraphLearner or None
        Has columns learn anew for a fold; None if none learns.
    proposals : mapping of int to Proposals
        By horizon, with ``target: meta``: the trades that the labels judge. ``labels``
        then are those of the primary model.
    """

    config: RunConfig
    instrument: Instrument
    bars: Bars
    quality: QualityReport
    raw_rows: int
    raw_interval: int
    matrix: np.ndarray
    columns: Columns
    roles: Mapping[str, Role]
    fitted: Fitted | None
    labels: Mapping[int, Labels]
    events: np.ndarray
    width: np.ndarray
    addresses: Mapping[str, str]
    doubts: tuple[str, ...] = ()
    roll_invariant: Mapping[str, bool] = field(default_factory=dict)
    learner: GraphLearner | None = None
    proposals: Mapping[int, Proposals] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """Columns of the matrix."""
        return self.columns.names

    @property
    def sessions(self) -> SessionTable:
        """Sessions that end trades: the regular hours where only those are traded."""
        return trading_sessions(self.config, self.instrument, self.bars)

    @property
    def sample_mask(self) -> np.ndarray:
        """Rows that may be decided on: events inside the wanted hours, not filled."""
        return sample_mask(self.config, self.instrument, self.bars) & self.events


def prepare_inputs(config: RunConfig, steps: Steps, notify: Notify) -> Inputs:
    """Run the steps up to the labels, or find their results.

    Raises
    ------
    ConfigError
        If a setting cannot work with these data.
    DataError
        If the data break a rule.
    """
    instrument = config.traded()
    notify("reading and cleaning bars")
    stored = prepare_bars(config, steps)
    bars, facts = stored.bars, stored.facts
    columns = columns_of(config, instrument, bars, facts["raw_interval"])
    notify("labelling")
    labels = prepare_labels(stored, steps)
    notify(f"computing {len(columns.names)} features of {len(bars):,} bars")
    graph = graph_of(config, columns)
    side = side_inputs(config, columns, facts["raw_interval"])
    span, learner = None, None
    if graph.unfitted:
        finest = facts["raw_interval"]
        learner = GraphLearner(config, bars, graph.names, graph.unfitted, finest)
        wanted = sample_mask(config, instrument, bars) & labels.events
        span = fitting_rows(config, bars, wanted, labels.by_horizon)
    own = None if columns.own is None else columns.own.hash
    features = features_step(graph, own, bars, span, side, stored.address, steps)
    inputs = Inputs(
        config=config,
        instrument=instrument,
        bars=bars,
        quality=QualityReport.from_dict(facts["quality"]),
        raw_rows=facts["raw_rows"],
        raw_interval=facts["raw_interval"],
        matrix=features.content.arrays["matrix"],
        columns=columns,
        roles=graph.roles,
        fitted=fitted_of(features.content),
        labels=labels.by_horizon,
        events=labels.events,
        width=labels.width,
        addresses={
            "bars": stored.address,
            "features": features.address,
            "labels": labels.address,
        },
        doubts=tuple(facts["doubts"]),
        roll_invariant=features.content.value["roll_invariant"],
        learner=learner,
    )
    return inputs if config.labels.primary is None else _proposed(inputs, steps, notify)


def _proposed(inputs: Inputs, steps: Steps, notify: Notify) -> Inputs:
    """Return the inputs with what the primary model of meta-labels proposes."""
    proposals, addresses = {}, dict(inputs.addresses)
    for horizon in inputs.labels:
        notify(f"asking the primary model, horizon {horizon}")
        proposals[horizon], address = proposals_of(inputs, horizon, steps)
        addresses[f"primary_{horizon}"] = address
    return replace(inputs, proposals=proposals, addresses=addresses)


def columns_of(
    config: RunConfig, instrument: Instrument, bars: Bars, raw_interval: int
) -> Columns:
    """Return the config's columns for these bars.

    Raises
    ------
    ConfigError
        If a column that is named needs a volume, or finer bars, that there are not.
    """
    without = (
        f"{config.data_path.name} has none (no such column, or zero on every row); leave "
        "it out, or name the volume in data.columns"
    )
    has_volume = instrument.has_volume and bars.has_volume
    try:
        return choose_columns(
            config, has_volume=has_volume, without=without, finest=raw_interval
        )
    except Refused as refused:
        raise ConfigError(
            "\n".join(f"{config.place(*key)}: {why}" for key, why in refused.problems)
        ) from refused
