"""``barwise run``: the whole journey of a config."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from barwise.cli.output import Json, ending, note, progress, write_json
from barwise.cli.results import show_results, summary_json

if TYPE_CHECKING:
    from barwise.pipeline import RunConfig, RunSummary

Config = Annotated[
    Path, typer.Argument(help="YAML file; barwise init writes one.", metavar="[CONFIG]")
]
"""The config file of every command that runs one."""

DEFAULT = Path("barwise.yaml")


def add_to(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(
        "run",
        epilog=ending("barwise run mes.yaml", "barwise run mes.yaml --symbols MES"),
    )(run)


def run(
    config: Config = DEFAULT,
    symbols: Annotated[
        str | None,
        typer.Option(
            "--symbols",
            help="Comma-separated symbols, one isolated run each; {symbol} in "
            "data.path and output stands for the symbol.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Bars, features, labels, data sets, models, validation, report.

    Finished steps are kept: after an interruption the same command goes on, and the
    result has the same bytes as an uninterrupted run.
    """
    from barwise.pipeline import RunConfig

    settings = RunConfig.read(config)
    chosen = [settings] if symbols is None else per_symbol(settings, symbols)
    results = [execute(one) for one in chosen]
    if json:
        write_json([summary_json(result) for result in results])
        return
    for result in results:
        show_results(result)


def per_symbol(settings: RunConfig, symbols: str) -> list[RunConfig]:
    """Return one config a symbol; with several, paths must tell them apart."""
    from barwise.core.errors import ConfigError

    names = [name.strip() for name in symbols.split(",") if name.strip()]
    if not names:
        raise ConfigError(
            f"--symbols {symbols!r} names no symbol; write e.g. --symbols MES, or leave "
            f"the option out for the config's own ({settings.symbol})"
        )
    data = settings.data
    paths = {
        key: value
        for key in ("path", "contracts", "rolls")
        if isinstance(value := getattr(data, key), str | Path)
    }
    if len(names) > 1 and not any("{symbol}" in str(path) for path in paths.values()):
        key, told = "contracts", "is one list"
        if data.path is not None or isinstance(data.contracts, str):
            key, path = next(iter(paths.items()))
            told = f"{str(path)!r} is one file"
        raise ConfigError(
            f"data.{key}: {told} for {len(names)} symbols; write {{symbol}} where their "
            "files differ"
        )
    return [
        settings.replace(
            symbol=name,
            data=data.model_copy(
                update={
                    key: type(path)(str(path).replace("{symbol}", name))
                    for key, path in paths.items()
                }
            ),
            output=Path(str(settings.output).replace("{symbol}", name)),
        )
        for name in names
    ]


def execute(
    settings: RunConfig, *, horizons: tuple[int, ...] | None = None
) -> RunSummary:
    """Run a config, or some of its horizons, with a progress bar on stderr."""
    from barwise.pipeline import run as run_pipeline

    with progress(settings.symbol) as bar:
        summary = run_pipeline(
            settings,
            horizons=horizons,
            notify=lambda text, done, total: bar(done, total, text),
        )
    for doubt in summary.inputs.doubts:
        note(f"barwise: {settings.data_path}: CHECK: {doubt}")
    for horizon, verdict in summary.checks.items():
        for finding in verdict.findings:
            if finding.level == "error" or finding.check.endswith("drift"):
                note(f"barwise: {horizon} bars: {finding.level}: {finding.message}")
    note(f"report: {summary.report}")
    return summary
