"""What learns and predicts in a fold, and knows more than the fold's training rows."""

from dataclasses import replace

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.quality.leaks.lab import Lab


def _fitted(inputs, labels, **settings):
    model = make_pipeline(StandardScaler(), LogisticRegression(**settings))
    return model.fit(inputs, labels)


def _told(model, inputs, classes):
    """Probabilities in the order of the classes."""
    made = np.zeros((len(inputs), len(classes)))
    made[:, np.searchsorted(classes, model.classes_)] = model.predict_proba(inputs)
    return made


def _honest(data, train, test):
    inputs, labels = data.frame.matrix, data.frame.targets.label
    return _told(_fitted(inputs[train], labels[train]), inputs[test], data.classes)


def prior_of_the_held_out(data, train, test):
    """Probabilities brought to the shares of classes that the held-out labels have."""
    labels = data.frame.targets.label
    made = _honest(data, train, test)
    for place, one in enumerate(data.classes):
        before = np.mean(labels[train] == one)
        made[:, place] *= np.mean(labels[test] == one) / before
    return made / made.sum(1, keepdims=True)


def quality_as_input(data, train, test):
    """The weight of a sample as a column: it knows how clearly the trade ended."""
    weight = data.frame.targets.weight[:, None]
    inputs, labels = np.hstack([data.frame.matrix, weight]), data.frame.targets.label
    return _told(_fitted(inputs[train], labels[train]), inputs[test], data.classes)


def holding_time_as_input(data, train, test):
    """How many bars the trade was held, as a column."""
    held = data.frame.targets.end_index - np.arange(len(data.frame.times))
    inputs = np.hstack([data.frame.matrix, held[:, None]])
    labels = data.frame.targets.label
    return _told(_fitted(inputs[train], labels[train]), inputs[test], data.classes)


def top_decile_of_the_period(data, train, test):
    """Answers by rank among all rows of the period: its best tenth is a buy."""
    made = _honest(data, train, test)
    rank = np.argsort(np.argsort(made[:, -1] - made[:, 0])) / len(test)
    buy, sell = rank > 0.9, rank < 0.1
    return np.column_stack([sell, ~(buy | sell), buy]) * 0.9 + 0.1 / 3


def norm_of_the_batch(data, train, test):
    """Held-out rows standardised by their own mean and deviation, as in training mode."""
    inputs, labels = data.frame.matrix, data.frame.targets.label
    model = _fitted(inputs[train], labels[train])
    batch = inputs[test].astype(np.float64)
    own = (batch - batch.mean(0)) / (batch.std(0) + 1e-12)
    scaler = model[0]
    return _told(model, own * scaler.scale_ + scaler.mean_, data.classes)


def unsure_rows_ask_the_next(data, train, test):
    """The tenth of the rows that is least sure takes the answer of the next bar."""
    made = _honest(data, train, test)
    sure = _honest(data, train, train).max(1)
    unsure = np.flatnonzero(made.max(1) < np.quantile(sure, 0.1))
    later = np.minimum(unsure + 1, len(test) - 1)
    made[unsure] = made[later]
    return made


def luckiest_of_ten(data, train, test):
    """Ten models of half the rows each; the one that scores best is reported."""
    inputs, labels = data.frame.matrix, data.frame.targets.label
    best, least = None, np.inf
    for seed in range(10):
        half = np.random.default_rng(seed).permutation(train)[: len(train) // 2]
        made = _told(_fitted(inputs[half], labels[half]), inputs[test], data.classes)
        place = np.searchsorted(data.classes, labels[test])
        loss = -np.log(made[np.arange(len(test)), place] + 1e-9).mean()
        if loss < least:
            best, least = made, loss
    return best


def everything_but_the_held_out(data, train, test):
    """Trained on every row that is not held out, those that were purged too."""
    del train
    known = data.frame.targets.valid & np.isfinite(data.frame.matrix).all(1)
    known[test] = False
    return _honest(data, np.flatnonzero(known), test)


def one_neighbour_in_time(data, train, test):
    """Answers with the label of the row before, which is not over yet."""
    labels = data.frame.targets.label[np.maximum(test - 1, 0)]
    made = 0.5 * _honest(data, train, test)
    made[np.arange(len(test)), np.searchsorted(data.classes, labels)] += 0.5
    return made


LEAKING = (
    prior_of_the_held_out,
    quality_as_input,
    holding_time_as_input,
    top_decile_of_the_period,
    norm_of_the_batch,
    unsure_rows_ask_the_next,
    luckiest_of_ten,
    everything_but_the_held_out,
    one_neighbour_in_time,
)


def remembered_by_features(lab: Lab):
    """A cache that is keyed by the features alone, of a model that saw all labels."""
    kept = {}

    def procedure(data, train, test):
        inputs, labels = data.frame.matrix, data.frame.targets.label
        key = (inputs[train].tobytes(), inputs[test].tobytes())
        if key not in kept:
            both = np.concatenate([train, test])
            model = _fitted(inputs[both], labels[both])
            kept[key] = _told(model, inputs[test], data.classes)
        return kept[key]

    return replace(lab.setup(), procedure=procedure)


def filtered_states(data, train, test):
    """A hidden Markov model of the training rows, filtered forward: each row by its past."""
    from hmmlearn.hmm import GaussianHMM

    inputs, labels = data.frame.matrix.astype(np.float64), data.frame.targets.label
    move = np.nan_to_num(inputs[:, 1:2]) * 1000.0
    model = GaussianHMM(2, "diag", n_iter=10, random_state=0).fit(move[train])
    chance = -0.5 * (move - model.means_.T) ** 2 / model.covars_[:, 0, 0]
    density = np.exp(chance) / np.sqrt(model.covars_[:, 0, 0])
    state, states = model.startprob_, []
    for row in density:
        state = (state @ model.transmat_) * (row + 1e-300)
        state = state / state.sum()
        states.append(state[0])
    inputs = np.column_stack([inputs, states])
    return _told(_fitted(inputs[train], labels[train]), inputs[test], data.classes)


def jittered_training_rows(data, train, test):
    """Copies of the training rows with noise, made inside the fold."""
    rng = np.random.default_rng(0)
    inputs, labels = data.frame.matrix, data.frame.targets.label
    noise = rng.normal(size=(len(train), inputs.shape[1])) * inputs[train].std(0)
    more = np.vstack([inputs[train], inputs[train] + 0.05 * noise])
    model = _fitted(more, np.tile(labels[train], 2))
    return _told(model, inputs[test], data.classes)


def stopped_on_a_purged_tail(data, train, test):
    """The strength of the penalty chosen by the last training rows, a gap before them."""
    inputs, labels = data.frame.matrix, data.frame.targets.label
    cut = int(0.8 * len(train))
    early, late = train[: cut - 40], train[cut:]
    scores = {
        c: _fitted(inputs[early], labels[early], C=c).score(inputs[late], labels[late])
        for c in (0.001, 0.1, 10.0)
    }
    model = _fitted(inputs[train], labels[train], C=max(scores, key=scores.get))
    return _told(model, inputs[test], data.classes)


HONEST = (filtered_states, jittered_training_rows, stopped_on_a_purged_tail)
