"""Data to stdout, everything else to stderr."""

from __future__ import annotations

import math
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import typer

from barwise.cli.errors import EXIT_CODES

if TYPE_CHECKING:
    from rich.progress import TaskID

Json = Annotated[bool, typer.Option("--json", help="Write JSON instead of text.")]
"""The ``--json`` of every command."""


def ending(*examples: str) -> str:
    """Return the end of a command's help: examples and exit codes.

    Examples
    --------
    >>> print(ending("barwise doctor --json").replace(chr(8), ""))
    <BLANKLINE>
    Example:
      barwise doctor --json
    <BLANKLINE>
    <BLANKLINE>
    Exit codes:
      0 ok, 1 runtime error, 2 usage or config, 3 data invalid, 4 a gate
      not passed, 5 integrity, 6 locked, 130 interrupted
    """
    shown = "\n".join(f"  {example}" for example in examples)
    codes = ", ".join(f"{code} {what}" for code, what in EXIT_CODES.items())
    listed = textwrap.fill(codes, 68, initial_indent="  ", subsequent_indent="  ")
    # The backspace keeps the lines of a paragraph as they are.
    return f"\b\nExample:\n{shown}\n\n\b\nExit codes:\n{listed}"


def write_json(value: Any) -> None:
    """Write a JSON document to stdout; NaN and infinity become null."""
    import json

    print(json.dumps(_finite(value), indent=2, ensure_ascii=False, allow_nan=False))


def write_text(text: str) -> None:
    """Write text to stdout."""
    print(text)


def write_table(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write aligned columns to stdout; the last one may be long."""
    cells = [list(titles), *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(titles))]
    for row in cells:
        line = "  ".join(
            cell.ljust(width) for cell, width in zip(row, widths, strict=True)
        )
        print(line.rstrip())


def note(text: str) -> None:
    """Write a remark to stderr."""
    print(text, file=sys.stderr)


def free_parquet(path: Path, what: str, *, force: bool) -> None:
    """Refuse a name under which bars cannot be stored, or that is taken.

    Raises
    ------
    ConfigError
        If the name is not that of a Parquet file, its folder is not there, or the file
        is and ``force`` is not set.
    """
    from barwise.core.errors import ConfigError

    if path.suffix != ".parquet":
        raise ConfigError(
            f"{path}: {what} are written as .parquet, which keeps what they are"
        )
    if path.exists() and not force:
        raise ConfigError(f"{path} is there already; --force overwrites it")
    if not path.parent.is_dir():
        raise ConfigError(f"{path}: there is no folder {path.parent}; make it first")


class Report(Protocol):
    """Tells how far some work has come."""

    def __call__(self, done: float, total: float, text: str = "") -> None:
        """Say that ``done`` of ``total`` units are done, and what is being done.

        What follows a colon in the text changes too often to be a line of a log.
        """


@contextmanager
def progress(title: str) -> Iterator[Report]:
    """Show a progress bar on stderr; a line a step where that is no terminal.

    Examples
    --------
    >>> with progress("features") as report:
    ...     report(1, 2)
    """
    if not sys.stderr.isatty():
        yield _Lines(title)
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task: TaskID = bar.add_task(title, total=None)

        def report(done: float, total: float, text: str = "") -> None:
            shown = f"{title}: {text}" if text else title
            bar.update(task, completed=done, total=total, description=shown)

        yield report


class _Lines:
    """Writes each new step once."""

    def __init__(self, title: str) -> None:
        self._title, self._last = title, ""

    def __call__(self, done: float, total: float, text: str = "") -> None:
        del done, total
        step = text.split(":")[0]
        if step and step != self._last:
            note(f"{self._title}: {step}")
            self._last = step


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return value
