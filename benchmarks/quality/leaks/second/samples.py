"""Labels, samples and folds that know more than they should."""

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

from barwise.core.arrays import DAY, MINUTE
from barwise.datasets import TimeSeriesDataContainer
from barwise.pipeline.audits.leaks import Setup
from benchmarks.quality.leaks.lab import HORIZON, NAMES, Lab, log_close


def _build(lab: Lab, labels, matrix=None, times=None, **more):
    return TimeSeriesDataContainer.build(
        lab.matrix if matrix is None else matrix,
        NAMES,
        lab.bars.time if times is None else times,
        labels,
        horizon=HORIZON,
        symbol="MES",
        **more,
    )


def _moves(close: np.ndarray, time: np.ndarray, start: int = 0, cut=None):
    """Labels by the move of a horizon, which begins at a row before or at the decision."""
    log, rows = np.log(close), np.arange(len(close))
    end = np.minimum(rows + HORIZON, len(rows) - 1)
    ret = log[end] - log[np.maximum(rows - start, 0)]
    low, high = cut or np.quantile(ret[:1000], [1 / 3, 2 / 3])
    return SimpleNamespace(
        label=np.where(ret > high, 1, np.where(ret < low, -1, 0)).astype(np.int8),
        end_time=time[end],
        end_index=end,
        ret=ret,
        valid=rows < len(rows) - HORIZON,
        weight=np.ones(len(rows)),
    )


def entered_at_a_stale_price(lab: Lab):
    """The trade starts at the close before the decision, so the last move is in it."""
    return lab.setup(_build(lab, _moves(lab.bars.close, lab.bars.time, 1)))


def ends_with_the_session(lab: Lab):
    """Trades are carried over the night, but said to end at the session's last bar."""
    made, time = _moves(lab.bars.close, lab.bars.time), lab.bars.time
    closes = np.append(np.flatnonzero(np.diff(time) > 30 * MINUTE), len(time) - 1)
    last = closes[np.searchsorted(closes, np.arange(len(time)))]
    made.end_index = np.minimum(made.end_index, last)
    made.end_time = time[made.end_index]
    return lab.setup(_build(lab, made))


def terciles_of_all_moves(lab: Lab):
    """Classes are terciles of the moves of the whole file."""

    def relabel(history):
        log = np.log(history.bars.close)
        cut = np.quantile(log[HORIZON:] - log[:-HORIZON], [1 / 3, 2 / 3])
        return _moves(history.bars.close, history.bars.time, cut=tuple(cut))

    history = lab.setup().history
    return lab.setup(_build(lab, relabel(history)), relabel=relabel)


def swing_lows_only(lab: Lab):
    """Samples are bars whose close is the lowest of three before and three after."""
    close = np.pad(lab.bars.close, 3, mode="edge")
    lowest = np.lib.stride_tricks.sliding_window_view(close, 7).min(1)
    return lab.setup(_build(lab, lab.labels, sample_mask=lab.bars.close <= lowest))


def clear_trades_only(lab: Lab):
    """Trades that ran into the time limit are left out of training and of the score."""
    return lab.setup(_build(lab, lab.labels, sample_mask=lab.labels.label != 0))


def _with_rows(lab: Lab, base, twin, mixed, label):
    """Insert made-up rows behind the rows they are based on."""
    order = np.argsort(np.concatenate([np.arange(len(lab.bars)), base + 0.5]))
    of = np.concatenate([np.arange(len(lab.bars)), base])[order]
    first = np.searchsorted(of, np.arange(len(lab.bars)))
    labels = SimpleNamespace(
        label=np.concatenate([lab.labels.label, label])[order].astype(np.int8),
        end_time=lab.labels.end_time[of],
        end_index=np.maximum(first[lab.labels.end_index[of]], np.arange(len(of))),
        ret=np.concatenate([lab.labels.ret, lab.labels.ret[twin]])[order],
        valid=lab.labels.valid[of],
        weight=np.ones(len(of)),
    )
    matrix = np.vstack([lab.matrix, mixed])[order].astype(np.float32)
    return Setup(_build(lab, labels, matrix, lab.bars.time[of]))


def _usable(lab: Lab) -> np.ndarray:
    return np.flatnonzero(lab.labels.valid & np.isfinite(lab.matrix).all(1))


def smote_before_the_split(lab: Lab):
    """Rows made between a training row and one of its class from anywhere in the file."""
    rng, rows, label = np.random.default_rng(5), _usable(lab), lab.labels.label
    base = np.sort(rng.choice(rows[: len(rows) * 2 // 3], 500, replace=False))
    twin = np.array([rng.choice(rows[label[rows] == label[i]]) for i in base])
    share = rng.random(len(base))[:, None]
    mixed = lab.matrix[base] + share * (lab.matrix[twin] - lab.matrix[base])
    return _with_rows(lab, base, twin, mixed, label[base])


def jittered_before_the_split(lab: Lab):
    """Copies of any rows, with a little noise and their labels, among the early ones."""
    rng, rows = np.random.default_rng(6), _usable(lab)
    base = np.sort(rng.choice(rows[: len(rows) * 2 // 3], 500, replace=False))
    twin = rng.choice(rows, len(base), replace=False)
    noise = rng.normal(size=(len(base), len(NAMES))) * lab.matrix[rows].std(0)
    mixed = lab.matrix[twin] + 0.01 * noise
    return _with_rows(lab, base, twin, mixed, lab.labels.label[twin])


@dataclass(frozen=True)
class _Folds:
    """Folds that were cut beforehand, as pairs of positions."""

    pairs: tuple

    def split(self, X=None, y=None, groups=None):
        del X, y, groups
        yield from self.pairs

    def get_n_splits(self, X=None, y=None, groups=None):
        del X, y, groups
        return len(self.pairs)


def _folds(data, group, gap=0):
    """Each group is held out once; samples nearer to it than a count do not train."""
    rows = np.concatenate([data.rows("train"), data.rows("val")])
    groups, place = group(rows), np.arange(len(rows))
    pairs = []
    for one in np.unique(groups):
        test = np.flatnonzero(groups == one)
        near = (place >= test[0] - gap) & (place <= test[-1] + gap)
        taken = (groups == one) | (near if gap else False)
        pairs.append((np.flatnonzero(~taken), test))
    return _Folds(tuple(pairs))


def days_as_groups(lab: Lab):
    """Whole days are held out, every fourth one together, and nothing between them."""
    data = lab.data()
    splitter = _folds(data, lambda rows: (data.frame.times[rows] // DAY) % 4)
    return lab.setup(data, splitter=splitter)


def purged_by_a_count(lab: Lab):
    """Five samples on either side are left out, where labels last up to ten."""
    data = lab.data()
    blocks = len(lab.bars) // 4
    return lab.setup(data, splitter=_folds(data, lambda rows: rows // blocks, gap=5))


def one_symbol_out(lab: Lab):
    """Trained on one symbol and tested on its twin, at the same hours."""
    rng, rows = np.random.default_rng(8), len(lab.bars)
    of = np.repeat(np.arange(rows), 2)
    noise = 1.0 + 0.05 * rng.normal(size=(2 * rows, len(NAMES)))
    labels = SimpleNamespace(
        label=lab.labels.label[of],
        end_time=lab.labels.end_time[of],
        end_index=np.maximum(2 * lab.labels.end_index[of], np.arange(2 * rows)),
        ret=lab.labels.ret[of],
        valid=lab.labels.valid[of],
        weight=np.ones(2 * rows),
    )
    matrix = (lab.matrix[of] * noise).astype(np.float32)
    data = _build(lab, labels, matrix, lab.bars.time[of])
    return Setup(data, splitter=_folds(data, lambda place: place % 2))


SAMPLES = (
    entered_at_a_stale_price,
    ends_with_the_session,
    terciles_of_all_moves,
    swing_lows_only,
    clear_trades_only,
    smote_before_the_split,
    jittered_before_the_split,
    days_as_groups,
    purged_by_a_count,
    one_symbol_out,
)


def days_as_groups_purged(lab: Lab):
    """Whole days are held out, and thirty samples on either side of each."""
    data = lab.data()
    rows = np.concatenate([data.rows("train"), data.rows("val")])
    day, place, pairs = (data.frame.times[rows] // DAY) % 4, np.arange(len(rows)), []
    for one in range(4):
        test = np.flatnonzero(day == one)
        after = np.searchsorted(test, place)
        near = np.minimum(
            np.abs(place - test[np.minimum(after, len(test) - 1)]),
            np.abs(place - test[np.maximum(after - 1, 0)]),
        )
        pairs.append((np.flatnonzero(near > 30), test))
    return lab.setup(data, splitter=_Folds(tuple(pairs)))


def trend_of_an_average(lab: Lab):
    """The label is the slope of an average of 30, most of which is known: an easy one."""
    made = _moves(lab.bars.close, lab.bars.time)
    mean = np.convolve(log_close(lab), np.full(30, 1 / 30), "valid")
    mean = np.append(np.full(29, mean[0]), mean)
    slope = mean[made.end_index] - mean
    low, high = np.quantile(slope[30:1000], [1 / 3, 2 / 3])
    made.label = np.where(slope > high, 1, np.where(slope < low, -1, 0)).astype(np.int8)
    made.valid &= np.arange(len(slope)) >= 40
    return lab.setup(_build(lab, made))


HONEST = (days_as_groups_purged, trend_of_an_average)
