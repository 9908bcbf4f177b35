"""Samples: rows of one contiguous matrix, and lazy windows that end at them.

Notation
--------
matrix : (row, column) float32, C-contiguous, one row a bar, oldest first; never copied
index : (sample,) int64, the matrix row of each sample
reach : (row,) int32, how many complete rows of one segment end at a row, itself
    included; a window of ``length`` rows that ends at a row is whole exactly when
    ``reach >= length``
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol, final, runtime_checkable

import numpy as np

from barwise.core.errors import ConfigError, DataError
from barwise.core.reach import reach_of

_PIECE = 2048
"""Rows that are gathered and scaled together."""

Role = Literal["observed", "known", "static"]


@runtime_checkable
class RowScaler(Protocol):
    """Whatever turns raw rows into a model's input, the same for every row."""

    def apply(self, block: np.ndarray) -> np.ndarray:
        """Return a new float32 array of the shape of ``block`` (row, column)."""


@final
@dataclass(frozen=True, eq=False)
class Run:
    """A contiguous stretch of complete rows of one segment, for dense training.

    Parameters
    ----------
    start, stop : int
        Matrix rows ``start:stop``.
    positions : ndarray of int64, shape (n,)
        The samples inside, as positions in the :class:`Samples` they came from.
    steps : ndarray of int64, shape (n,)
        Where each of them lies in the run: its matrix row minus ``start``.
    """

    start: int
    stop: int
    positions: np.ndarray
    steps: np.ndarray

    def __len__(self) -> int:
        return self.stop - self.start


@final
@dataclass(frozen=True, eq=False, repr=False)
class Samples:
    """Rows of a feature matrix that a model may be asked about; knows no labels.

    Parameters
    ----------
    matrix : ndarray of float32, shape (n_rows, n_features)
        C-contiguous, raw (unscaled), one row a bar. Held by reference, never copied.
    index : ndarray of int64, shape (n_samples,)
        Matrix row of each sample.
    times : ndarray of int64, shape (n_samples,)
        Close of each sample's bar, nanoseconds UTC: when the row is known.
    label_end_times : ndarray of int64, shape (n_samples,)
        When each sample's label is known, nanoseconds UTC, never before its time.
    segments : ndarray of int64, shape (n_rows,)
        Windows never cross a change of value: a symbol border, and a contract roll
        where a column is not invariant to rolls.
    names : tuple of str
        Columns of the matrix.
    scaler : object with ``apply``, optional
        Applied to what is gathered, in ``rows``, ``block`` and ``windows`` alike.
    roles : tuple of {"observed", "known", "static"}
        One for each column (known: its future is scheduled; static: constant within
        a segment); empty when all are observed.
    reach : ndarray of int32, shape (n_rows,), optional
        See the notation above; computed once when absent.
    kept : ndarray of int64, shape (n_kept,), optional
        Columns of the matrix that are gathered, in this order; by default all. A row
        is complete when all of its columns are finite, kept or not: which rows are
        samples does not depend on what was selected.

    Raises
    ------
    ConfigError
        If dtypes, layouts or shapes do not agree, or an index is out of range.
    DataError
        If a label ends before its sample's time.

    Examples
    --------
    >>> import numpy as np
    >>> matrix = np.arange(12, dtype=np.float32).reshape(6, 2)
    >>> matrix[1, 0] = np.nan
    >>> times = np.arange(6)
    >>> samples = Samples(matrix, times, times, times + 1, np.zeros(6, int), ("a", "b"))
    >>> samples.windowable(3)
    array([False, False, False, False,  True,  True])
    >>> samples.take(samples.windowable(3)).windows(3)[0]
    array([[4., 5.],
           [6., 7.],
           [8., 9.]], dtype=float32)
    """

    matrix: np.ndarray
    index: np.ndarray
    times: np.ndarray
    label_end_times: np.ndarray
    segments: np.ndarray
    names: tuple[str, ...]
    scaler: RowScaler | None = None
    roles: tuple[Role, ...] = ()
    reach: np.ndarray | None = None
    kept: np.ndarray | None = None

    def __post_init__(self) -> None:
        check_matrix(self.matrix, self.names, self.roles)
        rows = len(self.matrix)
        count = len(self.index)
        for name, length in (
            ("index", count),
            ("times", count),
            ("label_end_times", count),
            ("segments", rows),
        ):
            _fix(self, name, np.int64, length)
        if count and not 0 <= self.index.min() <= self.index.max() < rows:
            raise ConfigError(
                f"Samples: index runs from {self.index.min()} to {self.index.max()}, "
                f"but the matrix has rows 0 to {rows - 1}"
            )
        early = np.flatnonzero(self.label_end_times < self.times)
        if len(early):
            raise DataError(
                f"Samples: the label of sample {early[0]} ends before its own time "
                f"({self.label_end_times[early[0]]} < {self.times[early[0]]} ns UTC); "
                "a label is known at its end, never earlier"
            )
        if self.reach is None:
            object.__setattr__(self, "reach", reach_of(self.matrix, self.segments))
        _fix(self, "reach", np.int32, rows)
        object.__setattr__(self, "matrix", _read_only(self.matrix))

    def __len__(self) -> int:
        return len(self.index)

    def __repr__(self) -> str:
        scaled = "raw" if self.scaler is None else "scaled"
        return (
            f"Samples({len(self):,} of {len(self.matrix):,} rows, "
            f"{len(self.columns)} features, {scaled})"
        )

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of what is gathered: those of the kept columns."""
        if self.kept is None:
            return self.names
        return tuple(self.names[place] for place in self.kept)

    @property
    def rows(self) -> np.ndarray:
        """Float32 (n_samples, n_features), gathered and scaled anew at each access."""
        return self.scale(np.take(self.matrix, self.index, axis=0))

    @property
    def complete(self) -> np.ndarray:
        """Bool (n_samples,): samples whose own row has finite features only."""
        return self.windowable(1)

    def windowable(self, length: int) -> np.ndarray:
        """Bool (n_samples,): samples with ``length`` complete rows of their segment.

        The rows end at the sample and include it. They may belong to another part of
        a split: inputs of the past do not leak.
        """
        _check_length(length)
        return self.reached >= length

    def windows(self, length: int, *, pad: bool = False) -> Windows:
        """Return a lazy sequence of the windows that end at each sample.

        Parameters
        ----------
        length : int
            Rows in a window, >= 1.
        pad : bool
            Allow samples with fewer than ``length`` complete rows: the missing ones
            come first, are zero and are False in ``Windows.mask``.

        Raises
        ------
        ConfigError
            If the length is below 1; and, without ``pad``, when a window that is not
            ``windowable`` is gathered.
        """
        return Windows(self, length, pad=pad)

    def take(self, positions: np.ndarray) -> Samples:
        """Return the samples at some positions (index array or bool mask)."""
        return replace(
            self,
            index=self.index[positions],
            times=self.times[positions],
            label_end_times=self.label_end_times[positions],
        )

    def scaled_by(self, scaler: RowScaler | None) -> Samples:
        """Return the same samples seen through another scaler; None is raw."""
        return replace(self, scaler=scaler)

    def keeping(self, columns: np.ndarray | None) -> Samples:
        """Return the same samples of some columns of the matrix; None is all."""
        return replace(self, kept=columns)

    def runs(self, context: int = 0) -> list[Run]:
        """Return the contiguous runs of complete rows that hold the samples.

        Parameters
        ----------
        context : int
            Rows wanted before a run's first sample, as far as its segment has them.

        Returns
        -------
        list of Run
            By row, each up to its last sample; every complete sample is in one run.
        """
        _check_length(context, 0, "context")
        order = np.argsort(self.index, kind="stable")
        reach = self.reached[order]
        order, reach = order[reach > 0], reach[reach > 0]
        rows = self.index[order]
        first = rows - reach + 1
        cuts = np.flatnonzero(np.diff(first)) + 1
        return [
            _run(int(first[part[0]]), rows[part], order[part], context)
            for part in np.split(np.arange(len(rows)), cuts)
            if len(part)
        ]

    def block(self, run: Run) -> np.ndarray:
        """Return a run's rows, scaled: float32 (len(run), n_features)."""
        return self.scale(self.matrix[run.start : run.stop].copy())

    @property
    def reached(self) -> np.ndarray:
        """Int32 (n_samples,): complete rows of one segment that end at each sample."""
        assert self.reach is not None
        return self.reach[self.index]

    def scale(self, block: np.ndarray) -> np.ndarray:
        """Return raw rows of the matrix: the kept columns, as the scaler makes them."""
        if self.kept is not None:
            block = np.take(block, self.kept, axis=1)  # stays contiguous
        return block if self.scaler is None else self.scaler.apply(block)


@final
class Windows:
    """Windows that end at each sample, gathered when asked for.

    ``windows[i]`` is (length, n_features), ``windows[a:b]`` and ``windows[indices]``
    are (b, length, n_features); float32, scaled, a fresh array every time. Holds no
    window: its memory is that of the samples. Made by :meth:`Samples.windows`.

    Examples
    --------
    >>> import numpy as np
    >>> one = np.ones((3, 1), dtype=np.float32)
    >>> times = np.arange(3)
    >>> samples = Samples(one, times, times, times, np.zeros(3, int), ("a",))
    >>> windows = samples.windows(2, pad=True)
    >>> windows.shape
    (3, 2, 1)
    >>> windows.mask(np.array([0, 2]))
    array([[False,  True],
           [ True,  True]])
    """

    def __init__(self, samples: Samples, length: int, *, pad: bool) -> None:
        _check_length(length)
        self._samples = samples
        self._pad = pad
        self._offsets = np.arange(1 - length, 1)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(n_samples, length, n_features)."""
        return len(self), len(self._offsets), len(self._samples.columns)

    @property
    def samples(self) -> Samples:
        """The samples at which the windows end, in the same order."""
        return self._samples

    def __len__(self) -> int:
        return len(self._samples)

    def __repr__(self) -> str:
        return f"Windows(shape={self.shape}, lazy)"

    def __getitem__(self, which: int | slice | np.ndarray) -> np.ndarray:
        """Gather one window, or a batch of them."""
        if isinstance(which, int | np.integer):
            if not -len(self) <= which < len(self):
                raise IndexError(f"window {which} of {len(self)}")
            return self._gather(np.array([which]))[0]
        return self._gather(which)

    def mask(self, which: slice | np.ndarray) -> np.ndarray:
        """Bool (b, length): True where a row is real, False where it is padding."""
        return self._offsets > -self._samples.reached[which][:, None]

    def _gather(self, which: slice | np.ndarray) -> np.ndarray:
        samples, length = self._samples, len(self._offsets)
        short = samples.reached[which] < length
        if short.any() and not self._pad:
            raise ConfigError(
                f"windows({length}): {np.count_nonzero(short)} of the {len(short)} "
                f"samples asked for have fewer than {length} complete rows of their "
                f"segment; take those that have them with "
                f"samples.take(samples.windowable({length})), or use pad=True"
            )
        rows = samples.index[which][:, None] + self._offsets
        columns = len(samples.columns)
        block = np.empty((*rows.shape, columns), np.float32)
        flat, into = rows.ravel(), block.reshape(rows.size, columns)
        # Piece by piece, so that what scaling needs stays in cache; a row's result
        # does not depend on the others.
        for begin in range(0, len(flat), _PIECE):
            part = slice(begin, begin + _PIECE)
            # Rows before the start of the matrix are clipped to 0 and are padding.
            raw = np.take(samples.matrix, flat[part], axis=0, mode="clip")
            into[part] = samples.scale(raw)
        if short.any():
            block[~self.mask(which)] = 0.0
        return block


def _run(start: int, rows: np.ndarray, positions: np.ndarray, context: int) -> Run:
    start = max(start, int(rows[0]) - context)
    return Run(start, int(rows[-1]) + 1, positions, rows - start)


def check_matrix(
    matrix: np.ndarray, names: Sequence[str], roles: Sequence[Role]
) -> None:
    """Refuse what is no feature matrix, or has other columns than are named."""
    if matrix.ndim != 2 or matrix.dtype != np.float32 or not matrix.flags.c_contiguous:
        raise ConfigError(
            "Samples need a C-contiguous float32 matrix (n_rows, n_features), got "
            f"shape {matrix.shape}, {matrix.dtype}; it is never copied, so convert it "
            "once with np.ascontiguousarray(matrix, dtype=np.float32)"
        )
    columns = matrix.shape[1]
    if len(names) != columns or len(set(names)) != columns:
        raise ConfigError(
            f"Samples need one different name for each column: {len(names)} names, "
            f"{len(set(names))} of them different, for {columns} columns"
        )
    if roles and len(roles) != columns:
        raise ConfigError(f"Samples: {len(roles)} roles for {columns} columns")


def _fix(samples: Samples, name: str, dtype: type, length: int) -> None:
    """Replace an array field by a read-only view of the right type."""
    array = np.asarray(getattr(samples, name))
    if array.shape != (length,) or array.dtype.kind not in "iu":
        raise ConfigError(
            f"Samples: {name} must hold {length} integers, got shape {array.shape}, "
            f"{array.dtype}"
        )
    object.__setattr__(samples, name, _read_only(array.astype(dtype, copy=False)))


def _read_only(array: np.ndarray) -> np.ndarray:
    view = array.view(np.ndarray)
    view.flags.writeable = False
    return view


def _check_length(length: Any, least: int = 1, name: str = "length") -> None:
    number = isinstance(length, int | np.integer) and not isinstance(length, bool)
    if not number or length < least:
        raise ConfigError(
            f"a window has a whole number of rows, at least {least}, got {name}={length!r}"
        )
