"""New bars at the end of a stored series, with the overlap compared row by row."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, final

import numpy as np

from barwise.bars.bars import Bars
from barwise.bars.checks import missing_bars
from barwise.bars.instruments import get_instrument
from barwise.bars.prepare import sessions_of
from barwise.bars.stored import read_stored, write_bars
from barwise.core.errors import ConfigError, DataError, LockedError

Keep = Literal["stored", "new"]

SHOWN = 10
"""How many differences are listed one by one."""


@final
@dataclass(frozen=True)
class Difference:
    """A row of the overlap that is not the same in both.

    Parameters
    ----------
    time, seq : int
        Close of the row in nanoseconds UTC, and its place among those of one time.
    values : mapping of str to (stored, new)
        Columns that differ; empty where one of them has no such row.
    only_in : {"stored", "new"} or None
        Which of them has the row, if not both.
    """

    time: int
    seq: int
    values: dict[str, tuple[Any, Any]]
    only_in: Keep | None = None

    def __str__(self) -> str:
        at = _moment(self.time)
        if self.only_in is not None:
            return f"{at} UTC: a row that only the {self.only_in} bars have"
        told = (
            f"{name} {old} stored, {new} new"
            for name, (old, new) in self.values.items()
        )
        return f"{at} UTC: {'; '.join(told)}"


@final
@dataclass(frozen=True)
class Appended:
    """What an append found and did.

    Parameters
    ----------
    rows : int
        Of the stored series afterwards.
    added : int
        New rows behind the last stored one.
    identical : int
        Rows of the overlap that are the same in both.
    differing : int
        Rows of the overlap that are not.
    keep : {"stored", "new"} or None
        Which of the differing rows were kept.
    gap : mapping or None
        ``from`` and ``to`` (nanoseconds UTC) between the last stored row and the first
        added one, and how many bars are ``missing`` in sessions (None where that is not
        known); None where nothing lies between.
    """

    rows: int
    added: int
    identical: int
    differing: int = 0
    keep: Keep | None = None
    gap: dict[str, int | None] | None = None

    @property
    def changed(self) -> bool:
        """Whether the file was written."""
        return bool(self.added or (self.differing and self.keep == "new"))


def append_bars(path: str | Path, new: Bars, *, keep: Keep | None = None) -> Appended:
    """Add bars to a series that :func:`write_bars` stored.

    Where both have rows, from the first new row to the last stored one, every value is
    compared. Equal rows stay as they are. The file is written whole or left untouched;
    a second append of the same bars changes nothing.

    Parameters
    ----------
    path : path
        Parquet file of :func:`write_bars`.
    new : Bars
        Of the same symbol, interval or rule, prices and columns; in order of time.
    keep : {"stored", "new"}, optional
        Which rows stay where the two differ. ``new`` replaces all stored rows between
        the first and the last new row. None: differences are an error.

    Returns
    -------
    Appended

    Raises
    ------
    ConfigError
        If ``keep`` is unknown.
    DataError
        If the bars do not belong to the series, begin before it, are out of order, or
        differ where they overlap; differences are listed with both values.
    LockedError
        If another process appends to the same file.

    Examples
    --------
    >>> import tempfile
    >>> from barwise.bars import simulate_bars, write_bars
    >>> bars = simulate_bars("MES", days=2)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_bars(bars[:2000], f"{folder}/mes.parquet")
    ...     first = append_bars(f"{folder}/mes.parquet", bars[1990:])
    ...     again = append_bars(f"{folder}/mes.parquet", bars[1990:])
    >>> first.added, first.identical, first.rows
    (760, 10, 2760)
    >>> again.added, again.changed
    (0, False)
    """
    if keep not in (None, "stored", "new"):
        raise ConfigError(f"keep={keep!r}: allowed values are stored, new")
    path = Path(path)
    with _alone(path):
        old, history = read_stored(path)
        _check_kind(path, old, new)
        _check_order("the stored series", old)
        _check_order("the new bars", new)
        _check_begin(path, old, new)
        identical, differences = compare(old, new)
        if differences and keep is None:
            raise DataError(_told(path, identical, differences))
        fresh = new[new.time > old.time[-1]]
        parts = [old, fresh]
        if differences and keep == "new":
            before, after = old.time < new.time[0], old.time > new.time[-1]
            parts = [old[before], new, old[after]]
        made = Appended(
            sum(map(len, parts)),
            len(fresh),
            identical,
            len(differences),
            keep if differences else None,
            _gap(old, fresh),
        )
        if made.changed:
            write_bars(
                Bars.concat([part for part in parts if len(part)]),
                path,
                history=(*history, asdict(made)),
            )
    return made


def compare(old: Bars, new: Bars) -> tuple[int, list[Difference]]:
    """Return how many rows of the overlap are equal, and those that are not."""
    end = min(old.time[-1], new.time[-1])
    a = old[(old.time >= new.time[0]) & (old.time <= end)]
    b = new[new.time <= end]
    both, in_a, in_b = np.intersect1d(_keys(a), _keys(b), return_indices=True)
    unequal: dict[str, np.ndarray] = {}
    for name, column in a.columns().items():
        one, other = column[in_a], b.columns()[name][in_b]
        same = one == other
        if one.dtype.kind == "f":
            same |= np.isnan(one) & np.isnan(other)
        unequal[name] = ~same
    rows = np.flatnonzero(np.logical_or.reduce(list(unequal.values())))
    found = [
        Difference(
            int(both["time"][row]),
            int(both["seq"][row]),
            {
                name: (
                    a.columns()[name][in_a[row]].item(),
                    b.columns()[name][in_b[row]].item(),
                )
                for name, flags in unequal.items()
                if flags[row]
            },
        )
        for row in rows.tolist()
    ]
    found += _single(a, in_a, "stored") + _single(b, in_b, "new")
    found.sort(key=lambda one: (one.time, one.seq))
    return len(both) - len(rows), found


def _moment(time: int) -> str:
    """Write a time to the second, or as finely as it takes."""
    return str(np.datetime64(int(time), "ns")).rstrip("0").rstrip(".")


def _keys(bars: Bars) -> np.ndarray:
    keys = np.empty(len(bars), [("time", np.int64), ("seq", np.int64)])
    keys["time"], keys["seq"] = bars.time, bars.seq
    return keys


def _single(bars: Bars, in_both: np.ndarray, where: Keep) -> list[Difference]:
    alone = np.setdiff1d(np.arange(len(bars)), in_both)
    return [
        Difference(int(bars.time[row]), int(bars.seq[row]), {}, where) for row in alone
    ]


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold a file for this process, as long as it is the file of that name."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        raise DataError(
            f"{path} does not exist; barwise data convert FILE -o {path} makes it"
        ) from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as problem:
            raise LockedError(
                f"another process appends to {path}; run again when it has finished"
            ) from problem
        if os.fstat(handle).st_ino != path.stat().st_ino:
            raise LockedError(f"another process has just replaced {path}; run again")
        yield
    finally:
        os.close(handle)


def _check_kind(path: Path, old: Bars, new: Bars) -> None:
    """Refuse bars of another symbol, length or kind."""
    for what in ("symbol", "length", "prices", "simulated"):
        stored, given = getattr(old, what), getattr(new, what)
        if stored != given:
            raise DataError(
                f"{path} holds bars with {what} {stored!r}, the new ones have "
                f"{given!r}; append bars of the same kind, or store them as a series of "
                "their own"
            )
    missing = set(old.columns()) ^ set(new.columns())
    if missing:
        raise DataError(
            f"{path} and the new bars differ in the columns {', '.join(sorted(missing))}; "
            "give both of them the same"
        )


def _check_order(name: str, bars: Bars) -> None:
    if not len(bars):
        raise DataError(f"{name} have no rows: there is nothing to append")
    step = np.diff(bars.time)
    wrong = (step < 0) | ((step == 0) & (np.diff(bars.seq) <= 0))
    if bars.interval is not None:
        wrong = step <= 0
    if wrong.any():
        row = int(np.argmax(wrong)) + 1
        at = _moment(bars.time[row])
        raise DataError(
            f"{name}, row {row} (close {at} UTC) is not later than the row before; sort "
            "and clean them first (barwise data convert)"
        )


def _check_begin(path: Path, old: Bars, new: Bars) -> None:
    early = int(np.count_nonzero(new.time < old.time[0]))
    if early:
        raise DataError(
            f"{early:,} of the new rows lie before the first row of {path}; cut them "
            "off, or append the stored series to them"
        )


def _told(path: Path, identical: int, differences: list[Difference]) -> str:
    shown = "".join(f"\n  {one}" for one in differences[:SHOWN])
    more = len(differences) - SHOWN
    rest = f"\n  and {more:,} more" if more > 0 else ""
    return (
        f"{path}: {len(differences):,} of {len(differences) + identical:,} rows of the "
        f"overlap differ; keep='stored' keeps what is there, keep='new' replaces it "
        f"(--keep stored, --keep new):{shown}{rest}"
    )


def _gap(old: Bars, fresh: Bars) -> dict[str, int | None] | None:
    """Return what lies between the last stored row and the first added one."""
    if not len(fresh) or fresh.open_time[0] <= old.time[-1]:
        return None
    missing = None
    if old.interval is not None:
        missing = _missing(old, fresh)
        if missing == 0:
            return None
    return {
        "from": int(old.time[-1]),
        "to": int(fresh.open_time[0]),
        "missing": missing,
    }


def _missing(old: Bars, fresh: Bars) -> int | None:
    """Count the bars that sessions lack, where those are known."""
    try:
        calendar = get_instrument(old.symbol).calendar
    except ConfigError:
        return None
    around = Bars.concat([old[-1:], fresh[:1]])
    sessions = sessions_of(around, calendar)
    before, time = around.time[:1], around.time[1:]
    return int(missing_bars(before, time, int(old.interval or 0), sessions)[0])
