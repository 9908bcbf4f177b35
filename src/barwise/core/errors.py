"""Every error that a user can meet, with the exit code of the command line.

An error says where (file, row or key), what was found, which rule it breaks and the
way out. Nothing here is raised for a bug of ours: that stays a plain exception.
"""

from __future__ import annotations

import importlib
from types import ModuleType


class BarwiseError(Exception):
    """Something the user can act on; exit code 1."""

    exit_code = 1


class ConfigError(BarwiseError):
    """A setting, an argument or a config file is wrong; exit code 2."""

    exit_code = 2


class NotFittedError(ConfigError):
    """Something that learns from data is used before it has; exit code 2."""


class DataError(BarwiseError):
    """Market data or a stored data set breaks a rule; exit code 3."""

    exit_code = 3


class GateError(BarwiseError):
    """A check that the user asked for did not pass; exit code 4."""

    exit_code = 4


class LeakError(GateError):
    """Something was learned from what it is judged on; exit code 4."""


class IntegrityError(BarwiseError):
    """A stored object is not what its hash or signature says; exit code 5."""

    exit_code = 5


class LockedError(BarwiseError):
    """Another process holds what this one needs; exit code 6."""

    exit_code = 6


def require(module: str, extra: str, purpose: str) -> ModuleType:
    """Import an optional module, or say which extra brings it.

    Parameters
    ----------
    module : str
        Dotted name to import.
    extra : str
        The extra of barwise that installs it.
    purpose : str
        What needs it, as the subject of the message.

    Raises
    ------
    ConfigError
        If the module is not installed.

    Examples
    --------
    >>> require("json", "nets", "the example").__name__
    'json'
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as missing:
        raise ConfigError(
            f"{purpose} needs the package {missing.name!r}, which is not installed; "
            f"install it with: pip install 'barwise[{extra}]'"
        ) from missing
