"""Train a registered model on a data set, score it beside baselines, keep the run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, final

from barwise.datasets.container import TimeSeriesDataContainer
from barwise.metrics import json_number
from barwise.models.base import BaseModel
from barwise.models.outputs import TrainingMetrics
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
    >>> from barwise.testing.toy_data import toy_container
    >>> trainer = Trainer(TrainerConfig(model_name="logistic", horizon=5))
    >>> outcome = trainer.fit(toy_container())
    >>> scores = outcome.facts["evaluation"]["classification"]
    >>> scores["macro_f1"] > 0.5
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
        others = {name: examiner.examine(each) for name, each in blind.items()}
        evaluation = examiner.examine(output, blind["prior"]).beside(others)
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
            examiner.arrays(container.times("val"), output, evaluation),
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
        return {
            "horizon": self.config.horizon,
            "model_name": self.config.model_name,
            **evaluation.groups(),
            "training": {
                "epochs_trained": metrics.epochs_trained,
                "best_epoch": metrics.best_epoch,
                "early_stopped": metrics.early_stopped,
            },
            "baselines": {name: one.groups() for name, one in baselines.items()},
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
