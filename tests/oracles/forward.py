"""The forward algorithm in log space, one row at a time. DO NOT EDIT."""

import math

from scipy.special import logsumexp


def log_density(row, mean, variance):
    return sum(
        -0.5 * (math.log(2 * math.pi * v) + (x - m) ** 2 / v)
        for x, m, v in zip(row, mean, variance, strict=True)
    )


def filtered(rows, start, moves, means, variances):
    """Probability of each state given the rows so far, one list a row."""
    states = range(len(start))

    def log(chance):
        return math.log(chance) if chance > 0 else -math.inf

    found, before = [], None
    for row in rows:
        now = []
        for j in states:
            if before is None:
                ahead = log(start[j])
            else:
                ahead = logsumexp([before[i] + log(moves[i][j]) for i in states])
            now.append(ahead + log_density(row, means[j], variances[j]))
        before = now
        total = logsumexp(now)
        found.append([math.exp(value - total) for value in now])
    return found
