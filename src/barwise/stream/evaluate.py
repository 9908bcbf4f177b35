"""Programs in float64: for learning, for comparison, and for a graph in a graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from barwise.stream.expr import Expr
from barwise.stream.ops import CHUNK
from barwise.stream.plan import Plan, make_plan
from barwise.stream.program import compile_program


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
    plan = make_plan(program, range(len(outputs)), set(), keep=True)
    state = np.zeros(max(program.state_length, 1))
    rows = len(next(iter(columns.values())))
    out = run_exact(plan, state, [columns[name] for name in program.columns], rows)
    return {name: out[:, j].copy() for j, name in enumerate(outputs)}


def run_exact(
    plan: Plan, state: np.ndarray, arrays: list[np.ndarray], rows: int
) -> np.ndarray:
    """Run a plan that keeps the registers of its outputs, and read those.

    The interpreter writes float32 only, so that it is compiled once; after a pass the
    kept registers still hold every row of it in float64.

    Parameters
    ----------
    plan : Plan
        Made with ``keep``.
    state : ndarray of float64
        Read and written.
    arrays : list of ndarray of float64, shape (n,)
        The program's input columns.
    rows : int

    Returns
    -------
    ndarray of float64, shape (n, n_outputs)
    """
    out = np.empty((rows, len(plan.places)))
    arrays = [arrays[i] for i in plan.columns]
    for start in range(0, rows, CHUNK):
        n = min(CHUNK, rows - start)
        inputs = gathered(arrays, start, start + n)
        plan.run(state, inputs, np.empty((n, len(plan.places)), np.float32))
        out[start : start + n] = plan.registers[plan.places, :n].T
    return out


def gathered(arrays: Sequence[np.ndarray], start: int, stop: int) -> np.ndarray:
    """Return some rows of the input columns as the interpreter takes them.

    Returns
    -------
    ndarray of float64, shape (n_inputs, rows)
    """
    rows = np.empty((len(arrays), stop - start))
    if arrays:
        parts = (
            arrays
            if stop - start == len(arrays[0])
            else [array[start:stop] for array in arrays]
        )
        np.concatenate(parts, out=rows.reshape(-1))
    return rows
