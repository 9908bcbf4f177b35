"""From which rows was it learned? Figures are derived again from the training rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from barwise.core.errors import ConfigError
from barwise.datasets import TimeSeriesDataContainer
from barwise.datasets.fold_data import check_unfitted
from barwise.datasets.preparation import Preparation
from barwise.pipeline.audits.leaks.setup import Setup, with_frame
from barwise.pipeline.audits.leaks.source_bars import off_the_grid
from barwise.pipeline.audits.leaks.verdict import Leak, NotChecked

_EXACT = 1e-4
_TIES = 8
"""Times that a column comes to its very limit, if it was clipped there; the extreme of a
rolling figure stays for some rows in a row, which is once."""
_ATOM = 1e-3
"""Share of rows with one value from which on a column has steps."""
_SMOOTH = 0.7
"""Share of distinct values of a column without steps, its cut-off ends aside."""
_TAIL = 0.12
"""Largest share of rows that winsorising cuts off on a side."""


def preparation_of_train(setup: Setup) -> list[Leak]:
    """Selection and scaler, learned anew from the training rows, are those in use."""
    data = setup.data
    mine = data.preparation.to_dict()
    again = Preparation(data.settings.preparation)
    again.fit(data.frame.samples(data.split.train))
    theirs = again.to_dict()
    if mine == theirs:
        return []
    key, one, other = _difference(mine, theirs)
    return [
        Leak(
            "leak",
            f"preparation: {key}",
            f"is {one} in use and {other} when it is learned from the "
            f"{len(data.split.train):,} training rows",
            "fit the preparation on the training samples of the part or fold at hand and "
            "nothing else: Preparation(settings).fit(samples('train'))",
            value=float(one) if isinstance(one, int | float) else None,
        )
    ]


def fitted_on_all(setup: Setup) -> Setup:
    """Plant: a preparation that was fitted on the validation part too."""
    data = setup.data
    preparation = Preparation(data.settings.preparation.model_copy())
    rows = np.concatenate([data.split.train, data.split.val])
    preparation.fit(data.frame.samples(rows))
    return setup.replace(data=with_frame(data, data.frame, preparation=preparation))


def _difference(one: Any, other: Any, key: str = "") -> tuple[str, Any, Any]:
    """Return the first place at which two JSON values differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        for name in one:
            if one[name] != other.get(name):
                return _difference(one[name], other.get(name), f"{key}.{name}")
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        for place, (a, b) in enumerate(zip(one, other, strict=False)):
            if a != b:
                return _difference(a, b, f"{key}[{place}]")
        return key.strip("."), f"{len(one)} long", f"{len(other)} long"
    return key.strip("."), one, other


def figures_of_the_file(setup: Setup) -> list[Leak]:
    """Columns that stand on a figure of rows that a training row cannot know."""
    data = setup.data
    found: list[Leak] = []
    try:
        check_unfitted(data)
    except ConfigError as problem:
        why = str(problem).split(";")[0]
        found.append(Leak("leak", "matrix", why, "build it from raw features"))
    found += _adjusted_later(setup)
    spans = _spans(data)
    binary = _binary(data)
    for column, name in enumerate(data.frame.names):
        # What was computed from earlier bars alone stands on no figure of later ones.
        if not binary[column] and name not in setup.proved:
            values = data.frame.matrix[:, column]
            found += _about_column(name, values, spans, data)
    return found


def _adjusted_later(setup: Setup) -> list[Leak]:
    """Columns in units of a price that a later roll or split has multiplied."""
    priced = {name for subject in setup.columns for name in subject.priced}
    names = [name for name in setup.data.frame.names if name in priced]
    bars = setup.source or setup.bars
    row = None if bars is None or not names else off_the_grid(bars)
    if bars is None or row is None:
        return []
    return [
        Leak(
            "leak",
            ", ".join(names),
            f"in units of the price, and prices before row {row:,} of the source lie off the "
            "grid of those after it: they were multiplied by a ratio that was known only then",
            "take prices as they were traded and name the rolls (data.rolls), or columns "
            "without a unit, which a ratio does not change",
            row,
            int(bars.time[row]),
        )
    ]


def _binary(data: TimeSeriesDataContainer) -> np.ndarray:
    sample = data.frame.matrix[:: max(1, len(data.frame.matrix) // 500)]
    return np.array([len(np.unique(column)) <= 12 for column in sample.T])


def _spans(data: TimeSeriesDataContainer) -> dict[str, np.ndarray]:
    """Sets of rows that hold more than the training part."""
    complete = np.flatnonzero(data.frame.reach > 0)
    parts = [data.split.train, data.split.val, data.split.test]
    return {
        "all rows": np.arange(len(data.frame.matrix)),
        "all complete rows": complete,
        "all samples": np.concatenate(parts),
        "the training and validation part": np.concatenate(parts[:2]),
    }


def _about_column(
    name: str,
    values: np.ndarray,
    spans: dict[str, np.ndarray],
    data: TimeSeriesDataContainer,
) -> list[Leak]:
    train = values[data.split.train]
    for span, rows in spans.items():
        part = values[rows].astype(np.float64)
        part = part[np.isfinite(part)]
        if len(part) < 100 or np.ptp(part) == 0:
            continue
        what = (
            _standard(part)
            or _ranks(part)
            or _min_max(part, train)
            or _ends(part, train)
        )
        if what is not None:
            return [
                Leak(
                    "leak",
                    name,
                    f"{what[0]} of {span}, rows after the training part among them",
                    "compute it from rows up to its own (a rolling or expanding window), "
                    "or leave it raw and let the fold's preparation scale it",
                    value=what[1],
                )
            ]
    return []


_What = tuple[str, float] | None


def _standard(part: np.ndarray) -> _What:
    mean, deviation = part.mean(), part.std()
    if abs(mean) < _EXACT and abs(deviation - 1) < _EXACT:
        return f"has mean {mean:.1e} and deviation {deviation:.6f}, exactly", mean
    low, middle, high = np.percentile(part, (25, 50, 75))
    spread = high - low
    # Of a column in steps, quartiles fall on round figures by themselves.
    if any(np.mean(part == q) > _ATOM for q in (low, middle, high)):
        return None
    if abs(middle) < _EXACT and min(abs(spread - 1), abs(spread - 1.349)) < _EXACT:
        return f"has median {middle:.1e} and interquartile range {spread:.6f}", spread
    return None


def _ranks(part: np.ndarray) -> _What:
    """Ranks among n rows: multiples of 1/n that fill 0 to 1 evenly."""
    distinct = np.unique(part)
    if len(distinct) < 0.9 * len(part) or distinct[0] < 0 or distinct[-1] > 1:
        return None
    even = np.arange(1, len(distinct) + 1) / len(distinct)
    off = np.abs(distinct - even).max()
    return (
        ("is the rank among the rows", float(off))
        if off < 0.6 / len(part) * 2
        else None
    )


def _min_max(part: np.ndarray, train: np.ndarray) -> _What:
    """From 0 to 1, or -1 to 1, each reached once and one of them outside training."""
    low, high = part.min(), part.max()
    if abs(high - 1) > 1e-6 or min(abs(low), abs(low + 1)) > 1e-6:
        return None
    reached = [(part == limit).sum() for limit in (low, high)]
    outside = train.min() > low or train.max() < high
    if max(reached) > 2 or not outside:
        return None
    return f"runs from {low:g} to {high:g}, each reached once, on scale", float(high)


def _ends(part: np.ndarray, train: np.ndarray) -> _What:
    """Cut off at quantiles: the same round share of rows at either limit.

    A bound of its own a column reaches as well, in thin markets often, but not equally
    often on both sides and by a round share.
    """
    if len(np.unique(part)) < _SMOOTH * len(part):
        return None  # of a column with few values many lie at its ends
    limits = (float(part.min()), float(part.max()))
    for limit in limits:
        at = part == limit
        came = int(np.count_nonzero(at[1:] & ~at[:-1]))
        share, own = float(at.mean()), float((train == limit).mean())
        # A limit that was learned from the training rows cuts off the round share there.
        if came < _TIES or share > _TAIL or _round(own, len(train)):
            return None
        if not _round(share, len(part)):
            return None
    low, high = limits
    share = float((part == high).mean())
    if abs(share - (part == low).mean()) > 3.0 / len(part):
        return None
    return (
        f"is cut off at {low:.6g} and {high:.6g}, each by {share:.2%} of the rows",
        high,
    )


def _round(share: float, rows: int) -> bool:
    wanted = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.025, 0.05, 0.1)
    return any(abs(share - one) <= 1.5 / rows for one in wanted)


def learned_by_the_fold(setup: Setup) -> list[Leak]:
    """Columns that learn, learned anew, hang on the rows that they are given."""
    frame, split = setup.data.frame, setup.data.split
    if not frame.learned:
        return []
    if frame.learner is None:
        names = ", ".join(frame.learned)
        return [
            Leak(
                "leak",
                names,
                "learned once, from rows that a fold may not know, and cannot learn anew",
                "take the data set from build_dataset, or name the learner (with_learner)",
            )
        ]
    seen = np.zeros(len(frame.times), dtype=bool)
    seen[split.train] = True
    fewer = np.zeros_like(seen)
    fewer[split.train[: len(split.train) // 2]] = True
    _, told = frame.learner.learn(seen)
    _, other = frame.learner.learn(fewer)
    if told == other:
        return [
            Leak(
                "leak",
                ", ".join(frame.learned),
                "learned the same from all training rows and from half of them: what "
                "they know does not come from the rows that they were given",
                "let the learner fit on the rows of its argument only",
            )
        ]
    return []


class _Deaf:
    """A learner that knows everything beforehand."""

    def __init__(self, columns: tuple[str, ...], matrix: np.ndarray) -> None:
        self.columns, self._matrix = columns, matrix

    def learn(self, rows: np.ndarray) -> tuple[np.ndarray, str]:
        del rows
        return self._matrix, "the same"


def deaf_learner(setup: Setup) -> Setup:
    """Plant: columns that were fitted once and say that they learn anew."""
    frame = setup.data.frame
    learner = _Deaf(frame.names[:1], frame.matrix)
    return setup.replace(data=with_frame(setup.data, frame.with_learner(learner)))


def scaled_by_all(setup: Setup) -> Setup:
    """Plant: a column that was standardised over the whole file."""
    data = setup.data
    matrix = data.frame.matrix.copy()
    varied = np.flatnonzero(~_binary(data))
    if not len(varied):
        raise NotChecked("no column has more than 12 values")
    values = matrix[:, varied[0]].astype(np.float64)
    live = values[np.isfinite(values)]
    matrix[:, varied[0]] = (values - live.mean()) / live.std()
    planted = with_frame(data, replace(data.frame, matrix=matrix))
    return setup.replace(
        data=planted, proved=setup.proved - {data.frame.names[varied[0]]}
    )
