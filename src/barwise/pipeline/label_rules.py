"""The rules that join settings of a run's labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from barwise.pipeline.rule import Rule

if TYPE_CHECKING:
    from barwise.pipeline.config import RunConfig

WITH_BARRIERS = ("triple_barrier", "meta")
"""Targets whose trade has barriers."""

_OF_BARRIERS = (
    "upper",
    "lower",
    "atr_period",
    "unit",
    "touch",
    "sides",
    "trade_through",
)


def _barriers_sized(config: RunConfig) -> str | None:
    labels = config.labels
    if labels.unit == "atr" or (labels.upper is not None and labels.lower is not None):
        return None
    return (
        f"{labels.unit!r} needs labels.upper and labels.lower, because a symbol's own "
        "barriers are multiples of ATR; set both, or use unit: atr"
    )


def _target_has_barriers(config: RunConfig) -> str | None:
    labels = config.labels
    if labels.target in WITH_BARRIERS:
        return None
    idle = _changed(config, _OF_BARRIERS)
    if not idle:
        return None
    return (
        f"{labels.target!r} has no barriers, so that {', '.join(idle)} would have no "
        "effect; leave them out, or use target: triple_barrier"
    )


def _signal_given(config: RunConfig) -> str | None:
    labels = config.labels
    if (labels.target == "signal") == (labels.signal is not None):
        return None
    if labels.signal is not None:
        return f"has no effect with labels.target: {labels.target}; use target: signal"
    return (
        "is missing, and labels.target: signal needs it, e.g. signal: {path: bars.csv, "
        "column: long_signal, known_at: time}"
    )


def _primary_given(config: RunConfig) -> str | None:
    labels = config.labels
    if (labels.target == "meta") == (labels.primary is not None):
        return None
    if labels.primary is not None:
        return f"has no effect with labels.target: {labels.target}; use target: meta"
    return (
        "is missing, and labels.target: meta needs it, e.g. primary: {model: logistic}"
    )


def _signal_horizon(config: RunConfig) -> str | None:
    labels = config.labels
    if labels.target != "signal" or labels.signal is None:
        return None
    # As it stands in the file, where other keys of that are wrong.
    wanted = 1 + dict(labels.signal).get("known_after", 0)
    if list(labels.horizons) == [wanted]:
        return None
    return (
        f"{', '.join(map(str, labels.horizons))}: the next bar's signal is known after "
        f"{wanted} (1 + labels.signal.known_after); use horizons: [{wanted}]"
    )


def _events_used(config: RunConfig) -> str | None:
    if config.labels.events != "all":
        return None
    idle = _changed(config, ("event_threshold", "event_period"))
    if not idle:
        return None
    return (
        f"'all' takes every bar, so that {', '.join(idle)} would have no effect; leave "
        "them out, or use events: cusum"
    )


def _changed(config: RunConfig, keys: tuple[str, ...]) -> list[str]:
    """Return the keys that are not at their default."""
    labels = config.labels
    default = type(labels).model_fields
    return [key for key in keys if getattr(labels, key) != default[key].default]


def _keys(*names: str) -> tuple[str, ...]:
    return tuple(f"labels.{name}" for name in names)


LABEL_RULES = (
    Rule("labels.unit", _keys("unit", "upper", "lower"), _barriers_sized),
    Rule("labels.target", _keys("target", *_OF_BARRIERS), _target_has_barriers),
    Rule("labels.signal", _keys("target", "signal"), _signal_given),
    Rule("labels.primary", _keys("target", "primary"), _primary_given),
    Rule("labels.horizons", _keys("target", "signal", "horizons"), _signal_horizon),
    Rule(
        "labels.events",
        _keys("events", "event_threshold", "event_period"),
        _events_used,
    ),
)
