import json

import numpy as np
import pytest

from barwise.core.errors import ConfigError
from barwise.core.samples import Samples
from barwise.datasets import Preparation, PreparationSettings


@pytest.fixture
def samples():
    rng = np.random.default_rng(0)
    matrix = rng.normal(5, 2, size=(300, 3)).astype(np.float32)
    row = np.arange(300)
    return Samples(matrix, row, row, row + 1, row * 0, ("a", "b", "c"))


def test_a_fold_learns_from_its_own_rows_only(samples):
    fold = np.arange(100)
    preparation = Preparation(PreparationSettings(scaler="standard"))
    rows = preparation.fit(samples.take(fold)).rows
    np.testing.assert_allclose(rows.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(rows.std(axis=0), 1, rtol=1e-3)
    changed = samples.matrix.copy()
    changed[100:] += 99
    other = Samples(changed, *(getattr(samples, n) for n in ("index", "times")),
                    samples.label_end_times, samples.segments, samples.names)  # fmt: skip
    again = Preparation(preparation.settings)
    assert again.fit(other.take(fold)).rows.tobytes() == rows.tobytes()
    assert again.to_dict() == preparation.to_dict()


def test_rows_and_windows_are_scaled_alike(samples):
    preparation = Preparation(PreparationSettings())
    ready = preparation.fit(samples)
    np.testing.assert_array_equal(ready.windows(4, pad=True)[:][:, -1], ready.rows)
    assert np.shares_memory(ready.matrix, samples.matrix)


def test_a_scaled_input_is_learned_from_raw(samples):
    first = Preparation(PreparationSettings())
    second = Preparation(PreparationSettings())
    second.fit(first.fit(samples))
    assert second.to_dict() == first.to_dict()


def test_it_survives_json(samples):
    preparation = Preparation(PreparationSettings(scaler="robust", passthrough=("b",)))
    rows = preparation.fit(samples).rows
    back = Preparation.from_dict(json.loads(json.dumps(preparation.to_dict())))
    assert back.apply(samples).rows.tobytes() == rows.tobytes()
    assert back.settings == preparation.settings


def test_unfitted_or_other_columns_are_refused(samples):
    preparation = Preparation(PreparationSettings())
    assert repr(preparation) == "Preparation(not fitted)"
    with pytest.raises(ConfigError, match="not fitted; call fit"):
        preparation.apply(samples)
    preparation.fit(samples)
    other = Samples(samples.matrix, samples.index, samples.times,
                    samples.label_end_times, samples.segments, ("a", "c", "b"))  # fmt: skip
    with pytest.raises(ConfigError, match="another order"):
        preparation.apply(other)
