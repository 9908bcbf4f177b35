"""On long chunks without NaN the ops take short cuts; the bits are those of single rows.

The laws in test_stages.py push short streams, which take none.
"""

import numpy as np
import pytest

from barwise.features import FeatureGraph, full_names
from barwise.stream import Graph, column, compile_program
from barwise.stream import expr as ex
from barwise.stream.ops import CHUNK, FEW, OPS
from barwise.testing.stages import assert_same

ROWS = 3 * CHUNK + 17
x, y, z = column("x"), column("y"), column("z")
WINDOWS = (2, 3, 7, 20, 100, 400)
MARKOV = (2, -9, 9, 0, 1, -9, 9, 0, 1, 0.5, 0.5, 0.9, 0.1, 0.2, 0.8, *range(10))

EXPRESSIONS = {
    "elementwise": [
        *(
            f(x)
            for f in (
                ex.sqrt,
                ex.log,
                ex.exp,
                ex.sign,
                ex.sin,
                ex.cos,
                ex.tanh,
                ex.erf,
                ex.floor,
            )
        ),
        *(-x, abs(x), ex.is_nan(x), x + y, x - y, x * y, x / y, x < y, x <= y),
        *(ex.minimum(x, y), ex.maximum(x, y), ex.equal(x, y), ex.where(z, x, y)),
    ],
    "lag": [ex.lag(x, w) for w in (1, *WINDOWS, CHUNK - 1, CHUNK, CHUNK + 1)],
    "carry": [ex.carry(x)],
    "ema": [
        *(ex.ema(x, w) for w in (1, *WINDOWS)),
        # One average of another, without anything between them.
        ex.ema(ex.ema(ex.ema(y, 5), 5), 5),
        ex.rma(x - y, 14),
    ],
    "rolling_sum": [ex.rolling_sum(x, w) for w in (1, *WINDOWS, 1500)],
    "rolling_var": [ex.rolling_var(x, w) for w in WINDOWS],
    "rolling_cov": [ex.rolling_cov(x, y, w) for w in WINDOWS],
    "rolling_extreme": [
        *(ex.rolling_max(x, w) for w in (1, *WINDOWS)),
        *(ex.rolling_min(x - y, w) for w in WINDOWS),
    ],
    "rolling_age": [
        *(ex.rows_since_max(x, w) for w in WINDOWS),
        *(ex.rows_since_min(x - y, w) for w in WINDOWS),
    ],
    "rolling_rank": [ex.rolling_rank(x, w) for w in (2, 20)],
    "rolling_quantile": [ex.rolling_quantile(x, w, 0.3) for w in (2, 20)],
    "fir": [ex.fir(x, np.linspace(-1.0, 2.0, w)) for w in (1, *WINDOWS)],
    "ratio": [ex.ratio(x, y), ex.ratio(x, z, 0.5), ex.ratio(x, z, y)],
    "rolling_mad": [ex.rolling_mad(x, y, w) for w in (2, 20)],
    "rolling_line": [
        *(ex.rolling_slope(x, w) for w in WINDOWS),
        *(ex.wma(x, w) for w in (1, *WINDOWS)),
    ],
    "accumulate": [ex.accumulate(x, z)],
    "accumulate_extreme": [ex.max_since(x, z), ex.min_since(x, z)],
    "volume_profile": [
        *ex.volume_profile(x, abs(y), 20, bins=12, share=0.7),
        *ex.volume_profile(x, z, 50, bins=5, share=0.5),
    ],
    "rolling_entropy": [ex.rolling_entropy(z, w, 2) for w in (2, 20)],
    "kama": [ex.kama(x, w) for w in WINDOWS],
    "psar": [ex.psar(x + 1.0, x - 1.0, step=0.02, increment=0.02, most=0.2)],
    "supertrend": [ex.supertrend(x, x + y, x - y)],
    "cusum": [ex.cusum(x - ex.lag(x, 1), 3.0)],
    "hidden_markov": [ex.hidden_markov(x - y, y, 1, MARKOV)],
}


def columns(kind):
    """Return prices that are clean, or with what feeds and formulas come up with."""
    rng = np.random.default_rng(5)
    price = 5000 + 0.25 * np.cumsum(rng.integers(-4, 5, ROWS))
    other = price + 0.25 * rng.integers(-3, 4, ROWS)
    flag = (rng.random(ROWS) < 0.1).astype(float)
    if kind == "hostile":
        for odd in (np.nan, np.inf, -np.inf, 0.0, -0.0, 1e300, 5e-324):
            price[rng.integers(0, ROWS, 2)] = odd
        for start in rng.integers(0, ROWS, 6):
            price[start : start + 30] = np.nan
            other[start + 10 : start + 200] = other[start]
        flag[500:510] = np.nan
    return {"x": price, "y": other, "z": flag}


def pushed(graph, data, step):
    pieces = [
        graph.push({name: data[name][at : at + step] for name in graph.columns})
        for at in range(0, ROWS, step)
    ]
    return np.concatenate(pieces), graph.snapshot()


@pytest.mark.parametrize("kind", ["clean", "hostile"])
@pytest.mark.parametrize("op", EXPRESSIONS)
def test_a_long_chunk_gives_the_bits_of_short_ones(op, kind):
    outputs = {f"{k}": made for k, made in enumerate(EXPRESSIONS[op])}
    data = columns(kind)
    expected, state = pushed(Graph(outputs), data, FEW - 1)
    for step in (ROWS, CHUNK - 1, 300):
        got, after = pushed(Graph(outputs), data, step)
        np.testing.assert_array_equal(got, expected)
        assert_same(after, state)
    assert np.isfinite(expected).any()


def test_every_op_is_tried():
    tried = {
        node.op
        for made in EXPRESSIONS.values()
        for node in compile_program({str(k): e for k, e in enumerate(made)}).nodes
    }
    assert set(OPS) <= tried, "add an expression to EXPRESSIONS"


def test_all_features_on_long_chunks_give_the_bits_of_short_ones():
    from barwise.bars.simulate import simulate_bars

    bars = simulate_bars("MES", days=3, seed=8)
    parameters = FeatureGraph(full_names()).fit(bars).fitted_parameters
    one, other = (
        FeatureGraph(full_names()).with_parameters(parameters) for _ in range(2)
    )
    pieces = [other.push(piece) for piece in bars.split(range(0, len(bars), FEW - 1))]
    np.testing.assert_array_equal(one.push(bars), np.concatenate(pieces))
    assert_same(one.snapshot(), other.snapshot())
