"""The trial ledger: every configuration that was ever judged on some market data.

An SQLite file that is only appended to. Each row carries the hash of the row before. A
changed or inserted row breaks the chain, and so does one that is removed from within;
rows cut off the end do not. A trial is known by its key: a rerun adds no row. Wall time
stands beside the hash, not in it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, final

import numpy as np

from barwise.core.clock import now
from barwise.core.errors import BarwiseError, DataError, IntegrityError, LockedError
from barwise.core.hashing import canonical_json, hash_arrays, hash_json

FIRST = "0" * 64
"""What the first row carries in place of a previous hash."""

_WAIT = 60.0
"""Seconds that a writer waits for another one."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS trials (
    number INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    underlying TEXT NOT NULL,
    start INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    configuration TEXT NOT NULL,
    figures TEXT NOT NULL,
    days BLOB NOT NULL,
    returns BLOB NOT NULL,
    previous TEXT NOT NULL,
    hash TEXT NOT NULL,
    recorded_at TEXT NOT NULL
);
CREATE TRIGGER IF NOT EXISTS no_change BEFORE UPDATE ON trials
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER IF NOT EXISTS no_removal BEFORE DELETE ON trials
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
"""

_NONE = np.zeros(0)


@final
@dataclass(frozen=True, eq=False)
class Trial:
    """One configuration and what it came to on one span of market data.

    Parameters
    ----------
    kind : str
        How it came to be tried: "model", "tuning", "selection", ...
    underlying : str
        What moves the market; several symbols may share one.
    start, end : int
        First and last moment that the result depends on, nanoseconds UTC.
    configuration : mapping of JSON values
        Everything that was chosen: data, features, labels, model, settings.
    figures : mapping of str to float or None
        Scores, for a reader.
    days : ndarray of int64, shape (day,)
        Session days, counted from 1970-01-01.
    returns : ndarray of float64, shape (day,)
        Net return of each session day; empty for a trial that was not traded.
    """

    kind: str
    underlying: str
    start: int
    end: int
    configuration: Mapping[str, Any]
    figures: Mapping[str, float | None] = field(
        default_factory=lambda: MappingProxyType({})
    )
    days: np.ndarray = field(default_factory=lambda: _NONE.astype(np.int64))
    returns: np.ndarray = field(default_factory=lambda: _NONE)

    def __post_init__(self) -> None:
        if self.days.shape != self.returns.shape:
            raise DataError(
                f"a trial has one return a day, got {self.returns.shape} returns for "
                f"{self.days.shape} days"
            )
        if not np.isfinite(self.returns).all() or (self.days % 1 != 0).any():
            raise DataError(
                "a trial has a finite return and a whole number for each session day; a "
                "day without a trade returns 0"
            )
        # As they are stored: a row must come back with the hash it was recorded with.
        object.__setattr__(self, "days", self.days.astype("<i8"))
        object.__setattr__(self, "returns", self.returns.astype("<f8"))

    @property
    def key(self) -> str:
        """SHA-256 of what was tried, on what."""
        return hash_json(
            [
                self.kind,
                self.underlying,
                self.start,
                self.end,
                dict(self.configuration),
            ]
        )

    def overlaps(self, underlying: str, start: int, end: int) -> bool:
        """Whether it saw any time of that span; both ends are inclusive."""
        same = self.underlying == underlying
        return same and self.start <= end and self.end >= start


@final
class Ledger:
    """Trials in one SQLite file.

    Parameters
    ----------
    path : Path
        The file; created with the first trial.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     ledger = Ledger(Path(folder) / "ledger.sqlite")
    ...     trial = Trial("model", "SP500", 10, 20, {"model": "lightgbm"})
    ...     ledger.record(trial), ledger.record(trial), ledger.count("SP500", 15, 30)
    (True, False, 1)
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def __repr__(self) -> str:
        return f"Ledger({self.path})"

    def record(self, trial: Trial) -> bool:
        """Append a trial.

        Returns
        -------
        bool
            False when it is there already: a rerun adds no row.

        Raises
        ------
        DataError
            If the configuration or a figure is no JSON value, such as NaN.
        IntegrityError
            If the file is damaged. The chain is checked when trials are read.
        LockedError
            If another process holds the file for too long.
        """
        row = _stored(trial)
        with self._connected() as db:
            db.executescript(_SCHEMA)
            with db:
                db.execute("BEGIN IMMEDIATE")
                if db.execute(
                    "SELECT 1 FROM trials WHERE key = ?", [trial.key]
                ).fetchone():
                    return False
                last = db.execute(
                    "SELECT number, hash FROM trials ORDER BY number DESC LIMIT 1"
                ).fetchone()
                number, previous = (last[0] + 1, last[1]) if last else (1, FIRST)
                db.execute(
                    f"INSERT INTO trials VALUES ({', '.join('?' * 13)})",
                    [
                        number,
                        *row,
                        previous,
                        _hash(number, previous, trial),
                        now().isoformat(timespec="seconds"),
                    ],
                )
        return True

    def trials(self, underlying: str, start: int, end: int) -> list[Trial]:
        """Return the trials that saw any time of a span, oldest first."""
        chain = self._chain()
        return [trial for _, trial in chain if trial.overlaps(underlying, start, end)]

    def count(self, underlying: str, start: int, end: int) -> int:
        """Count the trials that saw any time of a span."""
        return len(self.trials(underlying, start, end))

    @property
    def head(self) -> str:
        """Hash of the last row, after checking the chain; 64 zeros when empty."""
        return (FIRST, *self.hashes)[-1]

    @property
    def hashes(self) -> tuple[str, ...]:
        """Hash of each row, oldest first, after checking the chain."""
        return tuple(digest for digest, _ in self._chain())

    def _chain(self) -> list[tuple[str, Trial]]:
        """Return hash and trial of each row, checked.

        Raises
        ------
        IntegrityError
            If a row is not the one that was recorded.
        """
        if not self.path.exists():
            return []
        with self._connected() as db:
            # A process that died, or is about to write, leaves a file without a table.
            made = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'trials'")
            if made.fetchone() is None:
                return []
            rows = db.execute("SELECT * FROM trials ORDER BY number").fetchall()
        previous, chain = FIRST, []
        for place, row in enumerate(rows, 1):
            try:
                number, key, *parts, told, digest, _ = row
                trial = _trial(parts)
                intact = (number, told, key) == (place, previous, trial.key)
                intact = intact and _hash(number, told, trial) == digest
            except (ValueError, TypeError, DataError):
                intact = False
            if not intact:
                raise IntegrityError(
                    f"{self.path}: trial {place} is not the one that was recorded; the "
                    "ledger is append-only, so restore it from a copy"
                )
            previous = digest
            chain.append((digest, trial))
        return chain

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with closing(
                sqlite3.connect(self.path, timeout=_WAIT, isolation_level=None)
            ) as db:
                # A trial that was told of must outlive a power failure.
                db.execute("PRAGMA synchronous = FULL")
                yield db
        except sqlite3.OperationalError as problem:
            if "locked" in str(problem):
                raise LockedError(
                    f"{self.path} is held by another process; wait for it and run again"
                ) from problem
            raise BarwiseError(
                f"cannot use the ledger {self.path}: {problem}; make the folder "
                "writable, or choose another output folder"
            ) from problem
        except sqlite3.DatabaseError as problem:
            raise IntegrityError(
                f"{self.path} is damaged ({problem}); restore it from a copy, or move "
                "it away to start a new one"
            ) from problem


def _stored(trial: Trial) -> list[Any]:
    """Return key and contents of a trial as they are stored."""
    try:
        return [
            trial.key,
            trial.kind,
            trial.underlying,
            trial.start,
            trial.end,
            canonical_json(dict(trial.configuration)),
            canonical_json(dict(trial.figures)),
            trial.days.tobytes(),
            trial.returns.tobytes(),
        ]
    except (TypeError, ValueError) as problem:
        raise DataError(
            f"a trial of {trial.underlying!r} cannot be recorded ({problem}): its "
            "configuration and figures are JSON values, None where a figure is undefined"
        ) from problem


def _hash(number: int, previous: str, trial: Trial) -> str:
    return hash_json(
        {
            "number": number,
            "previous": previous,
            "key": trial.key,
            "figures": dict(trial.figures),
            "arrays": hash_arrays({"days": trial.days, "returns": trial.returns}),
        }
    )


def _trial(parts: list[Any]) -> Trial:
    kind, underlying, start, end, configuration, figures, days, returns = parts
    return Trial(
        kind,
        underlying,
        start,
        end,
        json.loads(configuration),
        json.loads(figures),
        np.frombuffer(days, "<i8"),
        np.frombuffer(returns, "<f8"),
    )
