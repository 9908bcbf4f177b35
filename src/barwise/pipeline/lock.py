"""One process at a time for a store or a folder of runs.

The operating system holds the lock (``flock``), so it goes with the process, whatever
ends that: there is no stale lock to take over. Children that a killed process has left
behind and that still write keep it until they end too.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from barwise.core import clock
from barwise.core.errors import BarwiseError, LockedError


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder for this process.

    Parameters
    ----------
    folder : Path
        Created where needed; the lock is the file ``.lock`` in it.

    Raises
    ------
    LockedError
        If another process, or another part of this one, holds it; names the process.
    BarwiseError
        If the lock file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with locked(folder):
    ...     try:
    ...         with locked(folder):
    ...             pass
    ...     except LockedError as problem:
    ...         print(f"process {os.getpid()}" in str(problem))
    True
    """
    path = folder / ".lock"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as problem:
        raise BarwiseError(
            f"cannot lock {folder}: {problem.strerror}; choose a folder that can be "
            "written, or change its rights"
        ) from problem
    try:
        _take(handle, path)
        try:
            yield
        finally:
            os.ftruncate(handle, 0)
            fcntl.flock(handle, fcntl.LOCK_UN)
    finally:
        os.close(handle)


def _take(handle: int, path: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as problem:
        if problem.errno not in (errno.EAGAIN, errno.EACCES):
            raise BarwiseError(
                f"{path} is on a file system without locks ({problem.strerror}); "
                "choose a folder on a local disk"
            ) from problem
        raise LockedError(
            f"{path.parent} is in use by {_holder(handle)}; wait until it has finished, "
            "stop it, or choose another folder"
        ) from problem
    about = {
        "pid": os.getpid(),
        "host": platform.node(),
        "since": clock.now().isoformat(timespec="seconds"),
    }
    os.ftruncate(handle, 0)
    os.pwrite(handle, json.dumps(about).encode(), 0)


def _holder(handle: int) -> str:
    try:
        about = json.loads(os.pread(handle, 4096, 0))
        return f"process {about['pid']} on {about['host']} (since {about['since']})"
    except (ValueError, KeyError, TypeError):
        # It has the lock and has not written its name yet.
        return "another process"
