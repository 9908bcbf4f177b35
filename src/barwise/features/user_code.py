"""Where in a user's file something stands, for messages."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any


def place_of(function: Callable[..., Any]) -> str:
    """Return file and line of a function."""
    code = _code(function)
    return f"{code.co_filename}:{code.co_firstlineno}"


def file_of(function: Callable[..., Any]) -> Path:
    """Return the file of a function."""
    return Path(_code(function).co_filename)


def raised_at(problem: BaseException, path: Path) -> str:
    """Return the file, and the last line of it that an exception came through."""
    line, trace = None, problem.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return str(path) if line is None else f"{path}:{line}"


def _code(function: Callable[..., Any]) -> Any:
    return inspect.unwrap(function).__code__
