"""The only place that reads the wall clock.

Results never depend on it: a time of day ends up in names of run folders, logs and
``provenance.json`` and nowhere else.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime


def now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


def stamp() -> str:
    """Return the current UTC time as ``YYYYmmdd_HHMMSS`` for folder names."""
    return now().strftime("%Y%m%d_%H%M%S")


def seconds() -> float:
    """Return a monotonic clock in seconds, for durations."""
    return time.perf_counter()
