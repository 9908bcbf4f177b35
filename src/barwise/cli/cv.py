"""``barwise cv`` and ``barwise walk-forward``: models judged by folds."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from barwise.cli.fold_results import show_folds, summary_json
from barwise.cli.output import Json, ending, note, progress, write_json
from barwise.cli.run import DEFAULT, Config
from barwise.cli.train import chosen_models

if TYPE_CHECKING:
    from barwise.pipeline import RunConfig
    from barwise.pipeline.fold_run import FoldSummary
    from barwise.pipeline.folding import Folding


class Splitter(StrEnum):
    """What ``--splitter`` may say."""

    PURGED = "purged"
    COMBINATORIAL = "combinatorial"
    TIME_SERIES = "time-series"


Models = Annotated[
    str | None,
    typer.Option(
        "--models",
        "--model",
        help="Comma-separated names or families; else those of the config.",
    ),
]
Horizons = Annotated[
    str | None,
    typer.Option(
        "--horizons",
        "--horizon",
        help="Comma-separated, bars; else every horizon of the config.",
    ),
]
Embargo = Annotated[
    int | None,
    typer.Option(
        "--embargo",
        min=0,
        help="Bars after a test fold; else 1440 of five minutes, or five sessions.",
    ),
]
Jobs = Annotated[
    int,
    typer.Option(
        "--jobs", help="Processes, -1 one a processor; results do not depend on it."
    ),
]


Ray = Annotated[
    bool,
    typer.Option(
        "--ray",
        help="Run the jobs on the Ray cluster of RAY_ADDRESS, else on one here.",
    ),
]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command(
        "cv",
        epilog=ending(
            "barwise cv mes.yaml --models lightgbm --horizons 20 --n-splits 5",
            "barwise cv mes.yaml --splitter combinatorial --n-splits 6 --jobs -1",
        ),
    )(cv)
    app.command(
        "walk-forward",
        epilog=ending(
            "barwise walk-forward mes.yaml --model lightgbm --horizon 20 --n-windows 10",
            "barwise walk-forward mes.yaml --model logistic --sliding",
        ),
    )(walk_forward)


def cv(
    config: Config = DEFAULT,
    models: Models = None,
    horizons: Horizons = None,
    n_splits: Annotated[
        int, typer.Option("--n-splits", min=2, help="Folds; groups if combinatorial.")
    ] = 5,
    splitter: Annotated[
        Splitter, typer.Option("--splitter", help="How samples are cut.")
    ] = Splitter.PURGED,
    n_test_groups: Annotated[
        int,
        typer.Option("--n-test-groups", min=1, help="Tested at a time, combinatorial."),
    ] = 2,
    embargo: Embargo = None,
    jobs: Jobs = 1,
    ray: Ray = False,
    json: Json = False,
) -> None:
    """Cross-validate models on the training and validation part.

    In every fold all that learns is fitted anew on its purged training rows. Finished
    folds are kept: after an interruption the same command goes on. A model of which
    more than a fifth of the folds fail is skipped and reported. Exit code 1 if no model
    is left. The test part stays sealed.
    """
    from barwise.pipeline.folding import Folding

    folding = Folding(splitter.value, n_splits, n_test_groups, embargo)
    _judge(config, models, horizons, folding, jobs, json, ray=ray)


def walk_forward(
    config: Config = DEFAULT,
    models: Models = None,
    horizons: Horizons = None,
    n_windows: Annotated[
        int, typer.Option("--n-windows", min=1, help="Windows that are tested.")
    ] = 10,
    sliding: Annotated[
        bool,
        typer.Option("--sliding", help="Train on a window of one length, not on all."),
    ] = False,
    jobs: Jobs = 1,
    ray: Ray = False,
    json: Json = False,
) -> None:
    """Train on the past of a window, test on the window, go on.

    The windows lie in the training and validation part; the test part stays sealed.
    Finished windows are kept: after an interruption the same command goes on. A model of
    which more than a fifth of the windows fail is skipped and reported. Exit code 1 if
    no model is left.
    """
    from barwise.pipeline.folding import Folding

    folding = Folding("walk-forward", n_windows, sliding=sliding)
    _judge(config, models, horizons, folding, jobs, json, ray=ray)


def _judge(
    config: Config,
    models: str | None,
    horizons: str | None,
    folding: Folding,
    jobs: int,
    json: bool,
    *,
    ray: bool,
) -> None:
    from contextlib import nullcontext

    from barwise.pipeline.executors import on_ray

    settings, wanted = chosen(config, models, horizons)
    with on_ray() if ray else nullcontext():
        summary = execute(settings, folding, wanted, jobs)
    if json:
        write_json(summary_json(summary))
    else:
        show_folds(summary)


def chosen(
    config: Config, models: str | None, horizons: str | None
) -> tuple[RunConfig, tuple[int, ...] | None]:
    """Return the settings with the models and horizons that were asked for."""
    from barwise.core.errors import ConfigError
    from barwise.pipeline import RunConfig

    settings = RunConfig.read(config)
    if models is not None:
        settings = settings.replace(models=chosen_models(settings, models))
    if horizons is None:
        return settings, None
    try:
        found = tuple(dict.fromkeys(int(part) for part in horizons.split(",")))
    except ValueError as problem:
        raise ConfigError(
            f"--horizons {horizons!r} is no list of bars; write e.g. --horizons 5,20"
        ) from problem
    return settings, found


def execute(
    settings: RunConfig,
    folding: Folding,
    horizons: tuple[int, ...] | None,
    jobs: int,
) -> FoldSummary:
    """Judge models by folds, with a progress bar on stderr."""
    from barwise.pipeline.fold_run import evaluate

    with progress(settings.symbol) as bar:
        summary = evaluate(
            settings,
            folding,
            horizons=horizons,
            jobs=jobs,
            notify=lambda text, done, total: bar(done, total, text),
        )
    for doubt in summary.inputs.doubts:
        note(f"barwise: {settings.data_path}: CHECK: {doubt}")
    for one in summary.skipped:
        note(f"barwise: {one.model} at {one.horizon} bars is skipped: {one.why}")
    note(f"report: {summary.report}")
    return summary
