"""Columns that a user's functions of data frames make, row by row from a look-back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import numpy as np

from barwise.bars.bars import Bars
from barwise.core.errors import ConfigError
from barwise.core.stage import State
from barwise.features.frame_function import FrameFunction
from barwise.features.sources import Source
from barwise.features.user_code import place_of

_PRICES = ("open", "high", "low", "close", "volume")


@final
class FrameSource(Source):
    """Calls each function on exactly its last ``lookback`` bars, for every row.

    What a function is given does not depend on how the bars were cut into chunks, so
    neither does what it returns; rows before the look-back is full are NaN.

    Parameters
    ----------
    functions : sequence of FrameFunction
        Each with a look-back.
    """

    name = "frame"

    def __init__(self, functions: Sequence[FrameFunction]) -> None:
        self._functions = tuple(functions)
        self._kept = max(_reach(one) for one in functions) - 1
        self._past: Bars | None = None

    def columns(self, chunk: Bars) -> dict[str, np.ndarray]:
        """Return the columns of the next bars."""
        chunk = _plain(chunk)
        bars = chunk if self._past is None else Bars.concat([self._past, chunk])
        first = len(bars) - len(chunk)
        self._past = bars[max(0, len(bars) - self._kept) :]
        made: dict[str, np.ndarray] = {}
        for one in self._functions:
            values = self._rows(one, bars, first)
            made |= {one.input_of(c): values[:, j] for j, c in enumerate(one.columns)}
        return made

    @staticmethod
    def _rows(one: FrameFunction, bars: Bars, first: int) -> np.ndarray:
        reach = _reach(one)
        values = np.full((len(bars) - first, len(one.columns)), np.nan)
        for row in range(max(first, reach - 1), len(bars)):
            values[row - first] = one.last(bars[row + 1 - reach : row + 1])
        return values

    def advance(self, to_time: int) -> None:
        """Nothing waits."""

    def snapshot(self) -> State:
        """Return the bars that the next call looks back on."""
        if self._past is None:
            return {}
        past = self._past
        return {name: getattr(past, name).copy() for name in ("time", *_PRICES)}

    def restore(self, state: State) -> None:
        """Go on from a snapshot of a source with the same functions."""
        self._past = None
        if state:
            prices = [state[name].copy() for name in _PRICES]
            self._past = _plain(Bars.of(state["time"].copy(), *prices, interval=None))


def _reach(one: FrameFunction) -> int:
    if one.lookback is None:
        raise ConfigError(
            f"{place_of(one.function)}: {one.name!r} has no look-back, so it is no "
            "feature; write @bw.frame_feature(lookback=...) above it"
        )
    return one.lookback


def _plain(bars: Bars) -> Bars:
    """Return bars with what a function is given and nothing else."""
    prices = [getattr(bars, name) for name in _PRICES]
    return Bars.of(bars.time, *prices, interval=None)
