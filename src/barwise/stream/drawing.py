"""Draws that prefer labels with information of their own; compiled.

Notation
--------
first, last : (n,) bars in which a label is open, both inclusive
uses : (bars,) how often each bar is in the draw so far
weight : (n,) average uniqueness that a label would have if it were drawn next
tree : (n + 1,) Fenwick tree of the weights
u : (size,) uniform numbers in [0, 1)
"""

from __future__ import annotations

import numpy as np
from numba import njit

Array = np.ndarray


@njit(cache=True, nogil=True)
def _uniqueness(first: int, last: int, uses: Array) -> float:
    total = 0.0
    for bar in range(first, last + 1):
        total += 1.0 / (1.0 + uses[bar])
    return total / (last - first + 1)


@njit(cache=True, nogil=True)
def _add(tree: Array, i: int, change: float) -> None:
    k = i + 1
    while k < len(tree):
        tree[k] += change
        k += k & -k


@njit(cache=True, nogil=True)
def _find(tree: Array, wanted: float) -> int:
    """Return the first label whose running weight exceeds ``wanted``."""
    n = len(tree) - 1
    step = 1
    while 2 * step <= n:
        step *= 2
    place = 0
    while step > 0:
        if place + step <= n and tree[place + step] <= wanted:
            place += step
            wanted -= tree[place]
        step //= 2
    return min(place, n - 1)


@njit(cache=True, nogil=True)
def draw(first: Array, last: Array, u: Array) -> Array:
    """Draw ``len(u)`` labels, each with a chance proportional to its weight.

    Labels are sorted by ``first``; a draw changes the weights of those alone that
    share a bar with it.
    """
    n = len(first)
    uses = np.zeros(last.max() + 1)
    longest = (last - first).max()
    weight, tree = np.ones(n), np.zeros(n + 1)
    total = float(n)
    for i in range(n):
        _add(tree, i, 1.0)
    out = np.empty(len(u), np.int64)
    for k in range(len(u)):
        chosen = _find(tree, u[k] * total)
        out[k] = chosen
        uses[first[chosen] : last[chosen] + 1] += 1.0
        i = np.searchsorted(first, first[chosen] - longest)
        while i < n and first[i] <= last[chosen]:
            if last[i] >= first[chosen]:
                new = _uniqueness(first[i], last[i], uses)
                _add(tree, i, new - weight[i])
                total += new - weight[i]
                weight[i] = new
            i += 1
    return out
