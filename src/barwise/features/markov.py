"""Hidden Markov regimes: fitted by hmmlearn, filtered by an op of the engine.

Notation
--------
k : number of states, the calmest first
x, y : the two observations of a bar; u, v : the same, limited and scaled
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from typing import Any, ClassVar, final

import numpy as np

from barwise.core.errors import ConfigError
from barwise.stream import Expr
from barwise.stream.expr import hidden_markov
from barwise.stream.learned import Recipe

LEAST_SHARE = 0.01
"""Share of the training rows below which a state is not believed."""

TAILS = (LEAST_SHARE, 1.0 - LEAST_SHARE)
"""Quantiles at which observations are limited: what is rarer is no state of its own."""

ROWS_PER_STATE = 50
"""Training rows that a state needs at the least, on average."""

RESTARTS = 5
_TRIED_ROWS, _TRIED_STEPS, _STEPS = 20_000, 10, 100
_SEED = 0
_STAY = 0.95
"""Chance of staying in a state that the first guess assumes."""


@final
@dataclass(frozen=True, eq=False)
class MarkovModel:
    """What is learned: scaling, and a chain of Gaussian states ordered by volatility.

    Parameters
    ----------
    lower, upper : ndarray, shape (2,)
        Limits of x and y: quantiles of the training rows.
    centre, scale : ndarray, shape (2,)
        Mean and standard deviation of the limited x and y.
    share : ndarray, shape (k,)
        Share of the training rows in each state: the state of the row before the
        first one is drawn from it.
    moves : ndarray, shape (k, k)
        Chance of each next state; a row is where from.
    means, variances : ndarray, shape (k, 2)
        Of u and v in each state.
    """

    lower: np.ndarray
    upper: np.ndarray
    centre: np.ndarray
    scale: np.ndarray
    share: np.ndarray
    moves: np.ndarray
    means: np.ndarray
    variances: np.ndarray

    def vector(self) -> np.ndarray:
        """Return everything in one row of numbers."""
        parts = [getattr(self, field.name).ravel() for field in fields(self)]
        return np.concatenate(parts)

    @classmethod
    def of(cls, vector: np.ndarray, states: int) -> MarkovModel:
        """Rebuild a model of that many states from :meth:`vector`."""
        pair, each = (2,), (states, 2)
        shapes = (pair, pair, pair, pair, (states,), (states, states), each, each)
        ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
        if vector.shape != (ends[-1],) or not np.isfinite(vector).all():
            raise ConfigError(
                f"parameters of a hidden Markov model with {states} states are "
                f"{ends[-1]} finite numbers, got an array of shape {vector.shape}; fit "
                "the columns again"
            )
        cut = np.split(vector, ends[:-1])
        return cls(*(p.reshape(shape) for p, shape in zip(cut, shapes, strict=True)))

    def scaled(self, inputs: np.ndarray) -> np.ndarray:
        """Return u and v of some observations, shape (n, 2)."""
        return (np.clip(inputs, self.lower, self.upper) - self.centre) / self.scale


@final
@dataclass(frozen=True)
class HiddenMarkov(Recipe):
    """A Gaussian hidden Markov model of two observations, for instance return and range.

    Within a state the observations are independent and normal (Hamilton, 1989). They
    are limited to the quantiles 1 % and 99 % of the training rows, then scaled.
    hmmlearn's expectation maximisation starts from several guesses, ten steps each on
    at most 20,000 rows; the likeliest goes on over all training rows. If one of its
    states holds fewer than 1 % of the rows the next best start is taken, and if none is
    left, a model with one state less: the states that are missing then have
    probability 0, at the volatile end. States are ordered by their mean of y.

    Parameters
    ----------
    states : int
        2 to 4.

    References
    ----------
    Hamilton (1989), A new approach to the economic analysis of nonstationary time
    series and the business cycle, Econometrica 57.
    """

    states: int
    libraries: ClassVar[tuple[str, ...]] = ("hmmlearn",)

    def learn(self, inputs: np.ndarray) -> np.ndarray:
        """Fit the model, with fewer states where the rows do not bear that many."""
        lower, upper = np.quantile(inputs, TAILS, axis=0)
        limited = np.clip(inputs, lower, upper)
        centre, scale = limited.mean(axis=0), limited.std(axis=0)
        # A column that never changes within rounding says nothing.
        scale = np.where(scale > 1e-12 * np.abs(centre), scale, 1.0)
        scaled = (limited - centre) / scale
        fits = (_fitted(scaled, states) for states in range(self.states, 0, -1))
        share, moves, means, variances = next(fit for fit in fits if fit is not None)
        order = np.argsort(means[:, 1], kind="stable")
        missing = self.states - len(order)
        model = MarkovModel(
            lower,
            upper,
            centre,
            scale,
            np.pad(share[order], (0, missing)),
            np.pad(moves[np.ix_(order, order)], (0, missing)),
            np.pad(means[order], ((0, missing), (0, 0))),
            np.pad(variances[order], ((0, missing), (0, 0)), constant_values=1.0),
        )
        return model.vector()

    def expressions(
        self, inputs: tuple[Expr, ...], parameters: np.ndarray
    ) -> tuple[Expr, ...]:
        """Return the filtered probability of each state, the calmest first."""
        model = MarkovModel.of(parameters, self.states)
        heights = -0.5 * np.log(model.variances.prod(axis=1))
        numbers = [
            float(self.states),
            *np.array([model.lower, model.upper, model.centre, model.scale]).T.ravel(),
            *model.share,
            *model.moves.ravel(),
            *model.means.T.ravel(),
            *(1.0 / model.variances).T.ravel(),
            *heights,
        ]
        x, y = inputs
        return tuple(
            hidden_markov(x, y, state, numbers) for state in range(self.states)
        )

    def describe(self, parameters: np.ndarray) -> str:
        """Say how much of the training rows each state holds and how long it lasts."""
        model = MarkovModel.of(parameters, self.states)
        told = [
            f"state {state}: {share:.0%} of the rows, {1 / (1 - stay):.0f} bars at a time"
            if stay < 1
            else f"state {state}: {share:.0%} of the rows"
            for state, (share, stay) in enumerate(
                zip(model.share, model.moves.diagonal(), strict=True)
            )
            if share > 0
        ]
        return "; ".join(told)


_Fit = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def _fitted(scaled: np.ndarray, states: int) -> _Fit | None:
    """Return shares, moves, means and variances, None if no fit bears the states."""
    if states == 1:
        one = np.ones((1, 1))
        return one[0], one, scaled.mean(axis=0)[None], scaled.var(axis=0)[None] + 1e-3
    if len(scaled) < ROWS_PER_STATE * states:
        return None
    from threadpoolctl import threadpool_limits

    few, lengths = _stretches(scaled)
    # One thread: the same sums in the same order, so the same bytes.
    with threadpool_limits(limits=1), _quiet():
        tried = [
            _improved(guess, few, lengths, _TRIED_STEPS)
            for guess in _guesses(scaled, states)
        ]
        by_likelihood = sorted(
            (model for model in tried if model is not None),
            key=lambda model: -model.monitor_.history[-1],
        )
        for model in by_likelihood:
            best = _improved(model, scaled, [len(scaled)], _STEPS)
            if best is None:
                continue
            share = best.predict_proba(scaled).mean(axis=0)
            if share.min() >= LEAST_SHARE:
                spread = np.diagonal(best.covars_, axis1=1, axis2=2)
                return share, best.transmat_, best.means_, spread
    return None


def _stretches(scaled: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """Return up to 20,000 rows: five stretches, evenly over the training span."""
    if len(scaled) <= _TRIED_ROWS:
        return scaled, [len(scaled)]
    each = _TRIED_ROWS // 5
    begins = np.linspace(0, len(scaled) - each, 5).astype(int)
    return np.concatenate([scaled[b : b + each] for b in begins]), [each] * 5


def _guesses(scaled: np.ndarray, states: int) -> Iterator[Any]:
    """Yield models to start from: one by the ranks of y, the others from drawn rows."""
    rng = np.random.default_rng(_SEED)
    ranked = np.array_split(np.argsort(scaled[:, 1], kind="stable"), states)
    yield _guess(np.array([scaled[rows].mean(axis=0) for rows in ranked]))
    for _ in range(RESTARTS - 1):
        yield _guess(scaled[rng.choice(len(scaled), states, replace=False)])


def _guess(means: np.ndarray) -> Any:
    from hmmlearn.hmm import GaussianHMM

    states = len(means)
    model = GaussianHMM(
        states,
        "diag",
        init_params="",
        params="tmc",
        # One move each that nobody saw, so that none is impossible.
        transmat_prior=2.0,
        random_state=_SEED,
    )
    away = (1.0 - _STAY) / (states - 1)
    model.startprob_ = np.full(states, 1.0 / states)
    model.transmat_ = np.full((states, states), away) + (_STAY - away) * np.eye(states)
    model.means_, model.covars_ = means, np.ones((states, 2))
    return model


def _improved(model: Any, rows: np.ndarray, lengths: list[int], steps: int) -> Any:
    """Go on from a model's parameters; None if a state got lost on the way."""
    # Where the model itself looks: it copied its settings when it was made.
    model.n_iter = model.monitor_.n_iter = steps
    model.monitor_.tol = 1e-5 * len(rows)
    # Logarithms are slower, and needed only where every state's density underflows.
    for model.implementation in ("scaling", "log"):
        with suppress(ValueError):
            return model.fit(rows, lengths)
    return None


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep hmmlearn's remarks on single steps from standard error."""
    log = logging.getLogger("hmmlearn.base")
    before, log.disabled = log.disabled, True
    try:
        yield
    finally:
        log.disabled = before
