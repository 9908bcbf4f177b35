"""How clearly the market gave a label, 0..1, and the training weight that follows."""

from __future__ import annotations

import numpy as np

from barwise.core.arrays import Classes, Index, Vector
from barwise.core.errors import ConfigError

PARTS = ("speed", "path", "certainty")
LIGHTEST, HEAVIEST = 0.5, 1.5
_AMBIGUOUS = 2


def label_quality(
    *,
    label: Classes,
    bars: Index,
    horizon: int,
    adverse: Vector,
    truth: Classes,
    parts: tuple[str, ...] = PARTS,
) -> Vector:
    """Score how clear each label is.

    ``quality = certainty * mean(speed, path)`` with

    - ``speed = 1 - (bars - 1) / horizon`` where a barrier was touched: 1 on the first
      bar, ``1 / horizon`` on the last. A time-out is as slow by definition, so it has
      no speed and its mean is ``path`` alone.
    - ``path = 1 - adverse``: how far the price kept from the level that would have
      made another label. For a time-out that is the nearer one of both.
    - ``certainty``: 0 where one bar touched both barriers and no finer bar could tell
      which came first, so that the tie rule made the label; else 1.

    Parameters
    ----------
    label : ndarray of int8, shape (row,)
    bars : ndarray of int64, shape (row,)
        Bars from the decision to the exit, 1..horizon.
    horizon : int
        Bars in a path.
    adverse : ndarray of float, shape (row,)
        Furthest move towards another label as a share of the way to its level, 0..1.
    truth : ndarray of int8, shape (row,)
        0 identified, 1 decided by finer bars, 2 ambiguous.
    parts : tuple of str
        Parts to use, of "speed", "path" and "certainty". A part that is left out
        counts as 1 (certainty) or leaves the mean (speed, path).

    Returns
    -------
    ndarray of float64, shape (row,)
        It knows the outcome: for training weights, never for a model's input.

    Raises
    ------
    ConfigError
        If a part is unknown.

    Examples
    --------
    A touch on the first of four bars, one on the last after a bad excursion, and a
    touch that only the tie rule decided:

    >>> import numpy as np
    >>> label_quality(
    ...     label=np.array([1, -1, -1], np.int8),
    ...     bars=np.array([1, 4, 1]),
    ...     horizon=4,
    ...     adverse=np.array([0.0, 0.5, 1.0]),
    ...     truth=np.array([0, 0, 2], np.int8),
    ... )
    array([1.   , 0.375, 0.   ])
    """
    unknown = sorted(set(parts) - set(PARTS))
    if unknown:
        raise ConfigError(
            f"labels.quality: {unknown[0]!r} is not a part of label quality; choose "
            f"from {', '.join(PARTS)}"
        )
    total, count = np.zeros(len(label)), np.zeros(len(label))
    if "speed" in parts:
        touched = label != 0
        total += np.where(touched, 1.0 - (bars - 1) / horizon, 0.0)
        count += touched
    if "path" in parts:
        total += 1.0 - adverse
        count += 1.0
    quality = np.divide(total, count, out=np.ones(len(label)), where=count > 0)
    if "certainty" in parts:
        quality[truth == _AMBIGUOUS] = 0.0
    return quality


def quality_weight(quality: Vector) -> Vector:
    """Turn quality 0..1 into a weight 0.5..1.5, linear in its value.

    Linear in value and not in rank: a rank depends on every other row, those of the
    validation and test part included, and would move whenever bars are appended.

    Examples
    --------
    >>> import numpy as np
    >>> quality_weight(np.array([0.0, 0.5, 1.0]))
    array([0.5, 1. , 1.5])
    """
    return LIGHTEST + (HEAVIEST - LIGHTEST) * quality
