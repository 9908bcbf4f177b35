"""barwise: raw 1-minute bars to calibrated trade signals, one code path throughout.

Public names are loaded on first use, so that ``import barwise`` stays cheap.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOME = {
    "Bars": "bars",
    "EventRule": "bars",
    "QualityReport": "bars",
    "append_bars": "bars",
    "prepare": "bars",
    "read_bars": "bars",
    "simulate_bars": "bars",
    "write_bars": "bars",
    "FeatureGraph": "features",
    "LabelRule": "features",
    "ExternalColumns": "features",
    "external": "features",
    "on": "features",
    "read_external": "features",
    "feature": "features",
    "frame_feature": "features",
    "load_features": "features",
    "Labels": "labels",
    "triple_barrier": "labels",
    "CombinatorialPurgedKFold": "datasets",
    "PurgedKFold": "datasets",
    "TimeSeriesDataContainer": "datasets",
    "TimeSeriesSplit": "datasets",
    "WalkForward": "datasets",
    "BaseModel": "models",
    "ModelRegistry": "models",
    "PredictionOutput": "models",
    "TrainingMetrics": "models",
    "Trainer": "training",
    "TrainerConfig": "training",
    "out_of_fold": "training",
    "align_out_of_fold": "training",
    "load_out_of_fold": "training",
    "write_out_of_fold": "training",
    "deflated_sharpe_ratio": "validation",
    "effective_number_of_trials": "validation",
    "expected_maximum_sharpe": "validation",
    "minimum_backtest_length": "validation",
    "minimum_track_record_length": "validation",
    "probabilistic_sharpe_ratio": "validation",
    "probability_of_backtest_overfitting": "validation",
    "reality_check": "validation",
    "superior_predictive_ability": "validation",
    "plot_splits": "report.figures",
    "build_dataset": "pipeline",
    "run": "pipeline",
    "RunConfig": "pipeline",
}

__all__ = ["__version__", *sorted(_HOME)]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'barwise' has no attribute {name!r}")
    return getattr(import_module(f"barwise.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return __all__
