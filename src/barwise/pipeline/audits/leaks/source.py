"""What the source itself speaks against: its clock, its stamps, how gaps are filled."""

from __future__ import annotations

import numpy as np

from barwise.bars.bars import Bars
from barwise.pipeline.audits.leaks.setup import Setup
from barwise.pipeline.audits.leaks.source_bars import straight_lines, volume_lead
from barwise.pipeline.audits.leaks.verdict import Leak, NotChecked
from barwise.pipeline.importance_origin import flattered

_RUN = 12
"""Bars in a row that are no coincidence when they come twice."""

_SURE = ("data.label", "data.timezone")
"""Settings that, where they are wrong, make rows known earlier than they were."""


def stamps(setup: Setup) -> list[Leak]:
    """Sessions, daylight saving and volume against the stamps of the source."""
    told = [
        Leak(
            "leak" if any(setting in text for setting in _SURE) else "doubt",
            "source",
            text,
            "set what is named, after a look at a few rows beside a chart of the market",
        )
        for text in setup.told
    ]
    bars = setup.source or setup.bars
    lead = None if bars is None else volume_lead(bars)
    if lead is not None:
        told.append(
            Leak(
                "leak",
                "volume",
                f"goes with the range of the next bar (rank correlation {lead[0]:+.2f}) "
                f"more than with that of its own ({lead[1]:+.2f})",
                "look whether volume stands a row too early, or was restated afterwards",
                value=lead[0] - lead[1],
            )
        )
    return told


def filling(setup: Setup) -> list[Leak]:
    """Gaps that are filled with what came after them, by the config or the vendor."""
    bars = setup.source or setup.bars
    lines = [] if bars is None else straight_lines(bars)
    if bars is not None and lines:
        return [
            Leak(
                "leak",
                "source",
                f"{len(lines):,} stretches of bars lie on a straight line to the next real "
                f"price, first from row {lines[0]:,} on: the vendor fills gaps with what "
                "came after them",
                "take bars without filled gaps, or leave out such rows and write gaps: ffill",
                lines[0],
                int(bars.time[lines[0]]),
                float(len(lines)),
            )
        ]
    if not setup.offline:
        return []
    return [
        Leak(
            "leak",
            "data.gaps",
            "gaps are interpolated: a filled bar lies on the line to the next real one",
            "write gaps: ffill",
        )
    ]


def interpolated(setup: Setup) -> Setup:
    """Plant: gaps are interpolated."""
    return setup.replace(offline=True)


def repeated_bars(setup: Setup) -> list[Leak]:
    """Stretches of bars that come twice."""
    bars = setup.bars
    if bars is None:
        raise NotChecked("the bars of this data set are not known")
    first, later = _copies(bars)
    if not len(later):
        return []
    row, other = int(later[0]), int(first[0])
    split = setup.data.split
    parts = {
        name: bars.time[split.part(name)[[0, -1]]] for name in ("train", "val", "test")
    }
    crossing = [
        a != b
        for a, b in zip(
            _part(bars, first, parts), _part(bars, later, parts), strict=True
        )
    ]
    return [
        Leak(
            "leak" if any(crossing) else "doubt",
            "bars",
            f"{len(later):,} stretches of {_RUN} bars come twice, to the last digit of "
            f"prices and volume: from row {row:,} as from row {other:,}",
            "remove the copy from the source: models would have seen its outcome",
            row,
            int(bars.time[row]),
            float(len(later)),
        )
    ]


def _copies(bars: Bars) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows at which copied stretches begin, first and second time."""
    fields = (bars.open, bars.high, bars.low, bars.close, bars.volume)
    moving = (bars.high > bars.low) & ~bars.filled
    keys = np.zeros(len(bars), dtype=np.uint64)
    for column in fields:
        keys = (keys ^ (column + 0.0).view(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        keys ^= keys >> np.uint64(31)
    count = len(bars) - _RUN + 1
    if count < 2:
        return np.array([], int), np.array([], int)
    rolled = np.zeros(count, dtype=np.uint64)
    alive = np.ones(count, dtype=bool)
    for step in range(_RUN):
        rolled = rolled * np.uint64(0x100000001B3) ^ keys[step : step + count]
        alive &= moving[step : step + count]
    rows = np.flatnonzero(alive)
    _, begin, number = np.unique(rolled[rows], return_index=True, return_inverse=True)
    first = rows[begin[number]]
    twice = first != rows
    return first[twice], rows[twice]


def _part(bars: Bars, rows: np.ndarray, parts: dict[str, np.ndarray]) -> list[str]:
    times = bars.time[rows]
    names = np.full(len(rows), "between", dtype=object)
    for name, (begin, end) in parts.items():
        names[(times >= begin) & (times <= end)] = name
    return list(names)


def copied_bars(setup: Setup) -> Setup:
    """Plant: the bars of some training rows come again in the validation part."""
    history = setup.history
    if history is None:
        raise NotChecked("no bars")
    bars, split = history.bars, setup.data.split
    count = 2 * _RUN
    moving = np.flatnonzero((bars.high > bars.low) & ~bars.filled)
    start = int(moving[len(moving) // 4])
    into = int(split.val[0])
    changed = {}
    for name in ("open", "high", "low", "close", "volume"):
        column = getattr(bars, name).copy()
        column[into : into + count] = column[start : start + count]
        changed[name] = column
    planted = type(history)(
        bars.with_columns(**changed), history.fine, history.external
    )
    return setup.replace(history=planted)


def choices(setup: Setup) -> list[Leak]:
    """Decisions that were made with the rows that are scored."""
    found = [
        Leak(
            "leak",
            name,
            "training stops by the validation part, which is then scored",
            "set early_stopping_on: train_tail",
        )
        for name in setup.stops_on_validation
    ]
    found += _of_the_study(setup)
    if setup.data.times_opened:
        found.append(
            Leak(
                "doubt",
                "test part",
                f"it was opened {setup.data.times_opened} times: choices made since then "
                "may know it",
                "judge the next choice on data that nobody has seen",
                value=float(setup.data.times_opened),
            )
        )
    return found


def _of_the_study(setup: Setup) -> list[Leak]:
    """Say whether the study that chose the columns knows the rows that are scored."""
    if not setup.chosen_by:
        return []
    if setup.study is None:
        return [
            Leak(
                "doubt",
                setup.chosen_by,
                "columns were chosen by a study; from which rows it learned is not known",
                "make it with barwise features importance --part train, whose file says "
                "so, or prune_correlated, which learns in each fold",
            )
        ]
    return [
        Leak(
            # Validation compares choices, and its readers are told; test is for none.
            "leak" if part == "test" else "doubt",
            setup.chosen_by,
            f"columns were chosen by labels of the {part} part: {text}",
            "make the study on earlier rows (barwise features importance --part train)",
        )
        for part, text in flattered(setup.study, setup.data)
    ]


def stopping_on_validation(setup: Setup) -> Setup:
    """Plant: a model that stops by the validation part."""
    return setup.replace(stops_on_validation=("canary",))
