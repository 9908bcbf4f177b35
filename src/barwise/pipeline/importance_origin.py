"""What a study of importance was made of, and whose scores it flatters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

import numpy as np

from barwise.core.config import Settings
from barwise.core.hashing import hash_json
from barwise.datasets import TimeSeriesDataContainer


class Origin(Settings):
    """Data, settings and code of a study.

    Parameters
    ----------
    symbol, underlying : str
    simulated : bool
        Whether a simulator made the bars.
    horizon : int
        Of the labels, bars.
    part : str
        Whose rows were cut into folds: ``train`` or ``train+val``.
    first, last : int
        Of those rows, nanoseconds UTC.
    last_label_end : int
        When the last of their labels was known: the study knows nothing later.
    samples : int
    effective_samples : float
        Sum of their labels' uniqueness.
    model : str
    methods : tuple of str
    folds : str
        In words.
    embargo : int or None
        Bars, where it was given.
    permutations, seed : int
    configuration : str
        SHA-256 of the config, less its models and output, and of the study's model.
    data : dict of str to str
        Addresses of bars, features and labels: SHA-256 of their bytes.
    code : str
        SHA-256 of the code.
    """

    symbol: str
    underlying: str
    simulated: bool
    horizon: int
    part: Literal["train", "train+val"]
    first: int
    last: int
    last_label_end: int
    samples: int
    effective_samples: float
    model: str
    methods: tuple[str, ...]
    folds: str
    embargo: int | None
    permutations: int
    seed: int
    configuration: str
    data: dict[str, str]
    code: str

    @property
    def hash(self) -> str:
        """SHA-256 of everything but the code."""
        return hash_json(self.model_dump(mode="json", exclude={"code"}))

    @property
    def span(self) -> str:
        """The time of its labels in words."""
        return f"{_minute(self.first)} to {_minute(self.last_label_end)}"


class Flattered(NamedTuple):
    """A part whose scores know a study's labels: ``validation`` or ``test``."""

    name: str
    text: str


def flattered(origin: Origin, data: TimeSeriesDataContainer) -> Iterator[Flattered]:
    """Yield the parts of a data set whose labels a study has seen.

    A study of another symbol counts as well: markets move together.

    Parameters
    ----------
    origin : Origin
    data : TimeSeriesDataContainer
        The sealed part is read by its boundary alone.
    """
    whose = "" if origin.symbol == data.symbol else f" of {origin.symbol}"
    for name, begins in zip(("validation", "test"), data.split.boundaries, strict=True):
        if origin.last_label_end >= begins:
            yield Flattered(
                name,
                f"the study knows labels{whose} up to {_minute(origin.last_label_end)}, "
                f"and the {name} part begins at {_minute(begins)}",
            )


def _minute(nanoseconds: int) -> str:
    return f"{np.datetime64(nanoseconds, 'ns').astype('datetime64[m]')} UTC"
