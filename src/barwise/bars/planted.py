"""An edge of a chosen strength, planted in the directions of a surrogate's bars.

Notation
--------
b : bar that is decided on; its rows are the bars of the source inside it
z : (b,) -1, 0 or +1, known at the close of b: where the next bar is pushed to
strength : a, how much; a row of bar b + 1 goes z's way with probability (1 + a) / 2
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

_FAR = 1.0
_MEMORY = 100


@final
@dataclass(frozen=True, eq=False)
class Reversal:
    """After a large move of some bars the next one leans back.

    Everybody can see it in past closes, and it acts on directions alone: volatility,
    ranges and volume are as without it. It is no momentum, because that is followed by
    whoever bets on the label before, which is a baseline that a model has to beat.

    Parameters
    ----------
    bar_of : ndarray of int64, shape (n,)
        Number of the bar that each row of the source is in, never decreasing.
    resting : ndarray of bool, shape (n,)
        Rows that nothing is planted in and whose moves do not count: those that open a
        session.
    window : int
        Bars whose move is looked at. It counts as large above one usual deviation, of
        the last hundred bars or so.
    strength : float
        From 0, no edge, to 1, directions that are certain.

    Examples
    --------
    >>> rng, bar_of = np.random.default_rng(0), np.arange(5000)
    >>> plant = Reversal(bar_of, np.zeros(5000, bool), window=5, strength=0.5)
    >>> d, z = plant.directions(np.full(5000, 0.001), rng.random(5000))
    >>> leaning = z[:-1] != 0
    >>> round(float(np.mean(d[1:][leaning] == z[:-1][leaning])), 2)
    0.74
    """

    bar_of: np.ndarray
    resting: np.ndarray
    window: int
    strength: float

    def directions(
        self, sizes: np.ndarray, coins: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return where each row goes, +1 or -1, and z of each bar.

        Parameters
        ----------
        sizes : ndarray of float64, shape (n,)
            How far each close goes from its reference, up or down.
        coins : ndarray of float64, shape (n,)
            Uniform between 0 and 1.
        """
        total = int(self.bar_of[-1]) + 1
        edges = np.searchsorted(self.bar_of, np.arange(total + 1)).tolist()
        # Plain numbers: each bar hangs on those before it.
        moves, drawn = sizes.tolist(), coins.tolist()
        resting = self.resting.tolist()
        d, z, past = [1.0] * len(moves), [0] * total, [0.0] * total
        chances = {lean: 0.5 * (1.0 + lean * self.strength) for lean in (-1, 0, 1)}
        usual, lean = 0.0, 0
        for bar in range(total):
            chance, made = chances[lean], 0.0
            for row in range(edges[bar], edges[bar + 1]):
                still = resting[row]
                if drawn[row] >= (0.5 if still else chance):
                    d[row] = -1.0
                if not still:
                    made += d[row] * moves[row]
            past[bar] = made
            usual += (made * made - usual) / min(bar + 1, _MEMORY)
            far = sum(past[max(0, bar + 1 - self.window) : bar + 1])
            limit = _FAR * (self.window * usual) ** 0.5
            lean = int(far < -limit) - int(far > limit)
            z[bar] = lean
        return np.array(d), np.array(z, np.int8)
