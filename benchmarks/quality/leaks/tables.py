"""Data sets, labels, parts and folds in which something leaks.

A matrix that came from elsewhere is all there is: nobody can ask how it was made.
"""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
from sklearn.model_selection import KFold, TimeSeriesSplit

from barwise.datasets import PreparationSettings
from barwise.datasets.preparation import Preparation
from barwise.pipeline.audits.leaks.setup import with_frame
from benchmarks.quality.leaks.lab import HORIZON, NAMES, Lab, log_close


def merged_one_bar_early(lab: Lab):
    """A column merged on the wrong stamp: the next bar's return."""
    return lab.with_values(np.append(np.diff(log_close(lab)), 0.0))


def label_among_the_columns(lab: Lab):
    """The label column was not dropped."""
    return lab.with_values(lab.labels.label, scaler="none")


def return_among_the_columns(lab: Lab):
    """The labelled return was not dropped, and is noisy."""
    noise = np.random.default_rng(0).normal(size=len(lab.bars)) * np.nanstd(
        lab.labels.ret
    )
    return lab.with_values(np.where(lab.labels.valid, lab.labels.ret, 0.0) + noise)


def hit_within_the_horizon(lab: Lab):
    """Whether the label was ended by a barrier: a by-product of labelling."""
    return lab.with_values(
        (lab.labels.touched != 0) * lab.labels.touched, scaler="none"
    )


def zscore_of_the_file(lab: Lab):
    """A z-score over all rows, baked in."""
    change = np.diff(log_close(lab), prepend=log_close(lab)[0])
    return lab.with_values((change - change.mean()) / change.std())


def minmax_of_all_rows(lab: Lab):
    """The close between its lowest and highest of all rows, baked in."""
    close = lab.bars.close
    return lab.with_values((close - close.min()) / np.ptp(close))


def rank_of_all_rows(lab: Lab):
    """Ranks among all rows, baked in."""
    change = np.diff(log_close(lab), prepend=log_close(lab)[0])
    return lab.with_values((np.argsort(np.argsort(change)) + 1) / len(change))


def winsor_limits_of_all_rows(lab: Lab):
    """Returns cut off at the 1 % and 99 % of all rows, baked in."""
    change = np.diff(log_close(lab), prepend=log_close(lab)[0])
    change += np.random.default_rng(0).normal(size=len(change)) * 1e-6
    return lab.with_values(np.clip(change, *np.quantile(change, [0.01, 0.99])))


def matrix_scaled_on_all_rows(lab: Lab):
    """StandardScaler().fit_transform(X) before the split."""
    matrix = lab.matrix.astype(np.float64)
    mean, deviation = np.nanmean(matrix, 0), np.nanstd(matrix, 0)
    scaled = lab.data(((matrix - mean) / deviation).astype(np.float32))
    return lab.setup(scaled).replace(proved=frozenset())


def scaler_on_all_samples(lab: Lab):
    """The preparation was fitted on all samples."""
    return _prepared_on_all(lab, PreparationSettings())


def selection_on_all_samples(lab: Lab):
    """Correlated columns were pruned by all samples."""
    rng = np.random.default_rng(3)
    rows = len(lab.bars)
    early = np.arange(rows) < 0.72 * rows
    twin = lab.matrix[:, 1] + np.where(early, 0.0, 1.0) * rng.normal(size=rows) * 3e-3
    matrix = np.column_stack([lab.matrix, twin.astype(np.float32)])
    chosen = PreparationSettings(scaler="none", clip=None, prune_correlated=0.95)
    return _prepared_on_all(lab, chosen, matrix, (*NAMES, "twin"))


def _prepared_on_all(lab, settings, matrix=None, names=NAMES):
    data = lab.data(matrix, names, **settings.model_dump())
    split = data.split
    preparation = Preparation(settings)
    preparation.fit(
        data.frame.samples(np.concatenate([split.train, split.val, split.test]))
    )
    return lab.setup(with_frame(data, data.frame, preparation=preparation))


def label_is_the_past_return(lab: Lab):
    """The "future" return looks back: the label is one of the columns."""
    past = log_close(lab) - np.roll(log_close(lab), HORIZON)
    past[:HORIZON] = 0.0
    labels = _labels(lab, np.sign(past).astype(np.int8), past)
    return lab.setup(lab.data(labels=labels))


def label_ends_too_early(lab: Lab):
    """A label of 20 bars that is said to end after 10: purging is too short."""
    ahead = np.append(log_close(lab)[20:], np.full(20, log_close(lab)[-1]))
    ret = ahead - log_close(lab)
    labels = _labels(lab, np.sign(ret).astype(np.int8), ret, 20)
    return lab.setup(lab.data(labels=labels))


def label_known_a_bar_early(lab: Lab):
    """End times are the opens of the bars in which labels end: purge off by one."""
    made = lab.labels
    ends = np.maximum(lab.bars.time, made.end_time - 5 * 60 * 10**9)
    return lab.setup(lab.data(labels=_with(made, end_time=ends)))


def _labels(lab, label, ret, unknown=HORIZON):
    rows = np.arange(len(lab.bars))
    end = np.minimum(rows + HORIZON, len(rows) - 1)
    return SimpleNamespace(
        label=label,
        ret=ret,
        end_index=end,
        end_time=lab.bars.time[end],
        valid=rows < len(rows) - unknown,
        weight=np.ones(len(rows)),
    )


def _with(made, **changes):
    names = ("label", "ret", "end_index", "end_time", "valid", "weight")
    return SimpleNamespace(**{n: getattr(made, n) for n in names} | changes)


def labels_by_a_figure_of_the_file(lab: Lab):
    """The threshold of a label is the volatility of the whole file."""

    def relabel(history):
        close = np.log(history.bars.close)
        ahead = np.append(close[HORIZON:], np.full(HORIZON, close[-1])) - close
        spread = np.std(np.diff(close))
        rows = np.arange(len(close))
        end = np.minimum(rows + HORIZON, len(close) - 1)
        return SimpleNamespace(
            label=(np.abs(ahead) > 2 * spread).astype(np.int8),
            ret=ahead,
            end_index=end,
            end_time=history.bars.time[end],
            valid=rows < len(close) - HORIZON,
            weight=np.ones(len(close)),
        )

    return lab.setup(relabel=relabel)


def labels_by_the_centred_volatility(lab: Lab):
    """Barriers as wide as a centred volatility: bars after the end decide."""

    def relabel(history):
        close = np.log(history.bars.close)
        change = np.abs(np.diff(close, prepend=close[0]))
        width = np.convolve(change, np.ones(61) / 61, "same")
        ahead = np.append(close[HORIZON:], np.full(HORIZON, close[-1])) - close
        rows = np.arange(len(close))
        end = np.minimum(rows + HORIZON, len(close) - 1)
        return SimpleNamespace(
            label=np.sign(np.round(ahead / np.maximum(width, 1e-9))).astype(np.int8),
            ret=ahead / np.maximum(width, 1e-9),
            end_index=end,
            end_time=history.bars.time[end],
            valid=rows < len(close) - HORIZON,
            weight=np.ones(len(close)),
        )

    return lab.setup(relabel=relabel)


def parts_without_a_purge(lab: Lab):
    """Training goes on to the row before validation."""
    return _split(lab, 0)


def purge_off_by_one(lab: Lab):
    """One row too many in training: the last label ends as validation begins."""
    data = lab.data()
    first = data.frame.times[data.split.val[0]]
    rows = np.arange(data.split.val[0])
    reaching = rows[data.frame.targets.end_time[rows] == first]
    row = reaching[-1] if len(reaching) else data.split.val[0] - 1
    split = replace(data.split, train=np.union1d(data.split.train, [row]))
    return lab.setup(with_frame(data, data.frame, split=split))


def _split(lab, gap):
    data = lab.data()
    first = data.split.val[0]
    rows = np.arange(data.split.train[0], first - gap)
    rows = rows[data.frame.targets.valid[rows]]
    return lab.setup(
        with_frame(data, data.frame, split=replace(data.split, train=rows))
    )


def shuffled_parts(lab: Lab):
    """train_test_split with shuffle=True."""
    data = lab.data()
    both = np.concatenate([data.split.train, data.split.val])
    mixed = np.random.default_rng(0).permutation(both)
    cut = len(data.split.train)
    split = replace(data.split, train=np.sort(mixed[:cut]), val=np.sort(mixed[cut:]))
    return lab.setup(with_frame(data, data.frame, split=split))


def oversampled_before_the_split(lab: Lab):
    """Rows of the training part were drawn again into the validation part."""
    data = lab.data()
    rng = np.random.default_rng(0)
    into = rng.choice(data.split.val, len(data.split.val) // 10, replace=False)
    matrix, targets = data.frame.matrix.copy(), data.frame.targets
    drawn = rng.choice(data.split.train, len(into), replace=False)
    matrix[into] = matrix[drawn]
    label = targets.label.copy()
    label[into] = label[drawn]
    frame = replace(data.frame, matrix=matrix, targets=replace(targets, label=label))
    return lab.setup(with_frame(data, frame))


def a_day_that_comes_twice(lab: Lab):
    """A day of the source was pasted again, into the validation part."""
    data, bars = lab.data(), lab.bars
    into, day = int(data.split.val[20]), slice(500, 600)
    changed = {}
    for name in ("open", "high", "low", "close", "volume"):
        column = getattr(bars, name).copy()
        column[into : into + 100] = column[day]
        changed[name] = column
    setup = lab.setup(data)
    return setup.replace(
        history=replace(setup.history, bars=bars.with_columns(**changed))
    )


def shuffled_folds(lab: Lab):
    """KFold(shuffle=True)."""
    return lab.setup(splitter=KFold(5, shuffle=True, random_state=0))


def plain_folds(lab: Lab):
    """KFold without a purge."""
    return lab.setup(splitter=KFold(5))


def ordered_folds_off_by_one(lab: Lab):
    """TimeSeriesSplit(gap=horizon - 1): one bar too few."""
    ahead = np.append(log_close(lab)[HORIZON:], np.full(HORIZON, log_close(lab)[-1]))
    ret = ahead - log_close(lab)
    data = lab.data(labels=_labels(lab, np.sign(ret).astype(np.int8), ret))
    return lab.setup(data, splitter=TimeSeriesSplit(4, gap=HORIZON - 1))


class _Learner:
    columns = ("atr_14",)

    def __init__(self, matrix):
        self._matrix = matrix

    def learn(self, rows):
        del rows
        return self._matrix, "fitted once"


def regimes_fitted_once(lab: Lab):
    """A hidden Markov model fitted on the file once and used in every fold."""
    data = lab.data()
    return lab.setup(data.with_learner(_Learner(data.frame.matrix)))


def learned_columns_without_a_learner(lab: Lab):
    """Columns that learned, in a data set that cannot learn them anew."""
    data = lab.data()
    return lab.setup(with_frame(data, replace(data.frame, learned=("atr_14",))))


TABLES = (
    merged_one_bar_early,
    label_among_the_columns,
    return_among_the_columns,
    hit_within_the_horizon,
    zscore_of_the_file,
    minmax_of_all_rows,
    rank_of_all_rows,
    winsor_limits_of_all_rows,
    matrix_scaled_on_all_rows,
    scaler_on_all_samples,
    selection_on_all_samples,
    label_is_the_past_return,
    label_ends_too_early,
    label_known_a_bar_early,
    labels_by_a_figure_of_the_file,
    labels_by_the_centred_volatility,
    parts_without_a_purge,
    purge_off_by_one,
    shuffled_parts,
    oversampled_before_the_split,
    a_day_that_comes_twice,
    shuffled_folds,
    plain_folds,
    ordered_folds_off_by_one,
    regimes_fitted_once,
    learned_columns_without_a_learner,
)
