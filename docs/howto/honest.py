"""Sixteen features that look like those of cheats.py and know the past alone.

barwise audit features docs/howto/honest.py
"""

import numpy as np
import pandas as pd

import barwise as bw

VARIANCES = np.array([1e-7, 1e-6])


def hidden_markov():
    """A model with given parameters: nothing is fitted, only decoded."""
    from hmmlearn.hmm import GaussianHMM

    model = GaussianHMM(2, "full", init_params="", params="")
    model.startprob_ = np.array([0.5, 0.5])
    model.transmat_ = np.array([[0.95, 0.05], [0.1, 0.9]])
    model.means_ = np.zeros((2, 1))
    model.covars_ = VARIANCES[:, None, None]
    return model


@bw.frame_feature(lookback=200)
def last_return(frame):
    """shift(+1)."""
    return frame["close"].pct_change().shift(1)


@bw.frame_feature(lookback=200)
def trailing_mean(frame):
    """A window that ends at its row."""
    return frame["close"] / frame["close"].rolling(21).mean() - 1.0


@bw.frame_feature(lookback=200)
def rolling_zscore(frame):
    """Mean and deviation of the last 100 rows."""
    change = frame["close"].pct_change()
    return (change - change.rolling(100).mean()) / change.rolling(100).std()


@bw.frame_feature(lookback=200)
def forward_fill(frame):
    """Gaps are filled with what was known before them."""
    high = frame["high"].rolling(12).max()
    return frame["close"] / high.where(high > high.shift(1)).ffill() - 1.0


@bw.frame_feature(lookback=200)
def completed_hour(frame):
    """Every row gets the close of the last hour that is over."""
    hourly = frame["close"].resample("1h", closed="right", label="right").last()
    return frame["close"] / hourly.reindex(frame.index, method="ffill") - 1.0


@bw.frame_feature(lookback=200)
def expanding_minmax(frame):
    """Scaled by the lowest and the highest close so far."""
    close = frame["close"]
    low, high = close.expanding(50).min(), close.expanding(50).max()
    return (close - low) / (high - low)


@bw.frame_feature(lookback=400)
def forward_ewm(frame):
    """An exponential average with adjusted weights, in the order of time."""
    return frame["close"] / frame["close"].ewm(span=20, adjust=True).mean() - 1.0


@bw.frame_feature(lookback=200)
def held(frame):
    """Every 12th close, held until the next one is known."""
    sparse = frame["close"].where(np.arange(len(frame)) % 12 == 0)
    return frame["close"] / sparse.ffill() - 1.0


@bw.frame_feature(lookback=200)
def rolling_rank(frame):
    """Rank among the last 200 rows."""
    return frame["volume"].rolling(200).rank(pct=True)


@bw.frame_feature(lookback=2000)
def hour_of_day_so_far(frame):
    """Absolute return over that of earlier rows in the same hour of the day."""
    size = frame["close"].pct_change().abs()
    before = size.groupby(frame.index.hour).transform(
        lambda part: part.shift(1).expanding(5).mean()
    )
    return size / before


@bw.frame_feature(lookback=200)
def past_direction(frame):
    """The return of the last 20 bars."""
    return (frame["close"] > frame["close"].shift(20)).astype(float)


@bw.frame_feature(lookback=200, price_units=True)
def one_sided_polynomial(frame):
    """A polynomial through the last 31 bars, read at the newest one."""
    from scipy.signal import savgol_coeffs

    weights = savgol_coeffs(31, 3, pos=30, use="dot")
    windows = np.lib.stride_tricks.sliding_window_view(frame["close"], 31)
    smooth = np.r_[np.full(30, np.nan), windows @ weights]
    return frame["close"] - smooth


@bw.frame_feature(lookback=200)
def filtered_regime(frame):
    """State probabilities of a hidden Markov model, filtered: forward only."""
    model = hidden_markov()
    change = frame["close"].pct_change().fillna(0.0).to_numpy()
    chances = model.startprob_.copy()
    out = np.empty(len(change))
    for row, value in enumerate(change):
        density = np.exp(-0.5 * value**2 / VARIANCES) / np.sqrt(VARIANCES)
        chances = chances @ model.transmat_ * density
        chances /= chances.sum()
        out[row] = chances[1]
    return out


@bw.frame_feature(lookback=200)
def confirmed_swing(frame):
    """The pivot, told two bars later, when it is one."""
    high = frame["high"]
    return (high.shift(2) == high.rolling(5).max()) * 1.0


@bw.frame_feature(lookback=288)
def day_so_far(frame):
    """Sum of the day's returns up to the row."""
    change = frame["close"].pct_change()
    return change.groupby(frame.index.date).cumsum()


@bw.frame_feature(lookback=200)
def time_of_day(frame):
    """The clock, which is known in advance."""
    index = pd.DatetimeIndex(frame.index)
    return np.sin(2.0 * np.pi * (index.hour * 60 + index.minute) / 1440.0)
