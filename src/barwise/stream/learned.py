"""Columns whose parameters are learned, and what becomes of them.

A recipe says what is learned from training rows and which expression runs with it.
Until then a placeholder stands in the expression; afterwards the expression that the
recipe gives takes its place, with what was learned as its constants. So a fitted
program is a program like any other: numbers and ops, hashed, compared and stored.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from barwise.core.errors import ConfigError, DataError
from barwise.core.hashing import hash_json
from barwise.stream.evaluate import evaluate
from barwise.stream.nodes import Expr, rebuilt, unlearned
from barwise.stream.program import compile_program, in_order

Parameters = Mapping[str, np.ndarray]
"""What was learned: a float64 vector for each placeholder, by its key."""

_RECIPES: dict[str, Recipe] = {}


class Recipe(ABC):
    """What a column learns from training rows, and how it runs with it.

    A recipe is a frozen dataclass of plain settings: its text is its identity, and
    equal recipes over the same inputs are learned once.
    """

    libraries: ClassVar[tuple[str, ...]] = ()
    """Packages whose version decides what is learned."""

    @abstractmethod
    def learn(self, inputs: np.ndarray) -> np.ndarray:
        """Learn from training rows.

        Parameters
        ----------
        inputs : ndarray of float64, shape (n_rows, n_inputs)
            At least one row, all values finite, oldest first. Rows that lie apart
            follow each other directly, as they do for an op that skips NaN.

        Returns
        -------
        ndarray of float64, shape (n_parameters,)
            Finite; the same bytes for the same inputs.
        """

    @abstractmethod
    def expressions(
        self, inputs: tuple[Expr, ...], parameters: np.ndarray
    ) -> tuple[Expr, ...]:
        """Return the outputs as expressions of the inputs and of what was learned."""

    @abstractmethod
    def describe(self, parameters: np.ndarray) -> str:
        """Say in a line what was learned."""


def learned(recipe: Recipe, *inputs: Expr, output: int = 0) -> Expr:
    """Return a column that a recipe learns from other columns.

    Parameters
    ----------
    recipe : Recipe
    *inputs : Expr
        What it learns from and runs on; they may be learned themselves.
    output : int
        Which of the recipe's outputs.
    """
    text = repr(recipe)
    _RECIPES[text] = recipe
    return unlearned(text, inputs, output)


def recipe_of(expr: Expr) -> Recipe:
    """Return the recipe of a placeholder."""
    return _RECIPES[str(expr.params[0])]


def key_of(expr: Expr) -> str:
    """Return the name of a placeholder's parameters, the same in every graph."""
    inputs = compile_program({str(i): part for i, part in enumerate(expr.inputs)})
    recipe = str(expr.params[0])
    name = type(_RECIPES[recipe]).__name__
    return f"{name}-{hash_json([recipe, inputs.hash()])[:16]}"


def placeholders(outputs: Mapping[str, Expr]) -> dict[str, Expr]:
    """Return one placeholder a key, each behind those that it learns from."""
    found = [expr for expr in in_order(outputs.values()) if expr.op == "learned"]
    return {key_of(expr): expr for expr in found}


def users_of(key: str, outputs: Mapping[str, Expr]) -> tuple[str, ...]:
    """Return the names of the columns that need what a placeholder learns."""
    return tuple(
        name for name, expr in outputs.items() if key in placeholders({name: expr})
    )


def waiting(outputs: Mapping[str, Expr]) -> tuple[str, ...]:
    """Return the names of the columns that still have something to learn."""
    return tuple(
        name
        for name, expr in outputs.items()
        if any(part.op == "learned" for part in in_order([expr]))
    )


def with_learned(
    outputs: Mapping[str, Expr], parameters: Parameters
) -> dict[str, Expr]:
    """Return the expressions with every placeholder replaced whose key is there."""
    made: dict[int, Expr] = {}
    for expr in in_order(outputs.values()):
        inputs = tuple(made[id(part)] for part in expr.inputs)
        found = None
        if expr.op == "learned":
            found = parameters.get(key_of(expr))
        if found is None:
            made[id(expr)] = rebuilt(expr, inputs)
        else:
            parts = recipe_of(expr).expressions(inputs, found)
            made[id(expr)] = parts[int(expr.params[1])]
    return {name: made[id(expr)] for name, expr in outputs.items()}


def described(
    outputs: Mapping[str, Expr], parameters: Parameters
) -> dict[tuple[str, ...], str]:
    """Say what was learned, by the columns that need it."""
    return {
        users_of(key, outputs): recipe_of(expr).describe(parameters[key])
        for key, expr in placeholders(outputs).items()
        if key in parameters
    }


def learn(
    outputs: Mapping[str, Expr],
    columns: Mapping[str, np.ndarray],
    rows: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """Learn the parameters of every placeholder.

    Parameters
    ----------
    outputs : mapping of str to Expr
    columns : mapping of str to ndarray of float64, shape (n,)
        Input columns from the start of the stream on.
    rows : ndarray of bool, shape (n,), optional
        Rows to learn from; by default all. The inputs are computed over every row, so
        that a moving average at a training row is the one that a push gives.

    Raises
    ------
    ConfigError
        If ``rows`` is no mask of the columns.
    DataError
        If no row is left to learn from.
    """
    length = len(next(iter(columns.values())))
    chosen = np.ones(length, np.bool_) if rows is None else rows
    if chosen.shape != (length,) or chosen.dtype != np.bool_:
        raise ConfigError(
            f"rows must hold one True or False for each of {length} rows, got "
            f"{chosen.dtype} of shape {chosen.shape}"
        )
    parameters: dict[str, np.ndarray] = {}
    for key, expr in placeholders(outputs).items():
        inputs = {str(i): part for i, part in enumerate(expr.inputs)}
        values = np.column_stack(
            list(evaluate(with_learned(inputs, parameters), columns).values())
        )
        usable = values[chosen & np.isfinite(values).all(axis=1)]
        if not len(usable):
            raise DataError(
                f"{', '.join(users_of(key, outputs))} cannot be fitted: on none of "
                f"{np.count_nonzero(chosen):,} training rows are all inputs known; use "
                "more data, or leave these columns out"
            )
        parameters[key] = recipe_of(expr).learn(usable)
    return parameters
