"""Is a data set ready for training? Findings with reasons; the test part stays shut."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from html import escape
from typing import Any, Literal, final

import numpy as np
from pydantic import Field

from barwise.core.config import Settings
from barwise.core.samples import Samples
from barwise.datasets.chronological import PARTS, Part
from barwise.datasets.container import TimeSeriesDataContainer
from barwise.datasets.correlation import correlated_pairs
from barwise.datasets.drift import (
    ColumnDrift,
    Stretch,
    class_drift,
    class_stretches,
    column_drift,
)
from barwise.datasets.sample_ratio import SampleRatio, sample_ratio
from barwise.metrics import Drift

_BLOCK = 16_384
_SHOWN = 5


class CheckSettings(Settings):
    """From where on a finding is worth a word.

    Parameters
    ----------
    correlation : float
        Absolute correlation of two columns on the training rows.
    rare_class : float
        Share of a class in a part.
    clip_rate : float
        Share of clipped values in a part.
    drift_rate : float
        False discovery rate of columns that moved after the training part, and rate of
        false alarms about the classes.
    drifting : float
        Share of columns that may have moved; with more the data set is not ready.
    """

    correlation: float = Field(default=0.95, gt=0, le=1)
    rare_class: float = Field(default=0.05, ge=0, lt=1)
    clip_rate: float = Field(default=0.01, ge=0, lt=1)
    drift_rate: float = Field(default=0.05, gt=0, lt=1)
    drifting: float = Field(default=0.2, ge=0, le=1)


@final
@dataclass(frozen=True)
class Finding:
    """One thing that a check found; an error means not ready, a note means nothing."""

    level: Literal["error", "warning", "note"]
    check: str
    message: str


@final
@dataclass(frozen=True)
class DatasetVerdict:
    """Outcome of :func:`check_dataset`.

    Parameters
    ----------
    findings : tuple of Finding
        Errors and warnings.
    missing : dict
        Share of rows before the test part without a value, by column.
    infinite : dict
        Count of infinite values there, by column; columns without are absent.
    constant : tuple of str
        Columns with one value, or none, on the training rows.
    correlated : tuple of (str, str, float)
        Pairs of columns and their correlation on the training rows.
    balance : dict
        Share of each class, by part.
    overlaps : dict
        Samples whose label ends in the later part, by pair of parts; must be zero.
    clip_rates : dict
        Share of values beyond the scaler's bound, by part.
    ratio : SampleRatio
        Effective training samples beside columns.
    drift : dict
        How far each column moved from train, by later part.
    class_drift : dict
        The same of the shares of the classes.
    stretches : tuple of Stretch
        Shares of the classes over time, before the test part.
    """

    findings: tuple[Finding, ...]
    missing: dict[str, float]
    infinite: dict[str, int]
    constant: tuple[str, ...]
    correlated: tuple[tuple[str, str, float], ...]
    balance: dict[Part, dict[int, float]]
    overlaps: dict[tuple[Part, Part], int]
    clip_rates: dict[Part, float]
    ratio: SampleRatio
    drift: dict[Part, tuple[ColumnDrift, ...]]
    class_drift: dict[Part, Drift]
    stretches: tuple[Stretch, ...]

    @property
    def ready(self) -> bool:
        """Whether nothing speaks against training."""
        return all(finding.level != "error" for finding in self.findings)

    @property
    def headline(self) -> str:
        """The verdict in one line."""
        levels = [finding.level for finding in self.findings]
        errors, warnings = levels.count("error"), levels.count("warning")
        state = "ready for training" if self.ready else "not ready for training"
        counted = (
            f"{n} {word}{'' if n == 1 else 's'}"
            for n, word in ((errors, "error"), (warnings, "warning"))
        )
        return f"{state}: {', '.join(counted)}"

    def __str__(self) -> str:
        lines = [f"  {f.level}: {f.check}: {f.message}" for f in self.findings]
        return "\n".join([self.headline, *lines])

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values; a pair of parts is written train/val."""
        plain = asdict(self)
        plain["overlaps"] = {"/".join(pair): n for pair, n in self.overlaps.items()}
        return {"ready": self.ready, "headline": self.headline, **plain}

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{f.level}</td><td>{f.check}</td><td>{escape(f.message)}</td></tr>"
            for f in self.findings
        )
        return f"<p>{escape(self.headline)}</p><table>{rows}</table>"


def check_dataset(
    data: TimeSeriesDataContainer, settings: CheckSettings | None = None
) -> DatasetVerdict:
    """Look at columns, classes, parts and scaling.

    Parameters
    ----------
    data : TimeSeriesDataContainer
        Any data set. Features and labels of its test part are read only if it was
        opened; the overlap check needs nothing but its times. What a column, or a
        class, does by itself within training is what drift is measured by; see
        :mod:`barwise.metrics.drift`.
    settings : CheckSettings, optional
        Thresholds.
    """
    settings = settings or CheckSettings()
    readable: list[Part] = [part for part in PARTS if part != "test" or data.is_open]
    missing, infinite = _gaps(data)
    scaler = data.preparation.scaler
    constant = tuple(
        name
        for name, kind in zip(scaler.names, scaler.kinds, strict=True)
        if kind in ("constant", "empty")
    )
    correlated = correlated_pairs(data.samples("train"), settings.correlation)
    summary = {part.name: part.balance for part in data.summary()}
    balance = {part: summary[part] or {} for part in readable}
    overlaps = _overlaps(data)
    rates = {
        part: _clip_rates(data.samples(part).scaled_by(None), data) for part in readable
    }
    ratio = training_ratio(data)
    later: list[Part] = [part for part in readable if part != "train"]
    drift = {part: column_drift(data, part, settings.drift_rate) for part in later}
    moved = {part: class_drift(data, part, settings.drift_rate) for part in later}
    findings = [
        *_about_ratio(ratio),
        *_about_columns(infinite, constant, correlated, settings),
        *_about_classes(balance, settings),
        *_about_moved_classes(moved, balance, settings),
        *_about_drift(drift, settings),
        *_about_overlaps(overlaps),
        *_about_clipping(rates, data, settings),
    ]
    return DatasetVerdict(
        tuple(findings),
        missing,
        infinite,
        constant,
        correlated,
        balance,
        overlaps,
        {part: _mean(rate, data) for part, rate in rates.items()},
        ratio,
        drift,
        moved,
        class_stretches(data),
    )


def training_ratio(data: TimeSeriesDataContainer) -> SampleRatio:
    """Return the effective training samples beside the columns that models see."""
    uniqueness = data.frame.uniqueness[data.rows("train")]
    return sample_ratio(uniqueness, len(data.feature_names))


def _gaps(data: TimeSeriesDataContainer) -> tuple[dict[str, float], dict[str, int]]:
    """Missing and infinite values of the rows before the test part."""
    stop = int(np.searchsorted(data.frame.times, data.split.boundaries[1]))
    missing = np.zeros(len(data.frame.names), dtype=np.int64)
    infinite = np.zeros_like(missing)
    for begin in range(0, stop, _BLOCK):
        block = data.frame.matrix[begin : min(begin + _BLOCK, stop)]
        missing += np.count_nonzero(np.isnan(block), axis=0)
        infinite += np.count_nonzero(np.isinf(block), axis=0)
    names = data.frame.names
    return (
        {name: int(n) / stop for name, n in zip(names, missing, strict=True)},
        {name: int(n) for name, n in zip(names, infinite, strict=True) if n},
    )


def _overlaps(data: TimeSeriesDataContainer) -> dict[tuple[Part, Part], int]:
    """Count from rows and times alone, whatever the splitter believed."""
    times, ends = data.frame.times, data.frame.targets.end_time
    found: dict[tuple[Part, Part], int] = {}
    for number, early in enumerate(PARTS):
        for late in PARTS[number + 1 :]:
            start = times[data.split.part(late)].min()
            rows = data.split.part(early)
            found[early, late] = int(np.count_nonzero(ends[rows] >= start))
    return found


def _clip_rates(raw: Samples, data: TimeSeriesDataContainer) -> np.ndarray:
    """Share of clipped values of each column, by blocks; samples are complete rows."""
    scaler = data.preparation.scaler
    clipped = np.zeros(len(raw.columns))
    for begin in range(0, len(raw), _BLOCK):
        block = raw.take(np.arange(begin, min(begin + _BLOCK, len(raw)))).rows
        clipped += scaler.clip_rate(block) * len(block)
    return clipped / len(raw)


def _mean(rates: np.ndarray, data: TimeSeriesDataContainer) -> float:
    bounded = data.preparation.scaler.bounded
    return float(rates[bounded].mean()) if bounded.any() else 0.0


def _about_ratio(ratio: SampleRatio) -> list[Finding]:
    if ratio.level == "fine":
        return []
    return [Finding(ratio.level, "samples", str(ratio))]


def _about_columns(
    infinite: dict[str, int],
    constant: tuple[str, ...],
    correlated: tuple[tuple[str, str, float], ...],
    settings: CheckSettings,
) -> list[Finding]:
    found = []
    if infinite:
        listed = _listed([f"{name} ({count})" for name, count in infinite.items()])
        text = f"infinite values, whose rows are no samples: {listed}"
        found.append(Finding("warning", "infinite", text))
    if constant:
        text = (
            f"one value on all training rows: {_listed(list(constant))}; leave it out"
        )
        found.append(Finding("warning", "constant", text))
    if correlated:
        listed = _listed([f"{a} ~ {b} ({r:+.3f})" for a, b, r in correlated])
        text = (
            f"{len(correlated)} pairs of columns correlate by more than "
            f"{settings.correlation:g} on the training rows: {listed}"
        )
        found.append(Finding("warning", "correlation", text))
    return found


def _about_classes(
    balance: dict[Part, dict[int, float]], settings: CheckSettings
) -> list[Finding]:
    found = []
    for part, shares in balance.items():
        for cls, share in shares.items():
            if share >= settings.rare_class:
                continue
            absent = part == "train" and share == 0
            text = (
                f"class {cls} has {share:.2%} of the {part} part, under "
                f"{settings.rare_class:.0%}; other barriers would balance the classes"
            )
            found.append(Finding("error" if absent else "warning", "classes", text))
    return found


def _about_moved_classes(
    moved: dict[Part, Drift],
    balance: dict[Part, dict[int, float]],
    settings: CheckSettings,
) -> list[Finding]:
    found = []
    for part, drift in moved.items():
        # NaN, where nothing can be told, is no alarm.
        if not drift.p_value <= settings.drift_rate:
            continue
        shares = ", ".join(
            f"{cls} {balance['train'][cls]:.1%} to {share:.1%}"
            for cls, share in balance[part].items()
        )
        text = (
            f"the classes' shares moved from train to {part}: {shares} (blocks of train "
            f"and {part} dealt out anew differ as much in {drift.p_value:.2%} of cases)"
        )
        found.append(Finding("warning", "class drift", text))
    return found


def _about_drift(
    drift: dict[Part, tuple[ColumnDrift, ...]], settings: CheckSettings
) -> list[Finding]:
    found = []
    for part, columns in drift.items():
        moved = [one for one in columns if one.moved]
        if moved:
            far = sorted(moved, key=lambda one: -one.drift.psi)
            listed = _listed([f"{c.name} (PSI {c.drift.psi:.2f})" for c in far])
            much = len(moved) > settings.drifting * len(columns)
            text = (
                f"{len(moved)} of {len(columns)} columns moved from train to {part}, at "
                f"a false discovery rate of {settings.drift_rate:.0%}: {listed}; "
                "divide them by a slow level of their own, or train on later rows"
            )
            found.append(Finding("error" if much else "warning", "drift", text))
        slow = [one.name for one in columns if not one.drift.told]
        if slow:
            text = (
                f"whether {len(slow)} of {len(columns)} columns moved from train to "
                f"{part} cannot be told, they are too slow for so few rows: "
                f"{_listed(slow)}"
            )
            found.append(Finding("note", "drift", text))
    return found


def _about_overlaps(overlaps: dict[tuple[Part, Part], int]) -> list[Finding]:
    return [
        Finding(
            "error",
            "overlap",
            f"{count} labels of {early} end inside {late}: the parts know each other; "
            "split again with a purge of at least the largest horizon",
        )
        for (early, late), count in overlaps.items()
        if count
    ]


def _about_clipping(
    rates: dict[Part, np.ndarray],
    data: TimeSeriesDataContainer,
    settings: CheckSettings,
) -> list[Finding]:
    found = []
    for part, rate in rates.items():
        mean = _mean(rate, data)
        if mean <= settings.clip_rate:
            continue
        order = np.argsort(-rate, kind="stable")
        listed = _listed([f"{data.feature_names[c]} ({rate[c]:.1%})" for c in order])
        text = (
            f"{mean:.2%} of the values of {part} are clipped, over "
            f"{settings.clip_rate:.0%}: {listed}; heavy tails, or columns that "
            "drift away from their training rows"
        )
        found.append(Finding("warning", "clipping", text))
    return found


def _listed(items: list[str]) -> str:
    more = f" and {len(items) - _SHOWN} more" if len(items) > _SHOWN else ""
    return ", ".join(items[:_SHOWN]) + more
