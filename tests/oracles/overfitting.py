"""Overfitting statistics, one split and one resample at a time. DO NOT EDIT."""

import math
from itertools import combinations

import numpy as np


def sharpe(returns):
    """Mean over standard deviation (n - 1); 0 where returns do not vary."""
    if max(returns) == min(returns):
        return 0.0
    return float(np.mean(returns) / np.std(returns, ddof=1))


def cscv(table, n_blocks):
    """Logit, in-sample and out-of-sample Sharpe of the chosen strategy of each split."""
    blocks = np.array_split(np.arange(len(table)), n_blocks)
    found = []
    for chosen in combinations(range(n_blocks), n_blocks // 2):
        inside = np.concatenate([blocks[b] for b in chosen])
        outside = np.setdiff1d(np.arange(len(table)), inside)
        one = [sharpe(table[inside, k]) for k in range(table.shape[1])]
        other = [sharpe(table[outside, k]) for k in range(table.shape[1])]
        best = one.index(max(one))
        below = sum(value < other[best] for value in other)
        equal = sum(value == other[best] for value in other)
        relative = (below + (equal + 1) / 2) / (len(one) + 1)
        found.append((math.log(relative / (1 - relative)), one[best], other[best]))
    return found


def stationary_rows(rows, mean_block_length, n_resamples, seed):
    """Rows of each resample: go on to the next row, or begin anywhere."""
    generator = np.random.default_rng(seed)
    for _ in range(n_resamples):
        begins = generator.random(rows) < 1 / mean_block_length
        begins[0] = True
        fresh = iter(generator.integers(0, rows, int(begins.sum())))
        drawn = []
        for begin in begins:
            drawn.append(next(fresh) if begin else (drawn[-1] + 1) % rows)
        yield drawn


def hansen_variance(x, mean_block_length):
    """Variance of sqrt(n) times the mean: Hansen (2005), page 372, lag by lag."""
    n, q = len(x), 1 / mean_block_length
    x = np.asarray(x) - np.mean(x)
    total = float(x @ x) / n
    for i in range(1, n):
        kernel = (n - i) / n * (1 - q) ** i + i / n * (1 - q) ** (n - i)
        total += 2 * kernel * float(x[: n - i] @ x[i:]) / n
    return total
