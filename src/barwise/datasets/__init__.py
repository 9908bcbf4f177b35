"""Data sets: parts and folds that cannot leak, scaling fitted in them, a sealed test."""

from __future__ import annotations

from barwise.datasets.assembly import DatasetSettings, sealed_from, training_rows
from barwise.datasets.checks import (
    CheckSettings,
    DatasetVerdict,
    Finding,
    check_dataset,
)
from barwise.datasets.chronological import (
    PARTS,
    Part,
    Split,
    SplitSettings,
    chronological_split,
)
from barwise.datasets.combinatorial import CombinatorialPurgedKFold
from barwise.datasets.container import TimeSeriesDataContainer
from barwise.datasets.correlation import Pruned, correlated_pairs, prune
from barwise.datasets.fold_data import (
    FoldData,
    check_unfitted,
    development,
    fold_data,
)
from barwise.datasets.learner import ColumnLearner
from barwise.datasets.ordered import TimeSeriesSplit
from barwise.datasets.pooling import pool_samples
from barwise.datasets.preparation import Preparation, PreparationSettings
from barwise.datasets.proposals import (
    Primary,
    Proposals,
    meta_container,
    proposed_sides,
)
from barwise.datasets.purged import PurgedKFold
from barwise.datasets.sample_ratio import SampleRatio
from barwise.datasets.scaling import Scaler
from barwise.datasets.sealed import Opening, SealedError, TestSeal
from barwise.datasets.splitter import AbstractSplitter, Fold
from barwise.datasets.storage import load_container, save_container
from barwise.datasets.targets import LabelArrays, Targets
from barwise.datasets.walk_forward import WalkForward

__all__ = [
    "PARTS",
    "AbstractSplitter",
    "CheckSettings",
    "ColumnLearner",
    "CombinatorialPurgedKFold",
    "DatasetSettings",
    "DatasetVerdict",
    "Finding",
    "Fold",
    "FoldData",
    "LabelArrays",
    "Opening",
    "Part",
    "Preparation",
    "PreparationSettings",
    "Primary",
    "Proposals",
    "Pruned",
    "PurgedKFold",
    "SampleRatio",
    "Scaler",
    "SealedError",
    "Split",
    "SplitSettings",
    "Targets",
    "TestSeal",
    "TimeSeriesDataContainer",
    "TimeSeriesSplit",
    "WalkForward",
    "check_dataset",
    "check_unfitted",
    "chronological_split",
    "correlated_pairs",
    "development",
    "fold_data",
    "load_container",
    "meta_container",
    "pool_samples",
    "proposed_sides",
    "prune",
    "save_container",
    "sealed_from",
    "training_rows",
]
