"""One YAML file a run: the settings as one object, and the rules that join them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    Field,
    PrivateAttr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from barwise.bars.event_rule import EventRule
from barwise.bars.instruments import Instrument, get_instrument
from barwise.core.errors import ConfigError
from barwise.core.hashing import hash_json
from barwise.pipeline.config_groups import (
    BacktestConfig,
    Count,
    DataConfig,
    ExternalTable,
    FeatureConfig,
    Group,
    InstrumentConfig,
    ModelChoice,
    NamedModel,
    ScalingConfig,
    SplitConfig,
    Text,
    unique,
)
from barwise.pipeline.config_rules import RULES
from barwise.pipeline.label_config import LabelConfig
from barwise.pipeline.marked_yaml import Key, dotted

# Says where, never what comes out.
_NOT_IN_HASH = {"output"}


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
    external: tuple[ExternalTable, ...] = ()
    """Tables from outside the bars, whose columns features.names may name."""
    labels: LabelConfig = LabelConfig()
    """How a trade is judged."""
    split: SplitConfig = SplitConfig()
    """Chronological training, validation and test parts."""
    scaling: ScalingConfig = ScalingConfig()
    """Scaling of the columns, fitted on training rows only."""
    models: Annotated[tuple[NamedModel, ...], Field(min_length=1)] = (
        ModelChoice(name="lightgbm"),
    )
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

    @field_validator("external")
    @classmethod
    def _each_table_once(cls, tables: tuple[ExternalTable, ...]) -> Any:
        unique([table.name for table in tables])
        return tables

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
        return config.placed(path, lines)

    def placed(self, path: Path, lines: Mapping[Key, int]) -> RunConfig:
        """Remember the file that the settings were read from, and where each stands."""
        self._folder, self._file, self._lines = path.parent, path, lines
        return self

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
