"""Train a registered model on a data set, score it beside baselines, keep the run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, final

import numpy as np

from barwise.datasets.container import TimeSeriesDataContainer
from barwise.metrics import json_number
from barwise.models.base import BaseModel
from barwise.models.outputs import PredictionOutput, TrainingMetrics
from barwise.trading.market import Market
from barwise.training.config import TrainerConfig
from barwise.training.evaluation import Asked, Evaluation, Examiner, blind_guesses
from barwise.training.fitting import fit_model, model_files
from barwise.training.outcome import Outcome
from barwise.training.run_files import write_run
from barwise.training.run_folder import Run

Plotter = Callable[[Outcome, Path], None]
"""Draws a run's figures into a folder; handed in, because plots stand above training."""


@final
class Trainer:
    """Fits one model on one data set.

    Parameters
    ----------
    config : TrainerConfig
    market : Market, optional
        Where signals are traded; without one there are no trading metrics.
    progress : callable, optional
        Handed to models that report their epochs.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> rng, rows = np.random.default_rng(0), np.arange(2000)
    >>> X = rng.normal(size=(2000, 2)).astype(np.float32)
    >>> labels = SimpleNamespace(
    ...     label=np.sign(np.round(X[:, 0])),
    ...     end_time=(rows + 5) * 60,
    ...     end_index=np.minimum(rows + 5, 1999),
    ...     ret=X[:, 0] / 100.0,
    ...     valid=rows < 1995,
    ...     weight=np.ones(2000),
    ... )
    >>> data = TimeSeriesDataContainer.build(
    ...     X, ("a", "b"), rows * 60, labels, horizon=5, symbol="toy"
    ... )
    >>> outcome = Trainer(TrainerConfig(model_name="logistic", horizon=5)).fit(data)
    >>> scores = outcome.facts["evaluation"]["classification"]
    >>> scores["macro_f1"] > 0.8
    True
    """

    def __init__(
        self,
        config: TrainerConfig,
        *,
        market: Market | None = None,
        progress: Callable[..., None] | None = None,
    ) -> None:
        self.config = config
        self._market = market
        self._progress = progress

    def run_full_pipeline(
        self, container: TimeSeriesDataContainer, *, plotter: Plotter | None = None
    ) -> Run:
        """Fit, score on the validation part, and write the run folder."""
        outcome = self.fit(container)
        return write_run(outcome, self.config.output_dir, plotter=plotter)

    def fit(self, container: TimeSeriesDataContainer) -> Outcome:
        """Fit and score, and return everything that a run folder is written from."""
        made = fit_model(self.config, container, progress=self._progress)
        model, metrics, output = made.model, made.metrics, made.output
        examiner = Examiner(Asked.of(container), self._market)
        blind = blind_guesses(container)
        evaluation = examiner.examine(output, blind["prior"])
        others = {name: examiner.examine(each) for name, each in blind.items()}
        facts = {
            "evaluation": self._evaluation(metrics, evaluation, others),
            "training": _training(metrics),
            "history": {k: list(map(float, v)) for k, v in metrics.history.items()},
            "importance": model.get_feature_importance(),
            "effective_samples": examiner.effective_samples,
            "capital": None if self._market is None else self._market.account.capital,
            "configs": self._configs(container, model),
        }
        return Outcome(
            _arrays(container, examiner, output, evaluation),
            facts,
            model_files(model),
            {"training_time_seconds": metrics.training_time_seconds},
        )

    def _evaluation(
        self,
        metrics: TrainingMetrics,
        evaluation: Evaluation,
        baselines: Mapping[str, Evaluation],
    ) -> dict[str, Any]:
        def groups(one: Evaluation) -> dict[str, Any]:
            return {
                "classification": dict(one.classification),
                "trading": dict(one.trading),
                "intervals": dict(one.intervals),
            }

        return {
            "horizon": self.config.horizon,
            "model_name": self.config.model_name,
            **groups(evaluation),
            "training": {
                "epochs_trained": metrics.epochs_trained,
                "best_epoch": metrics.best_epoch,
                "early_stopped": metrics.early_stopped,
            },
            "baselines": {name: groups(one) for name, one in baselines.items()},
        }

    def _configs(
        self, container: TimeSeriesDataContainer, model: BaseModel
    ) -> dict[str, Any]:
        training = self.config.model_dump(mode="json", exclude={"output_dir", "model"})
        return {
            "training": {**training, "symbol": container.symbol},
            "model": {
                "name": model.name,
                "family": model.model_family,
                **model.settings.model_dump(mode="json"),
            },
            "feature": {
                "set": self.config.feature_set,
                "columns": list(container.feature_names),
                "preparation": container.preparation.to_dict(),
            },
        }


def _training(metrics: TrainingMetrics) -> dict[str, Any]:
    scores = ("loss", "accuracy", "f1")
    names = [f"{part}_{score}" for score in scores for part in ("train", "val")]
    return {name: json_number(getattr(metrics, name)) for name in names} | {
        "epochs_trained": metrics.epochs_trained,
        "best_epoch": metrics.best_epoch,
        "early_stopped": metrics.early_stopped,
    }


def _arrays(
    container: TimeSeriesDataContainer,
    examiner: Examiner,
    output: PredictionOutput,
    evaluation: Evaluation,
) -> dict[str, np.ndarray]:
    arrays = {
        "time": container.times("val"),
        "row": examiner.asked.rows,
        "label": examiner.asked.y,
        "uniqueness": examiner.uniqueness,
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
