"""What is traded: contract facts, costs, calendar and barrier multiples of a symbol."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Literal, final, get_args

from barwise.bars.calendars import get_calendar
from barwise.core.errors import ConfigError

InstrumentKind = Literal["future", "forex", "cfd", "equity", "crypto"]


@final
@dataclass(frozen=True, kw_only=True)
class Instrument:
    """The facts about one symbol that turn a price into money and a time into a session.

    Parameters
    ----------
    symbol : str
        What bars and results are named by.
    name : str
        What people call it.
    kind : {"future", "forex", "cfd", "equity", "crypto"}
    calendar : str
        Name of a product calendar.
    tick_size : float
        Smallest price step.
    multiplier : float
        Gain of one contract (lot, share, coin) in ``currency`` for a price rise of 1.
    currency : str
        Currency of profit and costs.
    has_volume : bool
        Whether sources carry a traded volume.
    commission : float
        Per contract and side, in ``currency``.
    slippage_ticks : float
        Per side, in ticks.
    barriers : (float, float)
        Upper and lower multiples of the average true range for labels.
    aliases : tuple of str
        Other spellings.
    underlying : str
        Instruments that move together share one: what was tried on one was tried on
        the others. By default the symbol itself.

    Raises
    ------
    ConfigError
        If a figure is impossible.

    Examples
    --------
    A user's own instrument needs no registration; it is passed where a symbol's
    instrument is asked for.

    >>> own = Instrument(
    ...     symbol="FDAX",
    ...     name="DAX future",
    ...     kind="future",
    ...     calendar="cme_equity",
    ...     tick_size=1.0,
    ...     multiplier=25.0,
    ...     currency="EUR",
    ...     has_volume=True,
    ...     commission=2.0,
    ...     slippage_ticks=1.0,
    ...     barriers=(1.5, 1.0),
    ... )
    >>> own.tick_value
    25.0
    """

    symbol: str
    name: str
    kind: InstrumentKind
    calendar: str
    tick_size: float
    multiplier: float
    currency: str
    has_volume: bool
    commission: float
    slippage_ticks: float
    barriers: tuple[float, float]
    aliases: tuple[str, ...] = ()
    underlying: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "underlying", self.underlying or self.symbol)
        get_calendar(self.calendar)
        if self.kind not in get_args(InstrumentKind):
            known = ", ".join(get_args(InstrumentKind))
            raise ConfigError(
                f"{self.symbol}: kind {self.kind!r} is not one of {known}"
            )
        figures = {
            "tick_size": self.tick_size,
            "multiplier": self.multiplier,
            "barriers[0]": self.barriers[0],
            "barriers[1]": self.barriers[1],
        }
        for key, value in figures.items():
            if not (math.isfinite(value) and value > 0):
                raise ConfigError(f"{self.symbol}: {key} must be above 0, got {value}")
        for key in ("commission", "slippage_ticks"):
            value = getattr(self, key)
            if not (math.isfinite(value) and value >= 0):
                raise ConfigError(f"{self.symbol}: {key} must be >= 0, got {value}")

    @property
    def tick_value(self) -> float:
        """Gain of one contract for a price rise of one tick, in ``currency``."""
        return self.tick_size * self.multiplier


def get_instrument(symbol: str) -> Instrument:
    """Return an instrument that barwise knows, by symbol or alias.

    Parameters
    ----------
    symbol : str
        Upper and lower case are the same.

    Raises
    ------
    ConfigError
        If the symbol is unknown; the message lists those that are known.

    Examples
    --------
    >>> mes = get_instrument("MES")
    >>> mes.tick_value, mes.barriers
    (1.25, (1.5, 1.0))
    >>> get_instrument("eur/usd").symbol
    'EURUSD'
    """
    known = instruments()
    wanted = symbol.upper()
    for one in known.values():
        if wanted == one.symbol or wanted in one.aliases:
            return one
    raise ConfigError(
        f"unknown symbol {symbol!r}; known are {', '.join(known)}. Define another one "
        "in the config with the keys of defaults/symbols.yaml"
    )


@lru_cache(maxsize=1)
def instruments() -> Mapping[str, Instrument]:
    """Return all instruments of ``defaults/symbols.yaml`` by symbol."""
    from ruamel.yaml import YAML

    text = (
        resources.files("barwise.defaults").joinpath("symbols.yaml").read_text("utf-8")
    )
    entries: dict[str, dict[str, Any]] = YAML(typ="safe", pure=True).load(text)
    return MappingProxyType(
        {symbol: _instrument(symbol, entry) for symbol, entry in entries.items()}
    )


def _instrument(symbol: str, entry: dict[str, Any]) -> Instrument:
    upper, lower = entry.pop("barriers")
    aliases = tuple(entry.pop("aliases"))
    return Instrument(symbol=symbol, barriers=(upper, lower), aliases=aliases, **entry)
