"""From all rows to the rows of each part: which are samples, and where they fall."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, field_validator

from barwise.core.config import Settings
from barwise.core.errors import ConfigError
from barwise.core.samples import Role
from barwise.datasets.chronological import (
    HORIZONS_PURGED,
    PARTS,
    Split,
    SplitSettings,
    chronological_split,
)
from barwise.datasets.frame import Frame
from barwise.datasets.preparation import PreparationSettings
from barwise.datasets.splitter import whole
from barwise.datasets.targets import LabelArrays, Targets, when_known

Dropped = Literal["not a sample", "no label", "missing features", "no trade"]

_NAMED = 5


class DatasetSettings(Settings):
    """How a feature matrix and labels become a data set.

    Parameters
    ----------
    split : SplitSettings
        Chronological parts.
    preparation : PreparationSettings
        What is learned from the training rows.
    classes : tuple of int
        (-1, 0, 1) or (0, 1).
    time_decay : float
        Weight of the oldest training sample beside the newest, above 0 to 1 (none).
    known, static : tuple of str
        Columns whose future is scheduled, and columns constant within a segment;
        all others are observed.
    side : str or None
        Column with the side of the trade that a label judges, of meta-labels.
    """

    split: SplitSettings = SplitSettings()
    preparation: PreparationSettings = PreparationSettings()
    classes: tuple[int, ...] = (-1, 0, 1)
    time_decay: Annotated[float, Field(gt=0, le=1)] = 1.0
    known: tuple[str, ...] = ()
    static: tuple[str, ...] = ()
    side: str | None = None

    @field_validator("classes")
    @classmethod
    def _ordered(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if value not in ((-1, 0, 1), (0, 1)):
            raise ValueError(f"classes must be (-1, 0, 1) or (0, 1), got {value}")
        return value

    def roles(self, names: tuple[str, ...]) -> tuple[Role, ...]:
        """Return the role of each column; empty when all are observed."""
        unknown = sorted({*self.known, *self.static} - set(names))
        both = sorted({*self.known} & {*self.static})
        if unknown or both:
            raise ConfigError(
                f"known and static must name columns, each at most once: {unknown} are "
                f"no columns, {both} are in both"
            )
        if not self.known and not self.static:
            return ()
        given: dict[str, Role] = {
            **dict.fromkeys(self.known, "known"),
            **dict.fromkeys(self.static, "static"),
        }
        return tuple(given.get(name, "observed") for name in names)


def assign_rows(
    frame: Frame,
    sample_mask: np.ndarray,
    longest: Targets,
    settings: SplitSettings,
    *,
    horizons: tuple[int, int],
) -> tuple[Split, dict[Dropped, int]]:
    """Choose the samples and cut them into parts.

    The boundaries depend on times and on the labels of the largest horizon alone, so
    that every horizon and every feature set of a symbol has the same ones.

    Parameters
    ----------
    frame : Frame
        All rows, with the labels of this horizon.
    sample_mask : ndarray of bool, shape (n_rows,)
        Rows that may be samples at all (in session, not filled, an event).
    longest : Targets
        Labels of the largest horizon.
    settings : SplitSettings
        Fractions, purge, embargo.
    horizons : tuple of int
        This horizon and the largest one, in bars; the largest is the unit of the
        default purge.

    Returns
    -------
    split : Split
        Matrix rows of each part.
    dropped : dict
        Rows that are no samples, by reason.

    Raises
    ------
    ConfigError
        If a part is left empty, the mask has another length, or the horizon is
        beyond the largest one.
    """
    horizons = whole(horizons[0], 1, "horizon"), whole(horizons[1], 1, "max_horizon")
    if horizons[0] > horizons[1]:
        raise ConfigError(
            f"a horizon is at most the largest one, got horizon={horizons[0]} and max_horizon={horizons[1]}"
        )
    if sample_mask.shape != frame.times.shape or sample_mask.dtype != np.bool_:
        raise ConfigError(
            f"sample_mask must hold {len(frame.times)} booleans, one for each row, got "
            f"shape {sample_mask.shape}, {sample_mask.dtype}"
        )
    targets = frame.targets
    eligible, split = _cut(
        frame.times, sample_mask, longest, [targets], settings, horizons[1]
    )
    complete = frame.reach > 0
    usable = targets.valid & complete
    rows = {name: eligible[split.part(name)] for name in PARTS}
    kept = {name: part[usable[part]] for name, part in rows.items()}
    for name in PARTS:
        if not len(kept[name]):
            raise ConfigError(_unusable(frame, name, rows[name]))
    labelled = longest.valid & targets.valid
    dropped: dict[Dropped, int] = {
        "not a sample": int(np.count_nonzero(~sample_mask)),
        "no label": int(np.count_nonzero(sample_mask & ~labelled)),
        "missing features": int(np.count_nonzero(sample_mask & labelled & ~complete)),
    }
    return replace(
        split, train=kept["train"], val=kept["val"], test=kept["test"]
    ), dropped


def training_rows(
    times: np.ndarray,
    sample_mask: np.ndarray,
    labels: Mapping[int, LabelArrays],
    settings: SplitSettings,
) -> int:
    """Count the rows up to the last training sample that all horizons have.

    What is learned from these rows and nothing later may go into the features of every
    horizon: by then every label of the training part is known, and it ends before the
    validation part begins.

    Parameters
    ----------
    times : ndarray of int64, shape (n_rows,)
        Close of each row's bar, nanoseconds UTC.
    sample_mask : ndarray of bool, shape (n_rows,)
        Rows that may be samples at all.
    labels : mapping of int to LabelArrays
        Labels by horizon.
    settings : SplitSettings
        Fractions, purge, embargo.

    Raises
    ------
    ConfigError
        If a part is left empty.
    """
    eligible, split = _cut_all(times, sample_mask, labels, settings)
    return int(eligible[split.train[-1]]) + 1


def sealed_from(
    times: np.ndarray,
    sample_mask: np.ndarray,
    labels: Mapping[int, LabelArrays],
    settings: SplitSettings,
) -> int:
    """Return the time of the first candidate of the test part, nanoseconds UTC.

    Parameters and errors are those of :func:`training_rows`.
    """
    _, split = _cut_all(times, sample_mask, labels, settings)
    return split.boundaries[1]


def _cut_all(
    times: np.ndarray,
    sample_mask: np.ndarray,
    labels: Mapping[int, LabelArrays],
    settings: SplitSettings,
) -> tuple[np.ndarray, Split]:
    longest = max(labels)
    return _cut(times, sample_mask, labels[longest], labels.values(), settings, longest)


def _cut(
    times: np.ndarray,
    sample_mask: np.ndarray,
    longest: LabelArrays,
    labels: Iterable[LabelArrays],
    settings: SplitSettings,
    horizon: int,
) -> tuple[np.ndarray, Split]:
    """Return the candidates' rows and the split of them, by the latest label's end."""
    eligible = np.flatnonzero(sample_mask & longest.valid)
    if not len(eligible):
        raise ConfigError(_no_sample(sample_mask, longest, horizon))
    ends = when_known(longest)
    for one in labels:
        ends = np.maximum(ends, np.where(one.valid, when_known(one), ends))
    purge = settings.purge
    split = chronological_split(
        times[eligible],
        ends[eligible],
        fractions=settings.fractions,
        purge=HORIZONS_PURGED * horizon if purge is None else purge,
        embargo=settings.embargo,
        bars=eligible,
    )
    return eligible, split


def _no_sample(sample_mask: np.ndarray, longest: LabelArrays, horizon: int) -> str:
    rows, wanted = len(sample_mask), int(np.count_nonzero(sample_mask))
    if not wanted:
        return (
            f"none of {rows:,} rows is a sample: all were filled or lie outside the hours "
            "that decisions are made in (data.session)"
        )
    labelled = int(np.count_nonzero(longest.valid))
    return (
        f"none of {rows:,} rows is a sample: {wanted:,} lie in the hours that decisions "
        f"are made in, {labelled:,} have a label at horizon {horizon}. A row has none "
        "before its barriers have a width (labels.atr_period), where that width is zero "
        "because prices stand still, or where the data end within the horizon: use more "
        "data, a shorter labels.atr_period or shorter labels.horizons"
    )


def _unusable(frame: Frame, name: str, rows: np.ndarray) -> str:
    finite = [
        int(np.count_nonzero(np.isfinite(frame.matrix[rows, column])))
        for column in range(len(frame.names))
    ]
    order = sorted(range(len(finite)), key=finite.__getitem__)[:_NAMED]
    worst = ", ".join(f"{frame.names[c]} ({finite[c]} of {len(rows)})" for c in order)
    return (
        f"the {name} part has {len(rows)} rows, none of them with a label and all "
        f"features; finite values of the emptiest columns: {worst}. Leave such columns "
        "out, or use more data: a feature is missing until it has seen enough bars"
    )
