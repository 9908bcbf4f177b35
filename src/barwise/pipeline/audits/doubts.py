"""What is no look ahead, but makes a column worth less than it seems."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from barwise.bars.bars import Bars
from barwise.pipeline.audits.findings import Finding, show, where
from barwise.pipeline.audits.history import History, at_prices
from barwise.pipeline.audits.subjects import FrameSubject, Subject

_FORGOTTEN = 1e-6
"""Beside the spread of a column: what is left of an exponential average's start."""

_MOVED = 0.01
"""Share of rows that have to change for a column to be in price units."""


def coverage(subject: Subject, bars: Bars, whole: np.ndarray) -> list[Finding]:
    """Columns without a value, with one value only, or with infinite ones."""
    found = []
    for column, name in enumerate(subject.columns):
        values = whole[:, column]
        finite = values[np.isfinite(values)]
        infinite = np.flatnonzero(np.isinf(values))
        text = None
        if not len(finite):
            text = f"has no value on {len(bars):,} bars; audit it on more of them"
        elif len(infinite):
            text = (
                f"is infinite on {len(infinite):,} rows, first on "
                f"{where(bars, int(infinite[0]))}; such rows are no samples"
            )
        elif (finite == finite[0]).all():
            text = f"is {finite[0]:g} on every row that has a value"
        if text is not None:
            found.append(Finding("warning", "values", name, text))
    return found


def price_units(subject: Subject, history: History, whole: np.ndarray) -> list[Finding]:
    """Columns that move with the level of the price and do not say so."""
    bars = history.bars
    other = subject.values(history.with_bars(lambda part: at_prices(part, 2.0)))
    found = []
    for column, name in enumerate(subject.columns):
        moved = _apart(whole[:, column], other[:, column], 1e-4)
        if name in subject.priced or moved.mean() <= _MOVED:
            continue
        row = int(np.flatnonzero(moved)[-1])
        one, two = show(whole[row, column], other[row, column])
        found.append(
            Finding(
                "warning",
                "price_units",
                name,
                f"moves with the level of the price: {where(bars, row)} is "
                f"{one}, and {two} with all prices doubled; divide by the price or by an average range, or a model "
                "learns the level of a year (price_units=True says that it is meant)",
                row,
                int(bars.time[row]),
            )
        )
    return found


def origin(subject: Subject, bars: Bars, whole: np.ndarray) -> list[Finding]:
    """Columns that never forget where the file began."""
    starts = [len(bars) // 8, len(bars) // 3]
    others = [subject.values(History(bars[start:])) for start in starts]
    found = []
    for column, name in enumerate(subject.columns):
        rows = [
            _last(_apart(whole[start:, column], other[:, column], _FORGOTTEN))
            for start, other in zip(starts, others, strict=True)
        ]
        ends = [len(other) - 1 - len(other) // 20 for other in others]
        if not all(row > end for row, end in zip(rows, ends, strict=True)):
            continue
        row = starts[0] + rows[0]
        one, two = show(whole[row, column], others[0][rows[0], column])
        found.append(
            Finding(
                "warning",
                "origin",
                name,
                f"never forgets where the file begins: {where(bars, row)} is "
                f"{one}, and {two} when the first {starts[0]:,} bars are left out; live has to start from "
                "the same bar, or use a window",
                row,
                int(bars.time[row]),
            )
        )
    return found


def short_lookback(
    subject: FrameSubject, bars: Bars, whole: np.ndarray
) -> list[Finding]:
    """Columns whose look-back holds less than the function remembers."""
    lookback = subject.function.lookback
    if lookback is None or lookback >= len(bars):
        return []
    rows = np.linspace(max(lookback - 1, len(bars) // 2), len(bars) - 1, 8).astype(int)
    made = _windows(subject, bars, rows, lookback)
    wrong = subject.differs(whole[rows], made)
    if not wrong.any():
        return []
    enough = _enough(subject, bars, whole, rows, lookback)
    advice = (
        f"a look-back of {enough:,} bars gives the same"
        if enough
        else "no look-back that was tried gives the same"
    )
    found = []
    for column in np.flatnonzero(wrong.any(axis=0)):
        place = int(np.flatnonzero(wrong[:, column])[0])
        one, two = show(whole[rows[place], column], made[place, column])
        found.append(
            Finding(
                "warning",
                "lookback",
                subject.columns[column],
                f"is another column in a run: {where(bars, int(rows[place]))} is "
                f"{one} over all bars and {two} over its look-back of {lookback:,}; "
                f"{advice}",
                int(rows[place]),
                int(bars.time[rows[place]]),
            )
        )
    return found


def _enough(
    subject: FrameSubject,
    bars: Bars,
    whole: np.ndarray,
    rows: Sequence[int] | np.ndarray,
    lookback: int,
) -> int | None:
    """Return a look-back over which the function gives what it gives over all bars."""
    while (lookback := 2 * lookback) <= int(np.min(rows)) + 1:
        made = _windows(subject, bars, rows, lookback)
        if not subject.differs(whole[rows], made).any():
            return lookback
    return None


def _windows(
    subject: FrameSubject, bars: Bars, rows: Sequence[int] | np.ndarray, lookback: int
) -> np.ndarray:
    function = replace(subject.function, columns=())
    return np.stack([function.last(bars[row + 1 - lookback : row + 1]) for row in rows])


def _apart(one: np.ndarray, other: np.ndarray, share: float) -> np.ndarray:
    """Say which values are further apart than a share of their size and spread."""
    finite = one[np.isfinite(one)]
    spread = float(finite.std()) if len(finite) else 0.0
    with np.errstate(invalid="ignore"):
        size = np.maximum(np.abs(one), np.abs(other)) + spread
        near = np.abs(one - other) <= share * size
    return ~(near | (one == other) | (np.isnan(one) & np.isnan(other)))


def _last(moved: np.ndarray) -> int:
    rows = np.flatnonzero(moved)
    return int(rows[-1]) if len(rows) else -1
