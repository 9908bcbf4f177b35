"""One choice of barriers, judged by trades on purged out-of-fold predictions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np

from barwise.bars import Bars, SessionTable
from barwise.core.samples import Samples
from barwise.datasets import Preparation, PreparationSettings, PurgedKFold
from barwise.labels import Labels, label_uniqueness, triple_barrier
from barwise.models.registry import ModelRegistry
from barwise.trading import Account, Costs, ExecutionContract, sharpe_ratio
from barwise.trading.barrier_rows import barrier_width
from barwise.trading.market import Market
from barwise.trading.result import BacktestResult

FOLDS = 5
MODEL = "lightgbm"
MODEL_SETTINGS: dict[str, Any] = {
    "max_rounds": 60,
    "learning_rate": 0.1,
    "leaves": 15,
    "class_weight": None,
    "early_stopping_rounds": 60,
    "refit": False,
    "threads": 1,
}
"""Small and the same for every trial: it is the barriers that are compared."""

MOST_ROWS = 20_000
"""Training rows of a fold, spread evenly: labels of neighbours are nearly the same."""

IMBALANCE, AMBIGUITY = 1.0, 10.0
"""What a Sharpe ratio loses to classes as uneven as can be, and to ties alone."""

MOST_AMBIGUOUS, FEWEST_TRADES = 0.05, 30
"""A choice with more labels that only the tie rule decided, or fewer trades, cannot win."""


@final
@dataclass(frozen=True)
class Choice:
    """Barriers in multiples of the width, and the horizon in bars."""

    upper: float
    lower: float
    horizon: int


@final
@dataclass(frozen=True)
class Verdict:
    """What a choice of barriers came to.

    Parameters
    ----------
    score : float
        ``sharpe - 1.0 x imbalance - 10 x ambiguous``.
    sharpe : float
        After costs, a year; 0 without a trade.
    trades : int
    net : float
        Money made by the trades, in the instrument's currency.
    imbalance : float
        1 - entropy of the class shares / log 3: 0 for even classes, 1 for one alone.
    ambiguous : float
        Share of the labels that only the tie rule decided.
    shares : tuple of float
        Of short, neutral and long among the samples.
    samples : int
    feasible : bool
        Enough trades and few enough ties to be the answer.
    """

    score: float
    sharpe: float
    trades: int
    net: float
    imbalance: float
    ambiguous: float
    shares: tuple[float, float, float]
    samples: int
    feasible: bool


@final
@dataclass(frozen=True, eq=False)
class TrainingSpan:
    """What barriers are tuned on: the rows of the training part and nothing behind.

    Parameters
    ----------
    bars : Bars
        Up to the last training sample, so that no label path leaves the span.
    fine : Bars or None
        Finer bars of the same span.
    matrix : ndarray of float32, shape (bar, feature)
    names, passthrough : tuple of str
        Columns, and those that no scaler touches.
    segments : ndarray of int64, shape (bar,)
    mask : ndarray of bool, shape (bar,)
        Rows that may be decided on.
    options : dict
        Arguments of ``triple_barrier`` that are not tuned.
    sessions : SessionTable
    tick : float
    costs : Costs
    account : Account
    seed : int
    """

    bars: Bars
    fine: Bars | None
    matrix: np.ndarray
    names: tuple[str, ...]
    passthrough: tuple[str, ...]
    segments: np.ndarray
    mask: np.ndarray
    options: dict[str, Any]
    sessions: SessionTable
    tick: float
    costs: Costs
    account: Account
    seed: int

    def judge(self, choice: Choice) -> tuple[Verdict, BacktestResult | None]:
        """Label, predict out of fold, trade.

        Returns
        -------
        verdict : Verdict
        result : BacktestResult or None
            None where there are too few samples for folds.
        """
        labels = self._labels(choice)
        rows = np.flatnonzero(labels.valid & self.mask)
        samples = Samples(
            self.matrix,
            rows,
            self.bars.time[rows],
            labels.known_at[rows],
            self.segments,
            self.names,
        )
        complete = samples.complete
        rows, samples = rows[complete], samples.take(complete)
        y = labels.label[rows]
        shares = tuple(float(np.mean(y == c)) if len(y) else 0.0 for c in (-1, 0, 1))
        ambiguous = float(np.mean(labels.truth[rows] == 2)) if len(y) else 0.0
        if len(rows) < 10 * FOLDS or min(shares) == 0.0:
            return _verdict(None, shares, ambiguous, len(rows)), None
        weights = (labels.weight * np.nan_to_num(label_uniqueness(labels)))[rows]
        p, timeout = self._predict(choice, samples, y, labels.ret[rows], weights)
        market = Market(
            self.bars,
            self._width(),
            self._contract(choice),
            self.costs,
            self.account,
            self.sessions,
        )
        _, result = market.trade(rows, p, timeout_returns=(timeout, timeout))
        return _verdict(result, shares, ambiguous, len(rows)), result

    def _labels(self, choice: Choice) -> Labels:
        return triple_barrier(
            self.bars,
            horizon=choice.horizon,
            upper=choice.upper,
            lower=choice.lower,
            **self.options,
            tick=self.tick,
            fine=self.fine,
            sessions=self.sessions,
            sample=self.mask,
        )

    def _predict(
        self,
        choice: Choice,
        samples: Samples,
        y: np.ndarray,
        returns: np.ndarray,
        weights: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return probabilities of every sample by a model that has not seen it.

        With them the mean return of a time-out on the rows that this model has seen.
        """
        p, timeout = np.full((len(y), 3), np.nan), np.zeros(len(y))
        for train, test in PurgedKFold(FOLDS, purge=choice.horizon).split(samples):
            few = train[:: -(-len(train) // MOST_ROWS)]
            preparation = Preparation(PreparationSettings(passthrough=self.passthrough))
            model = ModelRegistry.create(
                MODEL, MODEL_SETTINGS | {"random_seed": self.seed % 2**31}
            )
            model.fit(
                preparation.fit(samples.take(few)),
                y[few],
                sample_weights=weights[few] / weights[few].mean(),
            )
            asked = preparation.apply(samples.take(test))
            p[test] = model.predict(asked).class_probabilities
            neutral = returns[train][y[train] == 0]
            timeout[test] = neutral.mean() if len(neutral) else 0.0
        return p, timeout

    def _width(self) -> np.ndarray:
        return barrier_width(
            self.bars, unit=self.options["unit"], period=self.options["atr_period"]
        )

    def _contract(self, choice: Choice) -> ExecutionContract:
        options = self.options
        return ExecutionContract(
            choice.horizon,
            choice.upper,
            choice.lower,
            tick=self.tick,
            entry=options["entry"],
            session_end="carry" if options["session_end"] == "carry" else "flat",
            sides=options["sides"],
            touch=options["touch"],
            trade_through=options["trade_through"],
        )


def _verdict(
    result: BacktestResult | None,
    shares: tuple[float, ...],
    ambiguous: float,
    samples: int,
) -> Verdict:
    sharpe, trades, net = 0.0, 0, 0.0
    if result is not None and len(result.trades):
        returns = result.daily_returns
        found = sharpe_ratio(returns, result.days_per_year)
        sharpe = float(found) if np.isfinite(found) else 0.0
        trades, net = len(result.trades), float(result.trades.net.sum())
    entropy = -sum(share * np.log(share) for share in shares if share > 0)
    imbalance = float(1.0 - entropy / np.log(3.0))
    short, neutral, long = shares
    return Verdict(
        score=sharpe - IMBALANCE * imbalance - AMBIGUITY * ambiguous,
        sharpe=sharpe,
        trades=trades,
        net=net,
        imbalance=imbalance,
        ambiguous=ambiguous,
        shares=(short, neutral, long),
        samples=samples,
        feasible=ambiguous <= MOST_AMBIGUOUS and trades >= FEWEST_TRADES,
    )
