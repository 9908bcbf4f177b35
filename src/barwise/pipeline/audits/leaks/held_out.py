"""Whether what is predicted for held-out rows hangs on what those rows will show.

A procedure (preparation, selection, tuning, calibration, model) is a black box here: it
is given rows to learn from and rows to answer for. What the latter are labelled with,
and the features of later rows, must not move an answer.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from barwise.datasets import TimeSeriesDataContainer
from barwise.datasets.fold_data import development
from barwise.datasets.targets import Targets
from barwise.pipeline.audits.leaks.setup import Setup, with_column, with_frame
from barwise.pipeline.audits.leaks.small_model import small_model
from barwise.pipeline.audits.leaks.verdict import Leak, NotChecked
from barwise.training.fold_plan import plan_folds

_SAME = 1e-6
_TRAIN, _TEST = 4000, 1000
"""Rows of the audit's own fold: as near to each other as the parts."""
_LOOKS = 2
"""Rows of each half that are looked at alone."""
_SHUFFLES = 3
_SKILL = 0.02
"""Share of the log loss of the class frequencies that chance may take off."""
_TINY = 1e-12


def held_out_labels(setup: Setup) -> list[Leak]:
    """Answers when the labels of the held-out rows are others."""
    data, train, test = _fold(setup)
    first = setup.procedure(data, train, test)
    targets = data.frame.targets
    label, ret = targets.label.copy(), targets.ret.copy()
    rng = np.random.default_rng(len(test))
    order = rng.permutation(len(test))
    label[test], ret[test] = label[test][order], -ret[test][order]
    # A shuffle of mostly one class may leave the labels as they are.
    label[test[::2]] = data.classes[0]
    frame = replace(data.frame, targets=replace(targets, label=label, ret=ret))
    other = setup.procedure(with_frame(data, frame), train, test)
    found = _moved(
        first,
        other,
        test,
        data,
        "with other labels on the held-out rows",
        "tune, calibrate, encode, select and stop on rows of the training part only "
        "(purged out-of-fold predictions, a purged tail)",
    )
    if found:
        return found
    frame = replace(data.frame, targets=_other_ends(data, test, rng))
    return _moved(
        first,
        setup.procedure(with_frame(data, frame), train, test),
        test,
        data,
        "with other label ends and weights on the held-out rows",
        "give a model nothing that is known when a trade is over: how long it was held, "
        "how clear it was, what its label shares with others",
    )


def _other_ends(
    data: TimeSeriesDataContainer, rows: np.ndarray, rng: np.random.Generator
) -> Targets:
    """Let labels end, and weigh, as those of other rows do."""
    targets = data.frame.targets
    order = rng.permutation(len(rows))
    ends, weight = targets.end_index.copy(), targets.weight.copy()
    held = (ends[rows] - rows)[order]
    ends[rows] = np.minimum(rows + np.maximum(held, 1), len(ends) - 1)
    weight[rows] = weight[rows][order] * rng.uniform(0.5, 1.5, len(rows))
    times = targets.end_time.copy()
    times[rows] = data.frame.times[ends[rows]]
    return replace(targets, end_index=ends, end_time=times, weight=weight)


def later_features(setup: Setup) -> list[Leak]:
    """Answers when the features of later held-out rows are others."""
    data, train, test = _fold(setup)
    first = setup.procedure(data, train, test)
    middle = len(test) // 2
    found = _with_later(setup, (data, train, test), first, middle)
    for place in _suspects(setup, (data, train, test), first):
        found = found or _with_later(setup, (data, train, test), first, place)
    return found


_Fold = tuple[TimeSeriesDataContainer, np.ndarray, np.ndarray]


def _with_later(setup: Setup, fold: _Fold, first: np.ndarray, place: int) -> list[Leak]:
    """Change the features of all rows after one of the held-out ones."""
    data, train, test = fold
    rows = np.arange(int(test[place]) + 1, len(data.frame.matrix))
    other = setup.procedure(_with_noise(data, rows), train, test)
    return _moved(
        first[: place + 1],
        other[: place + 1],
        test[: place + 1],
        data,
        "with other features on later held-out rows",
        "scale, clip, decompose and select by the fold's training rows only, and let no "
        "row see a later one",
    )


def _suspects(setup: Setup, fold: _Fold, first: np.ndarray) -> list[int]:
    """Return held-out rows that move when every second one is other than it was.

    They may hang on a row before them, as sequences do; a look at each tells. Where few
    rows ask the next one, a single cut would rarely meet one.
    """
    data, train, test = fold
    found: list[int] = []
    for odd in (0, 1):
        other = setup.procedure(_with_noise(data, test[odd::2]), train, test)
        gap = np.abs(np.nan_to_num(first, nan=-1) - np.nan_to_num(other, nan=-1))
        moved = np.flatnonzero(gap.reshape(len(test), -1).max(axis=1) > _SAME)
        moved = moved[(moved % 2 != odd) & (moved < len(test) - 1)]
        found += moved[:: max(1, len(moved) // _LOOKS)][:_LOOKS].tolist()
    return found


def _with_noise(
    data: TimeSeriesDataContainer, rows: np.ndarray
) -> TimeSeriesDataContainer:
    matrix = data.frame.matrix.copy()
    noise = np.random.default_rng(len(rows)).normal(size=(len(rows), matrix.shape[1]))
    matrix[rows] = 3.0 * matrix[rows] + noise.astype(np.float32)
    return with_frame(data, replace(data.frame, matrix=matrix))


def _moved(
    first: np.ndarray,
    other: np.ndarray,
    rows: np.ndarray,
    data: TimeSeriesDataContainer,
    how: str,
    way_out: str,
) -> list[Leak]:
    gap = np.abs(np.nan_to_num(first, nan=-1) - np.nan_to_num(other, nan=-1))
    gap = gap.reshape(len(rows), -1).max(axis=1)
    moved = np.flatnonzero(gap > _SAME)
    if not len(moved):
        return []
    place = int(moved[0])
    row = int(rows[place])
    return [
        Leak(
            "leak",
            "predictions",
            f"{len(moved):,} of {len(rows):,} change {how}: row {row:,} by "
            f"{gap[place]:.3g}",
            way_out,
            row,
            int(data.frame.times[row]),
            float(gap[place]),
        )
    ]


def shuffled_labels(setup: Setup) -> list[Leak]:
    """Skill on purged folds once blocks of labels have changed places."""
    skills = [_skill(setup, seed) for seed in range(_SHUFFLES)]
    if min(skills) <= _SKILL:
        return []
    told = ", ".join(f"{skill:.1%}" for skill in skills)
    return [
        Leak(
            "leak",
            "folds",
            f"labels that were dealt out anew, in blocks of three horizons, are still "
            f"predicted: log loss {told} below that of the class frequencies",
            "find what passes labels from test rows to training rows: copied rows, folds "
            "that are not purged, a step that is fitted on all labels",
            value=float(min(skills)),
        )
    ]


def _skill(setup: Setup, seed: int) -> float:
    """Log loss that the procedure saves on labels that nothing can predict."""
    data = _frozen(_shuffled(setup.data, seed))
    # Whether the user's own folds are purged is asked elsewhere.
    plan = plan_folds(data, setup.replace(splitter=None).folds)
    loss = prior = 0.0
    for fold in (0, len(plan) - 1):
        train, test = plan.rows(fold)
        train, test = train[-_TRAIN:], test[:_TEST]
        p = setup.procedure(data, train, test)
        y = np.searchsorted(np.array(data.classes), data.frame.targets.label)
        share = np.bincount(y[train], minlength=len(data.classes)) / len(train)
        known = np.isfinite(p).all(axis=1)
        chosen = p[np.arange(len(test)), y[test]][known]
        loss -= np.log(np.maximum(chosen, _TINY)).sum()
        prior -= np.log(np.maximum(share[y[test]][known], _TINY)).sum()
    return float(1.0 - loss / prior) if prior > 0 else 0.0


def _shuffled(data: TimeSeriesDataContainer, seed: int) -> TimeSeriesDataContainer:
    """Deal blocks of labels out anew; when labels end stays what it was."""
    rows = development(data).index
    size = max(1, 3 * data.horizon)
    blocks = np.array_split(np.arange(len(rows)), max(2, len(rows) // size))
    rng = np.random.default_rng([seed, len(rows)])
    order = np.concatenate([blocks[i] for i in rng.permutation(len(blocks))])
    targets = data.frame.targets
    label, ret = targets.label.copy(), targets.ret.copy()
    label[rows], ret[rows] = label[rows[order]], ret[rows[order]]
    return with_frame(
        data, replace(data.frame, targets=replace(targets, label=label, ret=ret))
    )


def _fold(
    setup: Setup,
) -> tuple[TimeSeriesDataContainer, np.ndarray, np.ndarray]:
    data = setup.data
    train, test = data.split.train[-_TRAIN:], data.split.val[:_TEST]
    if len(test) < 20:
        raise NotChecked(f"{len(test)} validation samples; it takes 20")
    return _frozen(data), train, test


def _frozen(data: TimeSeriesDataContainer) -> TimeSeriesDataContainer:
    """Keep what columns have learned: no label goes into it."""
    return with_frame(data, replace(data.frame, learned=(), learner=None))


def _tuned_on_test(
    data: TimeSeriesDataContainer, train: np.ndarray, test: np.ndarray
) -> np.ndarray:
    """Shift the answers by what the held-out rows turned out to be."""
    p = small_model(data, train, test)
    y = data.frame.targets.label[test]
    share = np.array([(y == c).mean() for c in data.classes])
    p = p * (share + _TINY)
    return p / p.sum(axis=1, keepdims=True)


def calibrated_on_test(setup: Setup) -> Setup:
    """Plant: answers are calibrated by the labels of the held-out rows."""
    return setup.replace(procedure=_tuned_on_test)


def _scaled_by_test(
    data: TimeSeriesDataContainer, train: np.ndarray, test: np.ndarray
) -> np.ndarray:
    p = small_model(data, train, test)
    level = float(np.nanmean(np.abs(data.frame.matrix[test])))
    tilt = np.linspace(0.9, 1.1, p.shape[1]) ** (level / (1 + level))
    p = p * tilt
    return p / p.sum(axis=1, keepdims=True)


def scaled_on_test(setup: Setup) -> Setup:
    """Plant: answers hang on a mean over all held-out rows."""
    return setup.replace(procedure=_scaled_by_test)


def _knows_labels(
    data: TimeSeriesDataContainer, train: np.ndarray, test: np.ndarray
) -> np.ndarray:
    """A model that is given the labels of all rows as a column."""
    label = data.frame.targets.label.astype(np.float32)
    return small_model(with_column(data, "canary", label), train, test)


def labels_as_column(setup: Setup) -> Setup:
    """Plant: a column that is encoded by the labels of all rows."""
    return setup.replace(procedure=_knows_labels)
