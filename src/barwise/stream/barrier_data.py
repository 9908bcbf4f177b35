"""What goes into the barrier resolver and what comes out."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import final

import numpy as np

from barwise.core.errors import DataError

_FLOAT = ("open", "high", "low", "close", "width", "fine")
_NEVER = np.iinfo(np.int64).max


@final
@dataclass(frozen=True, eq=False)
class BarrierInput:
    """Rows for the resolver; every column has one value a row.

    Parameters
    ----------
    time : ndarray of int64
        Close of each bar, nanoseconds UTC.
    open, high, low, close : ndarray of float64
        Prices.
    width : ndarray of float64
        What the multiples multiply, in price (ATR, volatility, or ones). A row whose
        width is NaN or not above zero is no sample.
    sample : ndarray of bool
        Rows at which a label may begin. Filled rows are never among them; paths run
        over them.
    session : ndarray of int64
        Identity of the row's session, -1 outside; a change ends the session.
    session_close : ndarray of int64
        Scheduled end of that session, nanoseconds UTC.
    contract : ndarray of int64
        Identity of the row's contract; a change is a roll.
    first_fine : ndarray of int64, shape (rows + 1,) or (0,)
        Finer bars ``first_fine[i]:first_fine[i + 1]`` lie inside row ``i``.
    fine : ndarray of float64, shape (finer bars, 3)
        Open, high and low of the finer bars.
    """

    time: np.ndarray
    open: np.ndarray
    high: np.ndarray
    low: np.ndarray
    close: np.ndarray
    width: np.ndarray
    sample: np.ndarray
    session: np.ndarray
    session_close: np.ndarray
    contract: np.ndarray
    first_fine: np.ndarray
    fine: np.ndarray

    def __post_init__(self) -> None:
        # One layout for the compiled code, read-only as bars are: another one would
        # compile again.
        for field in fields(self):
            kind = _dtype(field.name)
            fixed: np.ndarray = np.ascontiguousarray(
                getattr(self, field.name), kind
            ).view()
            fixed.flags.writeable = False
            object.__setattr__(self, field.name, fixed)
        self._check_prices()

    def _check_prices(self) -> None:
        # A NaN entry price would read as "not known yet": a path needs every price.
        prices = [self.open, self.high, self.low, self.close]
        if math.isfinite(sum(float(column.sum()) for column in prices)):
            return
        row = int(np.argmin(np.isfinite(prices).all(axis=0)))
        raise DataError(
            f"row {row} has prices {[float(column[row]) for column in prices]} (open, "
            "high, low, close); labels need finite prices: clean the bars first, "
            "prepare() drops such rows"
        )

    @classmethod
    def of(
        cls,
        time: np.ndarray,
        open: np.ndarray,
        high: np.ndarray,
        low: np.ndarray,
        close: np.ndarray,
        width: np.ndarray,
        *,
        sample: np.ndarray | None = None,
        filled: np.ndarray | None = None,
        session: np.ndarray | None = None,
        session_close: np.ndarray | None = None,
        contract: np.ndarray | None = None,
        fine: tuple[np.ndarray, np.ndarray] | None = None,
    ) -> BarrierInput:
        """Build the input; what is left out has no effect.

        Parameters
        ----------
        filled : ndarray of bool, optional
            Rows made by a gap policy; they are taken out of ``sample``.
        fine : tuple of ndarray, optional
            The columns ``first_fine`` and ``fine``.

        Examples
        --------
        >>> import numpy as np
        >>> one = np.ones(3)
        >>> rows = BarrierInput.of(np.arange(3), one, one, one, one, one)
        >>> len(rows), int(rows.session[0])
        (3, 0)
        """
        rows = len(time)
        may = np.ones(rows, np.bool_) if sample is None else np.asarray(sample, bool)
        if filled is not None:
            may = may & ~np.asarray(filled, bool)
        none = np.zeros(rows, np.int64)
        first, inside = (none[:0], np.zeros((0, 3))) if fine is None else fine
        return cls(
            time, open, high, low, close, width, may,
            none if session is None else session,
            np.full(rows, _NEVER) if session_close is None else session_close,
            none if contract is None else contract,
            first, inside,
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.time)

    def __getitem__(self, rows: slice) -> BarrierInput:
        """Return consecutive rows with the finer bars inside them."""
        begin, end, _ = rows.indices(len(self))
        cut = {f.name: getattr(self, f.name)[begin:end] for f in fields(self)[:10]}
        first, inside = self.first_fine, slice(0, 0)
        if len(first):
            inside = slice(first[begin], first[end])
            first = first[begin : end + 1] - first[begin]
        return BarrierInput(**cut, first_fine=first, fine=self.fine[inside])


@final
@dataclass(frozen=True, eq=False)
class Resolved:
    """Labels that became known; one row each.

    Attributes
    ----------
    entry : ndarray of int64
        Row of the decision, counted from the start of the stream.
    label : ndarray of int8
        +1, 0 or -1; 0 where ``valid`` is False.
    touched : ndarray of int8
        Side of the level that ended the label: +1 above the entry, -1 below, 0 none.
    truth : ndarray of int8
        0 identified, 1 decided by finer bars, 2 ambiguous (the stop was taken).
    valid : ndarray of bool
        False where the path crossed a roll, or a session's end that forbids it.
    end_index : ndarray of int64
        Row of the exit, counted like ``entry``; -1 where not valid.
    end_time : ndarray of int64
        Close of the exit's bar, nanoseconds UTC.
    known_at : ndarray of int64
        When the label was known. It differs from ``end_time`` only for an exit at a
        session's last close when the last bars of that session had no trade.
    ret : ndarray of float64
        Log return of the price from entry to exit; NaN where not valid.
    adverse : ndarray of float64
        Furthest move towards another label, as a share of the way to its level, 0..1.
    long_ret, short_ret : ndarray of float64
        With ``sides="both"`` what the long and the short trade made (log return, a
        gain is positive, a trade still open is marked at the exit); else empty.
    """

    entry: np.ndarray
    label: np.ndarray
    touched: np.ndarray
    truth: np.ndarray
    valid: np.ndarray
    end_index: np.ndarray
    end_time: np.ndarray
    known_at: np.ndarray
    ret: np.ndarray
    adverse: np.ndarray
    long_ret: np.ndarray
    short_ret: np.ndarray

    def __len__(self) -> int:
        return len(self.entry)


@final
@dataclass(frozen=True, eq=False)
class ResolvedRows:
    """Labels of a whole stream, one for each of its rows: row ``i`` is entry ``i``.

    Attributes are those of :class:`Resolved`. Times follow from rows; they are worked
    out when they are asked for, as writing them takes longer than finding the label.

    Parameters
    ----------
    time : ndarray of int64
        Close of each row, nanoseconds UTC.
    known : ndarray of int64 or None
        When each label was known; None where that is its end.
    """

    time: np.ndarray
    known: np.ndarray | None
    label: np.ndarray
    touched: np.ndarray
    truth: np.ndarray
    valid: np.ndarray
    end_index: np.ndarray
    ret: np.ndarray
    adverse: np.ndarray
    long_ret: np.ndarray
    short_ret: np.ndarray

    @property
    def entry(self) -> np.ndarray:
        """Row of each decision."""
        return np.arange(len(self.time))

    @property
    def end_time(self) -> np.ndarray:
        """Close of the exit's bar; a row's own time where it has no label."""
        return end_times(self.time, self.end_index)

    @property
    def known_at(self) -> np.ndarray:
        """When each label was known."""
        return self.end_time if self.known is None else self.known


def end_times(time: np.ndarray, end_index: np.ndarray) -> np.ndarray:
    """Return the times of rows, a row's own where its index is -1.

    Examples
    --------
    >>> import numpy as np
    >>> end_times(np.array([60, 120, 180]), np.array([2, -1, 2]))
    array([180, 120, 180])
    """
    return np.where(end_index < 0, time, time[end_index])


def _dtype(name: str) -> type:
    if name in _FLOAT:
        return np.float64
    return np.bool_ if name == "sample" else np.int64
