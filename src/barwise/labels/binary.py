"""Labels of two classes: the next direction, a signal of one's own, meta-labels."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

from barwise.bars.bars import Bars
from barwise.core.arrays import Classes, Flags
from barwise.core.errors import ConfigError
from barwise.labels.labels import Labels
from barwise.trading.barrier_rows import contract_runs

CLASSES = (0, 1)


def direction_labels(
    bars: Bars,
    *,
    horizon: int = 1,
    entry: Literal["next_open", "close"] = "next_open",
    sample: Flags | None = None,
) -> Labels:
    """Label every bar by whether the price is higher ``horizon`` bars later.

    1 when ``close[t + horizon]`` is above the entry, else 0: an unchanged price is no
    rise. The label of row t is known at the close of bar ``t + horizon``. Filled rows
    are no samples, and no label crosses a roll.

    Parameters
    ----------
    bars : Bars
        In order.
    horizon : int
        Bars from the decision to the exit.
    entry : {"next_open", "close"}
        The entry is ``open[t + 1]``, the first price that can be had, or ``close[t]``.
    sample : ndarray of bool, shape (row,), optional
        Rows that may get a label.

    Raises
    ------
    ConfigError
        If an argument is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> price = np.array([10.0, 11.0, 10.0, 10.0])
    >>> bars = Bars.of(np.arange(4), price, price, price, price, interval=1)
    >>> labels = direction_labels(bars, entry="close")
    >>> labels.label, labels.valid
    (array([1, 0, 0, 0], dtype=int8), array([ True,  True,  True, False]))
    """
    if int(horizon) != horizon or horizon < 1:
        raise ConfigError(f"labels.horizon: {horizon!r} is not a whole number >= 1")
    if entry not in ("next_open", "close"):
        raise ConfigError(
            f"labels.entry: {entry!r} is not known; choose next_open or close"
        )
    rows = len(bars)
    price = bars.close.copy()
    if entry == "next_open":
        price[:-1] = bars.open[1:]
    end = np.minimum(np.arange(rows) + horizon, rows - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        ret = np.log(bars.close[end] / price)
    contract = contract_runs(bars)
    valid = (np.arange(rows) + horizon < rows) & ~bars.filled & np.isfinite(ret)
    valid &= contract == contract[end]
    return _labels(bars, horizon, ret > 0, ret, valid, end, sample)


def signal_labels(
    bars: Bars, signal: np.ndarray, *, known_after: int = 0, sample: Flags | None = None
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
    sample : ndarray of bool, shape (row,), optional
        Rows that may get a label.

    Returns
    -------
    Labels
        ``label[t] = signal[t + 1]``, which ends with bar ``t + 1 + known_after``;
        ``ret`` is the log return from ``open[t + 1]`` to the close of that bar.

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
    values = np.asarray(signal, float)
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
    found = direction_labels(bars, horizon=1 + known_after, sample=sample)
    following = np.r_[values[1:], np.nan][: len(bars)]
    valid = found.valid & ~np.isnan(following)
    return _labels(
        bars, found.horizon, following == 1, found.ret, valid, found.end_index, None
    )


def meta_labels(labels: Labels, side: Classes, *, cost: float = 0.0) -> Labels:
    """Label the primary model's trades by whether they earn more than they cost.

    Parameters
    ----------
    labels : Labels
        Of the primary model.
    side : ndarray of int8, shape (row,)
        The primary model's choice: +1 long, -1 short, 0 no trade. It must come from
        out-of-fold predictions: those of rows that the model was trained on are too
        good, and a meta-model would learn to trust them.
    cost : float
        Costs of a round trip as a log return (costs / price).

    Returns
    -------
    Labels
        1 where the trade earned more than ``cost``, else 0; rows without a trade are
        not valid. End times are those of ``labels``; ``ret`` is what the trade made.

    Raises
    ------
    ConfigError
        If the sides do not fit the labels.

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
    made = side * labels.ret
    valid = labels.valid & (side != 0)
    if labels.long_ret is not None and labels.short_ret is not None:
        made = np.where(side > 0, labels.long_ret, labels.short_ret)
    return replace(
        labels,
        label=(valid & (made > cost)).astype(np.int8),
        ret=np.where(valid, made, np.nan),
        valid=valid,
        cost_fragile=valid & (np.abs(made) < cost),
        classes=CLASSES,
    )


def _labels(
    bars: Bars,
    horizon: int,
    up: Flags,
    ret: np.ndarray,
    valid: Flags,
    end: np.ndarray,
    sample: Flags | None,
) -> Labels:
    if sample is not None:
        valid = valid & sample
    none = np.zeros(len(bars), np.int8)
    time = np.where(valid, bars.time[end], bars.time)
    return Labels(
        horizon=horizon,
        entry_time=bars.time,
        label=(up & valid).astype(np.int8),
        end_time=time,
        end_index=np.where(valid, end, -1),
        ret=np.where(valid, ret, np.nan),
        touched=none,
        truth=none,
        cost_fragile=np.zeros(len(bars), np.bool_),
        valid=valid,
        adverse=np.where(valid, 0.0, np.nan),
        known_at=time,
        # A direction has neither speed nor path: every label is as clear as another.
        parts=(),
        classes=CLASSES,
    )
