"""``barwise pbo``: how much of a comparison of models is luck."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from barwise.cli.cv import Embargo, Horizons, Jobs, Models, chosen, execute
from barwise.cli.output import Json, ending, write_json, write_table, write_text
from barwise.cli.run import DEFAULT, Config

if TYPE_CHECKING:
    from barwise.pipeline.overfitting import Luck


def add_to(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(
        "pbo",
        epilog=ending("barwise pbo mes.yaml --models logistic,lightgbm --horizon 20"),
    )(pbo)


def pbo(
    config: Config = DEFAULT,
    models: Models = None,
    horizons: Horizons = None,
    n_splits: Annotated[
        int, typer.Option("--n-splits", min=2, help="Purged folds that predict.")
    ] = 5,
    n_blocks: Annotated[
        int,
        typer.Option(
            "--n-blocks", min=2, max=24, help="Blocks of days to recombine, even."
        ),
    ] = 16,
    embargo: Embargo = None,
    jobs: Jobs = 1,
    json: Json = False,
) -> None:
    """Probability of backtest overfitting, deflated Sharpe ratios, tests of the best.

    Models are traded on their out-of-fold predictions (folds of barwise cv are found
    again), by the day and after costs. Compared with them is everything that the ledger
    has of the same days: every configuration that was ever tried counts. The page shows
    how the best one of each half of the days fares in the other half.
    """
    from barwise.pipeline.folding import Folding
    from barwise.pipeline.overfitting import check_comparison, luck_of, write_luck

    settings, wanted = chosen(config, models, horizons)
    check_comparison(settings, wanted, n_blocks)
    summary = execute(
        settings, Folding("purged", n_splits, embargo=embargo), wanted, jobs
    )
    luck = luck_of(summary, n_blocks)
    page = write_luck(luck, summary)
    if json:
        files = {"page": str(page), "report": str(summary.report)}
        write_json(luck.to_dict() | files)
    else:
        _show(luck)
        write_text(f"\nPage: {page}\nReport of the folds: {summary.report}")


def _show(luck: Luck) -> None:
    from barwise.report.formats import years

    write_table(
        ("horizon", "model", "Sharpe", "above 0", "deflated", "years to know"),
        [
            (
                one.horizon,
                one.model,
                f"{one.sharpe_ratio:.2f}",
                f"{one.deflation.probabilistic:.3f}",
                f"{one.deflation.deflated:.3f}",
                years(one.track_record),
            )
            for one in luck.strategies
        ],
    )
    write_text("")
    for sentence in luck.sentences():
        write_text(sentence)
