"""``barwise pbo``: how much of a comparison of models is luck."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

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
        typer.Option("--n-blocks", min=2, help="Blocks of days to recombine, even."),
    ] = 16,
    embargo: Embargo = None,
    jobs: Jobs = 1,
    json: Json = False,
) -> None:
    """Probability of backtest overfitting, deflated Sharpe ratios, tests of the best.

    Models are traded on their out-of-fold predictions (folds of barwise cv are found
    again), by the day and after costs. Compared with them is everything that the ledger
    has of the same days: every configuration that was ever tried counts.
    """
    from barwise.pipeline.folding import Folding
    from barwise.pipeline.overfitting import check_comparison, luck_of

    settings, wanted = chosen(config, models, horizons)
    check_comparison(settings, wanted, n_blocks)
    summary = execute(
        settings, Folding("purged", n_splits, embargo=embargo), wanted, jobs
    )
    luck = luck_of(summary, n_blocks)
    if json:
        write_json(_facts(luck) | {"report": str(summary.report)})
    else:
        _show(luck)
        write_text(f"\nReport: {summary.report}")


def _show(luck: Luck) -> None:
    write_table(
        ("horizon", "model", "Sharpe", "above 0", "deflated", "years to know"),
        [
            (
                one.horizon,
                one.model,
                f"{one.sharpe_ratio:.2f}",
                f"{one.deflation.probabilistic:.3f}",
                f"{one.deflation.deflated:.3f}",
                f"{one.track_record:.1f}"
                if math.isfinite(one.track_record)
                else "never",
            )
            for one in luck.strategies
        ],
    )
    first = luck.strategies[0].deflation
    write_text(
        f"\n{first.trials:,} configurations were tried on these data, about "
        f"{first.effective_trials:,.0f} of them independent; {luck.compared:,} have returns "
        f"on the same {luck.days:,} session days."
    )
    write_text(
        f"Probability of backtest overfitting: {luck.pbo.pbo:.0%} (about half where the "
        "choice of the best says nothing)"
    )
    write_text(
        f"The best loses out of sample in {luck.pbo.probability_of_loss:.0%} of "
        f"{len(luck.pbo.logits):,} recombinations; slope of its Sharpe ratio out of "
        f"sample on that in sample: {luck.pbo.slope:.2f}"
    )
    write_text(
        "Chance of so good a best one without any skill: "
        f"{luck.superior.p_value:.3f} (Hansen), {luck.reality.p_value:.3f} (White)"
    )
    write_text(
        f"{luck.years:.1f} years of days; below {luck.least_years:.1f} the best of so many "
        "independent trials reaches a Sharpe ratio of 1 by luck"
    )


def _facts(luck: Luck) -> dict[str, Any]:
    return {
        "strategies": [asdict(one) for one in luck.strategies],
        "compared": luck.compared,
        "days": luck.days,
        "years": luck.years,
        "minimum_backtest_years": luck.least_years,
        "pbo": luck.pbo.pbo,
        "probability_of_loss": luck.pbo.probability_of_loss,
        "slope": luck.pbo.slope,
        "intercept": luck.pbo.intercept,
        "r_squared": luck.pbo.r_squared,
        "first_order_dominance": luck.pbo.dominance.first_order,
        "second_order_dominance": luck.pbo.dominance.second_order,
        "reality_check": asdict(luck.reality),
        "superior_predictive_ability": asdict(luck.superior),
    }
