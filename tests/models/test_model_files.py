"""A saved model is data, checked before it is read."""

import json

import numpy as np
import pytest

from barwise.core.errors import BarwiseError, ConfigError, IntegrityError
from barwise.models import BaseModel, ModelRegistry, load_model
from barwise.models.artefacts import pack_arrays, unpack_arrays
from barwise.models.boosting import LightGBMModel


@pytest.fixture
def saved(tmp_path):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 2))
    model = ModelRegistry.create("logistic")
    model.fit(X, np.sign(X[:, 0]).astype(int))
    model.save(tmp_path / "model")
    return model, tmp_path / "model"


def test_saving_again_is_fine_and_something_else_is_not(saved):
    model, folder = saved
    model.save(folder)
    model.fit(np.eye(4)[:, :2], np.array([-1, 0, 1, 1]))
    with pytest.raises(BarwiseError, match="already holds something else"):
        model.save(folder)


def test_a_changed_file_is_refused_before_it_is_parsed(saved, monkeypatch):
    _, folder = saved
    content = (folder / "coefficients.npz").read_bytes()
    (folder / "coefficients.npz").write_bytes(content[:-1] + b"!")
    monkeypatch.setattr(np, "load", lambda *_, **__: pytest.fail("parsed"))
    with pytest.raises(IntegrityError, match=r"coefficients\.npz is not what"):
        load_model(folder)


def test_a_missing_file_and_a_missing_folder(saved, tmp_path):
    _, folder = saved
    (folder / "coefficients.npz").unlink()
    with pytest.raises(IntegrityError, match="cannot be read"):
        load_model(folder)
    with pytest.raises(IntegrityError, match="is not a saved model"):
        load_model(tmp_path / "nowhere")


def _edit(folder, **changes):
    manifest = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps({**manifest, **changes}))


def test_a_manifest_cannot_reach_outside_its_folder(saved):
    _, folder = saved
    _edit(folder, files={"../model/coefficients.npz": "0" * 64})
    with pytest.raises(IntegrityError, match="outside the folder"):
        load_model(folder)


def test_a_manifest_of_another_format_or_model(saved):
    _, folder = saved
    _edit(folder, format=99)
    with pytest.raises(IntegrityError, match="format"):
        load_model(folder)
    _edit(folder, format=1, name="os.system")
    with pytest.raises(ConfigError, match=r"unknown model 'os\.system'"):
        load_model(folder)


def test_load_of_a_class_wants_that_class(saved):
    _, folder = saved
    assert BaseModel.load(folder).name == "logistic"
    with pytest.raises(IntegrityError, match="not a LightGBMModel"):
        LightGBMModel.load(folder)


def test_arrays_come_back_exactly():
    arrays = {"b": np.array([0.1, np.pi, -0.0]), "a": np.arange(6).reshape(2, 3)}
    back = unpack_arrays(pack_arrays(arrays))
    assert {k: (v.dtype, v.tobytes()) for k, v in back.items()} == {
        k: (v.dtype, v.tobytes()) for k, v in arrays.items()
    }
    assert pack_arrays(arrays) == pack_arrays(dict(reversed(arrays.items())))


def test_objects_are_not_arrays():
    with pytest.raises(ValueError, match="allow_pickle"):
        pack_arrays({"a": np.array([object()])})
