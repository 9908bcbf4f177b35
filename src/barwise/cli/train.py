"""``barwise train``: some models at one horizon, by name."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from barwise.cli.output import Json, ending, write_json
from barwise.cli.results import show_results, summary_json
from barwise.cli.run import DEFAULT, Config, execute


def add_to(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(
        "train",
        epilog=ending(
            "barwise train mes.yaml --models lstm --horizon 20 --seq-len 60",
            "barwise train mes.yaml --models logistic,lightgbm --horizon 20",
        ),
    )(train)


def train(
    config: Config = DEFAULT,
    models: Annotated[
        str | None,
        typer.Option(
            "--models",
            "--model",
            help="Comma-separated names or families; else those of the config.",
        ),
    ] = None,
    horizon: Annotated[
        int | None,
        typer.Option(
            "--horizon", min=1, help="Bars; else every horizon of the config."
        ),
    ] = None,
    seq_len: Annotated[
        int | None,
        typer.Option("--seq-len", min=1, help="Bars in a window of a sequence model."),
    ] = None,
    json: Json = False,
) -> None:
    """Train models on a config's data and write their run folders.

    Purging and the parts' boundaries follow the config's largest horizon, so that
    results at one horizon can be compared with those of a whole run.
    """
    from barwise.pipeline import RunConfig

    settings = RunConfig.read(config)
    changes: dict[str, Any] = {}
    if models is not None:
        changes["models"] = chosen_models(settings, models)
    if seq_len is not None:
        changes["sequence_length"] = seq_len
    if changes:
        settings = settings.replace(**changes)
    summary = execute(settings, horizons=None if horizon is None else (horizon,))
    if json:
        write_json(summary_json(summary))
    else:
        show_results(summary)


def chosen_models(settings: Any, names: str) -> list[dict[str, Any]]:
    """Return model choices by name or family, with the config's own settings."""
    from barwise.core.errors import ConfigError
    from barwise.models.registry import ModelRegistry

    families = ModelRegistry.list_models()
    own = {choice.name: choice.config for choice in settings.models}
    wanted: dict[str, dict[str, Any]] = {}
    for name in (part.strip() for part in names.split(",")):
        for each in families.get(name, [name]) if name else ():
            ModelRegistry.get_model_info(each)
            wanted[each] = {"name": each, "config": own.get(each, {})}
    if not wanted:
        raise ConfigError(
            f"--models {names!r} names no model; barwise models list shows them, and "
            "without the option the config's own are trained"
        )
    return list(wanted.values())
