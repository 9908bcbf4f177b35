"""One YAML file a run: the settings as one object, and the rules that join them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    BeforeValidator,
    Field,
    PrivateAttr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from barwise.bars.event_rule import EventRule
from barwise.bars.instruments import Instrument, get_instrument, instruments
from barwise.core.errors import ConfigError
from barwise.core.hashing import hash_json
from barwise.pipeline.config_groups import (
    BacktestConfig,
    Count,
    DataConfig,
    FeatureConfig,
    Group,
    InstrumentConfig,
    LabelConfig,
    ModelChoice,
    ScalingConfig,
    SplitConfig,
    Text,
    unique,
)
from barwise.pipeline.marked_yaml import Key, dotted

# Says where, never what comes out.
_NOT_IN_HASH = {"output"}


def _named(choice: Any) -> Any:
    return {"name": choice} if isinstance(choice, str) else choice


class RunConfig(Group):
    """Everything that one run of one symbol depends on.

    Build it from a file with :meth:`read`, or from Python values. Paths are relative
    to the file, or to the working folder where there is none.

    Examples
    --------
    >>> config = RunConfig(
    ...     symbol="MES",
    ...     data={"path": "mes.csv", "label": "open", "timezone": "America/Chicago"},
    ...     models=["lightgbm"],
    ... )
    >>> config.labels.horizons, config.purge
    ((5, 10, 15, 20), 60)
    """

    symbol: Text
    """Instrument of this run, e.g. MES or EURUSD."""
    data: DataConfig
    """Where the bars come from and how they are cleaned."""
    instrument: InstrumentConfig | None = None
    """Only for a symbol that barwise does not know, or to override its contract."""
    features: FeatureConfig = FeatureConfig()
    """Which columns the models see."""
    labels: LabelConfig = LabelConfig()
    """How a trade is judged."""
    split: SplitConfig = SplitConfig()
    """Chronological training, validation and test parts."""
    scaling: ScalingConfig = ScalingConfig()
    """Scaling of the columns, fitted on training rows only."""
    models: Annotated[
        tuple[
            Annotated[
                ModelChoice,
                BeforeValidator(_named, json_schema_input_type=str | ModelChoice),
            ],
            ...,
        ],
        Field(min_length=1),
    ] = (ModelChoice(name="lightgbm"),)
    """Models to train: names (``barwise models list``), or a name with a config."""
    sequence_length: Count = 60
    """Bars in a window of a sequence model."""
    backtest: BacktestConfig = BacktestConfig()
    """The account that the backtest trades."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 42
    """Seed of everything random."""
    threads: Count | None = None
    """Threads of training; null takes each model's own number. Another number can
    change the last bits of a result."""
    output: Path = Field(Path("experiments"), validate_default=False)
    """Folder of runs and reports; relative to this file."""

    _folder: Path = PrivateAttr(default_factory=Path)
    _file: Path | None = PrivateAttr(None)
    _lines: Mapping[Key, int] = PrivateAttr(default_factory=dict)

    @field_validator("models")
    @classmethod
    def _each_model_once(cls, models: tuple[ModelChoice, ...]) -> Any:
        unique([hash_json(model.model_dump(mode="json")) for model in models])
        return models

    @model_validator(mode="after")
    def _agree(self) -> RunConfig:
        broken = [(rule.at, rule.broken(self)) for rule in RULES]
        texts = "; ".join(f"{key}: {text}" for key, text in broken if text)
        if texts:
            raise PydanticCustomError("disagree", "{texts}", {"texts": texts})
        return self

    @classmethod
    def read(cls, path: str | Path) -> RunConfig:
        """Read a YAML file.

        Raises
        ------
        ConfigError
            Naming file, line, key, value and the fix of every problem in the file.
        """
        from barwise.pipeline.config_file import read_settings

        path = Path(path)
        config, lines = read_settings(path)
        config._folder, config._file, config._lines = path.parent, path, lines
        return config

    @property
    def file(self) -> Path | None:
        """The YAML file that the settings were read from."""
        return self._file

    def place(self, *key: str | int) -> str:
        """Say where a setting stands, for a message: file and line, where there are.

        Examples
        --------
        >>> RunConfig(symbol="MES", data={"path": "mes.csv", "label": "open"}).place(
        ...     "features", "names", 0
        ... )
        'features.names[0]'
        """
        standing = key
        while standing and standing not in self._lines:
            standing = standing[:-1]
        if not standing:
            return dotted(key)
        return f"{self._file}:{self._lines[standing]}: {dotted(key)}"

    def replace(self, **changes: Any) -> RunConfig:
        """Return a copy with top-level settings changed, checked like a new one.

        Raises
        ------
        ConfigError
            Naming key, value and rule of everything that is wrong.
        """
        try:
            changed = type(self).model_validate(self.model_dump() | changes)
        except ValidationError as error:
            wrong = error.errors(include_url=False)
            lines = [f"{dotted(one['loc'])}: {one['msg']}" for one in wrong]
            raise ConfigError("\n".join(line.lstrip(": ") for line in lines)) from error
        changed._folder, changed._file = self._folder, self._file
        changed._lines = {
            key: line for key, line in self._lines.items() if {*key[:1]} - {*changes}
        }
        return changed

    @property
    def data_path(self) -> Path:
        """The file of bars, or the place of those of contracts, from the working folder."""
        data = self.data
        if isinstance(data.contracts, tuple):
            return (self._folder / data.contracts[0].path).parent
        return self._folder / (data.path or data.contracts or "")

    def from_folder(self, path: Path) -> Path:
        """Return a path of the settings, from the working folder."""
        return self._folder / path

    @property
    def own_path(self) -> Path | None:
        """The file of the user's own features, from the working folder."""
        own = self.features.own
        return None if own is None else self._folder / own

    @property
    def importance_path(self) -> Path | None:
        """The file of a prior study of importance, from the working folder."""
        path = self.features.importance
        return None if path is None else self._folder / path

    @property
    def target(self) -> str | EventRule:
        """What ends a bar: the interval of time bars, or the rule of event bars."""
        data = self.data
        if data.bars == "time" or data.bar_size is None:
            return data.interval
        return EventRule(data.bars, data.bar_size)

    @property
    def output_path(self) -> Path:
        """The folder of runs and reports, from the working folder."""
        return self._folder / self.output

    @property
    def purge(self) -> int:
        """Bars left out between parts."""
        return (
            3 * max(self.labels.horizons)
            if self.split.purge is None
            else self.split.purge
        )

    @property
    def offline_only(self) -> bool:
        """Whether a setting looks into the future, so that no model can go live."""
        return self.data.gaps == "interpolate"

    def traded(self) -> Instrument:
        """The contract facts of the symbol: the config's own, or the known ones."""
        if self.instrument is None:
            return get_instrument(self.symbol)
        facts = self.instrument.model_dump()
        return Instrument(symbol=self.symbol, name=self.symbol, **facts)

    def hash(self) -> str:
        """Return the SHA-256 of every setting that can change a result.

        Where results are written is left out.
        """
        return hash_json(self.model_dump(mode="json", exclude=_NOT_IN_HASH))


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


def _barriers_sized(config: RunConfig) -> str | None:
    labels = config.labels
    if labels.unit == "atr" or (labels.upper is not None and labels.lower is not None):
        return None
    return (
        f"{labels.unit!r} needs labels.upper and labels.lower, because a symbol's own "
        "barriers are multiples of ATR; set both, or use unit: atr"
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


@dataclass(frozen=True)
class Rule:
    """Settings of several groups that have to agree.

    Parameters
    ----------
    at : str
        Dotted key that an error points to.
    needs : tuple of str
        Dotted keys that ``broken`` reads.
    broken : callable
        Returns what is wrong and the way out, or None.
    """

    at: str
    needs: tuple[str, ...]
    broken: Callable[[RunConfig], str | None]


RULES = (
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
    Rule(
        "labels.unit", ("labels.unit", "labels.upper", "labels.lower"), _barriers_sized
    ),
    Rule("data.bar_size", ("data.bars", "data.bar_size"), _size_given),
    Rule("data.gaps", ("data.bars", "data.gaps"), _gaps_there),
    Rule(
        "data.session_applies",
        ("data.session_applies", "data.session"),
        _session_filters,
    ),
)
