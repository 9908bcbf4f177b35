"""A model's settings: the figures stand in ``defaults/models/<name>.yaml``, only there.

A settings class gives types and ranges and no values. What a user passes is laid over
the figures of the file and checked in one pass, so that one message names every
mistake.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, TypeVar

import numpy as np
from pydantic import Field, PrivateAttr, ValidationError, field_validator

from barwise.core.config import Settings
from barwise.core.errors import ConfigError

FOLDER = "defaults/models"


class ModelSettings(Settings):
    """What every model can be told.

    Parameters
    ----------
    classes : tuple of int
        ``(-1, 0, 1)`` = short, neutral, long, or ``(0, 1)``; probability columns
        stand in this order.
    random_seed : int
        Everything drawn at random follows from it.
    """

    classes: tuple[int, ...]
    random_seed: Annotated[int, Field(ge=0, lt=2**31)]

    @field_validator("classes")
    @classmethod
    def _known_classes(cls, classes: tuple[int, ...]) -> tuple[int, ...]:
        if classes not in ((-1, 0, 1), (0, 1)):
            raise ValueError("classes are [-1, 0, 1] or [0, 1]")
        return classes


class ModelCard(Settings):
    """One YAML file: what a model is called, where it lives, its default figures.

    Parameters
    ----------
    name : str
        Registered name; the file is called ``<name>.yaml``.
    family : str
        Group under which the model is listed.
    module : str
        Dotted module that registers the class; imported on first use.
    description : str
        One line for lists.
    requires, extra : str or None
        Optional package that the module imports, and the extra that installs it.
    config : mapping
        Every setting with its default.
    """

    name: str
    family: str
    module: str
    description: str
    requires: str | None = None
    extra: str | None = None
    config: dict[str, Any]
    _file: str = PrivateAttr(default="")

    @property
    def file(self) -> str:
        """Where the figures stand, for messages."""
        return self._file


def read_card(text: str, file: str) -> ModelCard:
    """Parse a model's YAML text; ``file`` names it in messages."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        card = ModelCard.model_validate(YAML(typ="safe", pure=True).load(text))
    except YAMLError as problem:
        raise ConfigError(f"{file} is not YAML: {problem}") from problem
    except ValidationError as problem:
        found = (
            f"{'.'.join(map(str, one['loc']))}: {one['msg']}"
            for one in problem.errors(include_url=False)
        )
        raise ConfigError(
            f"{file} does not describe a model: {'; '.join(found)}"
        ) from None
    if Path(file).stem != card.name:
        raise ConfigError(f"{file} describes {card.name!r}; name and file must agree")
    card._file = file
    return card


@cache
def packaged_cards() -> dict[str, ModelCard]:
    """Return the models that come with barwise, by name, sorted."""
    folder = resources.files("barwise").joinpath(FOLDER)
    found = {
        entry.name.removesuffix(".yaml"): read_card(
            entry.read_text(encoding="utf-8"), f"{FOLDER}/{entry.name}"
        )
        for entry in folder.iterdir()
        if entry.name.endswith(".yaml")
    }
    return dict(sorted(found.items()))


_S = TypeVar("_S", bound=ModelSettings)


def settle(kind: type[_S], card: ModelCard, *layers: Mapping[str, Any] | None) -> _S:
    """Lay settings over a model's default figures and check the result.

    Parameters
    ----------
    kind : type
        The model's settings class.
    card : ModelCard
        Its YAML file.
    *layers : mapping or None
        Settings of the user; a later layer wins.

    Raises
    ------
    ConfigError
        If a key is unknown or a value has the wrong type or range; every finding is
        in the message, with the allowed keys and the file of the defaults.
    """
    merged = dict(card.config)
    for layer in layers:
        merged.update(layer or {})
    try:
        # Through JSON: lists become tuples, and nothing else is converted.
        text = json.dumps(merged, default=_plain)
        return kind.model_validate_json(text, strict=True)
    except ValidationError as problem:
        raise ConfigError(_explain(problem, card, sorted(kind.model_fields))) from None
    except TypeError as problem:
        raise ConfigError(
            f"{card.name}: a setting is not plain data: {problem}"
        ) from None


def _plain(value: Any) -> Any:
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    raise TypeError(f"{value!r} is a {type(value).__name__}")


def _explain(problem: ValidationError, card: ModelCard, allowed: list[str]) -> str:
    lines = []
    for finding in problem.errors(include_url=False):
        key = ".".join(str(step) for step in finding["loc"])
        if not key:
            lines.append(finding["msg"])
        elif finding["type"] == "extra_forbidden":
            close = get_close_matches(key, allowed, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            lines.append(f"unknown key {key!r}{hint}")
        else:
            default = card.config.get(str(finding["loc"][0]))
            lines.append(
                f"{key}={finding['input']!r}: {finding['msg']} (default {default!r})"
            )
    return (
        f"model {card.name!r}: {'; '.join(lines)}. "
        f"Allowed keys (see {card.file}): {', '.join(allowed)}"
    )
