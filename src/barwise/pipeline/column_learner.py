"""How the columns of a run that learn do so anew, for one fold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from barwise.bars import Bars
from barwise.core.hashing import hash_arrays
from barwise.features import load_features
from barwise.pipeline.columns import Columns
from barwise.pipeline.config import RunConfig
from barwise.pipeline.features import graph_of
from barwise.pipeline.side import side_inputs


@final
@dataclass(frozen=True, eq=False)
class GraphLearner:
    """A feature graph that is made anew for every fold, in whatever process.

    Parameters
    ----------
    config : RunConfig
    bars : Bars
        All bars of the run; which of them teach is said to :meth:`learn`.
    names : tuple of str
        Columns of the matrix.
    columns : tuple of str
        Those that learn.
    raw_interval : int
        Interval of the source, nanoseconds, for columns on finer bars.
    """

    config: RunConfig
    bars: Bars
    names: tuple[str, ...]
    columns: tuple[str, ...]
    raw_interval: int

    def learn(self, rows: np.ndarray) -> tuple[np.ndarray, str]:
        """Learn from some bars and compute the columns of all of them."""
        path = self.config.own_path
        own = None if path is None else load_features(path)
        columns = Columns(self.names, {}, own, ())
        beside = side_inputs(self.config, columns, self.raw_interval).read()
        graph = graph_of(self.config, columns).fit(self.bars, rows=rows, **beside)
        matrix = graph.push(self.bars, **beside)
        return matrix, hash_arrays(graph.fitted_parameters)
