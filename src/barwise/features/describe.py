"""What is known of a column, in one place: for listings and reference pages."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, final

from barwise.features.definition import Feature, Role
from barwise.features.frame_function import FRAME_INPUT
from barwise.features.graph import FeatureGraph
from barwise.features.registry import find
from barwise.features.sets import needs_volume
from barwise.features.user_code import place_of
from barwise.stream.formula import formula
from barwise.stream.program import in_order


@final
@dataclass(frozen=True)
class Column:
    """A column and its facts.

    Parameters
    ----------
    column, family, unit : str
    role : {"number", "cyclic", "binary", "probability"}
        All but "number" are left alone by scalers.
    price_units, needs_volume : bool
        On the scale of the price; computed from the traded volume.
    fitted : bool
        Whether it learns from training rows.
    warmup : int or None
        Rows without a value at the start; None where it depends on the bars' length.
    settled : int or None
        Rows until any two beginnings agree in float32; None where they never do for
        sure, and where ``warmup`` is None.
    meaning, description : str
        First line of the docstring, and all of it, the source in it.
    formula : str
        As the engine computes it; empty where a function of data frames is in it.
    bundled : bool
        Whether a bundle can hold it: it is a program, not code.
    defined : str
        Module, or file and line of a user's own.
    """

    column: str
    family: str
    unit: str
    role: Role
    price_units: bool
    needs_volume: bool
    fitted: bool
    warmup: int | None
    settled: int | None
    meaning: str
    description: str
    formula: str
    bundled: bool
    defined: str

    def to_dict(self) -> dict[str, Any]:
        """Return the facts as JSON values."""
        return asdict(self)


def describe(name: str, own: Iterable[Feature] = ()) -> Column:
    """Return what is known of a column.

    Raises
    ------
    ConfigError
        If no feature makes a column of that name.

    Examples
    --------
    >>> found = describe("rsi_14")
    >>> found.family, found.unit, found.warmup, found.needs_volume
    ('momentum', 'percent, 0..100', 14, False)
    """
    own = tuple(own)
    feature, expr = find(name, own)
    graph = FeatureGraph([name], own=own)
    module = feature.build.__module__
    inputs = [str(part.params[0]) for part in in_order([expr]) if part.op == "column"]
    code = any(name.startswith(FRAME_INPUT) for name in inputs)
    return Column(
        column=name,
        family=feature.family,
        unit=feature.unit_of(name),
        role=feature.role,
        price_units=feature.price_units,
        needs_volume=needs_volume(name, own),
        fitted=bool(graph.unfitted),
        warmup=graph.warmup,
        settled=graph.settled,
        meaning=feature.summary,
        description=inspect.getdoc(feature.build) or "",
        formula="" if code else formula(expr),
        bundled=not code,
        defined=module if module.startswith("barwise.") else place_of(feature.build),
    )
