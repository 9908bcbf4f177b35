"""Every registered model keeps the contract; a new one is tested without a new test."""

from functools import partial
from importlib import import_module

import pytest

from barwise.models import ModelRegistry
from barwise.models.settings import packaged_cards
from barwise.testing.models import ModelContract

# Sizes at which a fit takes a second; everything else is the default.
_NET = {
    "sequence_length": 6,
    "max_epochs": 12,
    "warmup_epochs": 1,
    "batch_size": 64,
    "learning_rate": 0.01,
    "tail_purge": 10,
}
QUICK = {
    "lightgbm": {"max_rounds": 60, "min_rows_in_leaf": 10, "learning_rate": 0.1},
    "lstm": {**_NET, "hidden_size": 16, "layers": 1},
}
NAMES = [name for names in ModelRegistry.list_models().values() for name in names]


def _make(name, **config):
    return ModelRegistry.create(name, {**QUICK.get(name, {}), **config})


class TestEveryModel(ModelContract):
    @pytest.fixture(scope="class", params=NAMES)
    @classmethod
    def make_model(cls, request):
        return partial(_make, request.param)


@pytest.mark.parametrize("name", NAMES)
def test_yaml_and_class_agree(name):
    card = packaged_cards()[name]
    model = ModelRegistry.get_class(name)
    assert model.card is card
    assert model.__module__ == card.module
    assert model.get_default_config() == card.config
    assert set(model.settings_type.model_fields) == set(card.config), (
        "a YAML lists every setting, and no setting has a figure elsewhere"
    )
    assert all(f.is_required() for f in model.settings_type.model_fields.values())


def test_every_registered_class_has_a_yaml():
    for card in packaged_cards().values():
        import_module(card.module)
    ours = {
        name
        for name, model in ModelRegistry._classes.items()
        if model.__module__.startswith("barwise.")
    }
    assert ours == set(packaged_cards())
