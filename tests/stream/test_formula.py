import re

import numpy as np
import pytest

from barwise.features import find, full_names
from barwise.stream import column
from barwise.stream import expr as ex
from barwise.stream.formula import formula
from barwise.testing.evaluate import evaluate

x, y = column("x"), column("y")


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (x - (y - x), "x - (y - x)"),
        (x - y - x, "x - y - x"),
        (x / (y * x), "x / (y * x)"),
        ((x + y) * x, "(x + y) * x"),
        (-(x + y), "-(x + y)"),
        (ex.lag(x + y, 3), "(x + y)[-3]"),
        (ex.ema(x, 20), "ema(x, 20)"),
        (ex.rma(x, 14), "rma(x, 14)"),
        (ex.rolling_max(x, 5) - ex.rolling_min(x, 5), "max(x, 5) - min(x, 5)"),
        (ex.rolling_mean(x, 5), "mean(x, 5)"),
        (ex.rolling_sum(x, 5) / 4.0, "sum(x, 5) / 4"),
        (ex.where(x < 0.0, 1.0, y), "where(x < 0, 1, y)"),
        (ex.wma(x, 4), "wma(x, 4)"),
        (ex.rolling_slope(x, 4), "slope(x, 4)"),
        (ex.ratio(x, y, 0.5), "ratio(x, y, 0.5)"),
        (ex.rolling_entropy(x, 30, 6), "entropy(x, 30)"),
    ],
)
def test_spelling(expression, text):
    assert formula(expression) == text


def test_arithmetic_reads_back_as_the_same_numbers():
    """Brackets stand where Python needs them, so Python is the oracle."""
    rng = np.random.default_rng(4)
    leaves = [x, y]
    for _ in range(60):
        a, b = rng.choice(len(leaves), 2)
        made = [leaves[a] + leaves[b], leaves[a] - leaves[b], leaves[a] * leaves[b]]
        leaves.append(made[rng.integers(3)])
    values = {"x": rng.random(3), "y": rng.random(3)}
    for expression in leaves[2:30]:
        text, _, parts = formula(expression).partition(" where ")
        known = dict(values)
        for part in filter(None, parts.split("; ")):
            name, _, inner = part.partition(" = ")
            known[name] = _arithmetic(inner, known)
        ours = evaluate({"out": expression}, values)["out"]
        np.testing.assert_allclose(_arithmetic(text, known), ours, rtol=1e-9)


def _arithmetic(text, known):
    """Compute sums, differences and products by precedence climbing."""
    tokens = re.findall(r"\w+|[-+*()]", text)

    def atom():
        token = tokens.pop(0)
        if token != "(":
            return known[token]
        value = total()
        assert tokens.pop(0) == ")"
        return value

    def product():
        value = atom()
        while tokens and tokens[0] == "*":
            tokens.pop(0)
            value = value * atom()
        return value

    def total():
        value = product()
        while tokens and tokens[0] in "+-":
            sign = 1 if tokens.pop(0) == "+" else -1
            value = value + sign * product()
        return value

    return total()


def test_every_column_has_a_formula_of_readable_length():
    lengths = [len(formula(find(name)[1])) for name in full_names()]
    assert min(lengths) > 3
    assert max(lengths) < 2000
    assert np.median(lengths) < 120
