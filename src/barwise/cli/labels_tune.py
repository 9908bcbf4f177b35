"""``barwise labels tune``: barriers and horizon by trades of a small model."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from barwise.cli.output import Json, note, progress, write_json, write_table, write_text
from barwise.cli.run import DEFAULT, Config

if TYPE_CHECKING:
    from barwise.pipeline.barrier_tuning import BarrierTuning

EXAMPLES = (
    "barwise labels tune mes.yaml --trials 50",
    "barwise labels tune mes.yaml --trials 200 --jobs 2 --json",
)

_TITLES = ("horizon", "upper", "lower", "score", "Sharpe", "trades", "ambiguous")


def tune(
    config: Config = DEFAULT,
    trials: Annotated[
        int,
        typer.Option(
            "--trials", min=1, help="How many there are to be, earlier ones included."
        ),
    ] = 50,
    jobs: Annotated[
        int,
        typer.Option(
            "--jobs", min=1, help="Processes; with one the choices repeat exactly."
        ),
    ] = 1,
    json: Json = False,
) -> None:
    """Look for the barriers whose labels a small model can trade, on the training part.

    A trial's score is the Sharpe ratio after costs of one-position trades on purged
    out-of-fold predictions, less 1 x class imbalance and 10 x share of ambiguous labels.
    The horizons of the config are those to choose from. Finished trials are kept: after
    an interruption the same command goes on. Each one counts in the ledger.
    """
    from barwise.pipeline import RunConfig
    from barwise.pipeline.barrier_tuning import tune_barriers

    settings = RunConfig.read(config)
    with progress(settings.symbol) as bar:
        made = tune_barriers(
            settings,
            trials=trials,
            jobs=jobs,
            notify=lambda text, done, total: bar(done, total, text),
        )
    if json:
        write_json(_facts(made))
    else:
        _show(made)
    if made.left_out:
        note(
            "barwise: the small model does not see columns that learn from data: "
            f"{', '.join(made.left_out)}"
        )
    if made.best is not None and made.best[1].sharpe <= 0:
        note("barwise: no barriers earned their costs on the training part")


def _facts(made: BarrierTuning) -> dict[str, Any]:
    from barwise.cli.labels_trace import utc

    return {
        "symbol": made.symbol,
        "first": utc(made.span[0]),
        "last": utc(made.span[1]),
        "best": None if made.best is None else asdict(made.best[0]),
        "best_by_horizon": {
            horizon: {**asdict(choice), "score": verdict.score}
            for horizon, (choice, verdict) in made.best_by_horizon.items()
        },
        "left_out": list(made.left_out),
        "folder": str(made.folder),
        "trials": made.rows(),
    }


def _show(made: BarrierTuning) -> None:
    from barwise.cli.labels_trace import utc

    write_text(
        f"{made.symbol}: {len(made.trials)} trials on {utc(made.span[0])} to "
        f"{utc(made.span[1])}, the training part"
    )
    if made.best is None:
        write_text("No trial has enough trades and few enough ambiguous labels.")
    else:
        write_table(
            _TITLES,
            [
                (
                    horizon,
                    f"{choice.upper:g}",
                    f"{choice.lower:g}",
                    f"{verdict.score:.2f}",
                    f"{verdict.sharpe:.2f}",
                    verdict.trades,
                    f"{verdict.ambiguous:.1%}",
                )
                for horizon, (choice, verdict) in made.best_by_horizon.items()
            ],
        )
        best, verdict = made.best
        earned = "" if verdict.sharpe > 0 else " (it lost money after costs)"
        write_text(
            f"\nBest{earned}, for the config:\nlabels:\n  horizons: [{best.horizon}]\n"
            f"  upper: {best.upper:g}\n  lower: {best.lower:g}"
        )
    write_text(f"\nStudy: {made.folder} (study.csv, study.json, study.png)")
