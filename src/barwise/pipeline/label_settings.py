"""What a config's labels stand for: barriers, classes, the trade that they judge."""

from __future__ import annotations

from typing import Any

import numpy as np

from barwise.bars import Instrument
from barwise.bars.sessions import SessionHours
from barwise.features import LabelRule
from barwise.labels.binary import OUT_OF_REACH
from barwise.labels.trace import unit_name
from barwise.pipeline.config import RunConfig
from barwise.pipeline.label_rules import WITH_BARRIERS
from barwise.trading import ExecutionContract
from barwise.trading.costs import BUY, SELL

_OPTIONS = ("atr_period", "unit", "touch", "entry", "sides", "session_end")


def has_barriers(config: RunConfig) -> bool:
    """Say whether barriers end the trade that a label judges."""
    return config.labels.target in WITH_BARRIERS


def triple_options(config: RunConfig, instrument: Instrument) -> dict[str, Any]:
    """Return the arguments of ``triple_barrier`` that a config stands for."""
    labels = config.labels
    upper, lower = instrument.barriers
    return {name: getattr(labels, name) for name in (*_OPTIONS, "trade_through")} | {
        "upper": labels.upper or upper,
        "lower": labels.lower or lower,
    }


def barrier_settings(config: RunConfig, instrument: Instrument) -> dict[str, Any]:
    """Return the same, out of reach where the target has no barriers."""
    found = triple_options(config, instrument)
    if has_barriers(config):
        return found
    return found | {"upper": OUT_OF_REACH, "lower": OUT_OF_REACH, "unit": "fixed"}


def sides_of(config: RunConfig) -> tuple[int, ...]:
    """Return the sides that may be traded."""
    signal = config.labels.signal
    if signal is None:
        return (BUY, SELL)
    return (BUY,) if signal.side == "long" else (SELL,)


def side_of(
    config: RunConfig, label: np.ndarray, proposed: np.ndarray | None
) -> np.ndarray:
    """Return the side that each label speaks for: +1, -1, or 0 for none.

    Parameters
    ----------
    config : RunConfig
    label : ndarray of int8
    proposed : ndarray of int8 or None
        Of meta-labels, the side of the trade that each judges.
    """
    labels = config.labels
    if proposed is not None:
        return (label * proposed).astype(np.int8)
    if labels.target == "triple_barrier":
        return label
    if labels.target == "direction":
        return np.where(label == 1, BUY, SELL).astype(np.int8)
    (side,) = sides_of(config)
    return (label * side).astype(np.int8)


def rule_text(config: RunConfig, instrument: Instrument) -> str:
    """Say in a few words what makes a label."""
    labels = config.labels
    if labels.target == "direction":
        return "price above the entry"
    if labels.signal is not None:
        return f"next {labels.signal.column}"
    barriers = barrier_settings(config, instrument)
    primary = labels.primary
    trade = "" if primary is None else f"trades of {primary.model.name} pay: "
    unit = unit_name(labels.unit, labels.atr_period)
    return f"{trade}+{barriers['upper']:g} / -{barriers['lower']:g} {unit}"


def execution_of(
    config: RunConfig, instrument: Instrument, horizon: int
) -> ExecutionContract:
    """Return the contract of the trade that the labels judge."""
    barriers = barrier_settings(config, instrument)
    return ExecutionContract(
        horizon,
        barriers["upper"],
        barriers["lower"],
        tick=instrument.tick_size if has_barriers(config) else 0.0,
        entry=barriers["entry"],
        session_end="carry" if barriers["session_end"] == "carry" else "flat",
        sides=barriers["sides"],
        touch=barriers["touch"],
        trade_through=barriers["trade_through"],
    )


def label_rule(config: RunConfig, instrument: Instrument) -> LabelRule:
    """Return the barriers of a config as columns of lagged labels read them."""
    settings = triple_options(config, instrument)
    hours: SessionHours = "regular" if config.data.session == "RTH" else "extended"
    return LabelRule(**settings, tick=instrument.tick_size, hours=hours)
