"""``barwise models``: the registered models."""

from __future__ import annotations

from typing import Annotated

import typer

from barwise.cli.output import Json, ending, write_json, write_table

group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


def add_to(app: typer.Typer) -> None:
    """Add the group to the command line."""
    app.add_typer(
        group,
        name="models",
        help="List the models.",
        epilog=ending("barwise models list --family boosting"),
    )


@group.command(
    "list",
    epilog=ending(
        "barwise models list", "barwise models list --family boosting --json"
    ),
)
def list_models(
    family: Annotated[
        str | None, typer.Option("--family", help="Show one family only.")
    ] = None,
    json: Json = False,
) -> None:
    """List the registered models, family by family.

    A model whose package is not installed is shown with the command that installs it.
    """
    from importlib.util import find_spec

    from barwise.core.errors import ConfigError
    from barwise.models.registry import ModelRegistry

    families = ModelRegistry.list_models()
    if family is not None and family not in families:
        raise ConfigError(
            f"--family {family!r} is unknown; the families are {', '.join(families)}"
        )
    rows = []
    for name_of_family, names in families.items():
        for name in names if family in (None, name_of_family) else ():
            info = ModelRegistry.get_model_info(name)
            package = info.get("requires")
            missing = package is not None and find_spec(package) is None
            rows.append(
                {
                    "model": name,
                    "family": name_of_family,
                    "description": info["description"],
                    "install": f"pip install 'barwise[{info['extra']}]'"
                    if missing
                    else None,
                }
            )
    if json:
        write_json(rows)
    else:
        write_table(
            ("model", "family", "description"),
            [
                (r["model"], r["family"], _with_way(r["description"], r["install"]))
                for r in rows
            ],
        )


def _with_way(description: str, install: str | None) -> str:
    return description if install is None else f"{description} [{install}]"
