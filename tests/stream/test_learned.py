"""Columns that learn: before, while and after they do."""

from dataclasses import dataclass

import numpy as np
import pytest

from barwise.core.errors import (
    BarwiseError,
    ConfigError,
    DataError,
    IntegrityError,
    NotFittedError,
)
from barwise.stream import Graph, column
from barwise.stream.expr import ema, lag
from barwise.stream.learned import Recipe, learned

X = column("x")
CALLS = []


@dataclass(frozen=True)
class Centred(Recipe):
    """Distance to the mean of the training rows, and that mean."""

    weight: float = 1.0

    def learn(self, inputs):
        CALLS.append(len(inputs))
        return inputs.mean(axis=0) * self.weight

    def expressions(self, inputs, parameters):
        return inputs[0] - float(parameters[0]), inputs[0] * 0.0 + float(parameters[0])

    def describe(self, parameters):
        return f"mean {parameters[0]:g}"


def data(rows=100, seed=0):
    return {"x": np.random.default_rng(seed).normal(3.0, 1.0, rows)}


def test_an_unfitted_column_is_named_with_the_way_out():
    graph = Graph({"plain": X, "far": lag(learned(Centred(), X), 2)})
    assert graph.unfitted == ("far",)
    with pytest.raises(NotFittedError, match=r"1 columns.*: far; call fit\(bars"):
        graph.push(data())
    assert issubclass(NotFittedError, BarwiseError)


def test_what_is_learned_are_constants_of_an_ordinary_program():
    history = data()
    graph = Graph({"far": learned(Centred(), X)}).fit(history)
    assert graph.unfitted == ()
    assert {node.op for node in graph.program.nodes} == {"column", "const", "sub"}
    out = graph.push({"x": np.array([5.0])})
    np.testing.assert_allclose(out, [[5.0 - history["x"].mean()]], rtol=1e-6)


def test_rows_outside_the_mask_are_not_learned_from_but_bring_averages_forward():
    history, mask = data(), np.zeros(100, bool)
    mask[40:60] = True
    graph = Graph({"mean": learned(Centred(), ema(X, 5), output=1)})
    expected = Graph({"ema": ema(X, 5)}).push(history)[mask].mean()
    graph.fit(history, rows=mask)
    (vector,) = graph.fitted_parameters.values()
    np.testing.assert_allclose(vector, [expected], rtol=1e-6)
    changed = {"x": np.where(np.arange(100) < 60, history["x"], 99.0)}
    again = Graph({"mean": learned(Centred(), ema(X, 5), output=1)})
    again.fit(changed, rows=mask)
    assert again.program.hash() == graph.program.hash()


def test_rows_with_a_missing_input_are_not_learned_from():
    history = data()
    history["x"][10:20] = np.nan
    graph = Graph({"mean": learned(Centred(), X, output=1)}).fit(history)
    (vector,) = graph.fitted_parameters.values()
    np.testing.assert_allclose(vector, [np.nanmean(history["x"])])


def test_a_column_may_learn_from_one_that_learns():
    inner = learned(Centred(), X)
    graph = Graph({"outer": learned(Centred(2.0), inner, output=1), "inner": inner})
    graph.fit({"x": np.array([1.0, 3.0])}, rows=np.array([False, True]))
    # The inner mean is 3; the outer sees 0 at the row that it learns from.
    np.testing.assert_array_equal(
        graph.push({"x": np.array([1.0, 3.0])}), [[0.0, -2.0], [0.0, 0.0]]
    )


def test_equal_recipes_over_equal_inputs_are_learned_once():
    CALLS.clear()
    outputs = {
        "a": learned(Centred(), X),
        "b": lag(learned(Centred(), X, output=1), 1),
        "c": learned(Centred(2.0), X),
    }
    graph = Graph(outputs).fit(data())
    assert CALLS == [100, 100]
    assert len(graph.fitted_parameters) == 2


def test_the_hash_changes_with_what_is_learned_and_with_the_recipe():
    def graph(recipe, seed=None):
        made = Graph({"far": learned(recipe, X)})
        return made if seed is None else made.fit(data(seed=seed))

    assert graph(Centred()).program.hash() == graph(Centred()).program.hash()
    assert graph(Centred()).program.hash() != graph(Centred(2.0)).program.hash()
    assert graph(Centred(), 1).program.hash() == graph(Centred(), 1).program.hash()
    assert graph(Centred(), 1).program.hash() != graph(Centred(), 2).program.hash()


def test_parameters_go_into_a_new_graph_of_fewer_columns():
    outputs = {"far": learned(Centred(), X), "twice": learned(Centred(2.0), X)}
    full = Graph(outputs).fit(data())
    part = Graph({"far": outputs["far"]}).with_parameters(full.fitted_parameters)
    np.testing.assert_array_equal(
        part.push(data(seed=1)), full.push(data(seed=1))[:, :1]
    )
    with pytest.raises(NotFittedError, match="twice"):
        Graph(outputs).with_parameters(part.fitted_parameters).push(data())


def test_what_comes_out_of_a_graph_does_not_reach_back_into_it():
    graph = Graph({"far": learned(Centred(), X)}).fit(data())
    before = graph.program.hash()
    for vector in graph.fitted_parameters.values():
        vector += 1.0
    assert graph.with_parameters(graph.fitted_parameters).program.hash() == before


def test_a_snapshot_carries_what_was_learned_into_an_unfitted_graph():
    outputs = {"far": ema(learned(Centred(), X), 4)}
    graph = Graph(outputs).fit(data())
    graph.push(data(seed=1))
    state = graph.snapshot()
    assert all(isinstance(array, np.ndarray) for array in state.values())
    for other in (Graph(outputs), Graph(outputs).fit(data(seed=5))):
        other.restore(state)
        np.testing.assert_array_equal(
            other.push(data(seed=2)), Graph.push(restored(outputs, state), data(seed=2))
        )


def restored(outputs, state):
    graph = Graph(outputs)
    graph.restore(state)
    return graph


def test_a_snapshot_whose_parameters_were_changed_is_refused_and_changes_nothing():
    outputs = {"far": learned(Centred(), X)}
    graph, other = Graph(outputs).fit(data()), Graph(outputs).fit(data(seed=1))
    state, before = graph.snapshot(), other.program.hash()
    (key,) = (name for name in state if name.startswith("learned/"))
    state[key] += 1e-9
    with pytest.raises(IntegrityError, match="another set of features"):
        other.restore(state)
    assert other.program.hash() == before


def test_a_fit_begins_before_the_first_row():
    graph = Graph({"far": ema(learned(Centred(), X), 4)}).fit(data())
    first = graph.push(data(seed=1))
    np.testing.assert_array_equal(graph.fit(data()).push(data(seed=1)), first)


@pytest.mark.parametrize(
    ("rows", "error", "said"),
    [
        (np.ones(3, bool), ConfigError, "one True or False for each of 100 rows"),
        (np.ones(100), ConfigError, "float64 of shape"),
        (np.zeros(100, bool), DataError, "far cannot be fitted: on none of 0 training"),
    ],
)
def test_rows_that_cannot_be_learned_from_are_an_error(rows, error, said):
    with pytest.raises(error, match=said):
        Graph({"far": learned(Centred(), X)}).fit(data(), rows=rows)
