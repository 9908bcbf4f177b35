"""From expressions to a program: numbered ops, parameters and a state layout.

The program is data: it is hashed, compared and stored, and needs none of the code that
wrote it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from barwise.core.hashing import hash_json
from barwise.stream.expr import Expr
from barwise.stream.ops import OPS


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
