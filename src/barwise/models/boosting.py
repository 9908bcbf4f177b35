"""Gradient boosting with LightGBM's native booster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, final

import numpy as np
from pydantic import Field

from barwise.core.errors import DataError
from barwise.models.base import BaseModel, Progress
from barwise.models.examples import Examples
from barwise.models.fitting.tail import StoppingSettings, stopping_parts, weighted
from barwise.models.inputs import Inputs, Rows
from barwise.models.registry import ModelRegistry

_FILE = "booster.txt"


class LightGBMSettings(StoppingSettings):
    """Settings of ``lightgbm``.

    Parameters
    ----------
    max_rounds : int
        Most boosting rounds.
    learning_rate : float
        Weight of each tree.
    leaves, max_depth, min_rows_in_leaf : int
        Size of a tree; max_depth -1 is no limit.
    row_share, column_share : float
        Share of rows and of features drawn for each tree.
    l1, l2 : float
        Penalties on leaf values.
    early_stopping_rounds : int
        Rounds without progress after which boosting stops.
    refit : bool
        After stopping on the tail, boost once more on all training rows for the
        number of rounds that was found.
    """

    max_rounds: Annotated[int, Field(ge=1)]
    learning_rate: Annotated[float, Field(gt=0)]
    leaves: Annotated[int, Field(ge=2)]
    max_depth: Annotated[int, Field(ge=-1)]
    min_rows_in_leaf: Annotated[int, Field(ge=1)]
    row_share: Annotated[float, Field(gt=0, le=1)]
    column_share: Annotated[float, Field(gt=0, le=1)]
    l1: Annotated[float, Field(ge=0)]
    l2: Annotated[float, Field(ge=0)]
    early_stopping_rounds: Annotated[int, Field(ge=1)]
    refit: bool


@ModelRegistry.register(
    name="lightgbm",
    family="boosting",
    description="LightGBM gradient boosting",
)
@final
class LightGBMModel(BaseModel):
    """Gradient boosted trees (Ke et al., 2017); missing values are read as such.

    The number of rounds is found by early stopping. Prediction runs on one thread; a
    row's probabilities do not depend on the rows beside it. A class that training lacks
    has probability 0.
    """

    settings_type = LightGBMSettings
    settings: LightGBMSettings
    requires_scaling = False
    reads_missing = True

    def __init__(self, config: Mapping[str, Any] | None = None) -> None:
        super().__init__(config)
        self._booster: Any = None
        self._present = np.zeros(0, dtype=np.int64)

    def _fit(self, train: Examples, val: Examples | None) -> Progress:
        settings = self.settings
        fit, stop = stopping_parts(train, val, settings)
        on_tail = settings.early_stopping_on == "train_tail"
        self._present = fit.present()
        booster, losses = self._boost(fit, settings.max_rounds, stop)
        best = booster.best_iteration or booster.current_iteration()
        if on_tail and settings.refit:
            everything = weighted(train, train, settings)
            self._present = everything.present()
            booster, _ = self._boost(everything, best, None)
        # Kept as text: what predicts now is what is saved.
        self._booster = _read(booster.model_to_string(num_iteration=best))
        return Progress(
            epochs_trained=len(losses),
            best_epoch=best,
            early_stopped=len(losses) < settings.max_rounds,
            history={"stop_loss": losses},
        )

    def _boost(
        self, examples: Examples, rounds: int, stop: Examples | None
    ) -> tuple[Any, list[float]]:
        import lightgbm

        settings = self.settings
        data = self._dataset(examples)
        if stop is None:
            return lightgbm.train(self._parameters(), data, rounds), []
        seen: dict[str, dict[str, list[float]]] = {}
        callbacks: list[Any] = [
            lightgbm.record_evaluation(seen),
            lightgbm.early_stopping(
                settings.early_stopping_rounds,
                verbose=False,
                min_delta=settings.early_stopping_min_delta,
            ),
        ]
        booster = lightgbm.train(
            self._parameters(),
            data,
            rounds,
            valid_sets=[self._dataset(stop, data)],
            valid_names=["stop"],
            callbacks=callbacks,
        )
        return booster, list(*seen["stop"].values())

    def _dataset(self, examples: Examples, reference: Any = None) -> Any:
        import lightgbm

        # A class that training lacks cannot be scored by this booster.
        known = np.flatnonzero(np.isin(examples.columns, self._present))
        return lightgbm.Dataset(
            examples.inputs[known],
            label=np.searchsorted(self._present, examples.columns[known]),
            weight=examples.weights[known],
            reference=reference,
            params=self._parameters(),
        )

    def _parameters(self) -> dict[str, Any]:
        settings, width = self.settings, len(self._present)
        if width == 2:
            target = {"objective": "binary", "metric": "binary_logloss"}
        else:
            target = {"objective": "multiclass", "metric": "multi_logloss"}
        return {
            **target,
            "num_class": width if width > 2 else 1,
            "learning_rate": settings.learning_rate,
            "num_leaves": settings.leaves,
            "max_depth": settings.max_depth,
            "min_data_in_leaf": settings.min_rows_in_leaf,
            "bagging_fraction": settings.row_share,
            "bagging_freq": 1,
            "feature_fraction": settings.column_share,
            "lambda_l1": settings.l1,
            "lambda_l2": settings.l2,
            "seed": settings.random_seed,
            "num_threads": settings.threads,
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
        }

    def _score(self, inputs: Inputs) -> np.ndarray:
        raw = self._booster.predict(inputs.gather(), num_threads=1)
        if len(self._present) == 2:
            raw = np.column_stack((1.0 - raw, raw))
        out = np.zeros((len(inputs), len(self.classes)))
        out[:, self._present] = raw
        return out

    def _importance(self) -> np.ndarray:
        """Total gain of the splits on each feature."""
        return self._booster.feature_importance(importance_type="gain")

    def get_contributions(self, X: Rows) -> np.ndarray:
        """Return exact SHAP values (TreeSHAP; Lundberg et al., 2020) of raw scores.

        Returns
        -------
        ndarray of float64, shape (n, n_classes, n_features)
            In log odds, before the prior that class weights moved is put right.

        Raises
        ------
        BarwiseError
            If the model is not fitted.
        DataError
            If a row cannot be scored.
        """
        n_features, _ = self._fitted_shape()
        inputs = self._inputs(X)
        if not inputs.valid.all():
            row = int(np.argmin(inputs.valid))
            raise DataError(f"row {row} of X cannot be scored, nor be explained")
        told = self._booster.predict(inputs.gather(), pred_contrib=True, num_threads=1)
        told = told.reshape(len(inputs), -1, n_features + 1)[:, :, :-1]
        if len(self._present) == 2:
            told = np.concatenate((-told, told), axis=1)
        out = np.zeros((len(inputs), len(self.classes), n_features))
        out[:, self._present] = told
        return out

    def _dump(self) -> tuple[dict[str, Any], dict[str, bytes]]:
        import lightgbm

        state = {"present": self._present.tolist(), "lightgbm": lightgbm.__version__}
        return state, {_FILE: self._booster.model_to_string().encode()}

    def _restore(self, state: Mapping[str, Any], files: Mapping[str, bytes]) -> None:
        self._present = np.array(state["present"], dtype=np.int64)
        self._booster = _read(files[_FILE].decode())


def _read(text: str) -> Any:
    import lightgbm

    return lightgbm.Booster(model_str=text)
