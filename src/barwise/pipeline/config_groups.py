"""The groups of a run's settings: what each key means and which values it takes.

The text under a key is its only description: the JSON schema, the config that
``barwise init`` writes and the error messages all quote it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from barwise.bars.bars import PriceKind
from barwise.bars.calendars import CALENDARS, get_calendar
from barwise.bars.columns import FORMAT, TARGETS
from barwise.bars.contracts import RollRule
from barwise.bars.event_rule import EventKind
from barwise.bars.gaps import GapPolicy
from barwise.bars.instruments import InstrumentKind
from barwise.bars.intervals import parse_duration, parse_interval
from barwise.bars.policies import resolve_policy
from barwise.bars.prepare import SessionApplies
from barwise.bars.read import LabelSide
from barwise.bars.roll_adjust import RollAdjustment
from barwise.bars.roll_table import Roll, check_chain
from barwise.bars.session_filter import Session
from barwise.bars.timestamps import check_timezone
from barwise.core.arrays import MINUTE
from barwise.core.config import Settings
from barwise.core.errors import ConfigError

Count = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Text = Annotated[str, Field(min_length=1)]

T = TypeVar("T")


def unique(values: Sequence[T]) -> Sequence[T]:
    """Refuse a sequence that holds a value twice."""
    seen: dict[Any, int] = {}
    for position, value in enumerate(values):
        if value in seen:
            raise PydanticCustomError(
                "repeated",
                "must not repeat: entries {first} and {second} are the same; leave one out",
                {"first": seen[value] + 1, "second": position + 1},
            )
        seen[value] = position
    return values


def told(check: Callable[[Any], T], value: Any) -> T:
    """Let a lower folder check a value; its message is the message."""
    try:
        return check(value)
    except ConfigError as problem:
        raise PydanticCustomError("told", "{text}", {"text": str(problem)}) from problem


def _zone(name: str) -> str:
    told(check_timezone, name)
    return name


Zone = Annotated[str, AfterValidator(_zone)]
"""IANA name of a time zone."""


def _known(what: str, names: Iterable[str], known: Sequence[str]) -> None:
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
            raise PydanticCustomError(
                "unknown", "{text}", {"text": f"{name!r} is not {what}; {hint}"}
            )


class Group(Settings):
    """A group of settings whose field texts become descriptions."""

    model_config = ConfigDict(use_attribute_docstrings=True, allow_inf_nan=False)


class ContractFile(Group):
    """Bars of one futures contract."""

    contract: Text
    """Name of the contract, e.g. ESM4."""
    path: Path
    """File of its bars; relative to this file."""
    expiry: date | None = None
    """Last trading day, for roll_by: expiry."""


class DataConfig(Group):
    """Where the bars come from and how they are cleaned."""

    path: Path | None = None
    """File of bars, or of trades, for which label says nothing: CSV (plain, gz, zst),
    Parquet or Arrow; relative to this file. Null where the bars of each contract have a
    file of their own (contracts)."""
    label: LabelSide
    """Whether the source stamps a bar with its open or with its close."""
    timezone: Zone | None = None
    """Zone of the source's clock, e.g. America/Chicago; null takes the column's own
    zone, and a column without one is UTC."""
    columns: dict[str, str] = Field(default_factory=dict)
    """Our column name to the source's, where it is not recognised."""
    prices: PriceKind = "trade"
    """What the source quotes."""
    bars: Literal["time", EventKind] = "time"
    """What ends a bar: the time (interval), or an event: so many trades, so much volume
    or traded value, an imbalance of buying and selling."""
    bar_size: Positive | None = None
    """Size of an event bar: trades for tick and imbalance bars (there on average),
    volume, or price times volume for dollar bars; null for time bars."""
    interval: str = "5min"
    """Length of a bar after resampling: e.g. 1min, 5min, 1h or 1d."""
    session: Session = "all"
    """Hours to keep: every row, regular (RTH) or extended (ETH) hours."""
    session_applies: SessionApplies = "bars"
    """Whether the session filters bars, or only samples (overnight bars then still feed
    the features)."""
    gaps: GapPolicy = "ffill"
    """Time bars that are missing inside a session; interpolate looks into the future,
    so a model trained on it cannot go live."""
    policy: Annotated[
        Annotated[str, Tag("word")] | Annotated[dict[str, str], Tag("each")],
        Discriminator(lambda given: "each" if isinstance(given, dict) else "word"),
    ] = "repair"
    """What happens to bad rows: error, drop or repair for all, or an action (keep too)
    for each kind of finding; kinds that are not named are repaired."""

    contracts: (
        Annotated[
            Annotated[Text, Tag("word")]
            | Annotated[tuple[ContractFile, ...], Field(min_length=1), Tag("each")],
            Discriminator(lambda given: "word" if isinstance(given, str) else "each"),
        ]
        | None
    ) = None
    """Futures: one file a contract, in order of expiry; or a folder, or a pattern such
    as es/*.csv, of files whose names say the contract (ESM4, 202406)."""
    rolls: (
        Annotated[
            Annotated[Path, Tag("word")] | Annotated[tuple[Roll, ...], Tag("each")],
            Discriminator(
                lambda given: "each" if isinstance(given, list | tuple) else "word"
            ),
        ]
        | None
    ) = None
    """Futures: when one contract follows on another; a CSV or YAML file, or a list of
    session, from, to and, if known, old_close and new_close (or jump). Null: rolls by
    the rule roll_by where there are several contracts, else none."""
    roll_by: RollRule = "volume"
    """Rule that joins contracts: the session after a later one trades more, or days
    before expiry."""
    roll_days: Annotated[int, Field(ge=0)] = 8
    """Calendar days before expiry, for roll_by: expiry."""
    roll_adjustment: RollAdjustment = "ratio"
    """How features see prices of a later contract: on the scale of the first one by
    ratio or by difference, or as they were traded."""

    @field_validator("rolls")
    @classmethod
    def _rolls_in_order(cls, rolls: Path | tuple[Roll, ...] | None) -> Any:
        if isinstance(rolls, tuple):
            told(check_chain, rolls)
        return rolls

    @field_validator("contracts")
    @classmethod
    def _each_contract_once(cls, given: str | tuple[ContractFile, ...] | None) -> Any:
        if isinstance(given, tuple):
            unique([one.contract for one in given])
            unique([one.path for one in given])
        return given

    @field_validator("columns")
    @classmethod
    def _known_targets(cls, columns: dict[str, str]) -> dict[str, str]:
        _known("a column of bars", columns, (*TARGETS, FORMAT))
        return columns

    @field_validator("interval")
    @classmethod
    def _whole_minutes(cls, text: str) -> str:
        if told(parse_interval, text) % MINUTE:
            raise PydanticCustomError(
                "interval",
                "{text}",
                {"text": f"{text!r} is not a whole number of minutes, e.g. 5min"},
            )
        return text

    @field_validator("policy")
    @classmethod
    def _known_findings(cls, policy: Any) -> Any:
        told(resolve_policy, policy)
        return policy


class InstrumentConfig(Group):
    """A symbol of your own, or another contract specification for a known one."""

    kind: InstrumentKind
    """Kind of instrument."""
    calendar: Annotated[Text, Field(json_schema_extra={"enum": [*CALENDARS]})]
    """Name of the product calendar that gives its sessions."""
    tick_size: Positive
    """Smallest price step, in the quote currency."""
    multiplier: Positive = 1.0
    """Money that one point of price is worth, per contract or unit."""
    currency: Annotated[str, Field(pattern="^[A-Z]{3,5}$")] = "USD"
    """Currency of profit and loss."""
    has_volume: bool = True
    """Whether the source's volume means anything."""
    commission: NotNegative = 0.0
    """Currency per contract or unit and side."""
    slippage_ticks: NotNegative = 0.0
    """Ticks lost per side."""
    barriers: tuple[Positive, Positive]
    """Upper and lower barrier as multiples of ATR."""

    @field_validator("calendar")
    @classmethod
    def _known_calendar(cls, name: str) -> str:
        told(get_calendar, name)
        return name


class FeatureConfig(Group):
    """Which columns the models see."""

    set: str | None = "boosting_optimal"
    """Named set of columns (``barwise features list``); null takes only ``names``."""
    own: Path | None = None
    """Python file of your own features, whose columns ``names`` may then name; relative
    to this file."""
    names: tuple[Text, ...] = ()
    """Single columns, beside those of the set."""
    include: tuple[Text, ...] = ()
    """Keep only these columns: whole names, or what names start with; empty keeps all."""
    exclude: tuple[Text, ...] = ()
    """Leave out these columns: whole names, or what names start with."""
    importance: Path | None = None
    """Prior study that ranks columns, such as the metrics/feature_importance.json of a
    run, or a CSV with the columns feature and importance; with set: null its columns are
    the set. Relative to this file."""
    top: Count | None = None
    """How many columns to keep of those that the study ranks; columns under ``names``
    are kept beside them."""
    prune_correlated: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Leave out a column whose absolute correlation with an earlier one is above this on
    the training rows, e.g. 0.95; with a prior study the more important one stays."""


class ExternalTable(Group):
    """Values from outside the bars: another symbol, an index, an event calendar."""

    name: Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$")]
    """Name of the table in those of its columns: ext_NAME_COLUMN."""
    path: Path
    """File of the table: CSV with a header line, Parquet or Arrow; relative to this
    file."""
    known_at: Text
    """Column with the moment at which a row was known; a row counts from then on."""
    columns: tuple[Text, ...] = ()
    """Columns to take; their names become lower-case."""
    timezone: Zone | None = None
    """Zone of the table's clock, e.g. America/New_York; null takes the column's own zone,
    and a column without one is UTC."""
    delay: str | None = None
    """How much later than its timestamp a row is known, e.g. 5min for bars stamped with
    their open; needed where the timestamps are days alone."""
    event_time: Text | None = None
    """Column with the time of a scheduled event that known_at announced; it adds the
    columns minutes_to and minutes_since."""
    max_age: str | None = None
    """How long a row counts, e.g. 3d; null: until the next one."""

    @field_validator("delay", "max_age")
    @classmethod
    def _readable(cls, text: str | None, info: ValidationInfo) -> str | None:
        if text is not None:
            told(lambda value: parse_duration(value, str(info.field_name)), text)
        return text


class SplitConfig(Group):
    """Chronological training, validation and test parts."""

    fractions: tuple[Positive, Positive, Positive] = (0.70, 0.15, 0.15)
    """Shares of training, validation and test; they sum to 1."""
    purge: Annotated[int, Field(ge=0)] | None = None
    """Bars left out between parts; null is 3 times the largest horizon."""
    embargo: Annotated[int, Field(ge=0)] = 0
    """Further bars left out after a part."""

    @field_validator("fractions")
    @classmethod
    def _whole(cls, shares: tuple[float, ...]) -> tuple[float, ...]:
        total = math.fsum(shares)
        if abs(total - 1.0) > 1e-9:
            raise PydanticCustomError(
                "sum", "must sum to 1, but sum to {total}", {"total": f"{total:.12g}"}
            )
        return shares


class ScalingConfig(Group):
    """Scaling of the columns, fitted on training rows only."""

    method: Literal["robust", "standard", "none"] = "robust"
    """Median and IQR, mean and standard deviation, or nothing."""
    clip: Positive | None = 5.0
    """Limit in standard deviations; null clips nothing."""


class ModelChoice(Group):
    """A registered model and the settings that differ from its defaults."""

    name: Text
    """Registered name (``barwise models list``)."""
    config: dict[str, Any] = Field(default_factory=dict)
    """Settings of this model, over those of its own defaults file."""


def _named(choice: Any) -> Any:
    return {"name": choice} if isinstance(choice, str) else choice


NamedModel = Annotated[
    ModelChoice, BeforeValidator(_named, json_schema_input_type=str | ModelChoice)
]
"""A model by its name alone, or with a config."""


class BacktestConfig(Group):
    """The account that the backtest trades."""

    capital: Positive = 100_000.0
    """Starting capital in the instrument's currency."""
    quantity: Positive = 1.0
    """Contracts or units in a trade."""
    commission: NotNegative | None = None
    """Currency per contract or unit and side; null takes the symbol's own."""
    slippage_ticks: NotNegative | None = None
    """Ticks lost per side; null takes the symbol's own."""
