"""Data sets: chronological parts, fold-fitted scaling, lazy windows, a sealed test."""

from __future__ import annotations

from barwise.datasets.assembly import DatasetSettings
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
from barwise.datasets.container import TimeSeriesDataContainer
from barwise.datasets.correlation import correlated_pairs
from barwise.datasets.preparation import Preparation, PreparationSettings
from barwise.datasets.scaling import Scaler
from barwise.datasets.sealed import Opening, SealedError, TestSeal
from barwise.datasets.storage import load_container, save_container
from barwise.datasets.targets import LabelArrays, Targets

__all__ = [
    "PARTS",
    "CheckSettings",
    "DatasetSettings",
    "DatasetVerdict",
    "Finding",
    "LabelArrays",
    "Opening",
    "Part",
    "Preparation",
    "PreparationSettings",
    "Scaler",
    "SealedError",
    "Split",
    "SplitSettings",
    "Targets",
    "TestSeal",
    "TimeSeriesDataContainer",
    "check_dataset",
    "chronological_split",
    "correlated_pairs",
    "load_container",
    "save_container",
]
