"""Ten million rows through sums, means, variances and covariances, against exact ones.

A random walk on a tick grid with level jumps, pushed in chunks of changing length; at
sampled rows the window is summed by ``math.fsum`` and the moments are computed from
fractions. An error is relative to the sum of the absolute values, or to the moment.
"""

import math
import resource
from collections import deque
from fractions import Fraction

import numpy as np

from barwise.stream import Graph, column
from barwise.stream import expr as ex
from benchmarks.timing import at_most, header

ROWS, WINDOWS, LIMIT = 10_000_000, (5, 20, 1000), 1e-9
SAMPLES = 100
X, Y = column("x"), column("y")


def outputs() -> dict[str, ex.Expr]:
    made = {"total": ex.accumulate(X, ex.constant(0.0))}
    for w in WINDOWS:
        made |= {
            f"sum_{w}": ex.rolling_sum(X, w),
            f"var_{w}": ex.rolling_var(X, w),
            f"cov_{w}": ex.rolling_cov(X, Y, w),
        }
    return made


def pieces(rng: np.random.Generator):
    """Yield chunks of both columns, the walk going on from chunk to chunk."""
    done, level = 0, 20_000
    while done < ROWS:
        n = min(int(rng.integers(1, 200_000)), ROWS - done)
        ticks = level + np.cumsum(rng.integers(-3, 4, n))
        level = int(ticks[-1]) + int(rng.integers(-1, 2)) * 4000
        level = min(max(level, 8000), 60_000)
        x = 0.25 * ticks + 1e-6 * rng.standard_normal(n)
        yield {"x": x, "y": 0.5 * x + rng.standard_normal(n)}
        done += n


def moment(a: list[float], b: list[float]) -> Fraction:
    """Population covariance without rounding."""
    one, two = [Fraction(v) for v in a], [Fraction(v) for v in b]
    n = len(one)
    products = sum((p * q for p, q in zip(one, two, strict=True)), Fraction(0))
    return products / n - sum(one) * sum(two) / (n * n)


def main() -> None:
    header("numba", "numpy")
    graph, names = Graph(outputs()), list(outputs())
    worst = dict.fromkeys(names, 0.0)
    rng = np.random.default_rng(0)
    chosen = set(np.random.default_rng(1).integers(1000, ROWS, SAMPLES).tolist())
    partial, done = [0.0], 0
    recent: deque[tuple[float, float]] = deque(maxlen=max(WINDOWS))
    for part in pieces(rng):
        out = graph.push_exact(part)
        n = len(out)
        for row in sorted(r - done for r in chosen if done <= r < done + n):
            check(out[row], names, part, row, recent, worst)
        partial = [math.fsum([*partial, *part["x"].tolist()])]
        error = abs(out[-1, 0] - partial[0]) / partial[0]
        worst["total"] = max(worst["total"], error)
        recent.extend(zip(part["x"][-1000:], part["y"][-1000:], strict=True))
        done += n
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(f"{done:,} rows, {SAMPLES} sampled; peak memory {peak:.0f} MB")
    for name, error in worst.items():
        at_most(f"largest relative error of {name}", error, LIMIT, "")


def check(row_out, names, part, row, recent, worst) -> None:
    """Compare one row with the exact values of its windows."""
    before = list(recent)
    start = max(0, row + 1 - max(WINDOWS))
    own = list(zip(part["x"][start : row + 1], part["y"][start : row + 1], strict=True))
    both = (before + own)[-max(WINDOWS) :]
    for w in WINDOWS:
        x, y = ([float(v[k]) for v in both[-w:]] for k in (0, 1))
        exact = {
            f"sum_{w}": math.fsum(x),
            f"var_{w}": float(moment(x, x)),
            f"cov_{w}": float(moment(x, y)),
        }
        size = {
            f"sum_{w}": math.fsum(abs(v) for v in x),
            f"var_{w}": exact[f"var_{w}"],
            f"cov_{w}": math.sqrt(float(moment(x, x) * moment(y, y))),
        }
        for name, value in exact.items():
            error = abs(float(row_out[names.index(name)]) - value) / size[name]
            worst[name] = max(worst[name], error)


if __name__ == "__main__":
    main()
