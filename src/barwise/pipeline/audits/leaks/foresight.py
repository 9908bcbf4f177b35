"""Columns that say too much of what comes.

Notation
--------
x : a column; r : log return of the labelled trade; c : close
f_k = log(c[t+k] / c[t]) : the move of the next k bars
eta2 : share of the variance of r that 20 equally filled bins of x explain
V2 : Cramer's V squared of those bins and the label (Cramer, 1946)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np

from barwise.pipeline.audits.leaks.association import (
    associated,
    beyond_chance,
    beyond_the_last_move,
    binned,
    explained,
    rank_correlation,
)
from barwise.pipeline.audits.leaks.sampling import near_steps, sample_rows
from barwise.pipeline.audits.leaks.setup import Setup, with_column
from barwise.pipeline.audits.leaks.verdict import Leak, NotChecked

_EXPLAINED = 0.2
"""eta2 that no column of the past reaches on intraday bars."""
_ASSOCIATED = 0.3
"""V2 likewise; hours that end with the session come to about 0.1."""
_CORRELATED = 0.3
_SIGMAS = 5.0
"""Of chance; columns, forms and steps are many, and many of them the same thing twice."""
_STRETCHES = 3
"""Parts of the file that are looked at alone: a clock that drifts leaks in some."""
_SPARSE = 0.5
"""Share of rows with a new value below which those rows are looked at alone."""


def near_label(setup: Setup) -> list[Leak]:
    """Columns from which label or return can be read off."""
    data = setup.data
    rows = sample_rows(setup)
    ret, label = data.frame.targets.ret[rows], data.frame.targets.label[rows]
    found = []
    for column, name in enumerate(data.frame.names):
        values = data.frame.matrix[rows, column].astype(np.float64)
        same = float((values == label).mean())
        bins = binned(values)
        eta, v2 = explained(bins, ret), associated(bins, label)
        if same > 0.98 and len(np.unique(label)) > 1:
            text, value = f"equals the label on {same:.1%} of the rows", same
        elif eta > _EXPLAINED:
            text = f"explains {eta:.0%} of the variance of the labelled return"
            value = eta
        elif v2 > _ASSOCIATED:
            text, value = f"tells the label (Cramer's V {v2**0.5:.2f})", v2
        else:
            continue
        row = int(rows[len(rows) // 2])
        found.append(
            Leak(
                _level(setup, name),
                name,
                f"{text}; e.g. row {row:,} is {values[len(rows) // 2]:.6g} and its trade "
                f"returned {ret[len(rows) // 2]:+.6f}: hardly anything known at a close does that",
                "leave it out, and look for a shift(-n), a merge on the wrong stamp or "
                "the label itself",
                row,
                int(data.frame.times[row]),
                value,
            )
        )
    return found


def return_as_column(setup: Setup) -> Setup:
    """Plant: the canary, a column that equals the return to come."""
    return setup.replace(
        data=with_column(setup.data, "canary", setup.data.frame.targets.ret)
    )


def forward_moves(setup: Setup) -> list[Leak]:
    """Columns, their changes, or their ratio to the price, that go with later moves."""
    bars, data = setup.bars, setup.data
    if bars is None:
        raise NotChecked("the bars of this data set are not known")
    rows = sample_rows(setup)
    log_close = np.log(bars.close)
    last = int(max(rows))
    found = []
    for column, name in enumerate(data.frame.names):
        values = data.frame.matrix[:, column].astype(np.float64)
        best = (0.0, 0, "", 0)
        for what, form, at in _looks(values, bars.close, rows):
            for k in _steps(data.horizon):
                now = at[at + k <= last]
                rho = _with_later_move(form, log_close, now, k)
                if abs(rho) > max(abs(best[0]), _beyond_chance(now, k)):
                    best = (rho, k, what, int(now[len(now) // 2]))
        rho, k, what, row = best
        if rho:
            found.append(
                Leak(
                    _level(setup, name),
                    name,
                    f"{what} goes with the move of the next {k} bars (rank correlation "
                    f"{rho:+.2f}), e.g. row {row:,}: {values[row]:.6g} before a move of "
                    f"{log_close[row + k] - log_close[row]:+.6f}",
                    "give it the time at which it was known: the close of a bar instead "
                    "of its open (delay, label), the moment of publication instead of "
                    "the period that it is about (known_at)",
                    row,
                    int(data.frame.times[row]),
                    float(rho),
                )
            )
    return found


def next_close_as_column(setup: Setup) -> Setup:
    """Plant: the next bar's close, as a table stamped one bar early has it."""
    if setup.bars is None:
        return setup
    ahead = np.append(setup.bars.close[1:], np.nan) / setup.bars.close - 1.0
    return setup.replace(data=with_column(setup.data, "canary", ahead))


def _with_later_move(
    form: np.ndarray, log_close: np.ndarray, rows: np.ndarray, k: int
) -> float:
    """Correlate ranks with the move to come; what is weak is not looked at twice."""
    later = log_close[rows + k] - log_close[rows]
    rho = rank_correlation(form[rows], later)
    if abs(rho) <= _CORRELATED:
        return rho
    last = log_close[rows] - log_close[np.maximum(rows - 1, 0)]
    return beyond_the_last_move(form[rows], later, last)


def _level(setup: Setup, name: str) -> Literal["leak", "doubt"]:
    """Doubt what was computed from earlier bars alone; accuse the rest."""
    return "doubt" if name in setup.proved else "leak"


def _beyond_chance(rows: np.ndarray, k: int) -> float:
    """Return the correlation that is believed: moves of k bars overlap."""
    if not len(rows):
        return 1.0
    apart = min(len(rows), (int(rows[-1]) - int(rows[0])) / k)
    return max(_CORRELATED, beyond_chance(apart, _SIGMAS))


def _looks(
    values: np.ndarray, close: np.ndarray, rows: np.ndarray
) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Yield what may go with later moves, and the rows to look at.

    What a table has to say is new where its value changes.
    """
    fresh = rows[rows > 0]
    fresh = fresh[values[fresh] != values[fresh - 1]]
    sparse = len(fresh) < _SPARSE * len(rows)
    for what, form in _forms(values, close):
        yield what, form, rows
        if sparse:
            yield f"{what}, where it is new,", form, fresh
    for stretch in np.array_split(rows, _STRETCHES):
        yield f"in rows {stretch[0]:,} to {stretch[-1]:,} it", values, stretch


def _steps(horizon: int) -> list[int]:
    """Bars ahead: up to a day of five-minute bars."""
    return sorted({*near_steps(horizon), 48, 96, 276})


def _forms(values: np.ndarray, close: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    yield "it", values
    change = np.diff(values, prepend=np.nan)
    yield "its change", change
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = values / close
        near = np.isfinite(ratio) & (ratio > 0.5) & (ratio < 2.0)
        if near.mean() > 0.5:
            yield "its ratio to the close", np.where(near, ratio, np.nan)
