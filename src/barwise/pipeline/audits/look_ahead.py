"""Whether a row changes when the bars after it do, and how far ahead it looks.

Notation
--------
n : bars; k : columns
cut : rows that two runs have in common; a causal column agrees on all of them
needed(r) : the fewest later bars that have to be known for row r to have its value
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from barwise.bars.bars import format_interval
from barwise.core.arrays import DAY, HOUR, MINUTE
from barwise.pipeline.audits.findings import Finding, show, where
from barwise.pipeline.audits.futures import FUTURES, Future, telling_points
from barwise.pipeline.audits.history import History
from barwise.pipeline.audits.subjects import Subject

_EXAMPLES = 6
_CHANCE = 2e-3
_LONGER = (DAY, 4 * HOUR, 2 * HOUR, HOUR, 30 * MINUTE, 15 * MINUTE, 5 * MINUTE)


@final
@dataclass(frozen=True)
class Change:
    """A value of the past that another future has changed.

    Parameters
    ----------
    row : int
    cut : int
        From here on the bars were others.
    future : {"gone", "higher", "lower"}
    before, after : float
        The value with the real future, and with the other one.
    """

    row: int
    cut: int
    future: Future
    before: float
    after: float


def look_ahead(
    subject: Subject,
    history: History,
    whole: np.ndarray,
    cuts: Sequence[int],
    progress: Callable[[int], None],
) -> list[Finding]:
    """Change the future after each cut and compare all rows before it.

    Parameters
    ----------
    subject : Subject
    history : History, n rows
    whole : ndarray of float64, shape (n, k)
        The subject's values on all bars.
    cuts : sequence of int
    progress : callable
        Told how many cuts are done.
    """
    seen: dict[int, list[Change]] = {}
    for done, cut in enumerate(cuts, start=1):
        for future in FUTURES:
            other = subject.values(history.with_future(cut, future))[:cut]
            moved = subject.differs(whole[:cut], other)
            for column in np.flatnonzero(moved.any(axis=0)):
                rows = np.flatnonzero(moved[:, column])
                seen.setdefault(int(column), []).extend(
                    Change(row, cut, future, whole[row, column], other[row, column])
                    for row in {int(rows[0]), int(rows[-1])}
                )
        progress(done)
    if not seen and subject.kind == "frame":
        seen = _in_few_rows(subject, history, whole)
    return [
        _finding(subject, history, whole, column, seen[column])
        for column in sorted(seen)
    ]


def _in_few_rows(
    subject: Subject, history: History, whole: np.ndarray
) -> dict[int, list[Change]]:
    """End the bars at many more places: expressions have no op that looks ahead."""
    seen: dict[int, list[Change]] = {}
    for cut in telling_points(history.bars):
        other = subject.values(history.with_future(cut, "gone"))[:cut]
        for column, row in zip(
            *np.nonzero(subject.differs(whole[:cut], other).T), strict=True
        ):
            change = Change(
                int(row), cut, "gone", whole[row, column], other[row, column]
            )
            seen.setdefault(int(column), []).append(change)
    return seen


def _finding(
    subject: Subject,
    history: History,
    whole: np.ndarray,
    column: int,
    changes: list[Change],
) -> Finding:
    bars = history.bars
    latest = sorted(changes, key=lambda c: (c.cut - c.row, FUTURES.index(c.future)))
    spread = {c.cut: c for c in reversed(latest)}
    chosen = [spread[cut] for cut in sorted(spread)]
    chosen = [
        chosen[int(place)]
        for place in np.unique(np.linspace(0, len(chosen) - 1, _EXAMPLES).round())
    ]
    needed = [_needed(subject, history, whole, column, change) for change in chosen]
    # At the end of the file there is less to look at.
    inside = [(c, n) for c, n in zip(chosen, needed, strict=True)
              if c.row + n < len(bars) - 1]  # fmt: skip
    # Rows far before their cut say more than the bisection of a near one.
    reach = max(*needed, *(change.cut - change.row for change in changes))
    first, bars_later = chosen[0], f"the bar {_rows(needed[0])} later"
    with_all, with_other = show(first.before, first.after)
    shown = f"{where(bars, first.row)} is {with_all} with all bars and {with_other} "
    shown += _what(first)
    if len(bars) > first.row + needed[0] >= 3 * len(bars) // 4 > 1.5 * first.row:
        how = "depends on all later rows, as a statistic of the whole file does"
        why = f"even {bars_later} moves it"
        ahead = None
    else:
        varied = len({count for _, count in inside}) > 1
        how = f"looks {'up to ' * varied}{_rows(reach)} ahead"
        ends = [bars.time[change.row + count] for change, count in inside]
        forming = _common_boundary(ends, bars.interval) if varied else None
        if forming:
            length = format_interval(forming)
            how += f", to the end of the bar of {length} that is forming"
        why = f"it stays what it is once {bars_later} is known"
        ahead = reach
    return Finding(
        "cheat",
        "look_ahead",
        subject.columns[column],
        f"{how}: {shown}; {why}",
        first.row,
        int(bars.time[first.row]),
        ahead,
    )


def _rows(count: int) -> str:
    return f"{count:,} row{'s' * (count > 1)}"


def _what(change: Change) -> str:
    word = "without the" if change.future == "gone" else "with other"
    later = change.cut - change.row
    return (
        f"{word} bars {'after it' if later == 1 else f'{later:,} and more rows later'}"
    )


def _needed(
    subject: Subject, history: History, whole: np.ndarray, column: int, change: Change
) -> int:
    """Count the later bars that a row needs, by bisection."""

    def moved(later: int) -> bool:
        cut = change.row + 1 + later
        return any(
            subject.differs(
                whole[:cut], subject.values(history.with_future(cut, future))[:cut]
            )[change.row, column]
            for future in reversed(FUTURES)  # another level moves most rows
        )

    low, high = change.cut - change.row - 1, len(history.bars) - 1 - change.row
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if moved(middle) else (low, middle)
    return high


def _common_boundary(ends: Sequence[int], interval: int | None) -> int | None:
    """Return the longest interval at whose ends all these bars close, beyond chance.

    They are not all at the same phase of a longer one, as those of a regular grid are.
    """
    for longer in _LONGER:
        if interval and all(end % longer == 0 for end in ends):
            chance = (interval / longer) ** len(set(ends))
            phases = {end % (4 * longer) for end in ends}
            return longer if chance < _CHANCE and len(phases) > 1 else None
    return None
