"""The one table in which names of models meet classes.

A model is one Python file and one YAML file. The YAML carries name, family, module and
default figures, so that listing imports no model; the module is imported when the
model is first used.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, final

from barwise.core.errors import ConfigError, require
from barwise.models.settings import ModelCard, packaged_cards, read_card

if TYPE_CHECKING:
    from barwise.models.base import BaseModel

_M = TypeVar("_M", bound="type[BaseModel]")


@final
class ModelRegistry:
    """Names to models: register, list, describe, create.

    Examples
    --------
    >>> ModelRegistry.list_models()["classical"]
    ['logistic']
    >>> model = ModelRegistry.create("logistic", {"classes": [0, 1]})
    >>> model.model_family
    'classical'
    """

    _classes: ClassVar[dict[str, type[BaseModel]]] = {}
    _added: ClassVar[dict[str, ModelCard]] = {}

    @classmethod
    def register(
        cls, *, name: str, family: str, description: str
    ) -> Callable[[_M], _M]:
        """Return a decorator that enters a model class under a name.

        A class of your own needs ``<name>.yaml`` beside its Python file; see any file
        in ``barwise/defaults/models``.

        Parameters
        ----------
        name, family, description : str
            As in the model's YAML file.

        Raises
        ------
        ConfigError
            If there is no YAML file, it says something else, or another class has
            the name.
        """

        def enter(model: _M) -> _M:
            card = packaged_cards().get(name) or _card_beside(model, name)
            told = {"name": name, "family": family, "description": description}
            for key, value in told.items():
                if getattr(card, key) != value:
                    raise ConfigError(
                        f"{model.__name__} is registered with {key}={value!r}, but "
                        f"{card.file} says {getattr(card, key)!r}; they must agree"
                    )
            known = cls._classes.get(name)
            if known is not None and known.__qualname__ != model.__qualname__:
                raise ConfigError(
                    f"the model name {name!r} is taken by {known.__qualname__}; "
                    f"choose another name for {model.__qualname__}"
                )
            cls._classes[name] = model
            cls._added[name] = card
            model.card = card
            return model

        return enter

    @classmethod
    def create(
        cls, name: str, config: Mapping[str, Any] | None = None, **objects: Any
    ) -> BaseModel:
        """Build an unfitted model.

        Parameters
        ----------
        name : str
            A registered name.
        config : mapping, optional
            Settings laid over the figures of the model's YAML.
        **objects
            What is not plain data, as the model's constructor names it
            (``progress=``, ``checkpoints=``, ``history=``).

        Raises
        ------
        ConfigError
            If the name, a setting or an object is unknown, or a package is missing.
        """
        accepted = cls.get_objects(name)
        for key in objects:
            if key not in accepted:
                raise ConfigError(
                    f"model {name!r} takes no object {key!r}; "
                    f"it takes: {', '.join(accepted) or 'none'}"
                )
        return cls.get_class(name)(config, **objects)

    @classmethod
    def get_objects(cls, name: str) -> tuple[str, ...]:
        """Return the names of the objects that a model's constructor takes."""
        accepted = inspect.signature(cls.get_class(name)).parameters
        return tuple(key for key in accepted if key != "config")

    @classmethod
    def get_class(cls, name: str) -> type[BaseModel]:
        """Return the class behind a name; its module is imported on first use."""
        card = cls._card(name)
        if name not in cls._classes:
            if card.requires:
                require(card.requires, card.extra or "", f"the model {name!r}")
            import_module(card.module)
        return cls._classes[name]

    @classmethod
    def list_models(cls) -> dict[str, list[str]]:
        """Return the names of every family, both sorted; imports no model."""
        families: dict[str, list[str]] = {}
        for name, card in sorted(cls._cards().items()):
            families.setdefault(card.family, []).append(name)
        return dict(sorted(families.items()))

    @classmethod
    def get_model_info(cls, name: str) -> dict[str, Any]:
        """Return a model's YAML: name, family, module, description, config.

        Examples
        --------
        >>> ModelRegistry.get_model_info("majority")["family"]
        'baseline'
        """
        return cls._card(name).model_dump()

    @classmethod
    def _cards(cls) -> dict[str, ModelCard]:
        return packaged_cards() | cls._added

    @classmethod
    def _card(cls, name: str) -> ModelCard:
        cards = cls._cards()
        if name not in cards:
            close = get_close_matches(name, cards, n=3, cutoff=0.5)
            hint = f"did you mean {' or '.join(map(repr, close))}? " if close else ""
            raise ConfigError(
                f"unknown model {name!r}; {hint}Known models: {', '.join(sorted(cards))}. "
                "A model of your own is known once its module is imported"
            )
        return cards[name]


def _card_beside(model: type[BaseModel], name: str) -> ModelCard:
    file = Path(inspect.getfile(model)).with_name(f"{name}.yaml")
    if not file.is_file():
        raise ConfigError(
            f"{model.__name__} has no defaults: write {file} with name, family, module, "
            "description and config"
        )
    return read_card(file.read_text(encoding="utf-8"), str(file))
