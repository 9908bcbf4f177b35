"""The seal of the test part: who opened it, for what, in an append-only file.

Each line is a JSON object that carries the hash of the line before. A changed,
removed or inserted line breaks the chain; lines cut off the end do not, which is why
reports keep the ``head`` that they saw. Wall time stands beside the hash, not in it.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, final

from barwise.core.clock import now
from barwise.core.durable import sync_folder
from barwise.core.errors import BarwiseError, ConfigError, IntegrityError
from barwise.core.hashing import canonical_json, hash_json

FIRST = "0" * 64
"""What the first row carries in place of a previous hash."""


class SealedError(ConfigError):
    """The test part was asked for without being opened; exit code 2."""


@final
@dataclass(frozen=True)
class Opening:
    """One act of opening a test part.

    Parameters
    ----------
    symbol : str
        What was traded; the underlying, where several symbols share one.
    start, end : int
        First sample time and last label end of the test part, nanoseconds UTC.
    reason : str
        Why it was opened.
    configuration : str
        Hash of the configuration that is judged.
    """

    symbol: str
    start: int
    end: int
    reason: str
    configuration: str

    def overlaps(self, symbol: str, start: int, end: int) -> bool:
        """Whether it showed any time of that span; both ends are inclusive."""
        return self.symbol == symbol and self.start <= end and self.end >= start


@final
class TestSeal:
    """Openings of test parts, kept in one hash-chained JSON-lines file.

    Parameters
    ----------
    path : Path
        The file; created with the first opening.
    underlying : str
        What moves the market that is sealed, where several symbols share one: who
        opened the test part of one has seen that of the others. By default a data
        set's own symbol.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     seal = TestSeal(Path(folder) / "openings.jsonl")
    ...     look = Opening("MES", 10, 20, "final report", "c0ffee")
    ...     seal.record(look), seal.record(look), seal.count("MES", 15, 30)
    (True, False, 1)
    """

    __test__: ClassVar[bool] = False  # not a test case, whatever its name begins with

    def __init__(self, path: Path, *, underlying: str = "") -> None:
        self.path = path
        self.underlying = underlying

    def __repr__(self) -> str:
        return f"TestSeal({self.path})"

    def market_of(self, symbol: str) -> str:
        """Return what is sealed where a symbol is traded."""
        return self.underlying or symbol

    def record(self, opening: Opening) -> bool:
        """Write an opening down before the data are shown.

        Returns
        -------
        bool
            False when the same data, reason and configuration are there already: a
            rerun adds no row.

        Raises
        ------
        ConfigError
            If no reason is given.
        IntegrityError
            If the file was changed by someone else.
        """
        if not opening.reason.strip():
            raise ConfigError(
                "opening the test part needs a reason that others can read later, "
                "for example reason='final report of run 12'"
            )
        with self._locked() as handle:
            rows, size = _read(handle, self.path)
            if any(_opening(row) == opening for row in rows):
                return False
            # A row cut short by a crash was never shown to anyone.
            os.ftruncate(handle, size)
            os.write(handle, _line(opening, rows))
            os.fsync(handle)
        sync_folder(self.path.parent)
        return True

    def openings(self) -> list[Opening]:
        """Return all openings, oldest first, after checking the chain."""
        return [_opening(row) for row in self._rows()]

    def count(self, symbol: str, start: int, end: int) -> int:
        """Count openings that showed any time of a span of one symbol."""
        return sum(opening.overlaps(symbol, start, end) for opening in self.openings())

    @property
    def head(self) -> str:
        """Hash of the last row, after checking the chain; 64 zeros when empty."""
        rows = self._rows()
        return rows[-1]["hash"] if rows else FIRST

    def _rows(self) -> list[dict[str, Any]]:
        if not self.path.exists():
            return []
        with self.path.open("rb") as handle:
            return _read(handle.fileno(), self.path)[0]

    @contextmanager
    def _locked(self) -> Iterator[int]:
        """Open the file for this process alone; others wait."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        except OSError as problem:
            raise BarwiseError(
                f"cannot record the opening in {self.path}: {problem.strerror}; the "
                "test part stays sealed until it can be written"
            ) from problem
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield handle
        finally:
            os.close(handle)


def _line(opening: Opening, rows: list[dict[str, Any]]) -> bytes:
    row: dict[str, Any] = {
        "number": len(rows) + 1,
        "previous": rows[-1]["hash"] if rows else FIRST,
        **asdict(opening),
    }
    row["hash"] = hash_json(row)
    row["recorded_at"] = now().isoformat(timespec="seconds")
    return canonical_json(row).encode() + b"\n"


def _read(handle: int, path: Path) -> tuple[list[dict[str, Any]], int]:
    """Rows of the chain, and the length of the file without an unfinished line."""
    content = os.pread(handle, os.fstat(handle).st_size, 0)
    whole = content[: content.rfind(b"\n") + 1]
    rows: list[dict[str, Any]] = []
    for line in whole.splitlines():
        rows.append(_checked(line, rows, path))
    return rows, len(whole)


def _checked(line: bytes, rows: list[dict[str, Any]], path: Path) -> dict[str, Any]:
    previous = rows[-1]["hash"] if rows else FIRST
    row: dict[str, Any] = {}
    try:
        row = dict(json.loads(line))
        body = {k: v for k, v in row.items() if k not in ("hash", "recorded_at")}
        _opening(row)
        chained = (row["number"], row["previous"]) == (len(rows) + 1, previous)
        intact = chained and hash_json(body) == row["hash"]
    except (ValueError, TypeError, KeyError):
        intact = False
    if not intact:
        raise IntegrityError(
            f"{path}:{len(rows) + 1}: this row is not the one that was recorded; the "
            "file is append-only, so restore it from a copy"
        )
    return row


def _opening(row: dict[str, Any]) -> Opening:
    return Opening(**{name: row[name] for name in Opening.__dataclass_fields__})
