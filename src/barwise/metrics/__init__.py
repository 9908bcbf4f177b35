"""Scores of predictions with intervals that respect overlapping labels."""

from barwise.metrics.calibration import (
    ReliabilityCurve,
    brier_score,
    expected_calibration_error,
    reliability_curve,
)
from barwise.metrics.classification import (
    class_names,
    classification_scores,
    json_number,
    macro_f1,
    touch_auc,
)
from barwise.metrics.comparison import score_intervals
from barwise.metrics.drift import Drift, drift_of, integrated_time
from barwise.metrics.intervals import (
    Interval,
    bootstrap_interval,
    difference_interval,
    interval_of,
    resampled_sums,
)
from barwise.metrics.stationary import stationary_sums, stationary_variance
from barwise.metrics.uniqueness import (
    average_uniqueness,
    block_length,
    effective_sample_size,
)

__all__ = [
    "Drift",
    "Interval",
    "ReliabilityCurve",
    "average_uniqueness",
    "block_length",
    "bootstrap_interval",
    "brier_score",
    "class_names",
    "classification_scores",
    "difference_interval",
    "drift_of",
    "effective_sample_size",
    "expected_calibration_error",
    "integrated_time",
    "interval_of",
    "json_number",
    "macro_f1",
    "reliability_curve",
    "resampled_sums",
    "score_intervals",
    "stationary_sums",
    "stationary_variance",
    "touch_auc",
]
