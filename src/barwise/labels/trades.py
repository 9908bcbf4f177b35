"""What a long and a short trade of the same bar would each have made."""

from __future__ import annotations

from dataclasses import replace
from typing import Unpack

import numpy as np

from barwise.bars.bars import Bars
from barwise.labels.labels import Labels
from barwise.labels.triple_barrier import BarrierOptions, follow


def with_trades(
    labels: list[Labels],
    bars: Bars,
    *,
    upper: float,
    lower: float,
    **options: Unpack[BarrierOptions],
) -> list[Labels]:
    """Return triple-barrier labels with the outcome of either trade beside them.

    A label says which barrier was reached first, not what each trade came to: a bar
    that ties stops a long and a short alike, a trade-through fills one target and not
    the other stop, and with ``sides="both"`` a label ends with the first target. So each
    trade is followed on its own. Whichever is taken, its outcome is known when both
    have ended.

    Parameters
    ----------
    labels : list of Labels
        By :func:`barwise.triple_barrier` with the same arguments.
    bars : Bars
    upper, lower : float
        Multiples of the width.
    **options
        All the others.

    Returns
    -------
    list of Labels
        ``long_ret`` and ``short_ret`` are log returns, a gain positive; ends and
        ``known_at`` are those of the later trade.
    """
    horizons = [one.horizon for one in labels]
    alone: BarrierOptions = {**options, "sides": "long"}
    swaps = options["sides"] == "long"
    long = labels if swaps else follow(bars, horizons, upper, lower, alone)
    target, stop = (lower, upper) if swaps else (upper, lower)
    short = follow(bars, horizons, target, stop, alone, short=True)
    return [_joined(*each) for each in zip(labels, long, short, strict=True)]


def _joined(labels: Labels, long: Labels, short: Labels) -> Labels:
    ends = np.stack([labels.end_index, long.end_index, short.end_index])
    known = np.stack([labels.known_at, long.known_at, short.known_at])
    return replace(
        labels,
        end_index=ends.max(axis=0),
        known=known.max(axis=0),
        valid=labels.valid & long.valid & short.valid,
        long_ret=long.ret,
        short_ret=-short.ret,
    )
