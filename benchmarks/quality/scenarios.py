"""The markets. Ids and seeds are permanent: figures of two versions can be compared.

A scenario that is changed gets a new id; an old one is never reused.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from barwise.bars import Bars
from barwise.bars.simulate import simulate_bars
from barwise.pipeline.inputs import Inputs
from barwise.testing.known_markets import (
    Judgement,
    judge,
    known_market,
    with_shuffled_labels,
)

HORIZON = 10
HALF_LIFE = 60.0  # minutes, of the simulator's drift
MODELS = {
    "logistic": {},
    "lightgbm": {},
    "lstm": {"hidden_size": 32, "layers": 1, "sequence_length": 30, "max_epochs": 15},
}
Expectation = Callable[[dict[str, Judgement]], list[str]]


@dataclass(frozen=True)
class Scenario:
    """One market and what has to come out of it.

    Parameters
    ----------
    id : str
        Permanent.
    truth : str
        What is known about it.
    signal, seed, days
        Of the simulation.
    fails : callable
        Returns what is wrong with the judgements, nothing when they are right.
    change : callable, optional
        Applied to the inputs after labelling.
    barriers : (float, float)
        Multiples of ATR.
    """

    id: str
    truth: str
    signal: float
    seed: int
    days: int
    fails: Expectation
    change: Callable[[Inputs], Inputs] = lambda inputs: inputs
    barriers: tuple[float, float] = (1.25, 1.25)

    def run(self, folder: Path) -> tuple[list[Judgement], float]:
        """Judgements of models and baselines, and the touch AUC that was possible."""
        upper, lower = self.barriers
        inputs = known_market(
            folder,
            signal=self.signal,
            seed=self.seed,
            days=self.days,
            horizon=HORIZON,
            labels={"horizons": [HORIZON], "upper": upper, "lower": lower},
        )
        return judge(self.change(inputs), MODELS), self._best(inputs)

    def _best(self, inputs: Inputs) -> float:
        """What one who knows the simulator's rule, and sees prices only, reaches."""
        from sklearn.metrics import roc_auc_score

        if not self.signal:
            return 0.5
        raw = simulate_bars("MES", days=self.days, signal=self.signal, seed=self.seed)
        score = observed_drift(raw, self.signal)
        labels, time = inputs.labels[HORIZON], inputs.bars.time
        late = np.arange(len(time)) >= int(0.7 * len(time))
        rows = labels.valid & (labels.label != 0) & late
        at = np.searchsorted(raw.time, time[rows])
        return float(roc_auc_score(labels.label[rows] > 0, score[at]))


def observed_drift(raw: Bars, signal: float) -> np.ndarray:
    """Kalman's steady estimate of the next minute's drift, from standardised returns."""
    from scipy.optimize import brentq
    from scipy.signal import lfilter

    stay = 0.5 ** (1.0 / HALF_LIFE)
    fresh = signal**2 * (1.0 - stay**2)
    variance = brentq(
        lambda v: stay**2 * v / (1.0 + v) + fresh - v, 0.0, 1.0, xtol=1e-12
    )
    gain = variance / (1.0 + variance)
    returns = np.log(raw.close / raw.open)
    size = np.sqrt(lfilter([1.0 - stay], [1.0, -stay], returns**2))
    known = np.r_[size[:1], size[:-1]]
    z = np.divide(returns, known, out=np.zeros_like(returns), where=known > 0)
    return lfilter([stay * gain], [1.0, -stay * (1.0 - gain)], z)


def finds_nothing(found: dict[str, Judgement]) -> list[str]:
    """No model beats the best baseline, tells the sides apart, or makes money."""
    wrong = []
    for name in MODELS:
        one = found[name]
        if one.over_baseline.lower > 0:
            wrong.append(f"{name} beats {one.baseline}")
        if not one.touch_auc.contains(0.5):
            wrong.append(f"{name} has a touch AUC away from 0.5")
        if one.sharpe.lower > 0:
            wrong.append(f"{name} makes money")
        if one.claim:
            wrong.append(f"{name} is claimed")
    return wrong


def claims_nothing(found: dict[str, Judgement]) -> list[str]:
    """No money, no claim: the edge is none, or below what this much data can show.

    The touch AUC is left open: with barriers that lie unequally far away volatility
    alone tells which one is touched.
    """
    wrong = [f"{name} makes money" for name in MODELS if found[name].sharpe.lower > 0]
    return wrong + [f"{name} is claimed" for name in MODELS if found[name].claim]


def sees_a_little(found: dict[str, Judgement]) -> list[str]:
    """Every model tells the sides apart, if little."""
    return [
        f"{name} does not tell the sides apart"
        for name in MODELS
        if not found[name].touch_auc.lower > 0.5
    ]


def finds_the_edge(found: dict[str, Judgement]) -> list[str]:
    """Every model tells the sides apart and makes money after costs."""
    wrong = []
    for name in MODELS:
        one = found[name]
        if not one.touch_auc.lower > 0.7:
            wrong.append(f"{name} hardly tells the sides apart")
        if not one.sharpe.lower > 0:
            wrong.append(f"{name} makes no money")
        if not one.macro_f1.lower > found["time_of_day"].macro_f1.upper:
            wrong.append(f"{name} is no better than the clock")
    return wrong


def learns_nothing(found: dict[str, Judgement]) -> list[str]:
    """Below every baseline that sees the true labels, and no money.

    Not a touch AUC of 0.5: a net with random weights is still some function of the
    trend, which in this market tells the sides apart, one way or the other.
    """
    wrong = []
    for name in MODELS:
        one = found[name]
        if not one.over_baseline.upper < 0:
            wrong.append(f"{name} is as good as {one.baseline}")
        if one.sharpe.lower > 0:
            wrong.append(f"{name} makes money")
        if one.claim:
            wrong.append(f"{name} is claimed")
    return wrong


def shows_the_leak(found: dict[str, Judgement]) -> list[str]:
    """The yardstick sees a leak: where nothing can be found, much is found."""
    return [
        f"{name} does not see it"
        for name in MODELS
        if not found[name].touch_auc.lower > 0.55
    ]


def one_bar_early(inputs: Inputs) -> Inputs:
    """Stamp one column a bar too early, as a source labelled the wrong way would."""
    matrix = np.array(inputs.matrix)
    column = inputs.names.index("log_return_1")
    matrix[:-1, column] = matrix[1:, column]
    return replace(inputs, matrix=matrix)


def shuffled(inputs: Inputs) -> Inputs:
    """Deal the training labels out anew."""
    return with_shuffled_labels(inputs, HORIZON, seed=0)


SCENARIOS = (
    Scenario("zero-1", "no signal", 0.0, 1, 250, finds_nothing),
    Scenario("zero-2", "no signal", 0.0, 2, 250, finds_nothing),
    Scenario(
        "zero-uneven-1",
        "no signal, barriers 1.5 to 1.0",
        0.0,
        1,
        250,
        claims_nothing,
        barriers=(1.5, 1.0),
    ),
    Scenario("weak-1", "signal 0.05", 0.05, 1, 250, claims_nothing),
    Scenario("modest-1", "signal 0.1", 0.1, 1, 250, sees_a_little),
    Scenario("strong-1", "signal 0.3", 0.3, 1, 250, finds_the_edge),
    Scenario(
        "shuffled-1",
        "signal 0.3, training labels shuffled",
        0.3,
        1,
        250,
        learns_nothing,
        change=shuffled,
    ),
    Scenario(
        "leak-1",
        "no signal, log_return_1 one bar early",
        0.0,
        1,
        250,
        shows_the_leak,
        change=one_bar_early,
    ),
)
