"""Labels: what each bar's trade came to, when that was known, and what it weighs."""

from barwise.labels.labels import Labels
from barwise.labels.quality import label_quality, quality_weight
from barwise.labels.triple_barrier import triple_barrier
from barwise.labels.uniqueness import concurrency, effective_samples, label_uniqueness

__all__ = [
    "Labels",
    "concurrency",
    "effective_samples",
    "label_quality",
    "label_uniqueness",
    "quality_weight",
    "triple_barrier",
]
