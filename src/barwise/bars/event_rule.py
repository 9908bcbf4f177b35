"""When an event bar is complete: the rule that its rows carry with them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, final, get_args

from barwise.core.errors import ConfigError

EventKind = Literal[
    "tick", "volume", "dollar", "tick_imbalance", "volume_imbalance", "dollar_imbalance"
]

_KINDS: tuple[EventKind, ...] = get_args(EventKind)


@final
@dataclass(frozen=True)
class EventRule:
    """What ends an event bar.

    Parameters
    ----------
    kind : str
        ``tick``: ``size`` trades. ``volume``: at least ``size`` traded. ``dollar``: at
        least ``size`` of price times volume, in the quote currency and without a
        contract's multiplier. ``tick_imbalance``, ``volume_imbalance``,
        ``dollar_imbalance``: more buying than selling, or less, than was to be expected.
    size : float
        In imbalance bars the trades that a bar has on average. A whole number where it
        counts trades.

    Raises
    ------
    ConfigError
        If the kind is unknown or the size impossible for it.

    References
    ----------
    Lopez de Prado (2018), Advances in Financial Machine Learning, ch. 2.

    Examples
    --------
    >>> EventRule("volume", 5000)
    EventRule(kind='volume', size=5000.0)
    >>> EventRule("volume", 5000).text, str(EventRule("volume", 5000))
    ('5,000 traded volume', 'volume:5000.0')
    """

    kind: EventKind
    size: float

    def __post_init__(self) -> None:
        if self.kind not in _KINDS:
            raise ConfigError(
                f"kind={self.kind!r} is no rule of event bars; choose one of "
                f"{', '.join(_KINDS)}"
            )
        object.__setattr__(self, "size", float(self.size))
        if not 0 < self.size < math.inf:
            raise ConfigError(f"the size of a {self.kind} bar must be above 0")
        least = 2 if self.imbalance else 1
        if self.counts and (self.size < least or self.size % 1):
            raise ConfigError(
                f"the size of a {self.kind} bar is a whole number of trades, at least "
                f"{least}; got {self.size:g}"
            )

    @classmethod
    def parse(cls, text: str) -> EventRule:
        """Return the rule of which ``text`` is the ``str``.

        Examples
        --------
        >>> EventRule.parse("tick_imbalance:500.0")
        EventRule(kind='tick_imbalance', size=500.0)
        """
        kind, _, size = text.partition(":")
        try:
            return cls(kind, float(size))  # type: ignore[arg-type]
        except ValueError:
            raise ConfigError(f"{text!r} is no rule of event bars") from None

    @property
    def imbalance(self) -> bool:
        """Whether buying and selling are weighed against each other."""
        return self.kind.endswith("_imbalance")

    @property
    def counts(self) -> bool:
        """Whether ``size`` is a number of trades."""
        return self.kind == "tick" or self.imbalance

    @property
    def needs_volume(self) -> bool:
        """Whether the sizes of trades are looked at."""
        return not self.kind.startswith("tick")

    @property
    def text(self) -> str:
        """What a bar holds, in words: bars of ..."""
        if self == TRADES:
            return "1 trade"
        size = f"{self.size:,.15g}"
        if self.imbalance:
            return f"{self.kind.replace('_', ' ')}, about {size} trades"
        unit = {"tick": "trades", "volume": "traded volume", "dollar": "traded value"}
        return f"{size} {unit[self.kind]}"

    def __str__(self) -> str:
        return f"{self.kind}:{self.size!r}"


TRADES = EventRule("tick", 1)
"""Trades as they were made: bars of one tick."""
