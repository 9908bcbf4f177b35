"""Every configuration that is judged becomes a row of the trial ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, final

import numpy as np

from barwise.datasets import TimeSeriesDataContainer
from barwise.datasets.ledger import Ledger, Trial
from barwise.pipeline.config import RunConfig
from barwise.pipeline.inputs import Inputs
from barwise.report import Evidence
from barwise.training import Outcome
from barwise.validation import probability_of_backtest_overfitting
from barwise.validation.deflation import (
    Deflation,
    Selection,
    comparable,
    selection,
)

N_BLOCKS = 16
"""Blocks of session days that are recombined, as the authors of the method do."""

LEDGER = "ledger.sqlite"
"""Name of the ledger in an output folder."""

_FIGURES = (
    ("classification", "macro_f1"),
    ("classification", "log_loss"),
    ("trading", "sharpe_ratio"),
)
# Where the file lies and how fast it is read is no choice that a result hangs on.
_NOT_TRIED = {"output", "models", "threads"}
_PLACES = {"path", "contracts"}


def ledger_of(config: RunConfig) -> Ledger:
    """Return the ledger of a config's output folder."""
    return Ledger(config.output_path / LEDGER)


@final
class TrialBook:
    """Records the trials of one data set and deflates results for all of them.

    Parameters
    ----------
    inputs : Inputs
    data : TimeSeriesDataContainer
        Of any horizon: the identity of a data set is its underlying and its time.
    """

    def __init__(self, inputs: Inputs, data: TimeSeriesDataContainer) -> None:
        self._inputs = inputs
        self._data = data
        self._ledger = ledger_of(inputs.config)

    def record(
        self,
        kind: str,
        outcome: Outcome,
        data: TimeSeriesDataContainer,
        judged_on: Mapping[str, Any],
    ) -> bool:
        """Append an outcome's trial; False when it is there already.

        Parameters
        ----------
        kind : str
            ``"model"`` for one training, else how the folds were cut.
        outcome : Outcome
        data : TimeSeriesDataContainer
            Of the outcome's horizon.
        judged_on : mapping
            What the scores are of, such as how the folds were cut.
        """
        config, facts = self._inputs.config, outcome.facts
        tried = config.model_dump(mode="json", exclude=_NOT_TRIED)
        tried["data"] = {k: v for k, v in tried["data"].items() if k not in _PLACES}
        trial = Trial(
            kind,
            self._inputs.instrument.underlying,
            *_span(data),
            {
                "run": tried,
                "training": facts["configs"]["training"],
                "model": facts["configs"]["model"],
                "judged_on": dict(judged_on),
            },
            {
                key: facts["evaluation"][group].get(key)
                for group, key in _FIGURES
                if key in facts["evaluation"][group]
            },
            *daily_returns(outcome),
        )
        return self._ledger.record(trial)

    def trials(self) -> list[Trial]:
        """Return everything that was ever tried on these data."""
        underlying = self._inputs.instrument.underlying
        return self._ledger.trials(underlying, *_span(self._data))

    def deflations(self, outcomes: Sequence[Outcome]) -> list[Deflation | None]:
        """Deflate each outcome; None for one that was not traded."""
        trials, found = self.trials(), []
        selections: dict[bytes, Selection] = {}
        for outcome in outcomes:
            days, returns = daily_returns(outcome)
            # Most outcomes were traded on the same days: one selection serves them.
            key = days.tobytes()
            if len(days) and key not in selections:
                selections[key] = selection(days, trials)
            found.append(selections[key].deflate(returns) if len(days) else None)
        return found

    def table(self, outcome: Outcome) -> np.ndarray:
        """Return the daily returns of every trial that an outcome compares with.

        Returns
        -------
        ndarray of float64, shape (day, trial)
            On the outcome's session days; the outcome is among the trials.
        """
        return comparable(daily_returns(outcome)[0], self.trials())

    def evidence(
        self, outcomes: Sequence[Outcome], deflations: Sequence[Deflation | None]
    ) -> Evidence:
        """Return how often the data were looked at, for the report."""
        trials = len(self.trials())
        table = self.table(outcomes[0]) if outcomes else np.zeros((0, 0))
        overfitted = None
        if table.shape[1] > 1 and len(table) >= 2 * N_BLOCKS:
            overfitted = probability_of_backtest_overfitting(table, N_BLOCKS).pbo
        return Evidence(
            trials=trials,
            effective_trials=max(
                (one.effective_trials for one in deflations if one is not None),
                default=trials,
            ),
            test_openings=self._data.times_opened,
            overfitting_probability=overfitted,
        )


def _span(data: TimeSeriesDataContainer) -> tuple[int, int]:
    """First and last moment that a result before the test part depends on."""
    ends = data.frame.targets.end_time[data.rows("val")]
    return int(data.times("train")[0]), int(ends.max())


def daily_returns(outcome: Outcome) -> tuple[np.ndarray, np.ndarray]:
    """Return session days and net returns on capital; both empty without a market."""
    if "daily_pnl" not in outcome.arrays:
        return np.zeros(0, np.int64), np.zeros(0)
    pnl = np.asarray(outcome.arrays["daily_pnl"], np.float64)
    return np.asarray(outcome.arrays["day"], np.int64), pnl / outcome.facts["capital"]
