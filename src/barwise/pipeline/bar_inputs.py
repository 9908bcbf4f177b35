"""From a config to its bars: a stored step, and what trades and samples go by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, final

import numpy as np

from barwise.bars import Bars, Instrument, SessionTable
from barwise.bars.doubts import fault_doubts, source_doubts
from barwise.bars.event_rule import EventRule
from barwise.bars.prepare import sessions_of
from barwise.bars.session_filter import session_mask
from barwise.core.errors import DataError
from barwise.pipeline.building import build_bars, check_target, target_text
from barwise.pipeline.config import RunConfig
from barwise.pipeline.source import read_source, source_hashes
from barwise.pipeline.steps import Step, Steps, source_version
from barwise.pipeline.store import Content
from barwise.trading.costs import Costs

BARS_CODE = (
    "barwise.core",
    "barwise.bars",
    "barwise.stream.event_bars",
    "barwise.defaults",
    "barwise.pipeline.bar_inputs",
    "barwise.pipeline.building",
    "barwise.pipeline.source",
)


@final
@dataclass(frozen=True, eq=False)
class BarInputs:
    """The bars of a config, cleaned and built.

    Parameters
    ----------
    config : RunConfig
    instrument : Instrument
    bars : Bars
    facts : mapping
        ``quality`` (of the source), ``raw_rows``, ``raw_interval`` (nanoseconds; 0 for
        trades and event bars), ``doubts``.
    address : str
        Of the stored bars.
    """

    config: RunConfig
    instrument: Instrument
    bars: Bars
    facts: Mapping[str, Any]
    address: str

    @property
    def finer(self) -> bool:
        """Whether the source has finer bars than those decided on."""
        raw: int = self.facts["raw_interval"]
        return raw > 0 and self.bars.interval != raw

    def finer_bars(self) -> Bars | None:
        """Read the source's own bars, which decide ties; None where there are none."""
        if not self.finer:
            return None
        raw, _ = read_source(self.config)
        interval = self.facts["raw_interval"]
        return build_bars(raw, self.config, self.instrument, interval)[0]

    @property
    def sessions(self) -> SessionTable:
        """Sessions at whose end a trade is closed."""
        return trading_sessions(self.config, self.instrument, self.bars)


def prepare_bars(config: RunConfig, steps: Steps) -> BarInputs:
    """Read, clean and build the bars, or find them.

    Raises
    ------
    ConfigError
        If a setting cannot work with these data.
    DataError
        If the data break a rule.
    """
    instrument = config.traded()
    content, address = _bars_step(config, instrument, steps)
    return BarInputs(config, instrument, _bars_of(content), content.value, address)


def sample_mask(config: RunConfig, instrument: Instrument, bars: Bars) -> np.ndarray:
    """Return which rows may be decided on: inside the wanted hours and not filled."""
    sessions = sessions_of(bars, instrument.calendar)
    return session_mask(bars.time, sessions, config.data.session) & ~bars.filled


def trading_sessions(
    config: RunConfig, instrument: Instrument, bars: Bars
) -> SessionTable:
    """Return the sessions at whose end a trade is closed."""
    sessions = sessions_of(bars, instrument.calendar)
    return sessions.regular() if config.data.session == "RTH" else sessions


def _bars_step(
    config: RunConfig, instrument: Instrument, steps: Steps
) -> tuple[Content, str]:
    path = config.data_path
    elsewhere = {"path", "roll_adjustment"}
    settings = config.data.model_dump(mode="json", exclude=elsewhere)
    step = Step(
        "bars",
        source_version(*BARS_CODE),
        {"data": settings, "instrument": plain_facts(instrument)},
        source_hashes(config),
    )

    def compute() -> Content:
        raw, undecided = read_source(config)
        check_target(config, raw)
        bars, quality = build_bars(raw, config, instrument, config.target)
        if not len(bars):
            raise DataError(
                f"{path}: no bar is left of {len(raw):,} rows after cleaning, the "
                f"session filter (data.session: {config.data.session}) and building "
                f"bars of {target_text(config.target)}; 'barwise data check "
                f"{config.file or path}' says why"
            )
        facts = {
            "symbol": bars.symbol,
            "interval": bars.interval,
            "rule": None if bars.rule is None else str(bars.rule),
            "prices": bars.prices,
            "simulated": bars.simulated,
            "quality": quality.with_findings(undecided).to_dict(),
            "raw_rows": len(raw),
            "raw_interval": raw.interval or 0,
            "doubts": [
                *source_doubts(raw, instrument),
                *fault_doubts(quality),
            ],
        }
        return Content(bars.columns(), facts)

    made = steps.run(step, compute)
    return made.content, made.address


def _bars_of(content: Content) -> Bars:
    facts = content.value
    kept = {name: facts[name] for name in ("symbol", "interval", "prices", "simulated")}
    rule = EventRule.parse(facts["rule"]) if facts["rule"] else None
    columns: dict[str, Any] = {**content.arrays, **kept}
    return Bars(**columns, rule=rule)


def costs_of(config: RunConfig, instrument: Instrument) -> Costs:
    """Return the costs of a fill: the config's, else the instrument's."""
    known, wanted = instrument, config.backtest
    return Costs.for_instrument(
        replace(
            known,
            commission=known.commission
            if wanted.commission is None
            else wanted.commission,
            slippage_ticks=known.slippage_ticks
            if wanted.slippage_ticks is None
            else wanted.slippage_ticks,
        ),
        prices=config.data.prices,
    )


def plain_facts(instrument: Instrument) -> dict[str, Any]:
    """Return what is known of an instrument as JSON values."""
    return {field.name: getattr(instrument, field.name) for field in fields(instrument)}
