"""Settings: every mistake named at once, with its file."""

import numpy as np
import pytest

from barwise.core.errors import ConfigError
from barwise.models import ModelRegistry
from barwise.models.settings import read_card


def test_all_mistakes_in_one_message():
    with pytest.raises(ConfigError) as caught:
        ModelRegistry.create(
            "lightgbm", {"leafs": 3, "learning_rate": "fast", "max_rounds": 0}
        )
    message = str(caught.value)
    assert "unknown key 'leafs'; did you mean 'leaves'?" in message
    assert "learning_rate='fast'" in message
    assert "max_rounds=0" in message
    assert "defaults/models/lightgbm.yaml" in message
    assert "min_rows_in_leaf" in message


@pytest.mark.parametrize("value", ["31", 31.5, True, None])
def test_types_are_not_guessed(value):
    with pytest.raises(ConfigError, match="leaves"):
        ModelRegistry.create("lightgbm", {"leaves": value})


def test_numbers_of_numpy_are_numbers():
    config = {"leaves": np.int64(7), "learning_rate": np.float64(0.5)}
    settings = ModelRegistry.create("lightgbm", config).settings
    assert (settings.leaves, settings.learning_rate) == (7, 0.5)


@pytest.mark.parametrize("classes", [[1, 0], [0, 1, 2], [1], []])
def test_classes_are_two_or_three(classes):
    with pytest.raises(ConfigError, match="classes are"):
        ModelRegistry.create("majority", {"classes": classes})


def test_a_setting_must_be_plain_data():
    with pytest.raises(ConfigError, match="not plain data"):
        ModelRegistry.create("majority", {"random_seed": object()})


def test_a_broken_yaml_names_its_file():
    with pytest.raises(ConfigError, match=r"my\.yaml is not YAML"):
        read_card("name: [", "my.yaml")
    with pytest.raises(ConfigError, match=r"my\.yaml does not.*family"):
        read_card("name: my", "my.yaml")
    with pytest.raises(ConfigError, match="must agree"):
        read_card(
            "{name: a, family: b, module: c, description: d, config: {}}", "my.yaml"
        )


def test_defaults_are_a_copy():
    model = ModelRegistry.create("lightgbm")
    model.get_default_config()["leaves"] = 1
    assert model.get_default_config()["leaves"] != 1
