"""The settings of a run's labels."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator

from barwise.bars.intervals import parse_duration
from barwise.pipeline.config_groups import (
    Count,
    Group,
    NamedModel,
    Positive,
    Text,
    Zone,
    told,
    unique,
)


class SignalConfig(Group):
    """A column of 0 and 1 that becomes the target, one bar later."""

    path: Path
    """File with the column; relative to this file."""
    column: Text
    """Name of the column: 0 or 1, empty where there is no signal."""
    known_at: Text
    """Name of the column with the close of the bar that a row belongs to."""
    timezone: Zone | None = None
    """Zone of its timestamps without one; null is UTC."""
    delay: str | None = None
    """How much later than its stamp the bar closes, e.g. 5min where stamps are opens."""
    known_after: Annotated[int, Field(ge=0)] = 0
    """Bars after its own at whose close a value is known: 0 for a signal of past bars,
    h for one that looks h bars ahead."""
    side: Literal["long", "short"] = "long"
    """What is traded on a 1."""

    @field_validator("delay")
    @classmethod
    def _duration(cls, text: str | None) -> str | None:
        if text is not None:
            told(lambda given: parse_duration(given, "delay"), text)
        return text


class WeightConfig(Group):
    """What a training sample weighs: the product of these, with mean 1."""

    quality: bool = True
    """0.5 + quality: how fast and how clearly the market gave the label."""
    uniqueness: bool = True
    """Mean of 1 / number of open labels over the bars of the label."""
    time_decay: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Weight of the oldest sample beside the newest, linear in the uniqueness that has
    passed; 1 is no decay. Weights of classes are a model's own (class_weight)."""


class PrimaryConfig(Group):
    """The model whose trades meta-labels judge. It is fitted anew in every fold."""

    model: NamedModel
    """Its name, or a name with a config; it predicts which barrier is hit first."""
    folds: Annotated[int, Field(ge=2)] = 5
    """Purged folds of the training rows, each proposed for by a model of the others."""
    embargo: Annotated[int, Field(ge=0)] | None = None
    """Bars after such a fold; null is 1440 of five minutes, else five session days."""


class LabelConfig(Group):
    """What a sample's target is, and which rows are samples."""

    target: Literal["triple_barrier", "direction", "signal", "meta"] = "triple_barrier"
    """What is predicted: which barrier is hit first; whether the price is higher at the
    horizon; the next value of a signal of your own; or whether the trade that a primary
    model proposes earns more than it costs."""
    horizons: Annotated[tuple[Count, ...], Field(min_length=1)] = (5, 10, 15, 20)
    """Bars until a trade is closed, one data set for each."""
    upper: Positive | None = None
    """Upper barrier, in units that the key unit chooses; null takes the symbol's own."""
    lower: Positive | None = None
    """Lower barrier, in the same units; null takes the symbol's own."""
    atr_period: Annotated[int, Field(ge=2)] = 14
    """Bars of the average true range that sizes the barriers."""
    unit: Literal["atr", "volatility", "fixed"] = "atr"
    """Unit of the barriers: average true range, rolling volatility, or price."""
    touch: Literal["high_low", "close"] = "high_low"
    """Prices that can touch a barrier."""
    entry: Literal["next_open", "close"] = "next_open"
    """Fill of the entry: the next bar's open, or the close of the deciding bar."""
    sides: Literal["long", "both"] = "long"
    """Label by the long trade alone, or by which trade hit its target first."""
    session_end: Literal["flat", "carry", "invalid"] = "flat"
    """A trade still open at the session's last close: exit, carry, or no label."""
    trade_through: bool = False
    """Whether a target fills only when the price goes beyond it."""
    signal: SignalConfig | None = None
    """Where the column is, for target: signal."""
    primary: PrimaryConfig | None = None
    """The model that proposes trades, for target: meta."""
    events: Literal["all", "cusum"] = "all"
    """Bars that are samples: all, or those in which the price has moved enough since the
    last one (CUSUM filter)."""
    event_threshold: Positive = 2.0
    """Move that makes an event, in standard deviations of one-bar log returns."""
    event_period: Annotated[int, Field(ge=2)] = 100
    """Bars that this standard deviation covers."""
    weights: WeightConfig = WeightConfig()
    """What a training sample weighs."""

    @field_validator("horizons")
    @classmethod
    def _each_once(cls, horizons: tuple[int, ...]) -> tuple[int, ...]:
        unique(horizons)
        return horizons
