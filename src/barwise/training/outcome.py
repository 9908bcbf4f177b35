"""What one training produced, as plain data that can be stored and read back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np


@final
@dataclass(frozen=True, eq=False)
class Outcome:
    """A trained and scored model.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        Of the validation part: ``time`` (int64 ns UTC), ``row`` (bar of the decision),
        ``label``, ``prediction``, ``confidence``, ``valid``, ``probabilities`` (n,
        class), and with a market ``signal``, ``equity_time``, ``equity``,
        ``buy_and_hold``, ``day``, ``daily_pnl``.
    facts : mapping
        JSON values: ``evaluation``, ``training``, ``importance``, ``history``,
        ``configs`` (training, model, feature), ``effective_samples``.
    model : mapping of str to bytes
        Files of the fitted model, by name.
    volatile : mapping
        What differs between equal runs, such as the training time.
    """

    arrays: Mapping[str, np.ndarray]
    facts: Mapping[str, Any]
    model: Mapping[str, bytes]
    volatile: Mapping[str, Any] = field(default_factory=dict)

    @property
    def model_name(self) -> str:
        """Registered name of the model."""
        return str(self.facts["evaluation"]["model_name"])

    @property
    def horizon(self) -> int:
        """Horizon of the labels in bars."""
        return int(self.facts["evaluation"]["horizon"])
