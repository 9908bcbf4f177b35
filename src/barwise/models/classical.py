"""Linear models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, final

import numpy as np
from pydantic import Field

from barwise.core.errors import BarwiseError
from barwise.models.artefacts import pack_arrays, unpack_arrays
from barwise.models.base import BaseModel, Progress
from barwise.models.examples import Examples, balanced_weights
from barwise.models.inputs import Inputs
from barwise.models.registry import ModelRegistry
from barwise.models.settings import ModelSettings

_FILE = "coefficients.npz"
_BLOCK = 4096  # rows multiplied together, so that products stay small


class LogisticSettings(ModelSettings):
    """Settings of ``logistic``.

    Parameters
    ----------
    class_weight : {"balanced"} or None
        Let every class of the training rows weigh the same.
    penalty_inverse : float
        Inverse strength of the L2 penalty (C of scikit-learn).
    max_iterations : int
        Most iterations of L-BFGS.
    tolerance : float
        Largest gradient at which it stops.
    """

    class_weight: Literal["balanced"] | None
    penalty_inverse: Annotated[float, Field(gt=0)]
    max_iterations: Annotated[int, Field(ge=1)]
    tolerance: Annotated[float, Field(gt=0)]


@ModelRegistry.register(
    name="logistic",
    family="classical",
    description="Multinomial logistic regression with an L2 penalty",
)
@final
class LogisticModel(BaseModel):
    """Multinomial logistic regression, fitted by scikit-learn's L-BFGS.

    Only the coefficients are kept. Scores are sums over the features of one row in one
    order, so a row's probabilities do not depend on the rows beside it. A class that
    training lacks has probability 0.
    """

    settings_type = LogisticSettings
    settings: LogisticSettings
    requires_scaling = True

    def __init__(self, config: Mapping[str, Any] | None = None) -> None:
        super().__init__(config)
        self._arrays: dict[str, np.ndarray] = {}

    def _fit(self, train: Examples, val: Examples | None) -> Progress:
        from sklearn.linear_model import LogisticRegression

        del val
        present = train.present()
        weights = train.weights
        if self.settings.class_weight is not None:
            weights = train.reweighted(balanced_weights(train)).weights
        solver = LogisticRegression(
            C=self.settings.penalty_inverse,
            max_iter=self.settings.max_iterations,
            tol=self.settings.tolerance,
        )
        used = np.flatnonzero(weights > 0)
        X = train.inputs[used].astype(np.float64)
        rounds = _solve(solver, X, train.columns[used], weights[used])
        coefficients, intercepts = solver.coef_, solver.intercept_
        if len(present) == 2:  # scikit-learn keeps one row for two classes
            coefficients = np.vstack((np.zeros_like(coefficients), coefficients))
            intercepts = np.concatenate(([0.0], intercepts))
        self._arrays = {
            "coefficients": np.ascontiguousarray(coefficients),
            "intercepts": intercepts,
            "present": present,
        }
        return Progress(epochs_trained=rounds, best_epoch=rounds)

    def _score(self, inputs: Inputs) -> np.ndarray:
        out = np.zeros((len(inputs), len(self.classes)))
        present = self._arrays["present"]
        for start in range(0, len(inputs), _BLOCK):
            rows = np.arange(start, min(start + _BLOCK, len(inputs)))
            X = inputs[rows].astype(np.float64)
            # A matrix product may sum in another order for another number of rows.
            products = X[:, None, :] * self._arrays["coefficients"]
            logits = products.sum(axis=-1) + self._arrays["intercepts"]
            raised = np.exp(logits - logits.max(axis=1, keepdims=True))
            out[np.ix_(rows, present)] = raised / raised.sum(axis=1, keepdims=True)
        return out

    def _importance(self) -> np.ndarray:
        """Mean absolute coefficient around the classes' mean, in scaled units."""
        coefficients = self._arrays["coefficients"]
        return np.abs(coefficients - coefficients.mean(axis=0)).mean(axis=0)

    def _dump(self) -> tuple[dict[str, Any], dict[str, bytes]]:
        return {}, {_FILE: pack_arrays(self._arrays)}

    def _restore(self, state: Mapping[str, Any], files: Mapping[str, bytes]) -> None:
        del state
        self._arrays = unpack_arrays(files[_FILE])


def _solve(solver: Any, X: np.ndarray, columns: np.ndarray, weights: np.ndarray) -> int:
    """Fit on one BLAS thread, for the same bytes everywhere; return the iterations."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1), warnings.catch_warnings():
        # Too few iterations are a result that the settings asked for.
        warnings.simplefilter("ignore", ConvergenceWarning)
        solver.fit(X, columns, sample_weight=weights)
    if not np.isfinite(solver.coef_).all():
        raise BarwiseError(
            "logistic regression diverged: a coefficient is not finite; scale the "
            "features, or lower penalty_inverse"
        )
    return int(np.max(solver.n_iter_))
