"""The labels of a config as tables, and what they look like in figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import final

import numpy as np

from barwise.core.errors import ConfigError
from barwise.datasets import sealed_from
from barwise.labels import Labels, effective_samples, label_uniqueness
from barwise.labels.labels import TRUTH
from barwise.metrics import class_names
from barwise.pipeline.bar_inputs import BarInputs, prepare_bars, sample_mask
from barwise.pipeline.choices import check_choices, check_labels, store_folder
from barwise.pipeline.config import RunConfig
from barwise.pipeline.features import split_settings
from barwise.pipeline.inputs import prepare_inputs
from barwise.pipeline.label_settings import rule_text
from barwise.pipeline.labelling import LabelInputs, prepare_labels
from barwise.pipeline.lock import locked
from barwise.pipeline.parquet_table import write_columns
from barwise.pipeline.primary import meta_labels_of
from barwise.pipeline.steps import Steps
from barwise.pipeline.store import ObjectStore

_MANY_FILLED = 0.01


@final
@dataclass(frozen=True)
class LabelSummary:
    """What the labels of one horizon look like before the test part begins.

    Parameters
    ----------
    horizon : int
    samples : int
        Rows that may be decided on and have a label.
    effective : float
        How many labels without overlap they amount to: the sum of their uniqueness.
    counts : dict of str to int
        Samples of each class.
    truth : dict of str to int
        Samples by how sure their label is.
    cost_fragile : float
        Share of the samples whose trade moves less than its costs.
    problems : tuple of str
        What to know before training on them.
    """

    horizon: int
    samples: int
    effective: float
    counts: dict[str, int]
    truth: dict[str, int]
    cost_fragile: float
    problems: tuple[str, ...]


@final
@dataclass(frozen=True, eq=False)
class LabelTables:
    """The labels of a config.

    Parameters
    ----------
    bars : BarInputs
    labels : LabelInputs
    rule : str
        What makes a label, in a few words.
    test_begins : int
        Where the summaries end: the test part is sealed. Nanoseconds UTC.
    summaries : tuple of LabelSummary
        By horizon.
    """

    bars: BarInputs
    labels: LabelInputs
    rule: str
    test_begins: int
    summaries: tuple[LabelSummary, ...]

    def write(self, folder: Path) -> list[Path]:
        """Write one Parquet file a horizon, one row a bar; return the files.

        Raises
        ------
        BarwiseError
            If a file cannot be written.
        """
        symbol, paths = self.bars.instrument.symbol, []
        for horizon, labels in sorted(self.labels.by_horizon.items()):
            path = folder / f"labels_{symbol}_{horizon}.parquet"
            write_columns(_columns(labels), path)
            paths.append(path)
        return paths


def build_labels(
    config: RunConfig, notify: Callable[[str], None] = lambda _: None
) -> LabelTables:
    """Label the bars of a config, or find its labels in the store.

    Raises
    ------
    ConfigError
        If a setting cannot work with these data.
    DataError
        If the data break a rule.
    LockedError
        If another process runs on the same store.
    """
    is_meta = config.labels.primary is not None
    check_choices(config) if is_meta else check_labels(config)
    folder = store_folder(config)
    with locked(folder):
        steps = Steps(ObjectStore(folder))
        notify("reading and cleaning bars")
        bars = prepare_bars(config, steps)
        notify("labelling")
        labels = paths = prepare_labels(bars, steps)
        if is_meta:
            inputs = prepare_inputs(config, steps, notify)
            labels = replace(labels, by_horizon=meta_labels_of(inputs))
    mask = sample_mask(config, bars.instrument, bars.bars) & labels.events
    begins = sealed_from(
        bars.bars.time,
        mask,
        paths.by_horizon,
        split_settings(config),
    )
    seen = mask & (bars.bars.time < begins)
    summaries = [
        _summary(one, seen, bars.bars.filled)
        for _, one in sorted(labels.by_horizon.items())
    ]
    rule = rule_text(config, bars.instrument)
    return LabelTables(bars, labels, rule, begins, tuple(summaries))


def row_at(bars: BarInputs, time: str) -> int:
    """Return the bar that closes at a time.

    Parameters
    ----------
    bars : BarInputs
    time : str
        ISO 8601; without a zone it is UTC.

    Raises
    ------
    ConfigError
        If it is no time, or no bar closes then.
    """
    closes = bars.bars.time
    try:
        wanted = _nanoseconds(time)
    except ValueError as problem:
        raise ConfigError(
            f"{time!r} is no time; write the close of a bar, such as "
            f"{_utc(closes[-1])} (UTC), or with its zone, such as "
            "2024-05-01T09:35-05:00"
        ) from problem
    row = int(np.searchsorted(closes, wanted, side="right")) - 1
    if row >= 0 and closes[row] == wanted:
        return row
    if row < 0 or row == len(closes) - 1:
        raise ConfigError(
            f"{_utc(wanted)} UTC lies outside the bars, which close from "
            f"{_utc(closes[0])} to {_utc(closes[-1])} UTC"
        )
    raise ConfigError(
        f"no bar closes at {_utc(wanted)} UTC; around it bars close at "
        f"{_utc(closes[row])} and {_utc(closes[row + 1])} (a time without a zone is UTC, "
        "and a bar is named by its close)"
    )


def _nanoseconds(text: str) -> int:
    from datetime import UTC, datetime

    given = datetime.fromisoformat(text)
    given = given if given.tzinfo else given.replace(tzinfo=UTC)
    moment = np.datetime64(given.astimezone(UTC).replace(tzinfo=None), "us")
    return int(moment.astype("datetime64[ns]").astype(np.int64))


def _utc(time: int) -> str:
    return str(np.datetime64(int(time), "ns").astype("datetime64[s]"))


def _summary(labels: Labels, seen: np.ndarray, filled: np.ndarray) -> LabelSummary:
    samples = labels.only(seen)
    valid = samples.valid
    count = int(np.count_nonzero(valid))
    untold = np.count_nonzero(filled[labels.end_index[valid]]) / max(1, count)
    return LabelSummary(
        horizon=labels.horizon,
        samples=count,
        effective=effective_samples(samples),
        counts={
            name: int(np.count_nonzero(valid & (labels.label == value)))
            for name, value in zip(
                class_names(labels.classes), labels.classes, strict=True
            )
        },
        truth={
            name: int(np.count_nonzero(valid & (labels.truth == code)))
            for code, name in enumerate(TRUTH)
        },
        cost_fragile=float(
            np.count_nonzero(valid & labels.cost_fragile) / max(1, count)
        ),
        problems=(*samples.problems(), *_of_holes(untold)),
    )


def _of_holes(share: float) -> Iterator[str]:
    """Say where many trades end at a price that was filled in."""
    if share > _MANY_FILLED:
        yield (
            f"{share:.1%} of the labels end in a bar that was filled in: the data have "
            "holes, and what the price did in them is not known; use a source without "
            "them, or data.gaps: drop, whose paths go on behind a hole"
        )


def _columns(labels: Labels) -> dict[str, np.ndarray]:
    truth = np.where(labels.valid, labels.truth, len(TRUTH))
    return {
        "time": labels.entry_time,
        "valid": labels.valid,
        "label": labels.label,
        "end_time": labels.end_time,
        "known_at": labels.known_at,
        "ret": labels.ret,
        "touched": labels.touched,
        "truth": np.array([*TRUTH, None], object)[truth],
        "cost_fragile": labels.cost_fragile,
        "quality": labels.quality,
        "weight": labels.weight,
        "uniqueness": label_uniqueness(labels),
    }
