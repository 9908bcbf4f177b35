"""Why the best of alike trials is hard to deflate: noise of a known correlation."""

import numpy as np

from barwise.datasets.ledger import Trial
from barwise.validation.deflation import deflate
from barwise.validation.power import Rate

CORRELATIONS = (0.0, 0.3, 0.5, 0.7, 0.9)
TRIALS, DAYS, DRAWS = 8, 50, 300


def best_of_noise(correlation: float) -> tuple[Rate, Rate, float]:
    """How often the best of equally correlated noise is significant.

    Returns
    -------
    alone, deflated : Rate
        At 5 %, as the only trial and after deflation.
    effective : float
        Trials that the deflation counted on average.
    """
    rng, days = np.random.default_rng(0), np.arange(DAYS)
    alone = survived = effective = 0
    for _ in range(DRAWS):
        own, shared = (
            rng.standard_normal((DAYS, TRIALS)),
            rng.standard_normal((DAYS, 1)),
        )
        returns = np.sqrt(1 - correlation) * own + np.sqrt(correlation) * shared
        trials = [
            Trial("model", "noise", 0, 1, {"number": k}, {}, days, returns[:, k])
            for k in range(TRIALS)
        ]
        best = int(np.argmax(returns.mean(axis=0) / returns.std(axis=0)))
        found = deflate(days, returns[:, best], trials)
        alone += found.probabilistic > 0.95
        survived += found.deflated > 0.95
        effective += found.effective_trials
    return Rate(alone, DRAWS), Rate(survived, DRAWS), effective / DRAWS
