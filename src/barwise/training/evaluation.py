"""Scores of predictions beside those of models that know next to nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

from barwise.datasets.container import TimeSeriesDataContainer
from barwise.datasets.proposals import proposed_sides
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
from barwise.trading.appraisal import appraisal_intervals
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

    def beside(self, baselines: Mapping[str, Evaluation]) -> Evaluation:
        """Add the interval of what each baseline, on the same rows, does not explain."""
        if self.backtest is None:
            return self
        found = appraisal_intervals(
            self.backtest.daily_returns,
            {
                name: one.backtest.daily_returns
                for name, one in baselines.items()
                if one.backtest is not None
            },
            self.backtest.days_per_year,
        )
        over = {
            f"appraisal_over_{name}": each.to_dict() for name, each in found.items()
        }
        return replace(self, intervals=dict(self.intervals) | over)

    def groups(self) -> dict[str, Any]:
        """Return the scores as ``evaluation_metrics.json`` groups them."""
        return {
            "classification": dict(self.classification),
            "trading": dict(self.trading),
            "intervals": dict(self.intervals),
        }


@final
@dataclass(frozen=True, eq=False)
class Asked:
    """Rows that predictions are asked for, with what is true of them.

    Parameters
    ----------
    rows : ndarray of int64, shape (n,)
        Matrix rows, ascending.
    y : ndarray of int8, shape (n,)
        True classes.
    end_index : ndarray of int64, shape (n,)
        Row in which each label is known.
    classes : tuple of int
        In the order of probability columns.
    class_returns : ndarray of float64, shape (n, class)
        What labels of each class returned on average on the training rows of the model
        that is asked, log return.
    sides : ndarray of int8, shape (n,), or None
        Side of the trade that each label judges, of meta-labels.
    """

    rows: np.ndarray
    y: np.ndarray
    end_index: np.ndarray
    classes: tuple[int, ...]
    class_returns: np.ndarray
    sides: np.ndarray | None = None

    @classmethod
    def of(cls, data: TimeSeriesDataContainer) -> Asked:
        """Ask for the validation part."""
        rows = data.rows("val")
        return cls(
            rows,
            data.y_val,
            data.frame.targets.end_index[rows],
            data.classes,
            np.tile(class_returns(data), (len(rows), 1)),
            proposed_sides(data, rows),
        )

    def take(self, positions: np.ndarray) -> Asked:
        """Return some of the rows (index array or bool mask)."""
        return Asked(
            self.rows[positions],
            self.y[positions],
            self.end_index[positions],
            self.classes,
            self.class_returns[positions],
            None if self.sides is None else self.sides[positions],
        )


@final
class Examiner:
    """Scores predictions, all of them on the same rows.

    Parameters
    ----------
    asked : Asked
    market : Market, optional
        Where signals are traded; without one there are no trading metrics.
    """

    def __init__(self, asked: Asked, market: Market | None = None) -> None:
        self.asked = asked
        self._market = market
        rows, ends = asked.rows, asked.end_index
        self._block = min(block_length(rows, ends), max(1, len(rows) // 2))
        self.uniqueness = average_uniqueness(rows, ends)
        self.effective_samples = float(self.uniqueness.sum())

    def score(self, output: PredictionOutput) -> Evaluation:
        """Score predictions; of the intervals, only that of the Sharpe ratio is made."""
        scores = classification_scores(
            self.asked.y,
            output.class_probabilities,
            classes=self.asked.classes,
            predictions=output.class_predictions,
        )
        if self._market is None:
            return Evaluation(scores, {}, {})
        signals, traded = self._market.trade(
            self.asked.rows,
            output.class_probabilities,
            **self._worth(),
        )
        made = performance(traded)
        interval = {"sharpe_ratio": made.sharpe_interval.to_dict()}
        return Evaluation(scores, made.scores(), interval, signals, traded)

    def examine(
        self, output: PredictionOutput, against: PredictionOutput | None = None
    ) -> Evaluation:
        """Score predictions, with intervals; ``against`` adds the distance to it."""
        p, classes, y = output.class_probabilities, self.asked.classes, self.asked.y
        plain = self.score(output)
        found = score_intervals(
            y,
            p,
            block_length=self._block,
            classes=classes,
            predictions=output.class_predictions,
        )
        intervals = {name: interval.to_dict() for name, interval in found.items()}
        if against is not None:
            intervals["macro_f1_over_prior"] = score_intervals(
                y,
                p,
                baseline=against.class_probabilities,
                block_length=self._block,
                classes=classes,
                predictions=output.class_predictions,
                baseline_predictions=against.class_predictions,
            )["macro_f1"].to_dict()
        return replace(plain, intervals=intervals | dict(plain.intervals))

    def arrays(
        self, times: np.ndarray, output: PredictionOutput, evaluation: Evaluation
    ) -> dict[str, np.ndarray]:
        """Return predictions and account as an outcome stores them.

        Parameters
        ----------
        times : ndarray of int64, shape (n,)
            Close of each row, nanoseconds UTC.
        output, evaluation
            What was examined, and what came of it.
        """
        arrays = {
            "time": times,
            "row": self.asked.rows,
            "label": self.asked.y,
            "uniqueness": self.uniqueness,
            "prediction": output.class_predictions,
            "confidence": output.confidence,
            "valid": output.valid,
            "probabilities": output.class_probabilities,
        }
        traded = evaluation.backtest
        if traded is not None and evaluation.signals is not None:
            arrays |= {
                "signal": evaluation.signals,
                "equity_time": traded.time,
                "equity": traded.equity,
                "buy_and_hold": traded.buy_and_hold,
                "day": traded.day,
                "daily_pnl": traded.daily_pnl,
            }
        return arrays

    def _worth(self) -> dict[str, Any]:
        """What trades expect of classes: two have no barriers that would say it."""
        returns = self.asked.class_returns
        if len(self.asked.classes) == 2:
            return {"class_returns": returns, "sides": self.asked.sides}
        return {"timeout_returns": (returns[:, 1], returns[:, 1])}


def blind_guesses(data: TimeSeriesDataContainer) -> dict[str, PredictionOutput]:
    """Return each baseline's predictions of the validation part, fitted on training."""
    made = {}
    for name in BASELINES:
        model = _baseline(name, data)
        model.fit(data.samples("train"), data.y_train)
        made[name] = model.predict(data.samples("val"))
    # Balanced weights let the models choose classes by what macro-F1 rewards. The
    # clock has to choose likewise, or rare classes alone would look like an edge.
    made["time_of_day"] = _balanced(made["time_of_day"], data)
    return made


def _baseline(name: str, data: TimeSeriesDataContainer) -> BaseModel:
    config = {"classes": list(data.classes)}
    if name != "previous_label":
        return ModelRegistry.create(name, config)
    # A validation label counts from its own end on, never before.
    ends = data.frame.targets.end_time[data.rows("val")]
    return ModelRegistry.create(name, config, history=LabelHistory(ends, data.y_val))


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


def class_returns(data: TimeSeriesDataContainer) -> np.ndarray:
    """Mean log return of training labels of each class, 0 for one that is not there."""
    y, returns = data.y_train, data.returns("train")
    return np.array(
        [returns[y == c].mean() if (y == c).any() else 0.0 for c in data.classes]
    )
