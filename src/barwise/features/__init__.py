"""Features: short functions over bar columns, compiled into one resumable program."""

from barwise.features.columns import BarColumns
from barwise.features.graph import FeatureGraph
from barwise.features.registry import Feature, feature, features, find, full_names
from barwise.features.sets import choose, needs_volume, set_columns, set_names

__all__ = [
    "BarColumns",
    "Feature",
    "FeatureGraph",
    "choose",
    "feature",
    "features",
    "find",
    "full_names",
    "needs_volume",
    "set_columns",
    "set_names",
]
