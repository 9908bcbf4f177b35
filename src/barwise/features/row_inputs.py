"""Input columns of one row: the path of a live bar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import numpy as np

from barwise.bars.bars import Bars
from barwise.features.sources import Source


@final
class RowInputs:
    """The inputs of a program for one row; what a source repeats is not copied again.

    Parameters
    ----------
    columns : sequence of str
        Input columns of the program, in its order.
    """

    def __init__(self, columns: Sequence[str]) -> None:
        self._place = {name: i for i, name in enumerate(columns)}
        self._values = np.full((len(columns), 1), np.nan)
        self._last: dict[str, dict[str, np.ndarray]] = {}
        self._read: dict[str, tuple[list[str], np.ndarray]] = {}

    def of(self, row: Bars, sources: Sequence[Source]) -> np.ndarray:
        """Return the inputs of one bar.

        Returns
        -------
        ndarray of float64, shape (n_inputs, 1)
            Good until the next call.
        """
        for source in sources:
            found, key = source.columns(row), source.name
            if found is self._last.get(key):
                continue
            self._last[key] = found
            if key not in self._read:
                names = [name for name in found if name in self._place]
                places = np.array([self._place[name] for name in names], np.int64)
                self._read[key] = names, places
            names, places = self._read[key]
            if names:
                values = np.concatenate([found[name] for name in names])
                self._values[places, 0] = values
        return self._values
