"""Columns of other timeframes inside an expression, and how a graph takes them out.

``on("1h", x)`` is a node of an expression. A program has one clock, so the node is
replaced by an input column before compiling; ``x`` becomes an output of a graph of its
own, which is pushed with 1-hour bars.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from barwise.bars.bars import format_interval
from barwise.bars.intervals import parse_interval
from barwise.stream import Expr, column
from barwise.stream.nodes import on_clock, rebuilt
from barwise.stream.program import compile_program, in_order


def on(timeframe: str, x: Expr) -> Expr:
    """Return a column computed on bars of another length.

    Longer bars are made from the rows at hand: a row has the value of the last bar
    that was complete when the row closed, one that closes at the same time included. It
    stays until the next one is complete, over nights and weekends too, and is NaN
    before the first. One and four-hour bars are counted from the session's open, ``1d``
    is the session day of the exchange.

    Bars shorter than the rows are pushed beside them (``push(bars, fine=...)``).

    Parameters
    ----------
    timeframe : str
        Length of the bars: ``15min``, ``1h``, ``4h``, ``1d``, ...
    x : Expr
        Any column, computed as if those bars were the rows.

    Raises
    ------
    ConfigError
        If the timeframe cannot be read.

    Examples
    --------
    The close over the last completed hour's close:

    >>> from barwise.features import BarColumns
    >>> bars = BarColumns()
    >>> bars.close / on("1h", bars.close) - 1.0
    sub(div(close, on(close, 1h)), 1.0)
    """
    return on_clock(spell_timeframe(parse_interval(timeframe)), x)


def spell_timeframe(length: int) -> str:
    """Write a length in nanoseconds as in a column's name.

    Examples
    --------
    >>> spell_timeframe(3_600_000_000_000)
    '1h'
    """
    return format_interval(length).replace(" ", "")


def is_longer(length: int, interval: int) -> bool:
    """Whether bars of a length can be made of shorter ones of an interval."""
    return length > interval and length % interval == 0


@dataclass(frozen=True)
class Lowered:
    """Expressions of one clock, and those of the other clocks that they read.

    ``nested`` has, for each timeframe, the expressions by the name of the input column
    that stands in their place.
    """

    outputs: Mapping[str, Expr]
    nested: Mapping[str, Mapping[str, Expr]]


def lower(outputs: Mapping[str, Expr]) -> Lowered:
    """Replace what is computed on other bars by input columns.

    Examples
    --------
    >>> close = column("close")
    >>> lowered = lower({"x": close - on("1h", close)})
    >>> [*lowered.nested], [*lowered.nested["1h"].values()]
    (['1h'], [close])
    """
    nested: dict[str, dict[str, Expr]] = {}
    made: dict[int, Expr] = {}
    for expr in in_order(outputs.values(), leaves=["on"]):
        if expr.op == "on":
            timeframe = str(expr.params[0])
            # Named by what it is, so that what reads it is the same in every graph.
            inner = compile_program({"": expr.inputs[0]}).hash()[:16]
            name = f"{timeframe}:{inner}"
            nested.setdefault(timeframe, {})[name] = expr.inputs[0]
            made[id(expr)] = column(name)
        else:
            parts = tuple(made[id(part)] for part in expr.inputs)
            made[id(expr)] = rebuilt(expr, parts)
    lowered = {name: made[id(expr)] for name, expr in outputs.items()}
    return Lowered(lowered, nested)


def timeframes_of(expr: Expr) -> tuple[str, ...]:
    """Return the timeframes whose bars an expression needs beside its rows.

    Examples
    --------
    >>> close = column("close")
    >>> timeframes_of(close - on("1h", on("1d", close)))
    ('1h',)
    """
    return tuple(lower({"": expr}).nested)
