"""Preparation: whatever is learned from a fold's training rows, as one object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

from pydantic import Field

from barwise.core.config import Settings
from barwise.core.errors import ConfigError
from barwise.core.samples import Samples
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
    """

    scaler: Method = "robust"
    clip: float | None = Field(default=5.0, gt=0, allow_inf_nan=False)
    passthrough: tuple[str, ...] = ()


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

    def __repr__(self) -> str:
        return f"Preparation({self._scaler or 'not fitted'})"

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
            The fold's training rows, after purging. A scaler that they carry is
            replaced: raw values are what is learned from.
        """
        self._scaler = Scaler.fit(
            samples.matrix,
            samples.index,
            samples.names,
            method=self.settings.scaler,
            clip=self.settings.clip,
            passthrough=self.settings.passthrough,
        )
        return self.apply(samples)

    def apply(self, samples: Samples) -> Samples:
        """Return any samples of the same columns prepared; nothing is copied."""
        if samples.names != self.scaler.names:
            raise ConfigError(
                f"this Preparation was fitted on {len(self.scaler.names)} columns that "
                f"are not the {len(samples.names)} of these samples, or in another "
                "order; fit it on samples of the same feature set"
            )
        return samples.scaled_by(self.scaler)

    def to_dict(self) -> dict[str, Any]:
        """Return settings and fitted state as JSON values."""
        return {
            "settings": self.settings.model_dump(mode="json"),
            "scaler": self.scaler.to_dict(),
        }

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> Preparation:
        """Rebuild a fitted preparation from :meth:`to_dict`."""
        preparation = cls(PreparationSettings.model_validate(state["settings"]))
        preparation._scaler = Scaler.from_dict(state["scaler"])
        return preparation
