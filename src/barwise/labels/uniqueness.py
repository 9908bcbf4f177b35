"""How much of its own information a label has when labels overlap."""

from __future__ import annotations

import numpy as np

from barwise.core.arrays import Index, Vector
from barwise.labels.labels import Labels


def concurrency(labels: Labels) -> Index:
    """Count the labels that are open in each bar.

    A label decided at row t that ended on row e is open in the bars t+1..e.

    Parameters
    ----------
    labels : Labels
        Rows without a valid label are not counted.

    Returns
    -------
    ndarray of int64, shape (row,)

    References
    ----------
    Lopez de Prado (2018), Advances in Financial Machine Learning, ch. 4.

    Examples
    --------
    >>> import numpy as np
    >>> from barwise.bars import Bars
    >>> from barwise.labels import triple_barrier
    >>> price = np.array([10.0, 10, 10, 12, 10, 10, 10])
    >>> bars = Bars.of(np.arange(7), price, price, price, price, interval=1)
    >>> labels = triple_barrier(bars, horizon=2, upper=1, lower=1, unit="fixed", tick=0)
    >>> labels.end_index
    array([ 2,  3,  4,  5,  6, -1, -1])
    >>> concurrency(labels)
    array([0, 1, 2, 2, 2, 2, 1])
    """
    rows = np.flatnonzero(labels.valid)
    size = len(labels) + 1
    steps = np.bincount(rows + 1, minlength=size)
    steps = steps - np.bincount(labels.end_index[rows] + 1, minlength=size)
    return np.cumsum(steps[:-1])


def label_uniqueness(labels: Labels) -> Vector:
    """Mean of 1 / concurrency over the bars of each label, 0..1; NaN without a label.

    Examples
    --------
    Two labels of four bars, one bar apart, share three bars: (1 + 3 / 2) / 4.

    >>> import numpy as np
    >>> from barwise.bars import Bars
    >>> from barwise.labels import triple_barrier
    >>> price = np.full(8, 10.0)
    >>> bars = Bars.of(np.arange(8), price, price, price, price, interval=1)
    >>> labels = triple_barrier(
    ...     bars,
    ...     horizon=4,
    ...     upper=1,
    ...     lower=1,
    ...     unit="fixed",
    ...     tick=0,
    ...     sample=np.arange(8) < 2,
    ... )
    >>> label_uniqueness(labels)[:2]
    array([0.625, 0.625])
    """
    # Here, because the package of metrics loads scikit-learn.
    from barwise.metrics.uniqueness import average_uniqueness

    rows = np.flatnonzero(labels.valid)
    out = np.full(len(labels), np.nan)
    out[rows] = average_uniqueness(rows, labels.end_index[rows])
    return out


def effective_samples(labels: Labels) -> float:
    """Return the number of independent labels: the sum of uniqueness."""
    return float(np.nansum(label_uniqueness(labels)))
