"""The feature graph: bars in, a float32 matrix out, the same in research and live."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import final

import numpy as np

from barwise.bars.bars import Bars
from barwise.bars.instruments import get_instrument
from barwise.bars.roll_adjust import RollAdjuster, RollAdjustment
from barwise.core.errors import ConfigError
from barwise.core.stage import Stage, State
from barwise.features.frame_source import FrameSource
from barwise.features.registry import Feature, Role, find
from barwise.features.sets import set_columns
from barwise.features.sources import Source, sources_for
from barwise.stream import Graph


@final
class FeatureGraph(Stage[Bars, np.ndarray]):
    """Named features of one symbol's bars.

    Parameters
    ----------
    names : sequence of str
        Columns, such as ``rsi_14``; they come out in this order.
    calendar : str, optional
        Product calendar for the session features; by default the symbol's.
    roll_adjustment : {"ratio", "difference", "none"}
        How prices of a later contract are brought to the scale of the first one, see
        :class:`barwise.bars.roll_adjust.RollAdjuster`.
    own : iterable of Feature
        Features of a user's file (``load_features(path)``), known beside the built-in
        ones.

    Examples
    --------
    >>> import numpy as np
    >>> import barwise as bw
    >>> price = np.array([10.0, 11.0, 12.1])
    >>> close = np.arange(1, 4) * 300_000_000_000
    >>> bars = bw.Bars.of(close, price, price, price, price, interval=300_000_000_000)
    >>> graph = bw.FeatureGraph(["return_1", "return_2"])
    >>> graph.push(bars).round(3)
    array([[ nan,  nan],
           [0.1 ,  nan],
           [0.1 , 0.21]], dtype=float32)
    """

    def __init__(
        self,
        names: Sequence[str],
        *,
        calendar: str | None = None,
        roll_adjustment: RollAdjustment = "ratio",
        own: Iterable[Feature] = (),
    ) -> None:
        twice = sorted({name for name in names if list(names).count(name) > 1})
        if twice or not names:
            raise ConfigError(
                f"features are named twice: {', '.join(twice)}"
                if twice
                else "a feature graph needs at least one feature, got none"
            )
        own = tuple(own)
        found = {name: find(name, own) for name in names}
        self._graph = Graph({name: expr for name, (_, expr) in found.items()})
        self.roles: dict[str, Role] = {n: one.role for n, (one, _) in found.items()}
        self.calendar, self.roll_adjustment = calendar, roll_adjustment
        self._rolls = RollAdjuster(roll_adjustment)
        self._fresh = partial(
            FeatureGraph,
            names,
            calendar=calendar,
            roll_adjustment=roll_adjustment,
            own=own,
        )
        self._sources = sources_for(self._graph.columns, calendar)
        frames = {one.frame: None for one, _ in found.values() if one.frame is not None}
        if frames:
            self._sources.append(FrameSource(tuple(frames)))
        self._lookback = max((one.lookback or 1 for one in frames), default=1)

    @classmethod
    def from_set(cls, name: str, symbol: str | None = None) -> FeatureGraph:
        """Return the graph of a built-in set.

        Parameters
        ----------
        name : str
            A set's name; ``barwise features list`` shows them.
        symbol : str, optional
            With it, columns that need volume are left out where it has none.
        """
        if symbol is None:
            return cls(set_columns(name))
        instrument = get_instrument(symbol)
        return cls(
            set_columns(name, has_volume=instrument.has_volume),
            calendar=instrument.calendar,
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Columns of the matrix."""
        return self._graph.names

    @property
    def warmup(self) -> int:
        """Rows until every column is defined, session starts aside."""
        return max(self._graph.program.warmup, self._lookback - 1)

    @property
    def settled(self) -> int | None:
        """Rows until any two origins agree in float32, None if some never forget."""
        settled = self._graph.program.settled
        return None if settled is None else max(settled, self._lookback - 1)

    @property
    def hash(self) -> str:
        """SHA-256 of the compiled program."""
        return self._graph.program.hash()

    @property
    def unfitted(self) -> tuple[str, ...]:
        """Columns that must learn from training bars before the first push."""
        return self._graph.unfitted

    @property
    def fitted_parameters(self) -> dict[str, np.ndarray]:
        """What fitted columns have learned: arrays only, by a key of their own."""
        return self._graph.fitted_parameters

    def fit(self, bars: Bars, *, rows: np.ndarray | None = None) -> FeatureGraph:
        """Learn the parameters of fitted columns, and begin before the first bar.

        Parameters
        ----------
        bars : Bars
            Training bars, from the start of the stream on.
        rows : ndarray of bool, shape (n,), optional
            Bars to learn from, such as the purged training rows of a fold; by default
            all. The others only bring moving averages and the like forward.

        Returns
        -------
        FeatureGraph
            This graph; without fitted columns it learns nothing.

        Raises
        ------
        DataError
            If a column has no training row on which its inputs are known.
        """
        self._graph.fit(self._fresh()._columns(bars), rows=rows)
        fresh = self._fresh()
        self._rolls, self._sources = fresh._rolls, fresh._sources
        return self

    def with_parameters(self, parameters: Mapping[str, np.ndarray]) -> FeatureGraph:
        """Return a new graph of the same columns with :attr:`fitted_parameters`."""
        graph = self._fresh()
        graph._graph = graph._graph.with_parameters(parameters)
        return graph

    def _columns(self, bars: Bars) -> dict[str, np.ndarray]:
        bars = self._rolls.push(bars)
        columns: dict[str, np.ndarray] = {}
        for source in self._sources:
            columns |= source.columns(bars)
        return columns

    def push(
        self, chunk: Bars, *, out: np.ndarray | None = None, threads: int = 1
    ) -> np.ndarray:
        """Compute the features of the next bars.

        Parameters
        ----------
        chunk : Bars
            In order of acceptance; research pushes one long chunk, live one bar.
        out : ndarray of float32, shape (n, n_features), optional
            Written in place.
        threads : int
            The bytes do not depend on it.

        Returns
        -------
        ndarray of float32, shape (n, n_features)
            NaN where a feature is not defined yet.
        """
        if not len(chunk):
            return np.empty((0, len(self.names)), np.float32)
        return self._graph.push(self._columns(chunk), out=out, threads=threads)

    def iter_push(
        self, chunks: Iterable[Bars], *, threads: int = 1
    ) -> Iterator[np.ndarray]:
        """Yield the features of one chunk after another, for data beyond memory."""
        for chunk in chunks:
            yield self.push(chunk, threads=threads)

    def advance(self, to_time: int) -> np.ndarray:
        """Return no rows: an output row belongs to a bar."""
        for source in self._sources:
            source.advance(to_time)
        return self._graph.advance(to_time)

    def snapshot(self) -> State:
        """Return everything that the next row depends on."""
        state = self._graph.snapshot()
        for name, part in self._parts():
            state |= {f"{name}/{key}": array for key, array in part.snapshot().items()}
        return state

    def _parts(self) -> list[tuple[str, RollAdjuster | Source]]:
        """What has a state beside the program, by its name in a snapshot."""
        return [("rolls", self._rolls), *((one.name, one) for one in self._sources)]

    def restore(self, state: State) -> None:
        """Go on from a snapshot of a graph with the same features."""
        self._graph.restore(state)
        for name, part in self._parts():
            start = f"{name}/"
            part.restore(
                {k[len(start) :]: v for k, v in state.items() if k.startswith(start)}
            )

    def __repr__(self) -> str:
        return (
            f"FeatureGraph({len(self.names)} columns, "
            f"{len(self._graph.program.nodes)} nodes, warm-up {self.warmup} rows)"
        )

    def _repr_html_(self) -> str:
        from html import escape

        names = ", ".join(escape(name) for name in self.names)
        return f"<p>{escape(repr(self))}</p><p><small>{names}</small></p>"
