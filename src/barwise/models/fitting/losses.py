"""Losses on logits, one value a row; weights are applied in one place.

Notation
--------
b : rows of a batch; C : configured classes; K : outputs of the net
logits : (b, K) float; target : (b,) int64, position of the class
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import final

import torch
from torch import Tensor
from torch.nn import functional


class Loss(ABC):
    """A loss and the probabilities that belong to its logits."""

    @abstractmethod
    def outputs(self, n_classes: int) -> int:
        """Return K, the number of logits that the net has to give."""

    @abstractmethod
    def each(self, logits: Tensor, target: Tensor) -> Tensor:
        """Return the loss of each row, (b,)."""

    @abstractmethod
    def probabilities(self, logits: Tensor) -> Tensor:
        """Return class probabilities, (b, C) float64."""


@final
class CrossEntropy(Loss):
    """Negative log likelihood of a softmax."""

    def outputs(self, n_classes: int) -> int:
        """One logit a class."""
        return n_classes

    def each(self, logits: Tensor, target: Tensor) -> Tensor:
        """Return ``-log p[target]``."""
        return functional.cross_entropy(logits, target, reduction="none")

    def probabilities(self, logits: Tensor) -> Tensor:
        """Return the softmax."""
        return logits.double().softmax(dim=1)


@final
class Focal(Loss):
    """Focal loss: rows that are already right count less (Lin et al., 2017).

    It flattens probabilities, so calibrate what it trained.

    Parameters
    ----------
    gamma : float
        Focus; 0 is cross-entropy.
    alpha : sequence of float or None
        A weight for each class; None weighs all alike.

    Examples
    --------
    >>> logits, target = torch.tensor([[2.0, 0.0]]), torch.tensor([0])
    >>> Focal(2.0, None).each(logits, target) < CrossEntropy().each(logits, target)
    tensor([True])
    """

    def __init__(self, gamma: float, alpha: tuple[float, ...] | None) -> None:
        self._gamma = gamma
        self._alpha = alpha

    def outputs(self, n_classes: int) -> int:
        """One logit a class."""
        return n_classes

    def each(self, logits: Tensor, target: Tensor) -> Tensor:
        """Return ``-alpha[target] (1 - p[target])^gamma log p[target]``."""
        log_p = functional.log_softmax(logits, dim=1)
        log_p = log_p.gather(1, target[:, None])[:, 0]
        # At p = 1 the slope of (1 - p)^gamma is infinite for gamma < 1.
        rest = (-torch.expm1(log_p)).clamp_min(torch.finfo(log_p.dtype).tiny)
        losses = -rest.pow(self._gamma) * log_p
        if self._alpha is None:
            return losses
        return losses * losses.new_tensor(self._alpha)[target]

    def probabilities(self, logits: Tensor) -> Tensor:
        """Return the softmax."""
        return logits.double().softmax(dim=1)


@final
class BinaryCrossEntropy(Loss):
    """Cross-entropy of one logit, for two classes."""

    def outputs(self, n_classes: int) -> int:
        """Return 1: the logit of the second class."""
        if n_classes != 2:
            raise ValueError(f"binary cross-entropy needs 2 classes, got {n_classes}")
        return 1

    def each(self, logits: Tensor, target: Tensor) -> Tensor:
        """Return binary cross-entropy with logits."""
        return functional.binary_cross_entropy_with_logits(
            logits[:, 0], target.to(logits.dtype), reduction="none"
        )

    def probabilities(self, logits: Tensor) -> Tensor:
        """Return ``1 - p, p`` with the logistic function."""
        logit = logits[:, 0].double()
        return torch.stack((torch.sigmoid(-logit), torch.sigmoid(logit)), dim=1)


def weighted_mean(losses: Tensor, weights: Tensor) -> Tensor:
    """Return the mean of ``losses`` under positive ``weights``."""
    return (losses * weights).sum() / weights.sum()
