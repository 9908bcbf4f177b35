"""Names, files and classes agree, and listing costs nothing."""

import subprocess
import sys
import textwrap

import pytest

from barwise.core.errors import ConfigError
from barwise.models import ModelRegistry
from barwise.models.registry import ModelRegistry as Registry
from barwise.models.settings import packaged_cards


def test_listing_imports_nothing_heavy():
    code = textwrap.dedent("""
        import sys
        from barwise.models import ModelRegistry
        assert "lstm" in ModelRegistry.list_models()["recurrent"]
        assert ModelRegistry.get_model_info("lstm")["config"]["layers"] == 2
        heavy = {"torch", "lightgbm", "sklearn", "scipy", "pandas"} & set(sys.modules)
        assert not heavy, heavy
    """)
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_unknown_name_gets_suggestions():
    with pytest.raises(
        ConfigError, match=r"did you mean 'lightgbm'.*Known models: alw"
    ):
        ModelRegistry.create("lightgmb")
    with pytest.raises(ConfigError, match="Known models"):
        ModelRegistry.get_model_info("zzzzzz")


def test_an_unknown_object_names_those_it_takes():
    with pytest.raises(ConfigError, match=r"no object 'colour'.*progress, checkpoints"):
        ModelRegistry.create("lstm", colour=1)
    with pytest.raises(ConfigError, match="it takes: none"):
        ModelRegistry.create("majority", colour=1)


def test_without_torch_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(Registry._classes, "lstm", raising=False)
    with pytest.raises(ConfigError, match=r"'lstm' needs .*barwise\[nets\]"):
        ModelRegistry.create("lstm")


MINE = """
from barwise.models import ModelRegistry, ModelSettings
from barwise.models.baselines import Majority
from barwise.models.base import BaseModel, Progress
import numpy as np

class MySettings(ModelSettings):
    tilt: float

@ModelRegistry.register(name="tilted", family="{family}", description="Mine")
class Tilted(BaseModel):
    settings_type = MySettings
    requires_scaling = False

    def _fit(self, train, val):
        return Progress()

    def _score(self, inputs):
        left = 1 - self.settings.tilt
        return np.tile([left / 2, left / 2, self.settings.tilt], (len(inputs), 1))

    def _dump(self):
        return {{}}, {{}}

    def _restore(self, state, files):
        pass
"""

YAML = """
name: tilted
family: homemade
module: my_tilted_model
description: Mine
config: {classes: [-1, 0, 1], random_seed: 1, tilt: 0.6}
"""


@pytest.fixture
def own_folder(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(Registry, "_classes", dict(Registry._classes))
    monkeypatch.setattr(Registry, "_added", dict(Registry._added))
    yield tmp_path
    sys.modules.pop("my_tilted_model", None)


def test_a_model_of_ones_own_is_one_file_and_one_yaml(own_folder, tmp_path):
    import numpy as np

    from barwise.models import load_model

    (own_folder / "my_tilted_model.py").write_text(MINE.format(family="homemade"))
    (own_folder / "tilted.yaml").write_text(YAML)
    __import__("my_tilted_model")
    assert ModelRegistry.list_models()["homemade"] == ["tilted"]
    model = ModelRegistry.create("tilted", {"tilt": 0.8})
    model.fit(np.zeros((4, 2)), np.array([-1, 0, 1, 1]))
    model.save(tmp_path / "saved")
    out = load_model(tmp_path / "saved").predict(np.zeros((1, 2)))
    assert out.class_probabilities[0, 2] == 0.8
    with pytest.raises(ConfigError, match=r"unknown key 'tlt'; did you mean 'tilt'"):
        ModelRegistry.create("tilted", {"tlt": 0.8})


def test_file_and_decorator_must_agree(own_folder):
    (own_folder / "my_tilted_model.py").write_text(MINE.format(family="other"))
    (own_folder / "tilted.yaml").write_text(YAML)
    with pytest.raises(ConfigError, match=r"family='other'.*says 'homemade'"):
        __import__("my_tilted_model")


def test_a_model_without_defaults_is_told_where_to_write_them(own_folder):
    (own_folder / "my_tilted_model.py").write_text(MINE.format(family="homemade"))
    with pytest.raises(ConfigError, match=r"write .*tilted\.yaml"):
        __import__("my_tilted_model")


def test_a_name_is_given_once():
    ModelRegistry.create("majority")
    card = packaged_cards()["majority"]
    enter = ModelRegistry.register(
        name=card.name, family=card.family, description=card.description
    )
    with pytest.raises(ConfigError, match="is taken by Majority"):
        enter(type("Impostor", (), {}))
