"""Quality on markets whose truth is known: ``python -m benchmarks.quality``."""
