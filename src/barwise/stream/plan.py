"""From a program to a plan: what one thread runs, in which order, in which registers.

Plans differ with the number of threads and from version to version; results do not.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from barwise.stream.ops import EMIT, OPS, SPARE, STRIDE, interpret
from barwise.stream.program import Node, Program


@dataclass(frozen=True)
class Plan:
    """A part of a program, ready to run: see ``stream.ops.interpret``."""

    table: np.ndarray
    params: np.ndarray
    registers: np.ndarray
    known: np.ndarray
    staging: np.ndarray
    outputs: range
    """Output columns that this plan writes."""
    owned: tuple[tuple[int, int], ...]
    """Spans of the state that this plan brings forward."""
    places: np.ndarray
    """Registers of the output columns."""
    columns: tuple[int, ...]
    """Which of the program's input columns it reads, in the order of their registers."""

    def run(self, state: np.ndarray, inputs: np.ndarray, matrix: np.ndarray) -> None:
        """Bring ``state`` forward over the rows of ``inputs``; write its columns."""
        interpret(
            self.table,
            self.params,
            state,
            self.registers,
            self.known,
            self.staging,
            inputs,
            matrix,
            self.outputs.start,
        )


@dataclass(frozen=True, order=True, slots=True)
class _Step:
    """A node to compute, or to hand on to the output column ``emit``."""

    level: int
    late: bool
    node: int
    emit: int


def make_plan(
    program: Program,
    outputs: range,
    owned: set[int],
    *,
    keep: bool = False,
    width: int = STRIDE,
) -> Plan:
    """Order the work and assign registers for a run of neighbouring output columns.

    A register is free again after the last step that reads it, like a compiler's, so
    that the working set stays in cache; with ``keep`` those of the outputs never are.
    ``width`` is how many rows a register holds: at least those of a pass.
    """
    nodes = program.nodes
    targets = list(program.outputs.values())
    needed = _ancestors(program, [targets[j] for j in outputs])
    steps = _ordered(program, needed, [targets[j] for j in outputs])
    last_use = {
        i: at
        for at, step in enumerate(steps)
        for i in (nodes[step.node].inputs if step.emit < 0 else (step.node,))
    }
    last_use |= {targets[j]: len(steps) for j in outputs if keep}
    registers, free = _fixed_registers(program, needed), list[int]()
    used = max([0, *(r + 1 for r in registers.values())])
    fixed = dict.fromkeys(registers)
    rows: list[tuple[int, ...]] = []
    params: list[float] = []
    for at, step in enumerate(steps):
        k, node = step.node, nodes[step.node]
        if step.emit >= 0:
            rows.append((EMIT, registers[k], 0, 0, step.emit, 0, 0, 0))
            read: tuple[int, ...] = (k,)
        else:
            if free:
                registers[k] = free.pop()
            else:
                registers[k], used = used, used + 1
            places = [registers[i] for i in node.inputs]
            places += [places[0]] * (3 - len(places))
            where = (len(params), node.state_offset, node.state_length)
            rows.append((OPS[node.op].code, *places, registers[k], *where))
            params += [float(p) for p in node.params]
            read = node.inputs
        free += [registers[i] for i in {*read} - fixed.keys() if last_use[i] == at]
    bank = np.zeros((used + SPARE, width))
    for k in fixed:
        if nodes[k].op == "const":
            bank[registers[k]] = float(nodes[k].params[0])
    return Plan(
        _with_runs(rows, steps),
        np.array(params or [0.0]),
        bank,
        np.zeros(len(bank), np.int8),
        np.zeros((len(outputs), width), np.float32),
        outputs,
        tuple(
            (nodes[k].state_offset, nodes[k].state_offset + nodes[k].state_length)
            for k in sorted(owned)
            if nodes[k].state_length
        ),
        np.array([registers[targets[j]] for j in outputs], np.int64),
        _columns_read(program, fixed),
    )


def _ordered(
    program: Program, needed: Sequence[int], targets: Sequence[int]
) -> list[_Step]:
    """Order the steps so that averages that do not need each other are neighbours.

    One average waits for its own last value on every row; several side by side wait
    together. So what needs equally many averages one after the other forms a level,
    and a level starts with its averages.
    """
    level: dict[int, int] = {}
    steps: list[_Step] = []
    for k in needed:
        node = program.nodes[k]
        average = node.op == "ema"
        level[k] = max((level[i] for i in node.inputs), default=0) + average
        if node.op not in ("column", "const"):
            steps.append(_Step(level[k], not average, k, -1))
    steps += [_Step(level[k], True, k, j) for j, k in enumerate(targets)]
    return sorted(steps)


def _with_runs(rows: Sequence[tuple[int, ...]], steps: Sequence[_Step]) -> np.ndarray:
    """Return the table of a plan: with each row, how many from it on run together.

    Elementwise steps may need each other; averages that run together may not, and so
    are of one level.
    """
    table = np.zeros((len(rows), 9), np.int64)
    table[:, :8] = rows

    def kind(at: int) -> tuple[str, int]:
        code = rows[at][0]
        if code < 40:
            return "elementwise", 0
        return ("ema", steps[at].level) if code == OPS["ema"].code else ("alone", at)

    for _, members in groupby(range(len(rows)), key=kind):
        run = list(members)
        table[run, 8] = range(len(run), 0, -1)
    return table


def _ancestors(program: Program, roots: Iterable[int]) -> list[int]:
    """Return every node that the roots need, in order of computation."""
    needed: set[int] = set()
    stack = list(roots)
    while stack:
        k = stack.pop()
        if k not in needed:
            needed.add(k)
            stack.extend(program.nodes[k].inputs)
    return sorted(needed)


def _fixed_registers(program: Program, needed: Sequence[int]) -> dict[int, int]:
    """Input columns keep the first registers, constants the next ones."""
    by_op: dict[str, list[int]] = {"column": [], "const": []}
    for k in needed:
        by_op.get(program.nodes[k].op, []).append(k)
    return {k: r for r, k in enumerate([*by_op["column"], *by_op["const"]])}


def _columns_read(program: Program, fixed: Iterable[int]) -> tuple[int, ...]:
    names = (
        n.params[0] for n in map(program.nodes.__getitem__, fixed) if n.op == "column"
    )
    return tuple(program.columns.index(str(name)) for name in names)


def share_out(program: Program, threads: int) -> list[tuple[range, set[int]]]:
    """Split the output columns into runs of neighbours of about equal work.

    Each run computes the shared nodes it needs itself; a node's state is brought
    forward by the first run that has it, and all runs compute the same bits. Runs,
    not picked columns: features of a family share nodes, and threads that write whole
    stretches of a row do not wait for each other's cache lines.

    Returns
    -------
    list of (outputs, owned nodes)
    """
    wants = [set(_ancestors(program, [t])) for t in program.outputs.values()]
    costs = [_cost(node) for node in program.nodes]
    low, high = 0.0, sum(costs) + _OUTPUT * len(wants)
    runs = _fill(wants, costs, math.inf)
    # The smallest limit that the threads can keep, to a thousandth.
    for _ in range(10 if threads > 1 else 0):
        limit = 0.5 * (low + high)
        tried = _fill(wants, costs, limit)
        if len(tried) <= threads:
            runs, high = tried, limit
        else:
            low = limit
    seen: set[int] = set()
    shared = []
    for outputs in runs:
        nodes = set().union(*(wants[j] for j in outputs))
        shared.append((outputs, nodes - seen))
        seen |= nodes
    return shared


def _fill(
    wants: Sequence[set[int]], costs: Sequence[float], limit: float
) -> list[range]:
    """Cut the outputs into runs as long as a limit of work allows."""
    runs, start, cost, nodes = list[range](), 0, 0.0, set[int]()
    for j, wanted in enumerate(wants):
        added = _OUTPUT + sum(costs[k] for k in wanted - nodes)
        if j > start and cost + added > limit:
            runs.append(range(start, j))
            start, nodes = j, set()
            cost, added = 0.0, _OUTPUT + sum(costs[k] for k in wanted)
        cost += added
        nodes |= wanted
    return [*runs, range(start, len(wants))] if wants else []


_OUTPUT = 0.5
"""Rough nanoseconds a row to write one output column."""

_COSTS = {
    "column": (1.3, 0.0),
    "const": (0.0, 0.0),
    "log": (3.5, 0.0),
    "exp": (3.5, 0.0),
    "sin": (8.0, 0.0),
    "cos": (8.0, 0.0),
    "lag": (0.4, 0.0),
    "carry": (5.0, 0.0),
    "ema": (0.8, 0.0),
    "accumulate": (3.0, 0.0),
    "rolling_var": (3.0, 0.0),
    "rolling_cov": (6.0, 0.0),
    "rolling_line": (4.0, 0.0),
    "rolling_age": (6.0, 0.0),
    "rolling_mad": (3.0, 0.25),
    "rolling_rank": (20.0, 0.05),
    "rolling_quantile": (20.0, 0.2),
    "fir": (2.0, 0.2),
    "volume_profile": (0.0, 5.0),
    "kama": (3.0, 0.0),
    "rolling_extreme": (1.9, 0.0),
    "psar": (5.5, 0.0),
    "supertrend": (10.0, 0.0),
}
"""Rough nanoseconds a row, and for each row of the window, of the dearer ops."""


def _cost(node: Node) -> float:
    """Rough nanoseconds a row; only the balance between threads hangs on it."""
    if node.op == "hidden_markov":
        return 15.0 * float(node.params[1])
    fixed, each = _COSTS.get(node.op, (1.5 if node.state_length else 0.3, 0.0))
    return fixed + each * float(node.params[0]) if each else fixed
