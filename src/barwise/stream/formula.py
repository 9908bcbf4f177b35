"""Expressions as text that a person reads: infix arithmetic, repeated parts named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from barwise.stream.expr import Expr

_INFIX = {
    "add": ("+", 4),
    "sub": ("-", 4),
    "mul": ("*", 5),
    "div": ("/", 5),
    "less": ("<", 3),
    "less_equal": ("<=", 3),
    "equal": ("==", 3),
}
_TIGHT = 9
_TABLE = 5
_WORTH_A_NAME = 24
"""A repeated part is named when its text is longer than this."""


def formula(expr: Expr) -> str:
    """Write an expression with infix arithmetic.

    ``x[-n]`` is the value n rows ago. A long part that occurs more than once is named
    by a letter and given after ``where``.

    Examples
    --------
    >>> from barwise.stream.expr import column, diff, rma, rolling_mean
    >>> close = column("close")
    >>> formula(close / rolling_mean(close, 20) - 1.0)
    'close / mean(close, 20) - 1'
    >>> up, range_ = rma(abs(diff(close)), 14), column("high") - column("low")
    >>> formula(up / (up + rma(range_, 14)))
    'a / (a + rma(high - low, 14)) where a = rma(abs(close - close[-1]), 14)'
    """
    names: dict[int, str] = {}
    parts: list[str] = []
    for part in _repeated(expr):
        text, _ = _spell(part, names)
        if len(text) > _WORTH_A_NAME:
            names[id(part)] = _letter(len(parts))
            parts.append(f"{names[id(part)]} = {text}")
    text, _ = _spell(expr, names)
    return f"{text} where {'; '.join(parts)}" if parts else text


def _repeated(root: Expr) -> Iterator[Expr]:
    """Yield nodes that more than one other node reads, inputs first."""
    order: list[Expr] = []
    uses: Counter[int] = Counter()
    seen: set[int] = set()
    stack = [(root, False)]
    while stack:
        expr, ready = stack.pop()
        if ready:
            order.append(expr)
        elif id(expr) not in seen:
            seen.add(id(expr))
            uses.update({id(part) for part in expr.inputs})
            stack.append((expr, True))
            stack.extend((part, False) for part in expr.inputs)
    yield from (expr for expr in order if uses[id(expr)] > 1 and expr.inputs)


def _spell(expr: Expr, names: dict[int, str]) -> tuple[str, int]:
    """Return the text of a node and how tightly its outermost operator binds."""
    if id(expr) in names:
        return names[id(expr)], _TIGHT
    if not expr.inputs:
        return _leaf(expr), _TIGHT
    if expr.op in _INFIX and not _is_mean(expr):
        return _infix(expr, names)
    if expr.op == "neg":
        return f"-{_inside(expr.inputs[0], names, 6)}", 6
    if expr.op == "lag":
        inner = _inside(expr.inputs[0], names, _TIGHT)
        return f"{inner}[-{_number(expr.params[0])}]", _TIGHT
    return _call(expr, names), _TIGHT


def _infix(expr: Expr, names: dict[int, str]) -> tuple[str, int]:
    sign, level = _INFIX[expr.op]
    left, right = expr.inputs
    # The right side of a difference or a quotient needs its own brackets.
    tighter = level if sign in "+*" else level + 1
    text = f"{_inside(left, names, level)} {sign} {_inside(right, names, tighter)}"
    return text, level


def _inside(expr: Expr, names: dict[int, str], level: int) -> str:
    text, own = _spell(expr, names)
    return text if own >= level else f"({text})"


def _call(expr: Expr, names: dict[int, str]) -> str:
    name, inputs, params = expr.op, expr.inputs, [_number(p) for p in expr.params]
    if _is_mean(expr):
        name, params = "mean", [_number(inputs[0].params[0])]
        inputs = inputs[0].inputs
    elif name == "ema":
        alpha, span = float(expr.params[0]), float(expr.params[1])
        name, params = ("rma" if alpha == 1.0 / span else "ema"), params[1:]
    elif name in _SIDES:
        name = _SIDES[name][float(expr.params[-1])]
        params = params[:-1]
    elif len(params) > _TABLE:
        # The first one is the window, the rest a table of weights.
        params = params[:1]
    spelled = [_spell(part, names)[0] for part in inputs]
    return f"{name.removeprefix('rolling_')}({', '.join([*spelled, *params])})"


_SIDES = {
    "rolling_extreme": {1.0: "max", -1.0: "min"},
    "rolling_age": {1.0: "rows_since_max", -1.0: "rows_since_min"},
    "rolling_line": {0.0: "slope", 1.0: "wma"},
    "accumulate_extreme": {1.0: "max_since", -1.0: "min_since"},
}
"""Ops that a last parameter makes into two functions."""


def _is_mean(expr: Expr) -> bool:
    if expr.op != "div":
        return False
    total, count = expr.inputs
    same = count.op == "const" and count.params == total.params[:1]
    return total.op == "rolling_sum" and same


def _leaf(expr: Expr) -> str:
    return _number(expr.params[0])


def _number(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.6g}"


def _letter(place: int) -> str:
    return chr(ord("a") + place) if place < 26 else f"a{place - 25}"
