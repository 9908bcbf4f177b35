"""Features by name: one decorated function gives one or several columns."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from typing import TypeVar, overload

from barwise.core.errors import ConfigError
from barwise.features.columns import BarColumns
from barwise.features.definition import (
    Build,
    Feature,
    Role,
    parameters_of,
    read,
    shared_name,
)
from barwise.features.external import EXTERNAL
from barwise.features.user_code import file_of, place_of
from barwise.stream import Expr, column

Builder = TypeVar("Builder", bound=Build)

FAMILIES = (
    "price",
    "momentum",
    "volatility",
    "trend",
    "averages",
    "distribution",
    "wavelets",
    "volume",
    "conditioning",
    "profile",
    "micro",
    "session",
    "temporal",
    "regime",
    "lags",
    "timeframes",
)
"""Modules of this folder that define features, in the order of the full set."""


_FEATURES: dict[str, Feature] = {}
_OWN: dict[str, list[Feature]] = {}

OWN_MODULE = "barwise_own_"
"""How the names of modules begin that are made from a user's file: theirs are kept
apart, so that two files of one process do not meet."""


@overload
def feature(build: Builder) -> Builder: ...


@overload
def feature(
    *,
    family: str = "own",
    unit: str | Sequence[str] = "",
    columns: Sequence[str] | None = None,
    full: Sequence[Mapping[str, float | str]] = ({},),
    role: Role = "number",
    price_units: bool = False,
) -> Callable[[Builder], Builder]: ...


def feature(
    build: Builder | None = None,
    *,
    family: str = "own",
    unit: str | Sequence[str] = "",
    columns: Sequence[str] | None = None,
    full: Sequence[Mapping[str, float | str]] = ({},),
    role: Role = "number",
    price_units: bool = False,
) -> Builder | Callable[[Builder], Builder]:
    """Register a function over bar columns as a feature.

    The first argument of the function is a :class:`~barwise.features.BarColumns`, all
    others are numbers with a default. Stands with or without settings: ``@feature``.
    A built-in feature may have one parameter without a default: another column.

    Parameters
    ----------
    build : callable
        The decorated function.
    family : str
        Group for listings.
    unit : str or sequence of str
        Unit and range, as in ``"percent, 0..100"`` or ``"log return, unbounded"``; one
        for all columns or one for each.
    columns : sequence of str, optional
        One name template an output, with the parameters in braces. By default the
        function's name followed by its parameters: ``rsi_{period}``.
    full : sequence of mappings
        Parameters of the columns that the full set has.
    role : {"number", "cyclic", "binary", "probability"}
        All but "number" are left alone by scalers.
    price_units : bool
        True for a column on the scale of the price: of use in the full set only. Over
        rolls that is the scale of the first contract.

    Raises
    ------
    ConfigError
        If another feature has the name, or makes a column of the same name.

    Examples
    --------
    >>> from barwise.stream.expr import lag
    >>> @feature(family="example", unit="ratio", full=())
    ... def example_step(bars, *, rows=2):
    ...     "Close over an earlier close."
    ...     return bars.close / lag(bars.close, rows)
    >>> list(resolve("example_step_5"))
    ['example_step_5']
    """

    def decorate(build: Builder) -> Builder:
        name = build.__name__
        default = name + "".join(f"_{{{one.name}}}" for one in parameters_of(build))
        templates = tuple(columns) if columns else (default,)
        units = (unit,) * len(templates) if isinstance(unit, str) else tuple(unit)
        if len(units) != len(templates):
            raise ConfigError(
                f"{place_of(build)}: {name!r} has {len(templates)} columns and "
                f"{len(units)} units; give one unit for all of them or one for each"
            )
        register(
            Feature(
                name, family, units, build, templates, tuple(full), role, price_units
            )
        )
        return build

    return decorate if build is None else decorate(build)


def register(one: Feature) -> None:
    """Make a feature known: to all, or to the file alone that it stands in.

    The same function once more, of a module that is loaded again or typed again in a
    notebook, takes its own place.

    Raises
    ------
    ConfigError
        If it has the name of another one, or a column of it.
    """
    module = one.build.__module__
    if module.startswith(OWN_MODULE):
        _OWN.setdefault(module, []).append(one)
        return
    known = _FEATURES.values() if _built_in(one) else features()
    _refuse(one, [other for other in known if not _is_again(other, one)])
    _FEATURES[one.name] = one
    _PATTERNS.clear()


def _built_in(one: Feature) -> bool:
    return one.build.__module__.startswith("barwise.")


def _is_again(old: Feature, new: Feature) -> bool:
    same = old.name == new.name and old.build.__module__ == new.build.__module__
    typed = not file_of(old.build).is_file()
    return same and (typed or place_of(old.build) == place_of(new.build))


def registered_by(module: str) -> tuple[Feature, ...]:
    """Take the features that the module of a user's file has registered."""
    return tuple(_OWN.pop(module, ()))


def refuse_clash(one: Feature) -> None:
    """Raise ConfigError if a name of a feature is one of a built-in feature."""
    _refuse(one, filter(_built_in, features()))


def _refuse(one: Feature, known: Iterable[Feature]) -> None:
    for other in known:
        taken = shared_name(one, other)
        if taken or one.name == other.name:
            owner = (
                f"the built-in feature {other.name!r} ({other.summary})"
                if _built_in(other)
                else f"the feature {other.name!r} ({place_of(other.build)})"
            )
            raise ConfigError(
                f"the name {taken or one.name!r} is taken by {owner}; choose another "
                "name for yours"
            )


def features() -> Iterator[Feature]:
    """Yield every registered feature, family by family."""
    for family in FAMILIES:
        import_module(f"barwise.features.{family}")
    order = {family: place for place, family in enumerate(FAMILIES)}
    yield from sorted(_FEATURES.values(), key=lambda f: order.get(f.family, len(order)))


_PATTERNS: list[tuple[re.Pattern[str], Feature]] = []


def _patterns() -> list[tuple[re.Pattern[str], Feature]]:
    if not _PATTERNS:
        _PATTERNS.extend(_patterns_of(features()))
    return _PATTERNS


def _patterns_of(
    known: Iterable[Feature],
) -> Iterator[tuple[re.Pattern[str], Feature]]:
    for one in known:
        for template in one.templates:
            yield one.pattern(template), one


def resolve(name: str) -> dict[str, Expr]:
    """Return the expression of one column name.

    Raises
    ------
    ConfigError
        If no feature makes a column of that name.
    """
    return {name: find(name)[1]}


def find(name: str, own: Iterable[Feature] = ()) -> tuple[Feature, Expr]:
    """Return the feature that makes a column, and the column's expression.

    Parameters
    ----------
    name : str
        Column.
    own : iterable of Feature
        Features of a user's file, known beside the built-in ones.

    Raises
    ------
    ConfigError
        If no feature makes a column of that name.
    """
    own = tuple(own)
    if name.startswith(EXTERNAL):
        return _outside(name), column(name)
    for pattern, one in (*_patterns_of(own), *_patterns()):
        match = pattern.fullmatch(name)
        if match is None:
            continue
        found = match.groupdict().items()
        texts = (one.of, *one.words)
        params = {key: text if key in texts else read(text) for key, text in found}
        try:
            made = one.columns(own, **params)
        except (ValueError, ConfigError) as wrong:
            raise ConfigError(f"feature {name!r}: {wrong}") from wrong
        if name in made:
            return _like(one, params, own), made[name]
    known = [*full_names(), *own_names(own)]
    near = difflib.get_close_matches(name, known, n=3)
    hint = f"did you mean {', '.join(near)}?" if near else "names look like rsi_14."
    raise ConfigError(
        f"unknown feature {name!r}: {hint} 'barwise features list' shows them all"
    )


def has_built_in_form(name: str) -> bool:
    """Whether a column's name reads as a built-in one, a lag or a timeframe too."""
    return name.startswith(EXTERNAL) or any(
        pattern.fullmatch(name) for pattern, _ in _patterns()
    )


def _like(
    one: Feature, params: Mapping[str, float | str], own: tuple[Feature, ...]
) -> Feature:
    """Return a feature with the role and scale of the column that it is made of."""
    if one.of is None:
        return one
    name = str(params[one.of])
    base, _ = find(name, own)
    units = (base.unit_of(name),) * len(one.templates)
    role = base.role if one.role == "number" else one.role
    # A frame function of the column has to run, whatever is made of it.
    return replace(
        one,
        units=units,
        role=role,
        price_units=base.price_units,
        frame=base.frame,
    )


def _outside(name: str) -> Feature:
    """Return a column of an external table as a feature."""

    def build(bars: BarColumns) -> Expr:  # noqa: ARG001 - it is not made of bars
        """Value of an external table, from the moment on at which it was known."""
        return column(name)

    unit = "as in the table"
    return Feature(name, "external", (unit,), build, (name,), (), "number", False)


def full_names() -> list[str]:
    """Return the column names of the full set, family by family."""
    return [
        name
        for one in features()
        for params in one.full
        for name in one.columns(**params)
    ]


def own_names(own: Iterable[Feature]) -> list[str]:
    """Return the columns that features of a user's file have by themselves."""
    every = (name for one in own for p in ({}, *one.full) for name in one.columns(**p))
    return list(dict.fromkeys(every))
