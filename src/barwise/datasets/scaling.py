"""Scaling: centre and spread of each column, learned from training rows only.

Notation
--------
c_j, s_j : centre and spread of column j on the training rows
z = (x - c_j) / s_j, clipped to +/- ``clip``; a spread is in standard deviations,
of which the interquartile range of a normal column holds 1.349
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, final

import numpy as np

from barwise.core.errors import ConfigError

Method = Literal["robust", "standard", "none"]
Kind = Literal["scaled", "passthrough", "binary", "constant", "empty"]

NORMAL_IQR = 1.349

_COLUMNS = 8
_TINY, _HUGE = float(np.finfo(np.float32).tiny), float(np.finfo(np.float32).max)


@final
@dataclass(frozen=True, eq=False, repr=False)
class Scaler:
    """A fitted scaler: the same elementwise arithmetic for any block of rows.

    Parameters
    ----------
    method : {"robust", "standard", "none"}
        Median and IQR / 1.349, mean and standard deviation, or raw values.
    clip : float or None
        Bound of scaled columns, in standard deviations; None is no bound.
    names : tuple of str
        Columns, in the order of the matrix.
    center, scale : ndarray of float64, shape (n_features,)
        0 and 1 for columns that are left as they are.
    kinds : tuple of str
        ``scaled``; ``passthrough`` (asked for) and ``binary`` (two of -1, 0, 1 on the
        training rows), left as they are; ``constant`` (centred at 0, not stretched)
        and ``empty`` (no finite training value).
    infinite : dict
        Infinite values among the training rows, by column; columns without are absent.

    Examples
    --------
    >>> import numpy as np
    >>> matrix = np.arange(5, dtype=np.float32)[:, None]
    >>> scaler = Scaler.fit(matrix, np.arange(4), ("x",), method="standard")
    >>> scaler.apply(matrix).ravel().round(2)
    array([-1.34, -0.45,  0.45,  1.34,  2.24], dtype=float32)
    """

    method: Method
    clip: float | None
    names: tuple[str, ...]
    center: np.ndarray
    scale: np.ndarray
    kinds: tuple[Kind, ...]
    infinite: dict[str, int]
    _high: np.ndarray = field(init=False)
    _low: np.ndarray = field(init=False)
    _divisor: np.ndarray = field(init=False)
    _bound: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        count = len(self.names)
        if not (
            self.center.shape == self.scale.shape == (count,) == (len(self.kinds),)
        ):
            raise ConfigError(
                f"a scaler of {count} columns needs as many centres, scales and kinds; "
                f"got {len(self.center)}, {len(self.scale)}, {len(self.kinds)}"
            )
        if not (np.isfinite(self.center).all() and (self.scale > 0).all()):
            raise ConfigError("a scaler needs finite centres and scales above 0")
        # A centre in two float32 parts: subtracting both is as good as float64, at
        # half the cost.
        high = self.center.astype(np.float32)
        object.__setattr__(self, "_high", high)
        object.__setattr__(self, "_low", (self.center - high).astype(np.float32))
        object.__setattr__(self, "_divisor", self.scale.astype(np.float32))
        bound = np.full(count, np.inf, dtype=np.float32)
        bound[self.bounded] = self.clip
        object.__setattr__(self, "_bound", bound)

    @classmethod
    def fit(
        cls,
        matrix: np.ndarray,
        index: np.ndarray,
        names: Sequence[str],
        *,
        method: Method = "robust",
        clip: float | None = 5.0,
        passthrough: Sequence[str] = (),
    ) -> Scaler:
        """Learn centre and spread from some rows of a matrix.

        Parameters
        ----------
        matrix : ndarray of float32, shape (n_rows, n_features)
            Read a few columns at a time; no copy of the whole is made.
        index : ndarray of int64, shape (n,)
            The training rows. No other row has any influence.
        names : sequence of str
            Columns.
        method : {"robust", "standard", "none"}
            NaN and infinite values are left out. Where the interquartile range is 0
            the standard deviation takes its place.
        clip : float or None
            Bound in standard deviations, > 0; None clips nothing.
        passthrough : sequence of str
            Columns left as they are: cyclic ones, probabilities.

        Raises
        ------
        ConfigError
            If a passthrough name is no column, clip is not positive, or there is no
            training row.
        """
        unknown = sorted(set(passthrough) - set(names))
        if unknown:
            raise ConfigError(
                f"passthrough names {unknown}, which are no columns; the data set has "
                f"{len(names)}: {', '.join(names[:8])}{', ...' * (len(names) > 8)}"
            )
        if (clip is not None and not clip > 0) or not len(index):
            raise ConfigError(
                f"a scaler needs clip > 0 and at least one training row, got {clip=} "
                f"and {len(index)} rows"
            )
        asked = set(passthrough)
        found = [
            _fit_column(values, method, left=name in asked)
            for name, values in zip(names, _columns(matrix, index), strict=True)
        ]
        return cls(
            method=method,
            clip=clip,
            names=tuple(names),
            center=np.array([column.center for column in found]),
            scale=np.array([column.scale for column in found]),
            kinds=tuple(column.kind for column in found),
            infinite={
                name: column.infinite
                for name, column in zip(names, found, strict=True)
                if column.infinite
            },
        )

    def only(self, columns: np.ndarray) -> Scaler:
        """Return the scaler of some of the columns."""
        names = tuple(self.names[place] for place in columns)
        return Scaler(
            method=self.method,
            clip=self.clip,
            names=names,
            center=self.center[columns],
            scale=self.scale[columns],
            kinds=tuple(self.kinds[place] for place in columns),
            infinite={n: count for n, count in self.infinite.items() if n in names},
        )

    @property
    def bounded(self) -> np.ndarray:
        """Bool (n_features,): columns that ``clip`` applies to."""
        left = ("passthrough", "binary")
        clips = self.method != "none" and self.clip is not None
        return np.array([clips and kind not in left for kind in self.kinds])

    def __repr__(self) -> str:
        counts = ", ".join(
            f"{self.kinds.count(kind)} {kind}" for kind in sorted(set(self.kinds))
        )
        return f"Scaler({self.method}, clip={self.clip}, {counts})"

    def apply(self, block: np.ndarray) -> np.ndarray:
        """Scale and clip rows.

        Parameters
        ----------
        block : ndarray of float32, shape (n, n_features)
            Raw rows; not changed.

        Returns
        -------
        ndarray of float32, shape (n, n_features)
            NaN stays NaN and infinite values become NaN. The result of a row does not
            depend on the other rows of the block.
        """
        out = self._standardised(block)
        if np.isfinite(self._bound).any():
            np.maximum(out, -self._bound, out=out)
            np.minimum(out, self._bound, out=out)
        finite = np.isfinite(block)
        if not finite.all():
            out[~finite] = np.nan
        return out

    def clip_rate(self, block: np.ndarray) -> np.ndarray:
        """Share of finite values beyond the bound, by column.

        Parameters
        ----------
        block : ndarray of float32, shape (n, n_features)
            Raw rows.

        Returns
        -------
        ndarray of float64, shape (n_features,)
            0 for columns that are left as they are, NaN where no value is finite.
        """
        finite = np.isfinite(block)
        with np.errstate(invalid="ignore"):
            beyond = np.abs(self._standardised(block)) > self._bound
        counts = np.count_nonzero(finite, axis=0)
        clipped = np.count_nonzero(beyond & finite, axis=0)
        return np.where(counts > 0, clipped / np.maximum(counts, 1), np.nan)

    def to_dict(self) -> dict[str, Any]:
        """Return the state as JSON values; floats come back bit for bit."""
        return {
            "method": self.method,
            "clip": self.clip,
            "names": list(self.names),
            "center": self.center.tolist(),
            "scale": self.scale.tolist(),
            "kinds": list(self.kinds),
            "infinite": dict(self.infinite),
        }

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> Scaler:
        """Rebuild a scaler from :meth:`to_dict`."""
        return cls(
            method=state["method"],
            clip=state["clip"],
            names=tuple(state["names"]),
            center=np.array(state["center"], dtype=np.float64),
            scale=np.array(state["scale"], dtype=np.float64),
            kinds=tuple(state["kinds"]),
            infinite=dict(state["infinite"]),
        )

    def _standardised(self, block: np.ndarray) -> np.ndarray:
        if block.ndim != 2 or block.shape[1] != len(self.names):
            raise ConfigError(
                f"this scaler has {len(self.names)} columns, got rows of shape "
                f"{block.shape}; give it the columns it was fitted on"
            )
        if self.method == "none":
            return block.astype(np.float32)
        # Infinite inputs are replaced by NaN afterwards; an overflow is clipped.
        with np.errstate(over="ignore", invalid="ignore"):
            out: np.ndarray = block - self._high
            out -= self._low
            out /= self._divisor
        return out


@final
@dataclass(frozen=True)
class _Column:
    """What was learned about one column."""

    kind: Kind
    infinite: int
    center: float = 0.0
    scale: float = 1.0


def _columns(matrix: np.ndarray, index: np.ndarray) -> Iterator[np.ndarray]:
    """Yield columns of the indexed rows, gathered a few at a time."""
    for begin in range(0, matrix.shape[1], _COLUMNS):
        part = matrix[:, begin : begin + _COLUMNS][index]
        yield from np.ascontiguousarray(part.T)


def _fit_column(values: np.ndarray, method: Method, *, left: bool) -> _Column:
    infinite = int(np.count_nonzero(np.isinf(values)))
    finite = values[np.isfinite(values)].astype(np.float64)
    kind = _kind(finite, left=left)
    if method == "none" or kind in ("passthrough", "binary", "empty"):
        return _Column(kind, infinite)
    if kind == "constant":
        return _Column(kind, infinite, center=float(finite[0]))
    center, scale = _location(finite, method)
    return _Column(kind, infinite, center, min(max(scale, _TINY), _HUGE))


def _kind(finite: np.ndarray, *, left: bool) -> Kind:
    if left:
        return "passthrough"
    if not len(finite):
        return "empty"
    lowest, highest = finite.min(), finite.max()
    if lowest == highest:
        return "constant"
    whole = {float(lowest), float(highest)} <= {-1.0, 0.0, 1.0}
    if whole and ((finite == lowest) | (finite == highest)).all():
        return "binary"
    return "scaled"


def _location(finite: np.ndarray, method: Method) -> tuple[float, float]:
    if method == "standard":
        return float(finite.mean()), float(finite.std())
    low, middle, high = np.percentile(finite, (25, 50, 75))
    if high == low:
        return float(middle), float(finite.std())
    return float(middle), float((high - low) / NORMAL_IQR)
