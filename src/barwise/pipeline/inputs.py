"""From a config to bars, features and labels: stored steps, each computed once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from types import SimpleNamespace
from typing import Any, final

import numpy as np

from barwise.bars import Bars, Instrument, QualityReport, SessionTable
from barwise.bars.doubts import fault_doubts, source_doubts
from barwise.bars.event_rule import EventRule
from barwise.bars.prepare import sessions_of
from barwise.bars.session_filter import session_mask
from barwise.core.errors import ConfigError, DataError
from barwise.features.definition import Role
from barwise.labels import Labels, triple_barrier
from barwise.pipeline.building import build_bars, check_target, target_text
from barwise.pipeline.columns import Columns, Refused, choose_columns
from barwise.pipeline.config import RunConfig
from barwise.pipeline.features import (
    Fitted,
    features_step,
    fitted_of,
    fitting_rows,
    graph_of,
)
from barwise.pipeline.label_settings import barrier_settings
from barwise.pipeline.source import read_source, source_hashes
from barwise.pipeline.steps import Result, Step, Steps, source_version
from barwise.pipeline.store import Content
from barwise.trading.barrier_rows import barrier_width
from barwise.trading.costs import BUY, Costs

Notify = Callable[[str], None]

_BARS = (
    "barwise.core",
    "barwise.bars",
    "barwise.stream.event_bars",
    "barwise.defaults",
    "barwise.pipeline.building",
    "barwise.pipeline.inputs",
    "barwise.pipeline.source",
)
_LABELS = (
    *_BARS,
    "barwise.stream",
    "barwise.labels",
    "barwise.pipeline.label_settings",
    "barwise.trading.barrier_rows",
    "barwise.trading.costs",
)


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
    labels : mapping of int to SimpleNamespace
        By horizon, the arrays of :class:`barwise.labels.Labels`.
    width : ndarray of float64, shape (bar,)
        What the barrier multiples multiply, known at each close.
    addresses : mapping of str to str
        Of the stored ``bars``, ``features`` and ``labels``.
    doubts : tuple of str
        What speaks against the time zone or the label of the source.
    roll_invariant : mapping of str to bool
        Columns that a roll leaves no mark in; empty where the contract never changes.
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
    labels: Mapping[int, SimpleNamespace]
    width: np.ndarray
    addresses: Mapping[str, str]
    doubts: tuple[str, ...] = ()
    roll_invariant: Mapping[str, bool] = field(default_factory=dict)

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
        """Rows that may be decided on: inside the wanted hours and not filled."""
        return sample_mask(self.config, self.instrument, self.bars)


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
    stored = _bars_step(config, instrument, steps)
    bars, facts = _bars_of(stored.content), stored.content.value
    columns = columns_of(config, instrument, bars)
    notify("labelling")
    labels = _labels_step(config, instrument, bars, facts, stored.address, steps)
    by_horizon = _labels_of(labels.content)
    notify(f"computing {len(columns.names)} features of {len(bars):,} bars")
    graph = graph_of(config, columns)
    span = None
    if graph.unfitted:
        wanted = sample_mask(config, instrument, bars)
        span = fitting_rows(config, bars, wanted, by_horizon)
    own = None if columns.own is None else columns.own.hash
    features = features_step(graph, own, bars, span, stored.address, steps)
    return Inputs(
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
        labels=by_horizon,
        width=labels.content.arrays["width"],
        addresses={
            "bars": stored.address,
            "features": features.address,
            "labels": labels.address,
        },
        doubts=tuple(facts["doubts"]),
        roll_invariant=features.content.value["roll_invariant"],
    )


def columns_of(config: RunConfig, instrument: Instrument, bars: Bars) -> Columns:
    """Return the config's columns for these bars.

    Raises
    ------
    ConfigError
        If a column that is named needs a volume and the bars have none.
    """
    without = (
        f"{config.data_path.name} has none (no such column, or zero on every row); leave "
        "it out, or name the volume in data.columns"
    )
    has_volume = instrument.has_volume and bars.has_volume
    try:
        return choose_columns(config, has_volume=has_volume, without=without)
    except Refused as refused:
        raise ConfigError(
            "\n".join(f"{config.place(*key)}: {why}" for key, why in refused.problems)
        ) from refused


def _bars_step(config: RunConfig, instrument: Instrument, steps: Steps) -> Result:
    path = config.data_path
    elsewhere = {"path", "roll_adjustment"}
    settings = config.data.model_dump(mode="json", exclude=elsewhere)
    step = Step(
        "bars",
        source_version(*_BARS),
        {"data": settings, "instrument": _plain(instrument)},
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

    return steps.run(step, compute)


def _bars_of(content: Content) -> Bars:
    facts = content.value
    kept = {name: facts[name] for name in ("symbol", "interval", "prices", "simulated")}
    rule = EventRule.parse(facts["rule"]) if facts["rule"] else None
    columns: dict[str, Any] = {**content.arrays, **kept}
    return Bars(**columns, rule=rule)


def _labels_step(
    config: RunConfig,
    instrument: Instrument,
    bars: Bars,
    facts: Mapping[str, Any],
    address: str,
    steps: Steps,
) -> Result:
    settings = barrier_settings(config, instrument)
    longest = max(settings["horizon"])
    if longest >= len(bars):
        raise ConfigError(
            f"{config.place('labels', 'horizons')}: {longest} bars are longer than the "
            f"data, which have {len(bars):,} bars; take a shorter horizon or more data"
        )
    # Over the training share: no price of a later part may move what is learned from.
    seen = bars.close[: max(1, int(config.split.fractions[0] * len(bars)))]
    cost = costs_of(config, instrument).in_price(BUY) / float(np.median(seen))
    finer = facts["raw_interval"] > 0 and bars.interval != facts["raw_interval"]
    step = Step(
        "labels",
        source_version(*_LABELS),
        {
            "labels": settings,
            "fine": finer,
            "instrument": _plain(instrument),
            "cost": cost,
            "session": config.data.session,
        },
        {"bars": address} | (source_hashes(config) if finer else {}),
    )

    def compute() -> Content:
        fine = None
        if finer:
            raw, _ = read_source(config)
            fine, _ = build_bars(raw, config, instrument, facts["raw_interval"])
        found = triple_barrier(
            bars,
            **settings,
            tick=instrument.tick_size,
            fine=fine,
            sessions=trading_sessions(config, instrument, bars),
        )
        width = barrier_width(
            bars, unit=settings["unit"], period=settings["atr_period"]
        )
        arrays = {"width": width}
        for labels in found:
            for name, array in _arrays_of(labels.with_costs(cost)).items():
                arrays[f"{labels.horizon}.{name}"] = array
        return Content(arrays, sorted(settings["horizon"]))

    return steps.run(step, compute)


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


def _arrays_of(labels: Labels) -> dict[str, np.ndarray]:
    named = {field.name: getattr(labels, field.name) for field in fields(labels)}
    named["weight"] = labels.weight
    return {k: v for k, v in named.items() if isinstance(v, np.ndarray)}


def _labels_of(content: Content) -> dict[int, SimpleNamespace]:
    found: dict[int, SimpleNamespace] = {h: SimpleNamespace() for h in content.value}
    for key, array in content.arrays.items():
        horizon, _, name = key.rpartition(".")
        if horizon:
            setattr(found[int(horizon)], name, array)
    return found


def _plain(instrument: Instrument) -> dict[str, Any]:
    return {field.name: getattr(instrument, field.name) for field in fields(instrument)}
