import json
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.preprocessing import RobustScaler, StandardScaler

from barwise.core.errors import ConfigError
from barwise.datasets import Scaler
from barwise.datasets.scaling import NORMAL_IQR

PROFILE = settings(max_examples=40, deadline=None, derandomize=True)


def columns(rows=4000, seed=0):
    rng = np.random.default_rng(seed)
    spread = np.array([1e-3, 1.0, 50.0, 1e6])
    center = np.array([0.5, -3.0, 5000.0, 1e7])
    return (rng.normal(size=(rows, 4)) * spread + center).astype(np.float32)


def fit(matrix, method, rows=None, **more):
    names = [f"x{c}" for c in range(matrix.shape[1])]
    rows = np.arange(len(matrix)) if rows is None else rows
    return Scaler.fit(matrix, rows, names, method=method, **more)


def test_the_constant_of_the_normal_range():
    assert pytest.approx(norm.ppf(0.75) - norm.ppf(0.25), abs=1e-3) == NORMAL_IQR


def test_standard_is_scikit_learns():
    matrix = columns()
    theirs = StandardScaler().fit(matrix[:3000].astype(np.float64))
    ours = fit(matrix, "standard", np.arange(3000), clip=None)
    np.testing.assert_allclose(ours.center, theirs.mean_, rtol=1e-12)
    np.testing.assert_allclose(ours.scale, theirs.scale_, rtol=1e-10)
    wanted = theirs.transform(matrix.astype(np.float64))
    np.testing.assert_allclose(ours.apply(matrix), wanted, rtol=1e-6, atol=1e-6)


def test_robust_is_scikit_learns_with_its_spread_in_standard_deviations():
    matrix = columns()
    matrix[::7, 1] = np.nan
    theirs = RobustScaler().fit(matrix[:3000].astype(np.float64))
    ours = fit(matrix, "robust", np.arange(3000), clip=None)
    np.testing.assert_allclose(ours.center, theirs.center_, rtol=1e-14)
    np.testing.assert_allclose(ours.scale, theirs.scale_ / NORMAL_IQR, rtol=1e-12)
    wanted = theirs.transform(matrix.astype(np.float64)) * NORMAL_IQR
    np.testing.assert_allclose(ours.apply(matrix), wanted, rtol=1e-6, atol=1e-6)


def test_far_from_zero_no_digit_is_lost():
    rng = np.random.default_rng(3)
    matrix = (16_000_000 + rng.integers(0, 64, size=(500, 1))).astype(np.float32)
    exact = matrix.astype(np.float64)
    wanted = (exact - np.median(exact)) / fit(matrix, "robust").scale
    np.testing.assert_allclose(fit(matrix, "robust").apply(matrix), wanted, rtol=2e-7)


def test_values_beyond_five_deviations_are_clipped_and_counted():
    rng = np.random.default_rng(4)
    matrix = rng.normal(size=(10_000, 2)).astype(np.float32)
    scaler = fit(matrix, "robust")
    shocked = matrix.copy()
    shocked[:300, 0] = 1e4
    shocked[300:400, 0] = -1e4
    shocked[400, 1] = np.nan
    out = scaler.apply(shocked)
    assert (out[:300, 0] == 5).all()
    assert (out[300:400, 0] == -5).all()
    np.testing.assert_allclose(scaler.clip_rate(shocked), [0.04, 0.0])
    assert np.isnan(scaler.clip_rate(np.full((3, 2), np.nan, np.float32))).all()


def test_what_each_column_is_taken_for():
    rng = np.random.default_rng(5)
    rows = 1000
    matrix = np.column_stack(
        [
            rng.normal(size=rows),
            rng.integers(0, 2, rows),
            rng.choice([-1, 1], rows),
            np.sin(np.arange(rows)),
            np.full(rows, 0.1),
            np.full(rows, np.nan),
            np.where(np.arange(rows) % 10, 3.0, rng.normal(size=rows)),
            rng.integers(-1, 2, rows),
            rng.choice([0.0, 0.5], rows),
        ]
    ).astype(np.float32)
    scaler = fit(matrix, "robust", passthrough=("x3",))
    assert scaler.kinds == (
        "scaled",
        "binary",
        "binary",
        "passthrough",
        "constant",
        "empty",
        "scaled",
        "scaled",
        "scaled",
    )
    out = scaler.apply(matrix)
    for untouched in (1, 2, 3):
        np.testing.assert_array_equal(out[:, untouched], matrix[:, untouched])
    assert (out[:, 4] == 0).all()
    assert np.isnan(out[:, 5]).all()
    # Nine in ten values are equal: the range is zero, the deviation is not.
    assert scaler.scale[6] == pytest.approx(np.std(matrix[:, 6], dtype=float))
    assert (scaler.clip_rate(matrix)[[1, 2, 3]] == 0).all()


def test_infinite_values_are_left_out_counted_and_become_nan():
    matrix = columns(200)
    clean = fit(matrix[3:], "standard")
    matrix[:2, 0], matrix[2, 0] = np.inf, -np.inf
    scaler = fit(matrix, "standard")
    assert scaler.infinite == {"x0": 3}
    assert scaler.center[0] == clean.center[0]
    assert np.isnan(scaler.apply(matrix)[:3, 0]).all()
    raw = fit(matrix, "none").apply(matrix)
    assert np.isnan(raw[:3, 0]).all()
    np.testing.assert_array_equal(raw[3:], matrix[3:])


def test_the_largest_floats_are_clipped_without_a_warning():
    matrix = np.array([[1e-30], [2e-30], [3e-30]], np.float32)
    scaler = fit(matrix, "standard")
    huge = np.array([[3e38], [-3e38]], np.float32)
    assert scaler.apply(huge).ravel().tolist() == [5.0, -5.0]
    wide = fit(np.array([[-3e38], [0], [3e38]], np.float32), "robust")
    assert np.isfinite(wide.apply(huge)).all()


@PROFILE
@given(seed=st.integers(0, 2**32), method=st.sampled_from(["robust", "standard"]))
def test_other_rows_have_no_influence(seed, method):
    rng = np.random.default_rng(seed)
    matrix = rng.standard_t(2, size=(60, 9)).astype(np.float32)
    rows = np.flatnonzero(rng.random(60) < 0.5)
    rows = rows if len(rows) else np.array([7])
    changed = rng.normal(1e6, 1e6, size=matrix.shape).astype(np.float32)
    changed[rows] = matrix[rows]
    ours, theirs = fit(matrix, method, rows), fit(changed, method, rows)
    assert ours.to_dict() == theirs.to_dict()
    alone = np.concatenate([ours.apply(matrix[r : r + 1]) for r in range(60)])
    np.testing.assert_array_equal(alone, ours.apply(matrix))


@PROFILE
@given(seed=st.integers(0, 2**32), method=st.sampled_from(["robust", "standard"]))
def test_json_brings_every_bit_back(seed, method):
    rng = np.random.default_rng(seed)
    matrix = (rng.normal(size=(50, 3)) * 10.0 ** rng.integers(-30, 30, 3)).astype("f4")
    scaler = fit(matrix, method)
    back = Scaler.from_dict(json.loads(json.dumps(scaler.to_dict(), allow_nan=False)))
    assert back.center.tobytes() == scaler.center.tobytes()
    assert back.scale.tobytes() == scaler.scale.tobytes()
    assert back.apply(matrix).tobytes() == scaler.apply(matrix).tobytes()


def test_fitting_never_copies_the_matrix_to_float64():
    matrix = np.random.default_rng(6).normal(size=(20_000, 100)).astype(np.float32)
    tracemalloc.start()
    try:
        fit(matrix, "robust")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 0.5 * matrix.nbytes


def test_what_cannot_be_fitted_or_applied_is_refused():
    matrix = columns(10)
    with pytest.raises(ConfigError, match=r"\['volume'\], which are no columns"):
        fit(matrix, "robust", passthrough=("volume",))
    with pytest.raises(ConfigError, match="0 rows"):
        fit(matrix, "robust", np.array([], int))
    with pytest.raises(ConfigError, match="clip=0"):
        fit(matrix, "robust", clip=0.0)
    with pytest.raises(ConfigError, match=r"4 columns, got rows of shape \(10, 3\)"):
        fit(matrix, "robust").apply(matrix[:, :3])
    state = fit(matrix, "robust").to_dict()
    with pytest.raises(ConfigError, match="as many centres"):
        Scaler.from_dict({**state, "center": state["center"][:2]})
    with pytest.raises(ConfigError, match="scales above 0"):
        Scaler.from_dict({**state, "scale": [0.0] * 4})
