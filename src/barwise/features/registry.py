"""Features by name: one decorated function gives one or several columns."""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from importlib import import_module
from typing import Any, Literal, TypeVar, final, overload

from barwise.bars.intervals import parse_interval
from barwise.core.errors import ConfigError
from barwise.features.columns import BarColumns
from barwise.features.external import EXTERNAL
from barwise.features.frame_function import FrameFunction
from barwise.features.lowering import on, spell_timeframe
from barwise.stream import Expr, column

Role = Literal["number", "cyclic", "binary", "probability"]
Build = Callable[..., Expr | tuple[Expr, ...]]
Builder = TypeVar("Builder", bound=Build)

FAMILIES = (
    "price",
    "momentum",
    "volatility",
    "trend",
    "volume",
    "conditioning",
    "averages",
    "temporal",
    "regime",
    "lags",
)
"""Modules of this folder that define features, in the order of the full set."""


@final
@dataclass(frozen=True)
class Feature:
    """A feature function and what is known of its columns."""

    name: str
    family: str
    unit: str
    build: Build
    templates: tuple[str, ...]
    full: tuple[Mapping[str, float | str], ...]
    role: Role
    price_units: bool
    frame: FrameFunction | None = None

    @property
    def defaults(self) -> dict[str, float | str]:
        """Parameters of the function and their default values."""
        known = _parameters(self.build)
        return {one.name: one.default for one in known if one.default is not one.empty}

    @property
    def of(self) -> str | None:
        """The parameter that is another column, if there is one: it has no default."""
        without = [p.name for p in _parameters(self.build) if p.default is p.empty]
        return without[0] if without else None

    @property
    def summary(self) -> str:
        """First line of the function's docstring."""
        return (inspect.getdoc(self.build) or "").split("\n")[0]

    def columns(
        self, own: Iterable[Feature] = (), /, **params: float | str
    ) -> dict[str, Expr]:
        """Return the named expressions for some parameters."""
        if self.frame is not None:
            return {name: column(self.frame.input_of(name)) for name in self.templates}
        merged = self.defaults | params
        values: dict[str, Any] = dict(merged)
        if self.of is not None:
            values[self.of] = find(str(merged[self.of]), own)[1]
        made = self.build(BarColumns(), **values)
        parts = made if isinstance(made, tuple) else (made,)
        spelled = {key: _spell(value) for key, value in merged.items()}
        return {
            template.format(**spelled): part
            for template, part in zip(self.templates, parts, strict=True)
        }

    def on_timeframe(self, timeframe: str) -> Feature:
        """Return the same feature of bars of another length: ``mtf_1h_rsi``."""

        @wraps(self.build)
        def build(bars: BarColumns, **params: float) -> Expr | tuple[Expr, ...]:
            made = self.build(bars, **params)
            if isinstance(made, tuple):
                return tuple(on(timeframe, part) for part in made)
            return on(timeframe, made)

        build.__doc__ = f"On completed {timeframe} bars: {self.summary}"
        return replace(
            self,
            name=f"mtf_{timeframe}_{self.name}",
            family="timeframes",
            build=build,
            templates=tuple(f"mtf_{timeframe}_{one}" for one in self.templates),
            full=(),
        )


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
    unit: str = "",
    columns: Sequence[str] | None = None,
    full: Sequence[Mapping[str, float | str]] = ({},),
    role: Role = "number",
    price_units: bool = False,
) -> Callable[[Builder], Builder]: ...


def feature(
    build: Builder | None = None,
    *,
    family: str = "own",
    unit: str = "",
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
    unit : str
        Unit and range of the values, in words.
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
        default = name + "".join(f"_{{{one.name}}}" for one in _parameters(build))
        register(
            Feature(
                name,
                family,
                unit,
                build,
                tuple(columns) if columns else (default,),
                tuple(full),
                role,
                price_units,
            )
        )
        return build

    return decorate if build is None else decorate(build)


def register(one: Feature) -> None:
    """Make a feature known: to all, or to the file alone that it stands in.

    Raises
    ------
    ConfigError
        If it has the name of a built-in one.
    """
    module = one.build.__module__
    if module.startswith(OWN_MODULE):
        _OWN.setdefault(module, []).append(one)
        return
    if not module.startswith("barwise."):
        refuse_clash(one)
    _FEATURES[one.name] = one
    _PATTERNS.clear()


def registered_by(module: str) -> tuple[Feature, ...]:
    """Take the features that the module of a user's file has registered."""
    return tuple(_OWN.pop(module, ()))


def refuse_clash(one: Feature) -> None:
    """Raise ConfigError if a name of a feature is one of a built-in feature."""
    for other in features():
        if other.build.__module__.startswith("barwise."):
            taken = shared_name(one, other)
            if taken or one.name == other.name:
                raise ConfigError(
                    f"the name {taken or one.name!r} is taken by the built-in feature "
                    f"{other.name!r} ({other.summary}); choose another name for yours"
                )


def shared_name(one: Feature, other: Feature) -> str | None:
    """Return a column name that both features answer to, None if there is none."""
    for mine in one.templates:
        for theirs in other.templates:
            for template in (mine, theirs):
                name = _PARAMETER.sub("7", template)
                if _pattern(mine).fullmatch(name) and _pattern(theirs).fullmatch(name):
                    return name
    return None


def _parameters(build: Build) -> list[inspect.Parameter]:
    """Return the parameters of a feature function behind the bars."""
    return list(inspect.signature(build).parameters.values())[1:]


def features() -> Iterator[Feature]:
    """Yield every registered feature, family by family."""
    for family in FAMILIES:
        import_module(f"barwise.features.{family}")
    order = {family: place for place, family in enumerate(FAMILIES)}
    yield from sorted(_FEATURES.values(), key=lambda f: order.get(f.family, len(order)))


_ON_TIMEFRAME = re.compile(r"mtf_(\d+[a-z]+)_(.+)")
_PARAMETER = re.compile(r"\{(\w+)\}")
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
            yield _pattern(template, one.of), one


def _pattern(template: str, of: str | None = None) -> re.Pattern[str]:
    text = template.replace(f"{{{of}}}", f"(?P<{of}>.+)")
    return re.compile(_PARAMETER.sub(r"(?P<\1>\\d+(?:p\\d+)?)", text))


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
    elsewhere = _ON_TIMEFRAME.fullmatch(name)
    if elsewhere is not None:
        timeframe = _timeframe(name, elsewhere[1])
        one, expr = find(elsewhere[2], own)
        return one.on_timeframe(timeframe), on(timeframe, expr)
    if name.startswith(EXTERNAL):
        return _outside(name), column(name)
    for pattern, one in (*_patterns_of(own), *_patterns()):
        match = pattern.fullmatch(name)
        if match is None:
            continue
        found = match.groupdict().items()
        params = {key: text if key == one.of else _read(text) for key, text in found}
        try:
            made = one.columns(own, **params)
        except ValueError as wrong:
            raise ConfigError(f"feature {name!r}: {wrong}") from wrong
        if name in made:
            return _like(one, params, own), made[name]
    known = [*full_names(), *own_names(own)]
    near = difflib.get_close_matches(name, known, n=3)
    hint = f"did you mean {', '.join(near)}?" if near else "names look like rsi_14."
    raise ConfigError(
        f"unknown feature {name!r}: {hint} 'barwise features list' shows them all"
    )


def _like(
    one: Feature, params: Mapping[str, float | str], own: tuple[Feature, ...]
) -> Feature:
    """Return a feature with the role and scale of the column that it is made of."""
    if one.of is None:
        return one
    base, _ = find(str(params[one.of]), own)
    role = base.role if one.role == "number" else one.role
    # A frame function of the column has to run, whatever is made of it.
    return replace(one, role=role, price_units=base.price_units, frame=base.frame)


def _outside(name: str) -> Feature:
    """Return a column of an external table as a feature."""

    def build(bars: BarColumns) -> Expr:  # noqa: ARG001 - it is not made of bars
        """Value of an external table, from the moment on at which it was known."""
        return column(name)

    unit = "as in the table"
    return Feature(name, "external", unit, build, (name,), (), "number", False)


def _timeframe(column: str, text: str) -> str:
    try:
        spelled = spell_timeframe(parse_interval(text))
    except ConfigError as wrong:
        raise ConfigError(f"feature {column!r}: {wrong}") from wrong
    if spelled == text:
        return text
    raise ConfigError(
        f"feature {column!r}: a column has one name; write "
        f"{column.replace(text, spelled, 1)!r}"
    )


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


def _spell(value: Any) -> str:
    return value if isinstance(value, str) else f"{value:g}".replace(".", "p")


def _read(text: str) -> float:
    return float(text.replace("p", ".")) if "p" in text else int(text)
