"""The chronological split: train, then validation, then test, purged between.

Notation
--------
t_i, e_i : time of sample i (its bar's close) and time at which its label is known
b_i : number of the bar of sample i
part k begins at the boundary (T_k, B_k): time and bar of its first candidate

A sample of an earlier part stays if its label ends before the next part begins,
``e_i < T_k``, and at least ``purge`` bars lie between, ``B_k - b_i > purge``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, final

import numpy as np
from pydantic import Field, ValidationError, field_validator

from barwise.core.arrays import Flags
from barwise.core.config import Settings
from barwise.core.errors import ConfigError, DataError
from barwise.core.moments import nanoseconds
from barwise.datasets.gap import Gap
from barwise.datasets.timeline import Timeline

Part = Literal["train", "val", "test"]
PARTS: tuple[Part, ...] = ("train", "val", "test")

HORIZONS_PURGED = 3
"""Bars purged between parts, in units of the largest horizon (20 bars give 60)."""


class SplitSettings(Settings):
    """How samples are cut into train, validation and test.

    Parameters
    ----------
    fractions : tuple of float
        Shares of train, validation and test; positive, sum 1.
    purge : int or None
        Bars that must lie between two parts; None is 3 x the largest horizon.
    embargo : int
        Bars left out at the start of each later part.
    """

    fractions: tuple[float, float, float] = (0.70, 0.15, 0.15)
    purge: int | None = Field(default=None, ge=0)
    embargo: int = Field(default=0, ge=0)

    @field_validator("fractions")
    @classmethod
    def _sum_to_one(
        cls, value: tuple[float, float, float]
    ) -> tuple[float, float, float]:
        # A NaN compares as nothing, so what is right is asked for.
        if not (min(value) > 0 and abs(sum(value) - 1) <= 1e-9):
            raise ValueError(
                f"fractions must be positive and sum to 1, got {value} "
                f"(sum {sum(value):g}); for example [0.70, 0.15, 0.15]"
            )
        return value


@final
@dataclass(frozen=True, eq=False)
class Split:
    """Positions of the samples of each part, in order of time.

    Parameters
    ----------
    train, val, test : ndarray of int64, shape (n,)
        Positions in the arrays that were split.
    boundaries : tuple of int
        Time of the first candidate of validation and of test, nanoseconds UTC.
    removed : dict
        For each part how many candidates went, and why: ``overlap`` (label ends in
        the next part), ``gap`` (nearer to it than the purge), ``embargo``.
    """

    train: np.ndarray
    val: np.ndarray
    test: np.ndarray
    boundaries: tuple[int, int]
    removed: dict[Part, dict[str, int]]

    def part(self, name: Part) -> np.ndarray:
        """Return the positions of one part."""
        positions: np.ndarray = {
            "train": self.train,
            "val": self.val,
            "test": self.test,
        }[name]
        return positions


def chronological_split(
    times: np.ndarray,
    label_end_times: np.ndarray,
    *,
    fractions: tuple[float, float, float] = (0.70, 0.15, 0.15),
    purge: int,
    embargo: int = 0,
    bars: np.ndarray | None = None,
) -> Split:
    """Cut samples into train, validation and test; never shuffled.

    Parameters
    ----------
    times : ndarray of int64, shape (n,)
        Close of each sample's bar, nanoseconds UTC, never decreasing. Samples of one
        time are never parted.
    label_end_times : ndarray of int64, shape (n,)
        When each label is known; both ends of [time, end] are inclusive.
    fractions : tuple of float
        Shares of the samples, before purging.
    purge : int
        Bars that must lie between the last sample of a part and the boundary.
    embargo : int
        Bars left out after each boundary, from the later part.
    bars : ndarray of int64, shape (n,), optional
        Number of each sample's bar, never decreasing. By default every sample is
        one bar, which purges too much where samples are sparse.

    Returns
    -------
    Split

    Raises
    ------
    ConfigError
        If a part is left empty: the message says by what, and what to change.
    DataError
        If times or bars decrease, or a label ends before its sample's time.

    References
    ----------
    Lopez de Prado (2018), Advances in Financial Machine Learning, ch. 7.

    Examples
    --------
    Labels last two ticks; one more bar must lie between the parts.

    >>> import numpy as np
    >>> t = np.arange(20)
    >>> split = chronological_split(t, t + 2, fractions=(0.6, 0.2, 0.2), purge=3)
    >>> split.train, split.val, split.test
    (array([0, 1, 2, 3, 4, 5, 6, 7, 8]), array([12]), array([16, 17, 18, 19]))
    >>> split.removed["train"]
    {'overlap': 2, 'gap': 1, 'embargo': 0}
    """
    purge, embargo = _checked(fractions, purge, embargo)
    line = _in_order(
        nanoseconds(times, "times"),
        nanoseconds(label_end_times, "label_end_times"),
        None if bars is None else nanoseconds(bars, "bars"),
    )
    cuts = _cuts(line, fractions)
    edges = [0, *cuts, len(line)]
    kept: dict[Part, np.ndarray] = {}
    removed: dict[Part, dict[str, int]] = {}
    for number, name in enumerate(PARTS):
        begin, end = edges[number], edges[number + 1]
        late, overlap, near = np.zeros((3, end - begin), dtype=bool)
        if number > 0:
            late[: line.skip(begin, Gap(embargo, "bars")) - begin] = True
        if number < len(PARTS) - 1:
            overlap = line.reaching(begin, end)
            near[max(line.near_before(end, Gap(purge, "bars")) - begin, 0) :] = True
        kept[name] = begin + np.flatnonzero(~(overlap | near | late))
        removed[name] = _count(late, overlap, near)
        if not len(kept[name]):
            raise ConfigError(_emptied(name, removed[name], purge, embargo, fractions))
    boundaries = (int(line.times[cuts[0]]), int(line.times[cuts[1]]))
    return Split(kept["train"], kept["val"], kept["test"], boundaries, removed)


def _cuts(line: Timeline, fractions: tuple[float, float, float]) -> tuple[int, int]:
    """First position of validation and of test; equal times stay together."""
    count = len(line)
    shares = (fractions[0], fractions[0] + fractions[1])
    # The tolerance keeps 0.7 + 0.15 of 100 rows at 85, whatever the binary sum is.
    first, second = (line.snap(int(share * count + 1e-9)) for share in shares)
    if not 0 < first < second < count:
        raise ConfigError(
            f"the split of {count} samples by fractions {fractions} gives "
            f"{first}, {second - first} and {count - second} rows for train, val and "
            "test; every part needs one. Use more data, or other split.fractions"
        )
    return first, second


def _count(late: Flags, overlap: Flags, near: Flags) -> dict[str, int]:
    return {
        "overlap": int(np.count_nonzero(overlap & ~late)),
        "gap": int(np.count_nonzero(near & ~overlap & ~late)),
        "embargo": int(np.count_nonzero(late)),
    }


def _emptied(
    name: Part,
    gone: dict[str, int],
    purge: int,
    embargo: int,
    fractions: tuple[float, float, float],
) -> str:
    total = sum(gone.values())
    share = dict(zip(PARTS, fractions, strict=True))[name]
    return (
        f"the {name} part is empty: of its {total} samples {gone['overlap']} have a "
        f"label that ends in the next part, {gone['gap']} more lie within "
        f"split.purge={purge} bars of it, and split.embargo={embargo} takes "
        f"{gone['embargo']}. Use more data, a smaller split.purge or split.embargo, a "
        f"shorter horizon, or a larger share than {share:g} in split.fractions"
    )


def _checked(
    fractions: tuple[float, float, float], purge: int, embargo: int
) -> tuple[int, int]:
    try:
        found = SplitSettings(fractions=fractions, purge=purge, embargo=embargo)
    except ValidationError as problem:
        first = problem.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"chronological_split: {where}: {first['msg']}") from problem
    if found.purge is None:
        raise ConfigError(
            "chronological_split: purge: give a number of bars, 0 is none"
        )
    return found.purge, found.embargo


def _in_order(
    times: np.ndarray, label_end_times: np.ndarray, bars: np.ndarray | None
) -> Timeline:
    """The samples as they stand; by default every one of them is a bar."""
    numbers = np.arange(len(times)) if bars is None else bars
    for name, array in (("times", times), ("bars", numbers)):
        back = np.flatnonzero(np.diff(array) < 0)
        if len(back):
            row = int(back[0]) + 1
            raise DataError(
                f"chronological_split: {name} must never decrease, but row {row} has "
                f"{array[row]} after {array[row - 1]}; sort the samples by time"
            )
    return Timeline.of(times, label_end_times, numbers)
