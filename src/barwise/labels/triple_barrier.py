"""The triple-barrier method under the execution contract."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal, TypedDict, Unpack, overload

import numpy as np

from barwise.bars.bars import Bars
from barwise.bars.instruments import get_instrument
from barwise.bars.prepare import sessions_of
from barwise.bars.sessions import SessionTable
from barwise.core.arrays import Flags
from barwise.core.errors import ConfigError, DataError
from barwise.labels.labels import Labels
from barwise.stream.barrier_data import BarrierInput, ResolvedRows
from barwise.stream.resolver import BarrierResolver, SessionEnd, check_session_end
from barwise.trading.barrier_rows import BarrierRows, Unit

Touch = Literal["high_low", "close"]
Entry = Literal["next_open", "close"]
Sides = Literal["long", "both"]


class BarrierOptions(TypedDict, total=False):
    """The optional arguments of :func:`triple_barrier`."""

    atr_period: int
    unit: Unit
    touch: Touch
    trade_through: bool
    entry: Entry
    sides: Sides
    session_end: SessionEnd
    tick: float | None
    fine: Bars | None
    sessions: SessionTable | None
    sample: Flags | None


@overload
def triple_barrier(
    bars: Bars,
    *,
    horizon: int,
    upper: float,
    lower: float,
    **options: Unpack[BarrierOptions],
) -> Labels: ...


@overload
def triple_barrier(
    bars: Bars,
    *,
    horizon: Sequence[int],
    upper: float,
    lower: float,
    **options: Unpack[BarrierOptions],
) -> list[Labels]: ...


def triple_barrier(  # noqa: PLR0913 - one argument a clause of the contract
    bars: Bars,
    *,
    horizon: Any,
    upper: float,
    lower: float,
    atr_period: int = 14,
    unit: Unit = "atr",
    touch: Touch = "high_low",
    trade_through: bool = False,
    entry: Entry = "next_open",
    sides: Sides = "long",
    session_end: SessionEnd = "flat",
    tick: float | None = None,
    fine: Bars | None = None,
    sessions: SessionTable | None = None,
    sample: Flags | None = None,
) -> Labels | list[Labels]:
    """Label every bar by the barrier that the price reaches first.

    Decide at the close of bar t; enter at E = open[t+1]; barriers at E + upper x width
    and E - lower x width with the width of bar t, rounded away from E to the tick; read
    the whole bars t+1..t+horizon. The label is +1 when the upper barrier is reached
    first, -1 when the lower one is, 0 when neither is. An open beyond a barrier fills
    at that open. When one bar reaches both, finer bars decide, else the stop wins and
    ``truth`` says so. Otherwise the exit is close[t+horizon].

    Parameters
    ----------
    bars : Bars
        Rows in order. Filled rows are no samples; paths run over them, and never over
        a change of ``contract``.
    horizon : int or sequence of int
        Bars in a path. A sequence gives a list of labels, in its order; the paths are
        then read once, to the largest horizon.
    upper, lower : float
        Multiples of the width.
    atr_period : int
        Bars of the average true range or of the volatility.
    unit : {"atr", "volatility", "fixed"}
        Width: Wilder's ATR; standard deviation of log returns times the close; or 1, so
        that ``upper`` and ``lower`` are price points.
    touch : {"high_low", "close"}
        Read touches from highs and lows, or from closes only (the fill is then that
        close). Closes miss what happens inside a bar.
    trade_through : bool
        A target fills only when the price goes a tick beyond it.
    entry : {"next_open", "close"}
        Enter at open[t+1] or at close[t].
    sides : {"long", "both"}
        "long" follows a long trade: -1 means that its stop was hit. A short taken on
        -1 has the barriers swapped (target ``lower``, stop ``upper``). "both" follows
        a long and a short trade, each with its target ``upper`` and its stop ``lower``
        widths away: the label is the trade that reaches its target first, 0 when both
        have ended without one; a bar that ties stops the trade.
    session_end : {"flat", "carry", "invalid"}
        Where the session ends inside a path: exit at its last close with label 0, go
        on into the next session, or give no label. Sessions without a break between
        them (forex within the week) do not end. With "flat" and "invalid" a bar
        outside every session is no sample. With "invalid" neither is one whose whole
        horizon does not fit before the scheduled close, whatever the price does.
    tick : float, optional
        Price step; None takes the symbol's own, 0 rounds nothing.
    fine : Bars, optional
        Finer bars of the same symbol: those inside a bar decide its ties. For event
        bars they must be the bars that those were built from.
    sessions : SessionTable, optional
        Trading hours that cover the bars. None takes the symbol's calendar; a symbol
        that barwise does not know trades without sessions.
    sample : ndarray of bool, shape (row,), optional
        Rows that may get a label (events, regular hours).

    Returns
    -------
    Labels or list of Labels
        One row a bar.

    Raises
    ------
    ConfigError
        If an argument is out of range, or the symbol is unknown and no tick is given.
    DataError
        If the bars lie beyond what the trading calendar knows.

    References
    ----------
    Lopez de Prado (2018), Advances in Financial Machine Learning, ch. 3.

    Examples
    --------
    Row 0 enters at 10 and the high of row 3 reaches 11.5. Row 2 enters at 11 with its
    stop at 10: row 4 opens at 9.5 and fills there. Row 3 runs out of bars.

    >>> import numpy as np
    >>> from barwise.bars import Bars
    >>> o = np.array([10.0, 10.0, 10.5, 11.0, 9.5])
    >>> bars = Bars.of(np.arange(1, 6) * 60, o, o + 0.75, o - 0.5, o, interval=60)
    >>> labels = triple_barrier(
    ...     bars, horizon=3, upper=1.5, lower=1.0, unit="fixed", tick=0.25
    ... )
    >>> labels.label, labels.valid
    (array([ 1, -1, -1,  0,  0], dtype=int8),
     array([ True,  True,  True, False, False]))
    >>> labels.end_index, labels.ret.round(3)
    (array([ 3,  4,  4, -1, -1]), array([ 0.14 , -0.1  , -0.147,    nan,    nan]))
    """
    single = np.ndim(horizon) == 0
    horizons = [_whole(one) for one in np.atleast_1d(np.asarray(horizon, object))]
    options = BarrierOptions(
        atr_period=atr_period,
        unit=unit,
        touch=touch,
        trade_through=trade_through,
        entry=entry,
        sides=sides,
        session_end=session_end,
        tick=tick,
        fine=fine,
        sessions=sessions,
        sample=sample,
    )
    labels = follow(bars, horizons, upper, lower, options)
    return labels[0] if single else labels


def _whole(horizon: Any) -> int:
    if isinstance(horizon, int | np.integer) and not isinstance(horizon, bool):
        return int(horizon)
    raise ConfigError(f"labels.horizon: {horizon!r} is not a whole number of bars >= 1")


def follow(
    bars: Bars,
    horizons: Sequence[int],
    upper: float,
    lower: float,
    options: BarrierOptions,
    *,
    short: bool = False,
) -> list[Labels]:
    """Follow the paths of all bars, the prices negated for those of a short trade.

    A short is a long of the negated price: its target lies ``upper`` widths below the
    entry, and +1 says that it was reached. Returns are those of the price itself.
    Every option must be given.
    """
    session_end = options["session_end"]
    check_session_end(session_end)
    hours = _sessions(bars, options["sessions"], session_end)
    joined = BarrierRows(
        unit=options["unit"], period=options["atr_period"], sessions=hours
    )
    rows = joined.push(bars, sample=options["sample"], fine=options["fine"])
    resolver = BarrierResolver(
        horizon=max(horizons, default=1),
        upper=upper,
        lower=lower,
        tick=price_step(bars.symbol, options["tick"]),
        touch=options["touch"],
        trade_through=options["trade_through"],
        entry=options["entry"],
        sides=options["sides"],
        session_end=session_end if hours is not None else "carry",
        times_repeat=bars.interval is None,
        interval=bars.interval or 0,
    )
    found = resolver.resolve_horizons(_negated(rows) if short else rows, horizons)
    return [_labels(h, bars, one) for h, one in zip(horizons, found, strict=True)]


def _negated(rows: BarrierInput) -> BarrierInput:
    return replace(
        rows,
        open=-rows.open,
        high=-rows.low,
        low=-rows.high,
        close=-rows.close,
        fine=-rows.fine[:, [0, 2, 1]],
    )


def _labels(horizon: int, bars: Bars, found: ResolvedRows) -> Labels:
    return Labels(
        horizon=horizon,
        entry_time=bars.time,
        label=found.label,
        end_index=found.end_index,
        ret=found.ret,
        touched=found.touched,
        truth=found.truth,
        cost_fragile=np.zeros(len(bars), np.bool_),
        valid=found.valid,
        adverse=found.adverse,
        known=found.known,
        long_ret=found.long_ret if len(found.long_ret) else None,
        short_ret=found.short_ret if len(found.short_ret) else None,
    )


def price_step(symbol: str, given: float | None) -> float:
    """Return the given price step, or that of the symbol where none is given."""
    if given is not None:
        return given
    try:
        return get_instrument(symbol).tick_size
    except ConfigError as unknown:
        raise ConfigError(
            f"labels.tick: the price step of {symbol!r} is not known; pass tick= (0 "
            "rounds nothing), or use a symbol that barwise knows"
        ) from unknown


def _sessions(
    bars: Bars, given: SessionTable | None, session_end: SessionEnd
) -> SessionTable | None:
    if session_end == "carry" or not len(bars):
        return None
    if given is not None:
        return given
    try:
        calendar = get_instrument(bars.symbol).calendar
    except ConfigError:
        return None
    try:
        return sessions_of(bars, calendar)
    except DataError as beyond:
        raise DataError(
            f"{beyond}; or pass sessions=, or label with session_end='carry'"
        ) from beyond
