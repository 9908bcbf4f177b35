"""The feature graph: bars in, a float32 matrix out, the same in research and live."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import replace
from functools import partial
from typing import final

import numpy as np

from barwise.bars.bars import Bars
from barwise.bars.instruments import get_instrument
from barwise.bars.intervals import parse_interval
from barwise.bars.roll_adjust import RollAdjuster, RollAdjustment
from barwise.bars.sessions import SessionHours
from barwise.core.errors import ConfigError
from barwise.core.stage import Stage, State, part_of, with_prefix
from barwise.features.definition import Feature, Role
from barwise.features.external_source import Tables
from barwise.features.label_source import OWN_BARRIERS, LabelRule
from barwise.features.registry import find
from barwise.features.sets import set_columns
from barwise.features.sourced import NOTHING, Beside, SourcedGraph


@final
class FeatureGraph(Stage[Bars, np.ndarray]):
    """Named features of one symbol's bars.

    Parameters
    ----------
    names : sequence of str
        Columns, such as ``rsi_14``; they come out in this order.
    calendar : str, optional
        Product calendar for the session features and for the sessions that longer bars
        are cut from; by default the symbol's.
    roll_adjustment : {"ratio", "difference", "none"}
        How prices of a later contract are brought to the scale of the first one, see
        :class:`barwise.bars.roll_adjust.RollAdjuster`.
    hours : {"extended", "regular"}
        Hours that are cut into longer bars: ``regular`` where the rows are those alone.
    interval : str or int, optional
        Length of the rows, such as ``5min``; else it is that of the first bars pushed.
    own : iterable of Feature
        Features of a user's file (``load_features(path)``), known beside the built-in
        ones.
    labels : LabelRule
        What the labels are that ``lag_..._label_h20`` and the like look back at; by
        default those of the symbol's own barriers.

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
        hours: SessionHours = "extended",
        interval: str | int | None = None,
        own: Iterable[Feature] = (),
        labels: LabelRule = OWN_BARRIERS,
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
        frames = {one.frame: None for one, _ in found.values() if one.frame is not None}
        self._graph = SourcedGraph(
            {name: expr for name, (_, expr) in found.items()},
            calendar=calendar,
            hours=hours,
            interval=None if interval is None else parse_interval(interval),
            frames=tuple(frames),
            labels=labels,
        )
        self.names = tuple(names)
        """Columns of the matrix."""
        self.roles: dict[str, Role] = {n: one.role for n, (one, _) in found.items()}
        self.calendar, self.roll_adjustment = calendar, roll_adjustment
        self._adjuster = partial(RollAdjuster, roll_adjustment)
        self._begin()

    @classmethod
    def from_set(
        cls,
        name: str,
        symbol: str | None = None,
        *,
        interval: str | int | None = None,
    ) -> FeatureGraph:
        """Return the graph of a built-in set.

        Parameters
        ----------
        name : str
            A set's name; ``barwise features list`` shows them.
        symbol : str, optional
            With it, columns that need volume are left out where it has none.
        interval : str or int, optional
            Length of the rows: columns of timeframes that are not longer are left out.
        """
        length = None if interval is None else parse_interval(interval)
        instrument = None if symbol is None else get_instrument(symbol)
        has_volume = instrument is None or instrument.has_volume
        return cls(
            set_columns(name, has_volume=has_volume, interval=length),
            calendar=None if instrument is None else instrument.calendar,
            interval=interval,
        )

    @property
    def warmup(self) -> int | None:
        """Rows until every column is defined, session starts and holes aside.

        With columns on other timeframes the interval of the rows counts, so that this
        is None before the first push (unless ``interval`` is given) and for event bars.
        """
        return self._graph.warmup

    @property
    def settled(self) -> int | None:
        """Rows until any two origins agree in float32.

        None if some never forget, and where :attr:`warmup` is.
        """
        return self._graph.settled

    @property
    def hash(self) -> str:
        """SHA-256 of the compiled program, other timeframes included."""
        return self._graph.hash

    @property
    def labels(self) -> LabelRule | None:
        """What the labels are that columns look back at; None if no column does."""
        return None if self._graph.labels is None else self._graph.labels.rule

    @property
    def unfitted(self) -> tuple[str, ...]:
        """Columns that must learn from training bars before the first push."""
        return self._graph.unfitted

    @property
    def fitted_parameters(self) -> dict[str, np.ndarray]:
        """What fitted columns have learned: arrays only, by a key of their own."""
        return self._graph.fitted_parameters

    @property
    def learned(self) -> dict[tuple[str, ...], str]:
        """What fitted columns have learned, in words, by the columns that need it."""
        return self._graph.learned

    @property
    def libraries(self) -> tuple[str, ...]:
        """Packages whose version decides what is learned."""
        return self._graph.libraries

    def fit(
        self,
        bars: Bars,
        *,
        rows: np.ndarray | None = None,
        fine: Bars | None = None,
        external: Tables | None = None,
    ) -> FeatureGraph:
        """Learn the parameters of fitted columns, and begin before the first bar.

        A column on longer bars learns from those that were complete on a training row.

        Parameters
        ----------
        bars : Bars
            Training bars, from the start of the stream on.
        rows : ndarray of bool, shape (n,), optional
            Bars to learn from, such as the purged training rows of a fold; by default
            all. The others only bring moving averages and the like forward.
        fine, external
            As in :meth:`push`.

        Returns
        -------
        FeatureGraph
            This graph; without fitted columns it learns nothing.

        Raises
        ------
        DataError
            If a column has no training row on which its inputs are known.
        """
        fine = None if fine is None else self._adjuster().push(fine)
        beside = Beside(fine, external or {}, bars)
        self._graph = self._graph.fitted(self._adjuster().push(bars), rows, beside)
        self._begin()
        return self

    def with_parameters(self, parameters: Mapping[str, np.ndarray]) -> FeatureGraph:
        """Return a new graph of the same columns with :attr:`fitted_parameters`."""
        graph = copy(self)
        graph._graph = self._graph.with_parameters(parameters)
        graph._begin()
        return graph

    def _begin(self) -> None:
        self._rolls, self._fine_rolls = self._adjuster(), self._adjuster()

    def push(
        self,
        chunk: Bars,
        *,
        fine: Bars | None = None,
        external: Tables | None = None,
        out: np.ndarray | None = None,
        threads: int = 1,
    ) -> np.ndarray:
        """Compute the features of the next bars.

        Parameters
        ----------
        chunk : Bars
            In order of acceptance; research pushes one long chunk, live one bar.
        fine : Bars, optional
            Bars shorter than the rows, for columns on them: each no later than the row
            in whose time it closes. They wait until that row comes.
        external : mapping of str to ExternalColumns, optional
            Rows of tables from outside the bars, by name, for the columns ``ext_...``:
            each row once, no later than the first bar that closes when it is known.
        out : ndarray of float32, shape (n, n_features), optional
            Written in place.
        threads : int
            The bytes do not depend on it.

        Returns
        -------
        ndarray of float32, shape (n, n_features)
            NaN where a feature is not defined yet.
        """
        beside = NOTHING
        if fine is not None or external or self._graph.labels is not None:
            beside = Beside(fine, external or {}, chunk)
        self._graph.check(chunk, beside)
        if fine is not None:
            beside = replace(beside, fine=self._fine_rolls.push(fine))
        chunk = self._rolls.push(chunk)
        return self._graph.push(chunk, beside, out=out, threads=threads)

    def iter_push(
        self, chunks: Iterable[Bars], *, threads: int = 1
    ) -> Iterator[np.ndarray]:
        """Yield the features of one chunk after another, for data beyond memory."""
        for chunk in chunks:
            yield self.push(chunk, threads=threads)

    def advance(self, to_time: int) -> np.ndarray:
        """Return no rows, but close the longer bars that end until then."""
        self._graph.advance(to_time)
        return np.empty((0, len(self.names)), np.float32)

    def snapshot(self) -> State:
        """Return everything that the next row depends on."""
        return (
            self._graph.snapshot()
            | with_prefix("rolls", self._rolls.snapshot())
            | with_prefix("fine rolls", self._fine_rolls.snapshot())
        )

    def restore(self, state: State) -> None:
        """Go on from a snapshot of a graph with the same features."""
        self._graph.restore(state)
        self._rolls.restore(part_of(state, "rolls"))
        self._fine_rolls.restore(part_of(state, "fine rolls"))

    def __repr__(self) -> str:
        rows = "" if self.warmup is None else f", warm-up {self.warmup} rows"
        return (
            f"FeatureGraph({len(self.names)} columns, "
            f"{len(self._graph.program.nodes)} nodes{rows})"
        )

    def _repr_html_(self) -> str:
        from html import escape

        names = ", ".join(escape(name) for name in self.names)
        return f"<p>{escape(repr(self))}</p><p><small>{names}</small></p>"
