"""The labels that a config stands for, and as columns of lagged labels read them."""

from __future__ import annotations

from typing import Any

from barwise.bars import Instrument
from barwise.bars.sessions import SessionHours
from barwise.features import LabelRule
from barwise.pipeline.config import RunConfig


def barrier_settings(config: RunConfig, instrument: Instrument) -> dict[str, Any]:
    """Return the keyword arguments of ``triple_barrier`` that a config stands for."""
    labels = config.labels
    upper, lower = instrument.barriers
    settings = labels.model_dump(mode="json", exclude={"horizons"})
    return settings | {
        "horizon": list(labels.horizons),
        "upper": labels.upper or upper,
        "lower": labels.lower or lower,
    }


def label_rule(config: RunConfig, instrument: Instrument) -> LabelRule:
    """Return the labels of a config as columns of lagged labels read them."""
    settings = barrier_settings(config, instrument)
    del settings["horizon"]
    hours: SessionHours = "regular" if config.data.session == "RTH" else "extended"
    return LabelRule(**settings, tick=instrument.tick_size, hours=hours)
