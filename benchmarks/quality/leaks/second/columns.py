"""Functions of frames that see later bars, most of them in few rows or by little."""

import numpy as np
import pandas as pd


def wraps_around(frame):
    """np.roll instead of shift: the first five rows hold the last prices of the file."""
    return frame["close"] / np.roll(frame["close"], 5) - 1.0


def warm_up_filled_with_the_mean(frame):
    """A rolling figure whose first rows are filled with its mean over the file."""
    width = frame["close"].rolling(20).std() / frame["close"]
    return width.fillna(width.mean())


def spike_filter(frame):
    """A bar far from both neighbours is taken for a bad tick: rare rows look one ahead."""
    change = np.log(frame["close"]).diff()
    far = change.abs() > 2.5 * change.rolling(100, min_periods=20).std().shift(1)
    back = change.shift(-1) * change < -0.5 * change**2
    return change.where(~(far & back), 0.0)


def zigzag_leg(frame):
    """Direction of the leg of a ZigZag of 0.3 %, drawn from pivot to pivot."""
    close = frame["close"].to_numpy()
    legs, start, extreme, up = np.zeros(len(close)), 0, 0, True
    for i, price in enumerate(close):
        if (price > close[extreme]) == up and price != close[extreme]:
            extreme = i
        elif abs(price / close[extreme] - 1.0) > 0.003:
            legs[start : extreme + 1] = 1.0 if up else -1.0
            start, extreme, up = extreme + 1, i, not up
    legs[start:] = 1.0 if up else -1.0
    return pd.Series(legs, frame.index)


def prominent_peaks(frame):
    """Bars since the last peak that stands out, by scipy's find_peaks."""
    from scipy.signal import find_peaks

    close = frame["close"].to_numpy()
    peaks, _ = find_peaks(close, prominence=12.0)
    rows = np.arange(len(close))
    last = np.searchsorted(peaks, rows, side="right") - 1
    since = np.where(last >= 0, rows - np.append(peaks, 0)[last], 99)
    return pd.Series(np.minimum(since, 99.0), frame.index)


def season_and_trend(frame):
    """What STL leaves of the volume: trend and season are fitted to the whole file."""
    from statsmodels.tsa.seasonal import STL

    return STL(np.log1p(frame["volume"].to_numpy()), period=48).fit().resid


def hodrick_prescott(frame):
    """The cycle of a Hodrick-Prescott filter."""
    from statsmodels.tsa.filters.hp_filter import hpfilter

    cycle, _ = hpfilter(np.log(frame["close"].to_numpy()), lamb=1600.0)
    return cycle


def kalman_smoother(frame):
    """A local level, smoothed backward after it was filtered forward."""
    log = np.log(frame["close"].to_numpy())
    mean, spread = np.empty(len(log)), np.empty(len(log))
    level, variance = log[0], 1e-6
    for i, value in enumerate(log):
        variance += 1e-7
        gain = variance / (variance + 1e-6)
        level, variance = level + gain * (value - level), (1 - gain) * variance
        mean[i], spread[i] = level, variance
    for i in range(len(log) - 2, -1, -1):
        pull = spread[i] / (spread[i] + 1e-7)
        mean[i] += pull * (mean[i + 1] - mean[i])
    return log - mean


def matrix_profile(frame):
    """Distance to the stretch of the file that is most like the last 20 returns."""
    change = np.log(frame["close"]).diff().fillna(0.0).to_numpy()
    pieces = np.lib.stride_tricks.sliding_window_view(change, 20)
    pieces = (pieces - pieces.mean(1)[:, None]) / pieces.std(1)[:, None]
    distance = np.maximum(2 * 20 - 2 * pieces @ pieces.T, 0.0)
    rows = np.arange(len(pieces))
    distance[abs(rows[:, None] - rows) < 20] = np.inf
    return np.append(np.full(19, np.nan), np.sqrt(distance.min(1)))


def first_empirical_mode(frame):
    """First mode of an empirical mode decomposition: splines through all extremes."""
    from scipy.interpolate import CubicSpline

    left = np.log(frame["close"].to_numpy())
    rows = np.arange(len(left))
    for _ in range(3):
        inner = left[1:-1]
        tops = 1 + np.flatnonzero((inner > left[:-2]) & (inner >= left[2:]))
        lows = 1 + np.flatnonzero((inner < left[:-2]) & (inner <= left[2:]))
        upper = CubicSpline(tops, left[tops])(rows)
        left = left - 0.5 * (upper + CubicSpline(lows, left[lows])(rows))
    return np.where(np.arange(len(left)) < 20, 0.0, left)


def heikin_ashi_of_the_hour(frame):
    """The Heikin-Ashi close of the hour that a row lies in, the forming one."""
    hours = frame.index.floor("1h")
    hourly = frame.groupby(hours)
    mean = hourly["open"].transform("first") + hourly["close"].transform("last")
    mean += hourly["high"].transform("max") + hourly["low"].transform("min")
    return frame["close"] / (mean / 4.0) - 1.0


def renko_of_the_file(frame):
    """Bricks of half the mean range of the whole file, and the way of the last one."""
    brick = 2.0 * (frame["high"] - frame["low"]).mean()
    close, way, floor = frame["close"].to_numpy(), [], frame["close"].iloc[0]
    side = 0.0
    for price in close:
        while abs(price - floor) >= brick:
            side = np.sign(price - floor)
            floor += side * brick
        way.append(side)
    return pd.Series(way, frame.index)


def point_of_control(frame):
    """Distance to the price at which the whole day traded most."""
    day = (frame.index + pd.Timedelta("1h")).date
    price = (frame["close"] / 2.0).round() * 2.0
    most = frame["volume"].groupby([day, price]).sum()
    by_day = most.groupby(level=0).idxmax().map(lambda found: found[1])
    return frame["close"] - pd.Series(day, frame.index).map(by_day)


def best_window_of_the_file(frame):
    """Momentum whose window earned the most over the whole file."""
    close = np.log(frame["close"])
    ahead = close.diff().shift(-1)
    windows = (3, 5, 8, 13, 21, 34, 55)
    best = max(windows, key=lambda n: (np.sign(close.diff(n)) * ahead).sum())
    return close.diff(best)


def terciles_of_the_file(frame):
    """Volume in three bins of the whole file: rows near an edge change, the rest do not."""
    return pd.qcut(frame["volume"], 3, labels=False)


def days_to_the_end(frame):
    """Days to expiry, where expiry is the last row that the file has."""
    return (frame.index[-1] - frame.index).days.to_numpy(float)


def reopened_at_the_close(frame):
    """The last bar of a session is given the price at which the next one opens."""
    last = frame.index.to_series().diff().shift(-1) > pd.Timedelta("30min")
    mark = frame["close"].where(~last, frame["open"].shift(-1))
    return mark / frame["close"].shift(12) - 1.0


def stale_quotes_filled_backward(frame):
    """Half-hours as of the past with a tolerance; what is too old comes from ahead."""
    every = frame["close"].iloc[::6]
    every = every[np.arange(len(every)) % 10 != 3]
    near = every.reindex(frame.index, method="ffill", tolerance=pd.Timedelta("27min"))
    return frame["close"] / near.bfill() - 1.0


def a_little_of_the_mean(frame):
    """A return from which a thousandth of the mean of the file is taken."""
    change = frame["close"].pct_change()
    return change - 0.001 * change.mean()


COLUMNS = (
    wraps_around,
    warm_up_filled_with_the_mean,
    spike_filter,
    zigzag_leg,
    prominent_peaks,
    season_and_trend,
    hodrick_prescott,
    kalman_smoother,
    matrix_profile,
    first_empirical_mode,
    heikin_ashi_of_the_hour,
    renko_of_the_file,
    point_of_control,
    best_window_of_the_file,
    terciles_of_the_file,
    days_to_the_end,
    reopened_at_the_close,
    stale_quotes_filled_backward,
    a_little_of_the_mean,
)
