"""The rules that join settings of several groups."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from barwise.bars.event_rule import EventRule
from barwise.bars.instruments import get_instrument, instruments
from barwise.core.errors import ConfigError
from barwise.pipeline.label_rules import LABEL_RULES
from barwise.pipeline.rule import Rule

if TYPE_CHECKING:
    from barwise.pipeline.config import RunConfig


def _purge_reaches(config: RunConfig) -> str | None:
    largest = max(config.labels.horizons)
    if config.split.purge is None or config.split.purge >= 3 * largest:
        return None
    return (
        f"{config.split.purge} is less than 3 times the largest horizon ({largest}), so "
        "labels of one part could reach into the next; "
        f"use {3 * largest} or more, or leave the key out"
    )


def _columns_chosen(config: RunConfig) -> str | None:
    wanted = config.features
    if wanted.set is not None or wanted.names or wanted.importance is not None:
        return None
    return (
        "null together with no features.names leaves no column; "
        "name a set (barwise features list) or list columns under features.names"
    )


def _study_counted(config: RunConfig) -> str | None:
    wanted = config.features
    if (wanted.importance is None) == (wanted.top is None):
        return None
    return (
        "has no effect without features.importance, the file that ranks columns"
        if wanted.importance is None
        else "is missing beside features.importance; say how many columns to keep"
    )


def _session_filters(config: RunConfig) -> str | None:
    if config.data.session != "all" or config.data.session_applies == "bars":
        return None
    return (
        "'samples' has no effect with data.session: all; "
        "use session: RTH or ETH, or leave the key out"
    )


def _one_source(config: RunConfig) -> str | None:
    data = config.data
    if data.path is None and data.contracts is None:
        return "is missing; add it (file of bars), or data.contracts (one a contract)"
    if data.path is not None and data.contracts is not None:
        return (
            f"{str(data.path)!r} stands beside data.contracts; keep the one that the bars "
            "come from"
        )
    return None


def _expiries_known(config: RunConfig) -> str | None:
    data = config.data
    if data.roll_by == "volume" or data.rolls is not None:
        return None
    if isinstance(data.contracts, tuple):
        bare = [one.contract for one in data.contracts[:-1] if one.expiry is None]
        if not bare:
            return None
        return (
            f"'expiry' needs the last trading day of {', '.join(bare)}; add expiry: to "
            "their entries in data.contracts, or use roll_by: volume"
        )
    return (
        "'expiry' needs the last trading day of each contract; list them in "
        "data.contracts ([{contract: ESM4, path: ..., expiry: 2024-06-21}, ...]), or use "
        "roll_by: volume"
    )


def _size_given(config: RunConfig) -> str | None:
    data = config.data
    if data.bars == "time":
        if data.bar_size is None:
            return None
        return (
            f"{data.bar_size:g} has no effect on time bars, whose length is "
            "data.interval; leave it out, or choose an event under data.bars"
        )
    if data.bar_size is None:
        return f"is missing, and data.bars: {data.bars} needs it, e.g. bar_size: 1000"
    try:
        EventRule(data.bars, data.bar_size)
    except ConfigError as problem:
        return str(problem)
    return None


def _gaps_there(config: RunConfig) -> str | None:
    if config.data.gaps != "interpolate" or config.data.bars == "time":
        return None
    return (
        f"'interpolate' has no effect with data.bars: {config.data.bars}, because event "
        "bars have no gaps; leave the key out"
    )


def _symbol_known(config: RunConfig) -> str | None:
    if config.instrument is not None:
        return None
    try:
        get_instrument(config.symbol)
    except ConfigError:
        near = get_close_matches(config.symbol.upper(), list(instruments()), n=1)
        hint = f"; did you mean {near[0]}?" if near else "."
        return (
            f"{config.symbol!r} is not one of {', '.join(instruments())}{hint} "
            "A symbol of your own needs the group instrument"
        )
    return None


RULES = (
    *LABEL_RULES,
    Rule("symbol", ("symbol", "instrument"), _symbol_known),
    Rule("data.path", ("data.path", "data.contracts"), _one_source),
    Rule(
        "data.roll_by",
        ("data.roll_by", "data.rolls", "data.contracts"),
        _expiries_known,
    ),
    Rule("split.purge", ("split.purge", "labels.horizons"), _purge_reaches),
    Rule(
        "features.set",
        ("features.set", "features.names", "features.importance"),
        _columns_chosen,
    ),
    Rule("features.top", ("features.importance", "features.top"), _study_counted),
    Rule("data.bar_size", ("data.bars", "data.bar_size"), _size_given),
    Rule("data.gaps", ("data.bars", "data.gaps"), _gaps_there),
    Rule(
        "data.session_applies",
        ("data.session_applies", "data.session"),
        _session_filters,
    ),
)
