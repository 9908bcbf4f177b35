"""Nodes: an operation over other nodes, the stuff that expressions are made of.

Equal nodes are one object, so a sub-expression that ten features share is computed once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Union, final
from weakref import WeakValueDictionary

from barwise.stream.ops import OPS

Operand = Union["Expr", float, int]

_NAN = math.nan
_KNOWN: WeakValueDictionary[tuple, Expr] = WeakValueDictionary()


@final
class Expr:
    """A column that the engine can compute.

    Made by :func:`column`, by arithmetic and by the functions of
    :mod:`barwise.stream.expr`, never directly. Arithmetic follows IEEE 754 except that division by zero gives NaN:
    a ratio without a denominator is missing, not infinite.

    Examples
    --------
    >>> from barwise.stream.expr import diff, lag
    >>> close = column("close")
    >>> close - lag(close, 1)
    sub(close, lag(close, 1))
    >>> (close - lag(close, 1)) is diff(close)
    True
    """

    __slots__ = ("__weakref__", "inputs", "op", "params")

    op: str
    inputs: tuple[Expr, ...]
    params: tuple[float | str, ...]

    def __add__(self, other: Operand) -> Expr:
        return node("add", self, other)

    def __radd__(self, other: Operand) -> Expr:
        return node("add", other, self)

    def __sub__(self, other: Operand) -> Expr:
        return node("sub", self, other)

    def __rsub__(self, other: Operand) -> Expr:
        return node("sub", other, self)

    def __mul__(self, other: Operand) -> Expr:
        return node("mul", self, other)

    def __rmul__(self, other: Operand) -> Expr:
        return node("mul", other, self)

    def __truediv__(self, other: Operand) -> Expr:
        return node("div", self, other)

    def __rtruediv__(self, other: Operand) -> Expr:
        return node("div", other, self)

    def __neg__(self) -> Expr:
        return node("neg", self)

    def __abs__(self) -> Expr:
        return node("abs", self)

    def __lt__(self, other: Operand) -> Expr:
        return node("less", self, other)

    def __le__(self, other: Operand) -> Expr:
        return node("less_equal", self, other)

    def __gt__(self, other: Operand) -> Expr:
        return node("less", other, self)

    def __ge__(self, other: Operand) -> Expr:
        return node("less_equal", other, self)

    def __bool__(self) -> bool:
        raise TypeError(
            "an expression has no truth value while it is written; "
            "use where(condition, a, b) instead of if, and both/either for and/or"
        )

    def __repr__(self) -> str:
        if self.op in ("column", "const"):
            return str(self.params[0])
        inner = [repr(part) for part in self.inputs]
        told = [p if isinstance(p, str) else f"{p:g}" for p in self.params]
        return f"{self.op}({', '.join(inner + told)})"


def make(op: str, inputs: tuple[Expr, ...], params: tuple[float | str, ...]) -> Expr:
    """Return the one node of that operation, inputs and parameters."""
    # Inputs are interned, so their identities stand for their structure.
    key = (op, tuple(id(part) for part in inputs), params)
    known = _KNOWN.get(key)
    if known is None:
        known = Expr()
        known.op, known.inputs, known.params = op, inputs, params
        _KNOWN[key] = known
    return known


def node(op: str, *operands: Operand, params: Sequence[float] = ()) -> Expr:
    """Return a node of one of the engine's operations; numbers become constants."""
    inputs = tuple(x if isinstance(x, Expr) else constant(x) for x in operands)
    spec = OPS[op]
    if len(inputs) != spec.arity:
        raise TypeError(f"{op} takes {spec.arity} columns, got {len(inputs)}")
    return make(op, inputs, tuple(float(p) for p in params))


def column(name: str) -> Expr:
    """Return the input column of that name."""
    return make("column", (), (name,))


def on_clock(clock: str, x: Expr) -> Expr:
    """Return a column computed on rows of another clock, such as longer bars.

    A program has one clock: who builds the graph computes the column elsewhere and
    hands it in (:func:`barwise.features.on`).
    """
    return make("on", (x,), (clock,))


def constant(value: float) -> Expr:
    """Return a column that holds one number on every row."""
    number = float(value)
    # One NaN object, so that equal constants are one node.
    return make("const", (), (_NAN if math.isnan(number) else number,))


def unlearned(recipe: str, inputs: Sequence[Expr], output: int) -> Expr:
    """Stand in for a column until its parameters are learned: `stream.learned`."""
    return make("learned", tuple(inputs), (recipe, float(output)))


def rebuilt(expr: Expr, inputs: tuple[Expr, ...]) -> Expr:
    """Return the same operation over other inputs."""
    return expr if inputs == expr.inputs else make(expr.op, inputs, expr.params)
