"""Preparation: whatever is learned from a fold's training rows, as one object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import asdict
from typing import Any, final

import numpy as np
from pydantic import Field

from barwise.core.config import Settings
from barwise.core.errors import ConfigError
from barwise.core.samples import Samples
from barwise.datasets.correlation import Pruned, prune
from barwise.datasets.scaling import Method, Scaler


class PreparationSettings(Settings):
    """What is learned from the training rows of each fold.

    Parameters
    ----------
    scaler : {"robust", "standard", "none"}
        How columns are brought to one scale.
    clip : float or None
        Bound of scaled columns in standard deviations; None clips nothing.
    passthrough : tuple of str
        Columns left as they are (cyclic ones, probabilities); binary columns are
        found by themselves.
    prune_correlated : float or None
        A column whose absolute correlation with an earlier one is above this is left
        out; None keeps all.
    """

    scaler: Method = "robust"
    clip: float | None = Field(default=5.0, gt=0, allow_inf_nan=False)
    passthrough: tuple[str, ...] = ()
    prune_correlated: float | None = Field(default=None, gt=0, lt=1)


@final
class Preparation:
    """Fitted once for each fold, on that fold's training samples and nothing else.

    Parameters
    ----------
    settings : PreparationSettings
        Settings; a new fold takes a new ``Preparation(settings)``.

    Examples
    --------
    >>> import numpy as np
    >>> matrix = np.arange(6, dtype=np.float32)[:, None]
    >>> times = np.arange(6)
    >>> samples = Samples(matrix, times, times, times, np.zeros(6, int), ("x",))
    >>> preparation = Preparation(PreparationSettings(scaler="standard"))
    >>> train = preparation.fit(samples.take(times < 3))
    >>> train.rows.ravel().round(2), preparation.apply(samples).rows.ravel().round(2)
    (array([-1.22,  0.  ,  1.22], dtype=float32),
     array([-1.22,  0.  ,  1.22,  2.45,  3.67,  4.9 ], dtype=float32))
    """

    def __init__(self, settings: PreparationSettings) -> None:
        self.settings = settings
        self._scaler: Scaler | None = None
        self._names: tuple[str, ...] = ()
        self.pruned: tuple[Pruned, ...] = ()
        """Columns that were left out for an earlier one, on the training rows."""

    def __repr__(self) -> str:
        left_out = f", {len(self.pruned)} columns pruned" if self.pruned else ""
        return f"Preparation({self._scaler or 'not fitted'}{left_out})"

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that are kept, in the order of the matrix."""
        return self.scaler.names

    @property
    def scaler(self) -> Scaler:
        """The fitted scaler.

        Raises
        ------
        ConfigError
            If nothing was fitted yet.
        """
        if self._scaler is None:
            raise ConfigError(
                "this Preparation is not fitted; call fit(samples) with the training "
                "samples of the fold first"
            )
        return self._scaler

    def fit(self, samples: Samples) -> Samples:
        """Learn from training samples and return them prepared.

        Parameters
        ----------
        samples : Samples
            The fold's training rows, after purging. A scaler or a selection of columns
            that they carry is replaced: the raw matrix is what is learned from, so that
            a fold does not inherit what others have chosen.
        """
        samples = samples.keeping(None).scaled_by(None)
        limit = self.settings.prune_correlated
        self._names = samples.names
        self.pruned = () if limit is None else prune(samples, limit)
        scaler = Scaler.fit(
            samples.matrix,
            samples.index,
            samples.names,
            method=self.settings.scaler,
            clip=self.settings.clip,
            passthrough=self.settings.passthrough,
        )
        left_out = {one.column for one in self.pruned}
        kept = [i for i, name in enumerate(self._names) if name not in left_out]
        self._scaler = scaler.only(np.array(kept)) if left_out else scaler
        return self.apply(samples)

    @property
    def _kept(self) -> np.ndarray | None:
        """Places of the kept columns in the matrix, None for all of them."""
        if self.columns == self._names:
            return None
        places = {name: place for place, name in enumerate(self._names)}
        return np.array([places[name] for name in self.columns], dtype=np.int64)

    def apply(self, samples: Samples) -> Samples:
        """Return any samples of the same matrix prepared; nothing is copied."""
        scaler = self.scaler
        if samples.names != self._names:
            raise ConfigError(
                f"this Preparation was fitted on {len(self._names)} columns that are "
                f"not the {len(samples.names)} of these samples, or in another order; "
                "fit it on samples of the same feature set"
            )
        return samples.keeping(self._kept).scaled_by(scaler)

    def only(self, columns: Sequence[str]) -> Preparation:
        """Return the fitted preparation of some of the columns that are kept."""
        places = {name: place for place, name in enumerate(self.columns)}
        made = copy(self)
        made._scaler = self.scaler.only(np.array([places[name] for name in columns]))
        return made

    def to_dict(self) -> dict[str, Any]:
        """Return settings and fitted state as JSON values."""
        return {
            "settings": self.settings.model_dump(mode="json"),
            "names": list(self._names),
            "pruned": [asdict(one) for one in self.pruned],
            "scaler": self.scaler.to_dict(),
        }

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> Preparation:
        """Rebuild a fitted preparation from :meth:`to_dict`."""
        preparation = cls(PreparationSettings.model_validate(state["settings"]))
        preparation._names = tuple(state["names"])
        preparation.pruned = tuple(Pruned(**one) for one in state["pruned"])
        preparation._scaler = Scaler.from_dict(state["scaler"])
        return preparation
