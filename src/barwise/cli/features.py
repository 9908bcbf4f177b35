"""``barwise features``: which columns exist, their table, and what matters."""

from __future__ import annotations

from pathlib import Path
from textwrap import fill
from typing import Annotated, Any

import typer

from barwise.cli import features_build, features_importance
from barwise.cli.output import Json, ending, write_json, write_table, write_text

group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
group.command("build", epilog=ending(*features_build.EXAMPLES))(features_build.build)
group.command("importance", epilog=ending(*features_importance.EXAMPLES))(
    features_importance.importance
)


def add_to(app: typer.Typer) -> None:
    """Add the group to the command line."""
    app.add_typer(
        group,
        name="features",
        help="List columns and sets, compute them, and measure what matters.",
        epilog=ending("barwise features list --set boosting_optimal"),
    )


@group.command(
    "list",
    epilog=ending(
        "barwise features list",
        "barwise features list --symbol EURUSD",
        "barwise features list --set boosting_optimal --json",
        "barwise features list --own my_features.py",
    ),
)
def list_features(
    set_name: Annotated[
        str | None,
        typer.Option("--set", help="Show the columns of one set instead of the sets."),
    ] = None,
    symbol: Annotated[
        str | None,
        typer.Option(help="Show what this instrument gets, and what it lacks and why."),
    ] = None,
    own: Annotated[
        Path | None,
        typer.Option("--own", help="Show the columns of a Python file of features."),
    ] = None,
    json: Json = False,
) -> None:
    """List the sets of columns, or the columns of one set or of your own file.

    A column's family, unit with range, and meaning stand beside it; as JSON there are
    its role, formula, warm-up rows and more. An instrument without traded volume lacks
    the columns that are computed from it.
    """
    has_volume = _has_volume(symbol)
    if own is not None:
        _show_own(own, json)
        return
    rows = _sets(has_volume) if set_name is None else _columns(set_name, has_volume)
    missing = {} if has_volume else _missing(set_name or "full")
    if json and symbol is None:
        write_json(rows)
    elif json:
        kind = "sets" if set_name is None else "columns"
        lacking = [
            {"column": column, "why": _WHY, "instead": other}
            for column, other in missing.items()
        ]
        write_json({"symbol": symbol, kind: rows, "left_out": lacking})
    else:
        shown = _SET_TITLES if set_name is None else _COLUMN_TITLES
        titles = [title.replace("_", " ") for title in shown]
        write_table(titles, [[row[title] for title in shown] for row in rows])
        if symbol is not None:
            write_text(_said(symbol, set_name or "full", missing))


_SET_TITLES = ("set", "columns", "without_volume", "description")
_COLUMN_TITLES = ("column", "family", "unit", "meaning")
_WHY = "computed from the traded volume, which the instrument has not"


def _has_volume(symbol: str | None) -> bool:
    from barwise.bars.instruments import get_instrument

    return symbol is None or get_instrument(symbol).has_volume


def _sets(has_volume: bool) -> list[dict[str, Any]]:
    from barwise.features.sets import set_columns, set_description, set_names

    return [
        {
            "set": name,
            "columns": len(set_columns(name, has_volume=has_volume)),
            "without_volume": len(set_columns(name, has_volume=False)),
            "description": set_description(name),
        }
        for name in set_names()
    ]


def _columns(name: str, has_volume: bool) -> list[dict[str, Any]]:
    from barwise.features import set_columns
    from barwise.features.describe import describe

    return [
        describe(column).to_dict()
        for column in set_columns(name, has_volume=has_volume)
    ]


def _show_own(file: Path, json: bool) -> None:
    from barwise.features import load_features
    from barwise.features.describe import describe

    own = load_features(file)
    rows = [describe(name, own).to_dict() for name in own.names]
    if json:
        write_json(rows)
    else:
        write_table(_COLUMN_TITLES, [[row[t] for t in _COLUMN_TITLES] for row in rows])


def _missing(name: str) -> dict[str, str | None]:
    from barwise.features.sets import without_volume

    return without_volume(name)


def _said(symbol: str, name: str, missing: dict[str, str | None]) -> str:
    """Say in words what of a set an instrument lacks."""
    if not missing:
        return f"\n{symbol} has traded volume: nothing is left out."
    gone = [column for column, other in missing.items() if other is None]
    swapped = [f"{other} for {column}" for column, other in missing.items() if other]
    said = (
        f"{symbol} has no traded volume, and columns of {name!r} are computed from it."
    )
    if gone:
        said += f" Left out ({len(gone)}): {', '.join(gone)}."
    if swapped:
        said += f" Replaced ({len(swapped)}): {', '.join(swapped)}."
    return "\n" + fill(said, 88)
