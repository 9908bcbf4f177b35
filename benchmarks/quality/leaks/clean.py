"""Setups and configs in which nothing leaks, many of them look-alikes."""

import numpy as np
from sklearn.model_selection import TimeSeriesSplit

from barwise.core.arrays import MINUTE
from barwise.datasets import CombinatorialPurgedKFold, WalkForward
from barwise.features import full_names
from benchmarks.quality.leaks.lab import HORIZON, NAMES, Lab, log_close


def plain(lab: Lab):
    """Nothing special."""
    return lab.config()


def regular_hours(lab: Lab):
    """Regular hours only: labels end with the session."""
    return lab.config(data={"session": "RTH"})


def directions(lab: Lab):
    """Two classes: the price above the entry or not."""
    return lab.config(labels={"target": "direction", "upper": None, "lower": None})


def events_only(lab: Lab):
    """Samples at CUSUM events."""
    return lab.config(labels={"events": "cusum", "event_threshold": 1.0})


def table_on_time(lab: Lab):
    """Hourly bars of a table, counted from their close on."""
    return lab.with_table(lab.hourly.time, lab.hourly.close)


def table_with_a_delay(lab: Lab):
    """Hourly bars stamped with their open, and the delay that this asks for."""
    return lab.with_table(lab.hourly.open_time, lab.hourly.close, delay="1h")


def longer_and_finer_bars(lab: Lab):
    """Columns on completed hours, and on the source's minutes."""
    return lab.config(
        features={"names": [*NAMES, "mtf_1h_rsi_14", "mtf_1min_realized_vol_30"]}
    )


def lagged_labels(lab: Lab):
    """Labels of decisions that are over."""
    return lab.config(features={"names": [*NAMES, "lag_10_label_h10"]})


def pruned_and_standardised(lab: Lab):
    """Selection by correlation and a standard scaler, by the training rows."""
    return lab.config(
        features={"prune_correlated": 0.9}, scaling={"method": "standard"}
    )


def regimes(lab: Lab):
    """A hidden Markov model, fitted on the training part and filtered."""
    return lab.config(features={"names": [*NAMES, "regime_hmm_3_state"]})


def embargoed_parts(lab: Lab):
    """Further bars left out after a part."""
    return lab.config(split={"embargo": 20})


def zscore_of_a_hundred_rows(lab: Lab):
    """Mean 0 and deviation 1, by the last hundred rows."""
    change = np.diff(log_close(lab), prepend=log_close(lab)[0])
    windows = np.lib.stride_tricks.sliding_window_view(change, 100)
    score = (windows[:, -1] - windows.mean(1)) / windows.std(1)
    return lab.with_values(np.append(np.zeros(99), score))


def expanding_rank(lab: Lab):
    """Rank among the rows so far."""
    volume = lab.bars.volume
    rank = [(volume[: i + 1] <= value).mean() for i, value in enumerate(volume)]
    return lab.with_values(rank)


def position_in_the_range(lab: Lab):
    """From 0 to 1, both reached again and again."""
    windows = np.lib.stride_tricks.sliding_window_view(lab.bars.close, 50)
    low, high = windows.min(1), windows.max(1)
    return lab.with_values(
        np.append(np.full(49, 0.5), (windows[:, -1] - low) / (high - low))
    )


def winsorised_by_the_past(lab: Lab):
    """Returns cut off at quantiles of the training rows."""
    change = np.diff(log_close(lab), prepend=log_close(lab)[0])
    train = lab.data().split.train
    return lab.with_values(np.clip(change, *np.quantile(change[train], [0.01, 0.99])))


def the_past_return(lab: Lab):
    """The return of the last horizon: what a label would be, ten bars ago."""
    past = log_close(lab) - np.roll(log_close(lab), HORIZON)
    past[:HORIZON] = 0.0
    return lab.with_values(past)


def flat_columns(lab: Lab):
    """Columns of few values: many rows are alike."""
    return lab.with_values(np.sign(lab.matrix[:, 1]), "up")


def walk_forward(lab: Lab):
    """Expanding windows."""
    return lab.setup(splitter=WalkForward(3, expanding=True, embargo=HORIZON))


def combinatorial(lab: Lab):
    """Combinatorial folds with label ends."""
    return lab.setup(splitter=CombinatorialPurgedKFold(5, 2, embargo=HORIZON))


def ordered_folds(lab: Lab):
    """TimeSeriesSplit with a gap of a horizon and one."""
    return lab.setup(splitter=TimeSeriesSplit(4, gap=HORIZON + 1))


def next_days_calendar(lab: Lab):
    """Minutes to the next full hour: known ahead."""
    return lab.with_values(-(lab.bars.time // MINUTE) % 60)


def every_built_in_column(lab: Lab):
    """The full set, through its graph and as figures that nobody vouches for."""
    return lab.with_graph(full_names())


CLEAN = (
    plain,
    regular_hours,
    directions,
    events_only,
    table_on_time,
    table_with_a_delay,
    longer_and_finer_bars,
    lagged_labels,
    pruned_and_standardised,
    regimes,
    embargoed_parts,
    zscore_of_a_hundred_rows,
    expanding_rank,
    position_in_the_range,
    winsorised_by_the_past,
    the_past_return,
    flat_columns,
    walk_forward,
    combinatorial,
    ordered_folds,
    next_days_calendar,
    every_built_in_column,
)
