"""Labels: what each bar's trade came to, when that was known, and what it weighs."""

from barwise.labels.binary import direction_labels, meta_labels, signal_labels
from barwise.labels.events import cusum_events, cusum_graph, sequential_bootstrap
from barwise.labels.labels import Labels
from barwise.labels.quality import label_quality, quality_weight
from barwise.labels.trace import LabelTrace, trace_label
from barwise.labels.triple_barrier import triple_barrier
from barwise.labels.uniqueness import concurrency, effective_samples, label_uniqueness

__all__ = [
    "LabelTrace",
    "Labels",
    "concurrency",
    "cusum_events",
    "cusum_graph",
    "direction_labels",
    "effective_samples",
    "label_quality",
    "label_uniqueness",
    "meta_labels",
    "quality_weight",
    "sequential_bootstrap",
    "signal_labels",
    "trace_label",
    "triple_barrier",
]
