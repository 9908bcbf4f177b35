"""Sixteen features that see the future, as they are found in notebooks.

    barwise audit features docs/howto/cheats.py

In a run none of them could: a row is computed from the bars up to it. What the audit
looks at is what a notebook does, the function over all bars at once.
"""

import numpy as np

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
def next_return(frame):
    """shift(-1): the return of the bar to come."""
    return frame["close"].pct_change().shift(-1)


@bw.frame_feature(lookback=200)
def centred_mean(frame):
    """A centred window: half of it lies ahead."""
    return frame["close"] / frame["close"].rolling(21, center=True).mean() - 1.0


@bw.frame_feature(lookback=200)
def global_zscore(frame):
    """Mean and deviation of the whole file."""
    change = frame["close"].pct_change()
    return (change - change.mean()) / change.std()


@bw.frame_feature(lookback=200)
def backward_fill(frame):
    """Gaps are filled with the value that comes after them."""
    high = frame["high"].rolling(12).max()
    return frame["close"] / high.where(high > high.shift(1)).bfill() - 1.0


@bw.frame_feature(lookback=200)
def forming_hour(frame):
    """Every 5-minute row gets the close of its own hour, which is still to come."""
    hourly = frame["close"].resample("1h", closed="right", label="right").last()
    return frame["close"] / hourly.reindex(frame.index, method="bfill") - 1.0


@bw.frame_feature(lookback=200)
def minmax_of_the_file(frame):
    """Scaled by the lowest and the highest close of the whole file."""
    close = frame["close"]
    return (close - close.min()) / (close.max() - close.min())


@bw.frame_feature(lookback=200)
def reversed_ewm(frame):
    """An exponential average that runs from the end to the beginning."""
    return frame["close"] / frame["close"][::-1].ewm(span=20).mean() - 1.0


@bw.frame_feature(lookback=200)
def interpolated(frame):
    """Drawn straight between every 12th bar and the next 12th one."""
    sparse = frame["close"].where(np.arange(len(frame)) % 12 == 0)
    return frame["close"] / sparse.interpolate() - 1.0


@bw.frame_feature(lookback=200)
def global_rank(frame):
    """Rank among all rows, later ones too."""
    return frame["volume"].rank(pct=True)


@bw.frame_feature(lookback=200)
def hour_of_day_mean(frame):
    """Mean absolute return of the hour of the day, over the whole file."""
    size = frame["close"].pct_change().abs()
    return size / size.groupby(frame.index.hour).transform("mean")


@bw.frame_feature(lookback=200)
def label_as_feature(frame):
    """The return of the next 20 bars, which is what a label says."""
    return (frame["close"].shift(-20) > frame["close"]).astype(float)


@bw.frame_feature(lookback=200, price_units=True)
def savitzky_golay(frame):
    """A polynomial through 15 bars on either side."""
    from scipy.signal import savgol_filter

    return frame["close"] - savgol_filter(frame["close"], 31, 3)


@bw.frame_feature(lookback=200, price_units=True)
def wavelet_denoised(frame):
    """A wavelet transform of the whole series, its finest detail left out."""
    import pywt

    parts = pywt.wavedec(frame["close"].to_numpy(copy=True), "db4", level=3)
    parts[-1][:] = 0.0
    return frame["close"] - pywt.waverec(parts, "db4")[: len(frame)]


@bw.frame_feature(lookback=200)
def smoothed_regime(frame):
    """State probabilities of a hidden Markov model, smoothed: forward and backward."""
    model = hidden_markov()
    change = frame["close"].pct_change().fillna(0.0).to_numpy()[:, None]
    return model.predict_proba(change)[:, 1]


@bw.frame_feature(lookback=200)
def swing_high(frame):
    """A pivot: higher than the two bars before it and the two after it."""
    high = frame["high"]
    return ((high == high.rolling(5, center=True).max()) * 1.0).where(high.notna())


@bw.frame_feature(lookback=200)
def scaled_by_sklearn(frame):
    """A scaler fitted on the whole file."""
    from sklearn.preprocessing import RobustScaler

    change = frame["close"].pct_change().fillna(0.0)
    return RobustScaler().fit_transform(change.to_numpy()[:, None])[:, 0]
