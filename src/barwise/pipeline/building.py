"""Which bars a config asks for, and how they are built from its source."""

from __future__ import annotations

from typing import Any

from barwise.bars import Bars, Instrument, QualityReport, format_interval
from barwise.bars.event_rule import TRADES, EventRule
from barwise.bars.intervals import parse_interval
from barwise.bars.prepare import prepare
from barwise.core.errors import ConfigError, DataError
from barwise.pipeline.config import RunConfig


def check_target(config: RunConfig, raw: Bars) -> None:
    """Refuse bars that cannot be built from the source."""
    target, name = config.target, config.data_path.name
    if isinstance(target, EventRule) and target.needs_volume and not raw.has_volume:
        raise ConfigError(
            f"{config.place('data', 'bars')}: bars of {target.text} need a traded "
            f"volume, and {name} has none (no such column, or zero on every row); use "
            "tick or tick_imbalance, or name the volume in data.columns"
        )
    if raw.rule not in (None, TRADES, target):
        raise ConfigError(
            f"{config.place('data', 'bars')}: {name} holds bars of {raw.length}, from "
            f"which bars of {target_text(target)} cannot be built; write bars: "
            f"{raw.rule.kind} and bar_size: {raw.rule.size:.15g}, or name the file that "
            "those were built from"
        )
    if isinstance(target, EventRule) or raw.interval is None:
        return
    if parse_interval(target) % raw.interval == 0:
        return
    have = format_interval(raw.interval)
    raise ConfigError(
        f"{config.place('data', 'interval')}: {config.data.interval} is no multiple of "
        f"{have}, which most rows of {name} are apart; use {have.replace(' ', '')} or a "
        "multiple of it"
    )


def target_text(target: str | EventRule) -> str:
    """Say what a bar is to hold: bars of ..."""
    return target.text if isinstance(target, EventRule) else target


def build_bars(
    raw: Bars,
    config: RunConfig,
    instrument: Instrument,
    interval: str | int | EventRule,
) -> tuple[Bars, QualityReport]:
    """Clean the rows of a source and build bars of an interval or a rule."""
    data = config.data
    policy: Any = data.policy  # its words were checked with the config
    try:
        return prepare(
            raw,
            interval=interval,
            session=data.session,
            session_applies=data.session_applies,
            gaps=data.gaps,
            policy=policy,
            instrument=instrument,
        )
    except DataError as problem:
        raise DataError(f"{config.data_path}: {problem}") from problem
