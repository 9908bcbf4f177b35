"""Expressions: what people write and the compiler turns into a program."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from barwise.stream.nodes import Expr as Expr
from barwise.stream.nodes import Operand
from barwise.stream.nodes import column as column
from barwise.stream.nodes import constant as constant
from barwise.stream.nodes import node as _node
from barwise.stream.ops import ROW


def _count(function: str, value: float, *, at_least: int = 1) -> float:
    if value != int(value) or value < at_least:
        raise ValueError(
            f"{function} needs a whole number of rows >= {at_least}, got {value!r}"
        )
    return float(value)


def _elementwise(op: str, doc: str) -> Callable[[Operand], Expr]:
    def function(x: Operand) -> Expr:
        return _node(op, x)

    function.__name__ = function.__qualname__ = op
    function.__doc__ = doc
    return function


sqrt = _elementwise("sqrt", "Square root; NaN below zero.")
log = _elementwise("log", "Natural logarithm; NaN at zero and below.")
exp = _elementwise("exp", "Exponential.")
sign = _elementwise("sign", "Sign: -1, 0 or +1; NaN stays NaN.")
sin = _elementwise("sin", "Sine of radians.")
cos = _elementwise("cos", "Cosine of radians.")
tanh = _elementwise("tanh", "Hyperbolic tangent.")
erf = _elementwise("erf", "Error function: 2 * normal CDF of sqrt(2) * x, minus one.")
floor = _elementwise("floor", "Largest whole number that is not above the value.")
is_nan = _elementwise("is_nan", "1 where the value is NaN, else 0.")
carry = _elementwise("carry", "The last value that was not NaN.")


def minimum(x: Operand, y: Operand) -> Expr:
    """Return the smaller of two values; NaN if either is NaN."""
    return _node("minimum", x, y)


def maximum(x: Operand, y: Operand) -> Expr:
    """Return the larger of two values; NaN if either is NaN."""
    return _node("maximum", x, y)


def clip(x: Operand, *, lower: float | None = None, upper: float | None = None) -> Expr:
    """Limit a column to [lower, upper]; NaN stays NaN."""
    out = x if isinstance(x, Expr) else constant(x)
    if lower is not None:
        out = maximum(out, lower)
    return out if upper is None else minimum(out, upper)


def equal(x: Operand, y: Operand) -> Expr:
    """Return 1 where the values are equal, 0 where not, NaN where either is NaN."""
    return _node("equal", x, y)


def both(x: Expr, y: Expr) -> Expr:
    """Logical and of two conditions (0, 1 or NaN)."""
    return minimum(x, y)


def either(x: Expr, y: Expr) -> Expr:
    """Logical or of two conditions (0, 1 or NaN)."""
    return maximum(x, y)


def where(condition: Expr, x: Operand, y: Operand) -> Expr:
    """Take ``x`` where the condition is not 0, else ``y``; NaN where it is NaN."""
    return _node("where", condition, x, y)


def ratio(part: Operand, whole: Operand, otherwise: Operand = 0.0) -> Expr:
    """Divide ``part`` by ``whole``; another value where the whole is 0."""
    return _node("ratio", part, whole, otherwise)


def lag(x: Expr, rows: int) -> Expr:
    """Return the value ``rows`` rows ago; NaN takes a row like any value."""
    return _node("lag", x, params=[_count("lag", rows)])


def diff(x: Expr, rows: int = 1) -> Expr:
    """Change over ``rows`` rows."""
    return x - lag(x, rows)


def ema(x: Expr, span: int) -> Expr:
    """Exponential moving average, weight 2 / (span + 1), seeded with a plain mean."""
    n = _count("ema", span)
    return _node("ema", x, params=[2.0 / (n + 1.0), n])


def rma(x: Expr, period: int) -> Expr:
    """Return Wilder's moving average, weight 1 / period, seeded with a plain mean."""
    n = _count("rma", period)
    return _node("ema", x, params=[1.0 / n, n])


def rolling_sum(x: Expr, window: int) -> Expr:
    """Sum of the last ``window`` values."""
    return _node("rolling_sum", x, params=[_count("rolling_sum", window)])


def rolling_mean(x: Expr, window: int) -> Expr:
    """Mean of the last ``window`` values."""
    return rolling_sum(x, window) / float(window)


def rolling_var(x: Expr, window: int) -> Expr:
    """Population variance of the last ``window`` values."""
    return _node("rolling_var", x, params=[_count("rolling_var", window, at_least=2)])


def rolling_std(x: Expr, window: int) -> Expr:
    """Population standard deviation of the last ``window`` values."""
    return sqrt(rolling_var(x, window))


def rolling_cov(x: Expr, y: Expr, window: int) -> Expr:
    """Population covariance of the last ``window`` pairs."""
    w = _count("rolling_cov", window, at_least=2)
    return _node("rolling_cov", x, y, params=[w])


def rolling_max(x: Expr, window: int) -> Expr:
    """Largest of the last ``window`` values."""
    return _node("rolling_extreme", x, params=[_count("rolling_max", window), 1.0])


def rolling_min(x: Expr, window: int) -> Expr:
    """Smallest of the last ``window`` values."""
    return _node("rolling_extreme", x, params=[_count("rolling_min", window), -1.0])


def rows_since_max(x: Expr, window: int) -> Expr:
    """Rows since the largest of the last ``window`` values, the latest if tied."""
    return _node("rolling_age", x, params=[_count("rows_since_max", window), 1.0])


def rows_since_min(x: Expr, window: int) -> Expr:
    """Rows since the smallest of the last ``window`` values, the latest if tied."""
    return _node("rolling_age", x, params=[_count("rows_since_min", window), -1.0])


def rolling_rank(x: Expr, window: int) -> Expr:
    """Share of the other values of the window below the newest, ties half: 0..1."""
    w = _count("rolling_rank", window, at_least=2)
    return _node("rolling_rank", x, params=[w])


def rolling_quantile(x: Expr, window: int, q: float) -> Expr:
    """Quantile of the last ``window`` values, linear between order statistics."""
    if not 0.0 <= q <= 1.0:
        raise ValueError(f"rolling_quantile needs 0 <= q <= 1, got {q!r}")
    return _node("rolling_quantile", x, params=[_count("rolling_quantile", window), q])


def rolling_mad(x: Expr, centre: Expr, window: int) -> Expr:
    """Mean distance of the last ``window`` values from the newest centre."""
    w = _count("rolling_mad", window)
    return _node("rolling_mad", x, centre, params=[w])


def fir(x: Expr, weights: Sequence[float]) -> Expr:
    """Weighted sum of the last ``len(weights)`` values; the last weight is newest."""
    w = _count("fir", len(weights))
    return _node("fir", x, params=[w, *weights])


def wma(x: Expr, window: int) -> Expr:
    """Linearly weighted mean of the last ``window`` values, newest heaviest."""
    return _node("rolling_line", x, params=[_count("wma", window), 1.0])


def rolling_slope(x: Expr, window: int) -> Expr:
    """Slope per row of the least-squares line through the last ``window`` values."""
    w = _count("rolling_slope", window, at_least=2)
    return _node("rolling_line", x, params=[w, 0.0])


def accumulate(x: Expr, reset: Expr) -> Expr:
    """Sum since the last row where ``reset`` is not 0, that row included."""
    return _node("accumulate", x, reset)


def max_since(x: Expr, reset: Expr) -> Expr:
    """Largest value since the last row where ``reset`` is not 0."""
    return _node("accumulate_extreme", x, reset, params=[1.0])


def min_since(x: Expr, reset: Expr) -> Expr:
    """Smallest value since the last row where ``reset`` is not 0."""
    return _node("accumulate_extreme", x, reset, params=[-1.0])


def volume_profile(
    price: Expr, volume: Expr, window: int, *, bins: int, share: float
) -> tuple[Expr, Expr, Expr]:
    """Return the heaviest bin of a volume profile and the ends of its value area.

    The prices of the window, lowest to highest, are cut into equal bins. The value
    area grows from the heaviest bin to the heavier of its two neighbours until it holds
    ``share`` of the volume. NaN where nothing traded.
    """
    w = _count("volume_profile", window)
    n = _count("volume_profile", bins, at_least=2)
    if not 0.0 < share <= 1.0:
        raise ValueError(f"volume_profile needs 0 < share <= 1, got {share!r}")
    # One op has one output: three digits of one number in base ``bins``.
    packed = _node("volume_profile", price, volume, params=[w, n, share])
    area = floor(packed / n)
    highest = floor(area / n)
    return packed - n * area, area - n * highest, highest


def rolling_entropy(x: Expr, window: int, kinds: int) -> Expr:
    """Shannon entropy, in nats, of the last values; they are 0 .. kinds - 1."""
    w = _count("rolling_entropy", window)
    k = _count("rolling_entropy", kinds, at_least=2)
    terms = [0.0, *(n * math.log(n) for n in range(1, int(w) + 1))]
    return _node("rolling_entropy", x, params=[w, k, *terms])


def kama(x: Expr, window: int, *, fast: int = 2, slow: int = 30) -> Expr:
    """Return Kaufman's adaptive moving average (1995)."""
    w = _count("kama", window, at_least=2)
    return _node("kama", x, params=[w, 2.0 / (fast + 1.0), 2.0 / (slow + 1.0)])


def psar(high: Expr, low: Expr, *, step: float, increment: float, most: float) -> Expr:
    """Return Wilder's parabolic stop and reverse (1978)."""
    return _node("psar", high, low, params=[step, increment, most])


def supertrend(close: Expr, upper: Expr, lower: Expr) -> Expr:
    """Final band of the SuperTrend of two basic bands."""
    return _node("supertrend", close, upper, lower)


def cusum(step: Expr, threshold: Operand) -> Expr:
    """Return +1 or -1 where the sum of steps since the last event reaches a threshold.

    The symmetric CUSUM filter: the upward sum never falls below zero, the downward one
    never rises above it, and an event sets both to zero (Lopez de Prado, 2018, ch. 2).
    """
    return _node("cusum", step, threshold)


def hidden_markov(x: Expr, y: Expr, state: int, parameters: Sequence[float]) -> Expr:
    """Filtered probability of one state of a Gaussian hidden Markov model.

    Parameters
    ----------
    x, y : Expr
        Observations, independent of each other within a state.
    state : int
        Counted from 0.
    parameters : sequence of float
        Number of states k; lower limit, upper limit, centre and scale of x, the same
        of y; start (k); transitions (k x k, a row is where from); and k each, for
        scaled values: means of x and of y, their precisions, log densities there.

    Raises
    ------
    ValueError
        If there are more states than a register of one row holds.
    """
    if parameters[0] > ROW:
        raise ValueError(f"at most {ROW} states, got {parameters[0]:g}")
    return _node("hidden_markov", x, y, params=[state, *parameters])
