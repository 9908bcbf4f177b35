"""From expressions to a program: numbered ops, parameters and a state layout.

The program is data: it is hashed, compared and stored, and needs none of the code that
wrote it. A plan is a program (or a part of its outputs) with registers assigned; plans
differ with the number of threads, results do not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from barwise.core.hashing import hash_json
from barwise.stream.expr import Expr
from barwise.stream.ops import OPS, STRIDE


@dataclass(frozen=True, slots=True)
class Node:
    """One op of a program; ``inputs`` are places of earlier nodes.

    ``warmup`` and ``settled`` are the rows that the op adds to those of its inputs.
    """

    op: str
    inputs: tuple[int, ...]
    params: tuple[float | str, ...]
    state_offset: int
    state_length: int
    warmup: int
    settled: int | None


@dataclass(frozen=True)
class Program:
    """Nodes in order of computation, and which of them are outputs.

    ``columns`` are the names of the input columns; ``outputs`` maps the name of each
    output column to its node.
    """

    nodes: tuple[Node, ...]
    columns: tuple[str, ...]
    outputs: Mapping[str, int]
    state_length: int
    _hash: list[str] = field(default_factory=list, repr=False, compare=False)

    def hash(self) -> str:
        """Return the SHA-256 of what the program computes."""
        if not self._hash:
            nodes = [
                [n.op, OPS[n.op].code if n.op in OPS else 0, n.inputs, _spell(n.params)]
                for n in self.nodes
            ]
            self._hash.append(hash_json([nodes, list(self.outputs.items())]))
        return self._hash[0]

    @property
    def warmup(self) -> int:
        """Rows until every output is defined."""
        return self.rows_until("warmup", {}) or 0

    @property
    def settled(self) -> int | None:
        """Rows until any two origins agree in float32; None if never for sure."""
        return self.rows_until("settled", {})

    def rows_until(
        self, what: Literal["warmup", "settled"], inputs: Mapping[str, int | None]
    ) -> int | None:
        """Return warm-up or settling of the outputs, given that of input columns.

        Parameters
        ----------
        what : {"warmup", "settled"}
        inputs : mapping of str to int or None
            Rows until an input column is defined or settled; 0 for the others. None:
            it never is.
        """
        rows: list[int | None] = []
        for node in self.nodes:
            parts = [rows[i] for i in node.inputs]
            own = getattr(node, what)
            if node.op == "column":
                own = inputs.get(str(node.params[0]), 0)
            known = [part for part in parts if part is not None]
            ends = own is not None and len(known) == len(parts)
            rows.append(own + max(known, default=0) if ends else None)
        found = [rows[i] for i in self.outputs.values()]
        known = [row for row in found if row is not None]
        return max(known, default=0) if len(known) == len(found) else None


def _spell(params: Sequence[float | str]) -> list[str]:
    return [p if isinstance(p, str) else float(p).hex() for p in params]


def compile_program(outputs: Mapping[str, Expr]) -> Program:
    """Order the nodes of some expressions, equal ones once.

    Examples
    --------
    >>> from barwise.stream.expr import column, diff
    >>> program = compile_program({"change": diff(column("close"))})
    >>> [node.op for node in program.nodes], program.warmup
    (['column', 'lag', 'sub'], 1)
    """
    nodes: list[Node] = []
    places: dict[int, int] = {}
    offset = 0
    for expr in in_order(outputs.values()):
        inputs = tuple(places[id(part)] for part in expr.inputs)
        length, warmup, settled = _needs(expr)
        places[id(expr)] = len(nodes)
        nodes.append(
            Node(expr.op, inputs, expr.params, offset, length, warmup, settled)
        )
        offset += length
    columns = tuple(str(n.params[0]) for n in nodes if n.op == "column")
    named = {name: places[id(expr)] for name, expr in outputs.items()}
    return Program(tuple(nodes), columns, named, offset)


def _needs(expr: Expr) -> tuple[int, int, int | None]:
    if expr.op in ("column", "const"):
        return 0, 0, 0
    if expr.op in ("learned", "on"):
        return 0, 0, None
    spec = OPS[expr.op]
    params = tuple(float(p) for p in expr.params)
    return spec.state(params), spec.warmup(params), spec.forgets(params)


def in_order(roots: Iterable[Expr], *, leaves: Sequence[str] = ()) -> list[Expr]:
    """Return expressions and all they are made of, inputs before users.

    Parameters
    ----------
    roots : iterable of Expr
    leaves : sequence of str
        Operations whose inputs are not followed.
    """
    # Iterative, so that long chains are fine.
    order: list[Expr] = []
    seen: set[int] = set()
    for root in roots:
        stack = [(root, False)]
        while stack:
            expr, ready = stack.pop()
            if ready:
                order.append(expr)
            elif id(expr) not in seen:
                seen.add(id(expr))
                stack.append((expr, True))
                inputs = () if expr.op in leaves else expr.inputs
                stack.extend((part, False) for part in reversed(inputs))
    return order


@dataclass(frozen=True)
class Plan:
    """A part of a program, ready to run: see ``stream.ops.interpret``."""

    table: np.ndarray
    params: np.ndarray
    registers: np.ndarray
    staging: np.ndarray
    slots: np.ndarray
    outputs: range
    """Output columns that this plan writes."""
    owned: tuple[tuple[int, int], ...]
    """Spans of the state that this plan brings forward."""
    places: np.ndarray
    """Registers of the output columns."""


def make_plan(
    program: Program, outputs: range, owned: set[int], *, keep: bool = False
) -> Plan:
    """Assign registers for a run of neighbouring output columns of a program.

    A register is free again after the last op that reads it, like a compiler's, so
    that the working set stays in cache; with ``keep`` those of the outputs never are.
    """
    targets = list(program.outputs.values())
    needed = _ancestors(program, [targets[j] for j in outputs])
    last_use = {i: k for k in needed for i in program.nodes[k].inputs}
    last_use |= {targets[j]: len(program.nodes) for j in outputs if keep}
    registers, free = _fixed_registers(program, needed), list[int]()
    used = max(registers.values(), default=-1) + 1
    used = max(used, len(program.columns))
    rows: list[tuple[int, ...]] = []
    params: list[float] = []
    finished: list[tuple[int, int, int]] = []
    for k in needed:
        node = program.nodes[k]
        if node.op in ("column", "const"):
            finished += [(-1, registers[k], j) for j in outputs if targets[j] == k]
            continue
        if free:
            registers[k] = free.pop()
        else:
            registers[k], used = used, used + 1
        places = [registers[i] for i in node.inputs]
        places += [places[0]] * (3 - len(places))
        code = OPS[node.op].code
        where = (len(params), node.state_offset, node.state_length)
        finished += [(len(rows), registers[k], j) for j in outputs if targets[j] == k]
        rows.append((code, *places, registers[k], *where))
        params += [float(p) for p in node.params]
        for i in {*node.inputs, k}:
            dead = last_use.get(i, k) == k
            if dead and program.nodes[i].op not in ("column", "const"):
                free.append(registers[i])
    table = np.array(rows, np.int64).reshape(len(rows), 8)
    bank = np.zeros((max(used, 1), STRIDE))
    for k in needed:
        if program.nodes[k].op == "const":
            bank[registers[k]] = float(program.nodes[k].params[0])
    finished.sort()
    spans = tuple(
        (n.state_offset, n.state_offset + n.state_length)
        for n in (program.nodes[k] for k in sorted(owned))
        if n.state_length
    )
    return Plan(
        table,
        np.array(params or [0.0]),
        bank,
        np.zeros((max(len(outputs), 1), STRIDE), np.float32),
        np.array(finished, np.int64).reshape(len(finished), 3) - [0, 0, outputs.start],
        outputs,
        spans,
        np.array([registers[targets[j]] for j in outputs], np.int64),
    )


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
    by_name = {name: i for i, name in enumerate(program.columns)}
    fixed: dict[int, int] = {}
    following = len(program.columns)
    for k in needed:
        node = program.nodes[k]
        if node.op == "column":
            fixed[k] = by_name[str(node.params[0])]
        elif node.op == "const":
            fixed[k], following = following, following + 1
    return fixed


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
    runs = _fill(wants, costs, high)
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


_OUTPUT = 1.0
"""Rough nanoseconds a row to write one output column."""


def _cost(node: Node) -> float:
    """Rough nanoseconds a row; only the balance between threads hangs on it."""
    if node.op in ("fir", "kama", "rolling_rank", "rolling_quantile", "rolling_mad"):
        return 2.0 + 0.5 * float(node.params[0])
    if node.op == "hidden_markov":
        return 15.0 * float(node.params[1])
    return 6.0 if node.state_length else 1.0
