"""The decorator of features that are functions of a data frame."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from barwise.core.errors import ConfigError
from barwise.features.definition import Feature, Role
from barwise.features.frame_function import FrameFunction, FrameKind
from barwise.features.registry import register
from barwise.features.user_code import place_of

Function = TypeVar("Function", bound=Callable[[Any], Any])


def frame_feature(
    *,
    lookback: int,
    frame: FrameKind = "pandas",
    columns: Sequence[str] = (),
    family: str = "own",
    unit: str = "",
    role: Role = "number",
    price_units: bool = False,
) -> Callable[[Function], Function]:
    """Register a function of a data frame of bars as a feature.

    Each row of the feature matrix is the last value of the function over exactly the
    last ``lookback`` bars. So no row can see the future, and a row is the same in
    research and live; but every row is a call, a thousand times slower than an
    expression, and the function is code, so no bundle can hold it.

    Parameters
    ----------
    lookback : int
        Bars that each call gets, the newest one included. Rows before are NaN.
    frame : {"pandas", "polars", "numpy"}
        What the function gets: columns open, high, low, close, volume, oldest bar
        first. A pandas frame is indexed by the bars' close times (UTC); polars and numpy
        (a dict of arrays) have them as ``time``.
    columns : sequence of str
        Names, where the function returns several columns; by default its own name.
    family, unit, role, price_units
        As in :func:`feature`.

    Raises
    ------
    ConfigError
        If the look-back is no whole number of bars, or a name is taken.

    Examples
    --------
    >>> @frame_feature(lookback=20)
    ... def example_gap(frame):
    ...     "Close over the mean of 20 closes."
    ...     return frame["close"] / frame["close"].rolling(20).mean() - 1.0
    """

    def decorate(function: Function) -> Function:
        name = function.__name__
        if type(lookback) is not int or lookback < 1:
            raise ConfigError(
                f"{place_of(function)}: lookback of {name!r} is {lookback!r}; it is the "
                "number of bars that a value is computed from, at least 1"
            )
        made = tuple(columns) or (name,)
        called = FrameFunction(name, function, frame, made, lookback)
        register(
            Feature(
                name,
                family,
                (unit,) * len(made),
                function,
                made,
                (),
                role,
                price_units,
                called,
            )
        )
        return function

    return decorate
