"""Figures: arrays in, one matplotlib figure out; no global state is touched."""

from barwise.report.figures.barrier_study import barrier_study
from barwise.report.figures.class_shares import class_shares
from barwise.report.figures.column_drift import column_drift
from barwise.report.figures.confusion_matrix import confusion_matrix
from barwise.report.figures.data_quality import data_quality
from barwise.report.figures.equity import drawdown, equity
from barwise.report.figures.feature_importance import feature_importance
from barwise.report.figures.importance_study import importance_study
from barwise.report.figures.label_distribution import label_distribution
from barwise.report.figures.leaderboard import leaderboard
from barwise.report.figures.power_curve import power_curve
from barwise.report.figures.price import price_with_labels_and_signals
from barwise.report.figures.recombinations import recombinations
from barwise.report.figures.reliability import reliability
from barwise.report.figures.score_whiskers import score_whiskers
from barwise.report.figures.splits import fold_timeline, plot_splits
from barwise.report.figures.style import save_figure
from barwise.report.figures.training_curves import training_curves

__all__ = [
    "barrier_study",
    "class_shares",
    "column_drift",
    "confusion_matrix",
    "data_quality",
    "drawdown",
    "equity",
    "feature_importance",
    "fold_timeline",
    "importance_study",
    "label_distribution",
    "leaderboard",
    "plot_splits",
    "power_curve",
    "price_with_labels_and_signals",
    "recombinations",
    "reliability",
    "save_figure",
    "score_whiskers",
    "training_curves",
]
