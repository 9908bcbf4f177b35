"""The command line: one file a command group, heavy imports inside the commands."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> None:
    """Run ``barwise`` and leave the process with its exit code."""
    from barwise.cli.app import run

    sys.exit(run(sys.argv[1:] if arguments is None else arguments))
