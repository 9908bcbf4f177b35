"""What can be audited: columns of a feature graph, and functions of data frames."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal, final

import numpy as np

from barwise.bars.bars import Bars
from barwise.core.errors import ConfigError
from barwise.features import FeatureGraph, find
from barwise.features.definition import Feature
from barwise.features.frame_function import FrameFunction
from barwise.features.user_code import place_of
from barwise.pipeline.audits.history import History

_ROUNDING = 1e-9
"""A difference that is smaller, beside the value and the spread of its column, is the
rounding of a library that adds in another order."""


Make = Callable[[Sequence[str]], FeatureGraph]


class Subject(ABC):
    """Something that makes columns of bars.

    Attributes
    ----------
    name : str
        For messages.
    kind : {"expression", "frame"}
    columns : tuple of str
    priced : tuple of str
        Columns that are said to be in price units.
    beside : mapping
        What it needs beside the bars, as arguments of ``FeatureGraph.push``.
    """

    name: str
    kind: Literal["expression", "frame"]
    columns: tuple[str, ...]
    priced: tuple[str, ...] = ()
    beside: Mapping[str, Any] = MappingProxyType({})

    @abstractmethod
    def values(self, history: History) -> np.ndarray:
        """Compute the columns of some bars, from the first one on.

        Returns
        -------
        ndarray of float64, shape (n, n_columns)
        """

    @abstractmethod
    def differs(self, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        """Say which values are not the same: bool, of the shape of both."""


@final
class GraphSubject(Subject):
    """Columns of a feature graph; equal means equal bit for bit.

    Parameters
    ----------
    names : sequence of str
    bars : Bars
        What is audited; columns that have to be fitted learn from the first third.
    own : iterable of Feature
        Features of a user's file.
    make : callable, optional
        Given names, returns their graph, which is not fitted; by default that of the
        symbol's own calendar and labels.
    beside : mapping
        Finer bars and tables that the columns need, as arguments of
        ``FeatureGraph.push``.
    """

    kind = "expression"

    def __init__(
        self,
        names: Sequence[str],
        bars: Bars,
        *,
        own: Iterable[Feature] = (),
        make: Make | None = None,
        beside: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        own = tuple(own)
        self.name = names[0] if len(names) == 1 else f"{len(names)} columns"
        self.columns = tuple(names)
        self.priced = tuple(n for n in names if find(n, own)[0].price_units)
        self.beside = beside
        self._graph = make(names) if make else FeatureGraph(names, own=own)
        if self._graph.unfitted:
            self._graph.fit(bars[: len(bars) // 3], **beside)
        self._start = self._graph.snapshot()

    def fresh(self) -> FeatureGraph:
        """Return a graph that has seen no bar."""
        return self._graph.with_parameters(self._graph.fitted_parameters)

    def values(self, history: History) -> np.ndarray:
        """Compute the columns of some bars, from the first one on."""
        self._graph.restore(self._start)
        return self._graph.push(history.bars, **history.beside).astype(np.float64)

    def differs(self, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        """Say which values are not the same."""
        return ~((one == other) | (np.isnan(one) & np.isnan(other)))


@final
class FrameSubject(Subject):
    """A function of a data frame, called on all bars at once, as in a notebook.

    Parameters
    ----------
    function : FrameFunction
    bars : Bars
        What is audited: the columns are those of the result.
    price_units : bool
        Whether it is said to be in price units.

    Attributes
    ----------
    last_only : bool
        Whether it returns the last bar's numbers alone: as a feature it is never given
        a later bar, so there is no history that could have been changed.

    Raises
    ------
    ConfigError
        If the function raises, or returns the last bar's numbers without a look-back.
    """

    kind = "frame"

    def __init__(
        self, function: FrameFunction, bars: Bars, *, price_units: bool = False
    ) -> None:
        self.name = function.name
        self.function = function
        made = function.over(bars)
        self.last_only = len(next(iter(made.values()))) < len(bars)
        if self.last_only and function.lookback is None:
            raise ConfigError(
                f"{place_of(function.function)}: {function.name!r} returns the last "
                "bar's number alone, so an audit has no history to look at; return one "
                "value a bar, or write @bw.frame_feature(lookback=...) above it"
            )
        self.columns = tuple(made)
        self.priced = self.columns if price_units else ()
        values = np.stack(list(made.values()), axis=1)
        finite = np.where(np.isfinite(values), values, np.nan)
        known = ~np.isnan(finite).all(axis=0)
        self._spread = np.zeros(len(self.columns))
        self._spread[known] = np.nanstd(finite[:, known], axis=0)

    def values(self, history: History) -> np.ndarray:
        """Compute the columns of some bars, from the first one on."""
        # What it warns of on bars that never were is of no interest.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = self.function.over(history.bars)
        if tuple(made) != self.columns:
            raise ConfigError(
                f"{place_of(self.function.function)}: {self.name!r} returns other columns "
                f"for other bars: {', '.join(made)} instead of {', '.join(self.columns)}"
            )
        return np.stack(list(made.values()), axis=1)

    def differs(self, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        """Say which values are not the same, rounding aside."""
        with np.errstate(invalid="ignore"):
            size = np.maximum(np.abs(one), np.abs(other)) + self._spread
            near = np.abs(one - other) <= _ROUNDING * size
        return ~(near | (one == other) | (np.isnan(one) & np.isnan(other)))
