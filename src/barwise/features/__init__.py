"""Features: short functions over bar columns, compiled into one resumable program."""

from barwise.features.columns import BarColumns
from barwise.features.definition import Feature
from barwise.features.external import ExternalColumns, external
from barwise.features.external_file import read_external
from barwise.features.frame_feature import frame_feature
from barwise.features.graph import FeatureGraph
from barwise.features.label_source import LabelRule
from barwise.features.lowering import on
from barwise.features.own import OwnFeatures, load_features
from barwise.features.registry import feature, features, find, full_names
from barwise.features.sets import (
    choose,
    needs_volume,
    set_columns,
    set_description,
    set_names,
    without_volume,
)

__all__ = [
    "BarColumns",
    "ExternalColumns",
    "Feature",
    "FeatureGraph",
    "LabelRule",
    "OwnFeatures",
    "choose",
    "external",
    "feature",
    "features",
    "find",
    "frame_feature",
    "full_names",
    "load_features",
    "needs_volume",
    "on",
    "read_external",
    "set_columns",
    "set_description",
    "set_names",
    "without_volume",
]
