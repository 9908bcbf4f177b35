"""``barwise features``: which columns exist and which set holds them."""

from __future__ import annotations

from typing import Annotated

import typer

from barwise.cli.output import Json, ending, write_json, write_table

group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


def add_to(app: typer.Typer) -> None:
    """Add the group to the command line."""
    app.add_typer(
        group,
        name="features",
        help="List columns and sets of columns.",
        epilog=ending("barwise features list --set boosting_optimal"),
    )


@group.command(
    "list",
    epilog=ending(
        "barwise features list", "barwise features list --set boosting_optimal --json"
    ),
)
def list_features(
    set_name: Annotated[
        str | None,
        typer.Option("--set", help="Show the columns of one set instead of the sets."),
    ] = None,
    json: Json = False,
) -> None:
    """List the sets of columns, or the columns of one set.

    A column's family, unit and meaning stand beside it.
    """
    if set_name is None:
        _list_sets(json)
    else:
        _list_columns(set_name, json)


def _list_sets(json: bool) -> None:
    from barwise.features.sets import needs_volume, set_columns, set_names

    rows = []
    for name in set_names():
        columns = set_columns(name)
        priced = [column for column in columns if not needs_volume(column)]
        rows.append(
            {"set": name, "columns": len(columns), "without_volume": len(priced)}
        )
    if json:
        write_json(rows)
    else:
        write_table(
            ("set", "columns", "without volume"), [list(r.values()) for r in rows]
        )


def _list_columns(name: str, json: bool) -> None:
    from barwise.features.registry import find
    from barwise.features.sets import set_columns

    rows = []
    for column in set_columns(name):
        feature, _ = find(column)
        rows.append(
            {"column": column, "family": feature.family, "meaning": feature.summary}
        )
    if json:
        write_json(rows)
    else:
        write_table(("column", "family", "meaning"), [list(r.values()) for r in rows])
