"""Functions of data frames as people write them: cheats, and honest look-alikes.

Each cheat sees the future in another way; the look-alike beside it does not. The page
on auditing shows what is said about each cheat.
"""

import numpy as np
import pandas as pd

# --- cheats ---------------------------------------------------------------------------


def next_return(frame):
    """shift(-1): the return of the bar to come."""
    return frame["close"].pct_change().shift(-1)


def centred_mean(frame):
    """A centred window: half of it lies ahead."""
    return frame["close"] / frame["close"].rolling(21, center=True).mean() - 1.0


def global_zscore(frame):
    """Mean and deviation of the whole file."""
    change = frame["close"].pct_change()
    return (change - change.mean()) / change.std()


def backward_fill(frame):
    """Gaps are filled with the value that comes after them."""
    high = frame["high"].rolling(12).max()
    return frame["close"] / high.where(high > high.shift(1)).bfill() - 1.0


def forming_hour(frame):
    """Every 5-minute row gets the close of its own hour, which is still to come."""
    hourly = frame["close"].resample("1h", closed="right", label="right").last()
    return frame["close"] / hourly.reindex(frame.index, method="bfill") - 1.0


def minmax_of_the_file(frame):
    """Scaled by the lowest and the highest close of the whole file."""
    close = frame["close"]
    return (close - close.min()) / (close.max() - close.min())


def reversed_ewm(frame):
    """An exponential average that runs from the end to the beginning."""
    return frame["close"] / frame["close"][::-1].ewm(span=20).mean() - 1.0


def interpolated(frame):
    """Drawn straight between every 12th bar and the next 12th one."""
    sparse = frame["close"].where(np.arange(len(frame)) % 12 == 0)
    return frame["close"] / sparse.interpolate() - 1.0


def global_rank(frame):
    """Rank among all rows, later ones too."""
    return frame["volume"].rank(pct=True)


def hour_of_day_mean(frame):
    """Mean absolute return of the hour of the day, over the whole file."""
    size = frame["close"].pct_change().abs()
    return size / size.groupby(frame.index.hour).transform("mean")


def label_as_feature(frame):
    """The return of the next 20 bars, which is what a label says."""
    return (frame["close"].shift(-20) > frame["close"]).astype(float)


def savitzky_golay(frame):
    """A polynomial through 15 bars on either side."""
    from scipy.signal import savgol_filter

    return frame["close"] - savgol_filter(frame["close"], 31, 3)


def wavelet_denoised(frame):
    """A wavelet transform of the whole series, its finest detail left out."""
    import pywt

    parts = pywt.wavedec(frame["close"].to_numpy(copy=True), "db4", level=3)
    parts[-1][:] = 0.0
    return frame["close"] - pywt.waverec(parts, "db4")[: len(frame)]


def smoothed_regime(frame):
    """State probabilities of a hidden Markov model, smoothed: forward and backward."""
    model = hidden_markov()
    change = frame["close"].pct_change().fillna(0.0).to_numpy()[:, None]
    return model.predict_proba(change)[:, 1]


def swing_high(frame):
    """A pivot: higher than the two bars before it and the two after it."""
    high = frame["high"]
    return ((high == high.rolling(5, center=True).max()) * 1.0).where(high.notna())


def scaled_by_sklearn(frame):
    """A scaler fitted on the whole file."""
    from sklearn.preprocessing import RobustScaler

    change = frame["close"].pct_change().fillna(0.0)
    return RobustScaler().fit_transform(change.to_numpy()[:, None])[:, 0]


CHEATS = {
    next_return: "looks 1 row ahead",
    centred_mean: "looks 10 rows ahead",
    global_zscore: "depends on all later rows",
    backward_fill: "rows ahead",
    forming_hour: "to the end of the bar of 1 h that is forming",
    minmax_of_the_file: "depends on all later rows",
    reversed_ewm: "rows ahead",
    interpolated: "looks up to 11 rows ahead",
    global_rank: "depends on all later rows",
    hour_of_day_mean: "depends on all later rows",
    label_as_feature: "looks 20 rows ahead",
    savitzky_golay: "looks 15 rows ahead",
    wavelet_denoised: "rows ahead",
    smoothed_regime: "rows ahead",
    swing_high: "looks up to 2 rows ahead",
    scaled_by_sklearn: "depends on all later rows",
}
"""What the audit has to say about each."""


# --- honest look-alikes ---------------------------------------------------------------


def last_return(frame):
    """shift(+1)."""
    return frame["close"].pct_change().shift(1)


def trailing_mean(frame):
    """A window that ends at its row."""
    return frame["close"] / frame["close"].rolling(21).mean() - 1.0


def rolling_zscore(frame):
    """Mean and deviation of the last 100 rows."""
    change = frame["close"].pct_change()
    return (change - change.rolling(100).mean()) / change.rolling(100).std()


def forward_fill(frame):
    """Gaps are filled with what was known before them."""
    high = frame["high"].rolling(12).max()
    return frame["close"] / high.where(high > high.shift(1)).ffill() - 1.0


def completed_hour(frame):
    """Every row gets the close of the last hour that is over."""
    hourly = frame["close"].resample("1h", closed="right", label="right").last()
    return frame["close"] / hourly.reindex(frame.index, method="ffill") - 1.0


def expanding_minmax(frame):
    """Scaled by the lowest and the highest close so far."""
    close = frame["close"]
    low, high = close.expanding(50).min(), close.expanding(50).max()
    return (close - low) / (high - low)


def forward_ewm(frame):
    """An exponential average with adjusted weights, in the order of time."""
    return frame["close"] / frame["close"].ewm(span=20, adjust=True).mean() - 1.0


def held(frame):
    """Every 12th close, held until the next one is known."""
    sparse = frame["close"].where(np.arange(len(frame)) % 12 == 0)
    return frame["close"] / sparse.ffill() - 1.0


def rolling_rank(frame):
    """Rank among the last 200 rows."""
    return frame["volume"].rolling(200).rank(pct=True)


def hour_of_day_so_far(frame):
    """Absolute return over that of earlier rows in the same hour of the day."""
    size = frame["close"].pct_change().abs()
    before = size.groupby(frame.index.hour).transform(
        lambda part: part.shift(1).expanding(5).mean()
    )
    return size / before


def past_direction(frame):
    """The return of the last 20 bars."""
    return (frame["close"] > frame["close"].shift(20)).astype(float)


def one_sided_polynomial(frame):
    """A polynomial through the last 31 bars, read at the newest one."""
    from scipy.signal import savgol_coeffs

    weights = savgol_coeffs(31, 3, pos=30, use="dot")
    windows = np.lib.stride_tricks.sliding_window_view(frame["close"], 31)
    smooth = np.r_[np.full(30, np.nan), windows @ weights]
    return frame["close"] - smooth


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


def confirmed_swing(frame):
    """The pivot, told two bars later, when it is one."""
    high = frame["high"]
    return (high.shift(2) == high.rolling(5).max()) * 1.0


def day_so_far(frame):
    """Sum of the day's returns up to the row."""
    change = frame["close"].pct_change()
    return change.groupby(frame.index.date).cumsum()


def time_of_day(frame):
    """The clock, which is known in advance."""
    index = pd.DatetimeIndex(frame.index)
    return np.sin(2.0 * np.pi * (index.hour * 60 + index.minute) / 1440.0)


HONEST = (
    last_return,
    trailing_mean,
    rolling_zscore,
    forward_fill,
    completed_hour,
    expanding_minmax,
    forward_ewm,
    held,
    rolling_rank,
    hour_of_day_so_far,
    past_direction,
    one_sided_polynomial,
    filtered_regime,
    confirmed_swing,
    day_so_far,
    time_of_day,
)


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
