"""The bars of a config, without a store."""

from __future__ import annotations

from barwise.bars.bars import Bars
from barwise.pipeline.building import build_bars, check_target
from barwise.pipeline.config import RunConfig
from barwise.pipeline.source import read_source


def bars_of_config(config: RunConfig) -> Bars:
    """Return the cleaned bars that a run of the config would compute features from.

    Raises
    ------
    ConfigError
        If a setting contradicts the source.
    DataError
        If the source cannot be read.
    """
    raw, _ = read_source(config)
    check_target(config, raw)
    return build_bars(raw, config, config.traded(), config.target)[0]
