"""Expressions in float64, for comparison with other people's arithmetic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from barwise.stream.expr import Expr
from barwise.stream.ops import interpret
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
    program = compile_program(outputs)
    plan = make_plan(program, range(len(outputs)), set())
    plan = replace(plan, staging=plan.staging.astype(np.float64))
    inputs = np.array([columns[name] for name in program.columns], np.float64)
    inputs = inputs.reshape(len(program.columns), -1)
    matrix = np.empty((inputs.shape[1], len(outputs)))
    state = np.zeros(max(program.state_length, 1))
    interpret(
        plan.table,
        plan.params,
        state,
        plan.registers,
        plan.staging,
        inputs,
        plan.slots,
        matrix,
        0,
    )
    return {name: matrix[:, k] for k, name in enumerate(outputs)}
