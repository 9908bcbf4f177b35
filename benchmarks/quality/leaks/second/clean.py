"""Columns that look like leaks and are none."""

import numpy as np
import pandas as pd

from benchmarks.quality.leaks.lab import Lab


def fast_convolution(frame):
    """A trailing mean by Fourier transform: later bars move its last digits alone."""
    from scipy.signal import fftconvolve

    log = np.log(frame["close"].to_numpy())
    log = log - log[0]
    return fftconvolve(log, np.full(30, 1 / 30))[: len(log)] - log


def zigzag_when_confirmed(frame):
    """Direction of the last leg of a ZigZag that was confirmed by then."""
    close = frame["close"].to_numpy()
    way, extreme, up = np.zeros(len(close)), close[0], True
    for i, price in enumerate(close):
        extreme = max(extreme, price) if up else min(extreme, price)
        if abs(price / extreme - 1.0) > 0.003:
            up, extreme = not up, price
        way[i] = 1.0 if up else -1.0
    return pd.Series(way, frame.index)


def minutes_to_the_scheduled_close(frame):
    """By the exchange's clock, which is known for years ahead."""
    local = frame.index.tz_convert("America/Chicago")
    return (16 * 60 - local.hour * 60 - local.minute) % (24 * 60)


def expanding_zscore(frame):
    """Mean and deviation of all rows so far."""
    change = frame["close"].pct_change()
    sofar = change.expanding(30)
    return (change - sofar.mean()) / sofar.std()


FUNCTIONS = (
    fast_convolution,
    zigzag_when_confirmed,
    minutes_to_the_scheduled_close,
    expanding_zscore,
)


def newest_label_that_is_over(lab: Lab):
    """The label of the latest decision that has ended by then, by its own end."""
    ends, label = lab.labels.end_index, lab.labels.label.astype(float)
    newest = np.full(len(label), -1)
    for row in np.flatnonzero(lab.labels.valid):
        newest[ends[row]] = max(newest[ends[row]], row)
    newest = np.maximum.accumulate(newest)
    return lab.with_values(np.where(newest >= 0, label[newest], 0.0))


def scaled_by_the_last_day(lab: Lab):
    """Volume in units of its median and spread over the last 276 rows."""
    volume = pd.Series(lab.bars.volume)
    window = volume.rolling(276, min_periods=20)
    spread = window.quantile(0.75) - window.quantile(0.25)
    return lab.with_values((volume - window.median()) / spread)


def nearly_constant_twins(lab: Lab):
    """A column that is 1 on nearly every row: its value tells nothing."""
    return lab.with_values(np.arange(len(lab.bars)) % 97 > 0)


SETUPS = (newest_label_that_is_over, scaled_by_the_last_day, nearly_constant_twins)
