"""A rule that joins settings of several groups."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from barwise.pipeline.config import RunConfig


@dataclass(frozen=True)
class Rule:
    """Settings of several groups that have to agree.

    Parameters
    ----------
    at : str
        Dotted key that an error points to.
    needs : tuple of str
        Dotted keys that ``broken`` reads.
    broken : callable
        Returns what is wrong and the way out, or None.
    """

    at: str
    needs: tuple[str, ...]
    broken: Callable[[RunConfig], str | None]
