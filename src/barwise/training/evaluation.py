"""Scores of predictions beside those of models that know next to nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

from barwise.datasets.container import TimeSeriesDataContainer
from barwise.metrics import (
    average_uniqueness,
    block_length,
    classification_scores,
    score_intervals,
)
from barwise.models.base import BaseModel
from barwise.models.baselines import LabelHistory
from barwise.models.outputs import PredictionOutput
from barwise.models.registry import ModelRegistry
from barwise.trading import BacktestResult, performance
from barwise.trading.market import Market

BASELINES = ("prior", "majority", "previous_label", "time_of_day", "always_long")
"""What every score is shown beside; the first is what a blind guess makes."""


@final
@dataclass(frozen=True, eq=False)
class Evaluation:
    """Scores of one set of predictions on one part.

    Parameters
    ----------
    classification, trading : mapping
        As ``evaluation_metrics.json`` has them; trading is empty without a market.
    intervals : mapping
        Interval of each score that has one, ready for JSON.
    signals : ndarray of int8, shape (n,), or None
        Decisions by expected value after costs.
    backtest : BacktestResult or None
    """

    classification: Mapping[str, Any]
    trading: Mapping[str, Any]
    intervals: Mapping[str, Any]
    signals: np.ndarray | None = None
    backtest: BacktestResult | None = None


@final
class Examiner:
    """Scores predictions on the validation part, all of them on the same rows.

    Parameters
    ----------
    data : TimeSeriesDataContainer
    market : Market, optional
        Where signals are traded; without one there are no trading metrics.
    """

    def __init__(
        self, data: TimeSeriesDataContainer, market: Market | None = None
    ) -> None:
        self._data = data
        self._market = market if len(data.classes) == 3 else None
        self.rows = data.rows("val")
        self.y = data.y_val
        ends = data.frame.targets.end_index[self.rows]
        self._block = min(block_length(self.rows, ends), max(1, len(self.rows) // 2))
        self.uniqueness = average_uniqueness(self.rows, ends)
        self.effective_samples = float(self.uniqueness.sum())
        self._timeout = _timeout_return(data)

    def examine(
        self, output: PredictionOutput, against: PredictionOutput | None = None
    ) -> Evaluation:
        """Score predictions, with intervals; ``against`` adds the distance to it."""
        p, classes = output.class_probabilities, self._data.classes
        scores = classification_scores(
            self.y, p, classes=classes, predictions=output.class_predictions
        )
        found = score_intervals(
            self.y,
            p,
            block_length=self._block,
            classes=classes,
            predictions=output.class_predictions,
        )
        intervals = {name: interval.to_dict() for name, interval in found.items()}
        if against is not None:
            intervals["macro_f1_over_prior"] = score_intervals(
                self.y,
                p,
                baseline=against.class_probabilities,
                block_length=self._block,
                classes=classes,
                predictions=output.class_predictions,
                baseline_predictions=against.class_predictions,
            )["macro_f1"].to_dict()
        if self._market is None:
            return Evaluation(scores, {}, intervals)
        signals, traded = self._market.trade(
            self.rows, p, timeout_returns=(self._timeout, self._timeout)
        )
        made = performance(traded)
        intervals["sharpe_ratio"] = made.sharpe_interval.to_dict()
        return Evaluation(scores, made.scores(), intervals, signals, traded)

    def baselines(self) -> dict[str, PredictionOutput]:
        """Return the predictions of every baseline, fitted on the training part."""
        data = self._data
        made = {}
        for name in BASELINES:
            model = self._baseline(name)
            model.fit(data.samples("train"), data.y_train)
            made[name] = model.predict(data.samples("val"))
        # Balanced weights let the models choose classes by what macro-F1 rewards. The
        # clock has to choose likewise, or rare classes alone would look like an edge.
        made["time_of_day"] = _balanced(made["time_of_day"], data)
        return made

    def _baseline(self, name: str) -> BaseModel:
        config = {"classes": list(self._data.classes)}
        if name != "previous_label":
            return ModelRegistry.create(name, config)
        # A validation label counts from its own end on, never before.
        ends = self._data.frame.targets.end_time[self.rows]
        return ModelRegistry.create(name, config, history=LabelHistory(ends, self.y))


def _balanced(
    output: PredictionOutput, data: TimeSeriesDataContainer
) -> PredictionOutput:
    """Choose the class that is most likely beside its share of the training labels."""
    classes, y = np.array(data.classes), data.y_train
    shares = (y[:, None] == classes).mean(axis=0)
    p = output.class_probabilities
    chosen = (p / np.maximum(shares, np.finfo(np.float64).tiny)).argmax(axis=1)
    return replace(
        output,
        class_predictions=np.where(output.valid, classes[chosen], 0).astype(np.int8),
        confidence=p[np.arange(len(p)), chosen],
    )


def _timeout_return(data: TimeSeriesDataContainer) -> float:
    """Mean log return of training labels that touched no barrier."""
    returns = data.returns("train")[data.y_train == 0]
    return float(returns.mean()) if len(returns) and len(data.classes) == 3 else 0.0
