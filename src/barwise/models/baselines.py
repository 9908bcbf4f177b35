"""What any score must be compared with: models that know next to nothing.

They look at class frequencies, the clock, one volatility column or the label before,
and show what those alone are worth.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from pydantic import Field, field_validator

from barwise.core.arrays import DAY, HOUR, MINUTE
from barwise.core.errors import DataError
from barwise.models.artefacts import pack_arrays, unpack_arrays
from barwise.models.base import BaseModel, Progress
from barwise.models.examples import Examples
from barwise.models.inputs import Inputs
from barwise.models.registry import ModelRegistry
from barwise.models.settings import ModelSettings

_FILE = "baseline.npz"


class _Table(BaseModel):
    """A model that consists of a few arrays and reads missing values as it likes."""

    requires_scaling = False
    reads_missing = True

    def __init__(self, config: Mapping[str, Any] | None = None) -> None:
        super().__init__(config)
        self._arrays: dict[str, np.ndarray] = {}

    def _dump(self) -> tuple[dict[str, Any], dict[str, bytes]]:
        return {}, {_FILE: pack_arrays(self._arrays)}

    def _restore(self, state: Mapping[str, Any], files: Mapping[str, bytes]) -> None:
        del state
        self._arrays = unpack_arrays(files[_FILE])

    def _constant(self, inputs: Inputs, row: np.ndarray) -> np.ndarray:
        return np.tile(row, (len(inputs), 1))


def _frequencies(train: Examples) -> np.ndarray:
    totals = np.bincount(
        train.columns, weights=train.weights, minlength=train.n_classes
    )
    if totals.sum() == 0:
        raise DataError("all sample weights are 0; a model needs some weight")
    return totals / totals.sum()


@ModelRegistry.register(
    name="majority",
    family="baseline",
    description="Always the most frequent class of the training rows",
)
@final
class Majority(_Table):
    """Always the class that weighs most in training, with certainty."""

    settings_type = ModelSettings

    def _fit(self, train: Examples, val: Examples | None) -> Progress:
        del val
        self._arrays = {"row": np.eye(train.n_classes)[_frequencies(train).argmax()]}
        return Progress()

    def _score(self, inputs: Inputs) -> np.ndarray:
        return self._constant(inputs, self._arrays["row"])


@ModelRegistry.register(
    name="always_long",
    family="baseline",
    description="Always long, with certainty",
)
@final
class AlwaysLong(_Table):
    """Always the class +1, with certainty: what holding the instrument is worth."""

    settings_type = ModelSettings

    def _fit(self, train: Examples, val: Examples | None) -> Progress:
        del train, val
        return Progress()

    def _score(self, inputs: Inputs) -> np.ndarray:
        return self._constant(inputs, np.array(self.classes) == 1).astype(np.float64)


@ModelRegistry.register(
    name="prior",
    family="baseline",
    description="Class frequencies of the training rows; classes drawn from them",
)
@final
class Prior(_Table):
    """The training frequencies as probabilities, the class drawn from them.

    A draw is a function of the seed and of the row's own values, so it does not depend
    on the rows beside it.
    """

    settings_type = ModelSettings

    def _fit(self, train: Examples, val: Examples | None) -> Progress:
        del val
        self._arrays = {"row": _frequencies(train)}
        return Progress()

    def _score(self, inputs: Inputs) -> np.ndarray:
        return self._constant(inputs, self._arrays["row"])

    def _choose(self, probabilities: np.ndarray, inputs: Inputs) -> np.ndarray:
        edges = probabilities.cumsum(axis=1)
        draws = _uniform(inputs.gather(), self.settings.random_seed) * edges[:, -1]
        return (draws[:, None] >= edges[:, :-1]).sum(axis=1)


def _uniform(rows: np.ndarray, seed: int) -> np.ndarray:
    """One number in [0, 1) a row, from its bits (SplitMix64; Steele et al., 2014)."""
    bits = np.ascontiguousarray(rows, dtype=np.float32).view(np.uint32)
    state = np.full(len(rows), seed, dtype=np.uint64)
    for column in bits.T:
        state = _mix(state ^ column.astype(np.uint64))
    return (state >> np.uint64(11)) * 2.0**-53


def _mix(state: np.ndarray) -> np.ndarray:
    state = state + np.uint64(0x9E3779B97F4A7C15)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))


@final
@dataclass(frozen=True, eq=False)
class LabelHistory:
    """Labels with the moments at which they became known.

    Parameters
    ----------
    end_times : ndarray of int64, shape (n,)
        Nanoseconds UTC at which each label was known; any order.
    labels : ndarray of int, shape (n,)
        Classes.
    """

    end_times: np.ndarray
    labels: np.ndarray


class SmoothedSettings(ModelSettings):
    """Settings of a table of frequencies.

    Parameters
    ----------
    smoothing : float
        Weight, in rows, of the overall class frequencies in every cell.
    """

    smoothing: Annotated[float, Field(gt=0)]


def _table(
    cells: np.ndarray, n_cells: int, train: Examples, weight: float
) -> np.ndarray:
    counts = np.zeros((n_cells, train.n_classes))
    np.add.at(counts, (cells, train.columns), train.weights)
    counts += weight * _frequencies(train)
    return counts / counts.sum(axis=1, keepdims=True)


@ModelRegistry.register(
    name="previous_label",
    family="baseline",
    description="The last label that was known when the row was",
)
@final
class PreviousLabel(_Table):
    """The last label already known at the row's time.

    A label is known at its end, not at its row: a row at ``t`` sees labels with
    ``end <= t`` only. Predictions repeat that label; probabilities are how often each
    class followed it in training. Rows before any known label are not scored.

    Parameters
    ----------
    config : mapping, optional
        Settings.
    history : LabelHistory, optional
        Labels beyond the training rows, such as those of the validation part; each is
        used from its end on. Without it the last training label stays the last.
    """

    settings_type = SmoothedSettings
    settings: SmoothedSettings

    def __init__(
        self,
        config: Mapping[str, Any] | None = None,
        *,
        history: LabelHistory | None = None,
    ) -> None:
        super().__init__(config)
        self._history = history

    def _fit(self, train: Examples, val: Examples | None) -> Progress:
        del val
        ends = train.inputs.label_end_times
        if ends is None:
            raise DataError(
                "previous_label needs the time and the label end of every row; give it "
                "Samples instead of an array"
            )
        columns = train.columns
        if self._history is not None:
            ends = np.concatenate((ends, self._history.end_times))
            columns = np.concatenate((columns, self._columns(self._history.labels)))
        order = np.argsort(ends, kind="stable")
        self._arrays = {"ends": ends[order], "columns": columns[order]}
        before = self._before(train.inputs)
        seen = np.flatnonzero(before >= 0)
        self._arrays["table"] = _table(
            before[seen], train.n_classes, train.take(seen), self.settings.smoothing
        )
        return Progress()

    def _score(self, inputs: Inputs) -> np.ndarray:
        before = self._before(inputs)
        scores = self._arrays["table"][before]
        scores[before < 0] = np.nan
        return scores

    def _choose(self, probabilities: np.ndarray, inputs: Inputs) -> np.ndarray:
        del probabilities
        return self._before(inputs)

    def _before(self, inputs: Inputs) -> np.ndarray:
        times = _times(inputs, self.name)
        last = np.searchsorted(self._arrays["ends"], times, side="right") - 1
        return np.where(last >= 0, self._arrays["columns"][last], -1)

    def _columns(self, labels: np.ndarray) -> np.ndarray:
        labels = np.asarray(labels)
        wrong = np.flatnonzero(~np.isin(labels, self.classes))
        if len(wrong):
            raise DataError(
                f"history.labels[{wrong[0]}] is {labels[wrong[0]]}, which is none of the "
                f"classes {list(self.classes)}"
            )
        return np.searchsorted(np.array(self.classes), labels)


class TimeOfDaySettings(SmoothedSettings):
    """Settings of ``time_of_day``.

    Parameters
    ----------
    bucket_minutes : int
        Length of a bucket of the day, in minutes.
    timezone : str
        Zone whose wall clock the day follows, daylight saving included.
    volatility_columns : tuple of str
        The first of these features that is present joins the clock; none is fine.
    volatility_groups : int
        Groups of equal size into which training values of that feature are cut.
    """

    bucket_minutes: Annotated[int, Field(ge=1, le=1440)]
    timezone: str
    volatility_columns: tuple[str, ...]
    volatility_groups: Annotated[int, Field(ge=1)]

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, timezone: str) -> str:
        try:
            ZoneInfo(timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as problem:
            raise ValueError(f"no such time zone ({problem})") from None
        return timezone


@ModelRegistry.register(
    name="time_of_day",
    family="baseline",
    description="Class frequencies by time of day and volatility",
)
@final
class TimeOfDay(_Table):
    """Class frequencies in each cell of time of day x volatility group.

    Seasonal volatility alone makes barrier labels predictable (a driftless walk reaches
    macro-F1 0.4), so a model has to beat this table. A row without a volatility value
    falls into a group of its own.
    """

    settings_type = TimeOfDaySettings
    settings: TimeOfDaySettings

    def _fit(self, train: Examples, val: Examples | None) -> Progress:
        del val
        values = self._volatility(train.inputs)
        known = values[~np.isnan(values)]
        groups = self.settings.volatility_groups
        shares = np.arange(1, groups) / groups
        edges = np.quantile(known, shares) if len(known) else np.zeros(0)
        self._arrays = {"edges": edges}
        buckets = -(-DAY // (self.settings.bucket_minutes * MINUTE))
        self._arrays["table"] = _table(
            self._cells(train.inputs),
            buckets * (groups + 1),
            train,
            self.settings.smoothing,
        )
        return Progress()

    def _score(self, inputs: Inputs) -> np.ndarray:
        return self._arrays["table"][self._cells(inputs)]

    def _cells(self, inputs: Inputs) -> np.ndarray:
        groups = self.settings.volatility_groups
        local = _local_times(_times(inputs, self.name), self.settings.timezone)
        bucket = (local % DAY) // (self.settings.bucket_minutes * MINUTE)
        values = self._volatility(inputs)
        group = np.searchsorted(self._arrays["edges"], values, side="right")
        group[np.isnan(values)] = groups
        return bucket * (groups + 1) + group

    def _volatility(self, inputs: Inputs) -> np.ndarray:
        names = inputs.names or ()
        for column in self.settings.volatility_columns:
            if column in names:
                return inputs.gather()[:, names.index(column)].astype(np.float64)
        return np.full(len(inputs), np.nan)


def _times(inputs: Inputs, name: str) -> np.ndarray:
    if inputs.times is None:
        raise DataError(f"{name} needs the time of every row; give it Samples")
    return inputs.times


def _local_times(times: np.ndarray, timezone: str) -> np.ndarray:
    """Wall-clock nanoseconds: offsets are looked up once an hour."""
    from datetime import UTC, datetime

    zone = ZoneInfo(timezone)
    hours, where = np.unique(times // HOUR, return_inverse=True)
    seconds = HOUR // 1_000_000_000
    offsets = [
        datetime.fromtimestamp(int(hour) * seconds, UTC).astimezone(zone).utcoffset()
        for hour in hours
    ]
    shift = np.array([int(o.total_seconds()) for o in offsets if o is not None])
    return times + shift[where] * (HOUR // seconds)
