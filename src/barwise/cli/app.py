"""The tree of commands. A new command file is one more name in ``COMMAND_FILES``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated

import typer

from barwise.cli.errors import guarded
from barwise.cli.output import ending

COMMAND_FILES = (
    "demo",
    "init",
    "run",
    "train",
    "cv",
    "pbo",
    "power",
    "data",
    "features",
    "labels",
    "audit",
    "models",
    "runs",
    "doctor",
)
"""Files of this folder, in the order of the help; each has ``add_to(app)``."""


def build() -> typer.Typer:
    """Return the command line with every command in it."""
    app = typer.Typer(
        name="barwise",
        help="Raw bars in, calibrated trade signals out.",
        epilog=ending("barwise init mes.csv", "barwise data check mes.csv"),
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        # Plain help: half the start-up time, and the same text on a pipe.
        rich_markup_mode=None,
    )
    app.callback()(_options)
    for name in COMMAND_FILES:
        import_module(f"barwise.cli.{name}").add_to(app)
    return app


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code."""
    debug = "--debug" in arguments or bool(os.environ.get("BARWISE_DEBUG"))
    words = [word for word in arguments if word != "--debug"]
    command = typer.main.get_command(build())
    return guarded(lambda: command.main(words, prog_name="barwise"), debug=debug)


def _version(wanted: bool) -> None:
    if wanted:
        from barwise import __version__

        typer.echo(f"barwise {__version__}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show it."),
    ] = False,
    debug: Annotated[
        bool,
        typer.Option(
            "--debug",
            help="Show tracebacks; may stand anywhere. Also: BARWISE_DEBUG=1.",
        ),
    ] = False,
) -> None:
    pass
