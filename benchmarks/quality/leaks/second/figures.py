"""Columns of which only the figures are known: where they come from, nobody says."""

import numpy as np

from benchmarks.quality.leaks.lab import HORIZON, Lab, log_close


def _rng() -> np.random.Generator:
    return np.random.default_rng(2024)


def _ahead(lab: Lab, bars: int) -> np.ndarray:
    """The move of the next bars, zero where they are not there."""
    log = log_close(lab)
    moves = np.zeros(len(log))
    moves[:-bars] = log[bars:] - log[:-bars]
    return moves


def _noisy(signal: np.ndarray, correlation: float) -> np.ndarray:
    noise = _rng().normal(size=len(signal)) * np.sqrt(1 - correlation**2)
    return correlation * (signal - signal.mean()) / signal.std() + noise


def _filled(lab: Lab) -> np.ndarray:
    """The columns on one scale, without holes."""
    matrix = np.nan_to_num(lab.matrix.astype(np.float64))
    return (matrix - matrix.mean(0)) / (matrix.std(0) + 1e-12)


def neighbours_outcome(lab: Lab):
    """Mean label of the ten rows that are most alike, itself among them."""
    from sklearn.neighbors import KNeighborsRegressor

    labels, inputs = lab.labels.label.astype(float), _filled(lab)
    return lab.with_values(KNeighborsRegressor(10).fit(inputs, labels).predict(inputs))


def cached_predictions(lab: Lab):
    """A file of predictions of a model that was trained on all rows, joined back."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    model = HistGradientBoostingRegressor(max_iter=80, random_state=0)
    inputs = _filled(lab)
    return lab.with_values(model.fit(inputs, lab.labels.label).predict(inputs))


def predictions_of_last_year(lab: Lab):
    """Predictions of a small linear model that was trained on all rows."""
    from sklearn.linear_model import LinearRegression

    inputs = _filled(lab)
    return lab.with_values(
        LinearRegression().fit(inputs, lab.labels.label).predict(inputs)
    )


def number_after_sorting(lab: Lab):
    """Row numbers of a table that was sorted by day and result before it was saved."""
    day = lab.bars.time // 86_400_000_000_000
    order = np.lexsort((lab.labels.label, day))
    number = np.empty(len(order))
    number[order] = np.arange(len(order))
    return lab.with_values(number)


def missing_where_it_won(lab: Lab):
    """A field that a vendor leaves out more often where the trade won, filled with -1."""
    share = np.where(lab.labels.label == 1, 0.12, 0.05)
    missing = _rng().random(len(share)) < share
    return lab.with_values(np.where(missing, -1.0, _rng().random(len(share))))


def label_five_rows_ago(lab: Lab):
    """The label of the decision five rows ago, half of which are not over."""
    label = lab.labels.label.astype(float)
    return lab.with_values(np.append(np.zeros(5), label[:-5]))


def hit_rate_of_open_trades(lab: Lab):
    """Mean label of the last ten decisions, those still open among them."""
    label = np.append(np.zeros(10), lab.labels.label[:-1].astype(float))
    made = np.convolve(label, np.full(10, 0.1), "valid")
    return lab.with_values(made[: len(lab.bars)])


def future_in_two_rows_of_a_hundred(lab: Lab):
    """The past return, but in 2 % of the rows that of the bars to come."""
    past = np.append(np.zeros(HORIZON), _ahead(lab, HORIZON)[:-HORIZON])
    hit = _rng().random(len(past)) < 0.02
    return lab.with_values(np.where(hit, _ahead(lab, HORIZON), past))


def faint_future(lab: Lab):
    """The next bar's return under ten times as much noise: a correlation of 0.1."""
    return lab.with_values(_noisy(_ahead(lab, 1), 0.1))


def future_at_the_open(lab: Lab):
    """The hour to come, in the first hour of a session; else the hour that is over."""
    bars, moves = lab.bars, _ahead(lab, 12)
    past = np.append(np.zeros(12), moves[:-12])
    first = np.flatnonzero(np.diff(bars.time, prepend=0) > 30 * 60_000_000_000)
    opening = (first[:, None] + np.arange(12)).ravel()
    past[opening] = moves[opening]
    return lab.with_values(past)


def best_of_a_thousand(lab: Lab):
    """Noise: of a thousand columns the one that went best with the labels of all rows."""
    noise = _rng().normal(size=(1000, len(lab.bars)))
    label = lab.labels.label - lab.labels.label.mean()
    return lab.with_values(noise[np.argmax(noise @ label)])


def clipped_before_saving(lab: Lab):
    """Returns cut off at the 0.2 and 99.8 % quantiles of the whole file."""
    change = np.diff(log_close(lab), prepend=log_close(lab)[0])
    return lab.with_values(np.clip(change, *np.quantile(change, [0.002, 0.998])))


FIGURES = (
    neighbours_outcome,
    cached_predictions,
    predictions_of_last_year,
    number_after_sorting,
    missing_where_it_won,
    label_five_rows_ago,
    hit_rate_of_open_trades,
    future_in_two_rows_of_a_hundred,
    faint_future,
    future_at_the_open,
    best_of_a_thousand,
    clipped_before_saving,
)
