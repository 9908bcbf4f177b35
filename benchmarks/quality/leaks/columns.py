"""Columns that know the future, beside those of docs/howto/cheats.py.

Each is a function of all bars at once, as it stands in a notebook.
"""

import numpy as np
import pandas as pd


def hourly_stamped_with_its_open(frame):
    """Hours labelled with their left end and filled forward: an hour early."""
    hourly = frame["close"].resample("1h", closed="right", label="left").last()
    return frame["close"] / hourly.reindex(frame.index, method="ffill") - 1.0


def todays_high(frame):
    """The high of the whole day, on every row of it."""
    day = frame.index.date
    return frame["close"] / frame["high"].groupby(day).transform("max") - 1.0


def todays_close_by_date(frame):
    """The daily close, joined by date."""
    daily = frame["close"].resample("1D").last()
    return frame["close"] / daily.reindex(frame.index.normalize()).to_numpy() - 1.0


def daily_vwap(frame):
    """Volume-weighted price of the whole session."""
    day, traded = frame.index.date, frame["close"] * frame["volume"]
    vwap = traded.groupby(day).transform("sum") / frame["volume"].groupby(
        day
    ).transform("sum")
    return frame["close"] / vwap - 1.0


def nearest_merge(frame):
    """merge_asof with direction="nearest" onto hourly bars."""
    hourly = frame["close"].resample("1h", closed="right", label="right").last()
    right = hourly.rename("hour").reset_index()
    left = pd.DataFrame({"time": frame.index})
    made = pd.merge_asof(left, right, on="time", direction="nearest")
    return frame["close"].to_numpy() / made["hour"].to_numpy() - 1.0


def target_encoded_hour(frame):
    """Mean return of the hour to come, by hour of day, over the whole file."""
    ahead = frame["close"].shift(-12) / frame["close"] - 1.0
    return ahead.groupby(frame.index.hour).transform("mean")


def low_pass(frame):
    """Fourier transform of the whole series, the fast half left out."""
    values = frame["close"].to_numpy() - frame["close"].mean()
    parts = np.fft.rfft(values)
    parts[len(parts) // 20 :] = 0.0
    return frame["close"] - np.fft.irfft(parts, len(values)) - frame["close"].mean()


def zero_phase(frame):
    """A Butterworth filter, run forward and backward."""
    from scipy.signal import butter, filtfilt

    return frame["close"] - filtfilt(*butter(2, 0.05), frame["close"])


def detrended(frame):
    """The line of best fit through the whole file, taken off."""
    from scipy.signal import detrend

    return detrend(frame["close"].to_numpy())


def quantile_bins(frame):
    """pd.qcut over the whole file."""
    return pd.qcut(frame["volume"].rank(method="first"), 10, labels=False)


def winsorised(frame):
    """Returns cut off at the quantiles of the whole file."""
    change = frame["close"].pct_change()
    return change.clip(change.quantile(0.01), change.quantile(0.99))


def principal_component(frame):
    """First component of returns and ranges, of the whole file."""
    block = np.column_stack(
        [frame["close"].pct_change().fillna(0), frame["high"] / frame["low"] - 1.0]
    )
    block = (block - block.mean(0)) / block.std(0)
    return block @ np.linalg.svd(block, full_matrices=False)[2][0]


def regime_of_the_file(frame):
    """Clusters of volatility found on all rows."""
    from sklearn.cluster import KMeans

    size = frame["close"].pct_change().abs().rolling(20, min_periods=1).mean()
    values = size.fillna(0.0).to_numpy()[:, None] * 1e4
    fitted = KMeans(3, n_init=1, random_state=0).fit(values)
    return values[:, 0] - fitted.cluster_centers_[fitted.predict(values), 0]


def viterbi_path(frame):
    """The most probable path of regimes, which later rows decide."""
    change = frame["close"].pct_change().fillna(0.0).to_numpy()
    sizes = np.array([4e-4, 1.6e-3])
    fit = -0.5 * (change[:, None] / sizes) ** 2 - np.log(sizes)
    stay, move = np.log(0.98), np.log(0.02)
    score, back = fit[0], []
    for row in fit[1:]:
        options = score[:, None] + np.array([[stay, move], [move, stay]])
        back.append(options.argmax(0))
        score = options.max(0) + row
    path = [int(score.argmax())]
    for step in reversed(back):
        path.append(int(step[path[-1]]))
    return np.array(path[::-1], dtype=float)


def bars_until_the_high(frame):
    """How long until the highest close of the next 20 bars."""
    close = frame["close"].to_numpy()
    windows = np.lib.stride_tricks.sliding_window_view(close, 20).argmax(1)
    return np.append(windows, np.full(19, np.nan))


COLUMNS = (
    hourly_stamped_with_its_open,
    todays_high,
    todays_close_by_date,
    daily_vwap,
    nearest_merge,
    target_encoded_hour,
    low_pass,
    zero_phase,
    detrended,
    quantile_bins,
    winsorised,
    principal_component,
    regime_of_the_file,
    viterbi_path,
    bars_until_the_high,
)
