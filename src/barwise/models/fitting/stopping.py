"""When to stop, and which epoch to keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final


@final
@dataclass
class EarlyStopping:
    """Watches one loss.

    The epoch with the lowest loss is kept. Training ends when for ``patience`` epochs
    no loss was lower than the last notable one by at least ``min_delta``.

    Parameters
    ----------
    patience : int
        Epochs.
    min_delta : float
        Smallest fall that counts as progress.

    Examples
    --------
    >>> watch = EarlyStopping(patience=2, min_delta=0.1)
    >>> [watch.see(epoch, loss) for epoch, loss in enumerate((1.0, 0.95, 0.99), 1)]
    [True, True, False]
    >>> watch.best_epoch, watch.exhausted
    (2, True)
    """

    patience: int
    min_delta: float
    best: float = float("inf")
    best_epoch: int = 0
    notable: float = float("inf")
    waited: int = 0

    def see(self, epoch: int, loss: float) -> bool:
        """Take an epoch's loss; return whether it is the lowest so far."""
        if loss < self.notable - self.min_delta:
            self.notable, self.waited = loss, 0
        else:
            self.waited += 1
        lowest = loss < self.best
        if lowest:
            self.best, self.best_epoch = loss, epoch
        return lowest

    @property
    def exhausted(self) -> bool:
        """Whether patience is used up."""
        return self.waited >= self.patience
