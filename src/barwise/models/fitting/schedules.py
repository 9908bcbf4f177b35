"""Learning rates: cosine with warm-up, reduce on a plateau, constant."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import final

from torch.optim import Optimizer
from torch.optim.lr_scheduler import ReduceLROnPlateau

from barwise.models.fitting.settings import NetSettings


class Schedule(ABC):
    """Sets the learning rate of an optimiser before each step or after each epoch."""

    @abstractmethod
    def before_step(self, step: int) -> None:
        """Called before optimiser step ``step``, counted from 0."""

    @abstractmethod
    def after_epoch(self, loss: float) -> None:
        """Called with the loss that decides about stopping."""

    @abstractmethod
    def state(self) -> dict[str, float]:
        """Return what the next rate depends on, besides the step."""

    @abstractmethod
    def restore(self, state: Mapping[str, float]) -> None:
        """Go on from ``state``."""


def cosine_rate(
    step: int, *, total: int, warmup: int, highest: float, lowest: float
) -> float:
    """Learning rate at a step: a straight climb, then half a cosine down.

    Parameters
    ----------
    step, total, warmup : int
        Steps from 0; steps in all; steps of the climb.
    highest, lowest : float
        Rate at the end of the climb, and at the end.

    References
    ----------
    Loshchilov and Hutter (2017), SGDR.

    Examples
    --------
    >>> shape = {"total": 10, "warmup": 2, "highest": 1.0, "lowest": 0.0}
    >>> [round(cosine_rate(step, **shape), 2) for step in (0, 1, 2, 6, 10)]
    [0.5, 1.0, 1.0, 0.5, 0.0]
    """
    if step < warmup:
        return highest * (step + 1) / warmup
    share = min((step - warmup) / max(total - warmup, 1), 1.0)
    return lowest + 0.5 * (highest - lowest) * (1.0 + math.cos(math.pi * share))


@final
class CosineWithWarmup(Schedule):
    """A climb, then a cosine over all epochs that may be run; see ``cosine_rate``."""

    def __init__(
        self,
        optimizer: Optimizer,
        *,
        total: int,
        warmup: int,
        highest: float,
        lowest: float,
    ) -> None:
        self._optimizer = optimizer
        self._total, self._warmup = total, warmup
        self._highest, self._lowest = highest, lowest

    def before_step(self, step: int) -> None:
        """Set the rate of this step."""
        rate = cosine_rate(
            step,
            total=self._total,
            warmup=self._warmup,
            highest=self._highest,
            lowest=self._lowest,
        )
        for group in self._optimizer.param_groups:
            group["lr"] = rate

    def after_epoch(self, loss: float) -> None:
        """Do nothing: the rate follows the step alone."""

    def state(self) -> dict[str, float]:
        """Return nothing: the rate follows the step alone."""
        return {}

    def restore(self, state: Mapping[str, float]) -> None:
        """Do nothing."""


@final
class ReduceOnPlateau(Schedule):
    """The rate falls by a factor when the loss has not fallen for some epochs."""

    def __init__(
        self,
        optimizer: Optimizer,
        *,
        factor: float,
        patience: int,
        min_delta: float,
        lowest: float,
    ) -> None:
        self._optimizer = optimizer
        self._plateau = ReduceLROnPlateau(
            optimizer,
            factor=factor,
            patience=patience,
            threshold=min_delta,
            threshold_mode="abs",
            min_lr=lowest,
        )

    def before_step(self, step: int) -> None:
        """Do nothing: the rate changes between epochs."""

    def after_epoch(self, loss: float) -> None:
        """Count the epoch, and lower the rate when it is time."""
        self._plateau.step(loss)

    def state(self) -> dict[str, float]:
        """Return best loss, epochs waited and the rate."""
        return {
            "best": self._plateau.best,
            "num_bad_epochs": self._plateau.num_bad_epochs,
            "last_epoch": self._plateau.last_epoch,
            "rate": self._optimizer.param_groups[0]["lr"],
        }

    def restore(self, state: Mapping[str, float]) -> None:
        """Go on from ``state``."""
        self._plateau.best = state["best"]
        self._plateau.num_bad_epochs = int(state["num_bad_epochs"])
        self._plateau.last_epoch = int(state["last_epoch"])
        for group in self._optimizer.param_groups:
            group["lr"] = state["rate"]


@final
class Constant(Schedule):
    """The rate stays."""

    def before_step(self, step: int) -> None:
        """Do nothing."""

    def after_epoch(self, loss: float) -> None:
        """Do nothing."""

    def state(self) -> dict[str, float]:
        """Return nothing."""
        return {}

    def restore(self, state: Mapping[str, float]) -> None:
        """Do nothing."""


def make_schedule(optimizer: Optimizer, settings: NetSettings, steps: int) -> Schedule:
    """Return the schedule that the settings name; ``steps`` are those of an epoch."""
    if settings.schedule == "cosine":
        return CosineWithWarmup(
            optimizer,
            total=settings.max_epochs * steps,
            warmup=round(settings.warmup_epochs * steps),
            highest=settings.learning_rate,
            lowest=settings.min_learning_rate,
        )
    if settings.schedule == "plateau":
        return ReduceOnPlateau(
            optimizer,
            factor=settings.plateau_factor,
            patience=settings.plateau_patience,
            min_delta=settings.early_stopping_min_delta,
            lowest=settings.min_learning_rate,
        )
    return Constant()
