"""Columns that hold a later figure to the last digit, in few of their rows too.

A correlation over all rows does not see what one row in fifty knows. But a move of
prices is a number of many digits: where a column equals one to come, it was copied.
"""

from __future__ import annotations

import numpy as np

from barwise.pipeline.audits.leaks.sampling import near_steps, sample_rows
from barwise.pipeline.audits.leaks.setup import Setup, with_column
from barwise.pipeline.audits.leaks.verdict import Leak, NotChecked

_DIGITS = 2e-6
"""Relative difference of equal figures: a column is float32."""
_ROWS = 8
_SHARE = 3e-3
_TIMES = 5
"""Times as often as it is a move that is over, from the same price."""
_AGO = (0, 3, 7, 19)
"""Rows since those moves."""
_OPEN = 50
_EQUAL = 0.98
_VARIED = 0.05


def later_figures(setup: Setup) -> list[Leak]:
    """Columns that equal later moves, or labels of decisions that are not over."""
    data = setup.data
    rows = sample_rows(setup)
    found = []
    for column, name in enumerate(data.frame.names):
        # What was computed from earlier bars alone holds no figure of later ones.
        if name in setup.proved:
            continue
        values = data.frame.matrix[:, column].astype(np.float64)
        leak = _later_move(setup, name, values, rows)
        leak = leak or _open_label(setup, name, values, rows)
        if leak is not None:
            found.append(leak)
    return found


def _later_move(
    setup: Setup, name: str, values: np.ndarray, rows: np.ndarray
) -> Leak | None:
    bars = setup.bars
    if bars is None:
        return None
    close, last = bars.close, int(rows.max())
    for k in near_steps(setup.data.horizon):
        now = rows[(rows + k <= last) & (rows >= k + max(_AGO))]
        for what, of in (("log return", np.log1p), ("return", np.positive)):
            step = close[now + k] - close[now]
            hit = now[_equal(values[now], of(step / close[now]))]
            # Prices are on a grid: many a figure of the past is some later move by chance.
            chance = max(
                _equal(
                    values[now], of((close[now - s] - close[now - s - k]) / close[now])
                ).sum()
                for s in _AGO
            )
            if len(hit) < max(_ROWS, _SHARE * len(now), _TIMES * chance):
                continue
            row = int(hit[0])
            return Leak(
                "leak",
                name,
                f"is the {what} of the next {k} bars, to the last digit, in {len(hit):,} "
                f"of {len(now):,} rows: row {row:,} is {values[row]:.6g}",
                "leave it out, and look for rows that were corrected or filled afterwards",
                row,
                int(setup.data.frame.times[row]),
                float(len(hit)),
            )
    return None


def _equal(values: np.ndarray, figures: np.ndarray) -> np.ndarray:
    same: np.ndarray = np.abs(values - figures) <= _DIGITS * np.abs(figures)
    return same & (figures != 0)


def _open_label(
    setup: Setup, name: str, values: np.ndarray, rows: np.ndarray
) -> Leak | None:
    """A column that is the label of an earlier row where that one has not ended."""
    targets = setup.data.frame.targets
    for k in range(1, setup.data.horizon):
        now = rows[rows >= k]
        before = now - k
        now = now[targets.valid[before] & (targets.end_index[before] > now)]
        label = targets.label[now - k].astype(np.float64)
        same = values[now] == label
        _, counts = np.unique(label, return_counts=True)
        varied = len(counts) > 1 and sorted(counts)[-2] > _VARIED * len(label)
        if len(now) < _OPEN or not varied or same.mean() < _EQUAL:
            continue
        row = int(now[0])
        return Leak(
            "leak",
            name,
            f"is the label of {k} rows before on {same.mean():.1%} of the {len(now):,} "
            f"rows where that one has not ended: row {row:,} is {values[row]:g}",
            "take the label of a decision that is over: lag by the horizon, or by end_time",
            row,
            int(setup.data.frame.times[row]),
            float(k),
        )
    return None


def some_rows_of_the_future(setup: Setup) -> Setup:
    """Plant: a column that holds the move of a horizon in one row of twenty."""
    bars = setup.bars
    if bars is None:
        raise NotChecked("the bars of this data set are not known")
    moves, log_close, k = np.zeros(len(bars)), np.log(bars.close), setup.data.horizon
    moves[:-k:20] = (log_close[k:] - log_close[:-k])[::20]
    return setup.replace(data=with_column(setup.data, "canary", moves))
