"""Which rows decide when training stops: the newest of the training rows, purged."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from barwise.core.errors import ConfigError
from barwise.models.examples import Examples, balanced_weights
from barwise.models.settings import ModelSettings


class StoppingSettings(ModelSettings):
    """Settings of a model that stops early.

    Parameters
    ----------
    class_weight : {"balanced"} or None
        Let every class of the training rows weigh the same.
    early_stopping_min_delta : float
        Smallest fall of the loss that counts as progress.
    early_stopping_on : {"train_tail", "validation"}
        The purged tail of the training rows, so that the validation part compares
        once and only; or the validation part, as many published pipelines do.
    tail_share : float
        Share of the training times that the tail takes.
    tail_purge : int
        At least this many distinct times are left out before the tail.
    threads : int
        Threads of training and scoring; equal bytes are promised for equal threads.
    """

    class_weight: Literal["balanced"] | None
    early_stopping_min_delta: Annotated[float, Field(ge=0)]
    early_stopping_on: Literal["train_tail", "validation"]
    tail_share: Annotated[float, Field(gt=0, lt=1)]
    tail_purge: Annotated[int, Field(ge=0)]
    threads: Annotated[int, Field(ge=1)]


def purged_tail(
    times: np.ndarray, label_end_times: np.ndarray, share: float, purge: int
) -> tuple[np.ndarray, np.ndarray]:
    """Split rows into an older part to fit on and a newer part to stop on.

    Parameters
    ----------
    times : ndarray of int64, shape (n,)
        Nanoseconds UTC, in any order; equal times stay together.
    label_end_times : ndarray of int64, shape (n,)
        When each label was known.
    share : float
        Share of the distinct times that the newer part takes.
    purge : int
        Distinct times left out before the newer part, at least; a row whose label ends
        at or after the newer part's first time is left out as well.

    Returns
    -------
    older, newer : ndarray of int64
        Row numbers, ascending.

    Raises
    ------
    ConfigError
        If one of the parts is empty.

    References
    ----------
    Lopez de Prado (2018), Advances in Financial Machine Learning, ch. 7.

    Examples
    --------
    >>> t = np.arange(10)
    >>> purged_tail(t, t + 2, share=0.2, purge=1)
    (array([0, 1, 2, 3, 4, 5]), array([8, 9]))
    """
    moments = np.unique(times)
    cut = len(moments) - round(share * len(moments))
    newer = np.zeros(len(times), dtype=bool)
    older = np.zeros(len(times), dtype=bool)
    if purge < cut < len(moments):
        first = moments[cut]
        newer = times >= first
        older = (times < moments[cut - purge]) & (label_end_times < first)
    if not older.any() or not newer.any():
        raise ConfigError(
            f"early stopping on the tail of {len(times):,} training rows "
            f"({len(moments):,} times) leaves {older.sum():,} rows to fit and "
            f"{newer.sum():,} to stop on with tail_share={share} and tail_purge={purge}; "
            "lower tail_purge, change tail_share, give more rows, or set "
            "early_stopping_on: validation"
        )
    return np.flatnonzero(older), np.flatnonzero(newer)


def stopping_parts(
    train: Examples, val: Examples | None, settings: StoppingSettings
) -> tuple[Examples, Examples]:
    """Return the examples to fit on and those to stop on, class weights included.

    Rows of plain arrays have no times: their order stands for it, and ``tail_purge``
    alone keeps the parts apart.
    """
    if settings.early_stopping_on == "validation":
        if val is None:
            raise ConfigError(
                "early_stopping_on: validation needs X_val and y_val with usable rows; "
                "give them, or set early_stopping_on: train_tail"
            )
        fit, stop = train, val
    else:
        times, ends = train.inputs.times, train.inputs.label_end_times
        if times is None or ends is None:
            times = ends = train.inputs.positions
        older, newer = purged_tail(
            times, ends, settings.tail_share, settings.tail_purge
        )
        fit, stop = train.take(older), train.take(newer)
    return weighted(fit, fit, settings), weighted(stop, fit, settings)


def weighted(part: Examples, fit: Examples, settings: StoppingSettings) -> Examples:
    """Weigh the classes of ``part`` by their balance in ``fit``, when asked to."""
    if settings.class_weight is None:
        return part
    return part.reweighted(balanced_weights(fit))
