"""How many surrogates a power study draws, and which edges it plants."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from barwise.core.errors import ConfigError
from barwise.core.hashing import hash_file, hash_json
from barwise.models.registry import ModelRegistry
from barwise.pipeline.config import RunConfig
from barwise.pipeline.external import table_files
from barwise.pipeline.folding import Folding
from barwise.pipeline.source import source_hashes

STRENGTHS = (0.02, 0.05, 0.09, 0.14, 0.2, 0.3, 0.5, 0.9)
"""Strengths at which one who knows the edge is traded, to find that of a Sharpe ratio."""

RUN = "barwise run"
"""How a config is judged where no folds are: on its validation part."""

_CHEAP = ("boosting", "classical")
_NOT_JUDGED = {"output", "threads", "models"}
_PLACES = {"path", "contracts", "rolls"}
# One-sided interval of 97.5 %, and a power of 80 %, of a normal distribution.
_REACH = 1.96 + 0.84


@final
@dataclass(frozen=True)
class Judging:
    """What is done with every surrogate, and with the user's own bars.

    Parameters
    ----------
    folding : Folding or None
        None judges as ``barwise run`` does.
    horizons : tuple of int
    tune : int
        Trials of barrier tuning before; 0 takes the config's barriers.
    """

    folding: Folding | None
    horizons: tuple[int, ...]
    tune: int = 0

    def __str__(self) -> str:
        """Say it in words."""
        return RUN if self.folding is None else str(self.folding)


@final
@dataclass(frozen=True)
class Plan:
    """Repetitions of a study.

    Parameters
    ----------
    null : int
        Surrogates without an edge.
    planted : int
        Surrogates for each size of an edge.
    foresight : int
        Surrogates for each strength on which one who knows the edge is traded.
    sizes : tuple of float
        Of the edges, in units of what theory can tell from zero in this much time.
    """

    null: int
    planted: int
    foresight: int
    sizes: tuple[float, ...]

    def __post_init__(self) -> None:
        for name in ("null", "planted", "foresight"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name}: {getattr(self, name)} is not at least 1")

    def sharpes(self, years: float) -> tuple[float, ...]:
        """Return the Sharpe ratios that are planted where none are named.

        Examples
        --------
        >>> FULL.sharpes(4.0)
        (1.4, 2.1, 2.8, 4.2)
        """
        return tuple(round(each * _REACH / math.sqrt(years), 1) for each in self.sizes)


FULL = Plan(null=100, planted=40, foresight=4, sizes=(1.0, 1.5, 2.0, 3.0))
QUICK = Plan(null=6, planted=2, foresight=1, sizes=(1.5, 3.0))


def cheap_models(config: RunConfig) -> tuple[RunConfig, tuple[str, ...]]:
    """Return the config with the models that are quick to train, and the others' names.

    Raises
    ------
    ConfigError
        If none is quick.
    """
    family = {c.name: ModelRegistry.get_model_info(c.name) for c in config.models}
    kept = [c for c in config.models if family[c.name]["family"] in _CHEAP]
    left = tuple(c.name for c in config.models if c not in kept)
    if not kept:
        raise ConfigError(
            f"{config.place('models')}: {', '.join(left)} take long to train, and a study "
            "trains them hundreds of times; ask for them with --models "
            f"{','.join(left)}, or for others, e.g. --models logistic"
        )
    return config.replace(models=[c.model_dump() for c in kept]), left


def identity_of(config: RunConfig) -> str:
    """Return the SHA-256 of data and settings, whatever models are trained."""
    told = config.model_dump(mode="json", exclude=_NOT_JUDGED)
    told["data"] = {k: v for k, v in told["data"].items() if k not in _PLACES}
    beside = [*table_files(config).values(), config.own_path, config.importance_path]
    return hash_json(
        {
            "settings": told,
            "source": sorted(source_hashes(config).values()),
            "beside": [hash_file(path) for path in beside if path is not None],
        }
    )


def strengths_for(
    sharpes: Sequence[float], known: Sequence[float], strengths: Sequence[float]
) -> list[float | None]:
    """Return the strength of each Sharpe ratio; None where none is strong enough.

    Parameters
    ----------
    sharpes : sequence of float
        Wanted.
    known : sequence of float
        What one who knows the edge reaches at each strength.
    strengths : sequence of float
        Ascending.

    Examples
    --------
    >>> strengths_for([1.0, 9.0], [-2.0, 0.0, 2.0], [0.1, 0.2, 0.3])
    [0.25, None]
    """
    risen = np.maximum.accumulate(np.asarray(known, np.float64))
    found: list[float | None] = []
    for wanted in sharpes:
        at = int(np.searchsorted(risen, wanted))
        if at == len(risen):
            found.append(None)
        elif at == 0:
            found.append(float(strengths[0]))
        else:
            part = (wanted - risen[at - 1]) / (risen[at] - risen[at - 1])
            step = strengths[at] - strengths[at - 1]
            found.append(round(float(strengths[at - 1] + part * step), 6))
    return found


def study_settings(config: RunConfig, **more: Any) -> dict[str, Any]:
    """Return all that a repetition depends on beside its seed and strength."""
    models = [choice.model_dump(mode="json") for choice in config.models]
    return {
        "identity": identity_of(config),
        "models": models,
        "threads": config.threads,
        **more,
    }
