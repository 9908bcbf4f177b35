"""Validation: what results say side by side."""

from barwise.validation.leaderboard import Row, leaderboard

__all__ = ["Row", "leaderboard"]
