import ast
from pathlib import Path

import numpy as np
import pytest

from barwise.core.errors import IntegrityError
from barwise.stream import Graph, column, compile_program, ops
from barwise.stream import expr as ex

X = column("x")


def test_an_input_may_be_an_output_and_a_constant_too():
    graph = Graph({"x": X, "one": ex.constant(1.0), "again": X})
    np.testing.assert_array_equal(
        graph.push({"x": np.array([5.0, 6.0])}), [[5, 1, 5], [6, 1, 6]]
    )


def test_columns_come_in_the_order_of_the_names_whatever_the_plan():
    outputs = {f"m{w}": ex.rolling_mean(X, w) for w in (9, 2, 5)} | {"x": X}
    data = {"x": np.random.default_rng(0).random(5000)}
    one = Graph(outputs).push(data)
    np.testing.assert_array_equal(one[:, 3], data["x"].astype(np.float32))
    for threads in (2, 3, 7):
        np.testing.assert_array_equal(Graph(outputs).push(data, threads=threads), one)


def test_output_goes_to_a_memory_map(tmp_path):
    data = {"x": np.arange(70_000.0)}
    out = np.lib.format.open_memmap(
        tmp_path / "m.npy", mode="w+", dtype=np.float32, shape=(70_000, 1)
    )
    graph = Graph({"mean": ex.rolling_mean(X, 3)})
    assert graph.push(data, out=out) is out
    assert out[-1, 0] == 69_998.0
    with pytest.raises(ValueError, match=r"float32 of shape \(70000, 1\)"):
        graph.push(data, out=np.empty((70_000, 1)))


def test_a_snapshot_of_other_features_is_refused():
    state = Graph({"a": ex.ema(X, 3)}).snapshot()
    with pytest.raises(IntegrityError, match="another set of features"):
        Graph({"a": ex.ema(X, 4)}).restore(state)


def test_the_hash_is_of_what_is_computed():
    def hashed(**outputs):
        return compile_program(outputs).hash()

    assert hashed(a=ex.ema(X, 3)) == hashed(a=ex.ema(X, 3))
    assert hashed(a=ex.ema(X, 3)) != hashed(a=ex.ema(X, 4))
    assert hashed(a=ex.ema(X, 3)) != hashed(b=ex.ema(X, 3))


def test_warmup_is_the_row_from_which_all_is_defined():
    for expression in (
        ex.rolling_std(ex.diff(X, 3), 5),
        ex.ema(ex.ema(X, 4), 6),
        ex.kama(X, 7),
        ex.rolling_slope(ex.lag(X, 2), 9),
        ex.rolling_quantile(X, 4, 0.5),
    ):
        graph = Graph({"out": expression})
        out = graph.push({"x": np.random.default_rng(1).random(60)})[:, 0]
        defined = np.flatnonzero(~np.isnan(out))
        assert defined[0] == graph.program.warmup
        assert not np.isnan(out[defined[0] :]).any()


def test_two_origins_agree_once_settled():
    data = 5000 + np.cumsum(np.random.default_rng(2).standard_normal(4000))
    outputs = {"mean": ex.rolling_mean(X, 20), "ema": ex.ema(ex.diff(X), 14)}
    graph = Graph(outputs)
    settled = graph.program.settled
    early = graph.push({"x": data})
    late = Graph(outputs).push({"x": data[1500:]})
    np.testing.assert_allclose(
        late[settled:], early[1500 + settled :], rtol=2e-7, atol=1e-7
    )
    assert compile_program({"sum": ex.accumulate(X, ex.constant(0.0))}).settled is None


def test_no_op_code_is_used_twice():
    codes = [op.code for op in ops.OPS.values()]
    assert len(set(codes)) == len(codes)


def test_all_compiled_ops_live_in_one_file():
    """numba's cache does not notice a helper that changed in another file."""
    tree = ast.parse(Path(ops.__file__).read_text())
    imported = {
        node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)
    }
    assert not {name for name in imported if name and name.startswith("barwise")}
    assert "fastmath" not in Path(ops.__file__).read_text().replace("No fastmath", "")
