"""Expressions in float64 over whole columns: for learning, and for comparison."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from barwise.stream.expr import Expr
from barwise.stream.ops import CHUNK, interpret
from barwise.stream.program import compile_program, make_plan


def evaluate(
    outputs: Mapping[str, Expr], columns: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Return each expression over whole columns, before the cast to float32.

    Parameters
    ----------
    outputs : mapping of str to Expr
    columns : mapping of str to ndarray of float64, shape (n,)

    Examples
    --------
    >>> import numpy as np
    >>> from barwise.stream.expr import column, lag
    >>> evaluate({"old": lag(column("x"), 1)}, {"x": np.array([1.0, 2.0])})
    {'old': array([nan,  1.])}
    """
    return {name: _evaluate(expr, columns) for name, expr in outputs.items()}


def _evaluate(expr: Expr, columns: Mapping[str, np.ndarray]) -> np.ndarray:
    """Run one expression and read its register.

    The interpreter writes float32 only, so that it is compiled once; with a single
    output nothing runs after it, and its register holds the chunk in float64.
    """
    program = compile_program({"": expr})
    plan = make_plan(program, range(1), set())
    register = plan.registers[plan.slots[0, 1]]
    state = np.zeros(max(program.state_length, 1))
    given = [columns[name] for name in program.columns]
    rows = len(next(iter(columns.values())))
    out, narrow = np.empty(rows), np.empty((CHUNK, 1), np.float32)
    for start in range(0, rows, CHUNK):
        stop = min(start + CHUNK, rows)
        inputs = np.empty((len(given), stop - start))
        for i, column in enumerate(given):
            inputs[i] = column[start:stop]
        interpret(
            plan.table,
            plan.params,
            state,
            plan.registers,
            plan.staging,
            inputs,
            plan.slots,
            narrow[: stop - start],
            0,
        )
        out[start:stop] = register[: stop - start]
    return out
