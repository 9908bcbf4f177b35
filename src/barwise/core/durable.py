"""Files that are whole or absent: write aside, fsync, rename, fsync the folder.

After ``kill -9`` or a full disk at any moment a path holds its old content or its new
content, never a part. What is left aside has a name that starts with ``.tmp-``.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path

from barwise.core.errors import BarwiseError

TEMPORARY = ".tmp-"


def sync_folder(folder: Path) -> None:
    """Flush the entries of a folder to disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_file(path: Path) -> None:
    """Flush a file's content to disk."""
    with path.open("rb+") as handle:
        os.fsync(handle.fileno())


def write_with(path: Path, write: Callable[[Path], None]) -> None:
    """Let ``write`` fill a temporary file, then put it in place of ``path``.

    Parameters
    ----------
    path : Path
        Final name; its folder is created.
    write : callable
        Gets the temporary path and writes the whole content there.

    Raises
    ------
    BarwiseError
        If the disk is full or the folder cannot be written; ``path`` is untouched.
    """
    # The suffix stays, because some writers choose a format by it.
    aside = path.parent / f"{TEMPORARY}{secrets.token_hex(6)}-{path.name}"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(aside)
        sync_file(aside)
        os.replace(aside, path)
        sync_folder(path.parent)
    except OSError as problem:
        raise _explain(problem, path) from problem
    finally:
        aside.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write ``content`` to ``path``, whole or not at all."""

    def write(aside: Path) -> None:
        aside.write_bytes(content)

    write_with(path, write)


def write_text(path: Path, content: str) -> None:
    """Write UTF-8 text to ``path``, whole or not at all."""
    write_bytes(path, content.encode())


def place_folder(path: Path, fill: Callable[[Path], None]) -> None:
    """Let ``fill`` write files into a temporary folder, then rename it to ``path``.

    An existing ``path`` wins: it was put there whole by someone else.
    """
    aside = path.parent / f"{TEMPORARY}{secrets.token_hex(6)}-{path.name}"
    try:
        aside.mkdir(parents=True)
        fill(aside)
        for name in sorted(aside.rglob("*")):
            sync_folder(name) if name.is_dir() else sync_file(name)
        sync_folder(aside)
        try:
            os.rename(aside, path)
        except OSError as problem:
            if problem.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                raise
        sync_folder(path.parent)
    except OSError as problem:
        raise _explain(problem, path) from problem
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def sweep(folder: Path) -> int:
    """Remove what killed writers left below ``folder``; return how many entries.

    Only for a folder that no other process is writing to.
    """
    left = [path for path in folder.rglob(f"{TEMPORARY}*") if path.exists()]
    for path in left:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return len(left)


def _explain(problem: OSError, path: Path) -> BarwiseError:
    if problem.errno in (errno.ENOSPC, errno.EDQUOT):
        why = "the disk is full; free some space and run again, finished steps are kept"
    elif problem.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        why = "the folder cannot be written; choose another one or change its rights"
    else:
        why = f"{problem.strerror or problem}; nothing half-written was left"
    return BarwiseError(f"cannot write {path}: {why}")
