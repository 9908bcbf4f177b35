"""The resumable engine: a compiled program, its state and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from queue import Queue
from typing import final

import numpy as np

from barwise.core.errors import ConfigError, IntegrityError, NotFittedError
from barwise.core.stage import Stage, State
from barwise.stream.evaluate import gathered, run_exact
from barwise.stream.expr import Expr
from barwise.stream.learned import (
    Parameters,
    described,
    learn,
    placeholders,
    recipe_of,
    waiting,
    with_learned,
)
from barwise.stream.ops import ROW
from barwise.stream.plan import Plan, make_plan, share_out
from barwise.stream.program import compile_program

Columns = Mapping[str, np.ndarray]

_LEARNED = "learned/"

_Block = tuple[list[np.ndarray], np.ndarray]
"""Input columns in the program's order, and the rows of the output."""

_AHEAD = 2
"""Blocks that wait for a thread: memory stays bounded."""

_BLOCK = 32 * 1024
"""Rows whose inputs are gathered at a time: memory stays bounded for any push."""


@final
class Graph(Stage[Columns, np.ndarray]):
    """Named expressions, pushed chunk by chunk.

    Parameters
    ----------
    outputs : mapping of str to Expr
        Column name to expression, in the order of the output's columns.

    Examples
    --------
    >>> import numpy as np
    >>> from barwise.stream.expr import column, diff
    >>> graph = Graph({"change": diff(column("close"))})
    >>> graph.push({"close": np.array([1.0, 3.0])})[:, 0]
    array([nan,  2.], dtype=float32)
    >>> graph.push({"close": np.array([6.0])})[:, 0]
    array([3.], dtype=float32)
    """

    def __init__(self, outputs: Mapping[str, Expr]) -> None:
        self._outputs = dict(outputs)
        self.names = tuple(outputs)
        self._take({})

    def _take(self, parameters: Parameters) -> None:
        """Begin anew with what was learned; parameters of other columns are dropped."""
        self._parameters = {
            key: np.array(parameters[key], np.float64)
            for key in placeholders(self._outputs)
            if key in parameters
        }
        made = with_learned(self._outputs, self._parameters)
        self._unfitted = waiting(made)
        self.program = compile_program(made)
        if any(node.op == "on" for node in self.program.nodes):
            raise ConfigError(
                "a column on other bars (on ...) is not computed by a bare Graph, which "
                "does not make bars; push bars through a FeatureGraph"
            )
        self._state = np.zeros(max(self.program.state_length, 1))
        self._plans: dict[int, list[Plan]] = {}
        self._exact: Plan | None = None
        self._single: Plan | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """Input columns that a pushed chunk must have."""
        return compile_program(self._outputs).columns

    @property
    def unfitted(self) -> tuple[str, ...]:
        """Columns that must learn from training rows before the first push."""
        return self._unfitted

    @property
    def fitted_parameters(self) -> dict[str, np.ndarray]:
        """What was learned: a float64 vector for each key, to be stored as arrays."""
        return {key: vector.copy() for key, vector in self._parameters.items()}

    @property
    def learned(self) -> dict[tuple[str, ...], str]:
        """What was learned, in words, by the columns that need it."""
        return described(self._outputs, self._parameters)

    def readers(self, columns: Iterable[str]) -> tuple[str, ...]:
        """Return the outputs that read one of some input columns."""
        wanted = set(columns)
        return tuple(
            name
            for name, expr in self._outputs.items()
            if wanted.intersection(compile_program({name: expr}).columns)
        )

    @property
    def libraries(self) -> tuple[str, ...]:
        """Packages whose version decides what is learned."""
        recipes = map(recipe_of, placeholders(self._outputs).values())
        return tuple(sorted({name for one in recipes for name in one.libraries}))

    def fit(self, chunk: Columns, *, rows: np.ndarray | None = None) -> Graph:
        """Learn the parameters of fitted columns and begin anew; return this graph.

        Parameters
        ----------
        chunk : mapping of str to ndarray of float64, shape (n,)
            The input columns from the start of the stream on.
        rows : ndarray of bool, shape (n,), optional
            Rows to learn from; by default all.
        """
        self._take(learn(self._outputs, chunk, rows))
        return self

    def with_parameters(self, parameters: Parameters) -> Graph:
        """Return a new graph of the same columns with parameters learned elsewhere."""
        graph = Graph(self._outputs)
        graph._take(parameters)
        return graph

    def push(
        self, chunk: Columns, *, out: np.ndarray | None = None, threads: int = 1
    ) -> np.ndarray:
        """Compute the next rows.

        Parameters
        ----------
        chunk : mapping of str to ndarray of float64, shape (n,)
            The input columns, NaN where missing.
        out : ndarray of float32, shape (n, n_outputs), optional
            Written in place, a memory map for instance.
        threads : int
            The bytes do not depend on it.

        Returns
        -------
        ndarray of float32, shape (n, n_outputs)
        """
        if out is None:
            rows = len(next(iter(chunk.values())))
            out = np.empty((rows, len(self.names)), np.float32)
        self.push_blocks([(chunk, out)], threads=threads)
        return out

    def push_blocks(
        self, blocks: Iterable[tuple[Columns, np.ndarray]], *, threads: int
    ) -> None:
        """Compute one block of rows after another, like as many pushes.

        With threads the columns of the next blocks are asked for meanwhile, and a
        thread that is done with its part of a block goes on to the next one.

        Parameters
        ----------
        blocks : iterable of (mapping of str to ndarray, ndarray of float32)
            Input columns, and the rows of the output that are written.
        threads : int
        """
        if self._unfitted:
            raise NotFittedError(_not_fitted(self._unfitted))
        plans, read = self._plans_for(threads), self._read(blocks)
        if len(plans) > 1:
            self._push_parallel(plans, read)
        else:
            for arrays, out in read:
                for plan in plans:
                    _push_plan(plan, self._state, arrays, out)

    def push_row(self, inputs: np.ndarray) -> np.ndarray:
        """Compute one row: what :meth:`push` does, without gathering columns.

        Parameters
        ----------
        inputs : ndarray of float64, shape (n_inputs, 1)
            In the order of the program's input columns.

        Returns
        -------
        ndarray of float32, shape (1, n_outputs)
        """
        if self._unfitted:
            raise NotFittedError(_not_fitted(self._unfitted))
        if self._single is None:
            every = range(len(self.names))
            self._single = make_plan(self.program, every, set(), width=ROW)
        out = np.empty((1, len(self.names)), np.float32)
        self._single.run(self._state, inputs, out)
        return out

    def push_exact(self, chunk: Columns) -> np.ndarray:
        """Compute the next rows and do not round them: for a graph inside a graph.

        Returns
        -------
        ndarray of float64, shape (n, n_outputs)
        """
        if self._unfitted:
            raise NotFittedError(_not_fitted(self._unfitted))
        if self._exact is None:
            every = range(len(self.names))
            self._exact = make_plan(self.program, every, set(), keep=True)
        rows = len(next(iter(chunk.values())))
        arrays = [chunk[name] for name in self.program.columns]
        return run_exact(self._exact, self._state, arrays, rows)

    def advance(self, to_time: int) -> np.ndarray:  # noqa: ARG002 - nothing waits
        """Return no rows: an output row belongs to an input row."""
        return np.empty((0, len(self.names)), np.float32)

    def snapshot(self) -> State:
        """Return the state, what was learned, and the hash of the program."""
        learned = {_LEARNED + k: v for k, v in self.fitted_parameters.items()}
        return {"state": self._state.copy(), "program": self._identity()} | learned

    def restore(self, state: State) -> None:
        """Go on from a snapshot, with what the graph that made it had learned.

        Raises
        ------
        IntegrityError
            If the snapshot belongs to other columns.
        """
        graph = self
        if not np.array_equal(state["program"], self._identity()):
            # What was learned is part of the program, and of the snapshot.
            found = {k: v for k, v in state.items() if k.startswith(_LEARNED)}
            graph = self.with_parameters({k[len(_LEARNED) :]: found[k] for k in found})
        if not np.array_equal(state["program"], graph._identity()):
            raise IntegrityError(
                "this snapshot belongs to another set of features (its program hash "
                "differs); build the graph with the same names and version, or start "
                "from a backfill"
            )
        if graph is not self:
            self._take(graph._parameters)
        self._state = state["state"].copy()

    def _identity(self) -> np.ndarray:
        return np.frombuffer(bytes.fromhex(self.program.hash()), np.uint8)

    def _plans_for(self, threads: int) -> list[Plan]:
        if threads not in self._plans:
            groups = share_out(self.program, threads)
            self._plans[threads] = [
                make_plan(self.program, outputs, owned) for outputs, owned in groups
            ]
        return self._plans[threads]

    def _read(self, blocks: Iterable[tuple[Columns, np.ndarray]]) -> Iterator[_Block]:
        for columns, out in blocks:
            shape = len(next(iter(columns.values()))), len(self.names)
            if out.shape != shape or out.dtype != np.float32:
                raise ValueError(
                    f"out must be float32 of shape {shape}, got {out.dtype} of shape "
                    f"{out.shape}"
                )
            yield [columns[name] for name in self.program.columns], out

    def _push_parallel(self, plans: list[Plan], blocks: Iterable[_Block]) -> None:
        states = [self._state.copy() for _ in plans]
        queues: list[Queue[_Block | None]] = [Queue(_AHEAD) for _ in plans]
        with ThreadPoolExecutor(len(plans)) as pool:
            jobs = [
                pool.submit(_work, plan, state, queue)
                for plan, state, queue in zip(plans, states, queues, strict=True)
            ]
            try:
                for block in blocks:
                    for queue in queues:
                        queue.put(block)
            finally:
                for queue in queues:
                    queue.put(None)
            for job in jobs:
                job.result()
        for plan, state in zip(plans, states, strict=True):
            for begin, end in plan.owned:
                self._state[begin:end] = state[begin:end]


def _work(plan: Plan, state: np.ndarray, queue: Queue[_Block | None]) -> None:
    over = False
    try:
        while (block := queue.get()) is not None:
            _push_plan(plan, state, *block)
        over = True
    finally:
        # Who puts blocks in waits for them to be taken, after an error too.
        while not over:
            over = queue.get() is None


def _push_plan(
    plan: Plan, state: np.ndarray, arrays: list[np.ndarray], out: np.ndarray
) -> None:
    # One layout only reaches the interpreter: others would compile again.
    arrays = [arrays[i] for i in plan.columns]
    direct = out.flags.c_contiguous
    first, last = plan.outputs.start, plan.outputs.stop
    for start in range(0, len(out), _BLOCK):
        stop = min(start + _BLOCK, len(out))
        inputs = gathered(arrays, start, stop)
        block = (
            out[start:stop]
            if direct
            else np.empty((stop - start, out.shape[1]), np.float32)
        )
        plan.run(state, inputs, block)
        if not direct:
            out[start:stop, first:last] = block[:, first:last]


def _not_fitted(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
    return (
        f"{len(names)} columns have to learn from training rows before the first push: "
        f"{shown}; call fit(bars[:n]) with the training bars, or with_parameters(...) "
        "with what was learned before"
    )
