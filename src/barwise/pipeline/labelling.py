"""The labels of a config, as a stored step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, final

import numpy as np

from barwise.bars import Bars, SessionTable
from barwise.core.errors import ConfigError
from barwise.core.hashing import hash_file
from barwise.labels import (
    Labels,
    cusum_events,
    direction_labels,
    signal_labels,
    triple_barrier,
)
from barwise.labels.trades import with_trades
from barwise.pipeline.bar_inputs import BARS_CODE, BarInputs, costs_of, plain_facts
from barwise.pipeline.config import RunConfig
from barwise.pipeline.label_settings import (
    barrier_settings,
    has_barriers,
    triple_options,
)
from barwise.pipeline.signal_column import signal_path, signal_values
from barwise.pipeline.source import source_hashes
from barwise.pipeline.steps import Step, Steps, source_version
from barwise.pipeline.store import Content
from barwise.trading.barrier_rows import barrier_width
from barwise.trading.costs import BUY

_CODE = (
    *BARS_CODE,
    "barwise.stream",
    "barwise.labels",
    "barwise.pipeline.label_settings",
    "barwise.pipeline.labelling",
    "barwise.pipeline.signal_column",
    "barwise.trading.barrier_rows",
    "barwise.trading.costs",
)
# What does not change a label: how samples are weighed.
_NOT_LABELS = {"weights"}


@final
@dataclass(frozen=True, eq=False)
class LabelInputs:
    """The labels of a config.

    Parameters
    ----------
    by_horizon : mapping of int to Labels
    events : ndarray of bool, shape (bar,)
        Bars that may be samples by ``labels.events``.
    width : ndarray of float64, shape (bar,)
        What the barrier multiples multiply, known at each close; 1 without barriers.
    address : str
        Of the stored labels.
    """

    by_horizon: Mapping[int, Labels]
    events: np.ndarray
    width: np.ndarray
    address: str


def prepare_labels(inputs: BarInputs, steps: Steps) -> LabelInputs:
    """Label the bars of a config, or find its labels.

    Raises
    ------
    ConfigError
        If a setting cannot work with these data.
    DataError
        If the data break a rule.
    """
    config, bars = inputs.config, inputs.bars
    labels = config.labels
    longest = max(labels.horizons)
    if longest >= len(bars):
        raise ConfigError(
            f"{config.place('labels', 'horizons')}: {longest} bars are longer than the "
            f"data, which have {len(bars):,} bars; take a shorter horizon or more data"
        )
    cost = round_trip(inputs)
    finer = inputs.finer and has_barriers(config)
    read = {"bars": inputs.address} | (source_hashes(config) if finer else {})
    path = signal_path(config)
    if path is not None:
        read["signal"] = hash_file(path)
    step = Step(
        "labels",
        source_version(*_CODE),
        {
            "labels": labels.model_dump(mode="json", exclude=_NOT_LABELS),
            "barriers": barrier_settings(config, inputs.instrument),
            "fine": finer,
            "instrument": plain_facts(inputs.instrument),
            "cost": cost,
            "session": config.data.session,
        },
        read,
    )

    def compute() -> Content:
        events = events_of(config, bars)
        arrays = {"events": events, "width": _width(inputs)}
        for found in label_bars(inputs, events, inputs.finer_bars() if finer else None):
            for name, array in _arrays_of(found.with_costs(cost)).items():
                arrays[f"{found.horizon}.{name}"] = array
        facts = {"parts": list(found.parts), "classes": list(found.classes)}
        return Content(arrays, facts | {"horizons": sorted(labels.horizons)})

    made = steps.run(step, compute)
    arrays = made.content.arrays
    return LabelInputs(
        _read(made.content), arrays["events"], arrays["width"], made.address
    )


def round_trip(inputs: BarInputs) -> float:
    """Return what a round trip costs, as a log return at the usual price."""
    config, bars = inputs.config, inputs.bars
    # Over the training share: no price of a later part may move what is learned from.
    seen = bars.close[: max(1, int(config.split.fractions[0] * len(bars)))]
    costs = costs_of(config, inputs.instrument)
    return costs.in_price(BUY) / float(np.median(seen))


def events_of(config: RunConfig, bars: Bars) -> np.ndarray:
    """Return which bars may be samples by ``labels.events``."""
    wanted = config.labels
    if wanted.events == "all":
        return np.ones(len(bars), np.bool_)
    found = cusum_events(
        bars, multiple=wanted.event_threshold, period=wanted.event_period
    )
    if not found.any():
        raise ConfigError(
            f"{config.place('labels', 'event_threshold')}: no bar is an event at "
            f"{wanted.event_threshold:g} standard deviations; use a smaller threshold"
        )
    return found


def label_bars(
    inputs: BarInputs, events: np.ndarray, fine: Bars | None
) -> list[Labels]:
    """Label bars as a config says, one result a horizon.

    Parameters
    ----------
    inputs : BarInputs
    events : ndarray of bool, shape (bar,)
        Bars that may be samples.
    fine : Bars or None
        Finer bars, which decide ties.
    """
    config, bars = inputs.config, inputs.bars
    wanted = config.labels
    sessions: SessionTable = inputs.sessions
    if has_barriers(config):
        barriers: dict[str, Any] = {
            **triple_options(config, inputs.instrument),
            "tick": inputs.instrument.tick_size,
            "fine": fine,
            "sessions": sessions,
            "sample": events,
        }
        found = triple_barrier(bars, horizon=list(wanted.horizons), **barriers)
        if wanted.target == "triple_barrier":
            return found
        return with_trades(found, bars, **barriers)
    trade: dict[str, Any] = {
        "entry": wanted.entry,
        "session_end": wanted.session_end,
        "sessions": sessions,
        "sample": events,
    }
    if wanted.signal is None:
        return [direction_labels(bars, horizon=h, **trade) for h in wanted.horizons]
    values = signal_values(config, bars)
    known_after = wanted.signal.known_after
    return [signal_labels(bars, values, known_after=known_after, **trade)]


def _width(inputs: BarInputs) -> np.ndarray:
    wanted = inputs.config.labels
    if not has_barriers(inputs.config):
        return np.ones(len(inputs.bars))
    return barrier_width(inputs.bars, unit=wanted.unit, period=wanted.atr_period)


def _arrays_of(labels: Labels) -> dict[str, np.ndarray]:
    named = {field.name: getattr(labels, field.name) for field in fields(labels)}
    return {k: v for k, v in named.items() if isinstance(v, np.ndarray)}


def _read(content: Content) -> dict[int, Labels]:
    facts = content.value
    columns: dict[int, dict[str, Any]] = {h: {} for h in facts["horizons"]}
    for key, array in content.arrays.items():
        horizon, _, name = key.rpartition(".")
        if horizon:
            columns[int(horizon)][name] = array
    parts, classes = tuple(facts["parts"]), tuple(facts["classes"])
    return {
        horizon: Labels(horizon=horizon, **arrays, parts=parts, classes=classes)
        for horizon, arrays in columns.items()
    }
