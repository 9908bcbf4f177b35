"""Which features, and which signals, hang on what should not matter.

Notation
--------
x, y : (row, column) float32, features of the real and of another history, common rows
begin, end : before and after these times the two histories are the same
settled : rows that a column needs to forget where it began
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol, final

import numpy as np

from barwise.bars.bars import Bars
from barwise.bars.roll_adjust import RollAdjustment
from barwise.core.errors import BarwiseError
from barwise.features import FeatureGraph
from barwise.features.roll_invariance import roll_invariant, spread
from barwise.pipeline.audits.perturbations import Market, Perturbation, perturbations

Progress = Callable[[int, int, str], None]


@final
@dataclass(frozen=True)
class Move:
    """What one perturbation did to one column.

    Parameters
    ----------
    column : str
    share : float
        Rows that moved beyond rounding, of those with a value.
    largest : float
        Largest move, in standard deviations of the column; NaN if none can be told.
    first : int or None
        Close of the first row that moved, nanoseconds UTC.
    early : int
        Rows that changed though they close before the perturbation begins.
    lasting : int or None
        Rows that still differ when the perturbation is over and the column has
        forgotten; None for a column that never forgets, or a perturbation without end.
    """

    column: str
    share: float
    largest: float
    first: int | None
    early: int
    lasting: int | None


@final
@dataclass(frozen=True)
class Trial:
    """One perturbation and what came of it.

    Parameters
    ----------
    name, text, kind : str
        Of the perturbation.
    rows : int
        Rows that both histories have.
    moves : tuple of Move
        One a column.
    asked, flipped : int or None
        Signals that were compared, and how many of them are others; None without a
        trained run.
    """

    name: str
    text: str
    kind: str
    rows: int
    moves: tuple[Move, ...]
    asked: int | None = None
    flipped: int | None = None


@final
@dataclass(frozen=True)
class InvarianceAudit:
    """The outcome of all perturbations.

    Parameters
    ----------
    trials : tuple of Trial
    roll_invariant : mapping of str to bool
        By column, see :func:`barwise.features.roll_invariance.roll_invariant`.
    skipped : mapping of str to str
        Perturbations that could not be made, and why.
    """

    trials: tuple[Trial, ...]
    roll_invariant: Mapping[str, bool]
    skipped: Mapping[str, str]

    @property
    def changed_by_later_rolls(self) -> list[str]:
        """Columns of which a roll changes a row that was known before it."""
        found = {
            move.column: None
            for trial in self.trials
            if trial.kind == "roll"
            for move in trial.moves
            if move.early
        }
        return list(found)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {
            "trials": [asdict(trial) for trial in self.trials],
            "roll_invariant": dict(self.roll_invariant),
            "skipped": dict(self.skipped),
            "changed_by_later_rolls": self.changed_by_later_rolls,
        }


Make = Callable[[RollAdjustment], FeatureGraph]
"""Returns a graph of the columns that was not pushed yet, with what was learned."""


class Signals(Protocol):
    """A trained model that is asked about some rows."""

    def rows(self, bars: Bars) -> np.ndarray:
        """Return the rows that are asked about, int64."""

    def of(self, matrix: np.ndarray, bars: Bars, rows: np.ndarray) -> np.ndarray:
        """Return the class of each row; NaN where there is no answer."""


def audit_invariance(
    market: Market,
    make: Make,
    *,
    settled: Mapping[str, int | None],
    signals: Signals | None = None,
    progress: Progress | None = None,
) -> InvarianceAudit:
    """Compute the features of every other history and compare.

    Parameters
    ----------
    market : Market
    make : callable
        Given how rolls are adjusted, returns a graph of the columns that was not pushed
        yet; what its columns have learned is that of the real history.
    settled : mapping of str to int or None
        By column.
    signals : Signals, optional
        Asked about both histories.
    progress : callable, optional
        Told the number of perturbations done, of how many, and the next one's name.
    """
    tell = progress or (lambda _done, _total, _text: None)
    mine = market.config.data.roll_adjustment
    graph = make(mine)
    real = market.history
    whole = graph.push(real.bars, **real.beside)
    answers = _Answers(signals, whole, market.bars)
    trials, skipped = list[Trial](), dict[str, str]()
    wanted = perturbations(market)
    for number, one in enumerate(wanted):
        tell(number, len(wanted), one.text)
        try:
            history = one.history()
            bars = history.bars
            other = make(one.roll_adjustment or mine).push(bars, **history.beside)
        except BarwiseError as problem:
            skipped[one.name] = str(problem)
            continue
        here, there = common_rows(market.bars, bars)
        moves = compare(
            whole[here], other[there], market.bars.time[here], one, graph.names, settled
        )
        asked = answers.compared(other, bars, dict(zip(here, there, strict=True)))
        trials.append(
            Trial(one.name, one.text, one.kind, len(here), tuple(moves), *asked)
        )
    kept = roll_invariant(graph, real.bars, **real.beside)
    return InvarianceAudit(tuple(trials), kept, skipped)


def common_rows(one: Bars, other: Bars) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of two series that have the same time and number.

    Examples
    --------
    >>> price = np.ones(3)
    >>> bars = Bars.of(
    ...     np.array([60, 120, 180]), price, price, price, price, interval=60
    ... )
    >>> common_rows(bars, bars[1:])
    (array([1, 2]), array([0, 1]))
    """
    # A nanosecond a number: bars of one time are few, and times are whole seconds apart.
    keys = one.time + one.seq, other.time + other.seq
    _, here, there = np.intersect1d(*keys, assume_unique=True, return_indices=True)
    return here, there


def compare(
    x: np.ndarray,
    y: np.ndarray,
    time: np.ndarray,
    perturbation: Perturbation,
    names: Sequence[str],
    settled: Mapping[str, int | None],
) -> list[Move]:
    """Say of each column how far and how long a perturbation moved it.

    Parameters
    ----------
    x, y : ndarray of float32, shape (row, column)
    time : ndarray of int64, shape (row,)
        Close of each row, nanoseconds UTC.
    perturbation : Perturbation
    names : sequence of str
    settled : mapping of str to int or None
    """
    a, b = x.astype(np.float64), y.astype(np.float64)
    scale = spread(a)
    with np.errstate(invalid="ignore", divide="ignore"):
        apart = np.abs(a - b)
        far = apart > 1e-5 * scale + 2e-6 * np.abs(a)
        moves = np.where(scale > 0, apart / scale, np.nan)
    lone = np.isnan(a) != np.isnan(b)
    moved = far | lone
    known = ~(np.isnan(a) & np.isnan(b))
    begin, end = perturbation.begin, perturbation.end
    before = 0 if begin is None else int(np.searchsorted(time, begin))
    over = len(time) if end is None else int(np.searchsorted(time, end, side="right"))
    found = []
    for j, name in enumerate(names):
        rows = np.flatnonzero(moved[:, j])
        sizes = moves[rows, j][~lone[rows, j]]
        early = (x[:before, j] != y[:before, j]) & known[:before, j]
        changed = int(np.count_nonzero(early))
        memory, lasting = settled[name], None
        if memory is not None and end is not None:
            lasting = int(np.count_nonzero(moved[over + memory :, j]))
        found.append(
            Move(
                name,
                len(rows) / max(1, int(np.count_nonzero(known[:, j]))),
                float(sizes.max()) if len(sizes) else 0.0,
                int(time[rows[0]]) if len(rows) else None,
                changed,
                lasting,
            )
        )
    return found


class _Answers:
    """Answers of a model on the real history, and on others."""

    def __init__(self, signals: Signals | None, whole: np.ndarray, bars: Bars) -> None:
        self._signals = signals
        if signals is not None:
            self._rows = signals.rows(bars)
            self._real = signals.of(whole, bars, self._rows)

    def compared(
        self, other: np.ndarray, bars: Bars, places: Mapping[int, int]
    ) -> tuple[int | None, int | None]:
        """Return how many answers both histories have, and how many differ."""
        if self._signals is None:
            return None, None
        there = np.array([row in places for row in self._rows.tolist()], bool)
        rows = np.array([places[row] for row in self._rows[there].tolist()], np.int64)
        answers = self._signals.of(other, bars, rows)
        real = self._real[there]
        same = (answers == real) | (np.isnan(answers) & np.isnan(real))
        return len(rows), int(np.count_nonzero(~same))
