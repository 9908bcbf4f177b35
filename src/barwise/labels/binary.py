"""Labels of two classes: the next direction, a signal of one's own, meta-labels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from barwise.bars.bars import Bars
from barwise.bars.sessions import SessionTable
from barwise.core.arrays import Classes, Flags, Index, Times, Vector
from barwise.core.errors import ConfigError
from barwise.labels.labels import Labels
from barwise.labels.triple_barrier import Entry, triple_barrier
from barwise.stream.resolver import SessionEnd
from barwise.trading.barrier_rows import contract_runs

CLASSES = (0, 1)

OUT_OF_REACH = 1e12
"""A distance in points that no price covers: such a barrier ends no trade."""


def direction_labels(
    bars: Bars,
    *,
    horizon: int = 1,
    entry: Entry = "next_open",
    session_end: SessionEnd = "flat",
    sessions: SessionTable | None = None,
    sample: Flags | None = None,
) -> Labels:
    """Label every bar by whether a long that nothing stops would gain.

    1 when the exit is above the entry, else 0: an unchanged price is no rise. The trade
    is that of :func:`barwise.triple_barrier` with barriers out of reach: it ends with
    bar ``t + horizon``, or where the session does. Filled rows are no samples, and no
    label crosses a roll.

    Parameters
    ----------
    bars : Bars
        In order.
    horizon : int
        Bars from the decision to the exit.
    entry : {"next_open", "close"}
        The entry is ``open[t + 1]``, the first price that can be had, or ``close[t]``.
    session_end : {"flat", "carry", "invalid"}
        Where the session ends before the horizon: exit at its last close, go on into
        the next session, or give no label.
    sessions : SessionTable, optional
        Trading hours that cover the bars; None takes the symbol's calendar.
    sample : ndarray of bool, shape (row,), optional
        Rows that may get a label.

    Raises
    ------
    ConfigError
        If an argument is out of range.
    DataError
        If the bars lie beyond what the trading calendar knows.

    Examples
    --------
    >>> import numpy as np
    >>> price = np.array([10.0, 11.0, 10.0, 10.0])
    >>> bars = Bars.of(np.arange(4), price, price, price, price, interval=1)
    >>> labels = direction_labels(bars, entry="close")
    >>> labels.label, labels.valid
    (array([1, 0, 0, 0], dtype=int8), array([ True,  True,  True, False]))
    """
    path = triple_barrier(
        bars,
        horizon=horizon,
        upper=OUT_OF_REACH,
        lower=OUT_OF_REACH,
        unit="fixed",
        tick=0.0,
        entry=entry,
        session_end=session_end,
        sessions=sessions,
        sample=sample,
    )
    valid = path.valid & np.isfinite(path.ret)
    return _binary(path, path.ret > 0, valid, path.end_index, path.known_at)


def signal_labels(
    bars: Bars,
    signal: np.ndarray,
    *,
    known_after: int = 0,
    entry: Entry = "next_open",
    session_end: SessionEnd = "flat",
    sessions: SessionTable | None = None,
    sample: Flags | None = None,
) -> Labels:
    """Label every bar by the value that a signal column has one bar later.

    Parameters
    ----------
    bars : Bars
        In order.
    signal : ndarray, shape (row,)
        0 or 1; NaN where there is none.
    known_after : int
        Bars after its own bar at whose close a value of the signal is known: 0 for a
        signal computed from the bars up to its own, h for one that looks h bars ahead.
        The label ends there, and purging and lags go by that.
    entry, session_end, sessions, sample
        As in :func:`direction_labels`. They decide ``ret``; a session's end makes no
        signal known earlier.

    Returns
    -------
    Labels
        ``label[t] = signal[t + 1]``, which ends with bar ``t + 1 + known_after``;
        ``ret`` is the log return of a trade that is decided at t and held as long.

    Raises
    ------
    ConfigError
        If the signal does not fit the bars or has other values than 0 and 1.

    Examples
    --------
    >>> import numpy as np
    >>> price = np.array([10.0, 11.0, 10.0])
    >>> bars = Bars.of(np.arange(3), price, price, price, price, interval=1)
    >>> signal_labels(bars, np.array([0, 1, 0])).label
    array([1, 0, 0], dtype=int8)
    """
    try:
        values = np.asarray(signal, float)
    except (TypeError, ValueError) as problem:
        raise ConfigError(f"labels.signal: {problem}; a signal is 0 or 1") from problem
    if values.shape != (len(bars),):
        raise ConfigError(
            f"labels.signal: a column of shape {values.shape} does not fit "
            f"{len(bars)} bars; give one value a bar"
        )
    if int(known_after) != known_after or known_after < 0:
        raise ConfigError(
            f"labels.known_after: {known_after!r} is not a whole number of bars >= 0"
        )
    wrong = np.flatnonzero(~np.isin(values, CLASSES) & ~np.isnan(values))
    if len(wrong):
        raise ConfigError(
            f"labels.signal: row {wrong[0]} is {values[wrong[0]]:g}, but a signal is 0 "
            f"or 1 ({len(wrong)} such rows); NaN stands for no signal"
        )
    horizon = 1 + known_after
    found = direction_labels(
        bars,
        horizon=horizon,
        entry=entry,
        session_end=session_end,
        sessions=sessions,
        sample=sample,
    )
    end = np.arange(len(bars)) + horizon
    following = np.r_[values[1:], np.nan][: len(bars)]
    contract = contract_runs(bars)
    valid = found.valid & (end < len(bars)) & ~np.isnan(following)
    end = np.minimum(end, len(bars) - 1)
    valid &= contract == contract[end]
    return _binary(found, following == 1, valid, end, bars.time[end])


def meta_labels(labels: Labels, side: Classes, *, cost: float | Vector = 0.0) -> Labels:
    """Label the primary model's trades by whether they earn more than they cost.

    Parameters
    ----------
    labels : Labels
        Of the primary model.
    side : ndarray of int8, shape (row,)
        The primary model's choice: +1 long, -1 short, 0 no trade. It must come from
        out-of-fold predictions: those of rows that the model was trained on are too
        good, and a meta-model would learn to trust them.
    cost : float or ndarray of float64, shape (row,)
        Costs of a round trip as a log return (costs / price).

    Returns
    -------
    Labels
        1 where the trade earned more than ``cost``, else 0; rows without a trade are
        not valid. End times are those of ``labels``; ``ret`` is what the trade made.
        Quality is whether finer bars, or none, decided the path: its certainty.

    Raises
    ------
    ConfigError
        If the sides do not fit the labels, or a trade's costs are no number >= 0.

    References
    ----------
    Lopez de Prado (2018), Advances in Financial Machine Learning, section 3.6.

    Examples
    --------
    >>> import numpy as np
    >>> price = np.array([10.0, 11.0, 10.0, 9.0])
    >>> bars = Bars.of(np.arange(4), price, price, price, price, interval=1)
    >>> primary = direction_labels(bars, entry="close")
    >>> meta = meta_labels(primary, np.array([1, 1, -1, 0], np.int8))
    >>> meta.label, meta.valid
    (array([1, 0, 1, 0], dtype=int8), array([ True,  True,  True, False]))
    """
    if side.shape != labels.label.shape or not np.isin(side, (-1, 0, 1)).all():
        raise ConfigError(
            f"labels.side: an array of shape {side.shape} with values "
            f"{np.unique(side)[:5].tolist()} does not fit {len(labels)} labels; give "
            "-1, 0 or +1 for each"
        )
    valid = labels.valid & (side != 0)
    _check_cost(np.asarray(cost, float), valid)
    made = side * labels.ret
    if labels.long_ret is not None and labels.short_ret is not None:
        made = np.where(side > 0, labels.long_ret, labels.short_ret)
    return replace(
        labels,
        label=(valid & (made > cost)).astype(np.int8),
        ret=np.where(valid, made, np.nan),
        valid=valid,
        cost_fragile=valid & (np.abs(made) < cost),
        # Speed and path are those of a barrier, not of a trade that pays or does not.
        parts=tuple(part for part in labels.parts if part == "certainty"),
        classes=CLASSES,
    )


def _check_cost(cost: np.ndarray, traded: Flags) -> None:
    wrong = np.flatnonzero(traded & ~((cost >= 0) & (cost < np.inf)))
    if len(wrong):
        value = np.broadcast_to(cost, traded.shape)[wrong[0]]
        raise ConfigError(
            f"labels.cost: {value:g} of row {wrong[0]} must be >= 0 and finite: a round "
            "trip's costs over price"
        )


def _binary(
    path: Labels, up: Flags, valid: Flags, end: Index, known_at: Times
) -> Labels:
    """Return two classes of paths that ended without a barrier."""
    none = np.zeros(len(path), np.int8)
    return replace(
        path,
        label=(up & valid).astype(np.int8),
        end_index=np.where(valid, end, -1),
        ret=np.where(valid, path.ret, np.nan),
        touched=none,
        truth=none,
        valid=valid,
        adverse=np.where(valid, 0.0, np.nan),
        known=np.where(valid, known_at, path.entry_time),
        # A direction has neither speed nor path: every label is as clear as another.
        parts=(),
        classes=CLASSES,
    )
