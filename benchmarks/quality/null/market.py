"""One market without an edge, judged honestly and naively."""

from dataclasses import dataclass
from itertools import product
from pathlib import Path
from statistics import NormalDist

import numpy as np
from lightgbm import LGBMClassifier
from scipy import stats
from sklearn.model_selection import KFold, cross_val_predict

from barwise.datasets import (
    AbstractSplitter,
    PurgedKFold,
    TimeSeriesDataContainer,
    WalkForward,
)
from barwise.datasets.ledger import Ledger, Trial
from barwise.pipeline.dataset import container_of
from barwise.pipeline.inputs import Inputs
from barwise.pipeline.training import market_of, trainer_config
from barwise.testing.known_markets import known_market
from barwise.training import out_of_fold
from barwise.validation.deflation import deflate

DAYS = 60
LEVEL = 0.05
HORIZONS = (10, 20)
TREES = {
    "max_rounds": 40,
    "learning_rate": 0.1,
    "leaves": 15,
    "early_stopping_rounds": 40,
    "refit": False,
}
MODELS = (
    {"name": "lightgbm", "config": TREES},
    {"name": "lightgbm", "config": TREES | {"leaves": 4}},
    {"name": "logistic", "config": {}},
    {"name": "logistic", "config": {"penalty_inverse": 0.01}},
)
COLUMNS = (
    "return_5",
    "return_20",
    "rsi_14",
    "ema_50",
    "bb_width_20",
    "hvol_20",
    "atr_14",
    "hour_sin",
    "hour_cos",
)
SETTINGS = {
    "features": {"set": None, "names": COLUMNS},
    "labels": {"target": "direction", "horizons": HORIZONS},
    # Costs would turn every share of significant results into zero.
    "backtest": {"commission": 0.0, "slippage_ticks": 0.0},
}


@dataclass(frozen=True)
class Judged:
    """Whether a market without an edge was called significant, way by way.

    Parameters
    ----------
    naive : bool
        Shuffled folds, and a test of accuracy that takes rows for independent.
    purged : bool
        Purged folds, and the same test.
    kfold : bool
        Purged folds, traded, and a test of the Sharpe ratio of days.
    honest : bool
        Walk-forward windows, and the same test.
    best : bool
        The same of the best of all trials.
    deflated : bool
        The same, deflated for what the ledger knows.
    naive_accuracy, purged_accuracy : float
    kfold_score, honest_score : float
        The Sharpe ratio over its standard error.
    effective_trials : float
    """

    naive: bool
    purged: bool
    kfold: bool
    honest: bool
    best: bool
    deflated: bool
    naive_accuracy: float
    purged_accuracy: float
    kfold_score: float
    honest_score: float
    effective_trials: float


@dataclass(frozen=True)
class Traded:
    """One configuration's predictions, and the account that traded them."""

    trial: Trial
    label: np.ndarray
    said: np.ndarray


def judge(folder: Path, seed: int) -> Judged:
    """Simulate a market and judge it every way."""
    inputs = known_market(
        folder,
        signal=0.0,
        seed=seed,
        days=DAYS,
        data={"path": folder / "bars.parquet", "label": "close", "interval": "15min"},
        **SETTINGS,
    )
    containers = {horizon: container_of(inputs, horizon) for horizon in HORIZONS}
    purge = inputs.config.purge
    first, model = containers[HORIZONS[0]], MODELS[0]
    shuffled = guess_shuffled(first)
    folded = trade(inputs, first, model, PurgedKFold(5, purge=purge, embargo=purge))
    walked = [
        trade(inputs, containers[horizon], each, WalkForward(5, purge=purge)).trial
        for horizon, each in product(HORIZONS, MODELS)
    ]
    ledger = Ledger(folder / "ledger.sqlite")
    for trial in walked:
        ledger.record(trial)
    known = ledger.trials("SP500", walked[0].start, walked[0].end)
    best = max(
        (deflate(one.days, one.returns, known) for one in walked),
        key=lambda found: found.probabilistic,
    )
    alone = [deflate(t.days, t.returns, [t]) for t in (folded.trial, walked[0])]
    return Judged(
        naive=accuracy_test(*shuffled) < LEVEL,
        purged=accuracy_test(folded.label, folded.said) < LEVEL,
        kfold=alone[0].probabilistic > 1 - LEVEL,
        honest=alone[1].probabilistic > 1 - LEVEL,
        best=best.probabilistic > 1 - LEVEL,
        deflated=best.deflated > 1 - LEVEL,
        naive_accuracy=float(np.mean(shuffled[0] == shuffled[1])),
        purged_accuracy=float(np.mean(folded.label == folded.said)),
        kfold_score=_score(alone[0].probabilistic),
        honest_score=_score(alone[1].probabilistic),
        effective_trials=best.effective_trials,
    )


def trade(
    inputs: Inputs,
    data: TimeSeriesDataContainer,
    model: dict,
    splitter: AbstractSplitter,
) -> Traded:
    """Trade a model's predictions of rows that it was not fitted on."""
    config = inputs.config.replace(models=[model])
    trainer = trainer_config(config, config.models[0], data.horizon)
    made = out_of_fold(trainer, data, splitter)
    tested = made.answered()
    asked, output = made.asked(data).take(tested), made.output().take(tested)
    market = market_of(inputs, data.horizon)
    _, result = market.trade(
        asked.rows, output.class_probabilities, class_returns=asked.class_returns
    )
    trial = Trial(
        "model",
        "SP500",
        int(inputs.bars.time[0]),
        int(inputs.bars.time[-1]),
        {"model": model, "horizon": data.horizon},
        {},
        result.day,
        result.daily_pnl / result.account.capital,
    )
    return Traded(trial, asked.y, output.class_predictions)


def guess_shuffled(data: TimeSeriesDataContainer) -> tuple[np.ndarray, np.ndarray]:
    """Labels beside predictions of the first model's trees in shuffled folds."""
    x = np.concatenate([data.X_train, data.X_val])
    y = np.concatenate([data.y_train, data.y_val])
    trees = LGBMClassifier(
        n_estimators=TREES["max_rounds"],
        learning_rate=TREES["learning_rate"],
        num_leaves=TREES["leaves"],
        n_jobs=1,
        verbose=-1,
        random_state=0,
    )
    folds = KFold(5, shuffle=True, random_state=0)
    return y, cross_val_predict(trees, x, y, cv=folds)


def accuracy_test(y: np.ndarray, said: np.ndarray) -> float:
    """P-value of the hits, were rows independent and predictions unrelated to labels."""
    chance = sum(float(np.mean(y == c) * np.mean(said == c)) for c in np.unique(y))
    hits = int(np.sum(y == said))
    return float(stats.binomtest(hits, len(y), chance, alternative="greater").pvalue)


def _score(probability: float) -> float:
    return NormalDist().inv_cdf(min(max(probability, 1e-9), 1 - 1e-9))
