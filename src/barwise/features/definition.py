"""What a feature is: a function, and what is known of the columns that it makes."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, final

from barwise.features.columns import BarColumns
from barwise.features.frame_function import FrameFunction
from barwise.stream import Expr, column

Role = Literal["number", "cyclic", "binary", "probability"]
Build = Callable[..., Expr | tuple[Expr, ...]]

_PARAMETER = re.compile(r"\{(\w+)\}")


@final
@dataclass(frozen=True)
class Feature:
    """A feature function and what is known of its columns."""

    name: str
    family: str
    units: tuple[str, ...]
    build: Build
    templates: tuple[str, ...]
    full: tuple[Mapping[str, float | str], ...]
    role: Role
    price_units: bool
    frame: FrameFunction | None = None

    @property
    def defaults(self) -> dict[str, float | str]:
        """Parameters of the function and their default values."""
        known = parameters_of(self.build)
        return {one.name: one.default for one in known if one.default is not one.empty}

    @property
    def of(self) -> str | None:
        """The parameter that is another column, if there is one: it has no default."""
        without = [p.name for p in parameters_of(self.build) if p.default is p.empty]
        return without[0] if without else None

    @property
    def words(self) -> tuple[str, ...]:
        """Parameters that are no numbers, such as ``1h``."""
        return tuple(n for n, v in self.defaults.items() if isinstance(v, str))

    def pattern(self, template: str) -> re.Pattern[str]:
        """Return what the name of a column of a template looks like."""
        return pattern_of(template, self.of, self.words)

    @property
    def summary(self) -> str:
        """First line of the function's docstring."""
        return (inspect.getdoc(self.build) or "").split("\n")[0]

    @property
    def unit(self) -> str:
        """Unit and range of the columns, each once."""
        return "; ".join(dict.fromkeys(self.units))

    def unit_of(self, column: str) -> str:
        """Return the unit and range of one of the columns."""
        for template, unit in zip(self.templates, self.units, strict=True):
            if self.pattern(template).fullmatch(column):
                return unit
        raise KeyError(column)

    def columns(
        self, own: Iterable[Feature] = (), /, **params: float | str
    ) -> dict[str, Expr]:
        """Return the named expressions for some parameters."""
        if self.frame is not None:
            return {name: column(self.frame.input_of(name)) for name in self.templates}
        merged = self.defaults | params
        values: dict[str, Any] = dict(merged)
        if self.of is not None:
            # The registry knows features; made of one, a feature must ask it back.
            from barwise.features.registry import find

            values[self.of] = find(str(merged[self.of]), own)[1]
        made = self.build(BarColumns(), **values)
        parts = made if isinstance(made, tuple) else (made,)
        spelled = {key: spell(value) for key, value in merged.items()}
        return {
            template.format(**spelled): part
            for template, part in zip(self.templates, parts, strict=True)
        }


def parameters_of(build: Build) -> list[inspect.Parameter]:
    """Return the parameters of a feature function behind the bars."""
    return list(inspect.signature(build).parameters.values())[1:]


def shared_name(one: Feature, other: Feature) -> str | None:
    """Return a column name that both features answer to, None if there is none."""
    for mine in one.templates:
        for theirs in other.templates:
            for template in (mine, theirs):
                name = _PARAMETER.sub("7", template)
                if pattern_of(mine).fullmatch(name) and pattern_of(theirs).fullmatch(
                    name
                ):
                    return name
    return None


@cache
def pattern_of(
    template: str, of: str | None = None, words: tuple[str, ...] = ()
) -> re.Pattern[str]:
    """Return what a column's name must look like to be of a template."""
    text = template.replace(f"{{{of}}}", f"(?P<{of}>.+)")
    for word in words:
        text = text.replace(f"{{{word}}}", f"(?P<{word}>\\d+[a-z]+)")
    return re.compile(_PARAMETER.sub(r"(?P<\1>\\d+(?:p\\d+)?)", text))


def spell(value: Any) -> str:
    """Write a parameter as a column's name has it: 0.5 is ``0p5``."""
    return value if isinstance(value, str) else f"{value:g}".replace(".", "p")


def read(text: str) -> float:
    """Read a parameter out of a column's name."""
    return float(text.replace("p", ".")) if "p" in text else int(text)
