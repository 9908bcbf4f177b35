"""The one place where an exception becomes a message and an exit code."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable

EXIT_CODES = {
    0: "ok",
    1: "runtime error",
    2: "usage or config",
    3: "data invalid",
    4: "a gate not passed",
    5: "integrity",
    6: "locked",
    130: "interrupted",
}
_LINES = 30


def guarded(command: Callable[[], object], *, debug: bool) -> int:
    """Run a command; return its exit code, with errors told on stderr.

    Parameters
    ----------
    command : callable
        May raise anything; ``SystemExit`` keeps its code.
    debug : bool
        Show tracebacks.
    """
    try:
        command()
        sys.stdout.flush()
    except SystemExit as leaving:
        # The parser of the command line turns an interruption into an exit.
        return _interrupted() if leaving.code == 130 else _flushed(leaving.code)
    except KeyboardInterrupt:
        return _interrupted()
    except BrokenPipeError:
        return _nobody_reads()
    except Exception as problem:  # noqa: BLE001 - the boundary of the program
        if debug:
            _show_traceback(problem)
        code, text = describe(problem)
        _say(text if debug else _one_screen(text))
        return code
    return 0


def describe(problem: Exception) -> tuple[int, str]:
    """Return the exit code and the message for an exception.

    Examples
    --------
    >>> from barwise.core.errors import ConfigError
    >>> describe(ConfigError("mes.yaml:3: labels.horizons: 0 must be at least 1"))
    (2, 'mes.yaml:3: labels.horizons: 0 must be at least 1')
    """
    from barwise.core.errors import BarwiseError

    if isinstance(problem, BarwiseError):
        return problem.exit_code, str(problem)
    if isinstance(problem, MemoryError):
        return 1, (
            "out of memory; use fewer columns (features.set), a shorter span or a "
            "longer data.interval"
        )
    if isinstance(problem, OSError) and problem.errno in _OS_ADVICE:
        where = f"{problem.filename}: " if problem.filename else ""
        return 1, f"{where}{problem.strerror}; {_OS_ADVICE[problem.errno]}"
    return 1, (
        f"unexpected {type(problem).__name__}: {problem}\n"
        "This is a fault of barwise, not of your input. Run the command again with "
        "--debug and report\nthe traceback together with the output of: "
        "barwise doctor --json"
    )


_OS_ADVICE = {
    errno.ENOSPC: "free some space and run again, finished steps are kept",
    errno.EDQUOT: "your quota is used up; free some space and run again",
    errno.EACCES: "change its rights or choose another path",
    errno.EPERM: "change its rights or choose another path",
    errno.EROFS: "choose a path on a disk that can be written",
    errno.ENOENT: "check the path",
    errno.EISDIR: "name a file in it",
    errno.ENOTDIR: "check the path",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
}


def _say(text: str) -> None:
    print(f"barwise: {text}", file=sys.stderr)


def _interrupted() -> int:
    _say("interrupted; finished steps are kept, run again to go on")
    return 130


def _one_screen(text: str) -> str:
    lines = text.splitlines()
    if len(lines) <= _LINES:
        return text
    more = len(lines) - _LINES
    return "\n".join([*lines[:_LINES], f"... and {more} more (--debug shows all)"])


def _show_traceback(problem: Exception) -> None:
    import traceback

    traceback.print_exception(problem)


def _flushed(code: object) -> int:
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        return _nobody_reads()
    return code if isinstance(code, int) else 0 if code is None else 1


def _nobody_reads() -> int:
    """Leave quietly when the reader of a pipe has gone, e.g. ``| head``."""
    # The interpreter flushes once more at exit; that has to go somewhere.
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, sys.stdout.fileno())
    os.close(silence)
    return 1
