"""How much of a comparison of models is luck: PBO, deflation, tests of the best one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, final

import numpy as np

from barwise.core.durable import write_text
from barwise.core.errors import ConfigError, DataError
from barwise.pipeline.config import RunConfig
from barwise.pipeline.fold_run import FoldSummary
from barwise.pipeline.trials import daily_returns, ledger_of
from barwise.report.overfitting_page import render_overfitting
from barwise.trading.days import session_days_per_year
from barwise.trading.performance import period_moments
from barwise.training import Outcome
from barwise.validation import (
    BacktestOverfitting,
    Deflation,
    SnoopingTest,
    minimum_backtest_length,
    minimum_track_record_length,
    probability_of_backtest_overfitting,
    reality_check,
    superior_predictive_ability,
)

_ALWAYS = (0, np.iinfo(np.int64).max)


@final
@dataclass(frozen=True)
class StrategyLuck:
    """What is left of one model's Sharpe ratio.

    Parameters
    ----------
    model : str
    horizon : int
    sharpe_ratio : float
        A year, after costs.
    deflation : Deflation
    track_record : float
        Years after which such a Sharpe ratio is known to be above zero, were this the
        only trial; infinite where it is not above.
    """

    model: str
    horizon: int
    sharpe_ratio: float
    deflation: Deflation
    track_record: float


@final
@dataclass(frozen=True, eq=False)
class Luck:
    """How much of a comparison of models is luck.

    Parameters
    ----------
    strategies : tuple of StrategyLuck
        The models that were compared.
    compared : int
        Trials of the ledger with returns on the same session days; the statistics
        below are of all of them, for leaving out the bad ones flatters.
    days : int
        Session days.
    years : float
    pbo : BacktestOverfitting
    reality, superior : SnoopingTest
        White's reality check and Hansen's test against not trading at all.
    least_years : float
        Years below which the best of so many independent trials reaches a Sharpe ratio
        of 1 by luck alone.
    """

    strategies: tuple[StrategyLuck, ...]
    compared: int
    days: int
    years: float
    pbo: BacktestOverfitting
    reality: SnoopingTest
    superior: SnoopingTest
    least_years: float

    def sentences(self) -> tuple[str, ...]:
        """Return what the figures say, the probability of overfitting first."""
        tried, found = self.strategies[0].deflation, self.pbo
        return (
            f"Probability of backtest overfitting: {found.pbo:.0%} (about half where the "
            "choice of the best says nothing)",
            f"{tried.trials:,} configurations were tried on these data, about "
            f"{tried.effective_trials:,.0f} of them independent; {self.compared:,} have "
            f"returns on the same {self.days:,} session days.",
            f"The best loses out of sample in {found.probability_of_loss:.0%} of "
            f"{len(found.logits):,} recombinations; slope of its Sharpe ratio out of "
            f"sample on that in sample: {found.slope:.2f}",
            "Chance of so good a best one without any skill: "
            f"{self.superior.p_value:.3f} (Hansen), {self.reality.p_value:.3f} (White)",
            f"{self.years:.1f} years of days; below {self.least_years:.1f} the best of so "
            "many independent trials reaches a Sharpe ratio of 1 by luck",
        )

    def to_dict(self) -> dict[str, Any]:
        """Return all but the single recombinations as plain values."""
        return {
            "strategies": [asdict(one) for one in self.strategies],
            "compared": self.compared,
            "days": self.days,
            "years": self.years,
            "minimum_backtest_years": self.least_years,
            "pbo": self.pbo.pbo,
            "probability_of_loss": self.pbo.probability_of_loss,
            "slope": self.pbo.slope,
            "intercept": self.pbo.intercept,
            "r_squared": self.pbo.r_squared,
            "first_order_dominance": self.pbo.dominance.first_order,
            "second_order_dominance": self.pbo.dominance.second_order,
            "reality_check": asdict(self.reality),
            "superior_predictive_ability": asdict(self.superior),
        }


_ALONE = (
    "the probability of overfitting compares at least two configurations on the same "
    "days; name two models or more, e.g. --models logistic,lightgbm"
)


def check_comparison(
    config: RunConfig, horizons: Sequence[int] | None, n_blocks: int
) -> None:
    """Refuse what cannot be compared before any fold is computed.

    Parameters
    ----------
    config : RunConfig
    horizons : sequence of int, optional
        Those that were asked for; by default all of the config's.
    n_blocks : int
        As in :func:`luck_of`.

    Raises
    ------
    ConfigError
        If this is one configuration and the ledger has no other of the same
        underlying, or the number of blocks is odd.
    """
    if n_blocks % 2:
        raise ConfigError(
            f"--n-blocks {n_blocks} is odd: half of the blocks choose and the other half "
            f"judges; take {n_blocks + 1}"
        )
    if len(config.models) * len(horizons or config.labels.horizons) > 1:
        return
    tried = ledger_of(config).trials(config.traded().underlying, *_ALWAYS)
    if not tried:
        raise ConfigError(_ALONE)


def luck_of(summary: FoldSummary, n_blocks: int) -> Luck:
    """Say how much of an evaluation by folds is luck.

    The trials are those of the ledger: the models of this evaluation, and everything
    else that was ever tried on the same session days.

    Parameters
    ----------
    summary : FoldSummary
    n_blocks : int
        Blocks of session days that are recombined, even.

    Raises
    ------
    ConfigError
        If nothing was traded, fewer than two trials can be compared, or the number of
        blocks is odd or out of range.
    DataError
        If there are too few session days.
    """
    outcomes = [one.outcome for one in summary.judged]
    if "daily_pnl" not in outcomes[0].arrays:
        raise ConfigError("without a backtest there are no returns to compare")
    table = summary.book.table(outcomes[0])
    if table.shape[1] < 2:
        raise ConfigError(_ALONE)
    if len(table) < 2 * n_blocks:
        raise DataError(
            f"{len(table)} session days cannot be cut into {n_blocks} blocks of two days "
            f"or more; use more data, or --n-blocks {max(2, len(table) // 4 * 2)}"
        )
    # One that never traded has no distance to not trading.
    moving = np.ascontiguousarray(table[:, np.ptp(table, axis=0) > 0])
    if not moving.shape[1]:
        raise ConfigError(
            "no configuration has made a trade: there is nothing to judge"
        )
    a_year = session_days_per_year(summary.inputs.sessions)
    deflations = summary.book.deflations(outcomes)
    strategies = tuple(
        _strategy(outcome, deflation, a_year)
        for outcome, deflation in zip(outcomes, deflations, strict=True)
        if deflation is not None
    )
    independent = max(one.deflation.effective_trials for one in strategies)
    return Luck(
        strategies,
        table.shape[1],
        len(table),
        len(table) / a_year,
        probability_of_backtest_overfitting(table, n_blocks),
        reality_check(moving),
        superior_predictive_ability(moving),
        minimum_backtest_length(independent),
    )


def write_luck(luck: Luck, summary: FoldSummary) -> Path:
    """Write the page of a comparison beside the report of its folds."""
    bars = summary.inputs.bars
    page = render_overfitting(
        luck.to_dict(),
        luck.pbo,
        line=f"{bars.symbol} · {len(bars):,} bars of {bars.length} · {summary.folding}, "
        "traded by the day and after costs",
        points=luck.sentences(),
        simulated=bars.simulated,
    )
    path = summary.report.parent / "overfitting.html"
    write_text(path, page)
    return path


def _strategy(outcome: Outcome, deflation: Deflation, a_year: float) -> StrategyLuck:
    moments = period_moments(daily_returns(outcome)[1])
    record = math.inf
    if math.isfinite(moments.sharpe):
        days = minimum_track_record_length(
            moments.sharpe, moments.skewness, moments.kurtosis
        )
        record = days / a_year
    return StrategyLuck(
        outcome.model_name,
        outcome.horizon,
        moments.sharpe * math.sqrt(a_year),
        deflation,
        record,
    )
