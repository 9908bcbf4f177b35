"""How two figures go together: ranks, shares of variance, tables of counts."""

from __future__ import annotations

import numpy as np

PAIRS = 12
"""Independent pairs below which even a perfect order may be chance."""
_BINS = 20
_NOTHING = 1e-9


def rank_correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Return Spearman's rank correlation, 0 where there is too little to tell."""
    live = np.isfinite(one) & np.isfinite(other)
    if live.sum() < PAIRS:
        return 0.0
    a, b = _ranks(one[live]), _ranks(other[live])
    if a.std() == 0 or b.std() == 0:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def beyond_the_last_move(
    figure: np.ndarray, later: np.ndarray, last: np.ndarray
) -> float:
    """Correlate ranks of a figure and a later move, by what the last move leaves of both.

    Prices that bounce between bid and ask turn back: whatever knows the last move goes
    with the next one. The nearer to 0 of the plain and the partial correlation counts.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> last = rng.normal(size=1000)
    >>> later = rng.normal(size=1000) - last
    >>> abs(rank_correlation(last, later)) > 0.6
    True
    >>> abs(beyond_the_last_move(last + 0.1 * rng.normal(size=1000), later, last)) < 0.1
    True
    """
    rho = rank_correlation(figure, later)
    one, two = rank_correlation(figure, last), rank_correlation(later, last)
    left = (1.0 - one**2) * (1.0 - two**2)
    own = (rho - one * two) / left**0.5 if left > _NOTHING else 0.0
    return min(rho, own, key=abs)


def beyond_chance(independent: float, sigmas: float) -> float:
    """Return the correlation that so many deviations of chance reach (Fisher, 1915).

    Parameters
    ----------
    independent : float
        Pairs that share nothing: moves of k bars overlap.
    sigmas : float
    """
    if independent < PAIRS:
        return 1.0
    return float(np.tanh(sigmas / (independent - 3.0) ** 0.5))


def _ranks(values: np.ndarray) -> np.ndarray:
    """Return ranks, equal values sharing the mean of theirs."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    ranks: np.ndarray = (last - (count - 1) / 2)[place]
    return ranks


def binned(values: np.ndarray) -> np.ndarray:
    """Number 20 equally filled bins, fewer where values repeat."""
    edges = np.unique(np.nanquantile(values, np.linspace(0, 1, _BINS + 1)[1:-1]))
    return np.searchsorted(edges, values, side="left")


def explained(bins: np.ndarray, ret: np.ndarray) -> float:
    """Return eta2 of the return on bins, less what chance explains.

    Examples
    --------
    >>> round(explained(np.array([0, 0, 1, 1]), np.array([1.0, 1.0, 2.0, 2.0])), 2)
    1.0
    """
    count = np.bincount(bins)
    means = np.bincount(bins, ret) / np.maximum(count, 1)
    total = float(ret.var())
    if total == 0:
        return 0.0
    used = int((count > 0).sum())
    between = float(((means[bins] - ret.mean()) ** 2).mean()) / total
    return 1.0 - (1.0 - between) * (len(ret) - 1) / max(1, len(ret) - used)


def associated(bins: np.ndarray, label: np.ndarray) -> float:
    """Return Cramer's V squared of bins and labels, less what chance gives.

    Examples
    --------
    >>> x = np.tile([0, 1], 50)
    >>> round(associated(x, x), 2), round(associated(np.repeat([0, 1], 50), x), 2)
    (0.99, 0.0)
    """
    classes, y = np.unique(label, return_inverse=True)
    table = np.zeros((int(bins.max()) + 1, len(classes)))
    np.add.at(table, (bins, y), 1)
    table = table[table.sum(1) > 0]
    least = min(table.shape) - 1
    if least < 1:
        return 0.0
    expected = np.outer(table.sum(1), table.sum(0)) / table.sum()
    phi2 = float(((table - expected) ** 2 / expected).sum() / table.sum())
    chance = (table.shape[0] - 1) * (table.shape[1] - 1) / (table.sum() - 1)
    return float(max(0.0, phi2 - chance) / least)
