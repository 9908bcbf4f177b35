"""Features as a stored step, columns that learn fitted on the training rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any, final

import numpy as np

from barwise.bars import Bars
from barwise.bars.rolls import rolls_in
from barwise.bars.session_filter import HOURS
from barwise.bars.sessions import SessionHours
from barwise.core.hashing import hash_arrays
from barwise.datasets import SplitSettings, training_rows
from barwise.features import FeatureGraph
from barwise.features.roll_invariance import roll_invariant
from barwise.labels import Labels
from barwise.pipeline.columns import Columns
from barwise.pipeline.config import RunConfig
from barwise.pipeline.label_settings import label_rule
from barwise.pipeline.side import SideInputs
from barwise.pipeline.steps import Result, Step, Steps, source_version
from barwise.pipeline.store import Content

_CODE = (
    "barwise.core",
    "barwise.bars",
    "barwise.defaults",
    "barwise.stream",
    "barwise.features",
    "barwise.trading.barrier_rows",
    "barwise.pipeline.external",
    "barwise.pipeline.features",
    "barwise.pipeline.side",
)


@final
@dataclass(frozen=True)
class Fitted:
    """What columns have learned, and from which bars.

    Parameters
    ----------
    bars : int
        How many bars they learned from.
    first, last : int
        Close of the first and of the last of them, nanoseconds UTC.
    learned : mapping of str to str
        What was learned, in words, by the names of the columns.
    """

    bars: int
    first: int
    last: int
    learned: Mapping[str, str]


def split_settings(config: RunConfig) -> SplitSettings:
    """Return how samples are cut into parts."""
    wanted = config.split
    return SplitSettings(
        fractions=wanted.fractions, purge=wanted.purge, embargo=wanted.embargo
    )


def fitting_rows(
    config: RunConfig,
    bars: Bars,
    sample_mask: np.ndarray,
    labels: Mapping[int, Labels],
) -> np.ndarray:
    """Return which bars columns learn from: real ones, up to the last training sample.

    Raises
    ------
    ConfigError
        If a part is left empty.
    """
    stop = training_rows(bars.time, sample_mask, labels, split_settings(config))
    return (np.arange(len(bars)) < stop) & ~bars.filled


def graph_of(config: RunConfig, columns: Columns) -> FeatureGraph:
    """Return the graph of a config's columns, not fitted."""
    return FeatureGraph(
        columns.names,
        calendar=config.traded().calendar,
        roll_adjustment=config.data.roll_adjustment,
        hours=_hours(config),
        interval=config.target if isinstance(config.target, str) else None,
        own=columns.own or (),
        labels=label_rule(config, config.traded()),
    )


def _hours(config: RunConfig) -> SessionHours:
    """Hours that longer bars are cut from: those of the bars that are kept."""
    data = config.data
    return HOURS[data.session if data.session_applies == "bars" else "all"]


def features_step(
    graph: FeatureGraph,
    own: str | None,
    bars: Bars,
    rows: np.ndarray | None,
    side: SideInputs,
    address: str,
    steps: Steps,
) -> Result:
    """Compute the matrix, or find it.

    Parameters
    ----------
    graph : FeatureGraph
        Not fitted; its hash says what is learned, not yet the outcome.
    own : str or None
        Hash of the user's file of features.
    bars : Bars
    rows : ndarray of bool, shape (bar,), or None
        Bars to learn from; None if no column learns.
    side : SideInputs
        What columns need beside the bars.
    address : str
        Of the stored bars.
    steps : Steps
    """
    settings: dict[str, Any] = {
        "columns": graph.names,
        "program": graph.hash,
        "calendar": graph.calendar,
        "own": own,
        "roll_adjustment": graph.roll_adjustment,
    }
    if graph.labels is not None:
        settings["labels"] = asdict(graph.labels)
    if rows is not None:
        settings["rows"] = hash_arrays({"rows": rows})
        settings["libraries"] = {name: version(name) for name in graph.libraries}
    inputs = {"bars": address, **side.hashes}
    step = Step(
        "features", source_version(*_CODE), {**settings, **side.settings}, inputs
    )

    def compute() -> Content:
        beside = side.read()
        # Roles decide how a column is scaled, so they are part of the result.
        facts: dict[str, Any] = {"names": list(graph.names), "roles": graph.roles}
        arrays: dict[str, np.ndarray] = {}
        if rows is not None:
            graph.fit(bars, rows=rows, **beside)
            parameters = graph.fitted_parameters
            facts["parameters"] = list(parameters)
            arrays = {f"learned.{i}": v for i, v in enumerate(parameters.values())}
            facts["fitted"] = asdict(_told(graph, bars.time[rows]))
        rolls = len(rolls_in(bars)) > 0
        facts["roll_invariant"] = roll_invariant(graph, bars, **beside) if rolls else {}
        return Content({"matrix": graph.push(bars, **beside)} | arrays, facts)

    return steps.run(step, compute)


def _told(graph: FeatureGraph, times: np.ndarray) -> Fitted:
    learned = {", ".join(columns): what for columns, what in graph.learned.items()}
    return Fitted(len(times), int(times[0]), int(times[-1]), learned)


def parameters_of(content: Content) -> dict[str, np.ndarray]:
    """Return what was learned, for ``FeatureGraph.with_parameters``."""
    keys = content.value.get("parameters", ())
    return {key: content.arrays[f"learned.{i}"] for i, key in enumerate(keys)}


def fitted_of(content: Content) -> Fitted | None:
    """Return what the columns of a stored matrix have learned."""
    found = content.value.get("fitted")
    return None if found is None else Fitted(**found)
