"""Features by name: one decorated function gives one or several columns."""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal, TypeVar, final

from barwise.core.errors import ConfigError
from barwise.features.columns import BarColumns
from barwise.stream import Expr

Role = Literal["number", "cyclic", "binary", "probability"]
Build = Callable[..., Expr | tuple[Expr, ...]]
Builder = TypeVar("Builder", bound=Build)

FAMILIES = (
    "price",
    "momentum",
    "volatility",
    "trend",
    "volume",
    "averages",
    "temporal",
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
    full: tuple[Mapping[str, float], ...]
    role: Role
    price_units: bool

    @property
    def defaults(self) -> dict[str, float]:
        """Parameters of the function and their default values."""
        signature = inspect.signature(self.build)
        return {
            name: value.default
            for name, value in signature.parameters.items()
            if value.kind is inspect.Parameter.KEYWORD_ONLY
        }

    @property
    def summary(self) -> str:
        """First line of the function's docstring."""
        return (inspect.getdoc(self.build) or "").split("\n")[0]

    def columns(self, **params: float) -> dict[str, Expr]:
        """Return the named expressions for some parameters."""
        merged = self.defaults | params
        made = self.build(BarColumns(), **merged)
        parts = made if isinstance(made, tuple) else (made,)
        spelled = {key: _spell(value) for key, value in merged.items()}
        return {
            template.format(**spelled): part
            for template, part in zip(self.templates, parts, strict=True)
        }


_FEATURES: dict[str, Feature] = {}


def feature(
    *,
    family: str,
    unit: str,
    columns: Sequence[str] | None = None,
    full: Sequence[Mapping[str, float]] = ({},),
    role: Role = "number",
    price_units: bool = False,
) -> Callable[[Builder], Builder]:
    """Register a function over bar columns as a feature.

    Parameters
    ----------
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
        True for a column on the scale of the price: of use in the full set only.

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

    def register(build: Builder) -> Builder:
        name = build.__name__
        parameters = [p for p in inspect.signature(build).parameters if p != "bars"]
        default = (name + "".join(f"_{{{p}}}" for p in parameters),)
        _FEATURES[name] = Feature(
            name,
            family,
            unit,
            build,
            tuple(columns) if columns else default,
            tuple(full),
            role,
            price_units,
        )
        _PATTERNS.clear()
        return build

    return register


def features() -> Iterator[Feature]:
    """Yield every registered feature, family by family."""
    for family in FAMILIES:
        import_module(f"barwise.features.{family}")
    order = {family: place for place, family in enumerate(FAMILIES)}
    yield from sorted(_FEATURES.values(), key=lambda f: order.get(f.family, len(order)))


_PATTERNS: dict[str, tuple[re.Pattern[str], Feature]] = {}


def _patterns() -> dict[str, tuple[re.Pattern[str], Feature]]:
    if not _PATTERNS:
        for one in features():
            for template in one.templates:
                text = re.sub(r"\{(\w+)\}", r"(?P<\1>\\d+(?:p\\d+)?)", template)
                _PATTERNS[template] = (re.compile(text), one)
    return _PATTERNS


def resolve(name: str) -> dict[str, Expr]:
    """Return the expression of one column name.

    Raises
    ------
    ConfigError
        If no feature makes a column of that name.
    """
    return {name: find(name)[1]}


def find(name: str) -> tuple[Feature, Expr]:
    """Return the feature that makes a column, and the column's expression."""
    for pattern, one in _patterns().values():
        match = pattern.fullmatch(name)
        if match is None:
            continue
        params = {key: _read(text) for key, text in match.groupdict().items()}
        try:
            made = one.columns(**params)
        except ValueError as wrong:
            raise ConfigError(f"feature {name!r}: {wrong}") from wrong
        if name in made:
            return one, made[name]
    near = difflib.get_close_matches(name, full_names(), n=3)
    hint = f"did you mean {', '.join(near)}?" if near else "names look like rsi_14."
    raise ConfigError(
        f"unknown feature {name!r}: {hint} 'barwise features list' shows them all"
    )


def full_names() -> list[str]:
    """Return the column names of the full set, family by family."""
    return [
        name
        for one in features()
        for params in one.full
        for name in one.columns(**params)
    ]


def _spell(value: Any) -> str:
    return f"{value:g}".replace(".", "p")


def _read(text: str) -> float:
    return float(text.replace("p", ".")) if "p" in text else int(text)
