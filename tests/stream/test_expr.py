import gc
import weakref

import pytest

from barwise.stream import column, compile_program
from barwise.stream import expr as ex


def test_equal_expressions_are_one_node():
    close = column("close")
    assert ex.rolling_mean(close, 20) is ex.rolling_mean(column("close"), 20)
    program = compile_program(
        {"a": ex.rolling_std(close, 20), "b": 2 * ex.rolling_std(close, 20)}
    )
    assert [node.op for node in program.nodes].count("rolling_var") == 1


def test_expressions_nobody_holds_are_forgotten():
    node = ex.rolling_mean(column("nobody_else_uses_this"), 3)
    seen = weakref.ref(node)
    del node
    gc.collect()
    assert seen() is None


def test_a_condition_cannot_steer_python():
    with pytest.raises(TypeError, match="use where"):
        bool(column("close") > 1)


@pytest.mark.parametrize("bad", [0, -1, 2.5])
def test_a_window_is_a_whole_number_of_rows(bad):
    with pytest.raises(ValueError, match=f"rolling_sum needs .* got {bad}"):
        ex.rolling_sum(column("close"), bad)


def test_a_quantile_lies_between_zero_and_one():
    with pytest.raises(ValueError, match=r"0 <= q <= 1, got 1.5"):
        ex.rolling_quantile(column("close"), 5, 1.5)


def test_the_repr_reads_like_the_formula():
    assert repr(ex.ema(column("close"), 3)) == "ema(close, 0.5, 3)"


def test_long_chains_compile():
    out = column("x")
    for _ in range(5000):
        out = out + 1.0
    assert len(compile_program({"out": out}).nodes) == 5002
