"""The contract of everything between a raw bar and a model's input.

A stage is pushed chunks of its input. For any way of cutting the input into chunks,
one row at a time included, the concatenated outputs are bit-identical. The law tests
find every subclass of :class:`Stage` by themselves.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Generic, TypeVar

import numpy as np

In = TypeVar("In")
Out = TypeVar("Out")

State = dict[str, np.ndarray]
"""What a stage remembers: arrays only, so that it can be stored, compared and hashed."""


def with_prefix(name: str, state: State) -> State:
    """Name the arrays of a part, for the state of the whole."""
    return {f"{name}/{key}": array for key, array in state.items()}


def part_of(state: State, name: str) -> State:
    """Return the arrays of one part, as :func:`with_prefix` named them.

    Examples
    --------
    >>> part_of(with_prefix("bars", {"clock": np.array(5)}), "bars")
    {'clock': array(5)}
    """
    start = f"{name}/"
    return {k[len(start) :]: v for k, v in state.items() if k.startswith(start)}


class Stage(ABC, Generic[In, Out]):
    """A resumable step from bars towards a model's input."""

    @abstractmethod
    def push(self, chunk: In) -> Out:
        """Take the next rows and return what became known with them."""

    @abstractmethod
    def advance(self, to_time: int) -> Out:
        """Say that no row with ``time <= to_time`` is still to come.

        Parameters
        ----------
        to_time : int
            Nanoseconds UTC, inclusive. A stage that waits for nothing returns an
            empty output.
        """

    @abstractmethod
    def snapshot(self) -> State:
        """Return a copy of everything that the next output depends on."""

    @abstractmethod
    def restore(self, state: State) -> None:
        """Go on from a snapshot of a stage with the same settings."""
