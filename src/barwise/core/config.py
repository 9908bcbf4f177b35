"""The base of every settings object: frozen, unknown keys forbidden."""

from __future__ import annotations

from pydantic import BaseModel as PydanticModel
from pydantic import ConfigDict


class Settings(PydanticModel):
    """A group of settings that refuses keys which nobody reads."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)
