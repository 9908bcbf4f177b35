"""Labels: one outcome a bar, with the moment at which it became known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import final

import numpy as np

from barwise.core.arrays import Classes, Flags, Index, Times, Vector
from barwise.core.errors import ConfigError
from barwise.labels.quality import PARTS, label_quality, quality_weight
from barwise.stream.barrier_data import end_times

RARE = 0.05
"""A class with a smaller share of the labels is reported as a problem."""

TRUTH = ("identified", "fine", "ambiguous")
"""What ``truth`` says: known for certain, by finer bars, or by the tie rule alone."""

_AMBIGUOUS = 2


@final
@dataclass(frozen=True, eq=False, repr=False)
class Labels:
    """The label of every bar, for one horizon.

    A row without a label (no barrier width yet, a filled bar, a path that crosses a
    roll or runs beyond the data) has ``valid`` False, ``label`` 0, ``end_index`` -1,
    its own time as ``end_time``, NaN as ``ret``, quality 0 and weight 0.5.

    Parameters
    ----------
    horizon : int
        Bars in a path.
    entry_time : ndarray of int64, shape (row,)
        Close of the bar of the decision, nanoseconds UTC.
    label : ndarray of int8, shape (row,)
        -1, 0 or +1.
    end_index : ndarray of int64, shape (row,)
        Row of the bar in which the label ended.
    ret : ndarray of float64, shape (row,)
        Log return of the price from entry to exit; a short earns its negative.
    touched : ndarray of int8, shape (row,)
        Side of the level that ended the label: +1 above the entry, -1 below, 0 none.
    truth : ndarray of int8, shape (row,)
        0 identified, 1 decided by finer bars, 2 ambiguous: the stop was taken.
    cost_fragile : ndarray of bool, shape (row,)
        Labels whose return is smaller than the costs; all False until
        :meth:`with_costs` was called.
    valid : ndarray of bool, shape (row,)
        Rows that have a label.
    adverse : ndarray of float64, shape (row,)
        Furthest move towards another label, as a share of the way to its level, 0..1.
    known : ndarray of int64, shape (row,), or None
        When the label was known, nanoseconds UTC; None where that is its end. See
        :attr:`known_at`.
    long_ret, short_ret : ndarray of float64, shape (row,), or None
        With ``sides="both"``: what each trade made (log return, a gain is positive).
    parts : tuple of str
        What :attr:`quality` is made of.
    classes : tuple of int
        What ``label`` may be: -1, 0, 1, or 0, 1.
    """

    horizon: int
    entry_time: Times
    label: Classes
    end_index: Index
    ret: Vector
    touched: Classes
    truth: Classes
    cost_fragile: Flags
    valid: Flags
    adverse: Vector
    known: Times | None = None
    long_ret: Vector | None = None
    short_ret: Vector | None = None
    parts: tuple[str, ...] = PARTS
    classes: tuple[int, ...] = (-1, 0, 1)

    def __len__(self) -> int:
        return len(self.label)

    @cached_property
    def end_time(self) -> Times:
        """Close of the bar in which each label ended, nanoseconds UTC."""
        return end_times(self.entry_time, self.end_index)

    @property
    def known_at(self) -> Times:
        """When each label was known, nanoseconds UTC.

        It is later than :attr:`end_time` only where a path ended with a session whose
        last bars had no trade.
        """
        return self.end_time if self.known is None else self.known

    @cached_property
    def quality(self) -> Vector:
        """How clearly the market gave each label, 0..1; it knows the outcome."""
        rows = np.flatnonzero(self.valid)
        out = np.zeros(len(self))
        out[rows] = label_quality(
            label=self.label[rows],
            bars=self.end_index[rows] - rows,
            horizon=self.horizon,
            adverse=self.adverse[rows],
            truth=self.truth[rows],
            parts=self.parts,
        )
        return out

    @cached_property
    def weight(self) -> Vector:
        """Training weight 0.5..1.5, linear in :attr:`quality`."""
        return quality_weight(self.quality)

    @property
    def ambiguous(self) -> float:
        """Share of the labels that only the tie rule decided, 0..1."""
        return self._share(self.truth == _AMBIGUOUS)

    def distribution(self) -> dict[int, float]:
        """Return the share of each class among the valid labels.

        Examples
        --------
        >>> import numpy as np
        >>> from barwise.bars import Bars
        >>> from barwise.labels import triple_barrier
        >>> price = np.array([10.0, 10, 10, 12, 10, 10, 10])
        >>> bars = Bars.of(np.arange(7), price, price, price, price, interval=1)
        >>> labels = triple_barrier(
        ...     bars, horizon=2, upper=1, lower=1, unit="fixed", tick=0
        ... )
        >>> labels.distribution()
        {-1: 0.2, 0: 0.6, 1: 0.2}
        """
        return {c: self._share(self.label == c) for c in self.classes}

    def problems(self) -> list[str]:
        """Say what a user should know before training on these labels."""
        if not self.valid.any():
            return ["no bar has a label: the data are shorter than the paths"]
        return [
            f"class {c:+d} has {share:.1%} of the labels (under {RARE:.0%}): widen or "
            "narrow its barrier, or change the horizon"
            if c
            else f"class 0 has {share:.1%} of the labels (under {RARE:.0%}): use a "
            "shorter horizon, wider barriers, or two classes"
            for c, share in self.distribution().items()
            if share < RARE
        ]

    def with_costs(self, cost: float) -> Labels:
        """Return the labels with those flagged that costs would undo.

        Parameters
        ----------
        cost : float
            Costs of a round trip as a log return (costs / price).

        Raises
        ------
        ConfigError
            If ``cost`` is negative or not finite.
        """
        if not 0 <= cost < np.inf:
            raise ConfigError(
                f"labels.cost: {cost!r} must be >= 0: a round trip's costs over price"
            )
        # A row without a label has NaN as its return, which is below nothing.
        return replace(self, cost_fragile=np.abs(self.ret) < cost)

    def only(self, rows: Flags) -> Labels:
        """Return the labels with those of other rows taken as none.

        Parameters
        ----------
        rows : ndarray of bool, shape (row,)
        """
        return replace(self, valid=self.valid & rows)

    def with_quality(self, *parts: str) -> Labels:
        """Return the labels with quality made of the named parts only."""
        return replace(self, parts=parts)

    def _share(self, rows: Flags) -> float:
        count = np.count_nonzero(self.valid)
        return float(np.count_nonzero(rows & self.valid) / count) if count else 0.0

    def __repr__(self) -> str:
        shares = " ".join(
            f"{_sign(c)}: {s:.1%}" for c, s in self.distribution().items()
        )
        return (
            f"Labels(horizon {self.horizon}, {np.count_nonzero(self.valid):,} of "
            f"{len(self):,} rows; {shares}; ambiguous {self.ambiguous:.1%})"
        )

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{_sign(c)}</td><td>{share:.1%}</td></tr>"
            for c, share in self.distribution().items()
        )
        notes = "".join(f"<li>{note}</li>" for note in self.problems())
        return (
            f"<p>{self!r}</p><table><tr><th>class</th><th>share</th></tr>{rows}</table>"
            f"<ul>{notes}</ul>"
        )


def _sign(label: int) -> str:
    return f"{label:+d}" if label else "0"
