"""Expressions in float64, for comparison with other people's arithmetic."""

from barwise.stream.evaluate import evaluate

__all__ = ["evaluate"]
