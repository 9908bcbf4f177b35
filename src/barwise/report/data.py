"""Everything that a report says, as plain frozen data.

Times are int64 nanoseconds UTC; a bar's time is its close. A number that could not be
computed is NaN or None and is shown as missing, never as zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np

from barwise.datasets import DatasetVerdict
from barwise.metrics import Interval, ReliabilityCurve, class_names
from barwise.report.folds_data import Folds
from barwise.report.leaks_data import LeakEvidence


@final
@dataclass(frozen=True)
class Finding:
    """One kind of thing that the quality check looks for.

    Parameters
    ----------
    kind : str
        Such as ``duplicate`` or ``gap``.
    count : int
        Rows found; 0 says that it was looked for and not found.
    action : str
        What was done with them (``error``, ``drop``, ``repair``, ``kept``).
    where : str
        The first places, in words.
    """

    kind: str
    count: int
    action: str
    where: str = ""


@final
@dataclass(frozen=True)
class Part:
    """One chronological part of the data: train, val or test."""

    name: str
    first: int
    last: int
    samples: int


@final
@dataclass(frozen=True, eq=False)
class DataSummary:
    """The bars that everything else was computed from.

    Parameters
    ----------
    source : str
        Where they came from.
    raw_rows, bars : int
        Rows read, and bars after cleaning and resampling.
    interval, session, prices : str
        Such as ``5 min``, ``RTH`` and ``trade``.
    first, last : int
        Close of the first and of the last bar.
    findings : sequence of Finding
        One for every check.
    parts : sequence of Part
        In order of time.
    day, bars_per_day : ndarray of int64, shape (n_days,)
        Days since 1970-01-01 and their bars.
    notes : sequence of str
        Anything else that a reader must know, one sentence each.
    """

    source: str
    raw_rows: int
    bars: int
    interval: str
    session: str
    prices: str
    first: int
    last: int
    findings: Sequence[Finding]
    parts: Sequence[Part]
    day: np.ndarray
    bars_per_day: np.ndarray
    notes: Sequence[str] = ()


@final
@dataclass(frozen=True)
class LabelSummary:
    """The labels of one horizon.

    Parameters
    ----------
    horizon : int
        Bars.
    rule : str
        In words, such as ``+1.5 / -1.0 ATR(14)``.
    counts : mapping of part to mapping of class name to int
        ``{"train": {"short": 10, "neutral": 12, "long": 9}}``.
    ambiguous, cost_fragile : float
        Share of the labels, 0..1; NaN when not known.
    """

    horizon: int
    rule: str
    counts: Mapping[str, Mapping[str, int]]
    ambiguous: float = float("nan")
    cost_fragile: float = float("nan")


@final
@dataclass(frozen=True, eq=False)
class Equity:
    """An account after costs.

    Parameters
    ----------
    time : ndarray of int64, shape (n,)
        When the account was marked.
    net : ndarray of float64, shape (n,)
        Its value in ``currency``.
    buy_and_hold : ndarray of float64, shape (n,), or None
        The same capital held long throughout.
    capital : float
        Value before the first mark.
    currency : str
        Such as ``USD``.
    """

    time: np.ndarray
    net: np.ndarray
    buy_and_hold: np.ndarray | None
    capital: float
    currency: str


@final
@dataclass(frozen=True, eq=False)
class Signals:
    """What a model said at a bar's close: -1, 0 or +1, and how sure it was (0..1)."""

    time: np.ndarray
    signal: np.ndarray
    confidence: np.ndarray


@final
@dataclass(frozen=True, eq=False)
class LabelTrack:
    """Labels of one horizon by time of decision, with the time they became known."""

    horizon: int
    time: np.ndarray
    label: np.ndarray
    end_time: np.ndarray


@final
@dataclass(frozen=True, eq=False)
class Candles:
    """Bars for the chart; ``volume`` is None where the source has none."""

    time: np.ndarray
    open: np.ndarray
    high: np.ndarray
    low: np.ndarray
    close: np.ndarray
    volume: np.ndarray | None
    tick: float | None = None


@final
@dataclass(frozen=True, eq=False)
class ModelResult:
    """One model at one horizon.

    Parameters
    ----------
    model : str
        Registered name.
    horizon : int
        Bars.
    metrics : mapping
        The content of ``evaluation_metrics.json``: ``classification``, ``trading``,
        ``training`` and ``baselines`` (by name, with the same groups of keys).
    intervals : mapping of str to Interval
        By leaf key, such as ``macro_f1`` and ``sharpe_ratio``.
    baseline_intervals : mapping of str to mapping of str to Interval
        The same for each baseline.
    samples : int
        Rows that were scored.
    effective_samples : float
        Sum of label uniqueness over them.
    deflated_sharpe : float or None
        Probability that the Sharpe ratio is above zero after all trials.
    history : mapping of str to sequence of float
        ``train_loss``, ``stop_loss``, ... by epoch, as the fit recorded it.
    importance : mapping of str to float
        By column name.
    reliability : mapping of str to ReliabilityCurve
        By class name.
    equity : Equity or None
        The backtest.
    signals : Signals or None
        For the chart.
    notes : sequence of str
        Anything else that a reader must know.
    leaks : bool
        Whether a leak audit of its very configuration found one.
    """

    model: str
    horizon: int
    metrics: Mapping[str, Any]
    intervals: Mapping[str, Interval] = field(default_factory=dict)
    baseline_intervals: Mapping[str, Mapping[str, Interval]] = field(
        default_factory=dict
    )
    samples: int = 0
    effective_samples: float = float("nan")
    deflated_sharpe: float | None = None
    history: Mapping[str, Sequence[float]] = field(default_factory=dict)
    importance: Mapping[str, float] = field(default_factory=dict)
    reliability: Mapping[str, ReliabilityCurve] = field(default_factory=dict)
    equity: Equity | None = None
    signals: Signals | None = None
    notes: Sequence[str] = ()
    leaks: bool = False

    @property
    def name(self) -> str:
        """Model and horizon, as the report writes them."""
        return f"{self.model} · {self.horizon} bars"

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes in the order of the confusion matrix."""
        # Not the order of the keys of per_class_f1: JSON does not keep one.
        two = len(self.metrics["classification"]["confusion_matrix"]) == 2
        return class_names((0, 1)) if two else class_names()


@final
@dataclass(frozen=True)
class Evidence:
    """How often the data was looked at before this result.

    Parameters
    ----------
    trials : int
        Configurations ever evaluated on this data set, from the ledger.
    effective_trials : float
        Independent ones whose best would be as lucky.
    test_openings : int
        How often the sealed test part was opened.
    overfitting_probability : float or None
        Probability of backtest overfitting.
    power : str
        What a power study of the same configuration found, or the command that makes
        one.
    """

    trials: int
    effective_trials: float
    test_openings: int
    overfitting_probability: float | None = None
    power: str = ""


@final
@dataclass(frozen=True, eq=False)
class Report:
    """Everything that `render_report` needs.

    Parameters
    ----------
    title, symbol : str
        Of the page.
    simulated : bool
        True when a simulator made the bars; the page then says so, loudly.
    scored_on : str
        Which predictions the scores are of, such as ``pooled walk-forward
        predictions of the validation part``.
    interval_method : str
        How the intervals were made, overlapping labels included.
    interval_level : float
        Their level, 0..1.
    data : DataSummary
        Bars and their quality.
    labels : sequence of LabelSummary
        One a horizon.
    results : sequence of ModelResult
        One a model and horizon.
    candles : Candles or None
        For the interactive chart; only its last bars are shown.
    label_tracks : sequence of LabelTrack
        For the chart.
    evidence : Evidence or None
        From the trial ledger.
    chosen_horizon : int or None
        The horizon that was named before any result was seen.
    verdict : str
        What the author of the run adds to the computed verdict.
    settings, provenance : mapping
        Nested plain values, shown as tables.
    folds : Folds or None
        Where models were judged by folds.
    leaks : LeakEvidence or None
        Whether this configuration was audited for leaks on these data.
    checks : mapping of int to DatasetVerdict
        What speaks for and against each horizon's data set.
    """

    title: str
    symbol: str
    simulated: bool
    scored_on: str
    interval_method: str
    data: DataSummary
    labels: Sequence[LabelSummary]
    results: Sequence[ModelResult]
    candles: Candles | None = None
    label_tracks: Sequence[LabelTrack] = ()
    evidence: Evidence | None = None
    chosen_horizon: int | None = None
    interval_level: float = 0.95
    verdict: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    folds: Folds | None = None
    leaks: LeakEvidence | None = None
    checks: Mapping[int, DatasetVerdict] = field(default_factory=dict)
