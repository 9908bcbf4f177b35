"""Columns that say too much of what comes, and labels that end later than they say.

Notation
--------
x : a column; r : log return of the labelled trade; c : close
f_k = log(c[t+k] / c[t]) : the move of the next k bars
eta2 : share of the variance of r that 20 equally filled bins of x explain
V2 : Cramer's V squared of those bins and the label (Cramer, 1946)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

import numpy as np

from barwise.datasets.fold_data import development
from barwise.pipeline.audits.leaks.setup import Setup, with_column, with_frame
from barwise.pipeline.audits.leaks.verdict import Leak, NotChecked

_EXPLAINED = 0.2
"""eta2 that no column of the past reaches on intraday bars."""
_ASSOCIATED = 0.3
"""V2 likewise; hours that end with the session come to about 0.1."""
_CORRELATED = 0.4
_SIGMAS = 6.0
"""Of chance; columns, forms and steps are many."""
_PAIRS = 12
"""Independent pairs below which even a perfect order may be chance."""
_SPARSE = 0.5
"""Share of rows with a new value below which those rows are looked at alone."""
_BINS = 20
_FEWEST = 200
_MOST = 8_000


def near_label(setup: Setup) -> list[Leak]:
    """Columns from which label or return can be read off."""
    data = setup.data
    rows = _rows(setup)
    ret, label = data.frame.targets.ret[rows], data.frame.targets.label[rows]
    found = []
    for column, name in enumerate(data.frame.names):
        values = data.frame.matrix[rows, column].astype(np.float64)
        same = float((values == label).mean())
        bins = _binned(values)
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
    rows = _rows(setup)
    log_close = np.log(bars.close)
    last = int(max(rows))
    found = []
    for column, name in enumerate(data.frame.names):
        values = data.frame.matrix[:, column].astype(np.float64)
        best = (0.0, 0, "", 0)
        for what, form, at in _looks(values, bars.close, rows):
            for k in _steps(data.horizon):
                now = at[at + k <= last]
                rho = _rank_correlation(form[now], log_close[now + k] - log_close[now])
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


def label_ends(setup: Setup) -> list[Leak]:
    """Labels that know more than their end says, or that are over when they begin."""
    data, bars = setup.data, setup.bars
    targets, times = data.frame.targets, data.frame.times
    rows = _rows(setup)
    found = []
    early = rows[targets.end_time[rows] < times[targets.end_index[rows]]]
    if len(early):
        row = int(early[0])
        found.append(
            Leak(
                "leak",
                "end_time",
                f"{len(early):,} labels are said to be known before the bar in which they "
                f"end has closed, first row {row:,}",
                "let end_time be the close of the bar that decides the label",
                row,
                int(times[row]),
                float(len(early)),
            )
        )
    if bars is None:
        return found
    log_close, last = np.log(bars.close), int(max(rows))
    ends = targets.end_index[rows]
    for k in _near(data.horizon):
        inside = ends + k <= last
        at, begun = ends[inside], rows[inside]
        later = log_close[at + k] - log_close[at]
        rho = _rank_correlation(targets.ret[begun], later)
        # Its own stretch may lie in the next k bars where labels end at once.
        if abs(rho) > _CORRELATED:
            found.append(
                _about_labels(
                    f"the labelled return goes with the {k} bars after the label is said to "
                    f"have ended (rank correlation {rho:+.2f})",
                    "let end_time be the last moment that the label depends on",
                    rho,
                )
            )
            break
    for k in _near(data.horizon):
        begun = rows[rows >= k]
        rho = _rank_correlation(
            targets.ret[begun], log_close[begun] - log_close[begun - k]
        )
        if abs(rho) > _CORRELATED:
            found.append(
                _about_labels(
                    f"the labelled return is a move of the past: it goes with the {k} bars "
                    f"before its row (rank correlation {rho:+.2f})",
                    "label what comes after the decision, from the next open on",
                    rho,
                )
            )
            break
    return found


def _about_labels(evidence: str, way_out: str, rho: float) -> Leak:
    return Leak("leak", "labels", evidence, way_out, value=float(rho))


def ends_too_early(setup: Setup) -> Setup:
    """Plant: label ends that are one bar too early."""
    frame = setup.data.frame
    targets = frame.targets
    ends = np.maximum(frame.times, frame.times[np.maximum(targets.end_index - 1, 0)])
    frame = replace(frame, targets=replace(targets, end_time=ends))
    return setup.replace(data=with_frame(setup.data, frame))


def _level(setup: Setup, name: str) -> Literal["leak", "doubt"]:
    """Doubt what was computed from earlier bars alone; accuse the rest."""
    return "doubt" if name in setup.proved else "leak"


def _rows(setup: Setup) -> np.ndarray:
    """Samples before the sealed test part, evenly chosen."""
    rows = development(setup.data).index
    if len(rows) < _FEWEST:
        raise NotChecked(
            f"{len(rows)} samples before the test part; it takes {_FEWEST} to tell"
        )
    chosen: np.ndarray = rows[:: -(-len(rows) // _MOST)]
    return chosen


def _beyond_chance(rows: np.ndarray, k: int) -> float:
    """Return the correlation that is believed (Fisher, 1915): moves of k bars overlap."""
    if not len(rows):
        return 1.0
    apart = min(len(rows), (int(rows[-1]) - int(rows[0])) / k)
    if apart < _PAIRS:
        return 1.0
    return float(max(_CORRELATED, np.tanh(_SIGMAS / (apart - 3.0) ** 0.5)))


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


def _near(horizon: int) -> list[int]:
    return sorted({1, 3, 6, max(1, horizon // 2), horizon, 12})


def _steps(horizon: int) -> list[int]:
    """Bars ahead: up to a day of five-minute bars."""
    return sorted({*_near(horizon), 48, 96, 276})


def _forms(values: np.ndarray, close: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    yield "it", values
    change = np.diff(values, prepend=np.nan)
    yield "its change", change
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = values / close
        near = np.isfinite(ratio) & (ratio > 0.5) & (ratio < 2.0)
        if near.mean() > 0.5:
            yield "its ratio to the close", np.where(near, ratio, np.nan)


def _rank_correlation(one: np.ndarray, other: np.ndarray) -> float:
    live = np.isfinite(one) & np.isfinite(other)
    if live.sum() < _PAIRS:
        return 0.0
    a, b = _ranks(one[live]), _ranks(other[live])
    if a.std() == 0 or b.std() == 0:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def _ranks(values: np.ndarray) -> np.ndarray:
    """Return ranks, equal values sharing the mean of theirs."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    ranks: np.ndarray = (last - (count - 1) / 2)[place]
    return ranks


def _binned(values: np.ndarray) -> np.ndarray:
    """Number 20 equally filled bins, fewer where values repeat."""
    edges = np.unique(np.nanquantile(values, np.linspace(0, 1, _BINS + 1)[1:-1]))
    return np.searchsorted(edges, values, side="left")


def explained(bins: np.ndarray, ret: np.ndarray) -> float:
    """Return eta2 of the return on bins, less what chance explains.

    Examples
    --------
    >>> round(explained(np.array([0, 0, 1, 1]), np.array([1.0, 1.0, 2.0, 2.0])), 2)
    1.0
    """
    count = np.bincount(bins)
    means = np.bincount(bins, ret) / np.maximum(count, 1)
    total = float(ret.var())
    if total == 0:
        return 0.0
    used = int((count > 0).sum())
    between = float(((means[bins] - ret.mean()) ** 2).mean()) / total
    return 1.0 - (1.0 - between) * (len(ret) - 1) / max(1, len(ret) - used)


def associated(bins: np.ndarray, label: np.ndarray) -> float:
    """Return Cramer's V squared of bins and labels, less what chance gives.

    Examples
    --------
    >>> x = np.tile([0, 1], 50)
    >>> round(associated(x, x), 2), round(associated(np.repeat([0, 1], 50), x), 2)
    (0.99, 0.0)
    """
    classes, y = np.unique(label, return_inverse=True)
    table = np.zeros((int(bins.max()) + 1, len(classes)))
    np.add.at(table, (bins, y), 1)
    table = table[table.sum(1) > 0]
    least = min(table.shape) - 1
    if least < 1:
        return 0.0
    expected = np.outer(table.sum(1), table.sum(0)) / table.sum()
    phi2 = float(((table - expected) ** 2 / expected).sum() / table.sum())
    chance = (table.shape[0] - 1) * (table.shape[1] - 1) / (table.sum() - 1)
    return float(max(0.0, phi2 - chance) / least)
